//! DMARC aggregate reports (RFC 7489 section 7.2): what mail from a domain was like is counted and told to its owner once a day; what
//! others tell of our domains is read and listed.
//!
//! Counting costs the way of a message one look into a map: counts are written by [`Tally::flush`] from time to time, and a crash
//! loses those of the last minute. Failure reports (`ruf`) are not made: they carry other people's mail to third parties.
//!
//! Knows nothing of protocols: facts come in, a message for the queue goes out.

mod dmarc;
mod error;
mod settings;

pub use dmarc::fact::{Disposition, Fact};
pub use dmarc::received::{Listed, MESSAGE_BYTES_MAX, UnpackError, is_candidate, keep, list, read_message};
pub use dmarc::rows::DAYS_KEPT;
pub use dmarc::send::{Reporter, SendFor};
pub use dmarc::tally::Tally;
pub use error::ReportError;
pub use settings::ReportSettings;
