//! What a file is: by its octets, and by its name and declared type only where they do not tell.

use memchr::memmem;

use crate::names::{extension, kind_by_name};
use crate::report::Kind;

/// Octets from the beginning in which the mark of a PDF or of HTML may stand.
const HEAD_OCTETS: usize = 1024;

/// What begins with which octets.
const MARKS: &[(&[u8], Kind)] = &[
    (b"MZ", Kind::Program),
    (b"\x7fELF", Kind::Program),
    (b"\xca\xfe\xba\xbe", Kind::Program),
    (b"\xcf\xfa\xed\xfe", Kind::Program),
    (b"\xce\xfa\xed\xfe", Kind::Program),
    (b"L\0\0\0\x01\x14\x02\0", Kind::Shortcut),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"Rar!\x1a\x07", Kind::Rar),
    (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (b"\x1f\x8b", Kind::Compressed),
    (b"\xfd7zXZ\0", Kind::Compressed),
    (b"BZh", Kind::Compressed),
    (b"\x28\xb5\x2f\xfd", Kind::Compressed),
    (b"MSCF\0\0\0\0", Kind::Cabinet),
    (b"ITSF", Kind::Script),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::OldOffice),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", Kind::Notebook),
    (b"{\\rt", Kind::Rtf),
    (b"\x89PNG\r\n", Kind::Picture),
    (b"GIF87a", Kind::Picture),
    (b"GIF89a", Kind::Picture),
    (b"\xff\xd8\xff", Kind::Picture),
    (b"II*\0", Kind::Picture),
    (b"MM\0*", Kind::Picture),
    (b"vhdxfile", Kind::DiskImage),
    (b"conectix", Kind::DiskImage),
];

/// Marks elsewhere than at the beginning: where, and which octets.
const MARKS_WITHIN: &[(usize, &[u8], Kind)] = &[
    (257, b"ustar", Kind::Tar),
    (0x8001, b"CD001", Kind::DiskImage),
    (0x8001, b"BEA01", Kind::DiskImage),
    (0x8801, b"CD001", Kind::DiskImage),
    (7, b"**ACE**", Kind::OtherArchive),
];

/// What a file is.
pub(crate) fn kind_of(name: &str, declared: &str, octets: &[u8]) -> Kind {
    if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| octets.starts_with(mark)) {
        return *kind;
    }
    let stands = |at: usize, mark: &[u8]| octets.get(at..at + mark.len()) == Some(mark);
    if let Some((_, _, kind)) = MARKS_WITHIN.iter().find(|(at, mark, _)| stands(*at, mark)) {
        return *kind;
    }
    let head = octets.get(..HEAD_OCTETS).unwrap_or(octets);
    // Readers take a PDF whose mark stands somewhere in the first kilobyte.
    if memmem::find(head, b"%PDF-").is_some() {
        return Kind::Pdf;
    }
    if octets.starts_with(b"RIFF") && stands(8, b"WEBP") {
        return Kind::Picture;
    }
    kind_of_text(name, declared, octets, head)
}

fn kind_of_text(name: &str, declared: &str, octets: &[u8], head: &[u8]) -> Kind {
    // UTF-16 begins with its mark; for what follows its letters are enough.
    let start: String =
        head.iter().filter(|octet| **octet != 0).map(|octet| char::from(octet.to_ascii_lowercase())).collect();
    let start = start.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, 'ï' | '»' | '¿' | 'ÿ' | 'þ'));
    let by_name = kind_by_name(name);
    if start.starts_with("<svg") || (start.starts_with("<?xml") || start.starts_with("<!--")) && start.contains("<svg")
    {
        Kind::Svg
    } else if by_name.runs() && !start.starts_with("[internetshortcut]") {
        by_name
    } else if ["<!doctype html", "<html", "<script", "<head", "<body", "<iframe", "<meta"]
        .iter()
        .any(|mark| start.starts_with(mark))
        || (start.starts_with("<!--") || start.starts_with("<?xml")) && start.contains("<html")
    {
        Kind::Html
    } else if start.starts_with("begin:vcalendar") {
        Kind::Calendar
    } else if start.starts_with("[internetshortcut]") {
        Kind::Shortcut
    } else if matches!(declared, "message/rfc822" | "message/global") {
        Kind::Message
    } else if by_name != Kind::Other && (by_name != Kind::Picture || extension(name) != "svg") {
        by_name
    } else {
        by_declared(declared, octets)
    }
}

fn by_declared(declared: &str, octets: &[u8]) -> Kind {
    match declared {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/calendar" => Kind::Calendar,
        "image/svg+xml" => Kind::Svg,
        _ if declared.starts_with("image/") => Kind::Picture,
        _ if declared.starts_with("text/") => Kind::Text,
        // Printable as far as one looks.
        _ if !octets.is_empty()
            && octets.iter().take(512).all(|octet| *octet >= 0x20 || matches!(octet, b'\t' | b'\r' | b'\n')) =>
        {
            Kind::Text
        }
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_holds() {
        for (name, octets, kind) in [
            ("a.pdf", &b"MZ\x01"[..], Kind::Program),
            ("a.txt", b"\r\n%PDF-1.4", Kind::Pdf),
            ("a.jpg", b" <html><script>", Kind::Html),
            ("a.JS", b"var a", Kind::Script),
            ("a.js", b"<html>", Kind::Script),
            ("a.docx", b"PK\x03\x04", Kind::Zip),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::OldOffice),
            ("a.png", b"<?xml version='1.0'?><svg onload='x'>", Kind::Svg),
            ("a", b"\xff\xfe<\0h\0t\0m\0l\0>\0", Kind::Html),
            ("a.ics", b"BEGIN:VCALENDAR", Kind::Calendar),
            ("a.bin", b"\0\x01", Kind::Other),
            ("a.bin", b"words", Kind::Text),
        ] {
            assert_eq!(kind_of(name, "application/octet-stream", octets), kind, "{name}");
        }
        assert_eq!(kind_of("", "message/rfc822", b"From: a"), Kind::Message);
        assert_eq!(kind_of("", "text/html", b"hello"), Kind::Html);
    }
}
