//! Everything that is kept of an account, as one archive for its owner (GDPR articles 15 and 20): his mail as it came, what he has set, what is
//! known of him. It is made while it is fetched, a message at a time, and lies nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use env::Timestamp;
use identity::IdentityError;
use mailbox::keywords::{self, Keyword};
use mailbox::mailboxes;
use parking_lot::Mutex;
use portability::write::{EmlArchive, Outgoing};
use serde_json::{Value, json};
use store::Tx;

use crate::actions::{Controls, Leave, describe_factor};
use crate::archive::{self, ArchiveError, Outlet, Pieces, Written};

/// Accounts whose archive is being made: one of each at a time.
#[derive(Debug, Clone, Default)]
pub struct Takeouts(Arc<Mutex<BTreeSet<i64>>>);

impl Takeouts {
    /// The place of an account, unless its archive is being made.
    fn enter(&self, account: i64) -> Option<Place> {
        self.0.lock().insert(account).then(|| Place { all: self.clone(), account })
    }
}

struct Place {
    all: Takeouts,
    account: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.account);
    }
}

/// Begins to make the archive. None if one is being made.
pub(crate) fn begin(controls: &Controls, takeouts: &Takeouts, account: i64, leave: Leave) -> Option<Pieces> {
    let place = takeouts.enter(account)?;
    let controls = controls.clone();
    Some(archive::begin(account, move |outlet| async move {
        let _place = place;
        fill(&outlet, &controls, account, leave).await
    }))
}

async fn fill(outlet: &Outlet, controls: &Controls, account: i64, leave: Leave) -> Result<(), ArchiveError> {
    let mut archive = EmlArchive::new(outlet.writer());
    let told = controls.store.read(move |tx| facts(tx, account)).await?;
    for (path, content) in told {
        archive.put(&path, &content)?;
    }
    let elsewhere = Arc::clone(&controls.elsewhere);
    let read =
        move |tx: &mut Tx<'_>| elsewhere.belongings(tx, account).map_err(|refused| ArchiveError::Other(refused.0));
    for (path, content) in controls.store.read(read).await? {
        archive.put(&path, &content)?;
    }
    outlet.hand_on().await?;
    let list = move |tx: &mut Tx<'_>| {
        Ok::<_, mailbox::MailboxError>((mailboxes::list(tx, account)?, keywords::list(tx, account)?))
    };
    let (folders, keywords) = controls.store.read(list).await?;
    for folder in folders {
        put_folder(outlet, &mut archive, controls, account, &folder, &keywords).await?;
    }
    let hash = archive.put_list()?;
    // Whoever is handed the archive can prove by it that nothing was changed since.
    let text = format!("account archive\nmanifest.json sha256 {hash}\n");
    let sign = move |tx: &mut Tx<'_>| {
        let organisation = identity::load_account(tx, account)?.organisation;
        identity::rights::sign_paper(tx, (organisation, Some(account)), "archive of an account", &text)
    };
    if let Some(note) = controls.store.write(sign).await? {
        archive.put_behind("manifest.note", note.as_bytes())?;
    }
    // Recorded before the last octets go: without them the archive does not open.
    let finish = move |tx: &mut Tx<'_>| {
        leave.done(tx)?;
        subjects::note_taken(tx, account)?;
        Ok::<_, ArchiveError>(())
    };
    controls.store.write(finish).await?;
    archive.finish()?;
    outlet.hand_on_all().await
}

async fn put_folder(
    outlet: &Outlet,
    archive: &mut EmlArchive<Written>,
    controls: &Controls,
    account: i64,
    folder: &mailboxes::Mailbox,
    keywords: &[Keyword],
) -> Result<(), ArchiveError> {
    let (id, name) = (folder.id, folder.name.as_str());
    archive.put_folder(name, folder.special_use)?;
    let entries = controls.store.read(move |tx| mailbox::snapshot(tx, account, id)).await?;
    for entry in &entries {
        let (message, handle) = (entry.message, controls.store.clone());
        let read = controls.store.read(move |tx| {
            let found = mailbox::source(tx, account, message);
            match found.and_then(|source| source.reader(handle.blobs()).read_all()) {
                Ok(octets) => Ok(Some(octets)),
                // It was removed meanwhile.
                Err(mailbox::MailboxError::NoSuchMessage) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let Some(octets) = read.await? else { continue };
        let flags = keywords::names(entry.flags(), keywords);
        let (uid, received) = (entry.uid, entry.received());
        archive.put_message(&Outgoing { folder: name, uid, raw: &octets, received, flags: &flags })?;
        outlet.hand_on().await?;
    }
    Ok(())
}

/// What is known of the account and what it signs in with, as files.
fn facts(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(String, Vec<u8>)>, IdentityError> {
    let found = identity::load_account(tx, account)?;
    let about = json!({
        "addresses": found.addresses, "name": found.name, "kind": found.kind.as_str(), "role": found.role.as_str(),
        "language": found.language.as_str(), "created": found.created.to_string(), "bytes": found.bytes,
        "messages": found.messages, "quota_bytes": found.quota_bytes,
    });
    let factors: Vec<Value> = identity::factors::list_factors(tx, account)?.iter().map(describe_factor).collect();
    let app_passwords: Vec<Value> = identity::list_app_passwords(tx, account)?
        .iter()
        .map(|it| json!({ "label": it.what.label, "scope": it.what.scope.to_string(), "created": it.created.to_string() }))
        .collect();
    let sessions: Vec<Value> = identity::session::list_sessions(tx, account)?
        .iter()
        .map(|it| json!({ "since": it.created.to_string(), "from": it.address.map(|at| at.to_string()), "agent": it.agent }))
        .collect();
    let (from, until) = (Timestamp::from_millis(0), tx.now().plus(std::time::Duration::from_secs(1)));
    let sign_ins = watch::list_events(tx, watch::Whose::Account(account), from, until)?;
    let sign_ins: Vec<Value> = sign_ins
        .iter()
        .map(|it| {
            json!({
                "at": it.at.to_string(), "outcome": it.outcome.as_str(), "from": it.detail.address.to_string(),
                "country": it.detail.place.country, "protocol": it.detail.protocol, "method": it.detail.method,
                "agent": it.detail.agent, "device": it.detail.device,
            })
        })
        .collect();
    let forwards: Vec<Value> = identity::forward::list(tx, account)?.iter().map(|it| json!(it.target)).collect();
    let mut files = Vec::new();
    let lists = [
        ("account.json", about),
        ("sign-in/factors.json", factors.into()),
        ("sign-in/app-passwords.json", app_passwords.into()),
        ("sign-in/sessions.json", sessions.into()),
        ("sign-in/sign-ins.json", sign_ins.into()),
        ("forwarding.json", forwards.into()),
    ];
    for (path, content) in lists {
        files.push((path.to_owned(), format!("{content:#}\n").into_bytes()));
    }
    Ok(files)
}
