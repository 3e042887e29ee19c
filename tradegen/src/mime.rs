//! Letters as octets (RFC 5322, RFC 2045), as their programs would have written them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::calendar;
use crate::chance::{Chance, hash};
use crate::letter::{Direction, Letter, Party, Proof};
use crate::software::Software;

/// The whole message with CRLF, as the mailbox of the company at `own_domain` has it.
pub(crate) fn write(letter: &Letter, own_domain: &str) -> Vec<u8> {
    let mut chance = Chance::new(hash(&letter.message_id), "mime");
    let mut out = String::new();
    trace(letter, own_domain, &mut chance, &mut out);
    header(letter, &mut out);
    content(letter, &mut chance, &mut out);
    out.replace('\n', "\r\n").into_bytes()
}

/// What hosts on the way have written, the last first.
fn trace(letter: &Letter, own_domain: &str, chance: &mut Chance, out: &mut String) {
    let own_host = format!("mx.{own_domain}");
    let client = (&letter.route.client_name, &letter.route.client_ip);
    let written = calendar::date(letter.at, letter.zone);
    if letter.direction != Direction::In {
        out.push_str(&format!(
            "Received: from {} ([{}])\n\tby mail.{own_domain} with ESMTPSA id {};\n\t{written}\n",
            client.0,
            client.1,
            chance.hex(12)
        ));
        return;
    }
    let route = &letter.route;
    let domain = letter.from.domain();
    let return_path = letter.sender.as_ref().filter(|_| letter.proof == Proof::OfList).unwrap_or(&letter.from);
    let arrived = calendar::date(letter.at + chance.range(2, 40), 0);
    let for_whom = letter.to.first().map_or("", |party| party.address.as_str());
    out.push_str(&format!("Return-Path: <{}>\n", return_path.address));
    out.push_str(&results(letter, &own_host, &return_path.address, domain));
    out.push_str(&format!(
        "Received: from {} ({} [{}])\n\tby {own_host} with ESMTPS id {}\n\tfor <{for_whom}>; {arrived}\n",
        route.host,
        route.host,
        route.host_ip,
        chance.hex(12)
    ));
    let written_at = calendar::date(letter.at + 1, letter.zone);
    out.push_str(&format!(
        "Received: from {} ([{}])\n\tby {} with ESMTPSA id {};\n\t{written_at}\n",
        client.0,
        client.1,
        route.host,
        chance.letters(10)
    ));
}

/// The field of our receiving host (RFC 8601).
fn results(letter: &Letter, own_host: &str, return_path: &str, domain: &str) -> String {
    let envelope = return_path.rsplit_once('@').map_or("", |(_, domain)| domain);
    let found = match letter.proof {
        Proof::Passes | Proof::OfList => format!(
            "spf=pass smtp.mailfrom={return_path};\n\tdkim=pass header.d={envelope} header.s=s1;\n\tdmarc=pass header.from={domain}"
        ),
        Proof::Fails => {
            format!("spf=softfail smtp.mailfrom={return_path};\n\tdkim=none;\n\tdmarc=fail header.from={domain}")
        }
        Proof::SpfAlone => {
            format!("spf=pass smtp.mailfrom={return_path};\n\tdkim=none;\n\tdmarc=none header.from={domain}")
        }
        Proof::Nothing => {
            format!("spf=none smtp.mailfrom={return_path};\n\tdkim=none;\n\tdmarc=none header.from={domain}")
        }
    };
    format!("Authentication-Results: {own_host};\n\t{found}\n")
}

fn header(letter: &Letter, out: &mut String) {
    for name in letter.software.order() {
        if let Some(value) = field(letter, name) {
            out.push_str(&format!("{name}: {value}\n"));
        }
    }
    if letter.software == Software::Outlook {
        out.push_str(&format!("Thread-Index: {}\n", STANDARD.encode(hash(&letter.subject).to_be_bytes())));
    }
    for (name, value) in &letter.fields {
        out.push_str(&format!("{name}: {value}\n"));
    }
}

fn field(letter: &Letter, name: &str) -> Option<String> {
    let list = |parties: &[Party]| parties.iter().map(mailbox).collect::<Vec<_>>().join(",\n ");
    Some(match name {
        "From" => mailbox(&letter.from),
        "Sender" => mailbox(letter.sender.as_ref()?),
        "Reply-To" => mailbox(letter.reply_to.as_ref()?),
        "To" => list(&letter.to),
        "Cc" if !letter.cc.is_empty() => list(&letter.cc),
        "Subject" => words(&letter.subject),
        "Date" => calendar::date(letter.at, letter.zone),
        "Message-ID" => format!("<{}>", letter.message_id),
        "In-Reply-To" => format!("<{}>", letter.references.last()?),
        "References" if !letter.references.is_empty() => {
            letter.references.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>().join("\n ")
        }
        "MIME-Version" => "1.0".to_owned(),
        "X-Mailer" | "User-Agent" => letter.software.named().filter(|(field, _)| *field == name)?.1.to_owned(),
        _ => return None,
    })
}

fn mailbox(party: &Party) -> String {
    let address = &party.address;
    if party.name.is_empty() {
        return address.clone();
    }
    if party.name.is_ascii() {
        format!("\"{}\" <{address}>", party.name)
    } else {
        format!("{} <{address}>", words(&party.name))
    }
}

