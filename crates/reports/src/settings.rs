//! What an administrator may set.

env::settings! {
    /// Reports to and from the owners of domains.
    pub struct ReportSettings in "reports" {
        /// Count what mail from domains with a DMARC policy was like, and tell their owners once a day (RFC 7489 section 7.2).
        dmarc: bool = true,
        /// Read the DMARC reports on our own domains that come to their postmasters, for tradewind report dmarc and tradewind report failures.
        read_dmarc: bool = true,
        /// Report single messages that failed to those owners of domains who ask for that (RFC 7489 section 7.3). Off, as it tells third parties
        /// of mail to our people.
        failures: bool = false,
        /// Failure reports to one domain in an hour; the next one says how many messages were left out.
        failure_per_hour: u32 = 10,
        /// Leave recipients, subject and way out of failure reports (RFC 6590). The body is never in them.
        failure_redacted: bool = true,
    }
}
