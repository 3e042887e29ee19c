//! What a password must be, by level: a table, which settings can only raise (M3).

use std::time::Duration;

use env::Timestamp;

use crate::Level;

env::settings! {
    /// Passwords: the level of an organisation says what they must be; what stands here can only ask for more.
    pub struct PasswordSettings in "passwords" {
        /// Least characters; 0 for what the level asks.
        chars_min: usize = 0,
        /// Earlier passwords that may not be taken again; 0 for what the level asks.
        history: usize = 0,
        /// Days after which a new one must be chosen; 0 for what the level asks.
        age_days_max: u64 = 0,
        /// Least score against guessing, 0 to 4 (zxcvbn); 0 for what the level asks.
        score_min: u8 = 0,
        /// File with hashes of leaked passwords, sorted, in lines HASH or HASH:count, as they are published; empty for none.
        breached_file: String = String::new(),
        /// Hashes in breached_file: "sha1" or "ntlm".
        breached_form: HashForm = HashForm::Sha1,
        /// Address of a server of ranges that is asked for the first five digits of the hash alone (k-anonymity), as https://api.example/range/; empty for none.
        breached_url: String = String::new(),
        /// What happens when neither list can be read or asked: "refuse" the new password, or "accept" it and say so in the log.
        breached_unknown: BreachUnknown = BreachUnknown::Refuse,
        /// File with hashes of the passwords of the company's other systems (as of the Windows domain), which may not be taken for mail; same form of lines; empty for none.
        systems_file: String = String::new(),
        /// Hashes in systems_file: "ntlm" or "sha1".
        systems_form: HashForm = HashForm::Ntlm,
    }
}

pub use ::factors::breach::HashForm;

/// What happens when it is unknown whether a password has leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum BreachUnknown {
    /// The person tries again later.
    Refuse,
    /// It is taken.
    Accept,
}

/// What a password must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Least characters.
    pub chars_min: usize,
    /// Least classes of characters: lower case, upper case, digits, others.
    pub classes_min: usize,
    /// Earlier passwords that may not be taken again.
    pub history: usize,
    /// Days after which a new one must be chosen; 0 for never.
    pub age_days_max: u64,
    /// Least score against guessing, 0 to 4.
    pub score_min: u8,
}

/// The table.
const fn of_level(level: Level) -> PasswordPolicy {
    match level {
        Level::Basic => PasswordPolicy { chars_min: 12, classes_min: 4, history: 3, age_days_max: 0, score_min: 2 },
        Level::Enhanced => {
            PasswordPolicy { chars_min: 12, classes_min: 4, history: 5, age_days_max: 180, score_min: 3 }
        }
        Level::Trade => PasswordPolicy { chars_min: 14, classes_min: 4, history: 8, age_days_max: 90, score_min: 3 },
    }
}

/// Earlier passwords that are ever kept.
pub const HISTORY_MAX: usize = 24;

/// What holds at `level`.
#[must_use]
pub fn password_policy(settings: &PasswordSettings, level: Level) -> PasswordPolicy {
    let table = of_level(level);
    let age_days_max = match (table.age_days_max, settings.age_days_max) {
        (0, asked) | (asked, 0) => asked,
        (table, asked) => table.min(asked),
    };
    PasswordPolicy {
        chars_min: table.chars_min.max(settings.chars_min),
        classes_min: table.classes_min,
        history: table.history.max(settings.history).min(HISTORY_MAX),
        age_days_max,
        score_min: table.score_min.max(settings.score_min.min(4)),
    }
}

impl PasswordPolicy {
    /// Whether a password that was chosen at `chosen` must be changed.
    #[must_use]
    pub fn is_expired(&self, chosen: Timestamp, now: Timestamp) -> bool {
        self.age_days_max > 0 && now.since(chosen) > Duration::from_secs(self.age_days_max.saturating_mul(86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_only_raise_what_a_level_asks() {
        let lower = PasswordSettings {
            chars_min: 1,
            history: 1,
            age_days_max: 10_000,
            score_min: 1,
            ..PasswordSettings::default()
        };
        let higher = PasswordSettings {
            chars_min: 20,
            history: 12,
            age_days_max: 30,
            score_min: 4,
            ..PasswordSettings::default()
        };
        for &level in Level::ALL {
            let table = of_level(level);
            assert!(table.chars_min >= 12 && table.classes_min == 4, "M3");
            assert_eq!(password_policy(&PasswordSettings::default(), level), table);
            let lowered = password_policy(&lower, level);
            assert_eq!(PasswordPolicy { age_days_max: table.age_days_max, ..lowered }, table);
            assert!(table.age_days_max == 0 || lowered.age_days_max == table.age_days_max);
            let raised = password_policy(&higher, level);
            assert_eq!((raised.chars_min, raised.history, raised.age_days_max, raised.score_min), (20, 12, 30, 4));
        }
    }

    #[test]
    fn age_counts_from_when_it_was_chosen() {
        let chosen = Timestamp::from_seconds(1_800_000_000);
        let days = |days: u64| chosen.plus(Duration::from_secs(days * 86_400));
        assert!(!of_level(Level::Basic).is_expired(chosen, days(10_000)));
        assert!(!of_level(Level::Trade).is_expired(chosen, days(90)));
        assert!(of_level(Level::Trade).is_expired(chosen, days(91)));
    }
}
