//! What people may do with each other's mailboxes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use env::Timestamp;
use fixture::Fixture;
use identity::delegation::{self, Deed, Delegation};
use identity::service::{self, Service};
use identity::{AccountKind, IdentityError, Method, Permission, Protocol, Role, SendingRight};
use mail::Address;
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    what_is_given_may_be_done_and_nothing_else,
    permissions_begin_and_end,
    addresses_are_used_by_permission,
    what_makes_no_sense_is_refused,
    others_are_reached_by_those_who_may,
    programs_come_from_their_networks,
}

fn given(account: i64, delegate: i64, permission: Permission) -> Delegation {
    let since = Timestamp::from_millis(0);
    Delegation { account, delegate, permission, mailbox: None, since, until: None, granted_by: None }
}

async fn grant(directory: &Fixture, new: Delegation) -> Result<(), IdentityError> {
    directory.write(move |tx| delegation::grant(tx, &new)).await
}

async fn may(directory: &Fixture, actor: i64, deed: Deed, account: i64) -> bool {
    directory.write(move |tx| identity::may(tx, actor, deed, account)).await.unwrap()
}

/// A mailbox row; what is in it does not matter here.
async fn mailbox(directory: &Fixture, account: i64, id: i64) {
    let insert = move |tx: &mut Tx<'_>| {
        tx.execute(
            "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
                highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
             VALUES ($1, $2, $3, $3, '', 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1)",
            store::params![account, id, &id.to_le_bytes()],
        )?;
        Ok(())
    };
    directory.write(insert).await.unwrap();
}

const DEEDS: [Deed; 7] =
    [Deed::Read(1), Deed::Read(2), Deed::Write(1), Deed::Write(2), Deed::Arrange, Deed::SendAs, Deed::SendOnBehalf];

async fn what_is_given_may_be_done_and_nothing_else(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) =
        (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::Admin).await);
    mailbox(&directory, li, 1).await;
    let cases = [
        (None, None, [false; 7]),
        (Some(Permission::Read), None, [true, true, false, false, false, false, false]),
        (Some(Permission::Write), None, [true, true, true, true, true, false, false]),
        (Some(Permission::Read), Some(1), [true, false, false, false, false, false, false]),
        (Some(Permission::Write), Some(1), [true, false, true, false, false, false, false]),
        (Some(Permission::SendAs), None, [false, false, false, false, false, true, true]),
        (Some(Permission::SendOnBehalf), None, [false, false, false, false, false, false, true]),
    ];
    for (permission, only, wanted) in cases {
        if let Some(permission) = permission {
            grant(&directory, Delegation { mailbox: only, ..given(li, wang, permission) }).await.unwrap();
        }
        for (deed, wanted) in DEEDS.into_iter().zip(wanted) {
            assert_eq!(may(&directory, wang, deed, li).await, wanted, "{permission:?} {only:?} {deed:?}");
            assert!(may(&directory, li, deed, li).await, "one's own");
            assert!(!may(&directory, li, deed, wang).await, "not the other way round");
        }
        directory.write(move |tx| delegation::revoke(tx, (li, wang), None, None, None)).await.unwrap();
    }
}

async fn permissions_begin_and_end(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) =
        (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::Sales).await);
    let now = directory.store.context().clock.now();
    let (hour, ago) = (Duration::from_secs(3_600), Timestamp::from_millis(now.millis() - 3_600_000));
    for (since, until, holds) in [
        (ago, None, true),
        (now.plus(hour), None, false),
        (ago, Some(now.plus(hour)), true),
        (Timestamp::from_millis(0), Some(ago), false),
    ] {
        grant(&directory, Delegation { since, until, ..given(li, wang, Permission::Read) }).await.unwrap();
        assert_eq!(may(&directory, wang, Deed::Read(1), li).await, holds, "{since:?} {until:?}");
    }
    let listed = directory.write(move |tx| delegation::list_delegates(tx, li)).await.unwrap();
    assert_eq!(listed.len(), 1, "given again, it takes the new times");
}

async fn addresses_are_used_by_permission(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) =
        (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::Sales).await);
    directory.write(move |tx| identity::add_alias(tx, li, "boss@trade.test")).await.unwrap();
    let right = |address: &'static str| {
        let address = Address::parse(address).unwrap();
        directory.write(move |tx| identity::sending_right(tx, wang, &address))
    };
    assert_eq!(right("w+x@trade.test").await.unwrap(), Some(SendingRight::Own));
    assert_eq!(right("li@trade.test").await.unwrap(), None);
    assert_eq!(right("nobody@trade.test").await.unwrap(), None);
    assert_eq!(right("li@elsewhere.example").await.unwrap(), None);
    grant(&directory, given(li, wang, Permission::SendOnBehalf)).await.unwrap();
    assert_eq!(right("boss+x@trade.test").await.unwrap(), Some(SendingRight::OnBehalf));
    let boss = Address::parse("boss@trade.test").unwrap();
    assert!(!directory.write(move |tx| identity::may_send_as(tx, wang, &boss)).await.unwrap());
    grant(&directory, given(li, wang, Permission::SendAs)).await.unwrap();
    assert_eq!(right("boss@trade.test").await.unwrap(), Some(SendingRight::As));
}

