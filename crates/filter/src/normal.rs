//! Text brought to one form, so that a word that is written in a disguise meets the word itself.
//!
//! Lowercase, NFKC, accents of Latin letters and invisible characters taken off, letters that look Latin within Latin words
//! made Latin, words that were pulled apart joined, digits without their values. What is no letter becomes one space.

use unicode_normalization::UnicodeNormalization;

/// What was undone on the way; honest text has next to none of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Disguises {
    /// Invisible characters between Latin letters.
    pub invisible: u32,
    /// Words of Latin letters with letters of another script that look like Latin ones.
    pub mixed_script_words: u32,
    /// Words written letter by letter.
    pub spaced_words: u32,
    /// Words with digits or signs instead of letters.
    pub substituted_words: u32,
    /// Characters that steer the direction of writing.
    pub direction_marks: u32,
}

impl Disguises {
    /// Both together.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            invisible: self.invisible + other.invisible,
            mixed_script_words: self.mixed_script_words + other.mixed_script_words,
            spaced_words: self.spaced_words + other.spaced_words,
            substituted_words: self.substituted_words + other.substituted_words,
            direction_marks: self.direction_marks + other.direction_marks,
        }
    }
}

/// Text in its one form: begins and ends with a space, words are parted by one.
#[derive(Debug, Default, Clone)]
pub(crate) struct Normal {
    pub(crate) text: String,
    pub(crate) disguises: Disguises,
}

/// Letters of a word that are looked at one by one.
const WORD_CHARS_MAX: usize = 48;

/// Letters that a word must have to count as pulled apart.
const SPACED_LETTERS_MIN: usize = 5;

/// Brings `text` to its one form.
pub(crate) fn normal(text: &str) -> Normal {
    let mut made = Normal { text: String::with_capacity(text.len() + 2), disguises: Disguises::default() };
    made.text.push(' ');
    let mut writer = Writer { made, word: Vec::new(), spaced: Vec::new(), spaced_from: 0, before: ' ' };
    if text.is_ascii() {
        text.chars().for_each(|c| writer.push(c));
    } else {
        text.nfkc().for_each(|c| writer.push_any(c));
    }
    writer.end_word();
    writer.end_spaced();
    if !writer.made.text.ends_with(' ') {
        writer.made.text.push(' ');
    }
    writer.made
}

struct Writer {
    made: Normal,
    /// Letters and signs of the word that is being read.
    word: Vec<char>,
    /// Words of one letter that followed one another, and where the first of them stands in the text made.
    spaced: Vec<char>,
    spaced_from: usize,
    before: char,
}

impl Writer {
    fn push_any(&mut self, c: char) {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.made.disguises.direction_marks += 1,
            _ if is_invisible(c) => {
                // Joiners have their place between letters of other scripts and in emoji.
                if self.before.is_ascii_alphabetic() {
                    self.made.disguises.invisible += 1;
                }
            }
            _ => c.to_lowercase().for_each(|c| self.push(c)),
        }
    }

    fn push(&mut self, c: char) {
        self.before = c;
        let c = c.to_ascii_lowercase();
        if c.is_alphanumeric() || (matches!(c, '@' | '$') && !self.word.is_empty()) {
            if self.word.len() < WORD_CHARS_MAX {
                self.word.push(c);
            } else if is_ideograph(c) {
                self.end_word();
                self.word.push(c);
            }
            return;
        }
        if is_mark(c) {
            return;
        }
        self.end_word();
        if matches!(c, '$' | '€' | '£' | '¥' | '%' | '!') {
            self.end_spaced();
            self.write_word(&[c]);
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let mut word = std::mem::take(&mut self.word);
        while matches!(word.last(), Some('@' | '$')) {
            word.pop();
        }
        self.unmask(&mut word);
        if let [one] = word.as_slice()
            && one.is_alphabetic()
            && !is_ideograph(*one)
        {
            if self.spaced.is_empty() {
                self.spaced_from = self.made.text.len();
            }
            self.spaced.push(*one);
        } else {
            self.end_spaced();
        }
        self.write_word(&word);
        word.clear();
        self.word = word;
    }

    /// Joins the single letters before, if they are enough to be a word.
    fn end_spaced(&mut self) {
        if self.spaced.len() >= SPACED_LETTERS_MIN {
            self.made.text.truncate(self.spaced_from);
            self.made.text.extend(self.spaced.iter());
            self.made.text.push(' ');
            self.made.disguises.spaced_words += 1;
        }
        self.spaced.clear();
    }

    fn unmask(&mut self, word: &mut [char]) {
        let latin = word.iter().filter(|c| c.is_ascii_alphabetic()).count();
        if latin == 0 {
            return;
        }
        let mut changed = false;
        for c in word.iter_mut().filter(|c| !c.is_ascii()) {
            if let Some(plain) = looks_like(*c) {
                *c = plain;
                changed = true;
            }
        }
        self.made.disguises.mixed_script_words += u32::from(changed);
        let inner = word.len().saturating_sub(1);
        let masked = |c: char| matches!(c, '0' | '1' | '3' | '4' | '5' | '@' | '$');
        let signs = word.iter().take(inner).skip(1).filter(|c| masked(**c)).count();
        let starts_and_ends =
            word.first().is_some_and(char::is_ascii_alphabetic) && word.last().is_some_and(char::is_ascii_alphabetic);
        if starts_and_ends && signs > 0 && latin > signs * 2 && word.iter().all(|c| c.is_alphabetic() || masked(*c)) {
            for c in word.iter_mut() {
                *c = substituted(*c);
            }
            self.made.disguises.substituted_words += 1;
        }
    }

    fn write_word(&mut self, word: &[char]) {
        let mut digits = 0;
        for c in word {
            // Values of numbers name the year and the campaign; their length does not.
            if c.is_numeric() {
                digits += 1;
                if digits <= 4 {
                    self.made.text.push('0');
                }
                continue;
            }
            digits = 0;
            push_plain(&mut self.made.text, *c);
        }
        if !self.made.text.ends_with(' ') {
            self.made.text.push(' ');
        }
    }
}

