use std::path::PathBuf;

env::settings! {
    /// Copies of everything, from which a lost server is built anew.
    pub struct BackupSettings in "backup" {
        /// Repositories in the restic format, each of which gets every backup; none for no backups. One that is not there is made. A directory,
        /// or `s3:https://HOST/BUCKET/FOLDER`, `rest:https://HOST/FOLDER`, `sftp:USER@HOST:/FOLDER`, `rclone:REMOTE:FOLDER`; these last two need
        /// the program rclone.
        repositories: Vec<String> = Vec::new(),
        /// File with the password of the repositories. The first backup makes it. Keep a copy off this machine, beside the region key: without
        /// the two no backup can be read.
        password_file: PathBuf = PathBuf::from("backup.key"),
        /// File with what opens the way to repositories elsewhere, a table of TOML for each: docs/backup.md. Nobody else may read it.
        credentials_file: PathBuf = PathBuf::from("backup-credentials.toml"),
        /// Minutes between two backups; 0 for none but those that are asked for.
        every_minutes: u64 = 1440,
        /// Points in time between backups, at most a minute apart: what changed goes into each repository as a step. "by-level": where an
        /// organisation has level enhanced or above; "on" or "off".
        points_in_time: String = "by-level".to_owned(),
        /// Seconds between two steps.
        step_seconds: u64 = 45,
        /// Days for which each point in time can be reached; 0 for what the highest level among the organisations asks: 7, or 14 for trade.
        step_days: u32 = 0,
        /// Changes of rows that wait at most for a repository that cannot be reached. Beyond them points in time begin anew with another backup,
        /// and those in between are lost.
        step_changes_max: u64 = 4_000_000,
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
        /// Into how many parts a repository is divided, one of which is read back each day after the backup, so that all of it is in so many days;
        /// 0 for none. What is damaged is told, and stored anew by the next backup.
        read_back_parts: u32 = 30,
        /// A backup gives way to everything else on the machine: its threads have a low priority, and while mail comes in it reads no more than
        /// 16 MiB a second, so that it takes long on a busy one.
        gives_way: bool = true,
        /// MiB read from the store in a second at most, so that a backup leaves room for the server; 0 for no limit.
        mib_per_second: u64 = 0,
    }
}
