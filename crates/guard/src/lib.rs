//! The trade-fraud guard: who an organisation trades with, which payment details it has on file, and what in a message speaks of
//! somebody who wants to be paid in another's place.
//!
//! A message becomes a [`Subject`]; all that history knows for it is looked up once ([`Knowledge`]); [`signals::look`] compares the two
//! and gives findings. What follows from findings is decided in one place, `filter`'s verdict.

pub mod alikes;
mod blocks;
pub mod cases;
mod directory;
mod error;
pub mod history;
mod know;
pub mod knowledge;
mod learn;
mod ledger;
mod lines;
mod live;
mod look;
mod mistaken;
mod named;
mod names;
pub mod partners;
pub mod person;
mod places;
pub mod replay;
pub mod rows;
pub mod searches;
mod shelf;
pub mod signals;
mod subject;

pub use blocks::blocks;
pub use directory::{Directory, guess_job};
pub use error::GuardError;
pub use know::know;
pub use knowledge::Knowledge;
pub use learn::{Lesson, learn, partner_name};
pub use live::{Decided, Guard, Kept, Taught, forget, keep};
pub use look::{Looked, Read, look, teaches};
pub use mistaken::Mistaken;
pub use names::name_key;
pub use places::of_host as country_of_host;
pub use shelf::{Change, Shelf, save};
pub use subject::{Direction, Hop, Mailbox, Subject};

/// What a finding of the guard says to people, in Chinese or else in English, its evidence put in; none if it is another's.
#[must_use]
pub fn text(finding: &filter::Finding, language: &str) -> Option<String> {
    let text = ledger::text(&finding.key, language).or_else(|| signals::text(&finding.key, language))?;
    Some(text.replace("{evidence}", &finding.evidence))
}
