//! Organisations, domains, accounts and addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use fixture::Fixture;
use identity::{AccountState, Directory, IdentityError, Level, Resolution, Role};
use mail::Address;
use store::testing::TestStore;
use store::{Tx, params};

store::on_both_engines! {
    accounts_are_created_listed_and_changed,
    what_is_wrong_is_refused_with_its_name,
    addresses_resolve_exactly_then_without_detail,
    postmaster_always_reaches_an_administrator,
    people_send_as_their_own_addresses_only,
    a_deleted_account_takes_everything_with_it,
    an_account_under_a_hold_stays,
    a_domain_in_use_stays,
    the_directory_answers_from_memory_and_notices_changes,
}

async fn accounts_are_created_listed_and_changed(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("Li.Na@trade.test", Role::Sales).await;
    let chen = directory.add("chen@trade.test", Role::Admin).await;
    directory.write(move |tx| identity::add_alias(tx, li, "Verkauf@trade.test")).await.unwrap();
    directory.write(move |tx| identity::set_quota(tx, li, 5)).await.unwrap();
    directory.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    let organisation = directory.organisation;
    let listed = directory.write(move |tx| identity::list_accounts(tx, Some(organisation), 0, 10)).await.unwrap();
    assert_eq!(listed.iter().map(|account| account.id).collect::<Vec<_>>(), [li, chen]);
    assert_eq!(listed[0].addresses, ["li.na@trade.test", "verkauf@trade.test"]);
    assert_eq!((listed[0].quota_bytes, listed[0].state), (5, AccountState::Disabled));
    assert_eq!((listed[1].role, listed[1].state), (Role::Admin, AccountState::Active));
    let after = directory.write(move |tx| identity::list_accounts(tx, None, li, 10)).await.unwrap();
    assert_eq!(after, listed[1..]);
    assert_eq!(directory.write(move |tx| identity::load_account(tx, chen)).await.unwrap(), listed[1]);
    let found = directory.write(|tx| identity::find_by_address(tx, "VERKAUF@Trade.Test")).await.unwrap();
    assert_eq!(found, Some(li));
    let organisations = directory.write(identity::list_organisations).await.unwrap();
    assert_eq!((organisations.len(), organisations[0].level), (1, Level::Basic));
    // The account's key opens.
    directory.write(move |tx| Ok(tx.context().keys.account(tx, li).map(drop)?)).await.unwrap();
}

async fn what_is_wrong_is_refused_with_its_name(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let add = |address: &'static str| directory.try_add(address, Role::Sales, None);
    for (address, wanted) in [
        ("LI@trade.test", "address li@trade.test is taken; choose another or remove it from its account first"),
        ("li@other.test", "domain other.test is not hosted here; add it first: tradewind domain add other.test"),
        ("li", "\"li\" is no mail address: address has no `@` between a local part and a domain"),
    ] {
        assert_eq!(add(address).await.unwrap_err().to_string(), wanted);
    }
    let gone = directory.write(move |tx| identity::remove_alias(tx, li, "li@trade.test")).await;
    assert!(matches!(gone, Err(IdentityError::NotAnAlias(_))), "the main address stays");
    let taken = directory.organisation;
    let taken = directory.write(move |tx| identity::create_domain(tx, taken, "trade.test")).await;
    assert!(matches!(taken, Err(IdentityError::DomainTaken(_))));
    let nobody = directory.write(|tx| identity::create_domain(tx, 99, "new.test")).await;
    assert!(matches!(nobody, Err(IdentityError::NoOrganisation(99))));
    let foreign = directory
        .write(move |tx| {
            let other = identity::create_organisation(tx, "Other", Level::Trade)?;
            identity::create_domain(tx, other, "other.test")?;
            identity::add_alias(tx, li, "li@other.test")
        })
        .await;
    assert!(matches!(foreign, Err(IdentityError::ForeignDomain(_))));
    let missing = directory.write(|tx| identity::set_state(tx, 7, AccountState::Active)).await;
    assert!(matches!(missing, Err(IdentityError::NoAccount(_))));
    let nameless = directory.write(|tx| identity::create_organisation(tx, " ", Level::Basic)).await;
    assert!(matches!(nameless, Err(IdentityError::Name { .. })));
}

