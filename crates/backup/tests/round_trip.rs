//! What goes into a backup comes out of it, on either engine, and what is wrong is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use backup::{BackupError, Chosen, FileBytes, FileItem, Keep, Target, Wanted, check, list, take};
use env::Secret;
use store::copy::{Filler, Inventory, Pace, freeze};
use store::testing::{Engine, TestStore};
use store::{Store, StoreError, Tx, params};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

store::on_both_engines! {
    everything_comes_back_on_either_engine,
    a_second_backup_adds_what_is_new_alone,
    what_changes_meanwhile_is_not_in_it,
    a_wrong_password_opens_nothing,
    a_damaged_pack_is_found,
    old_backups_go_and_the_newest_stays,
    a_store_that_is_used_is_not_filled,
    a_backup_of_another_schema_is_refused,
}

fn target(directory: &Path) -> Target {
    Target { location: directory.join("repository").display().to_string(), password: Secret::new("words".to_owned()) }
}

fn wanted() -> Wanted {
    let files = vec![
        FileItem { place: PathBuf::from("tradewind.toml"), from: FileBytes::Here(b"[server]\n".to_vec()) },
        FileItem { place: PathBuf::from("data/feeds/one"), from: FileBytes::Here(Vec::new()) },
    ];
    Wanted { host: "mail.trade.test".to_owned(), files, pace: Pace::default() }
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
        chosen.fill(&into, &runtime)
    };
    spawn_blocking(work).await.unwrap()
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
    let taken = take(&store, &target, wanted()).await.unwrap();
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
        assert_eq!(std::fs::read(directory.join("tradewind.toml")).unwrap(), b"[server]\n");
        assert_eq!(std::fs::read(directory.join("data/feeds/one")).unwrap(), b"");
    }
}

async fn a_second_backup_adds_what_is_new_alone(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    let first = take(&store, &target, wanted()).await.unwrap();
    let second = take(&store, &target, wanted()).await.unwrap();
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

async fn a_wrong_password_opens_nothing(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    take(&store, &target, wanted()).await.unwrap();
    let other = Target { password: Secret::new("others".to_owned()), ..target.clone() };
    let refused = take(&store, &other, wanted()).await.unwrap_err();
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
    take(&store, &target, wanted()).await.unwrap();
    let checking = target.clone();
    let checked = spawn_blocking(move || check(&checking, true)).await.unwrap().unwrap();
    assert!(checked.sound, "{checked:?}");
    let pack = largest(&Path::new(&target.location).join("data"));
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    let checking = target.clone();
    let checked = spawn_blocking(move || check(&checking, true)).await.unwrap().unwrap();
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
        take(&store, &target, wanted()).await.unwrap();
        store.clock.advance(day);
    }
    let now = store.context().clock.now().millis();
    let keep = Keep { days: 5, weeks: 0, months: 0 };
    let kept = spawn_blocking(move || {
        let kept = keep.apply(&target, now).unwrap();
        assert!(check(&target, true).unwrap().sound);
        assert!(keep.apply(&target, now + 400 * 86_400_000).unwrap().kept >= 1);
        kept
    });
    let kept = kept.await.unwrap();
    assert_eq!(kept.kept + kept.deleted, 12);
    assert!((5..=6).contains(&kept.kept), "{kept:?}");
}

async fn a_store_that_is_used_is_not_filled(store: TestStore) {
    let scratch = tempfile::tempdir().unwrap();
    let target = target(scratch.path());
    fill(&store).await;
    take(&store, &target, wanted()).await.unwrap();
    let refused = restore(&target, &store, &scratch.path().join("restored")).await.unwrap_err();
    assert!(refused.to_string().contains("empty place"), "{refused}");
}

async fn a_backup_of_another_schema_is_refused(store: TestStore) {
    fill(&store).await;
    let mut older = inventory(&store).await;
    older.schema -= 1;
    let Some(other) = TestStore::open(Engine::Sqlite).await else { return };
    let refused = Filler::new(&other, &older).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("restore it with the version of the program that made it"), "{refused}");
    let settings = other.read(|tx| tx.row("SELECT COUNT(*) FROM schema_version", &[], |row| row.int(0))).await;
    let settings: Result<_, StoreError> = settings;
    assert!(settings.unwrap() > Some(1), "nothing was taken out");
}
