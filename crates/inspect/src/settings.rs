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
        /// Program, with its arguments, that reads text in pictures: it gets a picture (JPEG, grey) on standard input and writes text to standard
        /// output. For instance `["tesseract", "stdin", "stdout", "-l", "eng+chi_sim"]`; empty for none. It runs without network and writes no file.
        recogniser: Vec<String> = Vec::new(),
        /// Seconds that it may take for one picture.
        recogniser_seconds: u64 = 10,
        /// Files and directories that it may read, its own among them.
        recogniser_reads: Vec<String> = [
            "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/proc/cpuinfo", "/proc/meminfo", "/dev/null", "/dev/urandom"
        ].map(str::to_owned).to_vec(),
    }
}
