//! Modules of VBA, packed as [MS-OVBA] section 2.4.1 says: what runs when the document is opened, and what it calls.

use crate::look::{At, Looker};
use crate::report::Trait;

/// Octets of source that are unpacked from one module.
const SOURCE_OCTETS_MAX: usize = 1 << 20;

/// Containers in one stream that are tried.
const STARTS_MAX: usize = 64;

/// Procedures that run without being asked for.
const AT_OPENING: [&str; 12] = [
    "autoopen",
    "auto_open",
    "autoexec",
    "autoclose",
    "auto_close",
    "document_open",
    "document_close",
    "workbook_open",
    "workbook_activate",
    "workbook_beforeclose",
    "autonew",
    "document_new",
];

/// What such procedures call when they are up to no good.
const CALLS: [&str; 10] = [
    "shell",
    "wscript",
    "createobject",
    "powershell",
    "urldownloadtofile",
    "msxml2",
    "adodb.stream",
    "getobject",
    "winmgmts",
    "environ",
];

/// Reads the stream of a module: compiled code, then the packed source.
pub(super) fn read_module(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    // A packed source begins with 1 and a chunk whose header has 011 in bits 12 to 14.
    let starts = octets.windows(3).enumerate().filter(|(_, head)| head[0] == 1 && head[2] & 0x70 == 0x30);
    for (start, _) in starts.take(STARTS_MAX) {
        let source = unpack(octets.get(start + 1..).unwrap_or_default());
        let source = String::from_utf8_lossy(&source).to_ascii_lowercase();
        if source.contains("attribut") {
            tell(&source, at, looker);
            return;
        }
    }
}

/// Tells what a source does.
fn tell(source: &str, at: At, looker: &mut Looker<'_>) {
    let Some(opening) = AT_OPENING.into_iter().find(|name| source.contains(name)) else { return };
    let calls: Vec<&str> = CALLS.into_iter().filter(|call| source.contains(call)).collect();
    looker.sign(at, Trait::MacrosAtOpening, &[&[opening], calls.as_slice()].concat().join(", "));
}

/// Unpacks chunks until the data end or stop making sense.
fn unpack(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(2) {
        let head = u16::from_le_bytes([head[0], head[1]]);
        if head >> 12 & 7 != 3 || out.len() > SOURCE_OCTETS_MAX {
            break;
        }
        let length = usize::from(head & 0xfff) + 1;
        let chunk = after.get(..length).unwrap_or(after);
        if head >> 15 == 0 {
            out.extend_from_slice(chunk);
        } else {
            unpack_chunk(chunk, &mut out);
        }
        rest = after.get(length..).unwrap_or_default();
    }
    out
}

/// One chunk: groups of eight, each a letter or a copy of what came before it in the chunk.
fn unpack_chunk(chunk: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut octets = chunk.iter().copied();
    while let Some(flags) = octets.next() {
        for bit in 0..8 {
            let Some(first) = octets.next() else { return };
            if flags >> bit & 1 == 0 {
                out.push(first);
                continue;
            }
            let Some(second) = octets.next() else { return };
            let token = u16::from_le_bytes([first, second]);
            let so_far = out.len() - start;
            // As many bits for the distance as the chunk so far needs, at least four.
            let bits = so_far.max(1).next_power_of_two().trailing_zeros().clamp(4, 12);
            let distance = usize::from(token >> (16 - bits)) + 1;
            let length = usize::from(token & (0xffff >> bits)) + 3;
            if distance > so_far {
                return;
            }
            for _ in 0..length {
                let Some(octet) = out.get(out.len() - distance).copied() else { return };
                out.push(octet);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of [MS-OVBA] section 3.2.
    #[test]
    fn unpacks_the_examples_of_the_specification() {
        let none = [
            0x19, 0xb0, 0x00, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x00, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
            0x6f, 0x70, 0x00, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x2e,
        ];
        assert_eq!(unpack(&none), b"abcdefghijklmnopqrstuv.");
        let most = [0x03, 0xb0, 0x02, 0x61, 0x45, 0x00];
        assert_eq!(unpack(&most), [b'a'; 73]);
    }

    #[test]
    fn broken_modules_end() {
        for broken in [&b"\x01\xff\xbf\xff\xff\xff"[..], b"\x03\xb0\xff\0\0", b""] {
            let _ = unpack(broken);
        }
    }
}
