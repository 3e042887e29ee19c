//! Several nodes on one PostgreSQL database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use store::testing::{Engine, TestStore, run};
use store::{Notice, Store, StoreError};

const SOON: Duration = Duration::from_secs(10);

/// Lets the listeners connect, each of which wakes its node's watchers once.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn tell(store: &Store, notice: Notice) {
    store
        .write(move |tx| {
            tx.notify(notice);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

#[test]
fn nodes_that_start_at_once_make_the_schema_once() {
    run(Engine::Postgres, |store| async move {
        // Back to nothing, as before the first node.
        store.write(|tx| tx.execute("DROP SCHEMA public CASCADE", &[])).await.unwrap();
        store.write(|tx| tx.execute("CREATE SCHEMA public", &[])).await.unwrap();
        let nodes = futures_util::future::join_all((2..8).map(|node| store.open_node(node))).await;
        for node in nodes {
            let steps = node.read(|tx| tx.row("SELECT COUNT(*) FROM schema_version", &[], |row| row.int(0))).await;
            let different = "SELECT COUNT(DISTINCT version) FROM schema_version";
            let different = node.read(move |tx| tx.row(different, &[], |row| row.int(0))).await;
            assert_eq!(steps.unwrap(), different.unwrap());
            node.close().await;
        }
    });
}

#[test]
fn a_notice_reaches_the_watchers_of_every_node_once() {
    run(Engine::Postgres, |store| async move {
        let other = store.open_node(2).await;
        let mut here = store.context().notices.watch_account(5);
        let mut there = other.context().notices.watch_account(5);
        let elsewhere = other.context().notices.watch_account(6);
        let queue = other.context().notices.queue();
        settle().await;
        here.mark_unchanged();
        there.mark_unchanged();
        let before = *here.borrow();
        tell(&store, Notice::Account(5)).await;
        tokio::time::timeout(SOON, there.changed()).await.unwrap().unwrap();
        tell(&store, Notice::Queue).await;
        tokio::time::timeout(SOON, queue.notified()).await.unwrap();
        assert_eq!(*here.borrow(), before + 1, "its own notice does not come back to a node");
        assert!(*elsewhere.borrow() <= 1, "only the account's watchers are woken");
        other.close().await;
    });
}

async fn drop_all_connections(store: &TestStore) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    store.read(move |tx| tx.for_each(sql, &[], |_| Ok(()))).await.unwrap();
}

#[test]
fn lost_connections_are_made_again_and_watchers_woken() {
    run(Engine::Postgres, |store| async move {
        let other = store.open_node(2).await;
        let mut watched = other.context().notices.watch_account(5);
        settle().await;
        watched.mark_unchanged();
        drop_all_connections(&store).await;
        // What was told while nobody listened is lost; so everybody looks.
        tokio::time::timeout(SOON, watched.changed()).await.unwrap().unwrap();
        for node in [&*store, &other] {
            node.read(|tx| tx.row("SELECT 1", &[], |row| row.int(0))).await.unwrap();
            node.probe().await.unwrap();
        }
        settle().await;
        watched.mark_unchanged();
        tell(&store, Notice::Account(5)).await;
        tokio::time::timeout(SOON, watched.changed()).await.unwrap().unwrap();
        other.close().await;
    });
}
