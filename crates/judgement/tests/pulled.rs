//! Mail that was delivered and would be kept back by today's judgement, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use intel::feeds::Feed;
use intel::{EntrySet, Feeds, classify};
use judgement::quarantine::{self, Whose};
use judgement::{JudgementError, pull};
use mailbox::{Name, SpecialUse, UidRange};
use store::Tx;
use store::testing::TestStore;

use fixture::office::Office;

store::on_both_engines! {
    what_would_be_kept_back_today_is_taken_from_every_folder,
    what_is_brought_back_stays,
    what_went_to_junk_may_go_further,
}

/// A letter with a file, and the digest of the file.
const LETTER: &str = "From: a@files.test\r\nMessage-ID: <3@files.test>\r\nSubject: Price list\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
    --x\r\n\r\nOur price list.\r\n--x\r\nContent-Type: application/octet-stream\r\n\
    Content-Disposition: attachment; filename=list.bin\r\n\r\nhello\r\n--x--\r\n";
const DIGEST: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// A feed learns of these.
async fn learn(office: &Office, words: &[&str]) -> usize {
    let mut set = EntrySet::new(7);
    words.iter().for_each(|word| set.add(&classify(word).unwrap(), false));
    set.seal();
    let news = Feeds::default().news(&[Feed { name: "own".to_owned(), set }]);
    office.learner.pull_listed(Arc::new(news)).await.unwrap()
}

/// Moves a message from INBOX.
async fn move_to(office: &Office, account: i64, uid: u32, to: SpecialUse) {
    let work = move |tx: &mut Tx<'_>| {
        let inbox = mailbox::mailboxes::find(tx, account, &Name::inbox())?.unwrap().id;
        let to = mailbox::mailboxes::with_use(tx, account, to)?.unwrap();
        mailbox::move_messages(tx, account, inbox, &[UidRange::one(uid)], to)
    };
    office.scene.store.write(work).await.unwrap();
}

/// Messages in a folder.
async fn count(office: &Office, account: i64, of: SpecialUse) -> u32 {
    let look = move |tx: &mut Tx<'_>| {
        let all = mailbox::mailboxes::list(tx, account)?;
        Ok::<_, mailbox::MailboxError>(all.iter().find(|it| it.special_use == Some(of)).map_or(0, |it| it.total))
    };
    office.scene.store.read(look).await.unwrap()
}

/// Whose copies wait in quarantine.
async fn waiting(office: &Office, id: i64) -> Vec<String> {
    match office.scene.store.read(move |tx| quarantine::load(tx, id)).await {
        Ok(found) => found.places.into_iter().map(|place| place.address).collect(),
        Err(JudgementError::NotQuarantined(_)) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

async fn what_would_be_kept_back_today_is_taken_from_every_folder(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang, organisation) = (office.scene.li, office.scene.wang, office.scene.organisation);
    // Two copies of one message, each with content of its own, as after a way through the queue.
    let trace = "Return-Path: <a@files.test>\r\nReceived: from files.test\r\n";
    let uid = office.deliver_with(1, li, LETTER, trace).await;
    move_to(&office, li, uid, SpecialUse::Archive).await;
    office.deliver(1, wang, LETTER).await;
    // What its owner has thrown away stays thrown away.
    let uid = office.deliver(2, wang, LETTER).await;
    move_to(&office, wang, uid, SpecialUse::Trash).await;
    office.deliver(4, wang, fixture::HONEST).await;
    assert_eq!(learn(&office, &[DIGEST]).await, 2);
    assert_eq!(waiting(&office, 1).await, ["li@trade.test", "wang@trade.test"]);
    assert_eq!(waiting(&office, 2).await, [""; 0]);
    assert_eq!((count(&office, li, SpecialUse::Archive).await, count(&office, wang, SpecialUse::Trash).await), (0, 1));
    assert_eq!((office.count(wang, false).await, office.count(wang, true).await), (1, 0), "the honest one stays");
    let letters = office.scene.letters().await;
    assert_eq!(letters.len(), 2, "both are told: {letters:?}");
    assert!(
        letters.iter().any(|it| it.contains("wait in quarantine")) && letters.iter().any(|it| it.contains("隔离区"))
    );
    let pulled = office.scene.store.read(move |tx| pull::list(tx, organisation)).await.unwrap();
    assert!(pulled.len() == 2 && pulled.iter().all(|it| it.is_held && !it.is_returned), "{pulled:?}");
    // It is read, and released, as whatever waits there.
    let source = office.scene.store.read(move |tx| quarantine::source(tx, 1, li)).await.unwrap();
    let content = String::from_utf8(source.read(office.scene.store.blobs()).unwrap()).unwrap();
    assert_eq!(content, format!("Received: from files.test\r\n{LETTER}"));
    office.scene.check().await;
    assert_eq!(learn(&office, &[DIGEST]).await, 2, "and again nothing comes of it");
    assert_eq!(waiting(&office, 1).await.len(), 2);
    office.scene.check().await;
}

async fn what_is_brought_back_stays(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang, organisation) = (office.scene.li, office.scene.wang, office.scene.organisation);
    office.deliver(1, li, LETTER).await;
    office.deliver(1, wang, LETTER).await;
    learn(&office, &[DIGEST]).await;
    let expires = office.scene.now().plus(Duration::from_secs(3600));
    let release = move |tx: &mut Tx<'_>| quarantine::release(tx, 1, Whose::Account(li), expires);
    assert_eq!(office.scene.store.write(release).await.unwrap(), 1);
    assert_eq!(office.scene.store.write(|tx| pull::undo(tx, 1, None)).await.unwrap(), 1, "the other copy");
    assert!(office.scene.store.write(|tx| pull::undo(tx, 1, None)).await.is_err());
    let pulled = office.scene.store.read(move |tx| pull::list(tx, organisation)).await.unwrap();
    assert!(pulled.len() == 2 && pulled.iter().all(|it| it.is_returned), "{pulled:?}");
    let queued =
        office.scene.store.read(|tx| queue::list(tx, &queue::Filter { limit: 10, ..queue::Filter::default() }));
    let queued = queued.await.unwrap();
    let back: Vec<_> = queued.iter().filter(|it| it.envelope.judged == Some(1)).collect();
    assert!(back.len() == 2 && back.iter().all(|it| it.envelope.stays && !it.envelope.junk), "{queued:?}");
    // The queue brings it under a number of its own in the mailbox.
    office.deliver(1, wang, LETTER).await;
    learn(&office, &[DIGEST]).await;
    assert_eq!(office.count(wang, false).await, 1, "what came back is never pulled again");
    office.scene.check().await;
}

/// What is not junk by itself, whatever it links to.
const ASKED_FOR: &str = "Dear Mr Wang,\r\n\r\nthank you for your inquiry of Monday about forty ball valves DN 50. Our price list is \
    attached, the drawings are at http://umbrellas-1.test/ for you. Delivery takes five weeks after your order.\r\n\r\n\
    Best regards,\r\nAnna Berg\r\n";

async fn what_went_to_junk_may_go_further(store: TestStore) {
    let office = Office::new(store).await;
    let wang = office.scene.wang;
    let letter = LETTER.replace("Our price list.", ASKED_FOR);
    office.deliver(1, wang, &letter).await;
    assert_eq!(learn(&office, &["umbrellas-1.test"]).await, 1);
    assert_eq!((office.count(wang, true).await, waiting(&office, 1).await.len()), (1, 0));
    assert_eq!(learn(&office, &[DIGEST]).await, 1);
    assert_eq!((office.count(wang, true).await, waiting(&office, 1).await.len()), (0, 1));
    office.scene.check().await;
}
