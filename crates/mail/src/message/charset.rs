//! Octets to text: the character sets that mail comes in.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, WINDOWS_1252};

use super::utf7;

/// Names that mail uses and the WHATWG list of `encoding_rs` lacks, in lowercase.
const ALIASES: [(&str, &str); 12] = [
    ("cp936", "gbk"),
    ("ms936", "gbk"),
    ("windows-936", "gbk"),
    ("euc-cn", "gbk"),
    ("cp950", "big5"),
    ("cp932", "shift_jis"),
    ("cp949", "euc-kr"),
    ("ks_c_5601", "euc-kr"),
    ("utf8mb4", "utf-8"),
    ("iso8859_1", "windows-1252"),
    ("latin-1", "windows-1252"),
    ("cp1252", "windows-1252"),
];

/// Text of octets in the character set named `label`. Never fails: what has no meaning in the set becomes U+FFFD, an
/// unknown, missing or wrong label is answered by [`guess`].
#[must_use]
pub fn decode<'a>(octets: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let Some(label) = label.map(str::trim).filter(|label| !label.is_empty()) else { return guess(octets) };
    if is_unicode_or_ascii(label) {
        return guess(octets);
    }
    if label.eq_ignore_ascii_case("utf-7") || label.eq_ignore_ascii_case("unicode-1-1-utf-7") {
        return Cow::Owned(utf7::decode(octets));
    }
    match encoding_named(label) {
        Some(encoding) => encoding.decode_without_bom_handling(octets).0,
        None => guess(octets),
    }
}

/// Text of octets that come without a word on their character set: UTF-8 if it is, else GB18030 if it is (raw Chinese
/// mail), else Windows-1252.
#[must_use]
pub fn guess(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            // A text cut off within a character is still UTF-8.
            let valid = octets.get(..error.valid_up_to()).unwrap_or_default();
            if error.error_len().is_none() && !valid.is_ascii() {
                return String::from_utf8_lossy(octets);
            }
            GB18030
                .decode_without_bom_handling_and_without_replacement(octets)
                .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(octets).0)
        }
    }
}

fn is_unicode_or_ascii(label: &str) -> bool {
    ["utf-8", "us-ascii", "utf8", "ascii"].iter().any(|known| label.eq_ignore_ascii_case(known))
}

fn encoding_named(label: &str) -> Option<&'static Encoding> {
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    found.or_else(|| {
        let (_, known) = ALIASES.iter().find(|(alias, _)| label.eq_ignore_ascii_case(alias))?;
        Encoding::for_label(known.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_character_sets() {
        for (octets, label, wanted) in [
            (&b"\xd6\xd0\xb9\xfa"[..], Some("GB2312"), "中国"),
            (b"\xd6\xd0\xb9\xfa", Some("cp936"), "中国"),
            (b"\xd6\xd0\xb9\xfa", None, "中国"),
            (b"\xd6\xd0\xb9\xfa", Some("x-nonsense"), "中国"),
            (b"\x81\x30\x81\x30", Some("gb18030"), "\u{80}"),
            (b"\xa4\xa4\xb0\xea", Some("big5"), "中國"),
            (b"\x93\xfa\x96{", Some("shift_jis"), "日本"),
            (b"\xf0\xd2\xc9", Some("koi8-r"), "При"),
            (b"caf\xe9", Some("windows-1252"), "café"),
            (b"caf\xe9", None, "café"),
            (b"\x1b$BF|K\\\x1b(B", Some("iso-2022-jp"), "日本"),
            (b"A+ImIDkQ. +- +Ti1W/Q-x", Some("utf-7"), "A≢Α. + 中国x"),
            ("中".as_bytes(), Some("us-ascii"), "中"),
        ] {
            assert_eq!(decode(octets, label), wanted, "{label:?}");
        }
    }
}
