//! What people report, what follows from it, and what people here send, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use filter::{Action, Judge};
use identity::AccountState;
use intel::feeds::Feed;
use intel::{EntrySet, Feeds, classify};
use judgement::feedback::{self, Marking, Said};
use judgement::outbound::{self, Outgoing, Sent, Stops};
use judgement::{Judging, pull, quarantine};
use mailbox::{FlagChange, Flags, Name, SpecialUse, UidRange};
use store::Tx;
use store::testing::TestStore;

use fixture::evil;
use fixture::office::Office;

store::on_both_engines! {
    one_person_speaks_for_himself,
    two_people_speak_for_all_and_what_was_delivered_is_pulled_back,
    a_move_is_a_report,
    a_keyword_is_a_report_once,
    what_is_pulled_wrongly_goes_back_and_stays,
    a_link_that_all_use_is_not_voted_on,
    what_a_feed_learns_later_is_pulled_back,
    bad_content_is_stopped_and_strange_sending_besides_freezes,
    a_first_large_mailing_is_stopped_and_told,
}

/// A letter of a template that nothing is wrong with to the filter.
fn offer(number: u32, sender: &str, name: &str) -> String {
    format!(
        "From: Sales <{sender}>\r\nTo: li@trade.test\r\nSubject: Catalogue of umbrellas\r\nMessage-ID: <{number}@offers.test>\r\n\r\n\
         Dear {name},\r\n\r\nour factory makes umbrellas of every size and colour for hotels and shops, and we send you our newest catalogue \
         with pleasure. Please look at the page http://umbrellas-{number}.test/ where all models are shown with their prices. We print \
         your company's sign on each of them without further cost if you take two hundred pieces or more.\r\n\r\nWith best wishes\r\nThe sales team\r\n"
    )
}

async fn one_person_speaks_for_himself(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang) = (office.scene.li, office.scene.wang);
    office.deliver(1, li, &offer(1, "one@offers.test", "Mr Li")).await;
    office.report(1, li, Said::Junk).await;
    let next = office.judge(2, &offer(2, "two@offers.test", "Ms Wang")).await;
    assert!(next.action < Action::Junk, "nothing changes for all: {:?}", next.verdict);
    assert_eq!(next.personal.get(&li), Some(&true), "for himself it goes to Junk");
    assert_eq!(next.personal.get(&wang), None);
    office.report(1, li, Said::Honest).await;
    let next = office.judge(3, &offer(3, "three@offers.test", "Ms Wang")).await;
    assert_eq!(next.personal.get(&li), None, "the last word counts, and honest is only who is proven to be himself");
    office.scene.check().await;
}

async fn two_people_speak_for_all_and_what_was_delivered_is_pulled_back(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang) = (office.scene.li, office.scene.wang);
    office.deliver(1, li, &offer(1, "one@offers.test", "Mr Li")).await;
    office.deliver(2, wang, &offer(2, "two@offers.test", "Ms Wang")).await;
    office.deliver(3, wang, &offer(3, "three@offers.test", "Colleague")).await;
    office.deliver(4, wang, fixture::HONEST).await;
    office.report(1, li, Said::Junk).await;
    assert_eq!((office.count(wang, false).await, office.count(wang, true).await), (3, 0));
    office.report(2, wang, Said::Junk).await;
    let next = office.judge(5, &offer(5, "five@offers.test", "Boss")).await;
    assert!(next.verdict.findings.iter().any(|it| it.id == "reported-template"), "{:?}", next.verdict);
    assert!(next.action >= Action::Junk, "{:?}", next.verdict);
    assert_eq!((office.count(wang, false).await, office.count(wang, true).await), (1, 2), "the honest one stays");
    assert_eq!(office.count(li, true).await, 1);
    let letters = office.scene.letters().await;
    assert_eq!(letters.len(), 2, "both are told: {letters:?}");
    assert!(
        letters.iter().any(|it| it.contains("moved to Junk")) && letters.iter().any(|it| it.contains("移入垃圾邮件"))
    );
    assert_eq!(office.judge(6, fixture::HONEST).await.action, Action::Deliver);
    office.scene.check().await;
}

async fn a_move_is_a_report(store: TestStore) {
    let office = Office::new(store).await;
    let li = office.scene.li;
    let uid = office.deliver(1, li, &offer(1, "one@offers.test", "Mr Li")).await;
    let work = move |tx: &mut Tx<'_>| {
        let inbox = mailbox::mailboxes::find(tx, li, &Name::inbox())?.unwrap().id;
        let junk = mailbox::mailboxes::with_use(tx, li, SpecialUse::Junk)?.unwrap();
        let outcome = mailbox::move_messages(tx, li, inbox, &[UidRange::one(uid)], junk)?;
        feedback::note_move(tx, li, inbox, junk, &outcome)?;
        Ok::<_, mailbox::MailboxError>(())
    };
    office.scene.store.write(work).await.unwrap();
    assert_eq!(office.learner.run().await.unwrap(), 1);
    let next = office.judge(2, &offer(2, "one@offers.test", "Mr Li")).await;
    assert_eq!(next.personal.get(&li), Some(&true));
}

