//! What an administrator may set.

env::settings! {
    /// Signatures of outgoing mail (DKIM, RFC 6376). The keys are in the store: see tradewind dkim.
    pub struct SigningSettings in "dkim" {
        /// Sign what our people and the server itself send.
        sign: bool = true,
        /// Seconds between looks whether DNS shows the record of a key that waits for it.
        watch_seconds: u64 = 300,
        /// Days for which the record of a key that signs no more must stay published: as long as messages may be under way.
        overlap_days: u64 = 7,
    }
}

impl SigningSettings {
    /// How long the record of a key that signs no more must stay published.
    #[must_use]
    pub const fn overlap(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.overlap_days.saturating_mul(86_400))
    }
}
