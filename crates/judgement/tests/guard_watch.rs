//! What the trade guard does beside the way of messages: it learns from mailboxes, lists look-alikes of our domains, and looks for
//! accounts in strange hands. On both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;

use filter::Judge;
use guard::cases::{self, CaseState, Outcome};
use guard::history::Learning;
use guard::{Guard, GuardError, alikes, partners, searches};
use identity::Level;
use identity::forward::NewForward;
use identity::rule_events::{self, Hiding};
use judgement::alikes::AlikeLetters;
use judgement::cases::CaseLetters;
use judgement::history::{History, begin};
use judgement::{Arrival, JudgementError, takeover};
use mailbox::{Delivered, Delivery, Flags, Prepared, SpecialUse, Target};
use store::Tx;
use store::testing::TestStore;

use fixture::Scene;

store::on_both_engines! {
    what_lies_in_mailboxes_is_learned_once,
    what_two_take_up_at_once_is_learned_once,
    our_look_alikes_are_listed_and_told_once,
    an_account_in_strange_hands_has_one_case,
}

const THEIRS: &str = "DE89 3704 0044 0532 0130 00";

struct Office {
    scene: Scene,
    history: History,
}

impl Office {
    async fn new(store: TestStore) -> Self {
        let scene = Scene::new(store).await;
        let (li, wang) = (scene.li, scene.wang);
        let make = move |tx: &mut Tx<'_>| {
            mailbox::mailboxes::create_defaults(tx, li)?;
            mailbox::mailboxes::create_defaults(tx, wang)
        };
        scene.store.write(make).await.unwrap();
        let history = History { store: scene.store.handle(), guard: Guard::new(scene.store.handle()), pool: None };
        Self { scene, history }
    }

    /// Puts a message into a mailbox, with `trace` before it.
    async fn lay(&self, account: i64, target: Target, trace: &'static str, raw: &str) {
        let mut prepared = Prepared::new(raw.as_bytes(), self.scene.store.context());
        let blob = self.scene.store.stage(prepared.take_record()).await.unwrap();
        let received = self.scene.now();
        let work = move |tx: &mut Tx<'_>| {
            blob.attach(tx, 1)?;
            let delivery = Delivery {
                target,
                prepared: &prepared,
                blob: blob.id(),
                trace: trace.as_bytes(),
                flags: Flags::NONE,
                received,
                dedupe: None,
            };
            let Delivered::Stored(_) = mailbox::deliver(tx, account, &delivery)? else { panic!("stored before") };
            Ok::<_, mailbox::MailboxError>(())
        };
        self.scene.store.write(work).await.unwrap();
    }

    async fn begin(&self, account: i64) {
        let organisation = self.scene.organisation;
        let work = move |tx: &mut Tx<'_>| begin(tx, organisation, Some(account));
        assert_eq!(self.scene.store.write(work).await.unwrap(), 1);
    }

    /// Learns until nothing waits; gives from how many messages.
    async fn learn(&self) -> u64 {
        let mut learned = 0;
        while let Some(count) = self.history.step().await.unwrap() {
            learned += count;
        }
        learned
    }

    async fn learning(&self) -> Vec<Learning> {
        let organisation = self.scene.organisation;
        self.scene.store.read(move |tx| guard::history::list(tx, organisation)).await.unwrap()
    }

    async fn partner(&self, name: &'static str) -> Result<partners::Listed, GuardError> {
        let organisation = self.scene.organisation;
        self.scene.store.read(move |tx| partners::load(tx, organisation, name)).await
    }
}

fn message(id: &str, from: &str, to: &str, text: &str) -> String {
    // What came by a server says so; what somebody sent does not.
    let received = if from.contains("trade.test") {
        ""
    } else {
        "Received: from a ([192.0.2.9]) by old.test; Mon, 2 Mar 2026 10:00:00 +0000\r\n"
    };
    format!(
        "{received}From: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMessage-ID: <{id}>\r\n\r\n{text}\r\n"
    )
}

const JAN: &str = "Jan Berg <jan@acme-valves.test>";
const LI: &str = "Li <li@trade.test>";

fn invoice(id: &str) -> String {
    message(id, JAN, LI, &format!("Invoice 17.\r\nBeneficiary: Acme Valves GmbH\r\nIBAN: {THEIRS}"))
}

