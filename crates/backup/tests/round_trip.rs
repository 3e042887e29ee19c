//! What goes into a backup comes out of it, on either engine, and what is wrong is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backup::{
    Access, BackupError, Chosen, FileBytes, FileItem, Keep, Opened, Reading, StoredKeys, Target, Wanted, check, list,
    take, take_out,
};
use env::Secret;
use store::copy::{AccountKeys, Filler, Inventory, Pace, freeze};
use store::testing::{Engine, TestStore};
use store::{Store, StoreError, Tx, params};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

store::on_both_engines! {
    everything_comes_back_on_either_engine,
    a_second_backup_adds_what_is_new_alone,
    what_changes_meanwhile_is_not_in_it,
    a_password_is_turned_into_a_key_once,
    a_wrong_password_opens_nothing,
    a_damaged_pack_is_found,
    old_backups_go_and_the_newest_stays,
    a_clock_that_was_wrong_costs_no_backup,
    a_store_that_is_used_is_not_filled,
    an_account_that_was_erased_comes_back_without_its_key,
    keys_that_are_not_ours_to_delete_are_told,
    what_is_damaged_is_stored_anew,
    single_blobs_and_the_mail_of_one_account_are_read,
    a_backup_of_another_schema_is_refused,
}

fn target(directory: &Path) -> Target {
    let location = directory.join("repository").display().to_string();
    Target { location, access: Access::default(), password: Secret::new("words".to_owned()), opened: Opened::default() }
}

fn wanted() -> Wanted {
    let files = vec![
        FileItem { place: PathBuf::from("tradewind.toml"), from: FileBytes::Here(b"[server]\n".to_vec()) },
        FileItem { place: PathBuf::from("data/feeds/one"), from: FileBytes::Here(Vec::new()) },
    ];
    Wanted { host: "mail.trade.test".to_owned(), files, pace: Pace::default(), progress: Arc::default() }
}

fn add_account(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created)
         VALUES ($1, 1, 'person', '信风', '', 'en', 'active', $2, 0, 0, 0, 0, 0, 0)",
        params![id, b"key"],
    )?;
    Ok(())
}

/// Bytes that nothing makes smaller, different for each `seed`.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

/// Adds `count` blobs of many sizes.
async fn add_blobs(store: &Store, seed: u64, count: u64) {
    for number in 0..count {
        let length = [40, 3_000, 20_000, 700_000][usize::try_from(number % 4).unwrap()];
        let staged = store.stage(noise(seed + number, length)).await.unwrap();
        store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
    }
}

async fn fill(store: &Store) {
    store.write(|tx| (1..=20).try_for_each(|id| add_account(tx, id))).await.unwrap();
    add_blobs(store, 1, 40).await;
}

async fn inventory(store: &Store) -> Inventory {
    freeze(store, Pace::default(), |frozen| frozen.inventory().as_ref().clone()).await.unwrap()
}

async fn restore(target: &Target, into: &Store, directory: &Path) -> Result<backup::Restored, BackupError> {
    let (target, into, directory) = (target.clone(), into.clone(), directory.to_owned());
    let runtime = Handle::current();
    let work = move || {
        let chosen = Chosen::open(&target, None, None)?;
        chosen.write_files(&directory)?;
        chosen.fill(&into, StoredKeys::open(&target)?, &runtime)
    };
    spawn_blocking(work).await.unwrap()
}

async fn keys(store: &Store) -> Vec<(i64, Vec<u8>)> {
    let read = |tx: &mut Tx<'_>| {
        tx.rows("SELECT id, key_wrapped FROM account ORDER BY id", &[], |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))
    };
    store.read::<_, StoreError, _>(read).await.unwrap()
}

/// The bytes of every blob, in the order of their numbers.
async fn blobs(store: &Store) -> Vec<Vec<u8>> {
    let ids = store.read(|tx| tx.rows("SELECT id FROM blob ORDER BY id", &[], |row| row.int(0))).await;
    let ids: Result<Vec<i64>, StoreError> = ids;
    let mut all = Vec::new();
    for id in ids.unwrap() {
        let location = store.read(move |tx| store::blobs::locate(tx, id)).await.unwrap();
        let reading = store.clone();
        all.push(spawn_blocking(move || reading.blobs().read(&location)).await.unwrap().unwrap());
    }
    all
}

