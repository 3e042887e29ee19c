//! Sender authentication: who vouches for a message, and does that fit the author whom it names?
//!
//! [`Checker::check`] takes a message, what is known of its connection, a resolver and a clock, and gives [`Facts`]: SPF (RFC 7208),
//! DKIM (RFC 6376), DMARC (RFC 9989), ARC (RFC 8617) and iprev (RFC 8601). It decides nothing; that is the receiver's.
//! [`results`] writes them down in one Authentication-Results field and finds those that strangers wrote in our name.
//!
//! Knows nothing of sockets and storage: DNS comes in as [`env::dns::Resolver`], time as [`env::Clock`].

pub mod aggregate;
mod answers;
mod arc;
mod author;
mod check;
pub mod complaint;
mod dkim;
mod dmarc;
pub mod failure;
mod iprev;
pub mod mta_sts;
pub mod results;
mod seal;
mod settings;
mod sign;
mod signature;
mod spf;
pub mod srs;
mod tags;
pub mod tls_rpt;
pub mod zone;

pub use answers::SetUpError;
pub use arc::{ArcCheck, ArcResult};
pub use author::{Ambiguity, AuthorIdentity, author};
pub use check::{Checker, Connection, EnvelopeFacts, Facts};
pub use dkim::{DkimCheck, DkimResult};
pub use dmarc::{DmarcCheck, DmarcPolicy, DmarcResult, FailureOptions, Published, ReportAddress};
pub use dmarc::{failure_addresses, report_addresses};
pub use iprev::{IprevCheck, IprevResult};
pub use seal::seal;
pub use settings::{AuthenticationSettings, WithoutDns};
pub use sign::{KeyKind, SignError, SigningKey, sign};
pub use spf::{Question, SpfCheck, SpfResult, check_helo, check_mail_from};
