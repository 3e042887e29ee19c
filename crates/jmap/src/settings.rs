use std::path::PathBuf;

env::settings! {
    /// Reading and sending mail by JMAP, over HTTPS.
    pub struct JmapSettings in "jmap" {
        /// Offer JMAP.
        enabled: bool = true,
        /// Longest file that a client may upload, in bytes.
        upload_bytes_max: u64 = 50 << 20,
        /// Uploads of one account at the same time.
        uploads_max: usize = 4,
        /// Bytes of uploaded files that an account may have waiting to be used. They are forgotten after a day.
        uploads_bytes_max: u64 = 500 << 20,
        /// Longest request, in bytes.
        request_bytes_max: usize = 10 << 20,
        /// Requests of one account at the same time.
        requests_max: usize = 8,
        /// Calls in one request.
        calls_max: usize = 64,
        /// Objects that one call may read.
        objects_get_max: usize = 1_000,
        /// Objects that one call may make, change or destroy.
        objects_set_max: usize = 1_000,
        /// Seconds that one search may take.
        search_seconds: u64 = 30,
        /// Messages of all accounts of which is kept in memory where they lie: about 200 bytes each. Accounts that were not used for the
        /// longest time go first.
        index_messages_max: usize = 1_000_000,
        /// MiB of opened summaries and headers that are kept for clients that ask again.
        opened_mib: usize = 64,
        /// Connections of one account at the same time that wait for changes (EventSource, WebSocket).
        push_connections_max: usize = 16,
        /// Push subscriptions (RFC 8620 section 7.2) of one account; 0: none.
        push_subscriptions_max: usize = 16,
        /// Networks of one's own, as `10.1.2.0/24`, in which push services may be; others are asked on the open Internet only.
        push_within: Vec<String> = Vec::new(),
        /// Files (PEM) with authorities that certificates of push services may have, beside those that this machine trusts.
        push_roots: Vec<PathBuf> = Vec::new(),
        /// Let people send the read receipts that messages ask for (RFC 9007), each once and when its reader wants it.
        receipts: bool = true,
        /// Show pictures from elsewhere to those who ask for them in the webmail: the server fetches them, so that a sender does not learn who
        /// reads, and from where. Only addresses of the open Internet are asked.
        pictures: bool = true,
        /// Longest picture that is fetched, in bytes.
        picture_bytes_max: usize = 5 << 20,
        /// MiB of fetched pictures that are kept for an hour.
        pictures_mib: usize = 64,
        /// Networks of one's own, as `10.1.2.0/24`, from which pictures may be fetched too.
        pictures_within: Vec<String> = Vec::new(),
    }
}
