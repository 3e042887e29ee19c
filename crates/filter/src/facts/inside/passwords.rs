//! Words of a message that may open its locked files: senders of such files write the password beside them.

use inspect::WORDS_MAX;

use crate::facts::Facts;

/// Letters of a password.
const LETTERS_MIN: usize = 3;
const LETTERS_MAX: usize = 40;

/// Octets of text in which passwords are looked for.
const TEXT_OCTETS_MAX: usize = 16 * 1024;

/// Words behind a word for "password" that are tried first.
const BEHIND: usize = 6;

/// Words for "password", lowercase, in the languages of the lexicon.
const NAMES: [&str; 30] = [
    "password",
    "passcode",
    "pass",
    "pw",
    "pwd",
    "pin",
    "code",
    "kennwort",
    "passwort",
    "contraseña",
    "clave",
    "senha",
    "mot",
    "passe",
    "mdp",
    "wachtwoord",
    "hasło",
    "пароль",
    "код",
    "şifre",
    "parola",
    "sandi",
    "mật",
    "khẩu",
    "รหัสผ่าน",
    "كلمة",
    "密码",
    "密碼",
    "口令",
    "パスワード",
];

/// What such senders take when they do not think.
const USUAL: [&str; 4] = ["1234", "12345", "123456", "infected"];

/// Words that may be passwords, likeliest first.
pub(super) fn candidates(facts: &Facts) -> Vec<String> {
    let text = format!("{}\n{}\n{}", facts.subject, super::super::cut(&facts.text, TEXT_OCTETS_MAX), facts.hidden_text);
    let words = words(&text);
    let mut behind = Vec::new();
    let mut with_digits = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        if NAMES.iter().any(|name| lower == *name || !name.is_ascii() && lower.contains(name)) {
            behind.extend(words.iter().skip(at + 1).take(BEHIND).copied());
        }
        if word.bytes().any(|octet| octet.is_ascii_digit()) {
            with_digits.push(*word);
        }
    }
    let mut found: Vec<String> = Vec::new();
    // A name of a file may say it, too: "invoice pass 1234.zip".
    let file_names = facts.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(" ");
    let in_names = self::words(&file_names);
    for word in behind.iter().chain(&with_digits).chain(&USUAL).chain(&in_names).chain(&words) {
        let is_long_enough = (LETTERS_MIN..=LETTERS_MAX).contains(&word.chars().count());
        if is_long_enough && found.len() < WORDS_MAX && !found.iter().any(|known| known == word) {
            found.push((*word).to_owned());
        }
    }
    found
}

/// Words as written, without the marks around them; letters and digits that Chinese text does not part are words of their own.
fn words(text: &str) -> Vec<&str> {
    let parts = |c: char| {
        c.is_whitespace()
            || matches!(c, ':' | '：' | '，' | '。' | '、' | '；' | '"' | '“' | '”' | '「' | '」' | '<' | '>')
    };
    let mut found = Vec::new();
    for word in text.split(parts).filter(|word| !word.is_empty()) {
        let trimmed =
            word.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | '\'' | '(' | ')' | '[' | ']' | '（' | '）'));
        found.push(trimmed);
        if !word.is_ascii() {
            found.extend(word.split(|c: char| !c.is_ascii_graphic()).filter(|run| !run.is_empty()));
        }
        if trimmed != word {
            found.push(word);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Vec<String> {
        candidates(&Facts::of_text("bill", text)).into_iter().take(4).collect()
    }

    #[test]
    fn the_word_that_is_named_comes_first() {
        assert_eq!(
            first("Please see the bill. The password is: Rabbit!7 Thank you")[..2],
            ["Rabbit!7", "Thank"].map(str::to_owned)
        );
        assert!(first("解压密码：abc888，请查收").contains(&"abc888".to_owned()));
        assert!(first("附件的密码是8899请查收").contains(&"8899".to_owned()));
        assert!(first("Пароль к архиву: 4471").contains(&"4471".to_owned()));
        assert!(first("nothing here").contains(&"1234".to_owned()));
    }

    #[test]
    fn many_words_are_bounded() {
        let text: String = (0..10_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(candidates(&Facts::of_text("", &text)).len(), WORDS_MAX);
    }
}
