//! The collector takes what is dead, and never what lives. Blobs of more than 8 KiB are in segments, shorter ones in rows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use env::Clock;
use store::collect::{self, Budget, Collected, GRACE};
use store::testing::{Engine, TestStore};
use store::{Store, StoreError, blobs, params};

store::on_both_engines! {
    a_released_blob_goes_after_the_grace_time,
    a_blob_taken_up_again_stays,
    expired_delivery_keys_go,
    nothing_is_taken_while_names_come_and_go,
}

async fn add_blob(store: &Store, byte: u8, length: usize) -> i64 {
    let staged = store.stage(vec![byte; length]).await.unwrap();
    let id = staged.id();
    store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
    id
}

async fn release(store: &Store, id: i64) {
    store.write(move |tx| blobs::add_refs(tx, id, -1)).await.unwrap();
}

async fn read(store: &Store, id: i64) -> Result<Vec<u8>, StoreError> {
    let location = store.read(move |tx| blobs::locate(tx, id)).await?;
    store.blobs().read(&location)
}

async fn collect(store: &TestStore) -> Collected {
    collect::run(store, Budget::default(), store.clock.now()).await.unwrap()
}

async fn a_released_blob_goes_after_the_grace_time(store: TestStore) {
    let (kept, released) = (add_blob(&store, 1, 100).await, add_blob(&store, 2, 100).await);
    release(&store, released).await;
    store.clock.advance(GRACE);
    assert_eq!(collect(&store).await, Collected::default(), "not before the grace time is over");
    store.clock.advance(Duration::from_millis(1));
    assert_eq!(collect(&store).await.blobs, 1);
    assert_eq!(read(&store, kept).await.unwrap(), [1; 100]);
    assert!(matches!(read(&store, released).await, Err(StoreError::Corrupt { .. })));
}

async fn a_blob_taken_up_again_stays(store: TestStore) {
    let id = add_blob(&store, 1, 100).await;
    release(&store, id).await;
    store.clock.advance(GRACE * 2);
    store.write(move |tx| blobs::add_refs(tx, id, 1)).await.unwrap();
    assert_eq!(collect(&store).await.blobs, 0);
    assert_eq!(read(&store, id).await.unwrap(), [1; 100]);
}

async fn expired_delivery_keys_go(store: TestStore) {
    let now = store.clock.now().millis();
    store
        .write(move |tx| {
            for number in 0..1_200_i64 {
                let expires = if number < 1_100 { now - 1 } else { now + 1 };
                tx.execute(
                    "INSERT INTO dedupe (account, delivery, message, expires) VALUES (1, $1, 1, $2)",
                    params![&number.to_le_bytes(), expires],
                )?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert_eq!(collect(&store).await.dedupe_rows, 1_100);
    let left = store.read(|tx| tx.row("SELECT COUNT(*) FROM dedupe", &[], |row| row.int(0))).await.unwrap();
    assert_eq!(left, Some(100));
}

/// Senders stage, attach, share and release blobs while the collector runs without rest and segments roll.
async fn nothing_is_taken_while_names_come_and_go(store: TestStore) {
    let senders: Vec<_> = (0..6_u8)
        .map(|sender| {
            let store = store.handle();
            tokio::spawn(async move {
                let mut living = HashMap::new();
                for turn in 0..60_u8 {
                    let byte = sender.wrapping_mul(60).wrapping_add(turn);
                    let id = add_blob(&store, byte, 12_000).await;
                    match turn % 3 {
                        // Named by another and released by the first: lives on.
                        0 => {
                            store.write(move |tx| blobs::add_refs(tx, id, 1)).await.unwrap();
                            release(&store, id).await;
                            living.insert(id, byte);
                        }
                        1 => release(&store, id).await,
                        // Released and taken up again, unless the collector came first, which then says so.
                        _ => {
                            release(&store, id).await;
                            if store.write(move |tx| blobs::add_refs(tx, id, 1)).await.is_ok() {
                                living.insert(id, byte);
                            }
                        }
                    }
                }
                living
            })
        })
        .collect();
    while senders.iter().any(|sender| !sender.is_finished()) {
        store.roll_segment();
        store.clock.advance(GRACE + Duration::from_millis(1));
        collect(&store).await;
    }
    store.clock.advance(GRACE * 2);
    collect(&store).await;
    for sender in senders {
        for (id, byte) in sender.await.unwrap() {
            assert!(read(&store, id).await.unwrap() == [byte; 12_000], "blob {id}");
        }
    }
    let dead =
        store.read(|tx| tx.row("SELECT COUNT(*) FROM blob WHERE refs = 0", &[], |row| row.int(0))).await.unwrap();
    assert_eq!(dead, Some(0));
}

fn segments(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory.join("blobs")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_mostly_dead_segment_is_compacted_and_later_removed() {
    store::testing::run(Engine::Sqlite, |store| async move {
        let directory = store.directory().unwrap().to_owned();
        let mut ids = Vec::new();
        for byte in 0..100 {
            ids.push(add_blob(&store, byte, 50_000).await);
        }
        store.roll_segment();
        add_blob(&store, 200, 9_000).await;
        for (at, id) in ids.iter().enumerate() {
            if at % 4 != 0 {
                release(&store, *id).await;
            }
        }
        // A reader that has looked the blob up and takes its time.
        let slow = ids[0];
        let location = store.read(move |tx| blobs::locate(tx, slow)).await.unwrap();
        store.clock.advance(GRACE + Duration::from_millis(1));
        let collected = collect(&store).await;
        assert_eq!((collected.blobs, collected.moved_blobs, collected.segments), (75, 25, 0));
        assert_eq!(segments(&directory), ["00000001.segment", "00000002.segment"]);
        assert_eq!(store.blobs().read(&location).unwrap(), [0; 50_000], "the old place is still there");
        store.clock.advance(GRACE);
        let collected = collect(&store).await;
        assert_eq!((collected.moved_blobs, collected.segments), (0, 1));
        assert_eq!(segments(&directory), ["00000002.segment"]);
        for (at, id) in ids.iter().enumerate().step_by(4) {
            assert_eq!(read(&store, *id).await.unwrap(), vec![at as u8; 50_000]);
        }
    });
}

#[test]
fn a_pinned_segment_stays() {
    store::testing::run(Engine::Sqlite, |store| async move {
        let staged = store.stage(vec![7; 10_100]).await.unwrap();
        store.roll_segment();
        add_blob(&store, 1, 9_000).await;
        for _ in 0..3 {
            store.clock.advance(GRACE * 2);
            assert_eq!(collect(&store).await.segments, 0);
        }
        let id = staged.id();
        store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
        for _ in 0..3 {
            store.clock.advance(GRACE * 2);
            assert_eq!(collect(&store).await.segments, 0);
        }
        assert_eq!(read(&store, id).await.unwrap(), [7; 10_100]);
    });
}

#[test]
fn a_damaged_blob_is_not_moved_and_keeps_its_segment() {
    store::testing::run(Engine::Sqlite, |store| async move {
        let path = store.directory().unwrap().join("blobs/00000001.segment");
        let (one, two) = (add_blob(&store, 1, 10_000).await, add_blob(&store, 2, 50_000).await);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[500] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        store.roll_segment();
        add_blob(&store, 3, 9_000).await;
        release(&store, two).await;
        for _ in 0..3 {
            store.clock.advance(GRACE * 2);
            let collected = collect(&store).await;
            assert_eq!((collected.moved_blobs, collected.segments), (0, 0));
        }
        assert_eq!(read(&store, one).await.unwrap().len(), 10_000, "what is left of it is still there");
    });
}
