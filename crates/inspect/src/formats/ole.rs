//! Compound files: Office of the old kind, encrypted Office of the new one, messages of Outlook, installers.

use std::io::{Cursor, Read as _};

use super::vba;
use crate::look::{At, Looker};
use crate::report::{Kind, Place, Reason, Trait};

/// Streams that are read.
const STREAMS_MAX: usize = 2000;

/// Octets of one stream that are read.
const STREAM_OCTETS_MAX: u64 = 16 << 20;

type Compound<'a> = cfb::CompoundFile<Cursor<&'a [u8]>>;

/// Reads a compound file.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut compound = cfb::CompoundFile::open(Cursor::new(octets)).map_err(|_| Reason::Damaged)?;
    let streams: Vec<String> = compound
        .walk()
        .filter(cfb::Entry::is_stream)
        .take(STREAMS_MAX)
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .collect();
    let class = compound.root_entry().clsid().to_string();
    // Installers and their patches are compound files, too.
    if class.starts_with("000c1084") || class.starts_with("000c1086") {
        looker.is_rather(at, Kind::Program);
        return Ok(());
    }
    if streams.iter().any(|name| name.starts_with("/__properties_version1.0")) {
        looker.is_rather(at, Kind::OutlookMessage);
        return read_message(&mut compound, &streams, at, looker);
    }
    if streams.iter().any(|name| name == "/EncryptedPackage") {
        looker.is_rather(at, Kind::Office);
        looker.lock(at);
        return Ok(());
    }
    for name in &streams {
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        read_stream(&mut compound, name, at, looker);
    }
    Ok(())
}

fn content(compound: &mut Compound<'_>, name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    if let Ok(stream) = compound.open_stream(name) {
        // What a damaged chain of sectors still gives is enough.
        let _ = stream.take(STREAM_OCTETS_MAX).read_to_end(&mut octets);
    }
    octets
}

fn read_stream(compound: &mut Compound<'_>, name: &str, at: At, looker: &mut Looker<'_>) {
    let upper = name.to_ascii_uppercase();
    let last = upper.rsplit('/').next().unwrap_or_default().to_owned();
    if upper.contains("/VBA/") || last == "_VBA_PROJECT" {
        looker.sign(at, Trait::Macros, name);
        if !matches!(last.as_str(), "DIR" | "_VBA_PROJECT") && !last.starts_with("__SRP_") {
            vba::read_module(&content(compound, name), at, looker);
        }
        return;
    }
    match last.as_str() {
        "WORKBOOK" | "BOOK" => read_workbook(&content(compound, name), at, looker),
        "WORDDOCUMENT" => {
            let octets = content(compound, name);
            // The bit fEncrypted of the document's information block ([MS-DOC] FibBase).
            if octets.get(11).is_some_and(|flags| flags & 1 == 1) {
                looker.lock(at);
            } else {
                links_in(&octets, at, looker);
                looker.text(at, &letters(&octets), false);
            }
        }
        "POWERPOINT DOCUMENT" => links_in(&content(compound, name), at, looker),
        "ENCRYPTEDSUMMARY" => looker.lock(at),
        "\u{1}OLE10NATIVE" => read_package(&content(compound, name), at, looker),
        "EQUATION NATIVE" => looker.sign(at, Trait::EquationObject, name),
        "PACKAGE" | "CONTENTS" => looker.look_inside(at, name, "", &content(compound, name)),
        _ => {}
    }
}

/// A file packed by the object packager: two lengths, label, two paths, then the file.
fn read_package(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    let (label, file) = unpack_package(octets).unwrap_or_default();
    looker.sign(at, Trait::EmbeddedObject, &label);
    if !file.is_empty() {
        looker.look_inside(at, &label, "", file);
    }
}

pub(super) fn unpack_package(octets: &[u8]) -> Option<(String, &[u8])> {
    let text = |from: &'_ [u8]| from.iter().position(|octet| *octet == 0);
    let rest = octets.get(6..)?;
    let end = text(rest)?;
    let label = String::from_utf8_lossy(rest.get(..end)?).into_owned();
    let rest = rest.get(end + 1..)?;
    let rest = rest.get(text(rest)? + 1 + 4..)?;
    let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
    let rest = rest.get(4 + length..)?;
    let size = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
    let file = rest.get(4..)?;
    Some((label, file.get(..size).unwrap_or(file)))
}

