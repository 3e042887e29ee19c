//! Mail of one account or one domain as a backup has it: shown, and put back beside what is there now.
//!
//! A backup's tables of mail are taken into a scratch store, of the accounts in question alone, and compared with what the accounts have
//! now. Content is read from the repository only of what is put back, a message at a time. Whatever was put back counts as there, so that a
//! run that broke off is done again and goes on where it stopped.

mod merge;
mod plan;

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use ::backup::{Backup, BackupError, Chosen, Target, moment_text, parse_moment};
use ::store::{Context, Place, Store, StoreError, Tx};
use identity::IdentityError;
use mailbox::{MailboxError, Name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::super::people::find_account;
use super::super::{Controls, Refused};
use super::{blocking, merge as with, targets};
use merge::Merger;
use plan::{Person, Which};

/// Octets of a reason.
const REASON_BYTES_MAX: usize = 1_000;

/// Accounts read from the directory at once.
const ACCOUNTS_AT_ONCE: usize = 500;

/// Which mail of an account is meant, and of which backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierMail {
    /// Address of the account.
    pub address: String,
    /// Only mail that was in this folder, or one below it.
    pub folder: Option<String>,
    /// Only the message of this Message-ID, or of this number as the preview tells it.
    pub message: Option<String>,
    /// Only mail whose subject has this in it.
    pub subject: Option<String>,
    /// A backup by its number; the newest if left out.
    pub backup: Option<String>,
    /// As it was at this moment, as 2027-01-15T08:00:00Z: by the newest backup before it and the points in time that lead on from there, where there are some.
    pub until: Option<String>,
    /// Tell authors and subjects as well, which needs the right to read this mail.
    #[serde(default)]
    pub subjects: bool,
    /// Put it below a folder `Restored` with the date of the backup, instead of where it was.
    #[serde(default)]
    pub apart: bool,
    /// Why it is put back; for the record.
    #[serde(default)]
    pub reason: String,
}

/// A domain whose accounts' mail is meant, and of which backup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierDomain {
    /// The domain of the accounts' own addresses.
    pub domain: String,
    /// A backup by its number; the newest if left out.
    pub backup: Option<String>,
    /// As it was at this moment, as 2027-01-15T08:00:00Z: by the newest backup before it and the points in time that lead on from there, where there are some.
    pub until: Option<String>,
    /// Put it below a folder `Restored` with the date of the backup, instead of where it was.
    #[serde(default)]
    pub apart: bool,
    /// Why it is put back; for the record.
    #[serde(default)]
    pub reason: String,
}

/// Why earlier mail cannot be shown or put back.
#[derive(Debug, thiserror::Error)]
enum EarlierError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the content of message {message} in the backup does not open: {cause}")]
    Content { message: i64, cause: String },
}

/// What would be put back.
pub(in super::super) async fn show(controls: &Controls, wanted: EarlierMail) -> Result<Value, Refused> {
    let detail = if wanted.subjects { Detail::Subjects } else { Detail::Messages };
    let (people, which, moment) = of_account(controls, wanted, false).await?;
    run(controls, people, which, moment, Act::Show(detail)).await
}

/// Puts it back.
pub(in super::super) async fn restore(controls: &Controls, wanted: EarlierMail) -> Result<Value, Refused> {
    let apart = wanted.apart;
    let (people, which, moment) = of_account(controls, wanted, true).await?;
    run(controls, people, which, moment, Act::Restore { apart }).await
}

/// What would be put back, in numbers alone: nobody's mail is shown with everybody's.
pub(in super::super) async fn show_domain(controls: &Controls, wanted: EarlierDomain) -> Result<Value, Refused> {
    let people = of_domain(controls, &wanted.domain).await?;
    let moment = Moment::parse(wanted.backup, wanted.until)?;
    run(controls, people, Which::default(), moment, Act::Show(Detail::Folders)).await
}

/// Puts the mail of all accounts of a domain back.
pub(in super::super) async fn restore_domain(controls: &Controls, wanted: EarlierDomain) -> Result<Value, Refused> {
    demand_reason(&wanted.reason)?;
    let people = of_domain(controls, &wanted.domain).await?;
    let moment = Moment::parse(wanted.backup, wanted.until)?;
    run(controls, people, Which::default(), moment, Act::Restore { apart: wanted.apart }).await
}

fn demand_reason(reason: &str) -> Result<(), Refused> {
    if reason.trim().is_empty() || reason.len() > REASON_BYTES_MAX {
        return Err(Refused(format!("say why in at most {REASON_BYTES_MAX} octets; it goes into the audit log")));
    }
    Ok(())
}

async fn of_account(
    controls: &Controls,
    wanted: EarlierMail,
    is_change: bool,
) -> Result<(Vec<Person>, Which, Moment), Refused> {
    if is_change {
        demand_reason(&wanted.reason)?;
    }
    let folder = wanted.folder.as_deref().map(Name::parse).transpose();
    let folder = folder.map_err(|error| Refused(format!("folder: {error}")))?;
    let message = wanted.message.map(|id| id.trim().trim_start_matches('<').trim_end_matches('>').to_owned());
    let subject = wanted.subject.map(|part| part.to_lowercase());
    let account = find_account(controls, wanted.address.clone()).await?;
    let people = vec![Person { account, address: wanted.address }];
    Ok((people, Which { folder, message, subject }, Moment::parse(wanted.backup, wanted.until)?))
}

