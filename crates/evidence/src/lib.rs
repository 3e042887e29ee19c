//! Live checks over an installation, and what they show of standards and laws.
//!
//! A *check* ([`Check`]) is a row of a table and a function: it reads the store and what is known of the settings and the machine ([`Surroundings`]) and
//! comes out as an [`Outcome`]. That a check passes is a value which holds what was read, and only reading makes that; so nothing can be said to be in order
//! without somebody having looked.
//!
//! *Frameworks* ([`frameworks`]) are data: items of standards and laws, each with the checks that show it, and what a person has to show where no program
//! can. A [`report`] is both together at one moment, signed. The [`overview`] is for the first page of a console.
//!
//! Reads tables of many crates, to count; writes its own alone. Knows nothing of who asks.

mod check;
mod checks;
mod error;
pub mod frameworks;
mod kept;
mod look;
pub mod numbers;
mod outcome;
pub mod overview;
pub mod report;
mod say;
mod sight;
mod surroundings;
#[cfg(test)]
mod tests;
pub mod world;

pub use check::{Area, Check, Cost, Mend, Scope};
pub use error::EvidenceError;
pub use kept::{Change, HISTORY_KEPT, Known, changes, forget, keep, load, stand};
pub use look::{Within, look_at, look_at_all};
pub use outcome::{Outcome, Reading, Readings, State, Why};
pub use say::{area_name, figure_name, name_of, sentence, sentences, state_name};
pub use sight::{Sight, SightState, keep as keep_sights, list as list_sights};
pub use surroundings::{
    AuditFacts, BackupFacts, BlocklistFacts, CertificateFound, Disk, FeedFound, JudgingFacts, KeysFound, Rehearsed,
    SubjectFigures, Surroundings, TransportFacts,
};
