//! Groups: who is in them, whom they reach, who may write to them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::collections::BTreeSet;

use fixture::Fixture;
use identity::groups::{self, Expansion, Member, NewGroup};
use identity::{AccountState, IdentityError, Resolution, Role, Senders};
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    a_member_is_reached_once_by_however_many_ways,
    circles_depth_and_size_are_bounded,
    who_may_write_is_decided_by_who_has_signed_in,
    an_address_is_a_group_or_an_account,
    what_is_deleted_leaves_its_groups,
    failures_go_to_those_who_answer_for_the_group,
    members_are_found_by_address,
}

async fn make(directory: &Fixture, address: Option<&'static str>, senders: Senders) -> i64 {
    let organisation = directory.organisation;
    let new =
        move |tx: &mut Tx<'_>| groups::create_group(tx, &NewGroup { organisation, name: "A group", address, senders });
    directory.write(new).await.unwrap()
}

async fn add(directory: &Fixture, group: i64, member: Member) -> Result<bool, IdentityError> {
    directory.write(move |tx| groups::add_member(tx, group, &member)).await
}

fn outside(address: &str) -> Member {
    Member::Outside(address.to_owned())
}

async fn expand(directory: &Fixture, group: i64) -> Expansion {
    directory.write(move |tx| groups::expand(tx, group)).await.unwrap()
}

async fn a_member_is_reached_once_by_however_many_ways(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) = (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::It).await);
    let all = make(&directory, Some("all@trade.test"), Senders::Anyone).await;
    let sales = make(&directory, Some("sales@trade.test"), Senders::Anyone).await;
    assert!(add(&directory, all, Member::Account(li)).await.unwrap());
    assert!(!add(&directory, all, Member::Account(li)).await.unwrap(), "it is there already");
    add(&directory, all, Member::Group(sales)).await.unwrap();
    add(&directory, all, outside("agent@partner.example")).await.unwrap();
    for member in [Member::Account(li), Member::Account(wang), outside("agent@partner.example")] {
        add(&directory, sales, member).await.unwrap();
    }
    let reached = expand(&directory, all).await;
    assert_eq!(reached.accounts, BTreeSet::from([li, wang]));
    assert_eq!(reached.outside, BTreeSet::from(["agent@partner.example".to_owned()]));
    assert_eq!(directory.write(move |tx| groups::groups_of(tx, wang)).await.unwrap(), BTreeSet::from([all, sales]));
    // Who has left gets nothing more.
    directory.write(move |tx| identity::set_state(tx, wang, AccountState::Disabled)).await.unwrap();
    assert_eq!(expand(&directory, all).await.accounts, BTreeSet::from([li]));
    assert!(
        directory.write(move |tx| groups::remove_member(tx, all, &outside("agent@partner.example"))).await.unwrap()
    );
    assert_eq!(directory.write(move |tx| groups::list_members(tx, all)).await.unwrap().len(), 2);
}

