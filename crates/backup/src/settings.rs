use std::path::PathBuf;

env::settings! {
    /// Copies of everything, from which a lost server is built anew.
    pub struct BackupSettings in "backup" {
        /// Directories of repositories in the restic format, each of which gets every backup; none for no backups. One that is not there is made.
        repositories: Vec<String> = Vec::new(),
        /// File with the password of the repositories. The first backup makes it. Keep a copy off this machine, beside the region key: without
        /// the two no backup can be read.
        password_file: PathBuf = PathBuf::from("backup.key"),
        /// Minutes between two backups; 0 for none but those that are asked for.
        every_minutes: u64 = 1440,
        /// Days for which every backup is kept; 0 for what the highest level among the organisations asks: 7, 30 or 90.
        keep_days: u32 = 0,
        /// Weeks, beyond those days, of which the last backup is kept.
        keep_weeks: u32 = 8,
        /// Months, beyond those days, of which the last backup is kept.
        keep_months: u32 = 12,
        /// "automatic": where an organisation has level enhanced or above, an embedded database that is found damaged at start is put aside and
        /// the newest good backup taken up in its place. "manual": the server does not start, and says how to restore.
        recover: String = "automatic".to_owned(),
        /// Delete backups whose time is over. Switch it off where the repository may only be added to, and have them deleted from elsewhere.
        prune: bool = true,
        /// MiB read from the store in a second at most, so that a backup leaves room for the server; 0 for no limit.
        mib_per_second: u64 = 0,
    }
}
