//! What every engine promises: the same list of tests on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use store::testing::TestStore;
use store::{Location, Notice, StoreError, Tx, Value, blobs, params};

store::on_both_engines! {
    values_come_back_as_they_went_in,
    a_committed_write_is_seen_by_all_later_reads,
    an_error_undoes_everything_the_work_did,
    a_failed_statement_spoils_the_transaction,
    a_panic_undoes_the_work_and_spares_the_store,
    parameters_may_be_used_twice_and_in_any_order,
    expressions_give_numbers,
    upserts_and_returning_work,
    an_error_of_a_visitor_ends_the_query_and_leaves_the_transaction_usable,
    many_rows_stream_in_order,
    a_read_sees_one_snapshot,
    writers_of_one_account_wait_for_one_another,
    writers_of_different_accounts_do_not_deadlock,
    notices_come_after_the_commit_and_only_then,
    blobs_are_read_whole_and_in_parts,
    a_long_blob_is_not_read_before_its_parts_are_wanted,
    a_blob_that_is_gone_cannot_be_read,
    a_blob_not_attached_is_no_part_of_the_store,
    counting_refs_of_a_missing_blob_fails,
    everything_is_there_after_reopening,
    a_closed_store_refuses_work,
    a_newer_schema_is_refused,
    an_older_schema_is_brought_up_to_date,
}

/// Inserts an account with nothing in it.
fn add_account(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created)
         VALUES ($1, 1, 'person', '', '', 'en', 'active', $2, 0, 0, 0, 0, 0, 0)",
        params![id, b"key"],
    )?;
    Ok(())
}

fn modseq(tx: &mut Tx<'_>, account: i64) -> Result<Option<i64>, StoreError> {
    tx.row("SELECT modseq FROM account WHERE id = $1", params![account], |row| row.int(0))
}

fn add_keyword(tx: &mut Tx<'_>, bit: i64, name: &str) -> Result<u64, StoreError> {
    tx.execute("INSERT INTO keyword (account, bit, name) VALUES (1, $1, $2)", params![bit, name])
}

async fn count_keywords(store: &TestStore) -> i64 {
    let counted: Result<Option<i64>, StoreError> =
        store.read(|tx| tx.row("SELECT COUNT(*) FROM keyword", &[], |row| row.int(0))).await;
    counted.unwrap().unwrap()
}

async fn values_come_back_as_they_went_in(store: TestStore) {
    let text = "信风 ✉ '\"\\ \u{10ffff}";
    let bytes: Vec<u8> = (0..=255).collect();
    let (given, wanted) = (bytes.clone(), bytes);
    store
        .write(move |tx| {
            for (id, data) in [(i64::MIN, Value::Null), (0, Value::Bytes(&[])), (i64::MAX, Value::Bytes(&given))] {
                tx.execute(
                    "INSERT INTO blob (id, segment, position, length, refs, released, data) VALUES ($1, 0, $2, 0, 1, 0, $3)",
                    &[id.into(), id.into(), data],
                )?;
            }
            add_keyword(tx, 1, text).map(drop)
        })
        .await
        .unwrap();
    store
        .read(move |tx| -> Result<(), StoreError> {
            let rows = tx.rows("SELECT id, position, data FROM blob ORDER BY id", &[], |row| {
                assert_eq!(row.int_opt(1)?, Some(row.int(0)?));
                Ok((row.int(0)?, row.bytes_opt(2)?.map(<[u8]>::to_vec)))
            })?;
            assert_eq!(rows, [(i64::MIN, None), (0, Some(Vec::new())), (i64::MAX, Some(wanted.clone()))]);
            let name =
                tx.row("SELECT name FROM keyword WHERE name = $1", params![text], |row| Ok(row.text(0)?.to_owned()))?;
            assert_eq!(name.as_deref(), Some(text));
            let wrong = tx.row("SELECT data FROM blob WHERE id = $1", params![i64::MIN], |row| Ok(row.bytes(0)?.len()));
            assert!(matches!(wrong, Err(StoreError::Corrupt { .. })), "null where bytes must be: {wrong:?}");
            let wrong = tx.row("SELECT id FROM blob WHERE id = $1", params![i64::MAX], |row| row.uint32(0));
            assert!(matches!(wrong, Err(StoreError::Corrupt { .. })), "too large for a UID: {wrong:?}");
            Ok(())
        })
        .await
        .unwrap();
}

