//! Why a message is not taken, in words for its sender.

use identity::Language;
use letters::Texts;

use crate::consent::Consent;
use crate::content::Place;
use crate::evaluate::{Decision, Hit, Matched, Outcome};
use crate::look::Looked;

/// Rules that one text names.
const TOLD_MAX: usize = 3;

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A rule blocks it.
    Blocked,
    /// Its sender must confirm it.
    Unconfirmed,
    /// Its sender must give a reason.
    WithoutReason,
    /// Somebody must approve it, and nobody is there who may.
    NobodyApproves,
    /// It goes on by itself, and somebody would have to confirm it or give a reason.
    NobodyToAsk,
    /// It goes on by itself, and has none of what must protect it.
    Unprotected,
    /// Somebody must approve it, for which an automatic reply does not wait.
    WouldWait,
}

/// Whether the message goes as its sender wants it, which may still need approval.
///
/// # Errors
/// [`Refusal`] if it does not.
pub fn decide(looked: &Looked, consent: &Consent) -> Result<(), Refusal> {
    match looked.outcome.decision() {
        Decision::Block => return Err(Refusal::Blocked),
        Decision::Justify if consent.reason.is_none() => return Err(Refusal::WithoutReason),
        Decision::Warn if !consent.is_confirmed => return Err(Refusal::Unconfirmed),
        Decision::Justify | Decision::Warn | Decision::Go => {}
    }
    if looked.approvals.iter().any(|it| it.people.is_empty()) { Err(Refusal::NobodyApproves) } else { Ok(()) }
}

impl Refusal {
    /// Its word in records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Unconfirmed => "not confirmed",
            Self::WithoutReason => "no reason given",
            Self::NobodyApproves => "nobody may approve it",
            Self::NobodyToAsk => "nobody is there to confirm it",
            Self::Unprotected => "not protected",
            Self::WouldWait => "would wait for approval",
        }
    }

    /// Its text, and the actions of rules that it comes of.
    const fn of(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Blocked => ("outbound-blocked", &["block"]),
            Self::Unconfirmed => ("outbound-unconfirmed", &["warn"]),
            Self::WithoutReason => ("outbound-without-reason", &["justify"]),
            Self::NobodyApproves => ("outbound-nobody-approves", &["approve"]),
            Self::WouldWait => ("outbound-would-wait", &["approve"]),
            Self::NobodyToAsk => ("outbound-nobody-to-ask", &["warn", "justify"]),
            Self::Unprotected => ("outbound-unprotected", &["encrypt", "portal"]),
        }
    }

    /// The rules that it comes of.
    #[must_use]
    pub fn rules(self, outcome: &Outcome) -> Vec<&Matched> {
        let (_, asks) = self.of();
        let names: Vec<&str> = asks.iter().flat_map(|word| outcome.rules_that_ask(word)).collect();
        outcome.matched.iter().filter(|it| names.contains(&it.rule.as_str())).collect()
    }

    /// What its sender is told, on one line.
    #[must_use]
    pub fn text(self, outcome: &Outcome, language: Language) -> String {
        let told: Vec<String> =
            self.rules(outcome).into_iter().take(TOLD_MAX).map(|it| rule_words(it, language)).collect();
        Texts::of(language).say(self.of().0, &[("rules", &told.join("; "))])
    }
}

/// A rule with what it holds by, such as `cards: payment card numbers in the text (1)`.
#[must_use]
pub fn rule_words(matched: &Matched, language: Language) -> String {
    let hits: Vec<String> = matched.hits.iter().map(|hit| hit_words(hit, language)).collect();
    let separator = if language == Language::Chinese { "，" } else { ", " };
    format!("{}: {}", matched.rule, hits.join(separator))
}

/// What was found and where, in words.
#[must_use]
pub fn hit_words(hit: &Hit, language: Language) -> String {
    let texts = Texts::of(language);
    let what = texts.say(&format!("outbound-what-{}", hit.what.replace(' ', "-")), &[]);
    let place = hit.place.map(|place| match place {
        Place::Subject => texts.say("outbound-place-subject", &[]),
        Place::Body => texts.say("outbound-place-body", &[]),
        Place::File(number) => texts.say("outbound-place-file", &[("number", &number.to_string())]),
        Place::FileName(number) => texts.say("outbound-place-file-name", &[("number", &number.to_string())]),
    });
    let mut words = what;
    if let Some(place) = place {
        words.push(' ');
        words.push_str(&place);
    }
    match (hit.count, hit.shown.as_str()) {
        (0 | 1, "") => {}
        (count, "") => words.push_str(&format!(" ({count})")),
        (0 | 1, shown) => words.push_str(&format!(" ({shown})")),
        (count, shown) => words.push_str(&format!(" ({count}, {shown})")),
    }
    words
}
