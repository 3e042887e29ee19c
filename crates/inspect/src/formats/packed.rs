//! Archives other than ZIP: tape archives, one compressed file, Seven-Zip.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use crate::look::{At, Looker};
use crate::report::{Reason, Trait};

/// Octets of a block of a tape archive.
const BLOCK_OCTETS: usize = 512;

/// KiB that the dictionary of a packer may take.
const DICTIONARY_KIB_MAX: usize = 128 * 1024;

/// Words that are tried on one Seven-Zip archive: each try costs half a million hashes.
const SEVEN_ZIP_WORDS_MAX: usize = 6;

/// Reads a tape archive (POSIX.1-2017, pax: "ustar Interchange Format"), with long names as GNU writes them.
pub(super) fn read_tar(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut rest = octets;
    let mut long_name = None;
    while let Some((header, after)) = rest.split_at_checked(BLOCK_OCTETS) {
        if header.iter().all(|octet| *octet == 0) {
            break;
        }
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        let size = octal(header.get(124..136).unwrap_or_default()).ok_or(Reason::Damaged)?;
        let content = after.get(..size).unwrap_or(after);
        match header.get(156) {
            // A long name for the entry that follows.
            Some(b'L') => long_name = Some(string(content)),
            Some(b'x') => long_name = pax_path(content),
            Some(0 | b'0' | b'7') => {
                let prefix = string(header.get(345..500).unwrap_or_default());
                let name = string(header.get(..100).unwrap_or_default());
                let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                looker.look_inside(at, &long_name.take().unwrap_or(name), "", content);
            }
            Some(_) => long_name = None,
            None => return Err(Reason::Damaged),
        }
        rest = after.get(size.div_ceil(BLOCK_OCTETS) * BLOCK_OCTETS..).unwrap_or_default();
    }
    Ok(())
}

fn octal(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

fn string(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.split(|octet| *octet == 0).next().unwrap_or_default()).into_owned()
}

fn pax_path(records: &[u8]) -> Option<String> {
    let records = String::from_utf8_lossy(records);
    records.lines().find_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()))
}

/// Reads one compressed file: gzip (RFC 1952) or xz.
pub(super) fn read_compressed(octets: &[u8], name: &str, at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let packed = octets.len() as u64;
    let unpacked = if octets.starts_with(b"\x1f\x8b") {
        looker.unpack(&mut MultiGzDecoder::new(octets), packed)?
    } else if octets.starts_with(b"\xfd7zXZ\0") {
        let limit = u32::try_from(DICTIONARY_KIB_MAX).unwrap_or(u32::MAX);
        looker.unpack(&mut XzReader::new_mem_limit(octets, true, limit), packed)?
    } else {
        return Err(Reason::Unsupported);
    };
    let inner = match name.rsplit_once('.') {
        Some((stem, end)) if end.eq_ignore_ascii_case("tgz") || end.eq_ignore_ascii_case("txz") => {
            format!("{stem}.tar")
        }
        Some((stem, _)) => stem.to_owned(),
        None => name.to_owned(),
    };
    looker.look_inside(at, &inner, "", &unpacked);
    Ok(())
}

/// Reads a Seven-Zip archive.
pub(super) fn read_seven_zip(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut source = Cursor::new(octets);
    let (archive, mut password) =
        match Archive::read_with_memory_limit(&mut source, &Password::empty(), DICTIONARY_KIB_MAX) {
            Ok(archive) => (archive, None),
            Err(Error::PasswordRequired | Error::MaybeBadPassword(_)) => {
                let opened = open_seven_zip(&mut source, looker);
                let Some((archive, word)) = opened else {
                    looker.lock(at);
                    return Ok(());
                };
                looker.sign(at, Trait::NamedPassword, &word);
                (archive, Some(Password::from(word.as_str())))
            }
            Err(error) => return Err(reason(&error)),
        };
    let is_locked = |index| archive.is_file_encrypted(index);
    if password.is_none() && (0..archive.files.len()).any(is_locked) {
        password = find_password(&archive, &mut source, at, looker);
        if password.is_none() {
            looker.lock(at);
            for (index, entry) in archive.files.iter().enumerate().filter(|(_, entry)| !entry.is_directory()) {
                let why = if is_locked(index) { Reason::Locked } else { Reason::Unsupported };
                looker.name_inside(at, entry.name(), entry.size(), why);
            }
            return Ok(());
        }
    }
    let password = password.unwrap_or_else(Password::empty);
    let packed = octets.len() as u64;
    let mut look = |entry: &ArchiveEntry, from: &mut dyn Read| {
        if looker.is_over() {
            looker.unlooked(at, Reason::TimedOut);
            return Ok(false);
        }
        if !entry.is_directory() {
            match looker.unpack(from, packed) {
                Ok(unpacked) => looker.look_inside(at, entry.name(), "", &unpacked),
                Err(why) => {
                    looker.name_inside(at, entry.name(), entry.size(), why);
                    // What follows in the block would have to be unpacked over the rest of this one.
                    return Ok(false);
                }
            }
        }
        Ok(true)
    };
    let mut outcome = Ok(());
    for block in 0..archive.blocks.len() {
        if let Err(error) = each_entry(&archive, block, &password, &mut source, &mut look) {
            outcome = Err(reason(&error));
        }
    }
    outcome
}

