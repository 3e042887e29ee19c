//! The command line.

mod access;
mod audit;
mod backup;
mod check_auth;
mod clients;
mod config;
mod connector;
mod directory;
mod evidence;
mod factors;
mod feeds;
mod guard;
mod import;
mod investigation;
mod judging;
mod keys;
mod lists;
mod openpgp;
mod outbound;
mod overview_report;
mod page;
mod protection;
mod receipt;
mod region;
mod retention;
mod sign_ins;
mod smime;
mod subject;
mod tls;
mod trace;

use std::path::PathBuf;

pub(crate) use config::{ConfigCommand, GetSettings, ImportConfig, SetSetting, UndoSetting};
pub(crate) use directory::{
    DelegationCommand, DirectoryCommand, GroupCommand, ProvisionCommand, ServiceCommand, SharedCommand,
};
pub(crate) use outbound::OutboundCommand;
pub(crate) use protection::ProtectionCommand;
pub(crate) use smime::SmimeCommand;
pub(crate) use subject::SubjectCommand;

use clap::{Args, Parser, Subcommand};

pub(crate) use access::{AccessCommand, ApprovalCommand, GrantCommand, RoleCommand};
pub(crate) use audit::AuditCommand;
pub(crate) use backup::{BackupCommand, FollowOptions, RestoreOptions, SourceOptions, StandbyCommand};
pub(crate) use check_auth::CheckAuth;
pub(crate) use clients::{AppPasswordCommand, OauthCommand, ProgramCommand, SessionCommand};
pub(crate) use evidence::EvidenceCommand;
pub(crate) use factors::{AuthorityCommand, FactorCommand};
pub(crate) use feeds::{FeedForm, FeedsCommand, SharedForm};
pub(crate) use guard::{GuardCommand, ReplayOptions};
pub(crate) use import::{ExportCommand, ImportCommand, ImportImap};
pub(crate) use investigation::InvestigationCommand;
pub(crate) use judging::{
    ComplaintCommand, JudgeOptions, JudgingCommand, ModelCommand, ModelEval, ModelTrain, QuarantineCommand,
    ReputationCommand, RulesCommand, TemplatesCommand, WorkerOptions,
};
pub(crate) use keys::{KeysCommand, MoveKey, NewHolder};
pub(crate) use lists::ListCommand;
pub(crate) use retention::{HoldCommand, JournalCommand, Recover, RetentionCommand, SpaceCommand};
pub(crate) use sign_ins::{ReviewOptions, SignInsCommand};
pub(crate) use tls::{DnsCommand, TlsCommand};