async fn of_domain(controls: &Controls, domain: &str) -> Result<Vec<Person>, Refused> {
    let domain = mail::domain::canonical(domain).map_err(|error| Refused(format!("{domain}: {error}")))?;
    let told = domain.clone();
    let work = move |tx: &mut Tx<'_>| {
        let (mut people, mut after) = (Vec::new(), 0);
        loop {
            let page = identity::list_accounts(tx, None, after, ACCOUNTS_AT_ONCE)?;
            let Some(last) = page.last() else { return Ok::<_, IdentityError>(people) };
            after = last.id;
            for account in page {
                let address = account.addresses.into_iter().next().unwrap_or_default();
                if address.rsplit_once('@').is_some_and(|(_, at)| at == domain) {
                    people.push(Person { account: account.id, address });
                }
            }
        }
    };
    let people = controls.store.read(work).await.map_err(Refused::because)?;
    if people.is_empty() {
        return Err(Refused(format!("no account has its own address at {told}")));
    }
    Ok(people)
}

/// Which backup.
struct Moment {
    backup: Option<String>,
    until: Option<i64>,
}

impl Moment {
    fn parse(backup: Option<String>, until: Option<String>) -> Result<Self, Refused> {
        let until = match until {
            None => None,
            Some(text) => match parse_moment(&text) {
                Some(moment) => Some(moment.millis()),
                None => return Err(Refused(format!("{text}: give the moment as 2027-01-15T08:00:00Z"))),
            },
        };
        if backup.is_some() && until.is_some() {
            return Err(Refused("name a backup or a moment, not both".to_owned()));
        }
        Ok(Self { backup, until })
    }

    /// What `target` has for it. Where no points in time lead to the moment, the backup before it is the nearest that there is.
    fn open_in(&self, target: &Target) -> Result<Chosen, BackupError> {
        match self.until.map(|until| Chosen::open_at(target, until)) {
            Some(Ok(chosen)) => Ok(chosen),
            None | Some(Err(BackupError::Gap { .. } | BackupError::NoBackup { .. })) => {
                Chosen::open(target, self.backup.as_deref(), self.until)
            }
            Some(Err(error)) => Err(error),
        }
    }

    /// The first repository that has it gives it; of one that cannot be read the reason is told if no other has.
    fn open(&self, targets: &[Target]) -> Result<Chosen, BackupError> {
        let mut failure = None;
        for target in targets {
            match self.open_in(target) {
                Ok(chosen) => return Ok(chosen),
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| BackupError::NoRepository { location: String::new() }))
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Show(Detail),
    Restore { apart: bool },
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Numbers of each folder.
    Folders,
    /// Messages singly as well.
    Messages,
    /// With their authors and subjects.
    Subjects,
}

async fn run(
    controls: &Controls,
    people: Vec<Person>,
    which: Which,
    moment: Moment,
    act: Act,
) -> Result<Value, Refused> {
    let plan = targets(controls)?;
    let Ok(_alone) = controls.backup.looking.try_lock() else {
        return Err(Refused("mail is being taken out of a backup already; try again when that has ended".to_owned()));
    };
    let chosen = blocking(move || moment.open(&plan.targets)).await?;
    make_anew(&plan.scratch).map_err(|error| Refused(format!("{}: {error}", plan.scratch.display())))?;
    let context = controls.store.context();
    let context = Context::new(
        Arc::clone(&context.clock),
        Arc::clone(&context.entropy),
        // Nothing is numbered there.
        0,
        controls.elsewhere.region_key()?,
    );
    let scratch = Store::open(Place::Embedded(plan.scratch.clone()), context).await.map_err(Refused::because)?;
    let (live, earlier, runtime) = (controls.store.clone(), scratch.clone(), Handle::current());
    let work = move || carry_out(&Work { chosen, live, earlier, runtime, people, which }, act);
    let outcome = blocking(work).await;
    scratch.close().await;
    if let Err(error) = std::fs::remove_dir_all(&plan.scratch) {
        tracing::warn!(%error, directory = %plan.scratch.display(), "a scratch store cannot be removed");
    }
    outcome
}

/// What a run has at hand.
struct Work {
    chosen: Chosen,
    /// The accounts as they are now.
    live: Store,
    /// The accounts as they were.
    earlier: Store,
    runtime: Handle,
    people: Vec<Person>,
    which: Which,
}

fn carry_out(work: &Work, act: Act) -> Result<Value, EarlierError> {
    let accounts: Vec<i64> = work.people.iter().map(|person| person.account).collect();
    work.chosen.pick(&work.earlier, &work.live, &accounts, &work.runtime)?;
    let backup: Backup = work.chosen.backup();
    let (mut folders, mut messages, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    let detail = if let Act::Show(detail) = act { detail } else { Detail::Folders };
    for number in 0..work.people.len() {
        let planned = plan::of(work, number, detail)?;
        missing.extend(planned.missing);
        folders.extend(planned.folders);
        messages.extend(planned.messages);
    }
    let moment = moment_text(work.chosen.moment());
    let mut told = json!({ "backup": backup.id, "taken": backup.taken, "moment": moment, "folders": folders });
    if detail != Detail::Folders {
        with(&mut told, json!({ "messages": messages }));
    }
    if let Act::Restore { apart } = act {
        let apart = apart.then(|| format!("Restored {}", backup.taken.get(..10).unwrap_or_default()));
        let done = Merger::new(work, apart).run(missing)?;
        let mut accounts = Vec::new();
        for (person, done) in work.people.iter().zip(done) {
            let (account, restored) = (person.account, done.restored);
            tracing::info!(account, restored, backup = backup.id, "mail put back from a backup");
            accounts.push(json!({
                "address": person.address,
                "restored": restored,
                "same_content": done.same,
                "over_quota": done.over_quota,
            }));
        }
        with(&mut told, json!({ "accounts": accounts }));
    }
    Ok(told)
}

/// Makes an empty directory; what an earlier run left there goes.
fn make_anew(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}
