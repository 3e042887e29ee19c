//! What is kept of summaries that were opened, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use mailbox::{Flags, OpenedSummaries, UidRange};
use store::testing::TestStore;
use support::{Desk, NOW, plain};

store::on_both_engines! {
    they_are_the_same_as_in_the_store,
    a_message_that_came_later_is_seen,
    a_message_that_never_was_is_left_out,
    few_are_read_without_being_kept,
    they_take_no_more_room_than_allowed,
    unused_ones_are_forgotten,
    accounts_see_their_own,
}

const PLENTY: usize = 1 << 20;

type Told = Vec<(u32, Vec<u8>)>;

async fn visit(desk: &Desk<'_>, opened: &Arc<OpenedSummaries>, wanted: impl IntoIterator<Item = u32>) -> Told {
    let (opened, inbox, wanted) = (Arc::clone(opened), desk.inbox, wanted.into_iter().collect::<Vec<u32>>());
    desk.look(move |tx, account| {
        let mut told = Vec::new();
        opened.visit(tx, account, inbox, &wanted, |uid, summary| {
            told.push((uid, summary.to_vec()));
            Ok(())
        })?;
        Ok(told)
    })
    .await
    .unwrap()
}

async fn in_the_store(desk: &Desk<'_>) -> Told {
    let inbox = desk.inbox;
    desk.look(move |tx, account| {
        let mut told = Vec::new();
        mailbox::summaries(tx, account, inbox, &[UidRange { first: 1, last: u32::MAX }], |entry, summary| {
            told.push((entry.uid, summary.to_vec()));
            Ok(())
        })?;
        Ok(told)
    })
    .await
    .unwrap()
}

async fn filled(store: &TestStore, count: u32) -> Desk<'_> {
    let desk = Desk::open(store).await;
    for number in 0..count {
        desk.append(desk.inbox, &plain(&format!("Offer {number}")), 0).await.unwrap();
    }
    desk
}

async fn they_are_the_same_as_in_the_store(store: TestStore) {
    let desk = filled(&store, 40).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    let expected = in_the_store(&desk).await;
    for _ in 0..2 {
        assert_eq!(visit(&desk, &opened, 1..=40).await, expected);
    }
    assert!(opened.bytes() > 0);
    assert_eq!(visit(&desk, &opened, [7, 9]).await, [expected[6].clone(), expected[8].clone()]);
}

async fn a_message_that_came_later_is_seen(store: TestStore) {
    let desk = filled(&store, 40).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    visit(&desk, &opened, 1..=40).await;
    desk.append(desk.inbox, &plain("later"), 0).await.unwrap();
    assert_eq!(visit(&desk, &opened, [41]).await.len(), 1);
    assert_eq!(visit(&desk, &opened, 1..=41).await, in_the_store(&desk).await);
}

async fn a_message_that_never_was_is_left_out(store: TestStore) {
    let desk = filled(&store, 40).await;
    desk.add_flags(desk.inbox, &[UidRange { first: 3, last: 3 }], Flags::DELETED).await;
    desk.expunge(desk.inbox).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    let told = visit(&desk, &opened, 1..=60).await;
    assert_eq!(told, in_the_store(&desk).await);
    assert_eq!(told.len(), 39);
}

async fn few_are_read_without_being_kept(store: TestStore) {
    let desk = filled(&store, 40).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    assert_eq!(visit(&desk, &opened, [1, 20, 40]).await.len(), 3);
    assert_eq!(opened.bytes(), 0);
}

async fn they_take_no_more_room_than_allowed(store: TestStore) {
    let desk = filled(&store, 40).await;
    let opened = Arc::new(OpenedSummaries::new(1000));
    assert_eq!(visit(&desk, &opened, 1..=40).await.len(), 40);
    assert!(opened.bytes() <= 1000, "{} bytes are kept", opened.bytes());
}

async fn unused_ones_are_forgotten(store: TestStore) {
    let desk = filled(&store, 40).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    visit(&desk, &opened, 1..=40).await;
    let after = |minutes: u64| -> Timestamp { NOW.plus(Duration::from_secs(minutes * 60)) };
    opened.forget_unused(after(14));
    assert!(opened.bytes() > 0);
    opened.forget_unused(after(16));
    assert_eq!(opened.bytes(), 0);
}

async fn accounts_see_their_own(store: TestStore) {
    let desk = filled(&store, 40).await;
    let other = Desk::open(&store).await;
    let opened = Arc::new(OpenedSummaries::new(PLENTY));
    visit(&desk, &opened, 1..=40).await;
    // Even by the number of another account's mailbox.
    let stranger = Desk { store: &store, account: other.account, inbox: desk.inbox };
    assert_eq!(visit(&stranger, &opened, 1..=40).await, []);
}
