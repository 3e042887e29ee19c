//! The checks that there are: what each is about, what it costs to look, and where to act when it does not pass.

use crate::EvidenceError;
use crate::checks::{backups, judging, keys, log, mail, people, privacy, server};
use crate::look::Look;
use Mend::{Action, Settings};

env::words! {
    /// A check.
    Check "check" allowed "those that evidence-list names" {
        /// Connections are encrypted as the level asks.
        Transport = "transport",
        /// Certificates of the services are good and last.
        Certificates = "certificates",
        /// What rests is sealed under keys that open and that nobody else can read.
        AtRest = "at-rest",
        /// Keys at rest get new generations.
        KeyRotation = "key-rotation",
        /// People have keys to encrypt from end to end.
        EndToEnd = "end-to-end",
        /// Chinese commercial cryptography is in use.
        Gm = "gm",
        /// Whoever must have a second factor has one.
        Factors = "factors",
        /// What passwords must be.
        Passwords = "passwords",
        /// Administration, security and audit lie in different hands.
        Duties = "duties",
        /// A second person is asked where the level says so.
        SecondPerson = "second-person",
        /// Grants to read another's mail end, and owners are told.
        Grants = "grants",
        /// Who has access is reviewed each quarter.
        AccessReview = "access-review",
        /// Accounts that nobody uses.
        IdleAccounts = "idle-accounts",
        /// Sign-ins are watched, and people are told of odd ones.
        SignInWatch = "sign-in-watch",
        /// Mail is judged as the level says.
        Judging = "judging",
        /// Attached files are looked into, and a scanner for malware is asked.
        Malware = "malware",
        /// Feeds of what others know are fresh.
        Feeds = "feeds",
        /// Cases of the trade guard are looked at in time.
        FraudGuard = "fraud-guard",
        /// DNS shows the records of our domains.
        SenderRecords = "sender-records",
        /// Mail of our domains is signed.
        Signing = "signing",
        /// Our addresses and domains stand on no blocklist.
        Blocklists = "blocklists",
        /// Rules say what people may send.
        Outbound = "outbound",
        /// Backups succeed.
        Backups = "backups",
        /// Backups are where the level wants them.
        BackupPlaces = "backup-places",
        /// Points in time between backups can be reached.
        Points = "points",
        /// Restores are rehearsed.
        Rehearsal = "rehearsal",
        /// All content was looked through for damage.
        ContentWhole = "content-whole",
        /// Records of what was done get their place in the audit log.
        AuditSealed = "audit-sealed",
        /// The newest record can be proved.
        AuditProved = "audit-proved",
        /// Others keep checkpoints of the audit log.
        AuditWitnesses = "audit-witnesses",
        /// Records are kept for half a year at least.
        AuditRetained = "audit-retained",
        /// Changes of settings are recorded.
        SettingsRecorded = "settings-recorded",
        /// Rules on how long mail stays are carried out.
        Retention = "retention",
        /// Legal holds in force.
        Holds = "holds",
        /// Erased accounts are gone everywhere.
        Erasure = "erasure",
        /// Requests of people about their data are answered in time.
        SubjectRequests = "subject-requests",
        /// What crosses borders does so by rule.
        Residency = "residency",
        /// Mail leaves.
        Queue = "queue",
        /// There is room.
        Storage = "storage",
        /// The machine's clock is right.
        Clock = "clock",
        /// Program and store are of one version.
        Versions = "versions",
    }

    /// An area of what is asked of the system, for the overview.
    Area "area" allowed "those that the overview names" {
        /// Encryption in transit.
        Transport = "transport",
        /// Encryption at rest and keys.
        Encryption = "encryption",
        /// From end to end.
        EndToEnd = "end-to-end",
        /// Second factors and passwords.
        SignIn = "sign-in",
        /// Who may do what.
        Access = "access",
        /// Sign-in watch.
        Watch = "watch",
        /// Judging of mail.
        Judging = "judging",
        /// What others know.
        Intelligence = "intelligence",
        /// Fraud in trade.
        Fraud = "fraud",
        /// Who sends in our name.
        Sender = "sender",
        /// What people send.
        Outbound = "outbound",
        /// Backups and rehearsals.
        Backups = "backups",
        /// The record of what was done.
        Audit = "audit",
        /// How long mail stays.
        Retention = "retention",
        /// Rights of people to their data.
        Privacy = "privacy",
        /// Where data is at home.
        Residency = "residency",
        /// Mail on its way, room, clock, versions.
        Operation = "operation",
    }
}

/// What it costs to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Some rows: it is looked whenever somebody asks.
    Cheap,
    /// All accounts are walked: it is looked from time to time, and who asks gets the last look.
    Walk,
}

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The same for all organisations.
    Installation,
    /// Each organisation's own.
    Organisation,
}

/// Where to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// An action of the list, which shows or changes what is wrong.
    Action(&'static str),
    /// A section of the configuration file.
    Settings(&'static str),
}

impl Mend {
    /// Its kind and its name.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Action(name) => ("action", name),
            Self::Settings(name) => ("settings", name),
        }
    }
}

/// What is known of a check.
pub(crate) struct Definition {
    area: Area,
    cost: Cost,
    scope: Scope,
    mend: &'static [Mend],
    pub(crate) run: fn(&mut Look<'_, '_>) -> Result<(), EvidenceError>,
}

impl Check {
    /// Under which area the overview has it.
    #[must_use]
    pub fn area(self) -> Area {
        self.definition().area
    }

