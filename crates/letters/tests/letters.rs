//! Letters of the system, from their words to the queue.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;
use std::time::Duration;

use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use letters::{Letter, LetterError, Mailer, Protection, Words};
use queue::{Lease, LeaseRequest, QueueError};
use signing::{FreshKey, Signer, SigningSettings};
use store::testing::TestStore;
use store::{Store, Tx};

store::on_both_engines! {
    a_notice_is_in_the_readers_language_signed_and_told_to_nobody_else,
    a_letter_goes_once_with_what_it_tells,
    nobody_is_no_reader,
}

async fn account(store: &Store, language: Language) -> i64 {
    let make = move |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let new = NewAccount {
            organisation,
            address: "anna@trade.test",
            name: "Anna",
            role: Role::Sales,
            language,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        };
        identity::create_account(tx, &new)
    };
    store.write::<_, IdentityError, _>(make).await.unwrap()
}

fn mailer(store: &Store) -> Mailer {
    let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
    Mailer::new(store.clone(), signer, "mail.trade.test".to_owned())
}

fn words(language: Language) -> Words {
    let (subject, text) = match language {
        Language::Chinese => ("转发已更改", "请确认。\n"),
        Language::English => ("Forwarding was changed", "Please confirm.\n"),
    };
    Words { from_name: "Tradewind".to_owned(), subject: subject.to_owned(), text: text.to_owned() }
}

async fn leases(store: &Store) -> Vec<Lease> {
    let request = LeaseRequest {
        lease_for: Duration::from_secs(60),
        leases_max: 10,
        per_destination_max: 10,
        excluded: std::collections::HashSet::new(),
    };
    store.write::<_, QueueError, _>(move |tx| queue::lease(tx, &request)).await.unwrap()
}

async fn a_notice_is_in_the_readers_language_signed_and_told_to_nobody_else(store: TestStore) {
    let anna = account(&store, Language::Chinese).await;
    let fresh = FreshKey::pair().unwrap();
    store.write(move |tx| signing::add(tx, "trade.test", &fresh)).await.unwrap();
    let mut said = None;
    let ready = mailer(&store)
        .notice(anna, |language| {
            said = Some(language);
            words(language)
        })
        .await
        .unwrap();
    assert_eq!(said, Some(Language::Chinese));
    store.write::<_, QueueError, _>(move |tx| ready.post(tx)).await.unwrap();
    let leases = leases(&store).await;
    let [lease] = leases.as_slice() else { panic!("{} leases", leases.len()) };
    assert_eq!(lease.envelope.reverse_path, "");
    assert!(lease.envelope.trace.contains("d=trade.test;"), "{}", lease.envelope.trace);
    assert_eq!(lease.recipients[0].address, "anna@trade.test");
    assert_eq!(lease.recipients[0].notify, queue::Notify::NEVER);
    assert!(!lease.envelope.requiretls && !lease.envelope.tls_optional && !lease.envelope.smtputf8);
}

async fn a_letter_goes_once_with_what_it_tells(store: TestStore) {
    account(&store, Language::English).await;
    let organisation = store.read(identity::list_organisations).await.unwrap()[0].id;
    let mailer = mailer(&store);
    let raw = format!("From: <postmaster@trade.test>\r\n\r\n{}", "a long letter\r\n".repeat(20_000)).into_bytes();
    let letter = Letter {
        reverse_path: "postmaster@trade.test".to_owned(),
        protection: Protection::Required,
        ..Letter::new(organisation, vec!["a@one.example".to_owned(), "b@one.example".to_owned()], raw)
    };
    let ready = Arc::new(mailer.ready(letter).await.unwrap());
    // What it tells was not done: it does not go either.
    let first = Arc::clone(&ready);
    let failing = move |tx: &mut Tx<'_>| {
        first.post(tx)?;
        Err::<(), _>(QueueError::NoRecipients)
    };
    assert!(store.write(failing).await.is_err());
    assert!(leases(&store).await.is_empty());
    store.write::<_, QueueError, _>(move |tx| ready.post(tx)).await.unwrap();
    let leases = leases(&store).await;
    let [lease] = leases.as_slice() else { panic!("{} leases", leases.len()) };
    assert_eq!((lease.recipients.len(), lease.envelope.requiretls), (2, true));
    assert_eq!(lease.envelope.reverse_path, "postmaster@trade.test");
    assert!(store::check::run(&store, true).await.unwrap().findings.is_empty());
}

async fn nobody_is_no_reader(store: TestStore) {
    let outcome = mailer(&store).notice(1, words).await;
    assert!(matches!(outcome, Err(LetterError::Identity(IdentityError::NoAccount(_)))));
}
