//! The journal of mail: which messages are kept beside the mailboxes, and for how long, whatever their owners remove.
//!
//! Rules are data of an organisation. A message that one covers is kept in the transaction that takes it, for as long as the rule says that keeps it
//! for longest; what was kept stays so, whatever becomes of the rules. What is kept is looked at through investigations alone.

mod passing;
mod report;
mod rules;

pub use passing::{JournalEnvelope, Journaling, Passing, ToKeep};
pub use report::{PendingReport, next_report, report, sent};
pub use rules::{
    Direction, JOURNAL_DAYS_MAX, JOURNAL_RULES_MAX, JournalRule, JournalRules, KeptJournalRule, RulesOf, end, list, set,
};
