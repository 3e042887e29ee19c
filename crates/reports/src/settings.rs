//! What an administrator may set.

env::settings! {
    /// Reports to and from the owners of domains. Failure reports, which would send copies of mail to third parties, are not made.
    pub struct ReportSettings in "reports" {
        /// Count what mail from domains with a DMARC policy was like, and tell their owners once a day (RFC 7489 section 7.2).
        dmarc: bool = true,
        /// Read the reports on our own domains that come to their postmasters, for tradewind report dmarc.
        read_dmarc: bool = true,
    }
}
