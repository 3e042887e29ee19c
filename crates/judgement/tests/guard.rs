//! The trade guard on the way in and out: what is learned, held, decided, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;

use filter::{Action, Judge};
use guard::cases::{self, CaseState, Closed, Outcome};
use guard::{Guard, GuardError, partners};
use identity::Level;
use judgement::cases::CaseLetters;
use judgement::outbound::Outgoing;
use judgement::{Arrival, JudgementError, Judging, Opinion};
use store::Tx;
use store::testing::TestStore;

use fixture::Scene;

store::on_both_engines! {
    another_account_is_held_and_finance_decides,
    what_is_fraud_is_known_again,
    our_own_invoice_is_watched,
    partners_are_put_together_and_taken_apart,
    what_two_learn_at_once_is_not_lost,
}

const THEIRS: &str = "DE89 3704 0044 0532 0130 00";
const THIEFS: &str = "LT12 1000 0111 0100 1000";
const OURS: &str = "GB29 NWBK 6016 1331 9268 19";

struct Trade {
    scene: Scene,
    judging: Judging,
    guard: Guard,
}

fn message(id: &str, answers: &str, from: &str, to: &str, text: &str) -> String {
    let references = if answers.is_empty() { String::new() } else { format!("References: <{answers}>\r\n") };
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{id}>\r\n{references}\r\n{text}\r\n"
    )
}

impl Trade {
    async fn new(store: TestStore) -> Self {
        let scene = Scene::new(store).await;
        let organisation = scene.organisation;
        let level = move |tx: &mut Tx<'_>| identity::set_level(tx, organisation, Level::Trade);
        scene.store.write(level).await.unwrap();
        let judging = scene.judging(Vec::new());
        let guard = Guard::new(scene.store.handle());
        Self { scene, judging, guard }
    }

    async fn receive(&self, number: i64, raw: &str) -> Opinion {
        let arrival = Arrival { level: Level::Trade, ..self.scene.arrival(number, raw) };
        let opinion = self.judging.incoming(arrival).await.unwrap();
        let kept = opinion.kept.clone();
        self.scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
        self.guard.study().await.unwrap();
        opinion
    }

    async fn send(&self, number: i64, raw: &str, to: &str) -> bool {
        let outgoing = Outgoing {
            id: number,
            raw: Arc::new(raw.as_bytes().to_vec()),
            inspected: None,
            account: self.scene.li,
            organisation: self.scene.organisation,
            envelope_from: "li@trade.test".to_owned(),
            recipients: vec![to.to_owned()],
        };
        let sent = self.judging.outgoing(outgoing).await.unwrap();
        let is_stopped = sent.is_stopped();
        self.scene.store.write(move |tx| judgement::outbound::keep(tx, &sent)).await.unwrap();
        self.guard.study().await.unwrap();
        is_stopped
    }

    /// A running deal with a partner whose account is on file.
    async fn with_history(store: TestStore) -> Self {
        let trade = Self::new(store).await;
        let (jan, li) = ("Jan Berg <jan@acme-valves.test>", "Li <li@trade.test>");
        assert!(
            !trade
                .send(1, &message("1@trade.test", "", li, jan, "Please quote for 200 valves."), "jan@acme-valves.test")
                .await
        );
        let quote = format!(
            "Our price is EUR 12,400.00.\r\nBeneficiary: Acme Valves GmbH\r\nIBAN: {THEIRS}\r\n\r\nJan Berg\r\nTel. +49 30 5550 1234"
        );
        let quoted = trade.receive(2, &message("2@acme-valves.test", "1@trade.test", jan, li, &quote)).await;
        assert_eq!(quoted.action, Action::Deliver, "{:?}", quoted.verdict);
        assert!(
            !trade
                .send(
                    3,
                    &message("3@trade.test", "2@acme-valves.test", li, jan, "Ordered, thank you."),
                    "jan@acme-valves.test"
                )
                .await
        );
        trade
    }

    async fn case(&self, id: i64) -> cases::Case {
        self.scene.store.read(move |tx| cases::load(tx, id)).await.unwrap()
    }