/// Records of a workbook ([MS-XLS] section 2.1.4): whether it is encrypted, macro sheets, links, DDE.
fn read_workbook(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    let mut rest = octets;
    while let Some((head, after)) = rest.split_at_checked(4) {
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let Some((data, behind)) = after.split_at_checked(length) else { break };
        rest = behind;
        match kind {
            // FilePass. The password that Excel itself knows opens it without asking, and that is a trick of its own.
            0x002f => {
                looker.lock(at);
                return;
            }
            // BoundSheet8: octet 5 says which kind of sheet, 1 is a macro sheet; octet 4 whether it is hidden.
            0x0085 if data.get(5) == Some(&1) => {
                let hidden = data.get(4).is_some_and(|state| state & 3 != 0);
                looker.sign(at, Trait::MacroSheet, if hidden { "hidden macro sheet" } else { "macro sheet" });
            }
            // HLink.
            0x01b8 => links_in(data, at, looker),
            _ => {}
        }
    }
    looker.text(at, &letters(octets), false);
}

/// Addresses that stand in octets, in one octet a letter or two.
pub(super) fn links_in(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    for (width, mark) in [(1, &b"://"[..]), (2, b":\0/\0/\0")] {
        for found in memchr::memmem::find_iter(octets, mark).take(256) {
            let letter = |at: usize| octets.get(at).copied().filter(|_| width == 1 || octets.get(at + 1) == Some(&0));
            let is_address = |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'<' | b'>');
            let mut start = found;
            while let Some(before) = start.checked_sub(width)
                && letter(before).is_some_and(|octet| octet.is_ascii_alphabetic())
                && found - before <= 8 * width
            {
                start = before;
            }
            let url: String =
                (0..2048).map_while(|step| letter(start + step * width).filter(is_address).map(char::from)).collect();
            let lower = url.to_ascii_lowercase();
            // Names of forms of XML are no links.
            let is_page = lower.starts_with("http") || lower.starts_with("ftp");
            if is_page && !lower.contains("schemas.") && !lower.contains("/www.w3.org/") {
                looker.link(at, &url, "", Place::Document);
            }
        }
    }
}

/// Runs of letters, in one octet each or two, as a document of the old kind keeps them.
fn letters(octets: &[u8]) -> String {
    const RUN_MIN: usize = 6;
    let mut out = String::new();
    let mut run = String::new();
    for pair in octets.chunks_exact(2).take(1 << 20) {
        let unit = u16::from_le_bytes([pair[0], pair[1]]);
        match char::from_u32(u32::from(unit)) {
            Some(c) if c.is_alphanumeric() || matches!(c, ' '..='~') => run.push(c),
            _ => {
                if run.chars().count() >= RUN_MIN {
                    out.push_str(&run);
                    out.push('\n');
                }
                run.clear();
            }
        }
    }
    if run.chars().count() >= RUN_MIN {
        out.push_str(&run);
    }
    // Single octets that are read as pairs give ideographs that nobody uses together; real text has its spaces.
    let mut single = String::new();
    for octet in octets.iter().take(1 << 20) {
        if octet.is_ascii_graphic() || *octet == b' ' {
            single.push(char::from(*octet));
        } else if !single.ends_with('\n') {
            single.push('\n');
        }
    }
    single.lines().filter(|line| line.len() >= RUN_MIN * 2).for_each(|line| {
        out.push_str(line);
        out.push('\n');
    });
    out
}

/// A message that Outlook kept ([MS-OXMSG]): its subject, texts and attachments.
fn read_message(
    compound: &mut Compound<'_>,
    streams: &[String],
    at: At,
    looker: &mut Looker<'_>,
) -> Result<(), Reason> {
    for name in streams {
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        let (directory, property) = name.rsplit_once('/').unwrap_or(("", name));
        let property = property.strip_prefix("__substg1.0_").unwrap_or_default();
        match property {
            "0037001F" | "1000001F" if directory.is_empty() => {
                looker.text(at, &wide(&content(compound, name)), false);
            }
            "1000001E" if directory.is_empty() => {
                looker.text(at, &String::from_utf8_lossy(&content(compound, name)), false);
            }
            "10130102" | "1013001F" => {
                let octets = content(compound, name);
                let page =
                    if property == "1013001F" { wide(&octets) } else { String::from_utf8_lossy(&octets).into_owned() };
                looker.text(at, &page, true);
            }
            // The content of an attachment; its long name is beside it.
            "37010102" => {
                let octets = content(compound, name);
                let file_name = wide(&content(compound, &format!("{directory}/__substg1.0_3707001F")));
                looker.look_inside(at, &file_name, "", &octets);
            }
            _ => {}
        }
    }
    Ok(())
}

