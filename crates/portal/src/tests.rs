use std::time::Duration;

use crypto::hash::sha256;
use factors::sms::PhoneNumber;
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use store::testing::TestStore;
use store::{Store, Tx};

use crate::sealed::show;
use crate::*;

store::on_both_engines! {
    a_delivery_is_sent_opened_and_answered,
    openings_run_out_and_are_given_anew,
    wrong_proofs_shut_a_delivery,
    a_code_is_good_once_and_for_a_while,
    what_is_taken_back_or_over_is_gone,
    values_that_cannot_be_used_are_refused,
    room_is_bounded,
    all_goes_with_the_account,
}

const PROOF: [u8; 32] = [9; 32];

async fn accounts(store: &Store) -> (i64, i64) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut made = Vec::new();
        for (address, role) in [("boss@trade.test", Role::Admin), ("li@trade.test", Role::Sales)] {
            let new = NewAccount {
                organisation,
                address,
                name: address,
                role,
                language: Language::Chinese,
                kind: AccountKind::Person,
                quota_bytes: 0,
                password: None,
            };
            made.push(identity::create_account(tx, &new)?);
        }
        Ok::<_, IdentityError>(made)
    };
    match store.write(make).await.unwrap()[..] {
        [boss, li] => (boss, li),
        _ => panic!("two accounts"),
    }
}

fn new() -> New {
    New {
        to: "buyer@far.example".to_owned(),
        language: "en".to_owned(),
        lock: Lock { kind: LockKind::Password, salt: show(&[1; 16]), memory_kib: 65_536, passes: 3, lanes: 1 },
        proof: show(&PROOF),
        key: show(&[2; 60]),
        reply_key: show(&[3; 32]),
        reply_secret: show(&[4; 60]),
        own: show(&[5; 100]),
        telephone: None,
        days: 0,
        openings: 3,
    }
}

async fn put(store: &Store, place: Place, octets: Vec<u8>, settings: &PortalSettings) -> Result<(), PortalError> {
    let mut chunk = PreparedChunk::new(octets, store.context())?;
    let staged = store.stage(chunk.take_record()).await?;
    let settings = settings.clone();
    let work = move |tx: &mut Tx<'_>| {
        staged.attach(tx, 1)?;
        keep_chunk(tx, place, &chunk, staged.id(), &settings)
    };
    store.write(work).await
}

/// A delivery with a message of two chunks, as the partner finds it.
async fn sent(store: &Store, account: i64, new: New, settings: &PortalSettings) -> Delivery {
    let all = settings.clone();
    let made = store.write(move |tx| create(tx, account, &new, &all)).await.unwrap();
    let place = Place { account, delivery: made.id, reply: 0, part: 0, number: 0 };
    put(store, place, vec![7; 1000], settings).await.unwrap();
    put(store, Place { number: 1, ..place }, vec![8; 500], settings).await.unwrap();
    let (all, name) = (settings.clone(), made.name().to_owned());
    store.write(move |tx| send(tx, account, &name, &[Part { chunks: 2 }], &all)).await.unwrap()
}

async fn try_open(store: &Store, name: &str, proof: &[u8], code: Option<String>) -> Result<Opened, PortalError> {
    let (name, proof) = (name.to_owned(), show(proof));
    let work = move |tx: &mut Tx<'_>| open(tx, &name, &proof, code.as_deref(), &PortalSettings::default());
    store.write(work).await.and_then(|outcome| outcome)
}

async fn look_at(store: &Store, name: &str) -> Result<Seen, PortalError> {
    let name = name.to_owned();
    store.read(move |tx| look(tx, &name, &PortalSettings::default())).await
}

async fn whole(store: &Store) {
    let findings = store::check::run(store, true).await.unwrap();
    assert!(findings.findings.is_empty(), "{findings:?}");
}