async fn everything_comes_back_on_either_engine(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    let taken = take(&store, &target, wanted(), true).await.unwrap();
    assert_eq!(taken.accounts, 20);
    let (before, bytes) = (inventory(&store).await, blobs(&store).await);
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(other) = TestStore::open(engine).await else { continue };
        let directory = scratch.path().join(format!("{engine:?}"));
        std::fs::create_dir(&directory).unwrap();
        let restored = restore(&target, &other, &directory).await.unwrap();
        assert_eq!((restored.accounts, restored.blobs), (20, 40));
        let after = inventory(&other).await;
        assert_eq!(after.bundles, before.bundles);
        let sizes = |inventory: &Inventory| -> Vec<_> {
            inventory.tables.iter().map(|table| (table.name.clone(), table.rows, table.bytes)).collect()
        };
        assert_eq!(sizes(&after), sizes(&before));
        assert_eq!(blobs(&other).await, bytes);
        assert_eq!(keys(&other).await, keys(&store).await);
        assert_eq!(std::fs::read(directory.join("tradewind.toml")).unwrap(), b"[server]\n");
        assert_eq!(std::fs::read(directory.join("data/feeds/one")).unwrap(), b"");
    }
}

async fn a_second_backup_adds_what_is_new_alone(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    let first = take(&store, &target, wanted(), true).await.unwrap();
    let second = take(&store, &target, wanted(), true).await.unwrap();
    assert!(second.backup.added_bytes < first.backup.added_bytes / 10, "{first:?} {second:?}");
    let backups = spawn_blocking(move || list(&target)).await.unwrap().unwrap();
    assert_eq!(backups.len(), 2);
}

async fn what_changes_meanwhile_is_not_in_it(store: TestStore) {
    fill(&store).await;
    let writing = store.handle();
    let runtime = Handle::current();
    let read = freeze(&store, Pace::default(), move |frozen| {
        // Another account comes and a blob goes while the copy is being read.
        runtime.block_on(async {
            writing.write(|tx| add_account(tx, 21)).await.unwrap();
            let all = "DELETE FROM blob";
            writing.write(move |tx| tx.execute(all, &[])).await.map(drop).unwrap();
        });
        let inventory = frozen.inventory().clone();
        let mut total = 0;
        for bundle in &inventory.bundles {
            let mut bytes = Vec::new();
            let mut reader = frozen.parts().open(store::copy::Part::Bundle(bundle.clone()));
            std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
            assert_eq!(bytes.len() as u64, bundle.bytes);
            total += bundle.blobs;
        }
        (inventory.accounts, total)
    });
    assert_eq!(read.await.unwrap(), (20, 40));
}

async fn a_password_is_turned_into_a_key_once(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let (target, other) = (target(scratch.path()), target(scratch.path()));
    take(&store, &target, wanted(), true).await.unwrap();
    let keys = Path::new(&target.location).join("keys");
    let (aside, moved) = (scratch.path().join("aside"), scratch.path().join("moved"));
    std::fs::rename(&keys, &aside).unwrap();
    std::fs::create_dir(&keys).unwrap();
    let of = |target: &Target| {
        let target = target.clone();
        spawn_blocking(move || list(&target))
    };
    assert_eq!(of(&target).await.unwrap().unwrap().len(), 1, "opened before");
    assert!(of(&other).await.unwrap().is_err(), "by the password alone");
    // Another repository in the same place is opened by the password again.
    std::fs::rename(&target.location, &moved).unwrap();
    take(&store, &other, wanted(), true).await.unwrap();
    take(&store, &other, wanted(), true).await.unwrap();
    assert_eq!(of(&target).await.unwrap().unwrap().len(), 2);
}

async fn a_wrong_password_opens_nothing(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    take(&store, &target, wanted(), true).await.unwrap();
    let other = Target { password: Secret::new("others".to_owned()), ..target.clone() };
    let refused = take(&store, &other, wanted(), true).await.unwrap_err();
    assert!(matches!(refused, BackupError::Password { .. }), "{refused}");
    let nowhere = Target { location: scratch.path().join("nowhere").display().to_string(), ..target };
    let refused = spawn_blocking(move || list(&nowhere)).await.unwrap().unwrap_err();
    assert!(matches!(refused, BackupError::NoRepository { .. }), "{refused}");
}

/// The largest file below `directory`.
fn largest(directory: &Path) -> PathBuf {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(directory).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap();
            files.push((file.metadata().unwrap().len(), file.path()));
        }
    }
    files.into_iter().max().unwrap().1
}