fn wide(octets: &[u8]) -> String {
    encoding_rs::UTF_16LE.decode_without_bom_handling(octets).0.into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::tests::looked;
    use super::*;

    fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (name, octets) in streams {
            if let Some((directory, _)) = name.rsplit_once('/')
                && !directory.is_empty()
            {
                file.create_storage_all(directory).unwrap();
            }
            file.create_stream(name).unwrap().write_all(octets).unwrap();
        }
        file.flush().unwrap();
        file.into_inner().into_inner()
    }

    #[test]
    fn macros_of_an_old_document() {
        let report = looked("a.doc", &compound(&[("/WordDocument", &[0; 64]), ("/Macros/VBA/ThisDocument", b"x")]));
        assert_eq!(report.kind(), Kind::OldOffice);
        assert!(report.shows(Trait::Macros));
        let report = looked(
            "a.doc",
            &compound(&[("/WordDocument", b"\0\0\0\0\0\0\0\0\0\0\0\0plain old text of a document here")]),
        );
        assert!(report.signs.is_empty() && report.texts[0].text.contains("text of a document"));
    }

    #[test]
    fn a_workbook_with_a_hidden_macro_sheet_or_locked() {
        let sheet = [0x85, 0, 8, 0, 0, 0, 0, 0, 2, 1, 0, 0];
        let report = looked("a.xls", &compound(&[("/Workbook", &sheet)]));
        assert_eq!(report.signs[0].evidence, "hidden macro sheet");
        let report = looked("a.xls", &compound(&[("/Workbook", &[0x2f, 0, 2, 0, 1, 0])]));
        assert!(report.files[0].is_locked && report.unlooked[0].why == Reason::Locked);
    }

    #[test]
    fn an_encrypted_document_of_the_new_kind_is_locked() {
        let report = looked("a.docx", &compound(&[("/EncryptedPackage", b"x"), ("/EncryptionInfo", b"x")]));
        assert_eq!((report.kind(), report.files[0].is_locked), (Kind::Office, true));
    }

    #[test]
    fn a_packed_program_is_found() {
        let mut native = vec![0, 0, 0, 0, 2, 0];
        native.extend_from_slice(b"bill.exe\0C:\\bill.exe\0\0\0\x03\0\x04\0\0\0C:\\b");
        native.extend_from_slice(&[3, 0, 0, 0]);
        native.extend_from_slice(b"MZ\x01");
        let report = looked("a.doc", &compound(&[("/ObjectPool/_1/\u{1}Ole10Native", &native)]));
        assert_eq!((report.files[1].name.as_str(), report.files[1].kind), ("bill.exe", Kind::Program));
        assert!(report.shows(Trait::EmbeddedObject));
    }

    #[test]
    fn a_message_of_outlook_is_opened() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let report = looked(
            "a.msg",
            &compound(&[
                ("/__properties_version1.0", b""),
                ("/__substg1.0_1000001F", &wide("see the bill")),
                ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"MZ\x01"),
                ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("bill.pdf.exe")),
            ]),
        );
        assert_eq!((report.kind(), report.files[1].kind), (Kind::OutlookMessage, Kind::Program));
        assert!(report.files[1].has_deceptive_name && report.texts[0].text == "see the bill");
    }

    #[test]
    fn broken_compound_files_are_damaged() {
        let whole = compound(&[("/WordDocument", &[7; 5000])]);
        for end in (8..whole.len()).step_by(97) {
            let _ = looked("a.doc", &whole[..end]);
        }
        assert_eq!(looked("a.doc", &whole[..512]).unlooked[0].why, Reason::Damaged);
    }
}