    async fn close(&self, id: i64, by: i64, outcome: Outcome) -> Result<Closed, JudgementError> {
        self.scene.store.write(move |tx| judgement::cases::close(tx, id, by, outcome, "as I know")).await
    }

    async fn note(&self, id: i64, what: &'static str, note: &'static str) -> Result<(), GuardError> {
        self.scene.store.write(move |tx| cases::note(tx, id, 5, what, note)).await
    }
}

fn changed(id: &str) -> String {
    let text = format!("Here is our invoice.\r\nBeneficiary: Acme Valves GmbH\r\nIBAN: {THIEFS}");
    message(id, "3@trade.test", "Jan Berg <jan@acme-valves.test>", "li@trade.test", &text)
}

async fn another_account_is_held_and_finance_decides(store: TestStore) {
    let trade = Trade::with_history(store).await;
    let held = trade.receive(10, &changed("10@acme-valves.test")).await;
    assert_eq!(held.action, Action::Hold, "{:?}", held.verdict);
    assert!(held.fields.contains("payment-changed"), "{}", held.fields);
    let case = trade.case(10).await;
    assert_eq!((case.state, case.detail.partner.as_str()), (CaseState::Open, "acme-valves.test"));
    assert_eq!(case.detail.asked[0].detail.value, THIEFS.replace(' ', ""));
    assert_eq!(case.detail.on_file[0].detail.value, THEIRS.replace(' ', ""));
    assert_eq!(case.detail.phones, ["+493055501234"]);

    let letters = CaseLetters {
        store: trade.scene.store.handle(),
        mailer: trade.scene.mailer(),
        judge: Arc::new(Judge::shipped().unwrap()),
    };
    assert_eq!(letters.post().await.unwrap(), 1);
    assert_eq!(letters.post().await.unwrap(), 0);
    let told = trade.scene.letters().await;
    assert!(
        told.iter().any(|text| text.contains(THIEFS) && text.contains(THEIRS) && text.contains("+493055501234")),
        "{told:?}"
    );

    // A thief's own number is no proof.
    assert!(matches!(trade.note(10, "phoned", "+370 5 555 0000 yes").await, Err(GuardError::Phone(_))));
    trade.note(10, "phoned", "+493055501234 Jan says yes").await.unwrap();
    assert_eq!(trade.close(10, 5, Outcome::Honest).await.unwrap(), Closed::Proposed);
    assert!(matches!(
        trade.close(10, 5, Outcome::Honest).await,
        Err(JudgementError::Guard(GuardError::SamePerson(10)))
    ));
    assert_eq!(trade.close(10, 6, Outcome::Honest).await.unwrap(), Closed::Done(Outcome::Honest));
    assert!(matches!(trade.close(10, 6, Outcome::Fraud).await, Err(JudgementError::Guard(GuardError::Closed(10)))));

    // From now on both accounts are on file, the new one confirmed.
    let again = trade.receive(11, &changed("11@acme-valves.test")).await;
    assert!(again.action < Action::Junk && again.verdict.probability_fraud < 0.5, "{:?}", again.verdict);
    let organisation = trade.scene.organisation;
    let partner = trade.scene.store.read(move |tx| partners::load(tx, organisation, "acme-valves.test")).await.unwrap();
    assert_eq!(partner.partner.details.len(), 2);
    assert_eq!(partner.changes.last().unwrap().state, guard::knowledge::State::Confirmed);
    trade.scene.check().await;
}

async fn what_is_fraud_is_known_again(store: TestStore) {
    let trade = Trade::with_history(store).await;
    trade.receive(10, &changed("10@acme-valves.test")).await;
    assert_eq!(trade.close(10, 5, Outcome::Fraud).await.unwrap(), Closed::Done(Outcome::Fraud));
    // Whoever asks for it next.
    let other = message(
        "9@other.test",
        "",
        "Ann <ann@other.test>",
        "li@trade.test",
        &format!("Please pay the deposit to our account.\r\nIBAN: {THIEFS}"),
    );
    let opinion = trade.receive(20, &other).await;
    assert_eq!(opinion.action, Action::Hold, "{:?}", opinion.verdict);
    assert!(opinion.fields.contains("payment-disputed"), "{}", opinion.fields);
    trade.scene.check().await;
}

