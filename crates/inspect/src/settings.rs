//! What can be set about workers.

env::settings! {
    /// Looking into attached files, which confined processes do.
    pub struct InspectSettings in "inspect" {
        /// Processes that look into files at the same time, at least 1.
        workers: usize = 2,
        /// Seconds that one file may take, with all that is in it.
        seconds: u64 = 5,
        /// Seconds to wait for a free process; a file that waits longer is told as not looked into.
        wait_seconds: u64 = 5,
        /// MiB of memory that one process may have, at least 256.
        memory_mib: u64 = 768,
    }
}
