//! UTF-7 (RFC 2152), which old mail programs still send. The decoder of `mail-parser` swallows the character behind an
//! encoded run.

/// Text of UTF-7 octets; what is no UTF-7 becomes U+FFFD.
pub(super) fn decode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'+' {
            out.push(if first.is_ascii() { char::from(*first) } else { char::REPLACEMENT_CHARACTER });
            continue;
        }
        let length = rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if run.is_empty() {
            out.push('+');
        } else {
            push_run(&mut out, run);
        }
        rest = after.strip_prefix(b"-").unwrap_or(after);
    }
    out
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// A run is UTF-16 in base64 without padding.
fn push_run(out: &mut String, run: &[u8]) {
    let octets = super::encoding::decode_base64(run);
    let units = octets.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0xfffd,
    });
    out.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
}