async fn our_own_invoice_is_watched(store: TestStore) {
    let trade = Trade::new(store).await;
    let invoice = |id: &str, account: &str| {
        let text = format!("Invoice 78: USD 9,100.00\r\nBeneficiary: Trade Test Ltd\r\nIBAN: {account}");
        message(id, "", "Li <li@trade.test>", "Luc <luc@client.test>", &text)
    };
    assert!(!trade.send(1, &invoice("1@trade.test", OURS), "luc@client.test").await);
    assert!(!trade.send(2, &invoice("2@trade.test", OURS), "luc@client.test").await);
    assert!(trade.send(3, &invoice("3@trade.test", THIEFS), "luc@client.test").await);
    let case = trade.case(3).await;
    assert_eq!(case.direction, "out");
    assert!(case.detail.findings.iter().any(|finding| finding.id == "payment-own-changed"));
    assert!(trade.scene.store.read(|tx| cases::is_waiting(tx, 3)).await.unwrap());
    trade.scene.check().await;
}

async fn partners_are_put_together_and_taken_apart(store: TestStore) {
    let trade = Trade::with_history(store).await;
    let text = "We are the same company from now on.";
    trade
        .receive(5, &message("5@berg-valves.test", "", "Jan Berg <jan@berg-valves.test>", "li@trade.test", text))
        .await;
    let organisation = trade.scene.organisation;
    let merge = move |name: &'static str, into: &'static str| {
        move |tx: &mut Tx<'_>| partners::merge(tx, organisation, name, into)
    };
    let store = &trade.scene.store;
    store.write(merge("berg-valves.test", "acme-valves.test")).await.unwrap();
    let back = store.write(merge("acme-valves.test", "berg-valves.test")).await;
    assert!(matches!(back, Err(GuardError::Loop(..))), "{back:?}");
    let one = store.read(move |tx| partners::load(tx, organisation, "berg-valves.test")).await.unwrap();
    assert_eq!(one.partner.name, "acme-valves.test");
    assert_eq!(one.partner.domains, ["acme-valves.test", "berg-valves.test"]);
    store.write(move |tx| partners::split(tx, organisation, "berg-valves.test")).await.unwrap();
    let one = store.read(move |tx| partners::load(tx, organisation, "berg-valves.test")).await.unwrap();
    assert_eq!(one.partner.name, "berg-valves.test");
    store.write(move |tx| partners::forget(tx, organisation, "acme-valves.test")).await.unwrap();
    let gone = store.read(move |tx| partners::load(tx, organisation, "acme-valves.test")).await;
    assert!(matches!(gone, Err(GuardError::NoPartner(_))), "{gone:?}");
    // How one of our own people writes is forgotten by the address, once.
    let forget_li = move |tx: &mut Tx<'_>| partners::forget(tx, organisation, "Li@trade.test");
    store.write(forget_li).await.unwrap();
    let gone = store.write(forget_li).await;
    assert!(matches!(gone, Err(GuardError::NoPartner(_))), "{gone:?}");
    trade.scene.check().await;
}

async fn what_two_learn_at_once_is_not_lost(store: TestStore) {
    let trade = Trade::new(store).await;
    for number in 1..=6_i64 {
        let raw = message(&format!("{number}@a.test"), "", "Ann <ann@a.test>", "li@trade.test", "A short question.");
        let arrival = Arrival { level: Level::Trade, ..trade.scene.arrival(number, &raw) };
        let kept = trade.judging.incoming(arrival).await.unwrap().kept;
        trade.scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    }
    let other = Guard::new(trade.scene.store.handle());
    let (one, two) = tokio::join!(trade.guard.study(), other.study());
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    trade.guard.study().await.unwrap();
    let organisation = trade.scene.organisation;
    let partner = trade.scene.store.read(move |tx| partners::load(tx, organisation, "a.test")).await.unwrap();
    assert_eq!(partner.partner.contact.received, 6);
}
