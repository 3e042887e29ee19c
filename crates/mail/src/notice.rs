//! A notice: a letter of the system to a person, in plain text.

use env::Timestamp;
use mail_builder::encoders::base64::base64_encode_mime;

use crate::message::words::encode;
use crate::{Address, date};

/// What is told to whom.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// Shown name of the author.
    pub from_name: &'a str,
    /// The domain whose postmaster writes.
    pub from_domain: &'a str,
    /// Where an answer goes, if not to the postmaster.
    pub reply_to: Option<&'a Address>,
    /// Who reads it.
    pub to: &'a Address,
    /// Its subject.
    pub subject: &'a str,
    /// Its text, lines ending in `\n`.
    pub text: &'a str,
    /// Tag of its language, such as `zh`.
    pub language: &'a str,
}

/// The notice as a complete message, lines ending in CRLF. `message_id` comes without angle brackets. Send it with an empty reverse
/// path, with SMTPUTF8 if the reader's address needs it.
#[must_use]
pub fn build(notice: &Notice<'_>, now: Timestamp, message_id: &str) -> Vec<u8> {
    let Notice { from_name, from_domain, reply_to, to, subject, text, language } = *notice;
    let reply_to = reply_to.map(|address| format!("Reply-To: <{address}>\r\n")).unwrap_or_default();
    let mut out = format!(
        "From: {name} <postmaster@{from_domain}>\r\n{reply_to}To: <{to}>\r\nDate: {date}\r\nMessage-ID: <{message_id}>\r\n\
         Subject: {subject}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Language: {language}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n",
        name = phrase(from_name),
        date = date::format_rfc5322(now),
        subject = encode(&line(subject)),
    )
    .into_bytes();
    // Writing to a vector cannot fail.
    let _ = base64_encode_mime(text.replace('\n', "\r\n").as_bytes(), &mut out, false);
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A shown name (RFC 5322 section 3.2.5): quoted where it is ASCII, else as encoded words (RFC 2047 section 5).
fn phrase(name: &str) -> String {
    let name = line(name);
    if name.is_ascii() { format!("\"{}\"", name.replace(['"', '\\'], "'")) } else { encode(&name).into_owned() }
}

/// What people gave must not begin a field of its own.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header;
    use crate::message::{Structure, decode_part};

    #[test]
    fn notices_are_plain_mail_that_no_machine_answers() {
        let to = Address::parse("anna@trade.test").unwrap();
        let notice = Notice {
            from_name: "信风",
            from_domain: "trade.test",
            reply_to: None,
            to: &to,
            subject: "转发已设置\r\nBcc: x@evil.example",
            text: "您好\n请确认。\n",
            language: "zh",
        };
        let raw = build(&notice, Timestamp::from_seconds(1_795_600_000), "1@mail.trade.test");
        assert!(raw.is_ascii());
        assert!(header::find(&raw, "Bcc").is_none());
        assert_eq!(header::find(&raw, "Auto-Submitted").unwrap().value().trim_ascii(), b"auto-generated");
        assert_eq!(header::find(&raw, "Content-Language").unwrap().value().trim_ascii(), b"zh");
        let structure = Structure::parse(&raw);
        let text = decode_part(&raw, structure.parts.first().unwrap()).unwrap();
        assert_eq!(String::from_utf8_lossy(&text), "您好\r\n请确认。\r\n");
        let english = Notice { from_name: "Trade \"Test\"", subject: "Forwarding is set", language: "en", ..notice };
        let raw = build(&english, Timestamp::from_seconds(1_795_600_000), "1@mail.trade.test");
        assert!(String::from_utf8_lossy(&raw).starts_with("From: \"Trade 'Test'\" <postmaster@trade.test>\r\nTo: "));
        let answered =
            build(&Notice { reply_to: Some(&to), ..english }, Timestamp::from_seconds(1_795_600_000), "1@mail");
        assert_eq!(header::find(&answered, "Reply-To").unwrap().value().trim_ascii(), b"<anna@trade.test>");
    }
}