/// Tradewind (信风): a secure mail system that a trading company runs itself.
#[derive(Debug, Parser)]
#[command(name = "tradewind", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file.
    #[arg(long, short, global = true, env = "TRADEWIND_CONFIG", default_value = "tradewind.toml")]
    pub(crate) config: PathBuf,
    /// Answer as JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// From nothing to a working mail system: configuration, keys, certificates, a demo company; then serve.
    Quickstart(Quickstart),
    /// Run the server in the foreground.
    Serve,
    /// Look whether everything around the server is as it must be.
    Check(Check),
    /// The configuration: its file, and settings that are changed while the server runs.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Companies that have their mail here.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
    /// Mail domains.
    #[command(subcommand)]
    Domain(DomainCommand),
    /// People and their mail accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Who may do what: the table of rights, reviews, explanations, the record.
    #[command(subcommand)]
    Access(AccessCommand),
    /// Roles beside the job, and custom ones.
    #[command(subcommand)]
    Role(RoleCommand),
    /// Grants to read another's mail for a while.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Requests that wait for a second person.
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// The OAuth server, by which programs act for people without their password.
    #[command(subcommand)]
    Oauth(OauthCommand),
    /// Groups: one address for many.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Shared mailboxes and who uses them.
    #[command(subcommand)]
    Shared(SharedCommand),
    /// What people may do with each other's mailboxes.
    #[command(subcommand)]
    Delegation(DelegationCommand),
    /// Accounts of programs.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// The directory as a table.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Other systems that say who there is.
    #[command(subcommand)]
    Provision(ProvisionCommand),
    /// Sign-ins: who came from where, what was odd, reviews.
    #[command(subcommand)]
    SignIns(SignInsCommand),
    /// Who is allowed and who is denied.
    #[command(subcommand)]
    List(ListCommand),
    /// Messages on their way out.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// What happened to messages: who wrote to whom, when, and what became of it.
    #[command(subcommand)]
    Trace(trace::TraceCommand),
    /// Long lists a page at a time.
    #[command(subcommand)]
    Page(page::PageCommand),
    /// Messages that are kept back until somebody looks.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// From which probabilities what is done with mail.
    #[command(subcommand)]
    Judging(JudgingCommand),
    /// Legal holds: mail that stays, whoever removes it.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// The journal of mail: what is kept of it for a period, whatever becomes of it in mailboxes.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Investigations: whose mail was looked into, and why.
    #[command(subcommand)]
    Investigation(InvestigationCommand),
    /// What people ask about their data: requests with deadlines, answers, proofs of erasure, registers of consents and processing.
    #[command(subcommand)]
    Subject(SubjectCommand),
    /// For how long removed mail is kept.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// What takes room: full accounts, and what is in them.
    #[command(subcommand)]
    Space(SpaceCommand),
    /// Bring removed mail back into its mailbox.
    Recover(Recover),
    /// Complaints about mail, in the abuse reporting format.
    #[command(subcommand)]
    Complaint(ComplaintCommand),
    /// How senders, their networks, and links have behaved before.
    #[command(subcommand)]
    Reputation(ReputationCommand),
    /// Bring mail from elsewhere into a mailbox.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Take an account's mail out to files.
    #[command(subcommand)]
    Export(ExportCommand),
    /// The store itself.
    #[command(subcommand)]
    Store(StoreCommand),
    /// DNS records.
    #[command(subcommand)]
    Dns(DnsCommand),
    /// Certificates.
    #[command(subcommand)]
    Tls(TlsCommand),
    /// Reports to and from the owners of domains.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Keys with which outgoing mail is signed.
    #[command(subcommand)]
    Dkim(DkimCommand),
    /// Keys and certificates of S/MIME: what signs, encrypts and decrypts mail.
    #[command(subcommand)]
    Smime(SmimeCommand),
    /// What people may send: rules, marked documents, what waits for approval.
    #[command(subcommand)]
    Outbound(OutboundCommand),
    /// By which servers mail leaves, and who may hand mail in.
    #[command(subcommand)]
    Connector(connector::ConnectorCommand),
    /// What must protect messages to partners.
    #[command(subcommand)]
    Protection(ProtectionCommand),
    /// Regions: whose home is in another one, what may cross, what has crossed.
    #[command(subcommand)]
    Region(region::RegionCommand),
    /// Keys of OpenPGP, of accounts and of their correspondents.
    #[command(subcommand)]
    Openpgp(openpgp::OpenPgpCommand),
    /// Mail that is encrypted to a key of its owner as it comes.
    #[command(subcommand)]
    OnReceipt(receipt::OnReceiptCommand),
    /// Check who vouches for a message, without a server, against the names in a file.
    CheckAuth(CheckAuth),
    /// Judge messages as the filter does, without a server.
    Judge(JudgeOptions),
    /// The trade-fraud guard.
    #[command(subcommand)]
    Guard(GuardCommand),
    /// A process that looks into attached files; the server starts it.
    #[command(hide = true)]
    InspectWorker(WorkerOptions),
    /// The learned model of the filter: train it, measure it, show its card.
    #[command(subcommand)]
    Model(ModelCommand),
    /// The rules of the filter: list them, try their examples, measure them.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// The audit log: verify it, export it, prove single records.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Evidence: live checks, what they show of standards and laws, signed reports.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// What needs attention, and live numbers.
    Overview {
        /// Language: en or zh.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// The overview as a report by mail: who gets it, how often.
    #[command(subcommand)]
    OverviewReport(overview_report::OverviewReportCommand),
    /// Backups: take one, list them, check them.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Build a server anew from a backup, in an empty directory.
    Restore(RestoreOptions),
    /// A second machine that follows a server by its repository, and takes its place when it is lost.
    #[command(subcommand)]
    Standby(StandbyCommand),
    /// Rehearse a restore: build a server from the newest backup beside this one, compare the two, and write a signed report.
    Rehearse,
    /// Keys at rest: what holds the region key, new generations, shares for recovery.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Feeds of bad addresses: list them, fetch them, look into a file of one.
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// The library of messages that were sent before.
    #[command(subcommand)]
    Templates(TemplatesCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Directory to set up; a second run changes nothing in it.
    #[arg(long, default_value = "tradewind")]
    pub(crate) dir: PathBuf,
    /// Mail domain of the company.
    #[arg(long, default_value = "trade.test")]
    pub(crate) domain: String,
    /// Put each service on this number plus its usual port; 0 for the usual ports.
    #[arg(long, default_value_t = 0)]
    pub(crate) port_base: u16,
    /// Address to listen on; by default loopback with a port base, every address without.
    #[arg(long)]
    pub(crate) address: Option<std::net::IpAddr>,
    /// PostgreSQL address for the store instead of the embedded one.
    #[arg(long, default_value = "embedded")]
    pub(crate) store: String,
    /// Only set up.
    #[arg(long)]
    pub(crate) no_serve: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Skip what needs the outside world: DNS, port 25 outward, reverse DNS.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrganisationCommand {
    /// List organisations with their protection levels.
    List,
    /// Change the protection level: basic, enhanced or trade.
    Level {
        /// The level.
        level: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Authorities whose client certificates (UKey) let people in.
    #[command(subcommand)]
    Authority(AuthorityCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainCommand {
    /// Take mail for a domain.
    Add {
        /// Domain name.
        domain: String,
        /// Organisation that it belongs to, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List domains.
    List,
    /// Stop taking mail for a domain without addresses.
    Remove {
        /// Domain name.
        domain: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Show an account.
    Show {
        /// Its address.
        address: String,
    },
    /// Make an account. Prints a fresh password unless one is given on standard input.
    Add {
        /// Mail address.
        address: String,
        /// Shown name.
        #[arg(long)]
        name: Option<String>,
        /// Job role.
        #[arg(long, default_value = "sales")]
        role: String,
        /// Language of notices to this person.
        #[arg(long, default_value = "en")]
        language: String,
        /// Room for mail in MiB; 0 for no limit.
        #[arg(long, default_value_t = 0)]
        quota_mib: u64,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts.
    List,
    /// Set a new password. Prints a fresh one unless it is given on standard input.
    Password {
        /// Mail address.
        address: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Add another address to an account.
    AliasAdd {
        /// Address of the account.
        address: String,
        /// Address to add.
        alias: String,
    },
    /// Remove an additional address.
    AliasRemove {
        /// Address to remove.
        alias: String,
    },
    /// Second factors of a person.
    #[command(subcommand)]
    Factor(FactorCommand),
    /// Where mail of an account is passed on to.
    #[command(subcommand)]
    Forward(ForwardCommand),
    /// Change the job role.
    Role {
        /// Mail address.
        address: String,
        /// Job role.
        role: String,
        /// Why duties that are kept apart may lie in this one hand. Those who review access are told.
        #[arg(long)]
        exception: Option<String>,
    },
    /// Who is signed in on the web.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Passwords for mail programs, one a device.
    #[command(subcommand)]
    AppPassword(AppPasswordCommand),
    /// Programs that are connected by OAuth.
    #[command(subcommand)]
    Program(ProgramCommand),
    /// Refuse sign-in; mail is still received.
    Disable {
        /// Mail address.
        address: String,
    },
    /// Allow sign-in again.
    Enable {
        /// Mail address.
        address: String,
    },
    /// Thaw an account that was frozen as somebody else seemed to know its password. Prints a fresh password.
    Unfreeze {
        /// Mail address.
        address: String,
        /// After a false alarm: keep the password and the app passwords.
        #[arg(long)]
        keep_password: bool,
    },
    /// Set the room for mail.
    Quota {
        /// Mail address.
        address: String,
        /// MiB; 0 for no limit.
        mib: u64,
    },
    /// Destroy an account's key and with it all its mail, for ever.
    Delete {
        /// Mail address.
        address: String,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ForwardCommand {
    /// Pass mail of an account on to another address, here or elsewhere. Its owner is told.
    Add {
        /// Address of the account.
        address: String,
        /// Address that its mail goes to.
        target: String,
        /// Keep no copy in the mailbox, unless another target asks for one.
        #[arg(long)]
        no_copy: bool,
        /// Days after which it ends; never if left out.
        #[arg(long)]
        expires: Option<u32>,
        /// Who sets it.
        #[arg(long, env = "USER", hide_env_values = true, default_value = "administrator")]
        by: String,
    },
    /// Stop passing mail on to an address.
    Remove {
        /// Address of the account.
        address: String,
        /// Address that its mail goes to.
        target: String,
        /// Who removes it.
        #[arg(long, env = "USER", hide_env_values = true, default_value = "administrator")]
        by: String,
    },
    /// List where mail is passed on to.
    List {
        /// Address of the account; all accounts if left out.
        address: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// List messages that are not yet delivered to all recipients.
    List,
    /// Show one message with each recipient's last answer.
    Show {
        /// Number from the list.
        id: i64,
    },
    /// Keep a message from being sent.
    Hold {
        /// Number from the list.
        id: i64,
    },
    /// Let a held message go.
    Release {
        /// Number from the list.
        id: i64,
    },
    /// Try a message again now.
    Retry {
        /// Number from the list; all messages if left out.
        id: Option<i64>,
    },
    /// Give a message up and tell its sender.
    Expire {
        /// Number from the list.
        id: i64,
    },
    /// Remove a message without telling anybody.
    Cancel {
        /// Number from the list.
        id: i64,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check that everything in the store fits together.
    Check {
        /// Open every message, not only the tables.
        #[arg(long)]
        deep: bool,
    },
    /// Look through all content for damage now, and bring back from backups what is damaged.
    Scrub,
    /// Give back the room of messages that are gone.
    Collect,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// List which servers send in the name of our domains, as others report it (DMARC).
    Dmarc {
        /// Reports that came in the last days.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// List single messages in the name of our domains that failed, as others report them (DMARC).
    Failures {
        /// Reports that came in the last days.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Send the DMARC reports that are due to the owners of other domains now; the server does so by itself.
    Send {
        /// Also those of today, for trying out: what comes later today is in no report.
        #[arg(long)]
        today: bool,
    },
    /// List what others report of their connections to us (TLS-RPT, RFC 8460).
    Tls {
        /// Instead, send our own reports to others now, that of the present day as far as it goes included.
        #[arg(long)]
        send_now: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DkimCommand {
    /// List keys with the records that DNS must show.
    List {
        /// Domain name; all domains if left out.
        domain: Option<String>,
    },
    /// Make the first keys of a domain. They sign at once.
    Add {
        /// Domain name.
        domain: String,
    },
    /// Make new keys, which take over once DNS shows their records.
    Rotate {
        /// Domain name.
        domain: String,
    },
    /// Stop signing at once with a key that must no longer be used, and destroy its private part.
    Retire {
        /// Domain name.
        domain: String,
        /// The key; all keys of the domain if left out.
        #[arg(long)]
        selector: Option<String>,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}