async fn a_damaged_pack_is_found(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted(), true).await.unwrap();
    let checking = target.clone();
    let checked = spawn_blocking(move || check(&checking, Reading::All)).await.unwrap().unwrap();
    assert!(checked.sound, "{checked:?}");
    let pack = largest(&Path::new(&target.location).join("data"));
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    let checking = target.clone();
    let checked = spawn_blocking(move || check(&checking, Reading::All)).await.unwrap().unwrap();
    assert!(!checked.sound && !checked.findings.is_empty());
    if let Some(other) = TestStore::open(Engine::Sqlite).await {
        let directory = scratch.path().join("restored");
        let refused = restore(&target, &other, &directory).await.unwrap_err();
        assert!(matches!(refused, BackupError::Repository { .. } | BackupError::Damaged { .. }), "{refused}");
    }
}

async fn old_backups_go_and_the_newest_stays(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    let day = std::time::Duration::from_secs(86_400);
    for _ in 0..12 {
        take(&store, &target, wanted(), true).await.unwrap();
        store.clock.advance(day);
    }
    let now = store.context().clock.now().millis();
    let keep = Keep { days: 5, weeks: 0, months: 0, gap_max: None };
    let kept = spawn_blocking(move || {
        let kept = keep.apply(&target, now).unwrap();
        assert!(check(&target, Reading::All).unwrap().sound);
        assert!(keep.apply(&target, now + 400 * 86_400_000).unwrap().kept >= 1);
        kept
    });
    let kept = kept.await.unwrap();
    assert_eq!(kept.kept + kept.deleted, 12);
    assert!((5..=6).contains(&kept.kept), "{kept:?}");
}

async fn a_clock_that_was_wrong_costs_no_backup(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    let day = std::time::Duration::from_secs(86_400);
    let keep = Keep { days: 5, weeks: 0, months: 0, gap_max: Some(day * 10) };
    let apply = |target: &backup::Target, now: env::Timestamp| {
        let target = target.clone();
        spawn_blocking(move || keep.apply(&target, now.millis()).unwrap())
    };
    let start = store.context().clock.now();
    take(&store, &target, wanted(), true).await.unwrap();
    // A year ahead: nothing is judged by that.
    store.clock.advance(day * 365);
    take(&store, &target, wanted(), true).await.unwrap();
    let kept = apply(&target, store.context().clock.now()).await.unwrap();
    assert_eq!((kept.kept, kept.deleted, kept.gap_days), (2, 0, Some(365)));
    // Set right again: what is taken now is not older than one of a moment to come.
    store.clock.set(start);
    for _ in 0..3 {
        store.clock.advance(day);
        take(&store, &target, wanted(), true).await.unwrap();
        let kept = apply(&target, store.context().clock.now()).await.unwrap();
        assert_eq!((kept.deleted, kept.gap_days), (0, None));
    }
    assert_eq!(spawn_blocking(move || list(&target)).await.unwrap().unwrap().len(), 5);
}

async fn a_store_that_is_used_is_not_filled(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted(), true).await.unwrap();
    let refused = restore(&target, &store, &scratch.path().join("restored")).await.unwrap_err();
    assert!(refused.to_string().contains("empty place"), "{refused}");
}

async fn an_account_that_was_erased_comes_back_without_its_key(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted(), true).await.unwrap();
    store.write(|tx| tx.execute("DELETE FROM account WHERE id = 7", &[])).await.map(drop).unwrap();
    let (left, beside) = (StoredKeys::read(&store).await.unwrap(), target.clone());
    let now = store.context().clock.now().millis();
    assert!(spawn_blocking(move || left.write(&beside, now, true, 1)).await.unwrap().unwrap());
    let Some(other) = TestStore::open(Engine::Sqlite).await else { return };
    let restored = restore(&target, &other, &scratch.path().join("restored")).await.unwrap();
    assert_eq!((restored.accounts, restored.erased), (20, 1));
    let erased: Vec<i64> = other.read(store::copy::without_key).await.unwrap();
    assert_eq!(erased, [7]);
    let checking = target.clone();
    assert!(spawn_blocking(move || check(&checking, Reading::All)).await.unwrap().unwrap().sound);
    // Nothing is left of the state before: one snapshot, and of packs only its own.
    let location = Path::new(&target.location).join("account-keys");
    assert_eq!(std::fs::read_dir(location.join("snapshots")).unwrap().count(), 1);
    let packs = walk(&location.join("data"));
    assert!(packs.len() <= 2, "{packs:?}");
    std::fs::remove_dir_all(&location).unwrap();
    let checking = target.clone();
    assert!(
        !spawn_blocking(move || check(&checking, Reading::Lists)).await.unwrap().unwrap().sound,
        "their loss is told"
    );
}