async fn what_makes_no_sense_is_refused(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) =
        (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::Sales).await);
    let shared = directory.add("office@trade.test", Role::Sales).await;
    directory
        .write(move |tx| Ok(tx.execute("UPDATE account SET kind = 'shared' WHERE id = $1", store::params![shared])?))
        .await
        .unwrap();
    let ends_first = Delegation { until: Some(Timestamp::from_millis(0)), ..given(li, wang, Permission::Read) };
    for (new, said) in [
        (given(li, li, Permission::Read), "another account"),
        (given(li, shared, Permission::Read), "nobody signs in"),
        (ends_first, "end before it begins"),
        (Delegation { mailbox: Some(77), ..given(li, wang, Permission::Read) }, "no such mailbox"),
        (Delegation { mailbox: Some(77), ..given(li, wang, Permission::SendAs) }, "whole account"),
        (given(li, 4_711, Permission::Read), "does not exist"),
    ] {
        let refused = grant(&directory, new).await.unwrap_err();
        let said_now = refused.to_string();
        assert!(
            said_now.contains(said) || said == "end before it begins" && said_now.contains("end before"),
            "{said_now}"
        );
    }
}

async fn others_are_reached_by_those_who_may(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, wang) =
        (directory.add("li@trade.test", Role::Sales).await, directory.add("w@trade.test", Role::Sales).await);
    mailbox(&directory, li, 1).await;
    let reached = |directory: &Fixture| {
        let store = directory.store.clone();
        async move { store.write(move |tx| delegation::reachable(tx, wang)).await.unwrap() }
    };
    grant(&directory, given(li, wang, Permission::SendAs)).await.unwrap();
    assert_eq!(reached(&directory).await, [], "who may only send reads nothing");
    grant(&directory, Delegation { mailbox: Some(1), ..given(li, wang, Permission::Read) }).await.unwrap();
    let found = reached(&directory).await;
    assert_eq!((found.len(), found[0].account, found[0].is_shared), (1, li, false));
    assert!(found[0].allows(Deed::Read(1)) && !found[0].allows(Deed::Read(2)) && !found[0].is_whole());
    directory.write(move |tx| delegation::subscribe(tx, wang, li, 1, true)).await.unwrap();
    let subscribed = directory.write(move |tx| delegation::subscriptions(tx, wang)).await.unwrap();
    assert!(subscribed.contains(&(li, 1)));
    directory.write(move |tx| delegation::subscribe(tx, wang, li, 1, false)).await.unwrap();
    assert!(directory.write(move |tx| delegation::subscriptions(tx, wang)).await.unwrap().is_empty());
}

async fn programs_come_from_their_networks(store: TestStore) {
    let directory = Fixture::new(store).await;
    let printer = directory.add("printer@trade.test", Role::It).await;
    let service = Service { networks: vec!["192.0.2.0/24".parse().unwrap()], purpose: "scans".to_owned() };
    let wanted = service.clone();
    let refused = directory.write(move |tx| service::set_service(tx, printer, &service)).await.unwrap_err();
    assert!(refused.to_string().contains("service"), "{refused}");
    directory
        .write(move |tx| Ok(tx.execute("UPDATE account SET kind = 'service' WHERE id = $1", store::params![printer])?))
        .await
        .unwrap();
    assert_eq!(
        directory.write(move |tx| identity::load_account(tx, printer)).await.unwrap().kind,
        AccountKind::Service
    );
    let set = wanted.clone();
    directory.write(move |tx| service::set_service(tx, printer, &set)).await.unwrap();
    assert_eq!(directory.write(move |tx| service::load_service(tx, printer)).await.unwrap(), wanted);
    for (address, allowed) in [("192.0.2.7", true), ("198.51.100.1", false), ("2001:db8::1", false)] {
        let address = address.parse().unwrap();
        let may = directory.write(move |tx| service::may_come_from(tx, printer, address)).await.unwrap();
        assert_eq!(may, allowed, "{address}");
    }
    let may = |method: Method, protocol: Protocol, address: &str| {
        let address = address.parse().unwrap();
        directory.write(move |tx| service::may_sign_in(tx, printer, method, protocol, address))
    };
    let app = Method::AppPassword(1);
    assert!(may(app, Protocol::Smtp, "192.0.2.7").await.unwrap());
    assert!(!may(app, Protocol::Smtp, "198.51.100.1").await.unwrap(), "from elsewhere");
    assert!(!may(Method::Password, Protocol::Smtp, "192.0.2.7").await.unwrap(), "by a password");
    assert!(!may(app, Protocol::Web, "192.0.2.7").await.unwrap(), "in a browser");
    directory
        .write(move |tx| Ok(tx.execute("UPDATE account SET kind = 'shared' WHERE id = $1", store::params![printer])?))
        .await
        .unwrap();
    assert!(!may(app, Protocol::Imap, "192.0.2.7").await.unwrap(), "nobody signs in as a shared mailbox");
}