async fn a_delivery_is_sent_opened_and_answered(store: TestStore) {
    let (boss, li) = accounts(&store).await;
    let settings = PortalSettings::default();
    let made = sent(&store, li, new(), &settings).await;
    let name = made.name().to_owned();
    let seen = look_at(&store, &name).await.unwrap();
    assert_eq!((seen.openings_left, seen.lock.kind, seen.telephone), (3, LockKind::Password, None));
    let opened = try_open(&store, &name, &PROOF, None).await.unwrap();
    assert_eq!((opened.delivery.openings, opened.delivery.parts().len()), (1, 1));
    let place = Place { account: li, delivery: made.id, reply: 0, part: 0, number: 1 };
    let handle = store.handle();
    let read = store.read(move |tx| Ok::<_, PortalError>(find_chunk(tx, place)?.read(handle.blobs())?));
    assert_eq!(read.await.unwrap(), vec![8; 500]);
    // The partner answers within his visit; another's token is none.
    let (at, token) = (name.clone(), opened.visit.clone());
    let all = settings.clone();
    let begun = store.write(move |tx| {
        let visit = Visit::find(tx, &at, &token, &all)?;
        begin_reply(tx, &visit.delivery, &all)
    });
    let reply = begun.await.unwrap();
    put(&store, Place { reply, number: 0, ..place }, vec![6; 100], &settings).await.unwrap();
    let answer = Answer { public_key: show(&[1; 32]), key: show(&[2; 60]), parts: vec![Part { chunks: 1 }] };
    let (delivery, kept) = (opened.delivery.clone(), answer.clone());
    store.write(move |tx| send_reply(tx, &delivery, reply, &kept)).await.unwrap();
    let late = put(&store, Place { reply, number: 1, ..place }, vec![6; 100], &settings).await;
    assert!(matches!(late, Err(PortalError::State)), "{late:?}");
    let listed = store.read(move |tx| list(tx, li)).await.unwrap();
    assert_eq!((listed.len(), listed[0].replies, listed[0].delivery.bytes), (1, 1, 1600));
    assert!(store.read(move |tx| list(tx, boss)).await.unwrap().is_empty());
    let delivery = opened.delivery.clone();
    let replies = store.read(move |tx| list_replies(tx, &delivery)).await.unwrap();
    assert_eq!(replies[0].answer, answer);
    let at = name.clone();
    assert!(matches!(store.read(move |tx| load(tx, boss, &at)).await, Err(PortalError::NoDelivery)));
    let forged = show(&[0; 40]);
    for token in [forged, "x".to_owned(), String::new()] {
        let at = name.clone();
        let found = store.read(move |tx| Visit::find(tx, &at, &token, &PortalSettings::default())).await;
        assert!(matches!(found, Err(PortalError::VisitOver)));
    }
    whole(&store).await;
}

async fn openings_run_out_and_are_given_anew(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let name = sent(&store, li, new(), &PortalSettings::default()).await.name().to_owned();
    for _ in 0..3 {
        try_open(&store, &name, &PROOF, None).await.unwrap();
    }
    assert!(matches!(try_open(&store, &name, &PROOF, None).await, Err(PortalError::UsedUp)));
    assert!(matches!(look_at(&store, &name).await, Err(PortalError::UsedUp)));
    let (at, more) = (name.clone(), Change::Extend { days: 1, openings: 1 });
    store.write(move |tx| change(tx, li, &at, more, &PortalSettings::default())).await.unwrap();
    try_open(&store, &name, &PROOF, None).await.unwrap();
    assert!(matches!(try_open(&store, &name, &PROOF, None).await, Err(PortalError::UsedUp)));
}

async fn wrong_proofs_shut_a_delivery(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let name = sent(&store, li, new(), &PortalSettings::default()).await.name().to_owned();
    // Neither the hash that is kept nor anything else does.
    assert!(matches!(try_open(&store, &name, &sha256(&PROOF), None).await, Err(PortalError::WrongProof)));
    for _ in 1..PortalSettings::default().wrong_max {
        assert!(matches!(try_open(&store, &name, &[0; 32], None).await, Err(PortalError::WrongProof)));
    }
    assert!(matches!(try_open(&store, &name, &PROOF, None).await, Err(PortalError::Shut)), "the right one neither");
    let (at, more) = (name.clone(), Change::Extend { days: 1, openings: 1 });
    store.write(move |tx| change(tx, li, &at, more, &PortalSettings::default())).await.unwrap();
    try_open(&store, &name, &PROOF, None).await.unwrap();
}

