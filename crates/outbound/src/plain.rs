//! Text in the one form in which numbers and words are looked for.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters that nobody sees.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether words are not parted by spaces where it stands.
pub(crate) const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

const fn plain(c: char) -> char {
    match c {
        '\u{660}'..='\u{669}' => (b'0' + (c as u32 - 0x660) as u8) as char,
        '\u{6f0}'..='\u{6f9}' => (b'0' + (c as u32 - 0x6f0) as u8) as char,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// Digits of all scripts as those of ASCII, dashes and spaces as one kind each, nothing unseen; ends of lines and case stay.
pub(crate) fn digits(text: &str) -> Vec<char> {
    if text.is_ascii() {
        return text.chars().collect();
    }
    let space = |c: char| if c.is_whitespace() && c != '\n' { ' ' } else { c };
    text.nfkc().filter(|c| !is_unseen(*c)).map(|c| space(plain(c))).collect()
}

/// For words: compatibility forms, case, accents and vowel marks folded away, one space for each run of white space.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut push = |c: char| {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    };
    if text.is_ascii() {
        text.chars().for_each(|c| push(c.to_ascii_lowercase()));
    } else {
        let folded = text.nfkd().filter(|c| !is_unseen(*c) && !is_combining_mark(*c) && *c != '\u{640}');
        folded.flat_map(|c| plain(c).to_lowercase()).map(of_arabic).for_each(push);
    }
    out.truncate(out.trim_end().len());
    out
}

/// Letters of Arabic that are written one for the other.
const fn of_arabic(c: char) -> char {
    match c {
        'ى' => 'ي',
        'ة' => 'ه',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_all_scripts_are_one() {
        assert_eq!(digits("٤١١١ ۱۲ １２\u{200b}３\u{2011}4").into_iter().collect::<String>(), "4111 12 123-4");
    }

    #[test]
    fn words_lose_case_accents_and_marks() {
        assert_eq!(words("  Cotización\u{a0}\n ＡＢＣ "), "cotizacion abc");
        assert_eq!(words("عَقْدٌ"), words("عقد"));
        assert_eq!(words("报价单"), "报价单");
    }
}