async fn a_committed_write_is_seen_by_all_later_reads(store: TestStore) {
    for bit in 0..20 {
        store.write(move |tx| add_keyword(tx, bit, "a")).await.unwrap();
        assert_eq!(count_keywords(&store).await, bit + 1);
    }
}

async fn an_error_undoes_everything_the_work_did(store: TestStore) {
    let outcome: Result<(), StoreError> = store
        .write(|tx| {
            add_keyword(tx, 1, "a")?;
            Err(StoreError::Missing { what: "reason" })
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "reason" })));
    assert_eq!(count_keywords(&store).await, 0);
}

async fn a_failed_statement_spoils_the_transaction(store: TestStore) {
    store.write(|tx| add_keyword(tx, 1, "a")).await.unwrap();
    let outcome = store
        .write(|tx| {
            add_keyword(tx, 2, "b")?;
            assert!(add_keyword(tx, 1, "again").is_err(), "the key is taken");
            Ok::<_, StoreError>(())
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Commit { .. })), "{outcome:?}");
    assert_eq!(count_keywords(&store).await, 1);
    store.write(|tx| add_keyword(tx, 3, "c")).await.unwrap();
}

async fn a_panic_undoes_the_work_and_spares_the_store(store: TestStore) {
    let outcome: Result<(), StoreError> = store
        .write(|tx| {
            add_keyword(tx, 1, "a")?;
            panic!("as wanted")
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Abandoned(_))), "{outcome:?}");
    assert_eq!(count_keywords(&store).await, 0);
    let outcome: Result<(), StoreError> = store.read(|_| panic!("as wanted")).await;
    assert!(matches!(outcome, Err(StoreError::Abandoned(_))), "{outcome:?}");
    store.write(|tx| add_keyword(tx, 1, "a")).await.unwrap();
    assert_eq!(count_keywords(&store).await, 1);
}

