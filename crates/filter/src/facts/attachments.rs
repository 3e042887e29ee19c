//! Attached files by what they are, not by what they are called.

use mail::message::{Part, decode_part};

/// Attachments of one message that are looked at.
pub const ATTACHMENTS_MAX: usize = 64;

/// Octets of an encoded attachment from which its type is found.
const HEAD_OCTETS: u32 = 4096;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A program: PE, ELF, Mach-O, Java class.
    Program,
    /// A script that a double click runs.
    Script,
    /// A link file of Windows.
    Shortcut,
    /// A disk image.
    DiskImage,
    /// ZIP, and what is not an Office file within it.
    Zip,
    /// Another archive: RAR, 7-Zip, gzip, CAB.
    Archive,
    /// An Office file of the old, compound kind.
    OldOffice,
    /// An Office file of the new kind, with macros allowed.
    MacroOffice,
    /// An Office file of the new kind.
    Office,
    /// PDF.
    Pdf,
    /// Rich text.
    Rtf,
    /// HTML, to be opened by a browser outside of the mail.
    Html,
    /// SVG, which may hold scripts.
    Svg,
    /// A picture.
    Picture,
    /// A message.
    Message,
    /// Plain text.
    Text,
    /// Something else.
    Other,
}

/// One attached file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// Its name, cut.
    pub name: String,
    /// The type that the sender declares.
    pub declared: String,
    /// What it is.
    pub kind: FileKind,
    /// Octets as sent, encoded.
    pub size_octets: u32,
    /// The name hides its last extension: two extensions, or characters that turn the direction of writing.
    pub has_deceptive_name: bool,
    /// A ZIP file whose entries need a password.
    pub is_encrypted: bool,
}

/// Looks at the attachments among `parts`.
pub(super) fn read(raw: &[u8], parts: &[Part]) -> Vec<Attachment> {
    files(parts).take(ATTACHMENTS_MAX).map(|part| look(raw, part)).collect()
}

/// The parts that are files.
pub(super) fn files(parts: &[Part]) -> impl Iterator<Item = &Part> {
    parts.iter().filter(|part| is_file(part))
}

/// Whether a part is a file.
pub(super) fn is_file(part: &Part) -> bool {
    part.children == 0 && !part.is_multipart() && (part.is_attachment() || part.media_type != "text")
}

fn look(raw: &[u8], part: &Part) -> Attachment {
    let name = part.file_name().unwrap_or_default();
    let mut head = part.clone();
    head.body_end = head.body_end.min(head.body_start.saturating_add(HEAD_OCTETS));
    let octets = decode_part(raw, &head).unwrap_or_default();
    let kind = kind_of(&octets, &name, part);
    Attachment {
        has_deceptive_name: is_deceptive(&name),
        is_encrypted: octets.starts_with(b"PK\x03\x04") && octets.get(6).is_some_and(|flags| flags & 1 == 1),
        name: name.chars().take(120).collect(),
        declared: format!("{}/{}", part.media_type, part.subtype),
        kind,
        size_octets: part.size_octets(),
    }
}

fn kind_of(octets: &[u8], name: &str, part: &Part) -> FileKind {
    let starts = |magic: &[u8]| octets.starts_with(magic);
    let extension = extension(name);
    if starts(b"MZ") || starts(b"\x7fELF") || starts(b"\xca\xfe\xba\xbe") || starts(b"\xcf\xfa\xed\xfe") {
        FileKind::Program
    } else if starts(b"L\0\0\0\x01\x14\x02\0") {
        FileKind::Shortcut
    } else if starts(b"PK\x03\x04") {
        zip_kind(octets, extension)
    } else if starts(b"Rar!")
        || starts(b"7z\xbc\xaf\x27\x1c")
        || starts(b"\x1f\x8b")
        || starts(b"MSCF")
        || starts(b"BZh")
    {
        FileKind::Archive
    } else if starts(b"\xd0\xcf\x11\xe0") {
        FileKind::OldOffice
    } else if octets.get(..1024).unwrap_or(octets).windows(5).any(|found| found == b"%PDF-") {
        FileKind::Pdf
    } else if starts(b"{\\rt") {
        FileKind::Rtf
    } else if starts(b"\x89PNG") || starts(b"GIF8") || starts(b"\xff\xd8\xff") || starts(b"RIFF") || starts(b"BM") {
        FileKind::Picture
    } else {
        by_text_or_name(octets, extension, part)
    }
}

