//! What an administrator may set.

use env::settings::serde::{Deserialize, Serialize};

env::settings! {
    /// How senders are authenticated.
    pub struct AuthenticationSettings in "authentication" {
        /// Domains whose ARC seals are believed (RFC 8617): forwarders and mailing lists that say what they found before they changed a
        /// message. A chain counts only if every sealer is named here.
        trusted_sealers: Vec<String> = Vec::new(),
        /// Seconds that all checks of one message may take together. What has no answer by then is a temporary error.
        check_seconds: u64 = 20,
        /// What is done with mail from strangers while DNS does not work at all, so that nobody can be authenticated: "defer" makes
        /// them try again later, "accept" takes it unauthenticated. Where dns.servers names servers, mail is always deferred.
        without_dns: WithoutDns = WithoutDns::Defer,
    }
}

/// What is done while DNS does not work at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum WithoutDns {
    /// Mail waits at its sender.
    #[default]
    Defer,
    /// Mail is taken, and nothing in it counts as authenticated.
    Accept,
}
