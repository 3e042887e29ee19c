//! A disk that fills: refused in time, nothing half-stored, deletions still work, and all is well once there is room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use store::{Place, Store, StoreError, blobs, params, testing};
use tempfile::TempDir;

/// Size of the small file system, in MiB.
const DISK_MIB: u64 = 160;

/// Longer than a look at the free space is believed.
const LOOK_AGAIN: Duration = Duration::from_millis(1_100);

/// A small file system, unmounted when dropped.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={DISK_MIB}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { directory });
        }
        eprintln!("SKIPPED: a small file system cannot be mounted here (not root?)");
        assert!(std::env::var_os("TRADEWIND_REQUIRE_PEERS").is_none(), "mounting is required");
        None
    }

    fn filler(&self) -> PathBuf {
        self.directory.path().join("filler")
    }

    /// Leaves about `free` MiB.
    fn leave(&self, free: u64) {
        drop(fs::remove_file(self.filler()));
        let found = rustix::fs::statvfs(self.directory.path()).unwrap();
        let bytes = (found.f_bavail * found.f_frsize).saturating_sub(free << 20);
        let filler = OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, bytes.max(1)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.directory.path()).status());
    }
}

fn run<R: Future<Output = ()>>(test: impl FnOnce(SmallDisk, Store) -> R) {
    let Some(disk) = SmallDisk::mount() else { return };
    let place = Place::Embedded(disk.directory.path().join("store"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(place, testing::context(&testing::clock())).await.unwrap();
        test(disk, store).await;
    });
}

async fn add(store: &Store, length: usize) -> Result<i64, StoreError> {
    let staged = store.stage(vec![0x5a; length]).await?;
    let id = staged.id();
    store.write(move |tx| staged.attach(tx, 1)).await?;
    Ok(id)
}

async fn add_note(store: &Store, bit: i64) -> Result<u64, StoreError> {
    store
        .write(move |tx| tx.execute("INSERT INTO keyword (account, bit, name) VALUES (1, $1, 'a')", params![bit]))
        .await
}

async fn count_blobs(store: &Store) -> i64 {
    store.read(|tx| tx.row("SELECT COUNT(*) FROM blob", &[], |row| row.int(0))).await.unwrap().unwrap()
}

#[test]
fn messages_are_refused_first_then_changes_and_deletions_never() {
    run(|disk, store| async move {
        add(&store, 50_000).await.unwrap();
        assert!(store.probe().await.unwrap().takes_mail);
        disk.leave(50);
        tokio::time::sleep(LOOK_AGAIN).await;
        let refused = add(&store, 50_000).await;
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert!(!store.probe().await.unwrap().takes_mail);
        add_note(&store, 1).await.unwrap();

        disk.leave(20);
        tokio::time::sleep(LOOK_AGAIN).await;
        let refused = add_note(&store, 2).await;
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        store.write_freeing(|tx| tx.execute("DELETE FROM keyword", &[])).await.unwrap();

        disk.leave(DISK_MIB);
        tokio::time::sleep(LOOK_AGAIN).await;
        add(&store, 50_000).await.unwrap();
        assert_eq!(count_blobs(&store).await, 2);
    });
}

#[test]
fn a_disk_that_fills_between_two_looks_leaves_nothing_half_stored() {
    run(|disk, store| async move {
        let kept = add(&store, 50_000).await.unwrap();
        tokio::time::sleep(LOOK_AGAIN).await;
        add(&store, 50_000).await.unwrap();
        // The look of a moment ago is still believed.
        disk.leave(0);
        let segment = store.stage(vec![1; 8 << 20]).await.map(drop);
        assert!(matches!(segment, Err(StoreError::Full { .. })), "{segment:?}");
        // Large enough that the write-ahead log must grow.
        let rows = store
            .write(|tx| {
                for id in 0..2_000_i64 {
                    tx.execute(
                        "INSERT INTO blob (id, segment, position, length, refs, released, data) VALUES ($1, 0, 0, 8000, 1, 0, $2)",
                        params![id, &vec![2; 8_000]],
                    )?;
                }
                Ok::<_, StoreError>(())
            })
            .await;
        assert!(matches!(rows, Err(StoreError::Full { .. })), "{rows:?}");
        assert_eq!(count_blobs(&store).await, 2);

        disk.leave(DISK_MIB);
        tokio::time::sleep(LOOK_AGAIN).await;
        let after = add(&store, 8 << 20).await.unwrap();
        for (id, length) in [(kept, 50_000), (after, 8 << 20)] {
            let location = store.read(move |tx| blobs::locate(tx, id)).await.unwrap();
            assert!(store.blobs().read(&location).unwrap() == vec![0x5a; length]);
        }
        let report = store::check::run(&store, true).await.unwrap();
        assert!(report.findings.iter().all(|finding| finding.rule.contains("references")), "{:?}", report.findings);
    });
}
