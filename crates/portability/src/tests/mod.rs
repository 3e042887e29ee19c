//! Mail through all the forms and back, hostile files, and servers that keep to a transcript.

mod files;
mod hostile;
mod remote;
mod script;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use env::Timestamp;
use identity::{AccountKind, Language, Level, NewAccount, Role};
use mailbox::{Flags, MailboxError, Name, Prepared, keywords, mailboxes};
use store::testing::TestStore;
use store::{StoreError, Tx};

use crate::read::{self, Form};
use crate::{Importer, Into, Progress, Tally, assign};

/// What can go wrong in a test's own work.
#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error(transparent)]
    Identity(#[from] identity::IdentityError),
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A new account with the usual mailboxes; `quota` in octets, 0 for none.
async fn account(store: &TestStore, name: &str, quota: u64) -> i64 {
    let name = name.to_owned();
    let make = move |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, &name, Level::Basic)?;
        identity::create_domain(tx, organisation, &format!("{name}.test"))?;
        let address = format!("me@{name}.test");
        let new = NewAccount {
            organisation,
            address: &address,
            name: "Me",
            role: Role::Sales,
            language: Language::English,
            kind: AccountKind::Person,
            quota_bytes: quota,
            password: None,
        };
        let id = identity::create_account(tx, &new)?;
        mailboxes::create_defaults(tx, id)?;
        Ok::<_, TestError>(id)
    };
    store.write(make).await.unwrap()
}

/// A message as it is compared: content, seconds of receipt, flags.
type Seen = (String, i64, Vec<String>);

/// Everything that an account has, by mailbox; the messages of each sorted.
async fn everything(store: &TestStore, account: i64) -> BTreeMap<String, Vec<Seen>> {
    let handle = store.handle();
    let read = move |tx: &mut Tx<'_>| {
        let known = keywords::list(tx, account)?;
        let mut all = BTreeMap::new();
        for mailbox in mailboxes::list(tx, account)? {
            let mut messages = Vec::new();
            for entry in mailbox::snapshot(tx, account, mailbox.id)? {
                let content = mailbox::source(tx, account, entry.message)?.reader(handle.blobs()).read_all()?;
                let mut flags = keywords::names(entry.flags(), &known);
                flags.sort();
                messages.push((String::from_utf8_lossy(&content).into_owned(), entry.received().seconds(), flags));
            }
            messages.sort();
            all.insert(mailbox.name.as_str().to_owned(), messages);
        }
        Ok::<_, TestError>(all)
    };
    store.read(read).await.unwrap()
}

/// Puts a message into a mailbox, which is made if need be.
async fn append(store: &TestStore, account: i64, mailbox: &str, raw: &[u8], flags: (u8, &[&str]), received: i64) {
    let mut prepared = Prepared::new(raw, store.context());
    let blob = store.stage(prepared.take_record()).await.unwrap();
    let name = Name::parse(mailbox).unwrap();
    let words: Vec<String> = flags.1.iter().map(|word| (*word).to_owned()).collect();
    let work = move |tx: &mut Tx<'_>| {
        let id = match mailboxes::find(tx, account, &name)? {
            Some(found) => found.id,
            None => mailboxes::create(tx, account, &name, None)?.id,
        };
        blob.attach(tx, 1)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let keywords = keywords::intern(tx, account, &words)?;
        let flags = Flags { keywords, ..Flags::system(flags.0) };
        mailbox::append(tx, account, id, &prepared, blob.id(), flags, Timestamp::from_seconds(received))?;
        Ok::<_, TestError>(())
    };
    store.write(work).await.unwrap();
}

/// Brings what lies at `path` into INBOX and where it belongs.
async fn bring(store: &TestStore, account: i64, form: Form, path: &Path, is_trial: bool) -> Tally {
    let source = read::open(form, path).unwrap();
    let into = Name::inbox();
    let mut importer = Importer::new(store.handle(), account, is_trial, Arc::new(Progress::default()));
    let mut places = BTreeMap::new();
    for (folder, destination) in source.folders().to_vec().iter().zip(assign(source.folders(), &into)) {
        places.insert(folder.path.clone(), importer.mailbox(&destination).await.unwrap());
    }
    for item in source {
        match item {
            Ok(item) => {
                let mailbox = places[&item.folder];
                let into = Into { mailbox, marks: item.marks, received: item.received, ..Into::default() };
                importer.put(item.raw, into).await.unwrap();
            }
            Err(error) => importer.leave_out(&error),
        }
    }
    importer.flush().await.unwrap();
    importer.tally().clone()
}