async fn keys_that_are_not_ours_to_delete_are_told(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted(), false).await.unwrap();
    store.write(|tx| tx.execute("DELETE FROM account WHERE id = 7", &[])).await.map(drop).unwrap();
    // The clock was set back meanwhile.
    let now = store.context().clock.now().millis() - 1_000;
    let (left, beside) = (StoredKeys::read(&store).await.unwrap(), target.clone());
    let (wanted, written) = (left.clone(), spawn_blocking(move || left.write(&beside, now, false, 1)));
    assert!(!written.await.unwrap().unwrap());
    assert!(spawn_blocking(move || StoredKeys::open(&target)).await.unwrap().unwrap() == wanted, "the newest counts");
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

async fn what_is_damaged_is_stored_anew(store: TestStore) {
    const PART: Reading = Reading::Part { number: 1, of: 1 };
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted(), true).await.unwrap();
    let pack = largest(&Path::new(&target.location).join("data"));
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    let healing = target.clone();
    let work = move || {
        let checked = check(&healing, PART).unwrap();
        assert!(!checked.sound);
        let sound = largest_but(&Path::new(&healing.location).join("data"), &checked.damaged[0]);
        // What only was said to be damaged stays.
        assert_eq!(take_out(&healing, &[sound]).unwrap(), 0);
        assert_eq!(take_out(&healing, &checked.damaged).unwrap(), 1);
        assert!(!check(&healing, PART).unwrap().sound, "the backup lacks it now");
    };
    spawn_blocking(work).await.unwrap();
    let before = blobs(&store).await;
    let again = take(&store, &target, wanted(), true).await.unwrap();
    assert!(again.backup.added_bytes > 100_000, "{again:?}");
    let healed = target.clone();
    assert!(spawn_blocking(move || check(&healed, PART)).await.unwrap().unwrap().sound);
    if let Some(other) = TestStore::open(Engine::Sqlite).await {
        restore(&target, &other, &scratch.path().join("restored")).await.unwrap();
        assert_eq!(blobs(&other).await, before);
    }
}

/// The name of some file below `directory` but that one.
fn largest_but(directory: &Path, other: &str) -> String {
    let folders = std::fs::read_dir(directory).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != other).max().unwrap()
}

async fn single_blobs_and_the_mail_of_one_account_are_read(store: TestStore) {
    let Some(other) = TestStore::open(Engine::Sqlite).await else { return };
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    store
        .write(|tx| {
            tx.execute(
                "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES (1, 'x', 'basic', $1, 0)",
                params![b"above"],
            )?;
            for account in 1..=3_i64 {
                tx.execute("INSERT INTO keyword (account, bit, name) VALUES ($1, 0, 'one')", params![account])?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    take(&store, &target, wanted(), true).await.unwrap();
    let ids: Vec<i64> =
        store.read(|tx| tx.rows("SELECT id FROM blob ORDER BY id", &[], |row| row.int(0))).await.unwrap();
    let all = blobs(&store).await;
    let (live, into, runtime) = (store.handle(), other.handle(), Handle::current());
    let work = move || {
        let chosen = Chosen::open(&target, None, None).unwrap();
        let wanted: Vec<i64> = ids.iter().copied().step_by(7).collect();
        let mut read = Vec::new();
        let outcome: Result<(), BackupError> = chosen.blobs(&wanted, |id, bytes| {
            read.push((id, bytes));
            Ok(())
        });
        outcome.unwrap();
        let expected: Vec<_> = ids.into_iter().zip(all).step_by(7).collect();
        assert!(read == expected, "each once, in order");
        let lacking: Result<(), BackupError> = chosen.blobs(&[7], |_, _| Ok(()));
        assert!(matches!(lacking, Err(BackupError::Damaged { .. })));
        assert_eq!(chosen.pick(&into, &live, &[2, 3], &runtime).unwrap(), 2);
        assert!(chosen.pick(&into, &live, &[99], &runtime).is_err(), "an account that is no longer there");
    };
    spawn_blocking(work).await.unwrap();
    let picked: Vec<i64> =
        other.read(|tx| tx.rows("SELECT account FROM keyword ORDER BY account", &[], |row| row.int(0))).await.unwrap();
    assert_eq!(picked, [2, 3]);
}

async fn a_backup_of_another_schema_is_refused(store: TestStore) {
    fill(&store).await;
    let mut older = inventory(&store).await;
    older.schema -= 1;
    let Some(other) = TestStore::open(Engine::Sqlite).await else { return };
    let refused = Filler::new(&other, &older, AccountKeys::default()).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("restore it with the version of the program that made it"), "{refused}");
    let settings = other.read(|tx| tx.row("SELECT COUNT(*) FROM schema_version", &[], |row| row.int(0))).await;
    let settings: Result<_, StoreError> = settings;
    assert!(settings.unwrap() > Some(1), "nothing was taken out");
}
