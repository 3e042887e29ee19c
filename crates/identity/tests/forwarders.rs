//! Relays are learned from what survives them, and forgotten.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use fixture::Fixture;
use identity::{Forwarders, Level};
use store::params;
use store::testing::TestStore;

store::on_both_engines! {
    a_relay_is_known_after_enough_messages_of_enough_authors,
    what_is_kept_is_bounded_and_expires,
}

async fn a_relay_is_known_after_enough_messages_of_enough_authors(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    let other = directory.write(|tx| identity::create_organisation(tx, "Other", Level::Basic)).await.unwrap();
    let forwarders = Forwarders::new(directory.store.handle());
    let note = |relay: &str, author: &str, times: u32| {
        (0..times).for_each(|_| forwarders.note(organisation, relay, author));
    };
    note("many.example", "a.example", 100);
    note("many.example", "b.example", 100);
    note("few.example", "a.example", 3);
    note("few.example", "b.example", 3);
    note("few.example", "c.example", 3);
    note("lists.example", "a.example", 8);
    note("LISTS.example", "B.example", 1);
    note("lists.example", "b.example", 1);
    assert_eq!(forwarders.flush().await.unwrap(), 7);
    assert!(!forwarders.is_known(organisation, "lists.example").await.unwrap(), "two authors");
    note("lists.example", "c.example", 1);
    assert!(!forwarders.is_known(organisation, "lists.example").await.unwrap(), "not written yet");
    assert_eq!(forwarders.flush().await.unwrap(), 1);
    assert_eq!(forwarders.flush().await.unwrap(), 0);
    for (relay, expected) in
        [("lists.example", true), ("Lists.Example", true), ("few.example", false), ("many.example", false)]
    {
        assert_eq!(forwarders.is_known(organisation, relay).await.unwrap(), expected, "{relay}");
    }
    assert!(!forwarders.is_known(other, "lists.example").await.unwrap(), "each organisation learns its own");
}

async fn what_is_kept_is_bounded_and_expires(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    let forwarders = Forwarders::new(directory.store.handle());
    for author in 0..40 {
        forwarders.note(organisation, "lists.example", &format!("a{author}.example"));
    }
    forwarders.flush().await.unwrap();
    let kept = || directory.store.read(|tx| tx.row("SELECT COUNT(*) FROM forwarded", params![], |row| row.int(0)));
    assert_eq!(kept().await.unwrap(), Some(16));
    assert!(forwarders.is_known(organisation, "lists.example").await.unwrap());
    directory.store.clock.advance(Duration::from_secs(90 * 86_400));
    assert!(!forwarders.is_known(organisation, "lists.example").await.unwrap());
    forwarders.note(organisation, "new.example", "a.example");
    forwarders.flush().await.unwrap();
    assert_eq!(kept().await.unwrap(), Some(1), "the old ones are gone");
}
