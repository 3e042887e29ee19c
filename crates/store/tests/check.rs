//! The check passes a sound store and names what is broken in any other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use crypto::keys::{Account, Key, MessageKey, Organisation};
use crypto::record;
use env::{Entropy, SeededEntropy};
use store::testing::{Engine, TestStore};
use store::{StoreError, Tx, check, params, scrub};

store::on_both_engines! {
    a_sound_store_passes,
    each_broken_rule_is_named,
    content_that_does_not_open_is_found_by_the_deep_check,
    damaged_content_is_noted_and_mended_by_nothing_but_itself,
}

const ORGANISATION: i64 = 7;
const ACCOUNT: i64 = 8;

/// Fills the store with one of each: organisation, account, mailbox, two messages, of which one is long, one queued message.
async fn fill(store: &TestStore) {
    let entropy = SeededEntropy::new(9);
    let organisation = Key::<Organisation>::generate(&entropy);
    let account = Key::<Account>::generate(&entropy);
    let region_wrapped = store.context().keys.region().wrap(&entropy, &organisation, ORGANISATION);
    let account_wrapped = organisation.wrap(&entropy, &account, ACCOUNT);
    store.write(move |tx| add_account(tx, &region_wrapped, &account_wrapped)).await.unwrap();
    for (id, length) in [(1_i64, 100), (2, 30_000)] {
        let mut plain = vec![0; length];
        entropy.fill(&mut plain);
        let key = MessageKey::generate(&entropy);
        let staged = store.stage(record::seal(&key, crypto::seal::Suite::Aes, &plain)).await.unwrap();
        let wrapped = account.wrap_message(&entropy, &key, staged.id());
        let queued = organisation.wrap_message(&entropy, &key, staged.id());
        store
            .write(move |tx| {
                staged.attach(tx, if id == 1 { 2 } else { 1 })?;
                add_message(tx, id, staged.id(), &wrapped, length as i64)?;
                if id == 1 { add_queued(tx, staged.id(), &queued) } else { Ok(()) }
            })
            .await
            .unwrap();
    }
}

fn add_account(tx: &mut Tx<'_>, organisation: &[u8], account: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, '', 'basic', $2, 0)",
        params![ORGANISATION, organisation],
    )?;
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created) VALUES ($1, $2, 'person', '', '', 'en', 'active', $3, 5, 0, 30100, 2, 0, 0)",
        params![ACCOUNT, ORGANISATION, account],
    )?;
    tx.execute(
        "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
            highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
         VALUES ($1, 1, $2, $2, '', 1, 1, 10, 1, 4, 2, 1, 1, 30100, 1, 1)",
        params![ACCOUNT, b"name"],
    )?;
    tx.execute("INSERT INTO address (address, account, kind) VALUES ('a@b.c', $1, 'primary')", params![ACCOUNT])?;
    tx.execute(
        "INSERT INTO expunged (account, mailbox, modseq, uid_first, uid_last) VALUES ($1, 1, 3, 5, 7)",
        params![ACCOUNT],
    )?;
    Ok(())
}

/// The first message is seen, the second flagged as deleted.
fn add_message(tx: &mut Tx<'_>, id: i64, blob: i64, wrapped: &[u8], size: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
         VALUES ($1, $2, 77, $3, $4, $5, 0, 1, 2, $6, $6)",
        params![ACCOUNT, id, blob, wrapped, size, b""],
    )?;
    let flags = if id == 1 { 1_i64 } else { 8 };
    tx.execute(
        "INSERT INTO mailbox_message (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
         VALUES ($1, 1, $2, $2, $3, 0, 4, $4, 0, 0)",
        params![ACCOUNT, id, flags, size],
    )?;
    tx.execute("INSERT INTO thread_ref (account, reference, thread) VALUES ($1, $2, 77)", params![ACCOUNT, id])?;
    Ok(())
}

fn add_queued(tx: &mut Tx<'_>, blob: i64, wrapped: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO queue_message (id, organisation, blob, key_wrapped, envelope, size, created, expires, held)
         VALUES (3, $1, $2, $3, $4, 100, 0, 0, 0)",
        params![ORGANISATION, blob, wrapped, b""],
    )?;
    tx.execute(
        "INSERT INTO queue_recipient (message, number, destination, state, due, attempts, lease_until, lease_fence, recipient)
         VALUES (3, 0, 0, 'due', 0, 0, 0, 0, $1)",
        params![b""],
    )?;
    Ok(())
}

async fn findings(store: &TestStore, deep: bool) -> Vec<String> {
    let report = check::run(store, deep).await.unwrap();
    report.findings.iter().map(ToString::to_string).collect()
}

async fn a_sound_store_passes(mut store: TestStore) {
    assert_eq!(check::run(&store, true).await.unwrap(), check::Report::default(), "an empty one too");
    fill(&store).await;
    let sound = check::Report { findings: Vec::new(), accounts: 1, messages: 2 };
    assert_eq!(check::run(&store, true).await.unwrap(), sound);
    store.reopen().await;
    assert_eq!(check::run(&store, true).await.unwrap(), sound);
}