fn resolved(outcome: Resolution) -> (i64, Option<String>, bool) {
    match outcome {
        Resolution::Local(recipient) => (recipient.account, recipient.detail.clone(), recipient.active),
        other => panic!("{other:?}"),
    }
}

async fn addresses_resolve_exactly_then_without_detail(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let wang = directory.add("li+wang@trade.test", Role::Sales).await;
    let resolve = |address: &'static str| directory.write(move |tx| identity::resolve(tx, address));
    assert_eq!(resolved(resolve("LI@TRADE.test").await.unwrap()), (li, None, true));
    assert_eq!(resolved(resolve("li+Beijing@trade.test").await.unwrap()), (li, Some("Beijing".into()), true));
    assert_eq!(resolved(resolve("li+wang@trade.test").await.unwrap()), (wang, None, true));
    assert_eq!(resolve("nobody+li@trade.test").await.unwrap(), Resolution::UnknownLocal);
    assert_eq!(resolve("li@elsewhere.test").await.unwrap(), Resolution::NotOurs);
    directory.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    assert!(!resolved(resolve("li@trade.test").await.unwrap()).2);
    assert!(directory.write(|tx| identity::is_local_domain(tx, "TRADE.test")).await.unwrap());
    assert!(!directory.write(|tx| identity::is_local_domain(tx, "not a domain")).await.unwrap());
}

async fn postmaster_always_reaches_an_administrator(store: TestStore) {
    let directory = Fixture::new(store).await;
    let resolve = || directory.write(|tx| identity::resolve(tx, "PostMaster@trade.test"));
    assert_eq!(resolve().await.unwrap(), Resolution::UnknownLocal, "nobody is there yet");
    directory.add("li@trade.test", Role::Sales).await;
    let first = directory.add("chen@trade.test", Role::Admin).await;
    assert_eq!(resolved(resolve().await.unwrap()).0, first);
    let last = directory.write(move |tx| identity::set_state(tx, first, AccountState::Disabled)).await;
    assert!(matches!(last, Err(IdentityError::LastAdministrator)));
    let last = directory.write(move |tx| identity::delete_account(tx, first)).await;
    assert!(matches!(last, Err(IdentityError::LastAdministrator)));
    let second = directory.add("zhao@trade.test", Role::Admin).await;
    directory.write(move |tx| identity::delete_account(tx, first)).await.unwrap();
    assert_eq!(resolved(resolve().await.unwrap()).0, second);
    let own = directory.add("postmaster@trade.test", Role::It).await;
    assert_eq!(resolved(resolve().await.unwrap()).0, own, "an address of that name goes first");
}

async fn people_send_as_their_own_addresses_only(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    directory.add("wang@trade.test", Role::Sales).await;
    directory.write(move |tx| identity::add_alias(tx, li, "sales@trade.test")).await.unwrap();
    for (address, allowed) in [
        ("li@trade.test", true),
        ("Li+orders@trade.test", true),
        ("sales+x@trade.test", true),
        ("wang@trade.test", false),
        ("li@elsewhere.test", false),
        ("+li@trade.test", false),
    ] {
        let parsed = Address::parse(address).unwrap();
        let found = directory.write(move |tx| identity::may_send_as(tx, li, &parsed)).await.unwrap();
        assert_eq!(found, allowed, "{address}");
    }
    directory.write(move |tx| identity::remove_alias(tx, li, "SALES@trade.test")).await.unwrap();
    assert_eq!(directory.write(|tx| identity::find_by_address(tx, "sales@trade.test")).await.unwrap(), None);
}

/// Adds a message of `account` with two blobs, one of them shared with another message of the account.
fn add_mail(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    for (blob, refs) in [(1_i64, 3_i64), (2, 1)] {
        tx.execute(
            "INSERT INTO blob (id, segment, position, length, refs, released, data) VALUES ($1, 0, 0, 0, $2, 0, NULL)",
            params![blob, refs],
        )?;
    }
    for (id, blob) in [(11_i64, 1_i64), (12, 1), (13, 2)] {
        tx.execute(
            "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
             VALUES ($1, $2, 1, $3, $4, 1, 1, 1, 1, $4, $4)",
            params![account, id, blob, b""],
        )?;
        tx.execute(
            "INSERT INTO search_signature (account, message, signature) VALUES ($1, $2, $3)",
            params![account, id, b""],
        )?;
    }
    Ok(())
}

