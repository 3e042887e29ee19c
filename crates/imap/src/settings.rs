env::settings! {
    /// Reading mail by IMAP.
    pub struct ImapSettings in "imap" {
        /// Connections at the same time on each service.
        connections_max: usize = 20_000,
        /// Connections at the same time from one address. A mail client opens several, an office shares an address.
        connections_per_address_max: usize = 500,
        /// Minutes that a signed-in client may be silent (RFC 9051 section 5.4 asks for at least 30).
        idle_minutes: u64 = 31,
        /// Seconds that a client may take before it has signed in, and between the parts of a command.
        command_seconds: u64 = 60,
        /// Seconds that one search may take.
        search_seconds: u64 = 60,
        /// MiB of opened summaries (envelope, structure, preview) that are kept for clients that ask again. They are forgotten
        /// after a quarter of an hour without use.
        summaries_mib: usize = 64,
    }
}