fn substituted(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        _ => c,
    }
}

/// Adds a letter without its accent, if it is a Latin one.
fn push_plain(text: &mut String, c: char) {
    match c {
        '\u{00df}' => text.push_str("ss"),
        '\u{00e6}' => text.push_str("ae"),
        '\u{0153}' => text.push_str("oe"),
        '\u{00f8}' => text.push('o'),
        '\u{0142}' => text.push('l'),
        '\u{0131}' => text.push('i'),
        '\u{0111}' | '\u{00f0}' => text.push('d'),
        '\u{00c0}'..='\u{024f}' | '\u{1e00}'..='\u{1eff}' => {
            text.extend(std::iter::once(c).nfd().filter(|c| !is_mark(*c)));
        }
        _ => text.push(c),
    }
}

/// Combining marks, vowel signs of Arabic and Hebrew among them, which may be left out.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{064b}'..='\u{065f}' | '\u{0670}' | '\u{0640}'
        | '\u{0730}'..='\u{074a}' | '\u{07eb}'..='\u{07f3}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}')
}

pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e01ef}')
}

/// Whether words of this script stand without spaces between them.
pub(crate) const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2fa1f}' | '\u{0e00}'..='\u{0e7f}')
}

/// The Latin letter that a lowercase letter of another script is mistaken for (from Unicode's confusables, lowercase only).
pub(crate) const fn looks_like(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' | 'ɑ' => 'a',
        'Ь' | 'ь' | 'в' => 'b',
        'с' | 'ϲ' | 'ᴄ' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' | 'є' | 'ε' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ӏ' | 'ɩ' => 'i',
        'ј' | 'ϳ' => 'j',
        'κ' | 'к' => 'k',
        'ⅼ' => 'l',
        'м' => 'm',
        'ո' | 'п' | 'η' => 'n',
        'о' | 'ο' | 'օ' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' | 'ᴦ' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' | 'ц' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' | 'ш' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ү' => 'y',
        'ᴢ' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn disguised_words_meet_the_word() {
        for (text, wanted) in [
            ("Verify your PASSWORD now", " verify your password now "),
            ("V\u{200b}er\u{ad}ify", " verify "),
            ("раsswоrd", " password "),
            ("p a s s w o r d here", " password here "),
            ("v.e.r.i.f.y", " verify "),
            ("v3rify acc0unt p@ssword", " verify account password "),
            ("𝐕𝐞𝐫𝐢𝐟𝐲 ｖｅｒｉｆｙ", " verify verify "),
            ("Contraseña überprüfen", " contrasena uberprufen "),
            ("пароль", " пароль "),
            ("请 验证！账户", " 请 验证 ! 账户 "),
            ("USD 1,250.00 in 2024", " usd 0 000 00 in 0000 "),
            ("", " "),
        ] {
            assert_eq!(normal(text).text, wanted, "{text}");
        }
    }

    #[test]
    fn disguises_are_counted_and_honest_text_has_none() {
        let found = normal("vеrify p\u{200b}assword a c c o u n t acc0unt").disguises;
        assert_eq!(
            (found.mixed_script_words, found.invisible, found.spaced_words, found.substituted_words),
            (1, 1, 1, 1)
        );
        for honest in ["Проверьте данные", "الرجاء تأكيد الطلب", "I have a 20ft container", "MP3 H2O b2b A4 paper"]
        {
            assert_eq!(normal(honest).disguises, Disguises::default(), "{honest}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_words(text in "\\PC{0,80}") {
            let made = normal(&text).text;
            prop_assert!(made.starts_with(' ') && made.ends_with(' '));
            prop_assert!(!made.contains("  "));
        }
    }
}
