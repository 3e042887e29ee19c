//! What can be done to a system: one list of actions, carried out for the command line and for HTTP alike.
//!
//! Each action says which right it needs ([`access::Action`]) and what it concerns ([`On`]), in one line of [`list`], so that none can
//! be added without.

mod access;
pub(crate) mod answers;
mod approvals;
mod audit;
mod backup;
mod blocklists;
mod caller;
mod carry;
mod clients;
mod connectors;
mod declare;
mod defence_pages;
mod dkim;
mod dmarc;
mod domain_records;
mod evidence;
#[cfg(test)]
mod evidence_tests;
mod export;
mod factors;
#[cfg(test)]
pub(crate) mod fixture;
mod forward;
mod grants;
mod groups;
mod guard;
mod import;
mod investigation;
mod journal;
mod judging;
mod keys;
mod leave;
#[cfg(test)]
mod leave_tests;
mod letters;
mod levels;
mod list;
mod lists;
#[cfg(test)]
mod matrix_tests;
mod on;
mod openpgp;
mod outbound;
mod overview_report;
mod own;
#[cfg(test)]
mod page_tests;
mod pages;
mod people;
mod portal;
mod protection;
mod provisioning;
mod quarantine;
mod queue;
mod receipt;
mod regions;
mod rehearse;
mod retention;
mod retention_rules;
mod roles;
mod ruling;
mod scrub;
mod sentences;
mod settings;
mod shared_feeds;
mod sharing;
mod sign_ins;
mod smime;
mod space;
mod store;
#[cfg(test)]
mod subject_tests;
mod subjects;
#[cfg(test)]
mod tests;
mod threats;
mod tls;
mod trace;
mod whole;

use std::path::PathBuf;
use std::sync::Arc;

use ::letters::Mailer;
use ::outbound::Outbound;
use async_trait::async_trait;
use crypto::keys::{Key, Region};
use env::Watched;
use env::dns::Resolver;
use filter::Judge;
use identity::factors::FactorDesk;
use identity::rights::AccessSettings;
use identity::{Directory, PasswordGate};
use judgement::JudgingSettings;
use provision::LdapSource;
use reports::Tally;
use residence::RegionSettings;
use serde_json::Value;
use signing::{Signer, SigningSettings};

pub use backup::earlier::{EarlierDomain, EarlierMail};
pub use backup::standing::tell_of_backups;
pub use backup::{
    BackupPlan, BackupWork, PointsPlan, PointsWanted, Stepping, back_up_when_due, carry_erasures_on, is_replaced,
    take_steps, tell_of_crossings,
};
pub use blocklists::look_at_blocklists;
pub use caller::{Answer, Bounds, Caller};
pub use clients::{NewDevice, NewProgram};
pub use connectors::ConnectorToSet;
pub use defence_pages::{AlikesWanted, CampaignsWanted, ComplaintsWanted, PulledWanted};
pub use dkim::{import_files as import_key_files, make as make_keys, records as key_records};
pub use evidence::{EvidenceWanted, look_after_evidence};
pub use export::MailToTakeOut;
pub(crate) use factors::describe as describe_factor;
pub use forward::NewTarget;
pub use grants::GrantRequest;
pub use groups::{GroupName, GroupToMake};
pub use import::{MailForm, MailToImport, MailToTakeOver, TlsForm};
pub use investigation::{
    InvestigationMark, InvestigationPage, InvestigationQuery, InvestigationToClose, InvestigationToOpen,
};
pub(crate) use investigation::{NoFetch, shown_item, shown_search};
pub use journal::NewJournalRule;
pub use judging::{JudgedWanted, NewThreshold};
pub use leave::Leaver;
pub(crate) use letters::tell_of_request;
pub use letters::{tell_of_deadlines, tell_owners};
pub use list::Action;
pub use lists::NewListed;
pub use on::On;
pub use openpgp::{KeyToExport, KeyToImport};
pub use outbound::{MailToReplay, MessageToTest};
pub use overview_report::{OverviewReader, OverviewReportToSet, send_overview_reports};
pub(crate) use own::Leave;
pub use pages::{CasesWanted, EventsWanted, QuarantineWanted, QueueWanted, SignInsWanted, UsersWanted};
pub use people::{NewUser, PeopleError};
pub use portal::{NewPortalDelivery, PortalParts};
pub use provisioning::{TableToImport, sync_ldap};
pub use regions::{NewCrossingRule, TransfersWanted};
pub use rehearse::{RehearsalPlan, rehearse_when_due};
pub use retention::{NewHold, RemovedMail};
pub use retention_rules::NewRetentionRule;
pub use scrub::{ScrubPage, look_after_crash, scrub_page, tell_of_promotion, tell_of_recovery};
pub use settings::{HistoryWanted, SettingToChange, SettingToUndo, SettingsWanted};
pub use sharing::{Impersonal, ToForbid, ToPermit};
pub use space::tell_of_full_accounts;
pub use subjects::{
    ConsentToAdd, SubjectAnswer, SubjectCorrection, SubjectMailPage, SubjectPage, SubjectToErase, SubjectToInvestigate,
    SubjectToOpen, SubjectToRefuse,
};
pub use threats::ThreatsWanted;
pub use trace::TracesWanted;
pub use whole::WholeToImport;