async fn a_code_is_good_once_and_for_a_while(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let telephone = Some(PhoneNumber::parse("+8613800138000").unwrap());
    let made = sent(&store, li, New { telephone, openings: 9, ..new() }, &PortalSettings::default()).await;
    let name = made.name().to_owned();
    assert!(!look_at(&store, &name).await.unwrap().telephone.unwrap().contains("00138000"));
    let code = |proof: [u8; 32]| {
        let name = name.clone();
        let work = move |tx: &mut Tx<'_>| begin_code(tx, &name, &show(&proof), &PortalSettings::default());
        async { store.write(work).await.and_then(|outcome| outcome) }
    };
    assert!(matches!(code([0; 32]).await, Err(PortalError::WrongProof)), "nobody else has messages sent");
    assert!(matches!(try_open(&store, &name, &PROOF, None).await, Err(PortalError::NeedsCode)));
    let Code { number, digits: first, language } = code(PROOF).await.unwrap();
    assert_eq!((number.as_str(), language.as_str()), ("+8613800138000", "en"));
    assert!(matches!(try_open(&store, &name, &PROOF, Some("x".to_owned())).await, Err(PortalError::WrongCode)));
    try_open(&store, &name, &PROOF, Some(first.expose().clone())).await.unwrap();
    assert!(try_open(&store, &name, &PROOF, Some(first.expose().clone())).await.is_err(), "once");
    let second = code(PROOF).await.unwrap().digits;
    store.clock.advance(Duration::from_secs(601));
    assert!(matches!(
        try_open(&store, &name, &PROOF, Some(second.expose().clone())).await,
        Err(PortalError::WrongCode)
    ));
    let third = code(PROOF).await.unwrap().digits;
    for _ in 0..5 {
        assert!(try_open(&store, &name, &PROOF, Some("000000x".to_owned())).await.is_err());
    }
    assert!(try_open(&store, &name, &PROOF, Some(third.expose().clone())).await.is_err(), "tried too often");
}

async fn what_is_taken_back_or_over_is_gone(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let settings = PortalSettings::default();
    let (one, two) = (sent(&store, li, new(), &settings).await, sent(&store, li, new(), &settings).await);
    let visit = try_open(&store, one.name(), &PROOF, None).await.unwrap().visit;
    let at = one.name().to_owned();
    store.write(move |tx| change(tx, li, &at, Change::Revoke, &PortalSettings::default())).await.unwrap();
    assert!(matches!(try_open(&store, one.name(), &PROOF, None).await, Err(PortalError::Revoked)));
    let at = one.name().to_owned();
    let visited = store.read(move |tx| Visit::find(tx, &at, &visit, &PortalSettings::default())).await;
    assert!(matches!(visited, Err(PortalError::Revoked)));
    let place = Place { account: li, delivery: one.id, reply: 0, part: 0, number: 0 };
    assert!(store.read(move |tx| find_chunk(tx, place).map(drop)).await.is_err(), "its ciphertext is gone at once");
    whole(&store).await;
    store.clock.advance(settings.days(0));
    assert!(matches!(try_open(&store, two.name(), &PROOF, None).await, Err(PortalError::Expired)));
    let kept = settings.keeps();
    assert_eq!(store.write(move |tx| forget_expired(tx, kept, 100)).await.unwrap(), 1);
    assert!(matches!(look_at(&store, two.name()).await, Err(PortalError::Expired)), "that it was there is still known");
    let place = Place { delivery: two.id, ..place };
    assert!(store.read(move |tx| find_chunk(tx, place).map(drop)).await.is_err());
    store.clock.advance(kept);
    assert_eq!(store.write(move |tx| forget_expired(tx, kept, 100)).await.unwrap(), 2);
    assert!(matches!(look_at(&store, two.name()).await, Err(PortalError::NoDelivery)));
    whole(&store).await;
}

