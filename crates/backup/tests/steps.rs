//! Steps lead from a backup to every moment that was kept, to the same rows on either engine; gaps, losses and erasures are told and held.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backup::{
    Access, BackupError, Chosen, Doors, Keep, Opened, Reading, StepWanted, Stepped, Steps, StoredKeys, Target, Wanted,
    check, generation, list, list_points, step, take,
};
use env::Secret;
use store::copy::{Pace, Part, freeze};
use store::journal::{self, Reached};
use store::testing::{Engine, TestStore};
use store::{Store, StoreError, Tx, params};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

store::on_both_engines! {
    each_moment_comes_back_on_either_engine,
    the_mail_of_one_account_comes_from_any_moment,
    a_step_that_was_carried_out_may_be_again,
    nothing_is_noted_once_it_has_ended,
    what_no_repository_lacks_is_forgotten,
}

/// What is the repository's matter alone, whatever the engine.
mod repository {
    use store::testing::{Engine, run};

    #[test]
    fn a_gap_is_told_with_what_lies_beside_it() {
        run(Engine::Sqlite, super::a_gap_is_told_with_what_lies_beside_it);
    }

    #[test]
    fn what_was_taken_over_takes_no_more_steps() {
        run(Engine::Sqlite, super::what_was_taken_over_takes_no_more_steps);
    }

    #[test]
    fn steps_go_when_their_time_is_over() {
        run(Engine::Sqlite, super::steps_go_when_their_time_is_over);
    }
}

fn target(directory: &Path) -> Target {
    let location = directory.join("repository").display().to_string();
    Target { location, access: Access::default(), password: Secret::new("words".to_owned()), opened: Opened::default() }
}

fn wanted() -> Wanted {
    Wanted { host: "mail.trade.test".to_owned(), files: Vec::new(), pace: Pace::default(), progress: Arc::default() }
}

fn step_wanted() -> StepWanted {
    StepWanted { host: "mail.trade.test".to_owned(), pace: Pace::default(), replaces: true, generation: 1 }
}

async fn write(store: &Store, work: impl FnMut(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static) {
    store.write(work).await.unwrap();
}

fn add_account(tx: &mut Tx<'_>, id: i64, key: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created)
         VALUES ($1, 1, 'person', '信风', '', 'en', 'active', $2, 0, 0, 0, 0, 0, 0)",
        params![id, key.as_bytes()],
    )?;
    Ok(())
}

fn add_mailbox(tx: &mut Tx<'_>, account: i64, id: i64, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
            highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
         VALUES ($1, $2, $3, $3, '', 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1)",
        params![account, id, name.as_bytes()],
    )?;
    Ok(())
}

fn add_message(tx: &mut Tx<'_>, account: i64, id: i64, blob: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
         VALUES ($1, $2, 1, $3, $4, 1, 1, 1, 1, $4, $4)",
        params![account, id, blob, b"wrapped"],
    )?;
    Ok(())
}

/// Rows whose keys are of every kind that there is.
async fn begin_with(store: &Store) {
    write(store, |tx| {
        (1..=4).try_for_each(|id| add_account(tx, id, "key"))?;
        (1..=3).try_for_each(|id| add_mailbox(tx, 1, id, &format!("box {id}")))?;
        for (address, account) in [("li@acme.example", 1_i64), ("wang@acme.example", 2)] {
            tx.execute(
                "INSERT INTO address (address, account, kind) VALUES ($1, $2, 'primary')",
                params![address, account],
            )?;
        }
        for number in 0..3_i64 {
            tx.execute(
                "INSERT INTO dedupe (account, delivery, message, expires) VALUES (1, $1, $2, 1)",
                params![&[7, number.to_le_bytes()[0], 0xff], number],
            )?;
            tx.execute(
                "INSERT INTO portal_chunk (account, delivery, reply, part, number, blob, key_wrapped, size)
                 VALUES (1, 1, 0, 1, $1, 5, $2, 9)",
                params![number, b"k"],
            )?;
        }
        Ok(())
    })
    .await;
    add_blobs(store, 1).await;
}

/// One that travels in its row, one of some length.
async fn add_blobs(store: &Store, seed: u8) {
    for (number, length) in [(1, 50), (2, 30_000)] {
        let bytes: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0].wrapping_mul(7) ^ seed).collect();
        let staged = store.stage(bytes).await.unwrap();
        let message = i64::from(seed) * 10 + number;
        write(store, move |tx| {
            staged.attach(tx, 1)?;
            add_message(tx, 1, message, staged.id())
        })
        .await;
    }
}

