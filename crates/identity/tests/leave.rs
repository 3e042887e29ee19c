//! What becomes of the account of somebody who leaves the company.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::Duration;

use access::Holder;
use env::Timestamp;
use fixture::{Fixture, prepare, secret};
use identity::delegation::{self, Delegation};
use identity::forward::{self, NewForward};
use identity::groups::{self, Member, NewGroup};
use identity::rights::{self, AccessSettings, Giving, NewApproval};
use identity::session::{self, Stage};
use identity::{
    AccountKind, AccountState, AuthFailure, Client, Hasher, IdentityError, Level, NewAppPassword, Permission,
    PreparedAppPassword, Protocol, Resolution, Role, Scope, Senders, SignIn, turn_into_shared,
};
use serde_json::json;
use store::testing::TestStore;
use store::{Tx, params};

store::on_both_engines! {
    ways_in_end_and_mail_and_addresses_stay,
    the_last_administrator_stays,
    only_a_person_leaves_and_once,
}

const PASSWORD: &str = "Lange-Leitung-7";

/// Tables with what only a person has, by its account.
const PERSONAL: [&str; 14] = [
    "SELECT COUNT(*) FROM credential WHERE account = $1",
    "SELECT COUNT(*) FROM password_history WHERE account = $1",
    "SELECT COUNT(*) FROM app_password WHERE account = $1",
    "SELECT COUNT(*) FROM session WHERE account = $1",
    "SELECT COUNT(*) FROM factor WHERE account = $1",
    "SELECT COUNT(*) FROM factor_challenge WHERE account = $1",
    "SELECT COUNT(*) FROM recovery_code WHERE account = $1",
    "SELECT COUNT(*) FROM known_client WHERE account = $1",
    "SELECT COUNT(*) FROM role_given WHERE account = $1",
    "SELECT COUNT(*) FROM group_member WHERE kind = 'account' AND target = $1",
    "SELECT COUNT(*) FROM group_owner WHERE account = $1",
    "SELECT COUNT(*) FROM delegation WHERE delegate = $1",
    "SELECT COUNT(*) FROM forward WHERE account = $1",
    "SELECT COUNT(*) FROM approval WHERE asker = $1 AND state = 'waiting'",
];

async fn rows(fixture: &Fixture, account: i64) -> Vec<i64> {
    let count = move |tx: &mut Tx<'_>| {
        let mut one = |sql: &'static str| tx.row(sql, params![account], |row| row.int(0));
        PERSONAL.into_iter().map(|sql| Ok(one(sql)?.unwrap_or(0))).collect::<Result<Vec<i64>, IdentityError>>()
    };
    fixture.write(count).await.unwrap()
}

async fn leave(fixture: &Fixture, account: i64) -> Result<(), IdentityError> {
    fixture.write(move |tx| turn_into_shared(tx, account)).await
}

fn client() -> Client {
    Client::new(IpAddr::from([192, 0, 2, 7]), Protocol::Imap)
}

fn lent(account: i64, delegate: i64) -> Delegation {
    let (permission, since) = (Permission::Read, Timestamp::from_millis(0));
    Delegation { account, delegate, permission, mailbox: None, since, until: None, granted_by: None }
}

/// Gives the account everything that somebody can have; `other` lends to it and borrows from it.
async fn furnish(fixture: &Fixture, li: i64, other: i64) {
    let prepared = prepare("Neue-Leitung-8", Level::Basic);
    let phone = NewAppPassword { label: "phone".to_owned(), scope: Scope::of(&[Protocol::Imap]), expires: None };
    let salt = fixture.write(move |tx| identity::scram_salt(tx, li)).await.unwrap();
    let secret = PreparedAppPassword::new(&salt, &env::SystemEntropy::default()).unwrap();
    let organisation = fixture.organisation;
    let work = move |tx: &mut Tx<'_>| {
        // Again the first one, so that there is one of before.
        identity::set_password(tx, li, &prepared)?;
        identity::add_app_password(tx, li, &phone, &secret)?;
        session::begin(tx, li, Stage::Whole, None, &Client::new(client().address, Protocol::Web))?;
        identity::add_alias(tx, li, "sales@trade.test")?;
        let group = NewGroup { organisation, name: "Buyers", address: Some("buyers@trade.test"), senders: Senders::Anyone };
        let group = groups::create_group(tx, &group)?;
        groups::add_member(tx, group, &Member::Account(li))?;
        groups::add_member(tx, group, &Member::Account(other))?;
        groups::add_owner(tx, group, li)?;
        delegation::grant(tx, &lent(other, li))?;
        delegation::grant(tx, &lent(li, other))?;
        let target = NewForward { target: "li@home.example".to_owned(), keeps_copy: true, expires: None };
        forward::add(tx, "li@trade.test", li, &target)?;
        rights::give_role(tx, &Giving { account: li, role: "it", by: None, exception: None })?;
        let request = json!({ "action": "user-delete", "address": "wang@trade.test" });
        let new = NewApproval { organisation, asker: li, action: "user-delete", request: &request };
        rights::request_approval(tx, &new, &AccessSettings::default())?;
        rest(tx, li)?;
        Ok(())
    };
    fixture.write(work).await.unwrap();
}