type Look<'l> = dyn FnMut(&ArchiveEntry, &mut dyn Read) -> Result<bool, Error> + 'l;

fn each_entry(
    archive: &Archive,
    block: usize,
    password: &Password,
    source: &mut Cursor<&[u8]>,
    look: &mut Look<'_>,
) -> Result<(), Error> {
    // One thread: a confined process has no other.
    BlockDecoder::new_with_memory_limit(1, DICTIONARY_KIB_MAX, block, archive, password, source)
        .for_each_entries(&mut |entry, from| look(entry, from))
        .map(drop)
}

/// Opens an archive whose list of files is locked, too.
fn open_seven_zip(source: &mut Cursor<&[u8]>, looker: &Looker<'_>) -> Option<(Archive, String)> {
    looker.words().iter().take(SEVEN_ZIP_WORDS_MAX).take_while(|_| !looker.is_over()).find_map(|word| {
        source.set_position(0);
        let archive =
            Archive::read_with_memory_limit(source, &Password::from(word.as_str()), DICTIONARY_KIB_MAX).ok()?;
        Some((archive, word.clone()))
    })
}

/// The word that opens the first entry.
fn find_password(archive: &Archive, source: &mut Cursor<&[u8]>, at: At, looker: &mut Looker<'_>) -> Option<Password> {
    for word in looker.words().iter().take(SEVEN_ZIP_WORDS_MAX) {
        if looker.is_over() {
            return None;
        }
        let password = Password::from(word.as_str());
        let mut is_right = false;
        let mut look = |entry: &ArchiveEntry, from: &mut dyn Read| {
            let mut octets = Vec::new();
            is_right = from.take(entry.size()).read_to_end(&mut octets).is_ok() && octets.len() as u64 == entry.size();
            Ok(false)
        };
        let outcome = each_entry(archive, 0, &password, source, &mut look);
        if is_right && outcome.is_ok() {
            looker.sign(at, Trait::NamedPassword, word);
            return Some(password);
        }
    }
    None
}

const fn reason(error: &Error) -> Reason {
    match error {
        Error::UnsupportedCompressionMethod(_) | Error::Unsupported(_) | Error::ExternalUnsupported => {
            Reason::Unsupported
        }
        Error::MaxMemLimited { .. } => Reason::TooLarge,
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Reason::Locked,
        _ => Reason::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::tests::{looked, looked_with};
    use super::*;
    use crate::report::Kind;

    fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, content) in entries {
            let mut header = [0; BLOCK_OCTETS];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            header[156] = b'0';
            header[257..262].copy_from_slice(b"ustar");
            out.extend_from_slice(&header);
            out.extend_from_slice(content);
            out.resize(out.len().div_ceil(BLOCK_OCTETS) * BLOCK_OCTETS, 0);
        }
        out.resize(out.len() + 2 * BLOCK_OCTETS, 0);
        out
    }

    #[test]
    fn a_program_in_a_tape_archive_in_gzip() {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(&tar(&[("list.txt", b"goods"), ("../bill.pdf.exe", b"MZ\x01")])).unwrap();
        let whole = to.finish().unwrap();
        let report = looked("bills.tgz", &whole);
        let seen: Vec<_> = report.files.iter().map(|file| (file.name.as_str(), file.kind, file.depth)).collect();
        assert_eq!(
            seen,
            [
                ("bills.tgz", Kind::Compressed, 0),
                ("bills.tar", Kind::Tar, 1),
                ("list.txt", Kind::Text, 2),
                ("../bill.pdf.exe", Kind::Program, 2)
            ]
        );
        assert!(report.shows(Trait::EscapingName) && report.files[3].has_deceptive_name);
        for end in (2..whole.len()).step_by(7) {
            let _ = looked("bills.tgz", &whole[..end]);
        }
    }

    #[test]
    fn a_bomb_of_zeros() {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(&vec![0; 40 << 20]).unwrap();
        let report = looked("a.gz", &to.finish().unwrap());
        assert!(report.shows(Trait::Bomb) && report.unlooked[0].why == Reason::Bomb);
    }

    fn seven_zip(password: Option<&str>) -> Vec<u8> {
        let mut writer = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
        if let Some(password) = password {
            let lock = sevenz_rust2::encoder_options::AesEncoderOptions::new(Password::from(password));
            writer.set_content_methods(vec![lock.into(), sevenz_rust2::EncoderMethod::LZMA2.into()]);
            writer.set_encrypt_header(false);
        }
        writer.push_archive_entry(ArchiveEntry::new_file("bill.scr"), Some(b"MZ\x01".as_slice())).unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn seven_zip_open_and_locked() {
        let report = looked("a.7z", &seven_zip(None));
        assert_eq!((report.kind(), report.files[1].kind), (Kind::SevenZip, Kind::Program));
        let locked = seven_zip(Some("rabbit"));
        let report = looked("a.7z", &locked);
        assert!(report.files[0].is_locked && report.files[1].name == "bill.scr");
        let report = looked_with("a.7z", &locked, &["rabbit"]);
        assert!(report.shows(Trait::NamedPassword) && report.files[1].kind == Kind::Program, "{report:?}");
        let whole = seven_zip(None);
        for end in 6..whole.len() {
            let _ = looked("a.7z", &whole[..end]);
        }
    }
}
