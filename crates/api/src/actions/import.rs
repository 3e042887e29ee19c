//! Mail from other systems into an account: from files of the machine, and from other servers.

use std::path::PathBuf;
use std::sync::Arc;

use crypto::tls::{ClientTls, Roots};
use env::Secret;
use mailbox::Name;
use portability::read::{self, Form, Source};
use portability::remote::{Orders, Patience, Remote, Report, state, take_over as bring_over};
use portability::{Destination, Folder, Importer, Into, Item, PutError, Tally, Turn, Unreadable, assign};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use tokio::sync::mpsc;
use wire::imap::client::{Credentials, TlsUse};

use super::backup::merge;
use super::people::{PeopleError, find_account};
use super::{Controls, Refused};

/// Forms in which mail lies in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MailForm {
    /// A file of messages behind `From ` lines, or a directory of such files.
    Mbox,
    /// A directory with a file a message.
    Maildir,
    /// An archive with a file a message.
    Zip,
}

impl From<MailForm> for Form {
    fn from(form: MailForm) -> Self {
        match form {
            MailForm::Mbox => Self::Mbox,
            MailForm::Maildir => Self::Maildir,
            MailForm::Zip => Self::Zip,
        }
    }
}

/// Mail in files, and where it goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailToImport {
    /// Its form.
    pub format: MailForm,
    /// File or directory.
    pub path: PathBuf,
    /// Address of the account.
    pub user: String,
    /// Mailbox below which it goes; with INBOX, folders go where they belong.
    pub mailbox: String,
    /// Only count what would be brought.
    #[serde(default)]
    pub dry_run: bool,
}

/// How a connection to another server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsForm {
    /// TLS from the beginning, most often on port 993.
    #[default]
    Implicit,
    /// STARTTLS, most often on port 143.
    StartTls,
    /// None: everything can be read on the way, the password too.
    None,
}

/// A mailbox on another server, and where its mail goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailToTakeOver {
    /// Address of the account here.
    pub user: String,
    /// Name of the other server.
    pub host: String,
    /// Its port; 993, or 143 without implicit TLS, if left out.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: TlsForm,
    /// Say that the password may go without TLS, where everybody on the way can read it.
    #[serde(default)]
    pub allow_plain_text: bool,
    /// Files with certificates that vouch for the server besides the usual ones.
    #[serde(default)]
    pub authorities: Vec<PathBuf>,
    /// Name of the user there.
    pub remote_user: String,
    /// Who signs in there for the user (a master user of Dovecot).
    pub master_user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// An access token of OAuth 2.0, in place of a password.
    pub token: Option<String>,
    /// These folders there and what lies below them alone.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Not these folders.
    #[serde(default)]
    pub except: Vec<String>,
    /// Mailbox below which it goes; with INBOX, or if left out, folders go where they belong.
    pub mailbox: Option<String>,
    /// Remove here what was brought and is gone there since.
    #[serde(default)]
    pub remove_gone: bool,
    /// Only count what would be brought.
    #[serde(default)]
    pub dry_run: bool,
}

/// Messages read ahead of being stored.
const AHEAD_MAX: usize = 8;

pub(super) async fn run(controls: &Controls, wanted: MailToImport) -> Result<Value, Refused> {
    let account = find_account(controls, wanted.user.clone()).await?;
    let into = mailbox_named(&wanted.mailbox)?;
    let turn = turn(controls, account)?;
    let mut importer = importer(controls, account, wanted.dry_run, &turn);
    let (form, path) = (wanted.format.into(), wanted.path);
    let opening = tokio::task::spawn_blocking(move || read::open(form, &path));
    let source = opening.await.map_err(Refused::because)?.map_err(Refused::because)?;
    let outcome = bring(&mut importer, source, &into, &turn).await;
    let flushed = importer.flush().await;
    let tally = importer.tally().clone();
    learn(controls, account, &tally, wanted.dry_run).await?;
    outcome.and(flushed).map_err(|error| {
        Refused(format!("{error}; {} messages are here, run it again and it goes on", tally.imported))
    })?;
    Ok(told(&tally, &wanted.user, wanted.dry_run))
}

