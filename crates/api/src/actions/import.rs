//! Mail from other systems into a mailbox, a message at a time.

use std::path::PathBuf;
use std::sync::Arc;

use identity::IdentityError;
use mailbox::{Dedupe, Delivered, Delivery, Flags, Name, Prepared, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use tokio::sync::mpsc;

use super::people::PeopleError;
use super::{Controls, Refused};
use crate::import::maildir::Maildir;
use crate::import::mbox::Mbox;
use crate::import::{ImportError, Imported};

/// Forms of a mail folder that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImportFormat {
    /// One file.
    Mbox,
    /// A directory.
    Maildir,
}

/// Messages read ahead of being stored.
const AHEAD_MAX: usize = 8;

/// How long an imported message is remembered, so that importing again adds nothing.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(365 * 86_400);

pub(super) async fn run(
    controls: &Controls,
    format: ImportFormat,
    path: PathBuf,
    user: String,
    mailbox: String,
) -> Result<Value, Refused> {
    let account = controls
        .store
        .read(move |tx| identity::find_by_address(tx, &user)?.ok_or(IdentityError::NoAccount(user)))
        .await
        .map_err(Refused::because)?;
    let (sender, mut messages) = mpsc::channel(AHEAD_MAX);
    let reading = tokio::task::spawn_blocking(move || read_all(format, &path, &sender));
    let (mut imported, mut known, mut problems) = (0_u64, 0_u64, Vec::new());
    while let Some(message) = messages.recv().await {
        match message {
            Ok(message) => match store_message(controls, account, &mailbox, message).await? {
                Delivered::Stored(_) => imported += 1,
                Delivered::Duplicate => known += 1,
            },
            Err(error) => problems.push(error.to_string()),
        }
    }
    reading.await.map_err(Refused::because)?.map_err(Refused::because)?;
    if imported > 0 {
        // Who traded with whom stands in it, and which accounts are on file.
        let begin = move |tx: &mut Tx<'_>| {
            let organisation = identity::load_account(tx, account)?.organisation;
            Ok::<_, PeopleError>(guard::history::begin(tx, organisation, account)?)
        };
        controls.store.write(begin).await.map_err(Refused::because)?;
    }
    Ok(json!({ "imported": imported, "known_before": known, "left_out": problems }))
}

fn read_all(
    format: ImportFormat,
    path: &std::path::Path,
    sender: &mpsc::Sender<Result<Imported, ImportError>>,
) -> Result<(), ImportError> {
    let messages: Box<dyn Iterator<Item = Result<Imported, ImportError>>> = match format {
        ImportFormat::Mbox => Box::new(Mbox::open(path)?),
        ImportFormat::Maildir => Box::new(Maildir::open(path)?),
    };
    for message in messages {
        if sender.blocking_send(message).is_err() {
            break;
        }
    }
    Ok(())
}

async fn store_message(
    controls: &Controls,
    account: i64,
    mailbox: &str,
    message: Imported,
) -> Result<Delivered, Refused> {
    let path = if message.folder.is_empty() { mailbox.to_owned() } else { format!("{mailbox}/{}", message.folder) };
    let path = path.strip_prefix("INBOX/").map_or(path.clone(), str::to_owned);
    let name = Name::parse(&path).map_err(Refused::because)?;
    let context = Arc::clone(controls.store.context());
    let received = message.received.unwrap_or_else(|| context.clock.now());
    let (flags, raw) = (flags(&message), message.raw);
    let place = name.as_str().to_owned();
    let preparing = tokio::task::spawn_blocking(move || {
        let key = crypto::hash::digest(&[b"import", place.as_bytes(), &raw]);
        let mut prepared = Prepared::consuming(raw, &context);
        let record = prepared.take_record();
        (prepared, record, key)
    });
    let (prepared, record, dedupe_key) = preparing.await.map_err(Refused::because)?;
    let blob = controls.store.stage(record).await.map_err(Refused::because)?;
    controls
        .store
        .write(move |tx| {
            let found = mailbox::mailboxes::find(tx, account, &name)?;
            let target = match found {
                Some(found) => found.id,
                None => mailbox::mailboxes::create(tx, account, &name, None)?.id,
            };
            blob.attach(tx, 1)?;
            let dedupe = Dedupe { key: &dedupe_key, expires: tx.now().plus(REMEMBERED) };
            let delivery = Delivery {
                target: Target::Mailbox(target),
                prepared: &prepared,
                blob: blob.id(),
                trace: &[],
                flags,
                received,
                dedupe: Some(dedupe),
            };
            Ok::<_, PeopleError>(mailbox::deliver(tx, account, &delivery)?)
        })
        .await
        .map_err(Refused::because)
}

fn flags(message: &Imported) -> Flags {
    let from = &message.flags;
    let bits = [
        (from.seen, Flags::SEEN),
        (from.answered, Flags::ANSWERED),
        (from.flagged, Flags::FLAGGED),
        (from.deleted, Flags::DELETED),
        (from.draft, Flags::DRAFT),
    ];
    Flags::system(bits.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit))
}
