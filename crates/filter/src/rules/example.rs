//! Messages written the short way, as examples in rule files.
//!
//! Lines of a header, an empty line, the text. Fields that a message needs are put in where they are not written, unless
//! `Without: To, Date` names them. What begins with no field is a text alone. A text that begins with `<` is HTML.
//! `File: invoice.pdf.exe = MZ` attaches a file with what stands behind the `=` (`base64:` before octets); `Envelope: a@b.example`,
//! `Authenticated: yes` and `Authenticated: no` say what no header says.

use mail::message::words;

use crate::facts::{Authenticated, Facts, Received};

/// Fields that are put in where they are missing.
const USUAL: [(&str, &str); 6] = [
    ("From", "Anna Becker <anna@harbour-trading.example>"),
    ("To", "sales@trade.example"),
    ("Subject", "hello"),
    ("Date", "Thu, 26 Nov 2026 10:00:00 +0800"),
    ("Message-ID", "<20261126100000.4711@harbour-trading.example>"),
    ("MIME-Version", "1.0"),
];

/// Fields by which an example is a message; any other word before a colon belongs to a text.
const FIELDS: [&str; 27] = [
    "Auto-Submitted",
    "Authenticated",
    "Bcc",
    "Cc",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "Envelope",
    "File",
    "From",
    "Importance",
    "In-Reply-To",
    "MIME-Version",
    "Message-ID",
    "Message-Id",
    "Precedence",
    "Received",
    "References",
    "Reply-To",
    "Return-Path",
    "Sender",
    "Subject",
    "Thread-Index",
    "To",
    "User-Agent",
    "Without",
    "Organization",
];

const BOUNDARY: &str = "=_part_4711";

#[derive(Default)]
struct Sketch<'a> {
    fields: Vec<(&'a str, &'a str)>,
    without: Vec<String>,
    files: Vec<(&'a str, &'a str)>,
    envelope: Option<&'a str>,
    authenticated: Option<Authenticated>,
    body: &'a str,
}

/// The facts of an example.
pub(super) fn facts(example: &str) -> Facts {
    let Some(sketch) = sketch(example.trim_start_matches('\n')) else {
        return Facts::of_text("", example.trim());
    };
    let raw = message(&sketch);
    let mut facts = Facts::read(Received {
        raw: raw.as_bytes(),
        envelope_from: sketch.envelope,
        client: None,
        inspected: None,
        authentication: None,
    });
    facts.authenticated = sketch.authenticated;
    facts
}

/// Reads header and text; none if it is a text alone.
fn sketch(example: &str) -> Option<Sketch<'_>> {
    let (head, body) = example.split_once("\n\n").unwrap_or((example.trim_end(), ""));
    let mut sketch = Sketch { body, ..Sketch::default() };
    for line in head.lines() {
        let (name, value) = line.split_once(':')?;
        if !(FIELDS.contains(&name) || name.starts_with("X-") || name.starts_with("List-")) {
            return None;
        }
        let value = value.trim();
        match name {
            "Without" => sketch.without = value.split(',').map(|name| name.trim().to_lowercase()).collect(),
            "File" => sketch.files.push(value.split_once(" = ").unwrap_or((value, "x"))),
            "Envelope" => sketch.envelope = Some(value),
            "Authenticated" => {
                sketch.authenticated = Some(match value {
                    "yes" => Authenticated::Yes,
                    "no" => Authenticated::Failed,
                    _ => Authenticated::Unknown,
                });
            }
            _ => sketch.fields.push((name, value)),
        }
    }
    Some(sketch)
}

fn message(sketch: &Sketch<'_>) -> String {
    let mut raw = String::new();
    for (name, value) in &sketch.fields {
        // The name before an address is encoded by itself.
        let (free, address) = value.split_at(value.rfind('<').filter(|_| *name != "Subject").unwrap_or(value.len()));
        raw.push_str(&format!("{name}: {}{address}\r\n", words::encode(free)));
    }
    let is_there = |name: &str| {
        sketch.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
            || sketch.without.contains(&name.to_lowercase())
    };
    for (name, value) in USUAL.iter().filter(|(name, _)| !is_there(name)) {
        raw.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = sketch.body.replace('\n', "\r\n");
    let kind = if body.trim_start().starts_with('<') { "html" } else { "plain" };
    let text = format!("Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n");
    if is_there("Content-Type") {
        raw.push_str(&format!("\r\n{body}\r\n"));
    } else if sketch.files.is_empty() {
        raw.push_str(&text);
    } else {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n--{BOUNDARY}\r\n{text}"));
        for file in &sketch.files {
            raw.push_str(&attached(*file));
        }
        raw.push_str(&format!("--{BOUNDARY}--\r\n"));
    }
    raw
}

fn attached((name, content): (&str, &str)) -> String {
    let (encoding, content) = match content.strip_prefix("base64:") {
        Some(octets) => ("base64", octets),
        None => ("8bit", content),
    };
    let (name, kind) = name.split_once(" as ").unwrap_or((name, "application/octet-stream"));
    format!(
        "--{BOUNDARY}\r\nContent-Type: {kind}; name=\"{0}\"\r\nContent-Disposition: attachment; filename=\"{0}\"\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n",
        words::encode(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileKind;

    #[test]
    fn a_text_alone_and_a_whole_message() {
        let alone = facts("Verify: your account\nnow at https://a.example/");
        assert!(!alone.has_header && alone.links.len() == 1, "{alone:?}");
        let whole = facts(
            "Subject: 发票\nEnvelope: x@y.example\nAuthenticated: no\nWithout: To\n\n<p>Hi <a href='http://a.example/'>b</a></p>",
        );
        assert_eq!((whole.subject.as_str(), whole.links.len(), whole.form.count("to")), ("发票", 1, 0));
        assert_eq!(
            (whole.authenticated, whole.envelope_domain.as_deref()),
            (Some(Authenticated::Failed), Some("y.example"))
        );
        assert!(whole.form.has_valid_date && whole.oddities.has_html && whole.form.count("from") == 1);
    }

    #[test]
    fn files_are_attached() {
        let found = facts("File: a.pdf.exe = MZ\nFile: b.doc as application/msword = base64:0M8R4KGxGuE=\n\nsee file");
        let kinds: Vec<_> = found.attachments.iter().map(|file| file.kind).collect();
        assert_eq!(kinds, [FileKind::Program, FileKind::OldOffice]);
        assert_eq!(found.text.trim(), "see file");
    }
}