/// The bytes of every table and bundle. Those of a table are sorted: engines order words differently.
async fn everything(store: &Store) -> BTreeMap<String, Vec<u8>> {
    freeze(store, Pace::default(), |frozen| {
        let (mut all, parts) = (BTreeMap::new(), frozen.parts());
        let mut read = |name: String, part: Part, sorted: bool| {
            let mut bytes = Vec::new();
            parts.open(part).read_to_end(&mut bytes).unwrap();
            if sorted {
                bytes.sort_unstable();
            }
            all.insert(name, bytes);
        };
        for table in &frozen.inventory().tables {
            read(table.name.clone(), Part::Table(table.clone()), true);
        }
        for bundle in &frozen.inventory().bundles {
            read(format!("bundle {}", bundle.first), Part::Bundle(bundle.clone()), false);
        }
        all
    })
    .await
    .unwrap()
}

fn assert_same(found: &BTreeMap<String, Vec<u8>>, wanted: &BTreeMap<String, Vec<u8>>, when: &str) {
    for (name, bytes) in wanted {
        assert!(found.get(name) == Some(bytes), "{when}: {name} differs");
    }
    assert_eq!(found.len(), wanted.len(), "{when}");
}

struct Kept {
    target: Target,
    doors: Doors,
}

impl Kept {
    /// Begins a chain and takes a backup that it leads on from.
    async fn begin(store: &TestStore, directory: &Path) -> Self {
        let target = target(directory);
        let chain = store.begin_journal().await.unwrap().chain;
        let (location, is_embedded) = (target.location.clone(), store.is_embedded());
        write(store, move |tx| journal::begin_reached(tx, is_embedded, &location, chain)).await;
        take(store, &target, wanted(), true).await.unwrap();
        Self { target, doors: Doors::default() }
    }

    async fn reached(&self, store: &Store) -> Reached {
        store.read(journal::reached).await.unwrap().pop().unwrap()
    }

    async fn step(&mut self, store: &TestStore) -> Result<Stepped, BackupError> {
        store.clock.advance(Duration::from_secs(45));
        let reached = self.reached(store).await;
        step(store, &self.target, &step_wanted(), &reached, &mut self.doors).await
    }

    async fn restored(&self, to: i64, engine: Engine) -> Option<TestStore> {
        let other = TestStore::open(engine).await?;
        let (target, into, runtime) = (self.target.clone(), other.handle(), Handle::current());
        let work = move || {
            let chosen = Chosen::open_at(&target, to)?;
            chosen.fill_to_follow(&into, StoredKeys::open(&target)?, &runtime)
        };
        spawn_blocking(work).await.unwrap().unwrap();
        Some(other)
    }

    async fn open_at(&self, to: i64) -> Result<i64, BackupError> {
        let target = self.target.clone();
        spawn_blocking(move || Chosen::open_at(&target, to).map(|chosen| chosen.moment())).await.unwrap()
    }
}

/// A change of each kind, and names that change hands.
async fn change(store: &Store, round: u8) {
    add_blobs(store, 100 + round).await;
    write(store, move |tx| {
        let round = i64::from(round);
        add_account(tx, 50 + round, &format!("a canary of a key {round}"))?;
        tx.execute("UPDATE account SET modseq = modseq + 1 WHERE id = 1", &[])?;
        tx.execute("UPDATE mailbox SET name_key = $1 WHERE id = 1", params![b"elsewhere"])?;
        tx.execute("UPDATE mailbox SET name_key = $1 WHERE id = 2", params![b"box 1"])?;
        tx.execute("UPDATE mailbox SET name_key = $1 WHERE id = 1", params![b"box 2"])?;
        tx.execute("UPDATE dedupe SET delivery = $1 WHERE message = 1", params![&[8, round.to_le_bytes()[0]]])?;
        tx.execute("DELETE FROM dedupe WHERE message = 2", &[])?;
        tx.execute("DELETE FROM portal_chunk WHERE number = $1", params![round])?;
        tx.execute("DELETE FROM address WHERE account = $1", params![round])?;
        tx.execute("DELETE FROM message WHERE id = $1", params![round * 10 + 1])?;
        tx.execute("DELETE FROM blob WHERE id = (SELECT MIN(id) FROM blob)", &[])?;
        tx.execute("UPDATE blob SET refs = refs + 1 WHERE id = (SELECT MAX(id) FROM blob)", &[])?;
        // There and gone again: of this nothing is to be seen.
        add_account(tx, 90, "key")?;
        tx.execute("DELETE FROM account WHERE id = 90", &[])?;
        Ok(())
    })
    .await;
}

