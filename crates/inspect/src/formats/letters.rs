//! Messages within files, and calendar entries: read as a mail reader reads them.

use mail::message::{Part, Structure, charset, decode_part};

use super::page;
use crate::look::{At, Looker};
use crate::report::{Place, Reason};

/// Parts of a message that are looked at.
const PARTS_MAX: usize = 128;

/// Reads a message: its texts, and its parts as files.
pub(super) fn read_message(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let structure = Structure::parse(octets);
    let envelope = mail::message::Envelope::parse(octets);
    if let Some(subject) = envelope.subject {
        looker.text(at, &mail::message::words::decode(&subject), false);
    }
    for part in structure.leaves().filter(|part| !part.is_multipart()).take(PARTS_MAX) {
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        read_part(octets, part, at, looker);
    }
    let count = structure.leaves().count();
    if structure.truncated || count > PARTS_MAX { Err(Reason::TooMany) } else { Ok(()) }
}

fn read_part(raw: &[u8], part: &Part, at: At, looker: &mut Looker<'_>) {
    let Ok(octets) = decode_part(raw, part) else {
        looker.unlooked(at, Reason::Damaged);
        return;
    };
    let is_text =
        part.media_type == "text" && !part.is_attachment() && matches!(part.subtype.as_str(), "plain" | "html");
    if is_text {
        let text = charset::decode(&octets, part.param("charset"));
        looker.text(at, &text, part.subtype == "html");
    } else {
        let declared = format!("{}/{}", part.media_type, part.subtype);
        looker.look_inside(at, &part.file_name().unwrap_or_default(), &declared, &octets);
    }
}

/// Reads calendar data (RFC 5545 section 3.1): lines that are folded, each a name, parameters and a value.
pub(super) fn read_calendar(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let text = page::text(octets);
    let unfolded = text.replace("\r\n ", "").replace("\r\n\t", "").replace("\n ", "").replace("\n\t", "");
    let mut shown = String::new();
    for line in unfolded.lines() {
        let Some((head, value)) = split_line(line) else { continue };
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        let parameters = parameters.to_ascii_uppercase();
        match name.to_ascii_uppercase().as_str() {
            "ATTACH" if parameters.contains("ENCODING=BASE64") => {
                let octets = mail::message::encoding::decode_base64(value.as_bytes());
                looker.look_inside(at, "", "application/octet-stream", &octets);
            }
            "ATTACH" | "URL" | "ORGANIZER" | "CONFERENCE" => looker.link(at, value, "", Place::Calendar),
            "X-ALT-DESC" => looker.text(at, &unescaped(value), true),
            "SUMMARY" | "DESCRIPTION" | "LOCATION" | "COMMENT" => {
                shown.push_str(&unescaped(value));
                shown.push('\n');
            }
            _ => {}
        }
    }
    looker.text(at, shown.trim(), false);
    Ok(())
}

/// Parts a line at the colon that is in no quotes.
fn split_line(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.bytes().position(|octet| {
        quoted ^= octet == b'"';
        octet == b':' && !quoted
    })?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

/// Text of RFC 5545 section 3.3.11.
fn unescaped(value: &str) -> String {
    value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}

/// What goes before each file in a notebook section of OneNote ([MS-ONESTORE] section 2.6.13).
const NOTEBOOK_FILE_MARK: [u8; 16] =
    [0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac];

/// Reads the files in a notebook section.
pub(super) fn read_notebook(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    for start in memchr::memmem::find_iter(octets, &NOTEBOOK_FILE_MARK).take(PARTS_MAX) {
        let length =
            octets.get(start + 16..start + 24).and_then(|length| length.try_into().ok()).map(u64::from_le_bytes);
        let Some(length) = length else { return Err(Reason::Damaged) };
        let rest = octets.get(start + 36..).unwrap_or_default();
        let file = usize::try_from(length).ok().and_then(|length| rest.get(..length)).unwrap_or(rest);
        looker.look_inside(at, "", "application/octet-stream", file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::looked;
    use super::*;
    use crate::report::{Kind, Trait};

    #[test]
    fn a_message_in_a_message() {
        let inner = "From: a@b.example\r\nSubject: =?utf-8?q?your_bill?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
            --x\r\nContent-Type: text/html\r\n\r\n<a href='http://evil.example/'>pay</a>\r\n\
            --x\r\nContent-Type: application/pdf; name=\"bill.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVoB\r\n--x--\r\n";
        let report = looked("fwd.eml", inner.as_bytes());
        assert_eq!((report.kind(), report.files[1].kind), (Kind::Message, Kind::Program));
        assert!(report.shows(Trait::OtherThanNamed));
        assert_eq!(report.texts[0].text, "your bill");
        assert!(report.texts[1].is_page && report.texts[1].text.contains("evil.example"));
    }

    #[test]
    fn a_calendar_entry() {
        let report = looked(
            "invite.ics",
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nORGANIZER;CN=\"A: B\":mailto:a@b.example\r\nSUMMARY:Pay\\, now\r\n\
              DESCRIPTION:see https://evil.exa\r\n mple/x\r\nATTACH:https://files.example/a\r\n\
              ATTACH;ENCODING=BASE64;VALUE=BINARY:TVoB\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        );
        assert_eq!(report.kind(), Kind::Calendar);
        let urls: Vec<&str> = report.links.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(urls, ["mailto:a@b.example", "https://files.example/a"]);
        assert_eq!(report.texts[0].text, "Pay, now\nsee https://evil.example/x");
        assert_eq!(report.files[1].kind, Kind::Program);
    }

    #[test]
    fn a_file_in_a_notebook() {
        let mut file = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d".to_vec();
        file.extend_from_slice(&NOTEBOOK_FILE_MARK);
        file.extend_from_slice(&3_u64.to_le_bytes());
        file.extend_from_slice(&[0; 12]);
        file.extend_from_slice(b"MZ\x01 and so on");
        let report = looked("a.one", &file);
        assert_eq!(
            (report.kind(), report.files[1].kind, report.files[1].size_octets),
            (Kind::Notebook, Kind::Program, 3)
        );
    }
}