/// Encoded words (RFC 2047), each of at most 75 octets.
fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut all = Vec::new();
    let mut piece = String::new();
    for letter in text.chars() {
        if piece.len() + letter.len_utf8() > 42 {
            all.push(std::mem::take(&mut piece));
        }
        piece.push(letter);
    }
    all.push(piece);
    all.iter().map(|piece| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece))).collect::<Vec<_>>().join("\n ")
}

fn content(letter: &Letter, chance: &mut Chance, out: &mut String) {
    let text = text_part("plain", &letter.text(), letter.software, letter.language);
    let letter_part = if letter.software.writes_html() {
        let html = text_part("html", &html(letter), letter.software, letter.language);
        multipart("alternative", &[text, html], chance)
    } else {
        text
    };
    if letter.files.is_empty() {
        out.push_str(&letter_part);
        return;
    }
    let mut parts = vec![letter_part];
    for file in &letter.files {
        let name = words(&file.name);
        parts.push(format!(
            "Content-Type: {};\n name=\"{name}\"\nContent-Disposition: attachment;\n filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{}",
            file.media_type,
            base64_lines(&file.octets)
        ));
    }
    out.push_str(&multipart("mixed", &parts, chance));
}

fn multipart(kind: &str, parts: &[String], chance: &mut Chance) -> String {
    let boundary = format!("----=_Part_{}", chance.hex(16));
    let mut out = format!("Content-Type: multipart/{kind};\n boundary=\"{boundary}\"\n\n");
    for part in parts {
        out.push_str(&format!("--{boundary}\n{part}\n"));
    }
    out.push_str(&format!("--{boundary}--\n"));
    out
}

/// A part of text in the character set and encoding of its program.
fn text_part(kind: &str, text: &str, software: Software, language: &str) -> String {
    let chinese = matches!(software, Software::Foxmail | Software::NetEase) && language == "zh";
    let (encoded, _, lossy) = encoding_rs::GB18030.encode(text);
    if chinese && !lossy {
        return format!(
            "Content-Type: text/{kind}; charset=\"gb18030\"\nContent-Transfer-Encoding: base64\n\n{}",
            base64_lines(&encoded)
        );
    }
    if text.is_ascii() && text.lines().all(|line| line.len() < 900) {
        return format!("Content-Type: text/{kind}; charset=\"us-ascii\"\nContent-Transfer-Encoding: 7bit\n\n{text}\n");
    }
    let quoted = matches!(software, Software::Outlook | Software::Gmail | Software::AppleMail | Software::Exchange);
    if quoted {
        return format!(
            "Content-Type: text/{kind}; charset=\"utf-8\"\nContent-Transfer-Encoding: quoted-printable\n\n{}\n",
            quoted_printable(text)
        );
    }
    format!(
        "Content-Type: text/{kind}; charset=\"utf-8\"\nContent-Transfer-Encoding: base64\n\n{}",
        base64_lines(text.replace('\n', "\r\n").as_bytes())
    )
}

fn base64_lines(octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / 76 + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(76));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out
}

/// RFC 2045 section 6.7.
fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut length = 0;
        let octets = line.as_bytes();
        for (place, octet) in octets.iter().enumerate() {
            let last = place + 1 == octets.len();
            let plain = (b'!'..=b'~').contains(octet) && *octet != b'=' || *octet == b' ' && !last;
            let piece = if plain { char::from(*octet).to_string() } else { format!("={octet:02X}") };
            if length + piece.len() > 75 {
                out.push_str("=\n");
                length = 0;
            }
            length += piece.len();
            out.push_str(&piece);
        }
        out.push('\n');
    }
    out
}

/// The letter as HTML; bank details are a table.
fn html(letter: &Letter) -> String {
    let mut out = String::from("<html><head><meta charset=\"utf-8\"></head><body>\n");
    paragraphs(&letter.said, &mut out);
    if !letter.bank_lines.is_empty() {
        out.push_str("<table border=\"1\" cellpadding=\"4\">\n");
        for (label, value) in &letter.bank_lines {
            out.push_str(&format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(label), escaped(value)));
        }
        out.push_str("</table>\n");
    }
    paragraphs(&letter.ending, &mut out);
    if !letter.quoted.is_empty() {
        let class = if letter.software == Software::Gmail { "gmail_quote" } else { "quote" };
        out.push_str(&format!("<blockquote class=\"{class}\">\n"));
        for line in letter.quoted.lines() {
            out.push_str(&format!("{}<br>\n", escaped(line.strip_prefix("> ").unwrap_or(line))));
        }
        out.push_str("</blockquote>\n");
    }
    out.push_str("</body></html>");
    out
}

fn paragraphs(text: &str, out: &mut String) {
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let lines: Vec<String> = paragraph.lines().map(linked).collect();
        out.push_str(&format!("<p>{}</p>\n", lines.join("<br>\n")));
    }
}

/// Escaped, with addresses of pages as links.
fn linked(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        if word.starts_with("https://") {
            let word = escaped(word);
            format!("<a href=\"{word}\">{word}</a>")
        } else {
            escaped(word)
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