async fn bring(importer: &mut Importer, source: Box<dyn Source>, into: &Name, turn: &Turn) -> Result<(), PutError> {
    let folders = source.folders().to_vec();
    let mut places: Vec<(String, i64)> = Vec::new();
    for (folder, destination) in folders.iter().zip(assign(&folders, into)) {
        places.push((folder.path.clone(), importer.mailbox(&destination).await?));
    }
    let (sender, mut items) = mpsc::channel(AHEAD_MAX);
    let reading = tokio::task::spawn_blocking(move || read_all(source, &sender));
    while let Some(item) = items.recv().await {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                importer.leave_out(&error);
                continue;
            }
        };
        turn.progress.at(&item.folder);
        let mailbox = place_of(importer, &mut places, &item.folder, into).await?;
        let mut also = Vec::new();
        for folder in &item.also {
            also.push(place_of(importer, &mut places, folder, into).await?);
        }
        let Item { raw, received, marks, .. } = item;
        importer.put(raw, Into { mailbox, also, marks, received, origin: None }).await?;
        if importer.tally().is_full.is_some() {
            break;
        }
    }
    drop(items);
    reading.await?;
    Ok(())
}

fn read_all(source: Box<dyn Source>, sender: &mpsc::Sender<Result<Item, Unreadable>>) {
    for item in source {
        if sender.blocking_send(item).is_err() {
            break;
        }
    }
}

/// The mailbox for a folder, which may be met for the first time.
async fn place_of(
    importer: &mut Importer,
    places: &mut Vec<(String, i64)>,
    folder: &str,
    into: &Name,
) -> Result<i64, PutError> {
    if let Some((_, known)) = places.iter().find(|(known, _)| known == folder) {
        return Ok(*known);
    }
    let met = Folder { path: folder.to_owned(), ..Folder::default() };
    let destination = assign(&[met], into).into_iter().next();
    let destination = destination.unwrap_or(Destination { name: into.clone(), role: None });
    let mailbox = importer.mailbox(&destination).await?;
    places.push((folder.to_owned(), mailbox));
    Ok(mailbox)
}

pub(super) async fn take_over(controls: &Controls, wanted: MailToTakeOver) -> Result<Value, Refused> {
    let remote = remote_of(controls, &wanted)?;
    let orders = Orders {
        only: wanted.folders.clone(),
        except: wanted.except.clone(),
        into: wanted.mailbox.as_deref().map(mailbox_named).transpose()?,
        is_trial: wanted.dry_run,
        removes_gone: wanted.remove_gone,
    };
    let account = find_account(controls, wanted.user.clone()).await?;
    let turn = turn(controls, account)?;
    let report = bring_over(&controls.store, account, &remote, &orders, Arc::clone(&turn.progress)).await;
    let report = report.map_err(Refused::because)?;
    learn(controls, account, &report.tally, wanted.dry_run).await?;
    Ok(told_of_run(&report, &wanted))
}

fn remote_of(controls: &Controls, wanted: &MailToTakeOver) -> Result<Remote, Refused> {
    let (tls, port) = match wanted.tls {
        TlsForm::Implicit => (TlsUse::Implicit, 993),
        TlsForm::StartTls => (TlsUse::StartTls, 143),
        TlsForm::None if wanted.allow_plain_text => (TlsUse::DangerousNone, 143),
        TlsForm::None => {
            return Err(Refused(
                "without TLS everybody on the way reads the password and the mail; say --allow-plain-text if that is known and wanted"
                    .to_owned(),
            ));
        }
    };
    let user = wanted.remote_user.clone();
    let credentials = match (&wanted.password, &wanted.token) {
        (None, Some(_)) if wanted.master_user.is_some() => {
            return Err(Refused("a master user signs in with a password, not with a token".to_owned()));
        }
        (None, Some(token)) => Credentials::Token { user, token: Secret::new(token.clone()) },
        (Some(password), None) => {
            Credentials::Password { user, master: wanted.master_user.clone(), password: Secret::new(password.clone()) }
        }
        _ => return Err(Refused("give a password or a token, and not both".to_owned())),
    };
    let mut authorities = controls.elsewhere.roots();
    authorities.extend(wanted.authorities.iter().cloned());
    let trust = Roots::system(&authorities)
        .map_err(Refused::because)
        .and_then(|roots| ClientTls::verified(&roots).map_err(Refused::because))?;
    Ok(Remote {
        host: wanted.host.clone(),
        port: wanted.port.unwrap_or(port),
        tls,
        trust,
        credentials,
        dns: controls.elsewhere.resolver()?,
        patience: Patience::default(),
    })
}

