//! What an administrator may set.

use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};
use filter::{Action, Thresholds};
use identity::Level;

env::settings! {
    /// Judging of mail: what becomes of it by how likely it is unwanted. See the manual's pages on judging and on the quarantine.
    pub struct JudgingSettings in "judging" {
        /// Judge mail from outside before it is taken.
        enabled: bool = true,
        /// Milliseconds within which a message is judged; one that takes longer goes as unjudged. After half of it files that are still being
        /// looked into are given up, and the message is judged without them.
        milliseconds_max: u64 = 30_000,
        /// Directory of rule files (`*.toml`) that complete and change the shipped rules; taken up within ten seconds when they change. A file
        /// with an error changes nothing and is told in the log.
        rules_directory: Option<PathBuf> = None,
        /// Messages that are judged at the same time; others wait, within their own time.
        at_once_max: usize = 8,
        /// Organisations of level `basic`: the probabilities (0 to 1) of being unwanted from which a message gets a warning, goes to Junk, is
        /// quarantined and is refused, and what becomes of one that cannot be judged ("warn" or "junk"). A number above 1 is never reached;
        /// quarantine and refusal also need two findings of different kinds. `fraud_warn` and `fraud_hold` are the probabilities of fraud in
        /// trade (payment details that are not those on file, a look-alike of a partner) from which a message gets a warning, and waits for finance.
        basic: LevelSettings = LevelSettings { warn: 0.7, junk: 0.9, quarantine: 0.99, refuse: 1.1, unjudged: Unjudged::Warn, fraud_warn: 1.1, fraud_hold: 1.1 },
        /// The same for level `enhanced`.
        enhanced: LevelSettings = LevelSettings { warn: 0.6, junk: 0.85, quarantine: 0.97, refuse: 1.1, unjudged: Unjudged::Warn, fraud_warn: 0.5, fraud_hold: 1.1 },
        /// The same for level `trade`.
        trade: LevelSettings = LevelSettings { warn: 0.5, junk: 0.8, quarantine: 0.95, refuse: 0.998, unjudged: Unjudged::Junk, fraud_warn: 0.5, fraud_hold: 0.85 },
        /// Days for which facts and verdict of a message are kept: as long can it be judged again, and pulled back.
        keep_days: u32 = 14,
        /// Days that a message waits in quarantine before it is deleted.
        quarantine_days: u32 = 30,
        /// Least minutes between two letters that tell a person what waits in quarantine; the first goes within a minute. 0 for no letters.
        digest_minutes: u64 = 1440,
        /// Hours within which delivered mail is looked at again when people report what is alike, or a feed learns of something in it, and moved to
        /// Junk if it is unwanted by now; 0 for never.
        pull_hours: u32 = 48,
        /// Judge what people here send: what is unwanted, or sent in an unusual way, waits in the queue until somebody has looked; where it is both, the
        /// account is frozen, too.
        outgoing: bool = true,
        /// Addresses here that complaints in ARF (RFC 5965) are read at, besides abuse and postmaster of each domain.
        complaints_to: Vec<String> = Vec::new(),
        /// Recipients of one account in an hour or two from which its sending is unusual; 0 for no limit.
        sent_per_hour: u64 = 1000,
        /// Of them, whom it writes to for the first time, where these are more than half; 0 for no limit.
        sent_fresh_per_hour: u64 = 150,
        /// Whether people may release what waits for them, by the links of their letters and by themselves; else only those may who look
        /// after the quarantine.
        people_release: bool = true,
    }
}

/// What follows from how likely a message is unwanted.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", deny_unknown_fields)]
pub struct LevelSettings {
    /// Probability from which it is delivered with a warning.
    pub warn: f64,
    /// Probability from which it goes to Junk.
    pub junk: f64,
    /// Probability from which it is quarantined.
    pub quarantine: f64,
    /// Probability from which it is refused.
    pub refuse: f64,
    /// What becomes of a message that cannot be judged.
    pub unjudged: Unjudged,
    /// Probability of fraud in trade from which it is delivered with a warning and finance gets a case.
    #[serde(default = "never")]
    pub fraud_warn: f64,
    /// Probability of fraud in trade from which it waits for finance.
    #[serde(default = "never")]
    pub fraud_hold: f64,
}

/// A probability that is never reached.
const fn never() -> f64 {
    1.1
}

/// What becomes of a message that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum Unjudged {
    /// It is delivered with a warning.
    Warn,
    /// It goes to Junk.
    Junk,
}

impl LevelSettings {
    /// The thresholds among them.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            warn: self.warn as f32,
            junk: self.junk as f32,
            quarantine: self.quarantine as f32,
            refuse: self.refuse as f32,
            fraud_warn: self.fraud_warn as f32,
            fraud_hold: self.fraud_hold as f32,
        }
    }

    /// Whether the numbers rise: no harder action comes before a softer one.
    #[must_use]
    pub fn is_rising(&self) -> bool {
        0.0 < self.warn
            && self.warn <= self.junk
            && self.junk <= self.quarantine
            && self.quarantine <= self.refuse
            && 0.0 < self.fraud_warn
            && self.fraud_warn <= self.fraud_hold
    }
}

impl Unjudged {
    /// The action for it.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Warn => Action::Warn,
            Self::Junk => Action::Junk,
        }
    }
}

impl JudgingSettings {
    /// What is wrong with the settings: name of the setting, value, remedy.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let levels =
            [("judging.basic", self.basic), ("judging.enhanced", self.enhanced), ("judging.trade", self.trade)];
        let remedy = "warn, junk, quarantine and refuse must be above 0 and must not fall in this order";
        let falling = levels.into_iter().filter(|(_, level)| !level.is_rising()).map(|(setting, level)| {
            let found = format!("{} {} {} {}", level.warn, level.junk, level.quarantine, level.refuse);
            (setting, found, remedy)
        });
        let remedy = "must be an address here such as complaints@trade.example";
        let no_address = |address: &&String| mail::Address::parse(address).is_err();
        let wrong = self.complaints_to.iter().filter(no_address);
        falling.chain(wrong.map(|address| ("judging.complaints_to", address.clone(), remedy))).collect()
    }

    /// What holds at a level.
    #[must_use]
    pub const fn at(&self, level: Level) -> LevelSettings {
        match level {
            Level::Basic => self.basic,
            Level::Enhanced => self.enhanced,
            Level::Trade => self.trade,
        }
    }
}