async fn values_that_cannot_be_used_are_refused(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let weak = Lock { memory_kib: 64, ..new().lock };
    let none = Lock { kind: LockKind::Link, ..new().lock };
    let wrong: [(New, &str); 8] = [
        (New { to: "nobody".to_owned(), ..new() }, "to"),
        (New { language: "xx".to_owned(), ..new() }, "language"),
        (New { days: 91, ..new() }, "days"),
        (New { openings: 1_001, ..new() }, "openings"),
        (New { lock: weak, ..new() }, "lock"),
        (New { lock: none, ..new() }, "lock"),
        (New { proof: "short".to_owned(), ..new() }, "proof"),
        (New { key: show(&[0; 59]), ..new() }, "key"),
    ];
    for (wrong, field) in wrong {
        let made = store.write(move |tx| create(tx, li, &wrong, &PortalSettings::default())).await;
        assert!(matches!(&made, Err(PortalError::Invalid { name, .. }) if *name == field), "{field} {made:?}");
    }
    let made = store.write(move |tx| create(tx, li, &new(), &PortalSettings::default())).await.unwrap();
    assert!(matches!(look_at(&store, made.name()).await, Err(PortalError::NoDelivery)), "not before it is whole");
    let place = Place { account: li, delivery: made.id, reply: 0, part: 0, number: 1 };
    put(&store, place, vec![0; 20], &PortalSettings::default()).await.unwrap();
    let twice = put(&store, place, vec![0; 20], &PortalSettings::default()).await;
    assert!(matches!(twice, Err(PortalError::Invalid { name: "chunk", .. })));
    for (parts, chunks) in [(1, 1), (1, 2), (2, 1), (0, 0)] {
        let (at, parts) = (made.name().to_owned(), vec![Part { chunks }; parts]);
        let sent = store.write(move |tx| send(tx, li, &at, &parts, &PortalSettings::default())).await;
        assert!(sent.is_err(), "{sent:?}");
    }
    assert!(PreparedChunk::new(vec![0; CHUNK_BYTES_MAX + 1], store.context()).is_err());
    assert!(PreparedChunk::new(vec![0; 15], store.context()).is_err());
}

async fn room_is_bounded(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let narrow =
        PortalSettings { delivery_bytes_max: 1_600, account_bytes_max: 3_500, daily_max: 3, ..Default::default() };
    let first = sent(&store, li, new(), &narrow).await;
    sent(&store, li, new(), &narrow).await;
    let all = narrow.clone();
    let third = store.write(move |tx| create(tx, li, &new(), &all)).await.unwrap();
    let place = Place { account: li, delivery: third.id, reply: 0, part: 0, number: 0 };
    let full = put(&store, place, vec![0; 600], &narrow).await;
    assert!(matches!(full, Err(PortalError::TooMuch(_))), "the account has 3,000 already");
    let (at, all) = (first.name().to_owned(), narrow.clone());
    store.write(move |tx| change(tx, li, &at, Change::Revoke, &all)).await.unwrap();
    put(&store, place, vec![0; 600], &narrow).await.unwrap();
    let full = put(&store, Place { number: 1, ..place }, vec![0; 1_001], &narrow).await;
    assert!(matches!(full, Err(PortalError::TooMuch(_))), "one delivery");
    let all = narrow.clone();
    let fourth = store.write(move |tx| create(tx, li, &new(), &all)).await;
    assert!(matches!(fourth, Err(PortalError::TooMuch(_))), "in a day");
    whole(&store).await;
}

async fn all_goes_with_the_account(store: TestStore) {
    let (_, li) = accounts(&store).await;
    let made = sent(&store, li, new(), &PortalSettings::default()).await;
    let delivery = made.clone();
    store.write(move |tx| begin_reply(tx, &delivery, &PortalSettings::default())).await.unwrap();
    store.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    assert!(matches!(look_at(&store, made.name()).await, Err(PortalError::NoDelivery)));
    whole(&store).await;
}
