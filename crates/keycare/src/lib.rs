//! What the server does with people's keys by itself: it encrypts mail to them as it comes ([`receive`]), where their owner wants it, and
//! writes to people before a key of theirs ends ([`tell_of_ends`]) and when that of a correspondent has changed ([`tell_of_changes`]).
//!
//! Over the books of keys (`keybook`, `certbook`), in which keys lie. Knows nothing of protocols.

mod error;
mod notices;
mod receipt;
mod settle;

pub use error::KeycareError;
pub use notices::{forget_letters, tell_of_changes, tell_of_ends};
pub use receipt::{Choice, Method, OnReceipt, Trouble, show, switch_off, switch_on};
pub use settle::{Received, note, receive, tell};
