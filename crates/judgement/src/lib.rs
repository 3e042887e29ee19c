//! Judging of mail on its way: what [`filter`] finds becomes an action, and is kept.
//!
//! [`Judging`] judges a message while its sender waits. What it finds is kept in the message's own transaction ([`keep`]), so that it
//! can be explained, and reached again from the kept facts. What is quarantined waits in [`quarantine`]. What people say of their mail
//! ([`feedback`]) is counted and learned from ([`Learner`]), and delivered mail that is alike is pulled back ([`pull`]). What people
//! here send is judged, too ([`outbound`]).
//!
//! Knows nothing of protocols: who receives asks, and does what is said.

pub mod alikes;
pub mod cases;
pub mod complaints;
pub mod digest;
mod error;
mod explain;
pub mod feedback;
mod fields;
pub mod history;
mod judging;
mod kept;
mod learner;
mod marks;
pub mod outbound;
pub mod person;
mod pictures;
pub mod policy;
pub mod pull;
pub mod quarantine;
pub mod reputation;
mod sealed;
mod second;
mod settings;
pub mod sharing;
pub mod spots;
pub mod takeover;
pub mod threats;
mod traced;
mod votes;

pub use error::JudgementError;
pub use explain::explain;
pub use fields::claims;
pub use judging::{Arrival, Judging, Opinion};
pub use kept::{Detail, Direction, Judged, Kept, Listed, is_for, keep, list, load, note_copy, read_number, tidy};
pub use learner::Learner;
pub use reputation::Reputation;
pub use settings::{JudgingSettings, LevelSettings, Unjudged};