async fn a_keyword_is_a_report_once(store: TestStore) {
    let office = Office::new(store).await;
    let li = office.scene.li;
    let uid = office.deliver(1, li, &offer(1, "one@offers.test", "Mr Li")).await;
    let set = async |names: &'static [&'static str], change: fn(Flags) -> FlagChange| {
        let work = move |tx: &mut Tx<'_>| {
            let inbox = mailbox::mailboxes::find(tx, li, &Name::inbox())?.unwrap().id;
            let flags = Flags { keywords: mailbox::keywords::intern(tx, li, names)?, ..Flags::NONE };
            let marking = Marking::of(tx, li, inbox, names, &[UidRange::one(uid)])?;
            let outcome = mailbox::store_flags(tx, li, inbox, &[UidRange::one(uid)], change(flags), None)?;
            if let Some(marking) = marking {
                marking.note(tx, li, inbox, outcome.changed.iter().map(|changed| changed.uid))?;
            }
            Ok::<_, mailbox::MailboxError>(())
        };
        office.scene.store.write(work).await.unwrap();
        office.learner.run().await.unwrap()
    };
    assert_eq!(set(&["$Junk", "$NotJunk"], FlagChange::Add).await, 0, "both say nothing");
    assert_eq!(set(&[], FlagChange::Set).await, 0);
    assert_eq!(set(&["$junk"], FlagChange::Add).await, 1);
    assert_eq!(set(&["$Junk", "Other"], FlagChange::Set).await, 0, "it had the keyword before");
    let next = office.judge(2, &offer(2, "one@offers.test", "Mr Li")).await;
    assert_eq!(next.personal.get(&li), Some(&true));
    assert_eq!(set(&["$NotJunk"], FlagChange::Set).await, 1);
    let next = office.judge(3, &offer(3, "one@offers.test", "Mr Li")).await;
    assert_eq!(next.personal.get(&li), None);
}

async fn what_is_pulled_wrongly_goes_back_and_stays(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang) = (office.scene.li, office.scene.wang);
    office.deliver(1, li, &offer(1, "one@offers.test", "Mr Li")).await;
    office.deliver(2, wang, &offer(2, "two@offers.test", "Ms Wang")).await;
    office.report(1, li, Said::Junk).await;
    office.report(2, wang, Said::Junk).await;
    assert_eq!(office.count(wang, true).await, 1);
    assert_eq!(office.scene.store.write(|tx| pull::undo(tx, 2, None)).await.unwrap(), 1);
    assert_eq!(office.count(wang, false).await, 1);
    assert!(office.scene.store.write(|tx| pull::undo(tx, 2, None)).await.is_err());
    office.report(1, wang, Said::Junk).await;
    assert_eq!(office.count(wang, false).await, 1, "what came back is never pulled again");
    let organisation = office.scene.organisation;
    let pulled = office.scene.store.read(move |tx| pull::list(tx, organisation)).await.unwrap();
    assert_eq!(pulled.iter().filter(|it| it.is_returned).count(), 1);
    office.scene.check().await;
}

async fn a_link_that_all_use_is_not_voted_on(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang) = (office.scene.li, office.scene.wang);
    let letter = |number: u32| {
        format!(
            "From: Partner {number} <p{number}@partner{number}.test>\r\nSubject: Order {number}\r\nMessage-ID: <{number}@partner.test>\r\n\r\n\
             The drawing is at https://files.common.test/{number}.\r\n"
        )
    };
    for number in 1..=12 {
        office.deliver(i64::from(number), li, &letter(number)).await;
    }
    office.report(1, li, Said::Junk).await;
    office.report(2, wang, Said::Junk).await;
    let next = office.judge(20, &letter(20)).await;
    assert!(next.verdict.findings.iter().all(|it| it.id != "reported-link"), "{:?}", next.verdict);
}

