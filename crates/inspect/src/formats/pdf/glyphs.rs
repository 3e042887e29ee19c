//! Letters by the names of their glyphs, as the encodings of simple fonts name them.

/// Names of what is no letter or digit of ASCII, with what they are.
const NAMES: &[(&str, char)] = &[
    ("space", ' '),
    ("exclam", '!'),
    ("quotedbl", '"'),
    ("numbersign", '#'),
    ("dollar", '$'),
    ("percent", '%'),
    ("ampersand", '&'),
    ("quotesingle", '\''),
    ("quoteright", '’'),
    ("quoteleft", '‘'),
    ("parenleft", '('),
    ("parenright", ')'),
    ("asterisk", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("minus", '-'),
    ("period", '.'),
    ("slash", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less", '<'),
    ("equal", '='),
    ("greater", '>'),
    ("question", '?'),
    ("at", '@'),
    ("bracketleft", '['),
    ("backslash", '\\'),
    ("bracketright", ']'),
    ("asciicircum", '^'),
    ("underscore", '_'),
    ("grave", '`'),
    ("braceleft", '{'),
    ("bar", '|'),
    ("braceright", '}'),
    ("asciitilde", '~'),
    ("bullet", '•'),
    ("endash", '–'),
    ("emdash", '—'),
    ("ellipsis", '…'),
    ("quotedblleft", '“'),
    ("quotedblright", '”'),
    ("quotesinglbase", '‚'),
    ("quotedblbase", '„'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("guilsinglleft", '‹'),
    ("guilsinglright", '›'),
    ("Euro", '€'),
    ("sterling", '£'),
    ("yen", '¥'),
    ("cent", '¢'),
    ("section", '§'),
    ("degree", '°'),
    ("copyright", '©'),
    ("registered", '®'),
    ("trademark", '™'),
    ("paragraph", '¶'),
    ("mu", 'µ'),
    ("multiply", '×'),
    ("divide", '÷'),
    ("plusminus", '±'),
    ("periodcentered", '·'),
    ("nbspace", ' '),
    ("nonbreakingspace", ' '),
    ("sfthyphen", '-'),
    ("softhyphen", '-'),
    ("fi", 'ﬁ'),
    ("fl", 'ﬂ'),
    ("ff", 'ﬀ'),
    ("ffi", 'ﬃ'),
    ("ffl", 'ﬄ'),
    ("AE", 'Æ'),
    ("ae", 'æ'),
    ("OE", 'Œ'),
    ("oe", 'œ'),
    ("Oslash", 'Ø'),
    ("oslash", 'ø'),
    ("germandbls", 'ß'),
    ("dotlessi", 'ı'),
    ("Lslash", 'Ł'),
    ("lslash", 'ł'),
    ("Eth", 'Ð'),
    ("eth", 'ð'),
    ("Thorn", 'Þ'),
    ("thorn", 'þ'),
    ("Dcroat", 'Đ'),
    ("dcroat", 'đ'),
    ("ordfeminine", 'ª'),
    ("ordmasculine", 'º'),
    ("exclamdown", '¡'),
    ("questiondown", '¿'),
    ("afii61352", '№'),
    ("numero", '№'),
];

/// Marks on letters, by the end of a glyph's name, as combining characters.
const MARKS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("tilde", '\u{303}'),
    ("dieresis", '\u{308}'),
    ("ring", '\u{30a}'),
    ("cedilla", '\u{327}'),
    ("caron", '\u{30c}'),
    ("macron", '\u{304}'),
    ("breve", '\u{306}'),
    ("ogonek", '\u{328}'),
    ("dotaccent", '\u{307}'),
    ("hungarumlaut", '\u{30b}'),
    ("commaaccent", '\u{326}'),
];

/// The letters that a glyph of this name shows.
pub(super) fn letters(name: &str) -> Option<String> {
    let name = name.split('.').next().unwrap_or(name);
    if name.len() == 1 {
        return name.chars().next().filter(char::is_ascii_alphabetic).map(String::from);
    }
    if let Some((_, letter)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(letter.to_string());
    }
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map(String::from);
    if let Some(digits) = name.strip_prefix("uni").filter(|digits| digits.len() >= 4) {
        return digits.get(..4).and_then(hex);
    }
    if let Some(digits) = name.strip_prefix('u').filter(|digits| (4..=6).contains(&digits.len())) {
        return hex(digits);
    }
    if let Some(number) = name.strip_prefix("afii") {
        return cyrillic(number.parse().ok()?).map(String::from);
    }
    let (letter, mark) = name.split_at_checked(1)?;
    let mark = MARKS.iter().find(|(known, _)| *known == mark)?.1;
    letter.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| format!("{letter}{mark}"))
}

/// Letters of Russian by the numbers that glyphs have.
fn cyrillic(number: u32) -> Option<char> {
    let place = |first: u32, before: u32, io: u32| match number.checked_sub(first)? {
        step if step < 6 => char::from_u32(before + step),
        6 => char::from_u32(io),
        step @ 7..=32 => char::from_u32(before + step - 1),
        _ => None,
    };
    match number {
        10017..=10049 => place(10017, 0x410, 0x401),
        10065..=10097 => place(10065, 0x430, 0x451),
        _ => None,
    }
}

/// Widths of Helvetica from space to tilde in thousandths, for fonts that every reader has and no file describes.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// How wide a letter of a font is that no file describes, in thousandths of its size.
pub(super) fn standard_width(font: &str, code: u32) -> f64 {
    if font.contains("Courier") {
        return 600.0;
    }
    let place = code.checked_sub(32).and_then(|place| HELVETICA.get(place as usize));
    let width = f64::from(place.copied().unwrap_or(556));
    // Letters of Times are narrower.
    if font.contains("Times") { width * 0.9 } else { width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_letters() {
        for (name, shown) in [
            ("A", "A"),
            ("seven", "7"),
            ("uni4E2D", "中"),
            ("u1F600", "\u{1f600}"),
            ("eacute", "e\u{301}"),
            ("afii10017", "А"),
            ("afii10071", "ё"),
            ("afii10097", "я"),
            ("one.oldstyle", "1"),
        ] {
            assert_eq!(letters(name).as_deref(), Some(shown), "{name}");
        }
        assert_eq!(letters("g123"), None);
        assert_eq!(letters("é"), None);
    }
}
