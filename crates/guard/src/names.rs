//! Names of people, brought to one form in which the same name meets itself.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that stand beside a name and are none.
const TITLES: [&str; 22] = [
    "mr", "mrs", "ms", "miss", "dr", "ing", "prof", "herr", "frau", "sr", "sra", "mme", "monsieur", "via", "先生",
    "女士", "小姐", "经理", "様", "님", "bay", "bayan",
];

/// Characters of a name that are looked at.
const CHARS_MAX: usize = 80;

/// The name in one form: folded, its words in the order of the alphabet, as families stand first here and last there. None for what
/// many share: one short word, an address, nothing.
#[must_use]
pub fn name_key(name: &str) -> Option<String> {
    // "Ann Li (Acme)", "Ann Li | Acme", "Ann Li - Acme Co."
    let name = name.split(['(', '（', '|', '/', '<', '[']).next().unwrap_or_default();
    let name = name.split(" - ").next().unwrap_or_default();
    if name.contains('@') {
        return None;
    }
    let folded: String =
        name.nfkd().filter(|c| !is_combining_mark(*c)).take(CHARS_MAX).collect::<String>().to_lowercase();
    let mut words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !TITLES.contains(word))
        .collect();
    words.sort_unstable();
    let letters: usize = words.iter().map(|word| word.chars().count()).sum();
    let is_wide = words.iter().all(|word| !word.is_ascii() && word.chars().all(is_ideograph));
    let is_telling = if is_wide { letters >= 2 } else { words.len() >= 2 && letters >= 5 };
    is_telling.then(|| words.join(" "))
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::name_key;

    #[test]
    fn the_same_name_meets_itself() {
        let key = |name| name_key(name).unwrap();
        assert_eq!(key("José García"), key("GARCIA, Jose"));
        assert_eq!(key("Ann Li (Acme Valves)"), key("Ms. Li Ann"));
        assert_eq!(key("王芳"), key("王芳 女士"));
        for shared in ["Ann", "", "sales", "ann@acme.example", "李"] {
            assert_eq!(name_key(shared), None, "{shared}");
        }
    }
}