/// What breaks the store, what mends it, and a part of what the check must say in between.
const BREAKS: &[(&str, &str, &str)] = &[
    ("UPDATE mailbox SET total = 3", "UPDATE mailbox SET total = 2", "counters of the mailbox"),
    ("UPDATE mailbox SET unseen = 0", "UPDATE mailbox SET unseen = 1", "counters of the mailbox"),
    ("UPDATE mailbox SET deleted = 0", "UPDATE mailbox SET deleted = 1", "counters of the mailbox"),
    ("UPDATE mailbox SET bytes = bytes + 1", "UPDATE mailbox SET bytes = bytes - 1", "counters of the mailbox"),
    ("UPDATE mailbox SET uidnext = 2", "UPDATE mailbox SET uidnext = 10", "counters of the mailbox"),
    ("UPDATE mailbox SET uidnext = 7", "UPDATE mailbox SET uidnext = 10", "never given out"),
    ("UPDATE mailbox SET highestmodseq = 3", "UPDATE mailbox SET highestmodseq = 4", "counters of the mailbox"),
    ("UPDATE mailbox SET highestmodseq = 6", "UPDATE mailbox SET highestmodseq = 4", "later modseq than its account"),
    ("UPDATE account SET messages = 1", "UPDATE account SET messages = 2", "counters of the account"),
    ("UPDATE account SET bytes = 0", "UPDATE account SET bytes = 30100", "counters of the account"),
    (
        "UPDATE mailbox_message SET message = 9 WHERE uid = 2",
        "UPDATE mailbox_message SET message = 2 WHERE uid = 2",
        "lists a message that is not there",
    ),
    ("UPDATE mailbox SET id = 2", "UPDATE mailbox SET id = 1", "lie in a mailbox that is not there"),
    ("UPDATE mailbox_message SET received = 1", "UPDATE mailbox_message SET received = 0", "another than its own"),
    ("UPDATE message SET copies = 0 WHERE id = 1", "UPDATE message SET copies = 1", "number of copies"),
    (
        "UPDATE message SET blob = blob + 1 WHERE id = 1",
        "UPDATE message SET blob = blob - 1 WHERE id = 1",
        "content is missing",
    ),
    ("UPDATE blob SET refs = refs + 1", "UPDATE blob SET refs = refs - 1", "number of references"),
    (
        "UPDATE blob SET length = length + 1 WHERE segment = 0",
        "UPDATE blob SET length = length - 1 WHERE segment = 0",
        "of another length",
    ),
    ("UPDATE expunged SET uid_first = 2", "UPDATE expunged SET uid_first = 5", "told as gone and still there"),
    ("UPDATE thread_ref SET thread = 78", "UPDATE thread_ref SET thread = 77", "leads to a thread that is not there"),
    ("UPDATE address SET account = 9", "UPDATE address SET account = 8", "an address leads to no account"),
    ("UPDATE queue_message SET id = 4", "UPDATE queue_message SET id = 3", "has no recipients"),
    ("UPDATE queue_recipient SET message = 4", "UPDATE queue_recipient SET message = 3", "is not in the queue"),
    ("UPDATE queue_recipient SET state = 'lost'", "UPDATE queue_recipient SET state = 'due'", "state is unknown"),
    ("UPDATE queue_message SET held = 1", "UPDATE queue_message SET held = 0", "held otherwise than its message"),
    ("UPDATE account SET organisation = 9", "UPDATE account SET organisation = 7", "organisation that is not there"),
    (
        "INSERT INTO list_state (organisation, version, entries) VALUES (7, 1, 1)",
        "DELETE FROM list_state",
        "number of list entries",
    ),
    (
        "INSERT INTO role_given (account, role, given_by, created) VALUES (9, 'admin', 0, 0)",
        "DELETE FROM role_given",
        "a role is given to an account that is not there",
    ),
    (
        "INSERT INTO access_grant (organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told)
         SELECT 7, 1, 8, 9, 0, 'asked', key_wrapped, 0, 0, 0, 0, 0 FROM organisation",
        "DELETE FROM access_grant",
        "names an account that is not there",
    ),
    (
        "INSERT INTO approval (organisation, id, asker, decided_by, action, state, detail, created, expires)
         SELECT 7, 1, 9, 0, 'user-delete', 'waiting', key_wrapped, 0, 0 FROM organisation",
        "DELETE FROM approval",
        "its asker is not there",
    ),
    (
        "INSERT INTO address (address, account, kind) VALUES ('g@trade.test', 6, 'group')",
        "DELETE FROM address WHERE kind = 'group'",
        "leads to no group",
    ),
    (
        "INSERT INTO group_owner (group_id, account) VALUES (6, 8)",
        "DELETE FROM group_owner",
        "belong to a group that is not there",
    ),
    (
        "INSERT INTO group_member (group_id, kind, target, address) SELECT 6, 'account', 9, key_wrapped FROM organisation",
        "DELETE FROM group_member",
        "has a member that is not there",
    ),
    (
        "INSERT INTO delegation (account, delegate, permission, mailbox, since, until, granted_by)
         VALUES (8, 9, 'read', 0, 0, 0, 0)",
        "DELETE FROM delegation",
        "an account that is not there",
    ),
    (
        "UPDATE schema_version SET version = version + 5",
        "UPDATE schema_version SET version = version - 5",
        "step of the schema",
    ),
];

