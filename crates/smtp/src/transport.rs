//! What other domains ask of the way to them (MTA-STS), how connections to them fare, and the reports about it (TLS-RPT).

mod policies;
mod results;

pub(crate) use policies::{Found, Policies, PolicyFault};
pub(crate) use results::Results;
