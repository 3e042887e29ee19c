//! Allow and deny lists in the store, and as they are remembered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use env::Clock;

use fixture::Fixture;
use identity::lists::{self, Listing, Lists, NewEntry};
use identity::{Effect, EntryKind, IdentityError, Level};

use store::params;
use store::testing::TestStore;

store::on_both_engines! {
    entries_are_added_listed_removed_and_expire,
    what_cannot_be_listed_is_refused_with_its_reason,
    the_value_and_the_reason_rest_sealed,
    what_is_remembered_follows_changes_of_other_nodes,
}

fn entry(effect: Effect, kind: EntryKind, value: &str) -> NewEntry {
    NewEntry {
        effect,
        kind,
        value: value.to_owned(),
        owner: "li".to_owned(),
        reason: "partner since 2023".to_owned(),
        expires: None,
        unauthenticated: false,
        despite_policy: false,
    }
}

async fn add(directory: &Fixture, new: NewEntry) -> Result<lists::Entry, IdentityError> {
    let organisation = directory.organisation;
    directory.write(move |tx| lists::add(tx, organisation, new.clone())).await
}

async fn entries_are_added_listed_removed_and_expire(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    let expires = directory.store.clock.now().plus(Duration::from_secs(60));
    let first = add(&directory, entry(Effect::Deny, EntryKind::Network, "192.0.2.77/24")).await.unwrap();
    assert_eq!(first.what.value, "192.0.2.0/24");
    let short = NewEntry { expires: Some(expires), ..entry(Effect::Allow, EntryKind::Domain, "Partner.EXAMPLE.") };
    let second = add(&directory, short.clone()).await.unwrap();
    assert!(matches!(add(&directory, short.clone()).await, Err(IdentityError::Listed(_))));
    let listed = directory.write(move |tx| lists::list(tx, organisation)).await.unwrap();
    assert_eq!(listed, [first.clone(), second]);
    assert_eq!((listed[1].what.value.as_str(), listed[1].what.expires), ("partner.example", Some(expires)));

    directory.store.clock.advance(Duration::from_secs(60));
    // What has expired does not stand in the way of its successor, nor does it count against the limit.
    let again = add(&directory, NewEntry { expires: None, ..short.clone() }).await.unwrap();
    let listed = directory.write(move |tx| lists::list(tx, organisation)).await.unwrap();
    assert_eq!(listed, [first, again]);
    let expires = Some(directory.store.clock.now().plus(Duration::from_secs(1)));
    add(&directory, NewEntry { expires, ..entry(Effect::Deny, EntryKind::Key, "bulk.example") }).await.unwrap();
    directory.store.clock.advance(Duration::from_secs(1));
    assert_eq!(directory.write(lists::remove_expired).await.unwrap(), 1);
    assert_eq!(directory.write(lists::remove_expired).await.unwrap(), 0);
    let remove =
        move |tx: &mut store::Tx<'_>| lists::remove(tx, organisation, Effect::Deny, EntryKind::Network, "192.0.2.1/24");
    directory.write(remove).await.unwrap();
    assert!(matches!(directory.write(remove).await, Err(IdentityError::NotListed(_))));
    let kept = directory.write(|tx| Ok(tx.row("SELECT entries FROM list_state", params![], |row| row.int(0))?)).await;
    assert_eq!(kept.unwrap(), Some(1), "entries are kept as they are");
}

async fn what_cannot_be_listed_is_refused_with_its_reason(store: TestStore) {
    let directory = Fixture::new(store).await;
    let allow = entry(Effect::Allow, EntryKind::Domain, "partner.example");
    for (new, wanted) in [
        (NewEntry { reason: " ".to_owned(), ..allow.clone() }, "a reason must have 1 to 1000 bytes"),
        (NewEntry { owner: String::new(), ..allow.clone() }, "an owner must have 1 to 1000 bytes"),
        (
            entry(Effect::Deny, EntryKind::Network, "0.0.0.0/0"),
            "\"0.0.0.0/0\" cannot be listed as network: its prefix must have at least 8 bits",
        ),
        (
            NewEntry { unauthenticated: true, ..entry(Effect::Deny, EntryKind::Domain, "x.example") },
            "a deny entry has no conditions: it always counts",
        ),
        (
            NewEntry { unauthenticated: true, ..entry(Effect::Allow, EntryKind::Network, "192.0.2.1") },
            "only an address or a domain needs to be authenticated; leave --unauthenticated out",
        ),
        (
            NewEntry { despite_policy: true, ..allow.clone() },
            "an authenticated message keeps its author's policy; --despite-policy needs --unauthenticated here",
        ),
    ] {
        assert_eq!(add(&directory, new).await.unwrap_err().to_string(), wanted);
    }
    let fill = |tx: &mut store::Tx<'_>| {
        tx.execute("INSERT INTO list_state (organisation, version, entries) VALUES (0, 1, 0)", params![])?;
        Ok(tx.execute(
            "UPDATE list_state SET organisation = (SELECT id FROM organisation), entries = 10000",
            params![],
        )?)
    };
    directory.write(fill).await.unwrap();
    assert!(matches!(add(&directory, allow).await, Err(IdentityError::ListsFull(10_000))));
}

async fn the_value_and_the_reason_rest_sealed(store: TestStore) {
    let directory = Fixture::new(store).await;
    add(&directory, entry(Effect::Allow, EntryKind::Address, "secret@partner.example")).await.unwrap();
    let read = |tx: &mut store::Tx<'_>| {
        let all = tx.row("SELECT detail, value_hash FROM list_entry", params![], |row| {
            Ok([row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec()].concat())
        })?;
        Ok::<_, IdentityError>(all.unwrap())
    };
    let stored = String::from_utf8_lossy(&directory.write(read).await.unwrap()).into_owned();
    for hidden in ["secret", "partner", "since", "li\""] {
        assert!(!stored.contains(hidden), "{hidden}");
    }
}

async fn what_is_remembered_follows_changes_of_other_nodes(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (organisation, client) = (directory.organisation, "192.0.2.9".parse().unwrap());
    let lists = Lists::new(directory.store.handle());
    let now = || directory.store.clock.now();
    assert!(lists.of(organisation).await.unwrap().is_empty());
    let first = add(&directory, entry(Effect::Deny, EntryKind::Network, "192.0.2.0/24")).await.unwrap();
    assert!(lists.of_all().await.unwrap().is_empty(), "remembered for a moment");
    directory.store.clock.advance(Duration::from_secs(5));
    let Listing::Denied(entry_found) = lists.of_all().await.unwrap().client(client, now()) else {
        panic!("not noticed")
    };
    assert_eq!(*entry_found, first);
    let remove =
        move |tx: &mut store::Tx<'_>| lists::remove(tx, organisation, Effect::Deny, EntryKind::Network, "192.0.2.0/24");
    directory.write(remove).await.unwrap();
    directory.store.clock.advance(Duration::from_secs(5));
    assert!(lists.of(organisation).await.unwrap().is_empty());
    // With a second organisation nobody's lists hold for all.
    add(&directory, entry(Effect::Deny, EntryKind::Network, "192.0.2.0/24")).await.unwrap();
    directory.write(|tx| identity::create_organisation(tx, "Other", Level::Basic)).await.unwrap();
    directory.store.clock.advance(Duration::from_secs(5));
    assert!(lists.of_all().await.unwrap().is_empty());
    assert!(!lists.of(organisation).await.unwrap().is_empty());
}