pub(super) async fn show(controls: &Controls, user: String) -> Result<Value, Refused> {
    let account = find_account(controls, user).await?;
    let sources = controls.store.read(move |tx| state::standing(tx, account)).await.map_err(Refused::because)?;
    let moment = |millis: i64| (millis > 0).then(|| env::Timestamp::from_millis(millis).to_string());
    let sources: Vec<Value> = sources
        .into_iter()
        .map(|source| {
            json!({
                "host": source.name.host, "remote_user": source.name.user, "begun": moment(source.begun),
                "ended": moment(source.ended), "folders": source.folders, "messages": source.messages, "here": source.here,
            })
        })
        .collect();
    let running = controls.moves.of(account).map(|(since, progress)| {
        let (folder, waits, [done, known, left_out]) = progress.show();
        json!({
            "since": since.to_string(), "folder": folder, "done": done, "known_before": known, "left_out": left_out,
            "waits_for": waits,
        })
    });
    Ok(json!({ "running": running, "sources": sources }))
}

/// The account's turn, if nothing else is brought or taken out there.
pub(super) fn turn(controls: &Controls, account: i64) -> Result<Turn, Refused> {
    let turn = controls.moves.enter(account, controls.store.context().clock.now());
    turn.ok_or_else(|| {
        Refused("mail of this account is being brought or taken out already; see tradewind import status".to_owned())
    })
}

fn importer(controls: &Controls, account: i64, dry_run: bool, turn: &Turn) -> Importer {
    Importer::new(controls.store.clone(), account, dry_run, Arc::clone(&turn.progress))
}

fn mailbox_named(name: &str) -> Result<Name, Refused> {
    Name::parse(name).map_err(|error| Refused(format!("mailbox {name}: {error}")))
}

/// Who traded with whom stands in what was brought, and which accounts are on file.
async fn learn(controls: &Controls, account: i64, tally: &Tally, dry_run: bool) -> Result<(), Refused> {
    if tally.imported == 0 || dry_run {
        return Ok(());
    }
    let begin = move |tx: &mut Tx<'_>| {
        let organisation = identity::load_account(tx, account)?.organisation;
        Ok::<_, PeopleError>(guard::history::begin(tx, organisation, account)?)
    };
    controls.store.write(begin).await.map_err(Refused::because)
}

fn told(tally: &Tally, user: &str, dry_run: bool) -> Value {
    let mut left_out = tally.left_out.clone();
    if let Some((used, limit)) = tally.is_full {
        left_out.push(format!(
            "the account is full: it holds {} of {} MiB; give it more room (tradewind user quota {user} MIB), then run it again and it goes on",
            used >> 20,
            limit >> 20
        ));
    }
    let more = tally.left_out_count.saturating_sub(tally.left_out.len() as u64);
    if more > 0 {
        left_out.push(format!("{more} more"));
    }
    let imported = if dry_run { "would_import" } else { "imported" };
    let mut told = json!({ (imported): tally.imported, "known_before": tally.known_before, "left_out": left_out });
    if tally.keywords_lost > 0 {
        merge(&mut told, json!({ "keywords_lost": tally.keywords_lost }));
    }
    let folders: Vec<Value> =
        tally.folders.iter().map(|(name, count)| json!({ "mailbox": name, "messages": count })).collect();
    merge(&mut told, json!({ "folders": folders }));
    told
}

fn told_of_run(report: &Report, wanted: &MailToTakeOver) -> Value {
    let mut told = told(&report.tally, &wanted.user, wanted.dry_run);
    let imported = if wanted.dry_run { "would_import" } else { "imported" };
    let gone = if wanted.remove_gone { "removed" } else { "gone_there" };
    let folders: Vec<Value> = report
        .folders
        .iter()
        .map(|(name, it)| {
            json!({
                "folder": name, "mailbox": it.into, "messages": it.messages,
                (imported): it.imported, "flags_changed": it.flags_changed, (gone): it.gone,
            })
        })
        .collect();
    let sum = |of: fn(&portability::remote::FolderReport) -> u64| report.folders.values().map(of).sum::<u64>();
    if wanted.dry_run {
        merge(&mut told, json!({ "would_import": sum(|it| it.imported) }));
    }
    let flags_changed = sum(|it| it.flags_changed);
    merge(&mut told, json!({ "flags_changed": flags_changed, "waits": report.waits, "folders": folders }));
    told
}
