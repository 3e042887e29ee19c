//! Keys and certificates in the store, and what mail becomes with them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;

use certbook::{CertbookError, Kind, Names, Rule, Wish, look, protect};
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use smime::{Recipe, Style};
use store::Store;
use store::testing::TestStore;

store::on_both_engines! {
    what_one_writes_another_reads,
    a_message_opens_only_if_all_its_readers_could_open_it,
    a_rule_that_cannot_be_kept_keeps_the_message,
    keys_are_for_their_own_addresses_and_go_with_their_account,
}

const LETTER: &str = "From: <ann@trade.test>\r\nTo: <bob@trade.test>\r\nSubject: Price\r\n\r\nTen pieces\r\n";

/// An organisation with two accounts.
async fn found(store: &Store) -> (i64, [i64; 2]) {
    let make = |tx: &mut store::Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut accounts = [0; 2];
        for (account, name) in accounts.iter_mut().zip(["ann", "bob"]) {
            *account = identity::create_account(
                tx,
                &NewAccount {
                    organisation,
                    address: &format!("{name}@trade.test"),
                    name,
                    role: Role::Sales,
                    language: Language::English,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: None,
                },
            )?;
        }
        Ok((organisation, accounts))
    };
    store.write::<_, IdentityError, _>(make).await.unwrap()
}

async fn keys(store: &Store, account: i64) -> smime::Identity {
    certbook::request(store, account).await.unwrap();
    store.read(move |tx| certbook::identities(tx, account)).await.unwrap().remove(0)
}

const fn wish(rule: Rule) -> Wish {
    Wish { rule, names: Names::Cms }
}

fn raw(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

async fn what_one_writes_another_reads(store: TestStore) {
    let (organisation, [ann, bob]) = found(&store).await;
    keys(&store, ann).await;
    let reader = keys(&store, bob).await;
    let to = vec!["bob@trade.test".to_owned()];
    let none = protect(&store, organisation, Some(ann), to.clone(), raw(LETTER), wish(Rule::Both)).await;
    assert!(matches!(none, Err(CertbookError::NoCertificate(address)) if address == "bob@trade.test"));
    // Signed mail teaches the certificate.
    let answer = "From: <bob@trade.test>\r\nTo: <ann@trade.test>\r\nSubject: Re: Price\r\n\r\nAgreed\r\n";
    let context = store.context();
    let signed = smime::sign(answer.as_bytes(), &reader, Style::CLEAR, context.clock.now(), &*context.entropy).unwrap();
    let arrived = look(&store, "mx.trade.test", organisation, vec![ann], signed.clone()).await.unwrap();
    assert!(arrived.fields.contains("smime=pass\r\n\tbody.smime-identifier=bob@trade.test"), "{}", arrived.fields);
    assert_eq!((arrived.raw, arrived.readable, arrived.is_decrypted), (signed, None, false));
    let sealed =
        protect(&store, organisation, Some(ann), to.clone(), raw(LETTER), wish(Rule::Both)).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("Ten pieces"));
    // His program said that it reads authenticated encryption.
    let arrived = look(&store, "mx.trade.test", organisation, vec![bob], sealed.clone()).await.unwrap();
    assert!(arrived.is_decrypted && arrived.fields.contains("cipher=AES-256-GCM\r\n"), "{}", arrived.fields);
    assert!(arrived.fields.contains("smime=pass") && !arrived.fields.contains("may-be-altered"));
    assert!(String::from_utf8(arrived.readable.unwrap()).unwrap().contains("Subject: Price"));
    // What is encrypted already goes as it is.
    let again = protect(&store, organisation, Some(ann), to, sealed.into(), wish(Rule::Both)).await.unwrap();
    assert_eq!(again, None);
}

async fn a_message_opens_only_if_all_its_readers_could_open_it(store: TestStore) {
    let (organisation, [ann, bob]) = found(&store).await;
    let own = keys(&store, ann).await;
    let context = store.context();
    let sealed = smime::encrypt(LETTER.as_bytes(), &[&own.certificate], Recipe::COMPATIBLE, &*context.entropy).unwrap();
    let arrive = |accounts| look(&store, "mx.trade.test", organisation, accounts, sealed.clone());
    let arrived = arrive(vec![ann]).await.unwrap();
    assert_eq!(arrived.fields, "X-Tradewind-Smime: decrypted; cipher=AES-256-CBC; may-be-altered\r\n");
    for accounts in [vec![bob], vec![ann, bob], vec![bob, ann], Vec::new()] {
        let arrived = arrive(accounts).await.unwrap();
        assert_eq!((arrived.readable, arrived.is_decrypted), (None, false));
        assert_eq!(arrived.fields, "X-Tradewind-Smime: encrypted; not-for-us\r\n");
    }
}

async fn a_rule_that_cannot_be_kept_keeps_the_message(store: TestStore) {
    let (organisation, [ann, _]) = found(&store).await;
    let send = |from, rule| protect(&store, organisation, from, vec!["x@far.test".to_owned()], raw(LETTER), wish(rule));
    assert!(matches!(send(Some(ann), Rule::Sign).await, Err(CertbookError::NoKey(_))));
    assert_eq!(send(Some(ann), Rule::Try).await.unwrap(), None);
    // A notification has nobody who could sign.
    assert_eq!(send(None, Rule::Sign).await.unwrap(), None);
    keys(&store, ann).await;
    let signed = send(Some(ann), Rule::Sign).await.unwrap().unwrap();
    assert_eq!(smime::looks(&signed), smime::Looks::Signed);
    assert_eq!(send(Some(ann), Rule::Sign).await.unwrap().map(|it| smime::looks(&it)), Some(smime::Looks::Signed));
    assert!(matches!(send(Some(ann), Rule::Encrypt).await, Err(CertbookError::NoCertificate(_))));
    assert!(send(Some(ann), Rule::Try).await.unwrap().is_some());
}

async fn keys_are_for_their_own_addresses_and_go_with_their_account(store: TestStore) {
    let (organisation, [ann, bob]) = found(&store).await;
    let own = keys(&store, ann).await;
    let pem = own.to_pem().to_string();
    let again = smime::Identity::from_pem(pem.as_bytes()).unwrap();
    // The same once more stays one; another's is refused.
    let kept = store.write(move |tx| certbook::import(tx, ann, &again)).await.unwrap();
    let refused = store.write(move |tx| certbook::import(tx, bob, &own)).await;
    assert!(matches!(refused, Err(CertbookError::OtherAddress { .. })));
    assert_eq!(store.read(move |tx| certbook::list(tx, ann)).await.unwrap().len(), 1);
    let file = pem.split("-----END PRIVATE KEY-----").nth(1).unwrap().to_owned();
    store.write(move |tx| certbook::add(tx, organisation, Kind::Partner, file.as_bytes())).await.unwrap();
    let held = store.read(move |tx| certbook::held(tx, organisation)).await.unwrap();
    assert_eq!(
        (held.len(), held[0].kind, held[0].addresses.as_slice()),
        (1, Kind::Partner, &["ann@trade.test".to_owned()][..])
    );
    let id = held[0].id;
    store.write(move |tx| certbook::forget(tx, organisation, id)).await.unwrap();
    assert!(store.write(move |tx| certbook::forget(tx, organisation, id)).await.is_err());
    store.write(move |tx| certbook::remove(tx, ann, kept.id)).await.unwrap();
    assert!(store.read(move |tx| certbook::identities(tx, ann)).await.unwrap().is_empty());
}