fn zip_kind(octets: &[u8], extension: &str) -> FileKind {
    let has = |needle: &[u8]| octets.windows(needle.len()).any(|found| found == needle);
    if matches!(extension, "docm" | "xlsm" | "pptm" | "dotm" | "xlam") || has(b"vbaProject") {
        FileKind::MacroOffice
    } else if has(b"[Content_Types].xml") || has(b"word/") || has(b"xl/") || has(b"ppt/") {
        FileKind::Office
    } else {
        FileKind::Zip
    }
}

fn by_text_or_name(octets: &[u8], extension: &str, part: &Part) -> FileKind {
    let start: String = String::from_utf8_lossy(octets.get(..1024).unwrap_or(octets)).to_ascii_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    if start.contains("<svg") || extension == "svg" {
        FileKind::Svg
    } else if start.starts_with("<!doctype html") || start.contains("<html") || start.contains("<script") {
        FileKind::Html
    } else {
        match extension {
            "exe" | "scr" | "com" | "pif" | "msi" | "dll" | "cpl" | "jar" | "apk" => FileKind::Program,
            "js" | "jse" | "vbs" | "vbe" | "wsf" | "wsh" | "hta" | "bat" | "cmd" | "ps1" | "sh" | "reg" | "chm" => {
                FileKind::Script
            }
            "lnk" | "url" | "website" => FileKind::Shortcut,
            "iso" | "img" | "vhd" | "vhdx" | "dmg" => FileKind::DiskImage,
            "htm" | "html" | "shtml" | "xhtml" | "mht" => FileKind::Html,
            "eml" | "msg" => FileKind::Message,
            "txt" | "csv" | "log" | "ics" | "vcf" | "asc" | "sig" | "patch" | "diff" => FileKind::Text,
            _ if part.media_type == "image" => FileKind::Picture,
            _ if part.media_type == "text" => FileKind::Text,
            _ if part.media_type == "message" => FileKind::Message,
            _ => FileKind::Other,
        }
    }
}

/// The last extension without its dot, if it is one of ASCII letters and digits in lowercase or not known here.
fn extension(name: &str) -> &str {
    const KNOWN: [&str; 40] = [
        "exe", "scr", "com", "pif", "msi", "dll", "cpl", "jar", "apk", "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta",
        "bat", "cmd", "ps1", "lnk", "url", "iso", "img", "vhd", "vhdx", "htm", "html", "shtml", "xhtml", "mht", "eml",
        "msg", "svg", "docm", "xlsm", "pptm", "txt", "csv", "ics", "chm",
    ];
    let Some((_, last)) = name.trim_end().rsplit_once('.') else { return "" };
    KNOWN.into_iter().find(|known| last.eq_ignore_ascii_case(known)).unwrap_or(last)
}

fn is_deceptive(name: &str) -> bool {
    if name.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return true;
    }
    let mut parts = name.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let before = parts.next().unwrap_or_default().trim();
    let has_stem = parts.next().is_some();
    let runs =
        ["exe", "scr", "com", "pif", "js", "vbs", "hta", "bat", "cmd", "lnk", "iso", "html", "htm", "jar", "svg"];
    let looks_harmless = ["pdf", "doc", "docx", "xls", "xlsx", "jpg", "png", "txt", "csv", "mp3", "wav"];
    has_stem
        && runs.iter().any(|run| last.eq_ignore_ascii_case(run))
        && looks_harmless.iter().any(|known| before.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use mail::message::Structure;

    use super::*;

    fn attached(name: &str, content: &str) -> Attachment {
        let raw = format!(
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}"
        );
        read(raw.as_bytes(), &Structure::parse(raw.as_bytes()).parts).remove(0)
    }

    #[test]
    fn a_file_is_what_it_holds() {
        for (name, content, kind) in [
            ("a.pdf", "MZ\x01", FileKind::Program),
            ("a.pdf", "%PDF-1.4", FileKind::Pdf),
            ("a.jpg", "<html><script>", FileKind::Html),
            ("a.JS", "var a", FileKind::Script),
            ("a.docm", "PK\x03\x04....", FileKind::MacroOffice),
            ("a.docx", "PK\x03\x04....[Content_Types].xml", FileKind::Office),
            ("a.zip", "PK\x03\x04....", FileKind::Zip),
            ("a.bin", "..", FileKind::Other),
        ] {
            assert_eq!(attached(name, content).kind, kind, "{name}");
        }
        assert!(attached("a.zip", "PK\x03\x04\x14\0\x01\0").is_encrypted);
    }

    #[test]
    fn names_that_hide_their_end() {
        assert!(
            is_deceptive("invoice.pdf.exe") && is_deceptive("invoice\u{202e}fdp.exe") && is_deceptive("a.xlsx .html")
        );
        assert!(!is_deceptive("archive.tar.gz") && !is_deceptive("v1.2.pdf") && !is_deceptive("pdf.html"));
    }
}