async fn each_broken_rule_is_named(store: TestStore) {
    fill(&store).await;
    for (breaking, mending, said) in BREAKS {
        store.write(move |tx| tx.execute(breaking, &[])).await.unwrap();
        let found = findings(&store, false).await;
        assert!(found.iter().any(|finding| finding.contains(said)), "{breaking}: {found:?}");
        store.write(move |tx| tx.execute(mending, &[])).await.unwrap();
        assert!(findings(&store, false).await.is_empty(), "{mending}");
    }
}

async fn content_that_does_not_open_is_found_by_the_deep_check(mut store: TestStore) {
    fill(&store).await;
    let wrapped = store
        .write(|tx| {
            let old = tx.row("SELECT key_wrapped FROM message WHERE id = 1", &[], |row| Ok(row.bytes(0)?.to_vec()))?;
            tx.execute(
                "UPDATE message SET key_wrapped = (SELECT o.key_wrapped FROM message o WHERE o.id = 2) WHERE id = 1",
                &[],
            )?;
            Ok::<_, StoreError>(old.unwrap())
        })
        .await
        .unwrap();
    assert!(findings(&store, false).await.is_empty(), "only the deep check opens messages");
    let found = findings(&store, true).await;
    assert_eq!(found, ["message 8 1: the message does not open"]);
    store
        .write(move |tx| tx.execute("UPDATE message SET key_wrapped = $1 WHERE id = 1", params![&wrapped]))
        .await
        .unwrap();

    store.write(|tx| tx.execute("UPDATE organisation SET key_wrapped = $1", params![b"no key"])).await.unwrap();
    store.reopen().await;
    let found = findings(&store, true).await;
    assert!(found.iter().any(|finding| finding.starts_with("organisation 7:")), "{found:?}");
    assert!(found.iter().any(|finding| finding.starts_with("queued message 7 3:")), "{found:?}");
}

/// Walks through everything; gives the blobs found damaged.
async fn walk(store: &TestStore) -> Vec<i64> {
    let mut damaged = Vec::new();
    loop {
        let page = scrub::page(store).await.unwrap();
        assert!(page.database.is_empty(), "{page:?}");
        damaged.extend(page.damaged);
        if page.walk.finished != 0 {
            assert!(page.walk.blobs >= 3 && page.walk.bytes > 30_000, "{:?}", page.walk);
            damaged.dedup();
            return damaged;
        }
    }
}

async fn damaged_content_is_noted_and_mended_by_nothing_but_itself(store: TestStore) {
    fill(&store).await;
    assert!(walk(&store).await.is_empty());
    let of_message_1 = "SELECT b.id, b.data FROM message m JOIN blob b ON b.id = m.blob WHERE m.id = 1";
    let read = move |tx: &mut Tx<'_>| tx.row(of_message_1, &[], |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())));
    let (id, sound) = store.read(read).await.unwrap().unwrap();
    let mut damaged = sound.clone();
    damaged[50] ^= 1;
    let bytes = damaged.clone();
    let damage = move |tx: &mut Tx<'_>| tx.execute("UPDATE blob SET data = $1 WHERE id = $2", params![&bytes, id]);
    store.write(damage).await.unwrap();
    assert!(walk(&store).await.contains(&id));
    assert_eq!(scrub::damaged(&store).await.unwrap(), [id]);

    let mut mender = scrub::Mender::new(&store).await.unwrap();
    assert_eq!(mender.wanted(), [id]);
    for wrong in [damaged, sound[1..].to_vec(), Vec::new()] {
        assert!(!mender.put(id, wrong).await.unwrap(), "only what was there is put there");
    }
    assert!(!mender.put(id + 1, sound.clone()).await.unwrap(), "what is whole is left alone");
    assert!(mender.lost().iter().any(|lost| lost.kind == "message" && lost.account == Some(ACCOUNT)));
    assert!(mender.put(id, sound).await.unwrap());
    assert!(mender.lost().is_empty());
    assert!(scrub::damaged(&store).await.unwrap().is_empty());
    assert!(walk(&store).await.is_empty());
    assert!(findings(&store, true).await.is_empty());
}

#[test]
fn damaged_segments_are_found() {
    store::testing::run(Engine::Sqlite, |store| async move {
        fill(&store).await;
        let path = store.directory().unwrap().join("blobs/00000001.segment");
        let sound = std::fs::read(&path).unwrap();
        let mut damaged = sound.clone();
        damaged[20_000] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        assert!(findings(&store, false).await.is_empty());
        let found = findings(&store, true).await;
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "message 8 2: the message does not open");
        assert!(found[1].ends_with("the content does not match its checksum"), "{found:?}");
        std::fs::write(&path, &sound[..25_000]).unwrap();
        let found = findings(&store, false).await;
        assert_eq!(found, ["segment 1: the segment file is missing or shorter than the blobs in it"]);
    });
}
