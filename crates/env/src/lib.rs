//! What a program takes from its surroundings, as values that are passed in: the clock, randomness,
//! identifiers, DNS answers and secrets. Knows nothing of mail.
//!
//! Lints forbid the ambient forms (`SystemTime::now` and friends) everywhere else, so that every test can
//! choose its own time, randomness and DNS.

mod clock;
pub mod dns;
mod entropy;
mod id;
mod secret;
pub mod settings;
mod watched;
mod words;

pub use clock::{Civil, Clock, ManualClock, SystemClock, Timestamp};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use id::{IdSource, NODE_MAX, least_at, moment_of};
pub use secret::Secret;
pub use watched::{Derived, Publisher, Watched};
pub use words::UnknownWord;

/// What a failure means to whoever asked: try again, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// The same request can succeed later.
    Temporary,
    /// The same request will fail again.
    Permanent,
}
