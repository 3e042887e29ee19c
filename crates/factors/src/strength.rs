//! How easily a password is guessed, by the patterns that people use (zxcvbn).

use zxcvbn::Score;

/// Characters that are looked at; a password that is strong in these is strong.
const CHARACTERS_MAX: usize = 100;

/// From 0 (guessed at once) to 4 (out of reach), for somebody who knows `own_words`: names of the person, the company, the mailbox.
#[must_use]
pub fn score(password: &str, own_words: &[&str]) -> u8 {
    let start: String = password.chars().take(CHARACTERS_MAX).collect();
    match zxcvbn::zxcvbn(&start, own_words).score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        Score::Four => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_weak_and_chance_is_strong() {
        assert!(score("Password123!", &[]) <= 1);
        assert!(score("Qwertyuiop1!", &[]) <= 2);
        assert!(score("Bamo-tuke-wifa-zodu-pile-47", &[]) == 4);
        assert!(score("Tradewindltd2026!", &["Tradewindltd"]) < score("Tradewindltd2026!", &[]));
        assert!(score(&"ab".repeat(5_000), &[]) <= 2, "long and still quick");
    }
}
