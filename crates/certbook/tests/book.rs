//! Keys and certificates in the store, and what mail becomes with them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;

use certbook::{CertbookError, Inquirer, Kind, Means, Names, NoLdap, SmimeSettings, StatusDemand, Wish, look, protect};
use crypto::tls::{ClientTls, Roots};
use identity::rights::{self, Occasion, Outcome};
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use smime::{Recipe, Style};
use store::Store;
use store::testing::TestStore;

store::on_both_engines! {
    what_one_writes_another_reads,
    a_message_opens_only_if_all_its_readers_could_open_it,
    a_message_is_made_with_what_there_is,
    each_use_of_a_private_key_is_recorded,
    what_cannot_be_recorded_is_not_done,
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

const WISH: Wish = Wish { occasion: of(0), sign: true, encrypt: true, names: Names::Cms };

/// A message of the organisation.
const fn of(organisation: i64) -> Occasion {
    Occasion { organisation, account: None, message: Some(0x4f) }
}

fn to(address: &str) -> [String; 1] {
    [address.to_owned()]
}

async fn means(store: &Store, organisation: i64, submitter: Option<i64>, to: &str) -> Means {
    let to = [to.to_owned()];
    let asked = StatusDemand::Asked;
    store.read(move |tx| Means::known(tx, organisation, submitter, "ann@trade.test", (&to, asked))).await.unwrap()
}

fn lacking(means: &Means) -> Option<&str> {
    means.lacking().map(|it| it.address.as_str())
}

/// Nobody is asked: the organisation's own authority names no place.
fn inquirer(store: &TestStore) -> Inquirer {
    let tls = ClientTls::opportunistic(&Roots::only(&[]).unwrap()).unwrap();
    let dns = Arc::new(resolver::fixed::FixedResolver::default());
    Inquirer::new(Store::clone(store), dns, tls, SmimeSettings::default(), NoLdap::shared()).unwrap()
}

fn raw(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

async fn what_one_writes_another_reads(store: TestStore) {
    let inquirer = inquirer(&store);
    let (organisation, [ann, bob]) = found(&store).await;
    keys(&store, ann).await;
    let reader = keys(&store, bob).await;
    let none = means(&store, organisation, Some(ann), "bob@trade.test").await;
    assert_eq!((none.signs(), lacking(&none), none.is_gm()), (true, Some("bob@trade.test"), false));
    // Signed mail teaches the certificate.
    let answer = "From: <bob@trade.test>\r\nTo: <ann@trade.test>\r\nSubject: Re: Price\r\n\r\nAgreed\r\n";
    let context = store.context();
    let signed = smime::sign(answer.as_bytes(), &reader, Style::CLEAR, context.clock.now(), &*context.entropy).unwrap();
    let arrived = look(&inquirer, "mx.trade.test", of(organisation), vec![ann], signed.clone()).await.unwrap();
    assert!(arrived.fields.contains("smime=pass\r\n\tbody.smime-identifier=bob@trade.test"), "{}", arrived.fields);
    assert_eq!((arrived.raw, arrived.readable, arrived.is_decrypted), (signed, None, false));
    let found = means(&store, organisation, Some(ann), "bob@trade.test").await;
    assert_eq!((found.signs(), lacking(&found)), (true, None));
    let sealed = protect(&store, (&to("bob@trade.test"), raw(LETTER)), found, WISH).await.unwrap();
    assert!(certbook::is_made(&sealed) && !certbook::is_made(LETTER.as_bytes()));
    assert!(!String::from_utf8_lossy(&sealed).contains("Ten pieces"));
    // His program said that it reads authenticated encryption.
    let arrived = look(&inquirer, "mx.trade.test", of(organisation), vec![bob], sealed.clone()).await.unwrap();
    assert!(arrived.is_decrypted && arrived.fields.contains("cipher=AES-256-GCM\r\n"), "{}", arrived.fields);
    assert!(arrived.fields.contains("smime=pass") && !arrived.fields.contains("may-be-altered"));
    assert!(String::from_utf8(arrived.readable.unwrap()).unwrap().contains("Subject: Price"));
}

async fn a_message_opens_only_if_all_its_readers_could_open_it(store: TestStore) {
    let inquirer = inquirer(&store);
    let (organisation, [ann, bob]) = found(&store).await;
    let own = keys(&store, ann).await;
    let context = store.context();
    let sealed = smime::encrypt(LETTER.as_bytes(), &[&own.certificate], Recipe::COMPATIBLE, &*context.entropy).unwrap();
    let arrive = |accounts| look(&inquirer, "mx.trade.test", of(organisation), accounts, sealed.clone());
    let arrived = arrive(vec![ann]).await.unwrap();
    assert_eq!(arrived.fields, "X-Tradewind-Smime: decrypted; cipher=AES-256-CBC; may-be-altered\r\n");
    for accounts in [vec![bob], vec![ann, bob], vec![bob, ann], Vec::new()] {
        let arrived = arrive(accounts).await.unwrap();
        assert_eq!((arrived.readable, arrived.is_decrypted), (None, false));
        assert_eq!(arrived.fields, "X-Tradewind-Smime: encrypted; not-for-us\r\n");
    }
}

async fn a_message_is_made_with_what_there_is(store: TestStore) {
    let (organisation, [ann, _]) = found(&store).await;
    assert!(!means(&store, organisation, Some(ann), "x@far.test").await.signs());
    keys(&store, ann).await;
    // A notification has nobody who could sign.
    assert!(!means(&store, organisation, None, "x@far.test").await.signs());
    let found = means(&store, organisation, Some(ann), "x@far.test").await;
    assert_eq!((found.signs(), lacking(&found)), (true, Some("x@far.test")));
    let signed =
        protect(&store, (&to("bob@trade.test"), raw(LETTER)), found, Wish { encrypt: false, ..WISH }).await.unwrap();
    assert_eq!(smime::looks(&signed), smime::Looks::Signed);
}

/// What the record says of uses of keys: who, outcome, kind of key, what for, of what; the oldest first.
async fn uses(store: &Store, organisation: i64) -> Vec<(Option<i64>, Outcome, String, String, String)> {
    let events = store.read(move |tx| rights::list_events_of(tx, organisation, "key-use")).await.unwrap();
    let told = |event: rights::RecordedEvent| {
        let object: serde_json::Value = serde_json::from_str(&event.object).unwrap();
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        assert!(text("fingerprint").len() >= 64, "{object}");
        (event.account, event.outcome, text("key"), text("purpose"), format!("{} {}", text("message"), text("about")))
    };
    events.into_iter().rev().map(told).collect()
}

async fn each_use_of_a_private_key_is_recorded(store: TestStore) {
    let inquirer = inquirer(&store);
    let (organisation, [ann, bob]) = found(&store).await;
    let reader = keys(&store, bob).await;
    keys(&store, ann).await;
    let issued = uses(&store, organisation).await;
    assert_eq!(issued.len(), 2);
    assert_eq!((issued[1].0, issued[1].2.as_str(), issued[1].3.as_str()), (Some(ann), "smime-authority", "issue"));
    let context = store.context();
    let file = reader.certificate.to_pem();
    store.write(move |tx| certbook::add(tx, organisation, Kind::Partner, file.as_bytes())).await.unwrap();
    let found = means(&store, organisation, Some(ann), "bob@trade.test").await;
    let wish = Wish { occasion: Occasion { account: Some(ann), ..of(organisation) }, ..WISH };
    let sealed = protect(&store, (&to("bob@trade.test"), raw(LETTER)), found, wish).await.unwrap();
    look(&inquirer, "mx.trade.test", of(organisation), vec![bob], sealed).await.unwrap();
    // To nobody here: no key has to do with it.
    let strange = smime::encrypt(LETTER.as_bytes(), &[&reader.certificate], Recipe::COMPATIBLE, &*context.entropy);
    look(&inquirer, "mx.trade.test", of(organisation), vec![ann], strange.unwrap()).await.unwrap();
    let used = |account, purpose: &str, about: &str| {
        (Some(account), Outcome::Done, "smime".to_owned(), purpose.to_owned(), format!("4f {about}"))
    };
    let recorded = uses(&store, organisation).await;
    assert_eq!(recorded[2..], [used(ann, "sign", "bob@trade.test"), used(bob, "decrypt", "ann@trade.test")]);
    // Each stands in the log, and opens there.
    store.write(|tx| audit::seal(tx, "mail.trade.test/audit")).await.unwrap();
    let events = store.read(move |tx| rights::list_events_of(tx, organisation, "key-use")).await.unwrap();
    for event in events {
        let prove = move |tx: &mut store::Tx<'_>| {
            let place = audit::place_of(tx, event.id)?;
            let (record, proof) = (audit::leaf_at(tx, place)?, audit::prove(tx, place)?);
            let (_, checkpoint) = audit::checkpoint(tx)?.unwrap();
            let key = audit::public_key(tx)?.unwrap();
            audit::verify::record(checkpoint.as_bytes(), &key, &record, &proof).unwrap();
            let leaf: audit::Leaf = serde_json::from_slice(&record).unwrap();
            let told = rights::disclose(tx, organisation, event.id)?.unwrap();
            assert_eq!(audit::commit(told.salt.as_bytes(), told.text.as_bytes()), leaf.commitment);
            Ok::<_, IdentityError>(())
        };
        store.read(prove).await.unwrap();
    }
}

async fn what_cannot_be_recorded_is_not_done(store: TestStore) {
    let inquirer = inquirer(&store);
    let (organisation, [ann, bob]) = found(&store).await;
    let own = keys(&store, ann).await;
    let context = store.context();
    let sealed = smime::encrypt(LETTER.as_bytes(), &[&own.certificate], Recipe::COMPATIBLE, &*context.entropy).unwrap();
    let signing = means(&store, organisation, Some(ann), "x@far.test").await;
    store.write(|tx| tx.execute("DROP TABLE audit_pending", &[])).await.unwrap();
    let again = |error: &CertbookError| error.outlook() == env::Outlook::Temporary;
    let made = protect(&store, (&to("x@far.test"), raw(LETTER)), signing, Wish { encrypt: false, ..WISH }).await;
    assert!(made.is_err_and(|error| again(&error)), "a message is signed");
    let opened = look(&inquirer, "mx.trade.test", of(organisation), vec![ann], sealed).await;
    assert!(opened.is_err_and(|error| again(&error)), "a message is opened");
    assert!(certbook::request(&store, bob).await.is_err_and(|error| again(&error)), "a certificate is issued");
    assert!(store.read(move |tx| certbook::list(tx, bob)).await.unwrap().is_empty());
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
