//! Starts Tradewind and its peers on free loopback ports, and talks to them.
//!
//! Each server is a value: made by `start`, asked for its addresses, stopped when dropped. Everything that it writes
//! lies in a [`Scratch`] directory of its own. Nothing here touches the system's own configuration, and nothing
//! listens anywhere but on 127.0.0.1.
//!
//! A test that needs peers begins with [`require!`]; it is skipped aloud where they cannot be installed, and fails
//! instead under `TRADEWIND_REQUIRE_PEERS=1`, as in CI.
//!
//! ```ignore
//! #[test]
//! fn mail_from_postfix_arrives() -> Outcome {
//!     require!("postfix", "swaks");
//!     let tradewind = Tradewind::start(Options::default())?;
//!     let postfix = Postfix::start(PostfixOptions::default().route("trade.test", tradewind.listen("smtp")?))?;
//!     ...
//! }
//! ```

mod access;
mod bind;
mod browser;
mod c_icap;
mod certificate;
mod chance;
mod clamd;
mod deflate;
pub mod dialog;
mod dkimpy;
mod dovecot;
mod failure;
mod faketime;
mod https_host;
pub mod imap;
mod message;
mod opendkim;
mod outward;
mod packages;
mod policyd_spf;
mod port53;
mod ports;
mod postfix;
mod process;
mod pypi;
mod pyspf;
mod scratch;
mod scripted;
mod sink;
mod slapd;
mod slow_names;
pub mod smtp;
mod stream;
mod tradewind;

pub use access::Access;
pub use bind::Bind;
pub use browser::{Browser, Page, USER_AGENT};
pub use c_icap::CIcap;
pub use certificate::{Authority, SelfSigned, Validity};
pub use chance::Chance;
pub use clamd::Clamd;
pub use dkimpy::{arc_answers, arc_verdict, dkim_verdicts};
pub use dovecot::{Dovecot, DovecotOptions};
pub use failure::{Failure, Outcome, wait_until};
pub use faketime::Faketime;
pub use https_host::{Asked, HttpsHost};
pub use message::{Letter, decoded, message_id, words};
pub use opendkim::{DkimKey, OpenDkim};
pub use outward::{Outward, RouteTo};
pub use packages::missing;
pub use policyd_spf::{SpfQuestion, policyd_verdicts};
pub use port53::Port53;
pub use ports::{PortBase, Reserved, free_port};
pub use postfix::{Postfix, PostfixOptions};
pub use process::{Finished, Process, run};
pub use pypi::{file_of_sdist, python_packages, virtual_environment};
pub use pyspf::pyspf_verdicts;
pub use scratch::Scratch;
pub use scripted::{ScriptedServer, Visit};
pub use sink::Sink;
pub use slapd::Slapd;
pub use slow_names::SlowNames;
pub use stream::{Stream, Trust};
pub use tradewind::{Account, Options, Tradewind};

/// Leaves a test that cannot run here: prints `SKIPPED: why` on standard error and returns success, or fails under
/// `TRADEWIND_REQUIRE_PEERS=1`.
#[macro_export]
macro_rules! skip {
    ($($why:tt)+) => {
        return $crate::skipped(&format!($($why)+))
    };
}

/// Sees that Debian packages are installed, installing them where that is possible; otherwise the test is skipped.
#[macro_export]
macro_rules! require {
    ($($package:literal),+ $(,)?) => {
        if let Some(why) = $crate::missing(&[$($package),+]) {
            $crate::skip!("{why}");
        }
    };
}

/// What [`skip!`] returns.
///
/// # Errors
/// A failure that says `why`, under `TRADEWIND_REQUIRE_PEERS=1`.
pub fn skipped(why: &str) -> Outcome {
    if std::env::var("TRADEWIND_REQUIRE_PEERS").is_ok_and(|value| value == "1") {
        return Err(Failure::new(format!("cannot run, and must (TRADEWIND_REQUIRE_PEERS=1): {why}")));
    }
    eprintln!("SKIPPED: {why}");
    Ok(())
}
