//! What other domains ask of the way to them (MTA-STS), how connections to them fare, and the reports about it (TLS-RPT).

mod gathered;
mod letter;
mod policies;
mod reporter;
mod results;
mod seen;

pub use gathered::send_soon;
pub(crate) use policies::{Found, Policies, PolicyFault, kept_policy};
pub use reporter::Reporter;
pub(crate) use results::{Ends, Results};
pub(crate) use seen::{Seen, Sightings, last as last_seen};