async fn each_moment_comes_back_on_either_engine(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    let now = || store.context().clock.now().millis();
    let mut moments = vec![(now(), everything(&store).await)];
    for round in 1..=3 {
        change(&store, round).await;
        let Stepped::Taken(taken) = kept.step(&store).await.unwrap() else { panic!("there was something") };
        assert_eq!((taken.number, taken.taken), (i64::from(round), now()));
        moments.push((now(), everything(&store).await));
        if round == 2 {
            // A backup amid the steps, which leads on as well.
            take(&store, &kept.target, wanted(), true).await.unwrap();
        }
    }
    assert_eq!(kept.step(&store).await.unwrap(), Stepped::Nothing);
    // Amid the steps from the first backup, and after the second.
    for (moment, wanted) in [&moments[1], &moments[3]] {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            if let Some(other) = kept.restored(*moment, engine).await {
                assert_same(&everything(&other).await, wanted, &format!("{moment} on {engine:?}"));
            }
        }
    }
    let looking = kept.target.clone();
    let (listed, backups) =
        spawn_blocking(move || (list_points(&looking).unwrap(), list(&looking).unwrap())).await.unwrap();
    assert_eq!((listed.backups.len(), backups.len()), (2, 2), "a step is no backup");
    let span = (listed.spans[0].from, listed.spans[0].to, listed.spans[0].steps);
    assert_eq!((listed.spans.len(), span), (1, (moments[0].0, moments[3].0, 3)));
    let looking = kept.target.clone();
    assert!(spawn_blocking(move || check(&looking, Reading::All)).await.unwrap().unwrap().sound);
    assert_eq!(kept.open_at(moments[0].0 + 1).await.unwrap(), moments[0].0);
    assert!(matches!(kept.open_at(moments[0].0 - 1).await, Err(BackupError::NoBackup { .. })));
    assert_eq!(store.read(erased_keys).await.unwrap(), 7);
}

/// Mailboxes by their names, messages with their blobs.
fn mail_of(tx: &mut Tx<'_>) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let mut all = tx.rows("SELECT id, name_key FROM mailbox WHERE account = 1 ORDER BY id", &[], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    all.extend(tx.rows("SELECT id, blob FROM message WHERE account = 1 ORDER BY id", &[], |row| {
        Ok((row.int(0)?, row.int(1)?.to_le_bytes().to_vec()))
    })?);
    Ok(all)
}

async fn the_mail_of_one_account_comes_from_any_moment(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    write(&store, |tx| {
        tx.execute(
            "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES (1, 'x', 'basic', $1, 0)",
            params![b"above"],
        )?;
        Ok(())
    })
    .await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    let now = || store.context().clock.now().millis();
    let mut moments = vec![(now(), store.read(mail_of).await.unwrap())];
    for round in 1..=3 {
        change(&store, round).await;
        kept.step(&store).await.unwrap();
        moments.push((now(), store.read(mail_of).await.unwrap()));
    }
    for (moment, wanted) in moments {
        let Some(other) = TestStore::open(Engine::Sqlite).await else { return };
        let (target, live, into, runtime) = (kept.target.clone(), store.handle(), other.handle(), Handle::current());
        let work = move || {
            let chosen = Chosen::open_at(&target, moment).unwrap();
            assert_eq!(chosen.moment(), moment);
            chosen.pick(&into, &live, &[1], &runtime).unwrap();
            let mut blobs =
                runtime.block_on(into.read(|tx| tx.rows("SELECT blob FROM message", &[], |row| row.int(0)))).unwrap();
            blobs.sort_unstable();
            let mut read = Vec::new();
            let outcome: Result<(), BackupError> = chosen.blobs(&blobs, |id, bytes| {
                assert!(!bytes.is_empty());
                read.push(id);
                Ok(())
            });
            outcome.unwrap();
            read.sort_unstable();
            assert_eq!(read, blobs, "each once");
        };
        spawn_blocking(work).await.unwrap();
        assert_eq!(other.read(mail_of).await.unwrap(), wanted, "{moment}");
    }
}

fn erased_keys(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx.row("SELECT COUNT(*) FROM account", &[], |row| row.int(0))?.unwrap_or(0))
}

async fn a_step_that_was_carried_out_may_be_again(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    let Some(other) = kept.restored(store.context().clock.now().millis(), Engine::Sqlite).await else { return };
    change(&store, 1).await;
    kept.step(&store).await.unwrap();
    let wanted = everything(&store).await;
    let (target, into, runtime) = (kept.target.clone(), other.handle(), Handle::current());
    let work = move || {
        let steps = Steps::open(&target).unwrap();
        let keys = StoredKeys::open(&target).unwrap();
        let followed = runtime.block_on(into.read(journal::followed)).unwrap().unwrap();
        let next = steps.following(&followed);
        assert_eq!(next.len(), 1);
        for _ in 0..2 {
            steps.carry_out(&next[0], &into, keys.clone(), &runtime).unwrap();
        }
        let followed = runtime.block_on(into.read(journal::followed)).unwrap().unwrap();
        assert_eq!((followed.number, steps.following(&followed).len()), (1, 0));
    };
    spawn_blocking(work).await.unwrap();
    assert_same(&everything(&other).await, &wanted, "twice");
}

