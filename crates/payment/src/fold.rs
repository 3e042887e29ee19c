//! Text in a form that numbers and words can be looked for in, with the way back to what was written.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A character in its plain form, and where it stands in the text as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Plain and in small letters: no accents, no width.
    pub(crate) plain: char,
    /// As `plain`, in the case that was written.
    pub(crate) cased: char,
    /// First octet of what was written.
    pub(crate) start: u32,
    /// Octet behind it.
    pub(crate) end: u32,
    /// Looks like what it was folded to and is something else, or stands behind characters that nobody sees.
    pub(crate) is_disguised: bool,
}

/// The letters of `text`, at most `chars_max`.
pub(crate) fn fold(text: &str, chars_max: usize) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(text.len().min(chars_max));
    let mut hides = false;
    for (start, c) in text.char_indices() {
        if letters.len() >= chars_max {
            break;
        }
        if is_unseen(c) {
            hides = true;
            continue;
        }
        let (start, end) = (start as u32, (start + c.len_utf8()) as u32);
        let push = |cased: char, letters: &mut Vec<Letter>| {
            let plain = cased.to_lowercase().next().unwrap_or(cased);
            letters.push(Letter { plain, cased, start, end, is_disguised: hides });
        };
        if c.is_ascii() {
            push(c, &mut letters);
        } else {
            // Width, ligatures and accents; what a script writes as one stays one.
            let is_script = matches!(c, '\u{ac00}'..='\u{d7a3}' | '\u{3040}'..='\u{30ff}');
            if is_script {
                push(c, &mut letters);
            } else {
                std::iter::once(c)
                    .nfkd()
                    .filter(|c| !is_combining_mark(*c))
                    .take(4)
                    .for_each(|c| push(simple(c), &mut letters));
            }
        }
        hides = false;
    }
    letters
}

/// Characters that nobody sees.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{180e}' | '\u{34f}')
}

/// Digits of all scripts, and signs that divide, in one form each.
fn simple(c: char) -> char {
    match c {
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit(c, '\u{966}'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' => '-',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{3000}' | '\u{a0}' => ' ',
        'ı' => 'i',
        'ø' => 'o',
        'Ø' => 'O',
        'ł' => 'l',
        'Ł' => 'L',
        'đ' => 'd',
        'Đ' => 'D',
        'ß' => 's',
        '：' | '︰' | '﹕' => ':',
        other => other,
    }
}

fn digit(c: char, zero: char) -> char {
    char::from_digit((c as u32).wrapping_sub(zero as u32), 10).unwrap_or(c)
}

/// The Latin capital or digit that a letter of another script looks like.
pub(crate) const fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'А' | 'а' | 'Α' | 'α' => 'A',
        'В' | 'в' | 'Β' | 'ß' => 'B',
        'С' | 'с' | 'Ϲ' => 'C',
        'Е' | 'е' | 'Ε' | 'є' => 'E',
        'Н' | 'н' | 'Η' => 'H',
        'І' | 'і' | 'Ι' | 'Ӏ' | 'ǀ' => 'I',
        'Ј' | 'ј' => 'J',
        'К' | 'к' | 'Κ' | 'κ' => 'K',
        'М' | 'м' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'о' | 'Ο' | 'ο' | '〇' | '○' => 'O',
        'Р' | 'р' | 'Ρ' | 'ρ' => 'P',
        'Ѕ' | 'ѕ' => 'S',
        'Т' | 'т' | 'Τ' | 'τ' => 'T',
        'У' | 'у' | 'Υ' => 'Y',
        'Х' | 'х' | 'Χ' | 'χ' => 'X',
        'Ζ' => 'Z',
        'Ԍ' => 'G',
        'ԁ' => 'D',
        'З' | 'з' => '3',
        'б' => '6',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        fold(text, 1000).iter().map(|letter| letter.plain).collect()
    }

    #[test]
    fn width_accents_digits_and_what_is_unseen() {
        assert_eq!(plain("ＩＢＡＮ：ＤＥ８９"), "iban:de89");
        assert_eq!(plain("Bénéficiaire\u{a0}№"), "beneficiaire no");
        assert_eq!(plain("١٢٣ ۴۵"), "123 45");
        assert_eq!(plain("Alıcı Đồng"), "alici dong");
        assert_eq!(plain("은행 口座 ギンコウ"), "은행 口座 ギンコウ");
        let hidden = fold("D\u{200b}E", 10);
        assert_eq!((hidden.len(), hidden[0].is_disguised, hidden[1].is_disguised), (2, false, true));
        assert_eq!((hidden[1].start, hidden[1].end), (4, 5));
    }
}
