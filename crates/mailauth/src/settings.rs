//! What an administrator may set.

env::settings! {
    /// How senders are authenticated.
    pub struct AuthenticationSettings in "authentication" {
        /// Domains whose ARC seals are believed (RFC 8617): forwarders and mailing lists that say what they found before they changed a
        /// message. A chain counts only if every sealer is named here.
        trusted_sealers: Vec<String> = Vec::new(),
        /// Seconds that all checks of one message may take together. What has no answer by then is a temporary error.
        check_seconds: u64 = 20,
    }
}