async fn nothing_is_noted_once_it_has_ended(store: TestStore) {
    begin_with(&store).await;
    assert_eq!(store.journal_length().await.unwrap(), 0, "nothing is noted by itself");
    store.begin_journal().await.unwrap();
    change(&store, 1).await;
    assert!(store.journal_length().await.unwrap() > 10);
    store.end_journal().await.unwrap();
    assert!(store.journal_length().await.unwrap() <= 1);
    change(&store, 2).await;
    assert!(store.journal_length().await.unwrap() <= 1);
    assert_eq!(store.read(journal::state).await.unwrap().chain, 0);
}

async fn a_gap_is_told_with_what_lies_beside_it(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    change(&store, 1).await;
    kept.step(&store).await.unwrap();
    let last = store.context().clock.now().millis();
    // The journal was lost, as when it grew too long: another chain, and another backup from which it leads on.
    store.clock.advance(Duration::from_secs(3_600));
    change(&store, 2).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    let again = store.context().clock.now().millis();
    change(&store, 3).await;
    kept.step(&store).await.unwrap();
    assert_eq!(kept.open_at(last + 30_000).await.unwrap(), last);
    let told = kept.open_at(last + 1_800_000).await.unwrap_err();
    let moment = |millis| env::Timestamp::from_millis(millis).to_string();
    assert!(matches!(told, BackupError::Gap { .. }), "{told}");
    assert!(told.to_string().contains(&moment(last)) && told.to_string().contains(&moment(again)), "{told}");
    let newest = store.context().clock.now().millis();
    assert_eq!(kept.open_at(newest).await.unwrap(), newest);
    // A repository that could not be reached for long: what lies between cannot be told apart.
    store.clock.advance(Duration::from_secs(3_600));
    change(&store, 4).await;
    kept.step(&store).await.unwrap();
    let told = kept.open_at(newest + 1_800_000).await.unwrap_err();
    assert!(told.to_string().contains(&moment(newest)), "{told}");
    // Nothing happened for long: each moment of that time is the same.
    let quiet = store.context().clock.now().millis();
    store.clock.advance(Duration::from_secs(3_600));
    assert_eq!(kept.step(&store).await.unwrap(), Stepped::Nothing);
    change(&store, 5).await;
    kept.step(&store).await.unwrap();
    assert_eq!(kept.open_at(quiet + 1_800_000).await.unwrap(), quiet);
}

async fn what_was_taken_over_takes_no_more_steps(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    let keys = StoredKeys::read(&store).await.unwrap();
    let (target, now) = (kept.target.clone(), store.context().clock.now().millis());
    let taking = move || {
        assert_eq!(generation(&target).unwrap(), Some(1));
        keys.write(&target, now, true, 2).unwrap();
        keys.write(&target, now, true, 1)
    };
    let refused = spawn_blocking(taking).await.unwrap().unwrap_err();
    assert!(matches!(refused, BackupError::Replaced { theirs: 2, ours: 1, .. }), "{refused}");
    change(&store, 1).await;
    assert_eq!(kept.step(&store).await.unwrap(), Stepped::Replaced(2));
    let refused = take(&store, &kept.target, wanted(), true).await.unwrap_err();
    assert!(matches!(refused, BackupError::Replaced { .. }), "{refused}");
}

async fn steps_go_when_their_time_is_over(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    for round in 1..=4 {
        change(&store, round).await;
        kept.step(&store).await.unwrap();
        store.clock.advance(Duration::from_secs(86_400));
        take(&store, &kept.target, wanted(), true).await.unwrap();
    }
    let (target, now) = (kept.target.clone(), store.context().clock.now().millis());
    let pruning = move || {
        let gone = Keep::apply_to_steps(&target, 2, now).unwrap();
        (gone, list_points(&target).unwrap(), check(&target, Reading::All).unwrap().sound)
    };
    let (gone, listed, sound) = spawn_blocking(pruning).await.unwrap();
    assert_eq!((gone, sound), (2, true));
    assert!(listed.spans.last().is_some_and(|span| span.to >= now), "{:?}", listed.spans);
}

async fn what_no_repository_lacks_is_forgotten(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    begin_with(&store).await;
    let mut kept = Kept::begin(&store, scratch.path()).await;
    change(&store, 1).await;
    let length = store.journal_length().await.unwrap();
    kept.step(&store).await.unwrap();
    let reached = kept.reached(&store).await;
    store.prune_journal(std::slice::from_ref(&reached.mark)).await.unwrap();
    assert!(length > 10 && store.journal_length().await.unwrap() <= 1);
    assert!(store.knows_mark(&reached.mark).await.unwrap());
    change(&store, 2).await;
    assert!(matches!(kept.step(&store).await.unwrap(), Stepped::Taken(_)), "what came after is not forgotten");
}
