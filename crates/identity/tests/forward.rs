//! Where mail of an account is forwarded to, in the store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use env::Clock;
use fixture::Fixture;
use identity::forward::{self, FORWARDS_MAX, Forward, NewForward};
use identity::{IdentityError, Resolution, Role, delete_account, resolve};
use store::testing::TestStore;
use store::{Tx, params};

store::on_both_engines! {
    targets_are_set_listed_removed_and_end,
    what_makes_no_sense_is_refused,
    targets_rest_sealed_and_go_with_the_account,
}

fn to(target: &str) -> NewForward {
    NewForward { target: target.to_owned(), keeps_copy: true, expires: None }
}

async fn add(
    directory: &Fixture,
    setter: &'static str,
    account: i64,
    new: NewForward,
) -> Result<Forward, IdentityError> {
    directory.write(move |tx| forward::add(tx, setter, account, &new)).await
}

fn operator() -> &'static str {
    "root"
}

async fn list(directory: &Fixture, account: i64) -> Vec<String> {
    let found = directory.store.read(move |tx| forward::list(tx, account)).await.unwrap();
    found.into_iter().map(|forward| forward.target).collect()
}

async fn forwards(directory: &Fixture, address: &'static str) -> bool {
    match directory.store.read(move |tx| resolve(tx, address)).await.unwrap() {
        Resolution::Local(found) => found.forwards,
        other => panic!("{other:?}"),
    }
}

async fn targets_are_set_listed_removed_and_end(store: TestStore) {
    let directory = Fixture::new(store).await;
    let anna = directory.add("anna@trade.test", Role::Sales).await;
    assert!(!forwards(&directory, "anna@trade.test").await);
    let ends = directory.store.clock.now().plus(Duration::from_secs(60));
    let first = add(&directory, operator(), anna, NewForward { expires: Some(ends), ..to("Li@Partner.EXAMPLE") }).await;
    let first = first.unwrap();
    assert_eq!((first.target.as_str(), first.set_by.as_str(), first.keeps_copy), ("li@partner.example", "root", true));
    directory.store.clock.advance(Duration::from_secs(1));
    let second = NewForward { keeps_copy: false, ..to("b@partner.example") };
    assert!(!add(&directory, operator(), anna, second).await.unwrap().keeps_copy);
    assert_eq!(list(&directory, anna).await, ["li@partner.example", "b@partner.example"]);
    assert!(forwards(&directory, "anna+order@trade.test").await);
    assert_eq!(directory.store.read(|tx| forward::accounts(tx, 0, 10)).await.unwrap(), [anna]);
    directory.store.clock.advance(Duration::from_secs(60));
    assert_eq!(list(&directory, anna).await, ["b@partner.example"]);
    assert_eq!(directory.write(forward::remove_expired).await.unwrap(), 1);
    directory.write(move |tx| forward::remove(tx, anna, "B@partner.example")).await.unwrap();
    assert!(list(&directory, anna).await.is_empty() && !forwards(&directory, "anna@trade.test").await);
}

async fn what_makes_no_sense_is_refused(store: TestStore) {
    let directory = Fixture::new(store).await;
    let anna = directory.add("anna@trade.test", Role::Sales).await;
    directory.write(move |tx| identity::add_alias(tx, anna, "a@trade.test")).await.unwrap();
    for itself in ["anna@trade.test", "a@Trade.test", "anna+x@trade.test"] {
        let outcome = add(&directory, operator(), anna, to(itself)).await;
        assert!(matches!(outcome, Err(IdentityError::ForwardToSelf(_))), "{itself}: {outcome:?}");
    }
    let outcome = add(&directory, operator(), anna, to("nobody@trade.test")).await;
    assert!(matches!(outcome, Err(IdentityError::NoMailbox(_))), "{outcome:?}");
    assert!(matches!(add(&directory, operator(), anna, to("nonsense")).await, Err(IdentityError::Address { .. })));
    assert!(matches!(add(&directory, "", anna, to("a@b.example")).await, Err(IdentityError::Name { .. })));
    assert!(matches!(add(&directory, operator(), 1, to("a@b.example")).await, Err(IdentityError::NoAccount(_))));
    for number in 0..FORWARDS_MAX {
        add(&directory, operator(), anna, to(&format!("{number}@partner.example"))).await.unwrap();
    }
    let outcome = add(&directory, operator(), anna, to("more@partner.example")).await;
    assert!(matches!(outcome, Err(IdentityError::TooManyForwards(FORWARDS_MAX))), "{outcome:?}");
    directory.write(move |tx| forward::remove(tx, anna, "1@partner.example")).await.unwrap();
    let outcome = add(&directory, operator(), anna, to("0@partner.example")).await;
    assert!(matches!(outcome, Err(IdentityError::ForwardedAlready(_))), "{outcome:?}");
    let outcome = directory.write(move |tx| forward::remove(tx, anna, "1@partner.example")).await;
    assert!(matches!(outcome, Err(IdentityError::NotForwarded(_))), "{outcome:?}");
}

async fn targets_rest_sealed_and_go_with_the_account(store: TestStore) {
    let directory = Fixture::new(store).await;
    directory.add("root@trade.test", Role::Admin).await;
    let anna = directory.add("anna@trade.test", Role::Sales).await;
    add(&directory, operator(), anna, to("li@partner.example")).await.unwrap();
    let rows = |tx: &mut Tx<'_>| {
        tx.rows("SELECT detail FROM forward", params![], |row| Ok(row.bytes(0)?.to_vec())).map_err(IdentityError::from)
    };
    let details = directory.store.read(rows).await.unwrap();
    assert_eq!(details.len(), 1);
    assert!(!String::from_utf8_lossy(&details[0]).contains("partner"));
    directory.write(move |tx| delete_account(tx, anna)).await.unwrap();
    assert!(directory.store.read(rows).await.unwrap().is_empty());
    assert!(store::check::run(&directory.store, true).await.unwrap().findings.is_empty());
}
