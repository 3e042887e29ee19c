//! What an administrator may set.

env::settings! {
    /// Message trace: what happened to messages, for those who look after the mail. See the manual's page on it.
    pub struct TraceSettings in "trace" {
        /// Days for which a trace is kept; 0 keeps none.
        keep_days: u32 = 30,
        /// Traces of what is refused that are kept of one day, so that a flood cannot fill the disk; what is beyond is counted in its minute.
        refused_per_day_max: u32 = 50_000,
    }
}

impl TraceSettings {
    /// Whether traces are kept at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.keep_days > 0
    }
}
