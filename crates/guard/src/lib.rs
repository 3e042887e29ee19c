//! The trade-fraud guard: who an organisation trades with, which payment details it has on file, and what in a message speaks of
//! somebody who wants to be paid in another's place.
//!
//! A message becomes a [`Subject`]; all that history knows for it is looked up once ([`Knowledge`]); [`signals::look`] compares the two
//! and gives findings. What follows from findings is decided in one place, `filter`'s verdict.

pub mod knowledge;
pub mod signals;
mod subject;

pub use knowledge::Knowledge;
pub use subject::{Direction, Hop, Mailbox, Subject};
