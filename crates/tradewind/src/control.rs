//! What the command line can do to a system: one list of actions, carried out by the running server when there is one, else here.
//!
//! A running server holds the embedded store to itself, so the command line hands it the action over a local socket that only its
//! owner can open. Either way the same code runs.

mod dkim;
mod dmarc;
mod forward;
mod import;
mod lists;
mod people;
mod queue;
mod socket;
mod store;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use identity::{Directory, Hasher};
use letters::Mailer;
use reports::Tally;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signing::Signer;

use crate::cli::ImportFormat;
use crate::settings::DnsSettings;
use crate::system::System;

pub(crate) use dkim::{import_files as import_key_files, make as make_keys, records as key_records};
pub(crate) use socket::{ControlSocket, ask, socket_path};

/// An action and what it needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(crate) enum Action {
    OrganisationList,
    OrganisationLevel { level: String, organisation: Option<String> },
    DomainAdd { domain: String, organisation: Option<String> },
    DomainList,
    DomainRemove { domain: String },
    UserAdd(people::NewUser),
    UserList,
    UserPassword { address: String, password: Option<String> },
    UserState { address: String, enabled: bool },
    UserQuota { address: String, mib: u64 },
    UserDelete { address: String },
    ForwardAdd(forward::NewTarget),
    ForwardRemove { address: String, target: String, by: String },
    ForwardList { address: Option<String> },
    AliasAdd { address: String, alias: String },
    AliasRemove { alias: String },
    ListAdd(lists::NewListed),
    ListRemove { effect: String, kind: String, value: String, organisation: Option<String> },
    ListShow { organisation: Option<String> },
    QueueList,
    QueueShow { id: i64 },
    QueueHold { id: i64 },
    QueueRelease { id: i64 },
    QueueRetry { id: Option<i64> },
    QueueExpire { id: i64 },
    QueueCancel { id: i64 },
    Import { format: ImportFormat, path: PathBuf, user: String, mailbox: String },
    DkimList { domain: Option<String> },
    DkimAdd { domain: String },
    DkimRotate { domain: String },
    DkimRetire { domain: String, selector: Option<String> },
    ReportDmarc { days: u32 },
    ReportSend { today: bool },
    StoreCheck { deep: bool },
    StoreCollect,
    ReportTls,
    ReportTlsSend,
}

pub(crate) use forward::NewTarget;
pub(crate) use lists::NewListed;
pub(crate) use people::{NewUser, PeopleError};

/// Why an action was not carried out, in words for the one who asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

impl Refused {
    pub(crate) fn because(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// What actions work on.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) store: ::store::Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Arc<Signer>,
    /// How long the record of a key that signs no more stays.
    pub(crate) overlap: Duration,
    /// Where earlier versions kept DKIM keys.
    pub(crate) key_files: PathBuf,
    pub(crate) tally: Arc<Tally>,
    pub(crate) mailer: Mailer,
    dns: DnsSettings,
}

impl Controls {
    pub(crate) fn new(system: &System) -> Self {
        Self {
            store: system.store.clone(),
            directory: Arc::clone(&system.directory),
            hasher: Hasher::new(Arc::clone(&system.store.context().entropy)),
            signer: Arc::clone(&system.signer),
            overlap: Duration::from_secs(system.settings.dkim.overlap_days.saturating_mul(86_400)),
            key_files: system.settings.home().join("dkim"),
            tally: Arc::clone(&system.tally),
            mailer: system.mailer(),
            dns: system.settings.dns.clone(),
        }
    }

    /// Carries `action` out; gives what there is to say about it.
    pub(crate) async fn carry_out(&self, action: Action) -> Result<Value, Refused> {
        let answer = match action {
            Action::OrganisationList => people::list_organisations(self).await,
            Action::OrganisationLevel { level, organisation } => people::set_level(self, level, organisation).await,
            Action::DomainAdd { domain, organisation } => people::add_domain(self, domain, organisation).await,
            Action::DomainList => people::list_domains(self).await,
            Action::DomainRemove { domain } => people::remove_domain(self, domain).await,
            Action::UserAdd(new) => people::add_user(self, new).await,
            Action::UserList => people::list_users(self).await,
            Action::UserPassword { address, password } => people::set_password(self, address, password).await,
            Action::UserState { address, enabled } => people::set_state(self, address, enabled).await,
            Action::UserQuota { address, mib } => people::set_quota(self, address, mib).await,
            Action::UserDelete { address } => people::delete_user(self, address).await,
            Action::ForwardAdd(new) => forward::add(self, new).await,
            Action::ForwardRemove { address, target, by } => forward::remove(self, address, target, by).await,
            Action::ForwardList { address } => forward::list(self, address).await,
            Action::AliasAdd { address, alias } => people::add_alias(self, address, alias).await,
            Action::AliasRemove { alias } => people::remove_alias(self, alias).await,
            Action::ListAdd(new) => lists::add(self, new).await,
            Action::ListRemove { effect, kind, value, organisation } => {
                lists::remove(self, &effect, &kind, value, organisation).await
            }
            Action::ListShow { organisation } => lists::show(self, organisation).await,
            Action::QueueList => queue::list(self).await,
            Action::QueueShow { id } => queue::show(self, id).await,
            Action::QueueHold { id } => queue::change(self, "held", move |tx| ::queue::hold(tx, id)).await,
            Action::QueueRelease { id } => queue::change(self, "released", move |tx| ::queue::release(tx, id)).await,
            Action::QueueRetry { id: Some(id) } => {
                queue::change(self, "retried", move |tx| ::queue::retry_now(tx, id)).await
            }
            Action::QueueRetry { id: None } => queue::retry_all(self).await,
            Action::QueueExpire { id } => queue::change(self, "expired", move |tx| ::queue::expire_now(tx, id)).await,
            Action::QueueCancel { id } => queue::change(self, "cancelled", move |tx| ::queue::cancel(tx, id)).await,
            Action::Import { format, path, user, mailbox } => import::run(self, format, path, user, mailbox).await,
            Action::DkimList { domain } => dkim::list(self, domain).await,
            Action::DkimAdd { domain } => dkim::add(self, domain).await,
            Action::DkimRotate { domain } => dkim::rotate(self, domain).await,
            Action::DkimRetire { domain, selector } => dkim::retire(self, domain, selector).await,
            Action::ReportDmarc { days } => dmarc::list(self, days).await,
            Action::ReportSend { today } => dmarc::send(self, today).await,
            Action::StoreCheck { deep } => store::check(self, deep).await,
            Action::StoreCollect => store::collect(self).await,
            Action::ReportTls => tls::list(self).await,
            Action::ReportTlsSend => tls::send(self).await,
        };
        // Whatever was changed holds from now on, not only when a remembered answer has grown old.
        self.directory.forget();
        self.signer.forget();
        answer
    }
}