/// Why an action was not carried out, in words for the one who asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// Refused because of an error that says itself what to do.
    pub fn because(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// What actions need of parts that this crate must not know.
#[async_trait]
pub trait Elsewhere: Send + Sync {
    /// Looks names up as the settings say.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn resolver(&self) -> Result<Arc<dyn Resolver>, Refused>;

    /// The zone file that `domain` (A-labels) is to have, with its signing `keys` as their list gives them.
    ///
    /// # Errors
    /// [`Refused`] if it cannot be written.
    fn zone(&self, _domain: &str, _keys: &Value) -> Result<String, Refused> {
        Err(Refused("no zone files here".to_owned()))
    }

    /// LDAP directories that people come from.
    fn ldap_sources(&self) -> Vec<LdapSource> {
        Vec::new()
    }

    /// Whether people may release what waits for themselves in quarantine.
    fn people_release(&self) -> bool {
        true
    }

    /// Domains that no feed may name, and that are not shared.
    fn never_listed(&self) -> Vec<String> {
        Vec::new()
    }

    /// Feeds of bad addresses: what is in force of each, and what is wrong with it. Blocks.
    ///
    /// # Errors
    /// [`Refused`] if they cannot be read.
    fn feeds(&self) -> Result<Value, Refused> {
        Ok(Value::Array(Vec::new()))
    }

    /// Puts the version of a feed that waits into force. Blocks.
    ///
    /// # Errors
    /// [`Refused`] if none waits.
    fn accept_feed(&self, name: &str) -> Result<Value, Refused> {
        Err(Refused(format!("no feed is called {name}")))
    }

    /// Fetches feeds now, one or all.
    ///
    /// # Errors
    /// [`Refused`] if there is no feed of that name.
    async fn refresh_feeds(&self, _name: Option<&str>) -> Result<Value, Refused> {
        Ok(Value::Array(Vec::new()))
    }

    /// The region key as its file has it now.
    ///
    /// # Errors
    /// [`Refused`] if the file cannot be read, or its holder does not give the key.
    fn region_key(&self) -> Result<Key<Region>, Refused>;

    /// What is set for judging.
    fn judging(&self) -> JudgingSettings {
        JudgingSettings::default()
    }

    /// Files with further roots that vouch for hosts of others.
    fn roots(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What is set for keys of OpenPGP.
    fn openpgp(&self) -> keybook::OpenPgpSettings {
        keybook::OpenPgpSettings::default()
    }

    /// Asks the key directories of correspondents.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn key_finder(&self) -> Result<Arc<keybook::Finder>, Refused>;

    /// Asks directories for certificates of partners, and authorities about them.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn inquirer(&self) -> Result<Arc<certbook::Inquirer>, Refused>;

    /// What the portal for partners works with.
    fn portal(&self) -> PortalParts {
        PortalParts::default()
    }

    /// How mail to `domain` (lowercase A-labels) must be encrypted from end to end, if it must: `pgp`, `smime`, `either` or `portal`.
    fn content_demand(&self, _domain: &str) -> Option<&'static str> {
        None
    }

    /// What is backed up, and where to.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn backups(&self) -> Result<BackupPlan, Refused> {
        Err(Refused("no backups here".to_owned()))
    }

    /// The region that we are.
    fn region(&self) -> RegionSettings {
        RegionSettings::default()
    }

    /// Where steps between backups go, and how often.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn points(&self) -> Result<PointsPlan, Refused> {
        Err(Refused("no backups here".to_owned()))
    }

    /// What evidence is looked at with beyond the store: settings in force, files. Reads files, so it may take some milliseconds.
    fn surroundings(&self) -> ::evidence::Surroundings {
        ::evidence::Surroundings::default()
    }

    /// Looks at the machine: its clock, what files of keys others can read, how processes are confined. Takes up to some seconds.
    async fn look_at_machine(&self) -> Vec<::evidence::Sight> {
        Vec::new()
    }

    /// Blocklists that are asked about us.
    fn blocklists(&self) -> ::reports::blocklists::BlocklistSettings {
        ::reports::blocklists::BlocklistSettings::default()
    }

    /// Routes of the settings, as the list of connectors has them.
    fn routes(&self) -> Vec<Value> {
        Vec::new()
    }

    /// Opens a connection by this connector as for a message to `domain`, and sends none; gives its steps.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    async fn try_connector(&self, _out: &::queue::connectors::Out, _domain: &str) -> Result<Vec<Value>, Refused> {
        Err(Refused("no connections here".to_owned()))
    }

    /// Addresses of this machine that routes send from.
    fn source_addresses(&self) -> Vec<std::net::IpAddr> {
        Vec::new()
    }

    /// How restores are rehearsed.
    ///
    /// # Errors
    /// [`Refused`] if the settings cannot be used.
    fn rehearsals(&self) -> Result<RehearsalPlan, Refused> {
        Err(Refused("no rehearsals here".to_owned()))
    }

    /// What an account has in parts that this crate must not know (contacts, identities, rules), as files with their paths.
    ///
    /// # Errors
    /// [`Refused`] if the store fails.
    fn belongings(&self, _tx: &mut ::store::Tx<'_>, _account: i64) -> Result<Vec<(String, Vec<u8>)>, Refused> {
        Ok(Vec::new())
    }

    /// What is set for subject requests.
    fn subjects(&self) -> ::subjects::SubjectSettings {
        ::subjects::SubjectSettings::default()
    }

    /// Knows the cards in people's address books.
    fn cards(&self) -> Arc<dyn ::subjects::Cards> {
        Arc::new(::subjects::NoCards)
    }

    /// Judges by what is in force.
    ///
    /// # Errors
    /// [`Refused`] if the judge cannot be made ready.
    fn judge(&self) -> Result<Arc<Judge>, Refused>;

    /// The settings of this node: what there is, what holds, what the file says.
    ///
    /// # Errors
    /// [`Refused`] where there are none.
    fn node(&self) -> Result<Arc<dyn configuration::Node>, Refused> {
        Err(Refused("no settings here".to_owned()))
    }

    /// What the sign-in watch makes of a protection level.
    ///
    /// # Errors
    /// [`Refused`] if its file cannot be read.
    fn watch_levels(&self) -> Result<::watch::Levels, Refused> {
        ::watch::Levels::shipped().map_err(Refused::because)
    }

    /// Has our own reports of connections sent now.
    ///
    /// # Errors
    /// [`Refused`] if the store fails.
    async fn send_tls_reports(&self) -> Result<Value, Refused>;
}

/// What actions work on. Cheap to clone.
#[derive(Clone)]
pub struct Controls {
    /// Everything that is kept.
    pub store: ::store::Store,
    /// Whose addresses are whose.
    pub directory: Arc<Directory>,
    /// Judges new passwords.
    pub passwords: PasswordGate,
    /// Enrols and judges second factors.
    pub factors: FactorDesk,
    /// Signs outgoing mail.
    pub signer: Arc<Signer>,
    /// How long the record of a key that signs no more stays.
    pub signing: Watched<SigningSettings>,
    /// Where earlier versions kept DKIM keys.
    pub key_files: PathBuf,
    /// Counts of mail for the reports to its domains.
    pub tally: Arc<Tally>,
    /// Posts letters of the system itself.
    pub mailer: Mailer,
    /// Knows what people may send.
    pub outbound: Arc<Outbound>,
    /// How long strong factors count and requests wait.
    pub access: Watched<AccessSettings>,
    /// Accounts whose mail is being brought or taken out.
    pub moves: portability::Running,
    /// What is under way with backups.
    pub backup: Arc<BackupWork>,
    /// Parts that this crate must not know.
    pub elsewhere: Arc<dyn Elsewhere>,
}