async fn parameters_may_be_used_twice_and_in_any_order(store: TestStore) {
    store
        .write(|tx| {
            tx.execute("INSERT INTO keyword (account, bit, name) VALUES ($2, $3, $1)", params!["name", 1_i64, 2_i64])?;
            let found = tx.row(
                "SELECT bit FROM keyword WHERE account = $2 AND name = $1 AND ($2 = 0 OR bit > $2)",
                params!["name", 1_i64],
                |row| row.int(0),
            )?;
            assert_eq!(found, Some(2));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn expressions_give_numbers(store: TestStore) {
    store.write(|tx| add_keyword(tx, 5, "abc")).await.unwrap();
    store
        .read(|tx| {
            let sql = "SELECT 1, COUNT(*), LENGTH(MAX(name)), CAST(SUM(bit) AS BIGINT), MAX(bit) > 4,
                    EXISTS (SELECT 1 FROM keyword WHERE bit = $1), COALESCE(MAX(bit), 0) FROM keyword";
            let row = tx.row(sql, params![5_i64], |row| {
                assert!(row.flag(4)? && row.flag(5)?);
                Ok([row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?, row.int(6)?])
            })?;
            assert_eq!(row, Some([1, 1, 3, 5, 5]));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn upserts_and_returning_work(store: TestStore) {
    store
        .write(|tx| {
            let upsert = "INSERT INTO keyword (account, bit, name) VALUES (1, 1, $1)
                 ON CONFLICT (account, bit) DO UPDATE SET name = excluded.name";
            assert_eq!(tx.execute(upsert, params!["a"])?, 1);
            assert_eq!(tx.execute(upsert, params!["b"])?, 1);
            let nothing = "INSERT INTO keyword (account, bit, name) VALUES (1, 1, $1) ON CONFLICT DO NOTHING";
            assert_eq!(tx.execute(nothing, params!["c"])?, 0);
            let name = tx.row("UPDATE keyword SET name = name || 'x' WHERE bit = 1 RETURNING name", &[], |row| {
                Ok(row.text(0)?.to_owned())
            })?;
            assert_eq!(name.as_deref(), Some("bx"));
            assert_eq!(tx.execute("DELETE FROM keyword WHERE bit = 1 RETURNING bit", &[])?, 1);
            assert_eq!(tx.execute("DELETE FROM keyword WHERE bit = 1", &[])?, 0);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn an_error_of_a_visitor_ends_the_query_and_leaves_the_transaction_usable(store: TestStore) {
    store
        .write(|tx| {
            for bit in 0..10 {
                add_keyword(tx, bit, "a")?;
            }
            let mut seen = 0;
            let outcome = tx.for_each("SELECT bit FROM keyword ORDER BY bit", &[], |row| {
                seen += 1;
                if row.int(0)? == 3 { Err(StoreError::Missing { what: "patience" }) } else { Ok(()) }
            });
            assert!(matches!(outcome, Err(StoreError::Missing { what: "patience" })));
            assert_eq!(seen, 4);
            add_keyword(tx, 10, "a").map(drop)
        })
        .await
        .unwrap();
    assert_eq!(count_keywords(&store).await, 11);
}

async fn many_rows_stream_in_order(store: TestStore) {
    store
        .write(|tx| {
            for bit in 0..5_000 {
                add_keyword(tx, bit, "a keyword that takes some room in the answer")?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    store
        .read(|tx| {
            let mut next = 0;
            tx.for_each("SELECT bit, name FROM keyword WHERE account = $1 ORDER BY bit", params![1_i64], |row| {
                assert_eq!(row.int(0)?, next);
                next += 1;
                Ok(())
            })?;
            assert_eq!(next, 5_000);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn a_read_sees_one_snapshot(store: TestStore) {
    store.write(|tx| add_keyword(tx, 1, "a")).await.unwrap();
    let (begun, wait_begun) = std::sync::mpsc::channel();
    let (written, wait_written) = std::sync::mpsc::channel();
    let reading = tokio::spawn({
        let store = store.handle();
        async move {
            store
                .read(move |tx| {
                    let sql = "SELECT COUNT(*) FROM keyword";
                    let before = tx.row(sql, &[], |row| row.int(0))?;
                    begun.send(()).unwrap();
                    wait_written.recv().unwrap();
                    assert_eq!(tx.row(sql, &[], |row| row.int(0))?, before);
                    Ok::<_, StoreError>(())
                })
                .await
        }
    });
    tokio::task::spawn_blocking(move || wait_begun.recv().unwrap()).await.unwrap();
    store.write(|tx| add_keyword(tx, 2, "b")).await.unwrap();
    written.send(()).unwrap();
    reading.await.unwrap().unwrap();
    assert_eq!(count_keywords(&store).await, 2);
}

async fn writers_of_one_account_wait_for_one_another(store: TestStore) {
    store.write(|tx| add_account(tx, 1)).await.unwrap();
    let writers: Vec<_> = (0..40)
        .map(|bit| {
            let store = store.handle();
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        let modseq = store::account::next_modseq(tx, 1)?;
                        let before = tx.row("SELECT COUNT(*) FROM keyword", &[], |row| row.int(0))?;
                        assert_eq!(before, Some(modseq - 1), "whoever has the row sees all that came before");
                        add_keyword(tx, bit, "a")?;
                        Ok::<_, StoreError>(modseq)
                    })
                    .await
            })
        })
        .collect();
    let mut modseqs = Vec::new();
    for writer in writers {
        modseqs.push(writer.await.unwrap().unwrap());
    }
    modseqs.sort_unstable();
    assert_eq!(modseqs, (1..=40).collect::<Vec<_>>());
    let missing = store.write(|tx| store::account::next_modseq(tx, 7)).await;
    assert!(matches!(missing, Err(StoreError::Missing { what: "account" })));
}

async fn writers_of_different_accounts_do_not_deadlock(store: TestStore) {
    store
        .write(|tx| {
            add_account(tx, 1)?;
            add_account(tx, 2)
        })
        .await
        .unwrap();
    // Two accounts in opposite order: where the engine sees a deadlock, the work is run again.
    let writers: Vec<_> = (0..4)
        .map(|turn| {
            let store = store.handle();
            let (first, second) = if turn % 2 == 0 { (1, 2) } else { (2, 1) };
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        store::account::next_modseq(tx, first)?;
                        std::thread::sleep(Duration::from_millis(5));
                        store::account::next_modseq(tx, second)
                    })
                    .await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let both = store.read(|tx| Ok::<_, StoreError>((modseq(tx, 1)?, modseq(tx, 2)?))).await.unwrap();
    assert_eq!(both, (Some(4), Some(4)));
}

async fn notices_come_after_the_commit_and_only_then(store: TestStore) {
    let mut watched = store.context().notices.watch_account(1);
    let queue = store.context().notices.queue();
    // A listener that has just connected wakes everybody once.
    tokio::time::sleep(Duration::from_millis(300)).await;
    watched.mark_unchanged();
    drop(tokio::time::timeout(Duration::from_millis(1), queue.notified()).await);
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            tx.notify(Notice::Account(1));
            Err(StoreError::Missing { what: "reason" })
        })
        .await;
    assert!(failed.is_err() && !watched.has_changed().unwrap());
    store
        .write(|tx| {
            tx.notify(Notice::Account(1));
            tx.notify(Notice::Account(2));
            tx.notify(Notice::Queue);
            add_keyword(tx, 1, "a")
        })
        .await
        .unwrap();
    let soon = Duration::from_secs(5);
    tokio::time::timeout(soon, watched.changed()).await.unwrap().unwrap();
    tokio::time::timeout(soon, queue.notified()).await.unwrap();
}

async fn blobs_are_read_whole_and_in_parts(store: TestStore) {
    let mut wanted = Vec::new();
    // Around the length from which a row's bytes are read in parts, too.
    for length in [0_usize, 1, 10_240, 263_168, 263_169, 3 << 20] {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
        let staged = store.stage(bytes.clone()).await.unwrap();
        let id = staged.id();
        store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
        wanted.push((id, bytes));
    }
    for (id, bytes) in wanted {
        let location = store.read(move |tx| blobs::locate(tx, id)).await.unwrap();
        assert_eq!(location.length(), bytes.len() as u64);
        let reading = store.handle();
        let reading = tokio::task::spawn_blocking(move || {
            let blobs = reading.blobs();
            assert!(blobs.read(&location).unwrap() == bytes, "blob of {} bytes", bytes.len());
            let mut part = b"before".to_vec();
            let middle = bytes.len() / 3..bytes.len() / 2;
            blobs.read_onto(&location, middle.start as u64..middle.end as u64, &mut part).unwrap();
            assert!(part.strip_prefix(b"before").unwrap() == &bytes[middle]);
            for beyond in [0..bytes.len() as u64 + 1, bytes.len() as u64 + 1..bytes.len() as u64 + 2] {
                let beyond = blobs.read_onto(&location, beyond, &mut part);
                assert!(matches!(beyond, Err(StoreError::Corrupt { .. })));
            }
        });
        reading.await.unwrap();
    }
}

async fn a_long_blob_is_not_read_before_its_parts_are_wanted(store: TestStore) {
    let staged = store.stage(vec![7; 3 << 20]).await.unwrap();
    let id = staged.id();
    store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
    let location = store.read(move |tx| blobs::locate(tx, id)).await.unwrap();
    assert!(!matches!(location, Location::Inline(_)), "all of it was read to say where it is");
    // Whoever reads parts may be within a transaction, as many as there are places.
    let readers = (0..12).map(|_| {
        let (store, location) = (store.handle(), location.clone());
        let blobs = store.clone();
        tokio::spawn(async move {
            store
                .read(move |_| {
                    let mut part = Vec::new();
                    (0..30).try_for_each(|at| {
                        blobs.blobs().read_onto(&location, at * 100_000..(at + 1) * 100_000, &mut part)
                    })?;
                    Ok::<_, StoreError>(part.len())
                })
                .await
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap().unwrap(), 3_000_000);
    }
}

async fn a_blob_that_is_gone_cannot_be_read(store: TestStore) {
    let staged = store.stage(vec![7; 300_000]).await.unwrap();
    let id = staged.id();
    store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
    let location = store.read(move |tx| blobs::locate(tx, id)).await.unwrap();
    store.write(move |tx| tx.execute("DELETE FROM blob WHERE id = $1", params![id])).await.unwrap();
    let reading = store.handle();
    let outcome = tokio::task::spawn_blocking(move || reading.blobs().read(&location)).await.unwrap();
    // The embedded engine still has it in its segment, for readers who took its place from an older snapshot.
    assert!(matches!(outcome, Err(StoreError::Corrupt { .. })) || store.directory().is_some());
}

async fn a_blob_not_attached_is_no_part_of_the_store(store: TestStore) {
    let staged = store.stage(vec![1; 100]).await.unwrap();
    let id = staged.id();
    let failed: Result<(), StoreError> = store
        .write(move |tx| {
            staged.attach(tx, 1)?;
            Err(StoreError::Missing { what: "reason" })
        })
        .await;
    assert!(failed.is_err());
    let found = store.read(move |tx| blobs::locate(tx, id)).await;
    assert!(matches!(found, Err(StoreError::Corrupt { .. })));
}

async fn counting_refs_of_a_missing_blob_fails(store: TestStore) {
    let outcome = store.write(|tx| blobs::add_refs(tx, 12, 1)).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt { .. })));
    let staged = store.stage(vec![1; 100]).await.unwrap();
    let id = staged.id();
    store
        .write(move |tx| {
            staged.attach(tx, 2)?;
            blobs::add_refs(tx, id, 3)?;
            blobs::add_refs(tx, id, -5)?;
            let row = tx.row("SELECT refs, released FROM blob WHERE id = $1", params![id], |row| {
                Ok((row.int(0)?, row.int(1)?))
            })?;
            assert_eq!(row, Some((0, tx.now().millis())));
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn everything_is_there_after_reopening(mut store: TestStore) {
    let staged = store.stage(vec![7; 50_000]).await.unwrap();
    let id = staged.id();
    store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
    // Staged and never attached: gone after reopening, and in nobody's way.
    drop(store.stage(vec![8; 50_000]).await.unwrap());
    for _ in 0..2 {
        store.reopen().await;
        let location = store.read(move |tx| blobs::locate(tx, id)).await.unwrap();
        if let Location::Segment { length, .. } = &location {
            assert_eq!(*length, 50_000);
        }
        assert!(store.blobs().read(&location).unwrap() == [7; 50_000]);
    }
}

async fn a_closed_store_refuses_work(store: TestStore) {
    store.write(|tx| add_keyword(tx, 1, "a")).await.unwrap();
    store.close().await;
    let refused = store.write(|tx| add_keyword(tx, 2, "b")).await;
    assert!(matches!(refused, Err(StoreError::Abandoned(_))), "{refused:?}");
}

async fn a_newer_schema_is_refused(mut store: TestStore) {
    store
        .write(|tx| tx.execute("INSERT INTO schema_version (version, name, applied) VALUES (999, 'future', 0)", &[]))
        .await
        .unwrap();
    let refused = store.try_reopen().await;
    assert!(matches!(refused, Err(StoreError::TooNew { found: 999, .. })), "{refused:?}");
}

/// A store of the first version, which knew nothing of policies and reports of others.
async fn an_older_schema_is_brought_up_to_date(mut store: TestStore) {
    store.write(|tx| add_keyword(tx, 1, "kept")).await.unwrap();
    store
        .write(|tx| {
            for undo in later_changes() {
                tx.execute(Box::leak(undo.into_boxed_str()), &[])?;
            }
            tx.execute("DELETE FROM schema_version WHERE version > 1", &[])
        })
        .await
        .unwrap();
    store.reopen().await;
    let count = |tx: &mut Tx<'_>| {
        let reports = tx.row("SELECT COUNT(*) FROM tls_report", &[], |row| row.int(0))?;
        let keywords = tx.row("SELECT COUNT(*) FROM keyword", &[], |row| row.int(0))?;
        Ok::<_, StoreError>((reports, keywords))
    };
    assert_eq!(store.read(count).await.unwrap(), (Some(0), Some(1)));
}

/// Tables and columns that later steps of the schema have added, in the words that take them away.
fn later_changes() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let later = files.filter(|path| !path.ends_with("0001_first.sql"));
    let texts: Vec<String> = later.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let (mut indexes, mut columns, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    for line in texts.iter().flat_map(|text| text.lines()) {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                columns.push(format!("ALTER TABLE {table} DROP COLUMN {column}"));
            }
            ["CREATE", "INDEX", index, ..] | ["CREATE", "UNIQUE", "INDEX", index, ..] => {
                indexes.push(format!("DROP INDEX {index}"));
            }
            ["CREATE", "TABLE", table, ..] => tables.push(format!("DROP TABLE {table}")),
            _ => {}
        }
    }
    indexes.into_iter().chain(columns).chain(tables).collect()
}