async fn what_lies_in_mailboxes_is_learned_once(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang) = (office.scene.li, office.scene.wang);
    office.lay(li, Target::SpecialUse(SpecialUse::Sent), "", &message("1@trade.test", LI, JAN, "Please quote.")).await;
    office.lay(li, Target::Inbox, "", &invoice("2@acme-valves.test")).await;
    // A copy of the same in another mailbox, one without an identifier twice, and one that was delivered here without a doubt.
    office.lay(wang, Target::Inbox, "", &invoice("2@acme-valves.test")).await;
    let unnamed = message("x", JAN, LI, "A short question.").replace("Message-ID: <x>\r\n", "");
    office.lay(li, Target::Inbox, "", &unnamed).await;
    office.lay(wang, Target::Inbox, "", &unnamed).await;
    let fine = "X-Tradewind-Verdict: deliver; spam=0.001\r\n";
    office.lay(li, Target::Inbox, fine, &message("3@acme-valves.test", JAN, LI, "Thank you.")).await;
    // What teaches nothing: doubted, junk, a draft, and what says to be ours and came from outside.
    let doubted = "X-Tradewind-Verdict: warn; spam=0.001\r\n";
    office.lay(li, Target::Inbox, doubted, &message("4@thief.test", "T <t@thief.test>", LI, "Hello.")).await;
    office
        .lay(li, Target::SpecialUse(SpecialUse::Junk), "", &message("5@junk.test", "J <j@junk.test>", LI, "Hello."))
        .await;
    office
        .lay(li, Target::SpecialUse(SpecialUse::Drafts), "", &message("6@trade.test", LI, "D <d@draft.test>", "x"))
        .await;
    let forged = format!(
        "Received: from b ([192.0.2.8]) by old.test; Mon, 2 Mar 2026 10:00:00 +0000\r\n{}",
        message("7@trade.test", LI, "F <f@forged.test>", "x")
    );
    office.lay(li, Target::Inbox, "", &forged).await;

    office.begin(li).await;
    office.begin(wang).await;
    assert_eq!(office.learn().await, 4);
    let acme = office.partner("acme-valves.test").await.unwrap().partner;
    assert_eq!((acme.contact.received, acme.contact.sent), (3, 1));
    assert_eq!(acme.details.len(), 1);
    assert_eq!((acme.details[0].detail.value.as_str(), acme.details[0].messages), ("DE89370400440532013000", 1));
    for nobody in ["thief.test", "junk.test", "draft.test", "forged.test"] {
        assert!(matches!(office.partner(nobody).await, Err(GuardError::NoPartner(_))), "{nobody}");
    }
    let all = office.learning().await;
    assert!(all.iter().all(|one| one.is_done), "{all:?}");
    assert_eq!(all.iter().map(|one| one.learned + one.passed).sum::<i64>(), 10, "{all:?}");

    // Again counts nothing twice, and goes on behind what it has read.
    office.begin(li).await;
    assert_eq!(office.learn().await, 0);
    office.lay(li, Target::Inbox, "", &invoice("8@acme-valves.test")).await;
    assert_eq!(office.learn().await, 0, "nobody asked");
    office.begin(li).await;
    assert_eq!(office.learn().await, 1);
    assert_eq!(office.partner("acme-valves.test").await.unwrap().partner.contact.received, 4);
    office.scene.check().await;
}

async fn what_two_take_up_at_once_is_learned_once(store: TestStore) {
    let office = Office::new(store).await;
    let li = office.scene.li;
    for number in 0..100 {
        office.lay(li, Target::Inbox, "", &invoice(&format!("{number}@acme-valves.test"))).await;
    }
    office.begin(li).await;
    let other =
        History { store: office.scene.store.handle(), guard: Guard::new(office.scene.store.handle()), pool: None };
    // One of two loses, at the same page, and stands where the other came to.
    for _ in 0..20 {
        let (one, two) = tokio::join!(office.history.step(), other.step());
        for lost in [one, two].into_iter().filter_map(Result::err) {
            assert!(judgement::history::is_conflict(&lost), "{lost}");
        }
    }
    assert_eq!(office.partner("acme-valves.test").await.unwrap().partner.contact.received, 100);
    let all = office.learning().await;
    assert_eq!((all[0].learned, all[0].passed, all[0].is_done), (100, 0, true));
}