    /// What it costs to look.
    #[must_use]
    pub fn cost(self) -> Cost {
        self.definition().cost
    }

    /// Whose it is.
    #[must_use]
    pub fn scope(self) -> Scope {
        self.definition().scope
    }

    /// Where to act when it does not pass, the likeliest first.
    #[must_use]
    pub fn mend(self) -> &'static [Mend] {
        self.definition().mend
    }
}

/// Declares what is known of each check: area, cost, whose it is, where to act, and the function that looks.
macro_rules! definitions {
    ($($check:ident: $area:ident, $cost:ident, $scope:ident, [$($mend:expr),*], $run:path;)+) => {
        impl Check {
            /// What is known of it.
            pub(crate) const fn definition(self) -> Definition {
                match self {
                    $(Self::$check => Definition {
                        area: Area::$area,
                        cost: Cost::$cost,
                        scope: Scope::$scope,
                        mend: &[$($mend),*],
                        run: $run,
                    },)+
                }
            }
        }
    };
}

definitions! {
    Transport: Transport, Cheap, Installation, [Settings("tls"), Settings("listen")], server::transport;
    Certificates: Transport, Cheap, Installation, [Settings("acme"), Settings("tls")], server::certificates;
    AtRest: Encryption, Cheap, Organisation, [Settings("server"), Settings("keys")], keys::at_rest;
    KeyRotation: Encryption, Cheap, Organisation, [Action("key-rotate-organisation")], keys::rotation;
    EndToEnd: EndToEnd, Walk, Organisation, [Action("openpgp-list"), Action("protection-list")], keys::end_to_end;
    Gm: Encryption, Cheap, Installation, [Settings("gm"), Settings("keys")], keys::gm;
    Factors: SignIn, Walk, Organisation, [Action("factor-missing")], people::factors;
    Passwords: SignIn, Cheap, Organisation, [Settings("passwords")], people::passwords;
    Duties: Access, Walk, Organisation, [Action("access-review"), Action("user-role")], people::duties;
    SecondPerson: Access, Cheap, Organisation, [Action("access-approval")], people::second_person;
    Grants: Access, Cheap, Organisation, [Action("grant-list")], people::grants;
    AccessReview: Access, Cheap, Organisation, [Action("access-report")], people::access_review;
    IdleAccounts: Access, Walk, Organisation, [Action("access-report"), Action("user-state")], people::idle;
    SignInWatch: Watch, Cheap, Organisation, [Action("sign-in-list"), Settings("watch")], people::sign_in_watch;
    Judging: Judging, Cheap, Organisation, [Action("judging-policy"), Settings("judging")], judging::judging;
    Malware: Judging, Cheap, Organisation, [Settings("threats"), Settings("inspect")], judging::malware;
    Feeds: Intelligence, Cheap, Organisation, [Settings("threats")], judging::feeds;
    FraudGuard: Fraud, Cheap, Organisation, [Action("guard-cases"), Settings("judging")], judging::fraud_guard;
    SenderRecords: Sender, Cheap, Organisation, [Action("evidence-look"), Action("dkim-list")], mail::sender_records;
    Signing: Sender, Cheap, Organisation, [Action("dkim-list"), Action("dkim-rotate")], mail::signing;
    Blocklists: Sender, Cheap, Installation, [Action("blocklist-list"), Settings("blocklists")], mail::blocklists;
    Outbound: Outbound, Cheap, Organisation, [Action("outbound-waiting"), Action("outbound-rules")], mail::outbound;
    Backups: Backups, Cheap, Installation, [Action("backup-status"), Action("backup-run")], backups::backups;
    BackupPlaces: Backups, Cheap, Installation, [Action("backup-needs"), Settings("backup")], backups::places;
    Points: Backups, Cheap, Installation, [Action("backup-status")], backups::points;
    Rehearsal: Backups, Cheap, Installation, [Action("backup-rehearse"), Settings("rehearsal")], backups::rehearsal;
    ContentWhole: Backups, Cheap, Installation, [Action("store-scrub")], backups::content;
    AuditSealed: Audit, Cheap, Installation, [Action("audit-head")], log::sealed;
    AuditProved: Audit, Cheap, Installation, [Action("audit-prove")], log::proved;
    AuditWitnesses: Audit, Cheap, Installation, [Settings("audit")], log::witnesses;
    AuditRetained: Audit, Cheap, Organisation, [Settings("access"), Settings("watch")], log::retained;
    SettingsRecorded: Audit, Cheap, Installation, [Action("access-log")], log::settings;
    Retention: Retention, Cheap, Organisation, [Action("retention-rule-list")], privacy::retention;
    Holds: Retention, Cheap, Organisation, [Action("hold-list")], privacy::holds;
    Erasure: Privacy, Cheap, Organisation, [Action("backup-erasures")], privacy::erasure;
    SubjectRequests: Privacy, Cheap, Organisation, [Action("subject-list")], privacy::subject_requests;
    Residency: Residency, Cheap, Organisation, [Action("crossing-rule-list"), Action("transfer-list")], privacy::residency;
    Queue: Operation, Cheap, Organisation, [Action("queue-list")], server::queue;
    Storage: Operation, Walk, Organisation, [Action("user-list"), Action("store-collect")], server::storage;
    Clock: Operation, Cheap, Installation, [Action("evidence-look")], server::clock;
    Versions: Operation, Cheap, Installation, [Action("store-check")], server::versions;
}