async fn circles_depth_and_size_are_bounded(store: TestStore) {
    let directory = Fixture::new(store).await;
    let mut chain = Vec::new();
    for _ in 0..=groups::GROUPS_DEEP_MAX {
        chain.push(make(&directory, None, Senders::Anyone).await);
    }
    let itself = add(&directory, chain[0], Member::Group(chain[0])).await;
    assert!(matches!(itself, Err(IdentityError::GroupCycle { .. })), "{itself:?}");
    for pair in chain.windows(2) {
        add(&directory, pair[0], Member::Group(pair[1])).await.unwrap();
    }
    let circle = add(&directory, *chain.last().unwrap(), Member::Group(chain[0])).await;
    assert!(matches!(circle, Err(IdentityError::GroupCycle { .. })), "{circle:?}");
    let above = make(&directory, None, Senders::Anyone).await;
    let deep = add(&directory, above, Member::Group(chain[0])).await;
    assert!(matches!(deep, Err(IdentityError::GroupTooDeep(_))), "{deep:?}");
    let (top, bottom) = (chain[0], *chain.last().unwrap());
    directory
        .write(move |tx| {
            for number in 0..groups::EXPANDED_MAX {
                tx.execute(
                    "INSERT INTO group_member (group_id, kind, target, address) VALUES ($1, 'account', $2, $3)",
                    store::params![bottom, i64::try_from(number).unwrap() + 1, &Vec::new()],
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let large = add(&directory, top, outside("one@more.example")).await;
    assert!(matches!(large, Err(IdentityError::GroupTooLarge { .. })), "{large:?}");
    let below = add(&directory, bottom, outside("one@more.example")).await;
    assert!(matches!(below, Err(IdentityError::GroupTooLarge { .. })), "{below:?}");
}

async fn who_may_write_is_decided_by_who_has_signed_in(store: TestStore) {
    let directory = Fixture::new(store).await;
    let group = make(&directory, Some("g@trade.test"), Senders::Anyone).await;
    let member = directory.add("member@trade.test", Role::Sales).await;
    let owner = directory.add("owner@trade.test", Role::Sales).await;
    let colleague = directory.add("colleague@trade.test", Role::Sales).await;
    let foreign = directory
        .write(|tx| {
            let other = identity::create_organisation(tx, "Other", identity::Level::Basic)?;
            identity::create_domain(tx, other, "other.test")?;
            let new = identity::NewAccount {
                organisation: other,
                address: "x@other.test",
                name: "X",
                role: Role::Sales,
                language: identity::Language::English,
                kind: identity::AccountKind::Person,
                quota_bytes: 0,
                password: None,
            };
            identity::create_account(tx, &new)
        })
        .await
        .unwrap();
    add(&directory, group, Member::Account(member)).await.unwrap();
    directory.write(move |tx| groups::add_owner(tx, group, owner)).await.unwrap();
    let writers = [None, Some(foreign), Some(colleague), Some(member), Some(owner)];
    for (senders, allowed) in [
        (Senders::Anyone, [true; 5]),
        (Senders::Organisation, [false, false, true, true, true]),
        (Senders::Members, [false, false, false, true, true]),
        (Senders::Owners, [false, false, false, false, true]),
    ] {
        directory.write(move |tx| groups::set_senders(tx, group, senders)).await.unwrap();
        for (writer, allowed) in writers.into_iter().zip(allowed) {
            let may = directory.write(move |tx| groups::may_write_to(tx, group, writer)).await.unwrap();
            assert_eq!(may, allowed, "{senders} {writer:?}");
        }
    }
    let refused = add(&directory, group, Member::Account(foreign)).await.unwrap_err();
    assert!(refused.to_string().contains("another organisation"), "{refused}");
}

async fn an_address_is_a_group_or_an_account(store: TestStore) {
    let directory = Fixture::new(store).await;
    directory.add("li@trade.test", Role::Sales).await;
    let group = make(&directory, Some("Sales@Trade.test"), Senders::Organisation).await;
    let taken = directory.try_add("sales@trade.test", Role::Sales, None).await;
    assert!(matches!(taken, Err(IdentityError::AddressTaken(_))), "{taken:?}");
    let resolve = |address: &'static str| directory.write(move |tx| identity::resolve(tx, address));
    let Resolution::Group(found) = resolve("SALES+x@trade.test").await.unwrap() else { panic!("no group") };
    assert_eq!((found.group, found.is_for_owners, found.address.as_str()), (group, false, "sales@trade.test"));
    assert_eq!(found.bounces(), "sales+bounces@trade.test");
    let Resolution::Group(found) = resolve("sales+bounces@trade.test").await.unwrap() else { panic!("no group") };
    assert!(found.is_for_owners);
    assert_eq!(directory.write(|tx| identity::find_by_address(tx, "sales@trade.test")).await.unwrap(), None);
    let in_use = directory.write(|tx| identity::delete_domain(tx, "trade.test")).await;
    assert!(matches!(in_use, Err(IdentityError::DomainInUse { .. })), "{in_use:?}");
    directory.write(move |tx| groups::set_group_address(tx, group, Some("team@trade.test"))).await.unwrap();
    assert_eq!(resolve("sales@trade.test").await.unwrap(), Resolution::UnknownLocal);
    let loaded = directory.write(move |tx| groups::load_group(tx, group)).await.unwrap();
    assert_eq!((loaded.label(), loaded.senders), ("team@trade.test", Senders::Organisation));
}

async fn what_is_deleted_leaves_its_groups(store: TestStore) {
    let directory = Fixture::new(store).await;
    directory.add("admin@trade.test", Role::Admin).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let outer = make(&directory, Some("outer@trade.test"), Senders::Anyone).await;
    let inner = make(&directory, Some("inner@trade.test"), Senders::Anyone).await;
    add(&directory, outer, Member::Group(inner)).await.unwrap();
    add(&directory, inner, Member::Account(li)).await.unwrap();
    directory.write(move |tx| groups::add_owner(tx, outer, li)).await.unwrap();
    directory.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    assert_eq!(directory.write(move |tx| groups::list_members(tx, inner)).await.unwrap(), []);
    assert!(directory.write(move |tx| groups::list_owners(tx, outer)).await.unwrap().is_empty());
    directory.write(move |tx| groups::delete_group(tx, inner)).await.unwrap();
    assert_eq!(directory.write(move |tx| groups::list_members(tx, outer)).await.unwrap(), []);
    let report = store::check::run(&directory.store, false).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn failures_go_to_those_who_answer_for_the_group(store: TestStore) {
    let directory = Fixture::new(store).await;
    let admin = directory.add("admin@trade.test", Role::Admin).await;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let group = make(&directory, Some("g@trade.test"), Senders::Anyone).await;
    let owners = |directory: &Fixture| {
        let store = directory.store.clone();
        async move { store.write(move |tx| groups::expand_owners(tx, group)).await.unwrap().accounts }
    };
    assert_eq!(owners(&directory).await, BTreeSet::from([admin]), "the postmaster, where nobody else does");
    directory.write(move |tx| groups::add_owner(tx, group, li)).await.unwrap();
    assert_eq!(owners(&directory).await, BTreeSet::from([li]));
}

async fn members_are_found_by_address(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let group = make(&directory, Some("g@trade.test"), Senders::Anyone).await;
    let find = |address: &'static str| directory.write(move |tx| groups::find_member(tx, organisation, address));
    assert_eq!(find("LI@trade.test").await.unwrap(), Member::Account(li));
    assert_eq!(find("g@trade.test").await.unwrap(), Member::Group(group));
    assert_eq!(find("A@Partner.Example").await.unwrap(), outside("a@partner.example"));
    let nobody = find("nobody@trade.test").await;
    assert!(matches!(nobody, Err(IdentityError::NoAccount(_))), "{nobody:?}");
}