async fn our_look_alikes_are_listed_and_told_once(store: TestStore) {
    let office = Office::new(store).await;
    let organisation = office.scene.organisation;
    let domain = move |tx: &mut Tx<'_>| identity::create_domain(tx, organisation, "xinfeng-trade.test").map(drop);
    office.scene.store.write(domain).await.unwrap();
    let judging = office.scene.judging(Vec::new());
    for (number, from) in [(1, "a@xlnfeng-trade.test"), (2, "b@xlnfeng-trade.test"), (3, "c@partner.test")] {
        let raw = message(&format!("{number}@x.test"), from, LI, "A short question.");
        let arrival = Arrival { level: Level::Trade, ..office.scene.arrival(number, &raw) };
        let kept = judging.incoming(arrival).await.unwrap().kept;
        office.scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    }
    let listed = office.scene.store.read(move |tx| alikes::list(tx, organisation, 10)).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].alike.domain.as_str(), listed[0].messages), ("xlnfeng-trade.test", 2));
    assert_eq!(listed[0].alike.own, "xinfeng-trade.test");
    let letters = AlikeLetters { store: office.scene.store.handle(), mailer: office.scene.mailer() };
    assert_eq!(letters.post().await.unwrap(), 1);
    assert_eq!(letters.post().await.unwrap(), 0);
    let told = office.scene.letters().await;
    assert!(told.iter().any(|text| text.contains("xlnfeng-trade[.]test")), "{told:?}");
    office.scene.check().await;
}

async fn an_account_in_strange_hands_has_one_case(store: TestStore) {
    let office = Office::new(store).await;
    let (organisation, li) = (office.scene.organisation, office.scene.li);
    let forward = move |tx: &mut Tx<'_>| {
        let new = NewForward { target: "box@far.test".to_owned(), keeps_copy: true, expires: None };
        identity::forward::add(tx, "li@trade.test", li, &new).map(drop)
    };
    let search = move |tx: &mut Tx<'_>| searches::note(tx, li);
    let round = || takeover::round(&office.scene.store);
    office.scene.store.write(forward).await.unwrap();
    assert_eq!(round().await.unwrap(), 0, "people forward");
    for _ in 0..4 {
        office.scene.store.write(search).await.unwrap();
    }
    assert_eq!(round().await.unwrap(), 0, "bookkeepers search");
    office.scene.store.write(search).await.unwrap();
    assert_eq!(round().await.unwrap(), 1);
    assert_eq!(round().await.unwrap(), 0, "it is told once");
    let open = office.scene.store.read(move |tx| cases::list(tx, organisation, false, 10)).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].direction.as_str(), open[0].detail.from.as_str()), (cases::ACCOUNT, "li@trade.test"));
    let evidence = &open[0].detail.findings[0].evidence;
    assert!(evidence.contains("box@far.test") && evidence.contains('?'), "{evidence}");
    let letters = CaseLetters {
        store: office.scene.store.handle(),
        mailer: office.scene.mailer(),
        judge: Arc::new(Judge::shipped().unwrap()),
    };
    assert_eq!(letters.post().await.unwrap(), 1);
    let told = office.scene.raw_letters().await;
    for reader in ["li@trade.test", "admin@trade.test"] {
        assert!(told.iter().any(|text| text.contains(&format!("To: <{reader}>")) || text.contains(reader)), "{reader}");
    }
    assert_eq!(told.len(), 2);

    // A rule that hides what a stranger or a partner writes is news, too.
    let hide = move |tx: &mut Tx<'_>| {
        let into = Hiding::Files { into: "Archive".to_owned() };
        rule_events::note(tx, li, into, vec!["@partner.test".to_owned(), "invoice".to_owned()])
    };
    office.scene.store.write(hide).await.unwrap();
    assert_eq!(round().await.unwrap(), 1);
    let open = office.scene.store.read(move |tx| cases::list(tx, organisation, false, 10)).await.unwrap();
    assert!(open.iter().any(|case| case.detail.findings[0].evidence.contains("Archive")), "{open:?}");

    // Something else on top is news.
    let stop = move |tx: &mut Tx<'_>| {
        tx.execute(
            "INSERT INTO sent_stop (id, organisation, account, at, frozen, told, detail) VALUES ($1, $2, $3, $4, 0, 1, $5)",
            store::params![tx.next_id(), organisation, li, tx.now().millis(), b"x".as_slice()],
        )?;
        Ok::<_, store::StoreError>(())
    };
    office.scene.store.write(stop).await.unwrap();
    assert_eq!(round().await.unwrap(), 1);
    let id = open[0].id;
    let close = move |tx: &mut Tx<'_>| judgement::cases::close(tx, id, 5, Outcome::Fraud, "it was not her");
    office.scene.store.write(close).await.unwrap();
    let case = office.scene.store.read(move |tx| cases::load(tx, id)).await.unwrap();
    assert_eq!(case.state, CaseState::Fraud);

    // Nothing stays of an account that is gone.
    office.scene.store.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    let left = office.scene.store.read(move |tx| cases::list(tx, organisation, true, 10)).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    let begun: Result<u64, JudgementError> = office.scene.store.write(move |tx| begin(tx, organisation, None)).await;
    assert_eq!(begun.unwrap(), 2);
    office.learn().await;
    office.scene.check().await;
}