async fn what_a_feed_learns_later_is_pulled_back(store: TestStore) {
    let office = Office::new(store).await;
    let wang = office.scene.wang;
    office.deliver(1, wang, &offer(1, "one@offers.test", "Ms Wang")).await;
    office.deliver(2, wang, fixture::HONEST).await;
    let file = "From: a@files.test\r\nMessage-ID: <3@files.test>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\n\r\nOur price list.\r\n--x\r\nContent-Type: application/octet-stream\r\n\
        Content-Disposition: attachment; filename=list.bin\r\n\r\nhello\r\n--x--\r\n";
    office.deliver(3, wang, file).await;
    let feed = |words: &[&str]| {
        let mut set = EntrySet::new(7);
        words.iter().for_each(|word| set.add(&classify(word).unwrap(), false));
        set.seal();
        vec![Feed { name: "own".to_owned(), set }]
    };
    let feeds = Feeds::default();
    let learn = async |words: &[&str]| {
        let next = feed(words);
        let news = Arc::new(feeds.news(&next));
        feeds.set(next);
        office.learner.pull_listed(news).await.unwrap()
    };
    assert_eq!(learn(&["elsewhere.test"]).await, 0);
    assert_eq!(learn(&["elsewhere.test", "umbrellas-1.test", "a@unheard.test"]).await, 1);
    assert_eq!((office.count(wang, false).await, office.count(wang, true).await), (2, 1));
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(learn(&["elsewhere.test", "umbrellas-1.test", digest]).await, 1);
    assert_eq!((office.count(wang, false).await, office.count(wang, true).await), (1, 1), "the honest one stays");
    assert!(office.scene.store.read(|tx| quarantine::load(tx, 3)).await.is_ok(), "a known file is kept back");
    assert_eq!(office.scene.letters().await.len(), 2);

    // What came back once stays, even if a node starts anew and all is news.
    assert_eq!(office.scene.store.write(|tx| pull::undo(tx, 1, None)).await.unwrap(), 1);
    let anew = Arc::new(Feeds::default().news(&feed(&["umbrellas-1.test"])));
    office.learner.pull_listed(anew).await.unwrap();
    assert_eq!(office.count(wang, false).await, 2);
    office.scene.store.clock.advance(Duration::from_secs(49 * 3600));
    assert_eq!(learn(&["trade.test", "partner.test"]).await, 0, "too long ago");
    office.scene.check().await;
}

impl Office {
    async fn send(&self, judging: &Judging, id: i64, raw: &str, recipients: std::ops::Range<u32>) -> Sent {
        let outgoing = Outgoing {
            id,
            raw: Arc::new(raw.as_bytes().to_vec()),
            inspected: None,
            account: self.scene.li,
            organisation: self.scene.organisation,
            envelope_from: "li@trade.test".to_owned(),
            recipients: recipients.map(|number| format!("p{number}@elsewhere.test")).collect(),
        };
        let sent = judging.outgoing(outgoing).await.unwrap();
        let kept = sent.clone();
        self.scene.store.write(move |tx| outbound::keep(tx, &kept)).await.unwrap();
        sent
    }

    async fn state(&self) -> AccountState {
        let li = self.scene.li;
        self.scene.store.read(move |tx| identity::load_account(tx, li)).await.unwrap().state
    }
}

const BAD: &str = "From: li@trade.test\r\nSubject: Your mailbox will be closed\r\nContent-Type: text/html\r\n\r\n\
    <p>Your account will be suspended. Verify your password within 24 hours.</p>\
    <form action=\"http://192.0.2.7/x\"><input type=password></form><a href=\"http://192.0.2.7/x\">https://www.example.com/</a>\r\n";

async fn bad_content_is_stopped_and_strange_sending_besides_freezes(store: TestStore) {
    let office = Office::new(store).await;
    let mut settings = office.scene.settings();
    settings.sent_fresh_per_hour = 20;
    let judging = office.scene.judging_by(settings, vec![evil()]);
    assert!(!office.send(&judging, 1, fixture::HONEST, 0..5).await.is_stopped(), "layers ask about strangers alone");
    assert!(office.send(&judging, 2, BAD, 0..5).await.is_stopped());
    assert_eq!(office.state().await, AccountState::Active);
    assert!(office.send(&judging, 3, BAD, 100..140).await.is_stopped());
    assert_eq!(office.state().await, AccountState::Frozen);
    let judged = office.scene.store.read(|tx| judgement::load(tx, 3)).await.unwrap();
    assert!(judged.detail.verdict.findings.iter().any(|it| it.id == "sends-unusually"));
    office.scene.check().await;
}

async fn a_first_large_mailing_is_stopped_and_told(store: TestStore) {
    let office = Office::new(store).await;
    let mut settings = office.scene.settings();
    settings.sent_fresh_per_hour = 20;
    let judging = office.scene.judging_by(settings, Vec::new());
    assert!(!office.send(&judging, 1, fixture::HONEST, 0..15).await.is_stopped());
    assert!(office.send(&judging, 2, fixture::HONEST, 15..30).await.is_stopped(), "30 new ones within the hour");
    office.scene.store.clock.advance(Duration::from_secs(3 * 3600));
    assert!(!office.send(&judging, 3, fixture::HONEST, 0..30).await.is_stopped(), "they are known by now");
    let (store, mailer) = (office.scene.store.handle(), office.scene.mailer());
    let stops = Stops { store, mailer, judge: Arc::new(Judge::shipped().unwrap()) };
    assert_eq!(stops.post().await.unwrap(), 1);
    assert_eq!(stops.post().await.unwrap(), 0);
    let letters = office.scene.letters().await;
    assert_eq!(letters.len(), 2, "the sender and the administrator: {letters:?}");
    office.scene.check().await;
}