/// Rows of which only their owner matters here: factors, what is known of devices, a mailbox.
fn rest(tx: &mut Tx<'_>, li: i64) -> Result<(), IdentityError> {
    let octets: &[u8] = b"x";
    for sql in [
        "INSERT INTO factor (account, id, kind, label, detail, mark, step, created, used) VALUES ($1, 1, 'totp', $2, $2, $2, 0, 0, 0)",
        "INSERT INTO factor_challenge (account, id, purpose, kind, detail, tries, expires) VALUES ($1, 1, 'answer', 'totp', $2, 1, 0)",
        "INSERT INTO recovery_code (account, code, created) VALUES ($1, $2, 0)",
        "INSERT INTO known_client (account, mark, seen) VALUES ($1, $2, 0)",
        "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
             highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
         VALUES ($1, 1, $2, $2, '', 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1)",
    ] {
        tx.execute(sql, params![li, octets])?;
    }
    Ok(())
}

async fn ways_in_end_and_mail_and_addresses_stay(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let wang = fixture.add("wang@trade.test", Role::Admin).await;
    furnish(&fixture, li, wang).await;
    let handle = fixture.store.handle();
    let sign_in = SignIn::new(handle.clone(), Hasher::new(handle.context().entropy.clone()));
    let word = secret("Neue-Leitung-8");
    let principal = sign_in.authenticate("li@trade.test", &word, &client()).await.unwrap();
    let mut watch = sign_in.watch(&principal);
    assert!(!watch.is_over().await);
    let before = rows(&fixture, li).await;
    assert!(before.iter().all(|rows| *rows > 0), "there is one of each before: {before:?}");

    leave(&fixture, li).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), watch.ended()).await.is_ok(), "what was signed in has ended");
    assert_eq!(rows(&fixture, li).await, [0; PERSONAL.len()]);
    for login in ["li@trade.test", "sales@trade.test"] {
        let refused = sign_in.authenticate(login, &word, &client()).await;
        assert!(matches!(refused, Err(AuthFailure::Refused)), "{login}: {refused:?}");
        let resolved = fixture.store.read(move |tx| identity::resolve(tx, login)).await.unwrap();
        let Resolution::Local(found) = resolved else { panic!("{login}: {resolved:?}") };
        assert_eq!((found.account, found.forwards), (li, false), "mail still comes, and goes nowhere else");
    }
    let account = fixture.store.read(move |tx| identity::load_account(tx, li)).await.unwrap();
    assert_eq!((account.kind, account.role, account.state), (AccountKind::Shared, Role::Sales, AccountState::Active));
    let holders = fixture.store.read(move |tx| rights::holders_of(tx, li)).await.unwrap();
    assert!(!holders.contains(&Holder::Job(Role::It)), "{holders:?}");
    let kept = fixture.store.read(move |tx| delegation::list_delegates(tx, li)).await.unwrap();
    assert_eq!(kept, [lent(li, wang)], "who could read it still can");
    let mailboxes = "SELECT COUNT(*) FROM mailbox WHERE account = $1";
    let mailboxes = fixture.store.read(move |tx| tx.row(mailboxes, params![li], |row| row.int(0))).await.unwrap();
    assert_eq!(mailboxes, Some(1), "the mail is there");
    // Others keep what they had.
    let others = fixture.write(move |tx| groups::groups_of(tx, wang)).await.unwrap();
    assert_eq!(others.len(), 1);
    let back = prepare(PASSWORD, Level::Basic);
    let back = fixture.write(move |tx| identity::set_password(tx, li, &back)).await;
    assert!(matches!(back, Err(IdentityError::Condition(_))), "nobody signs in to it again: {back:?}");
}

async fn the_last_administrator_stays(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Admin).await;
    let add = move |tx: &mut Tx<'_>| identity::add_alias(tx, li, "sales@trade.test");
    fixture.write(add).await.unwrap();
    assert!(matches!(leave(&fixture, li).await, Err(IdentityError::LastAdministrator)));
    let account = fixture.store.read(move |tx| identity::load_account(tx, li)).await.unwrap();
    assert_eq!((account.kind, account.role), (AccountKind::Person, Role::Admin), "nothing was done");
    let other = fixture.add("wang@trade.test", Role::Admin).await;
    leave(&fixture, li).await.unwrap();
    assert!(matches!(leave(&fixture, other).await, Err(IdentityError::LastAdministrator)), "a shared mailbox is none");
}

async fn only_a_person_leaves_and_once(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add("wang@trade.test", Role::Admin).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    leave(&fixture, li).await.unwrap();
    assert!(matches!(leave(&fixture, li).await, Err(IdentityError::Condition(_))));
    assert!(matches!(leave(&fixture, 7).await, Err(IdentityError::NoAccount(_))));
}
