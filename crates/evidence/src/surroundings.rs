//! What a look needs to know beyond the store: settings in force, files, the state of parts that this crate must not know. Whoever has them fills them in.

use std::time::Duration;

use env::Timestamp;
use identity::rights::AccessSettings;
use identity::{FactorSettings, PasswordSettings};
use residence::RegionSettings;
use signing::SigningSettings;
use watch::WatchSettings;

/// Everything that is known beyond the store.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Version of the program.
    pub program: &'static str,
    /// Name of the server, which is the beginning of the audit log's name.
    pub hostname: String,
    /// How connections are encrypted.
    pub transport: TransportFacts,
    /// Certificates of the services.
    pub certificates: Vec<CertificateFound>,
    /// What seals at rest.
    pub keys: KeysFound,
    /// Passwords.
    pub passwords: PasswordSettings,
    /// Second factors.
    pub factors: FactorSettings,
    /// Access.
    pub access: AccessSettings,
    /// Sign-in watch.
    pub watch: WatchSettings,
    /// Whether the database of countries can be read.
    pub knows_countries: bool,
    /// The audit log.
    pub audit: AuditFacts,
    /// Signatures of outgoing mail.
    pub signing: SigningSettings,
    /// What is done with mail from strangers while DNS does not work: "defer" or "accept".
    pub without_dns: String,
    /// Blocklists that are asked about us.
    pub blocklists: BlocklistFacts,
    /// Judging of mail.
    pub judging: JudgingFacts,
    /// Scanners for malware that are asked: words of settings, no addresses.
    pub scanners: Vec<&'static str>,
    /// Feeds that are fetched.
    pub feeds: Vec<FeedFound>,
    /// Backups.
    pub backups: BackupFacts,
    /// The last rehearsal, and how often there is to be one.
    pub rehearsal: Rehearsed,
    /// Our region.
    pub region: RegionSettings,
    /// Days between two walks through all content; 0 for none.
    pub scrub_days: u32,
    /// The file system that the store is on, if it is ours.
    pub disk: Option<Disk>,
    /// The register of what people ask about their data; none while no part of the system keeps one. The seam for it: whoever keeps the register fills
    /// this in, by organisation.
    pub subjects: Option<Vec<SubjectFigures>>,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Default)]
pub struct TransportFacts {
    /// Oldest TLS version offered, "1.2" or "1.3".
    pub version_min: String,
    /// Services that listen, by their names in the settings.
    pub services: Vec<&'static str>,
    /// Mode of our MTA-STS policy: "testing", "enforce" or "none".
    pub mta_sts: String,
    /// Number of that policy, which DNS must announce.
    pub mta_sts_id: String,
    /// Whether Chinese cryptography is offered.
    pub gm: bool,
}

/// A certificate of the services.
#[derive(Debug, Clone)]
pub struct CertificateFound {
    /// The setting that names it.
    pub setting: &'static str,
    /// When it ends; none if it cannot be read.
    pub until: Option<Timestamp>,
    /// Why it cannot be used, if so.
    pub fault: String,
}

/// What seals at rest.
#[derive(Debug, Clone, Default)]
pub struct KeysFound {
    /// Cipher for what is new.
    pub cipher: String,
    /// What holds the region key: "file", "token" or "command".
    pub holder: &'static str,
    /// Settings that name files of keys which others on the machine can read, or which cannot be read.
    pub exposed: Vec<&'static str>,
    /// Files of keys that were looked at.
    pub files: usize,
}

/// The audit log.
#[derive(Debug, Clone, Default)]
pub struct AuditFacts {
    /// Time after which records have their place.
    pub seal_every: Duration,
    /// Who gets checkpoints, as the table of what was handed on names them.
    pub witnesses: Vec<String>,
    /// Whether each checkpoint is written into a directory that somebody else keeps.
    pub has_directory: bool,
    /// Time between two checkpoints for one of them.
    pub witness_every: Duration,
}

/// Blocklists that are asked about us.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlocklistFacts {
    /// How many.
    pub lists: usize,
    /// Time between two looks.
    pub every: Duration,
}

/// Judging of mail.
#[derive(Debug, Clone, Default)]
pub struct JudgingFacts {
    /// Mail from outside is judged.
    pub incoming: bool,
    /// Mail of people here is.
    pub outgoing: bool,
    /// Probability of fraud from which finance gets a case, by level: basic, enhanced, trade; above 1 is never.
    pub fraud_warn: [f64; 3],
    /// Days that a message waits in quarantine.
    pub quarantine_days: u32,
}

/// A feed that is fetched.
#[derive(Debug, Clone)]
pub struct FeedFound {
    /// Its name.
    pub name: String,
    /// When it was asked for last; none for never.
    pub checked: Option<Timestamp>,
    /// Time between two fetches.
    pub every: Duration,
    /// Whether a version waits for an administrator.
    pub waits: bool,
    /// Why the last fetch failed, if it did.
    pub fault: String,
}

/// Backups.
#[derive(Debug, Clone, Default)]
pub struct BackupFacts {
    /// Where they go.
    pub repositories: Vec<String>,
    /// Time between two, if they are taken by themselves.
    pub every: Option<Duration>,
    /// What they lack for the level, as words.
    pub lacks: Vec<&'static str>,
    /// Repositories that they may not go to, as they would cross into another region.
    pub may_not_cross: usize,
    /// Whether points in time between backups are wanted.
    pub points: bool,
    /// Time between two steps.
    pub step_every: Duration,
}

/// Rehearsals of restores.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rehearsed {
    /// Time between two; zero for none.
    pub every: Duration,
    /// When the last one was, and whether everything was as it should be.
    pub last: Option<(Timestamp, bool)>,
}

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free to us.
    pub free_bytes: u64,
    /// Bytes that it has.
    pub total_bytes: u64,
}

/// What people ask about their data, of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectFigures {
    /// Whose.
    pub organisation: i64,
    /// Requests that are not answered yet.
    pub open: u64,
    /// Of them, those whose time is over.
    pub overdue: u64,
    /// Requests that were answered within the last year.
    pub answered: u64,
}