async fn a_deleted_account_takes_everything_with_it(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add_with("li@trade.test", "Lange-Leitung-7").await;
    directory.write(move |tx| add_mail(tx, li)).await.unwrap();
    directory.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    let count = |sql: &'static str| directory.write(move |tx| Ok(tx.row(sql, &[], |row| row.int(0))?.unwrap_or(-1)));
    for sql in [
        "SELECT COUNT(*) FROM account",
        "SELECT COUNT(*) FROM address",
        "SELECT COUNT(*) FROM credential",
        "SELECT COUNT(*) FROM message",
        "SELECT COUNT(*) FROM search_signature",
        "SELECT refs FROM blob WHERE id = 2",
    ] {
        assert_eq!(count(sql).await.unwrap(), 0, "{sql}");
    }
    assert_eq!(count("SELECT refs FROM blob WHERE id = 1").await.unwrap(), 1, "another account holds it too");
    assert_eq!(count("SELECT released FROM blob WHERE id = 1").await.unwrap(), 0);
    assert!(count("SELECT released FROM blob WHERE id = 2").await.unwrap() > 0);
    assert!(directory.write(move |tx| Ok(tx.context().keys.account(tx, li).map(drop)?)).await.is_err());
    let gone = directory.write(move |tx| identity::delete_account(tx, li)).await;
    assert!(matches!(gone, Err(IdentityError::NoAccount(_))));
}

async fn an_account_under_a_hold_stays(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let wang = directory.add("wang@trade.test", Role::Sales).await;
    let (organisation, detail) = (directory.organisation, store::holds::HoldDetail::default());
    let begin = move |tx: &mut store::Tx<'_>| Ok(store::holds::begin(tx, organisation, &[li], &detail)?);
    let hold = directory.write(begin).await.unwrap();
    let refused = directory.write(move |tx| identity::delete_account(tx, li)).await;
    assert!(matches!(refused, Err(IdentityError::Held)), "{refused:?}");
    directory.write(move |tx| identity::delete_account(tx, wang)).await.unwrap();
    directory.write(move |tx| Ok(store::holds::end(tx, organisation, hold, "lawyer", "settled")?)).await.unwrap();
    directory.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    let report = store::check::run(&directory.store, false).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn a_domain_in_use_stays(store: TestStore) {
    let directory = Fixture::new(store).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let used = directory.write(|tx| identity::delete_domain(tx, "TRADE.test")).await;
    assert!(matches!(used, Err(IdentityError::DomainInUse { .. })));
    directory.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    directory.write(|tx| identity::delete_domain(tx, "TRADE.test")).await.unwrap();
    let gone = directory.write(|tx| identity::delete_domain(tx, "trade.test")).await;
    assert!(matches!(gone, Err(IdentityError::NoDomain(_))));
    assert!(directory.write(|tx| identity::list_domains(tx, None)).await.unwrap().is_empty());
}

async fn the_directory_answers_from_memory_and_notices_changes(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let directory = Directory::new(fixture.store.handle());
    assert_eq!(resolved(directory.resolve("li@trade.test").await.unwrap()).0, li);
    assert_eq!(directory.resolve("wang@trade.test").await.unwrap(), Resolution::UnknownLocal);
    assert!(directory.is_local_domain("trade.test").await.unwrap());
    let wang = fixture.add("wang@trade.test", Role::Sales).await;
    fixture.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    assert_eq!(resolved(directory.resolve("li@trade.test").await.unwrap()).0, li, "from memory");
    fixture.store.clock.advance(Duration::from_secs(1));
    assert_eq!(resolved(directory.resolve("wang@trade.test").await.unwrap()).0, wang, "what is new is seen sooner");
    assert_eq!(resolved(directory.resolve("li@trade.test").await.unwrap()).0, li);
    fixture.store.clock.advance(Duration::from_secs(4));
    assert_eq!(directory.resolve("li@trade.test").await.unwrap(), Resolution::UnknownLocal);
    fixture.add("li@trade.test", Role::Sales).await;
    directory.forget();
    assert!(matches!(directory.resolve("li@trade.test").await.unwrap(), Resolution::Local(_)));
}
