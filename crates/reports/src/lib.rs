//! Reports between the owners of domains: DMARC aggregate reports (RFC 7489 section 7.2), failure reports (RFC 6591), and those of others
//! about connections to us (TLS-RPT, RFC 8460).
//!
//! Counting costs the way of a message one look into a map: counts are written by [`Tally::flush`] from time to time, and a crash
//! loses those of the last minute. Failure reports are off unless switched on: they tell third parties of other people's mail.
//!
//! What others report is recognised in one way ([`received`]) and kept in the transaction that accepts the mail.
//!
//! Whether we stand on blocklists in DNS ([`blocklists`]) is asked and kept.
//! The overview of an organisation as a report for its management ([`overview`]) is kept and timed here too.
//!
//! Knows nothing of protocols: facts come in, a message for the queue goes out.

pub mod blocklists;
mod dmarc;
mod error;
mod failure;
pub mod overview;
pub mod received;
mod sender;
mod settings;
pub mod tls;

pub use dmarc::fact::{Disposition, Fact};
pub use dmarc::received::{Listed, MESSAGE_BYTES_MAX, UnpackError, list};
pub use dmarc::rows::DAYS_KEPT;
pub use dmarc::send::{Reporter, SendFor};
pub use dmarc::tally::Tally;
pub use error::ReportError;
pub use failure::fact::FailureFact;
pub use failure::received::{ListedFailure, list as list_failures};
pub use failure::send::FailureReporter;
pub use settings::ReportSettings;
