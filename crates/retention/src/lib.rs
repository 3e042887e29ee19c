//! Rules of an organisation on how long mail stays: which mail, and after how many days in its folder it is removed; which mail is kept
//! beside the mailboxes, and for how long ([`journal`]); what takes the room of an account, and who is told before it is full.
//!
//! What a rule removes is removed mail like any other: it can be brought back within the window. Legal holds win: what one covers stays
//! where it is. Plain functions over a [`store::Tx`]; [`carry_out`] does one bounded step, and who calls it goes on.
//!
//! Knows nothing of protocols.

mod due;
pub mod journal;
mod quota;
mod rule;
mod run;
mod space;

pub use due::{Preview, Sample, preview};
pub use quota::{Fullness, Step as QuotaStep, fullest, mark_told, to_tell};
pub use rule::{DAYS_MAX, Kept, RULES_MAX, RetentionError, Rule, check, list, load, remove, set};
pub use run::{REMOVED_MAX, Step, carry_out};
pub use space::{Heap, LARGE_BYTES, Space, space};
