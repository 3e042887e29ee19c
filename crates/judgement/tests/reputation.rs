//! How senders and links have behaved before, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use filter::{Action, Asked, Facts, Finding, Layer, Received};
use identity::Level;
use judgement::outbound::{self, Outgoing};
use judgement::reputation::{self, Event};
use judgement::{Arrival, Judging, Reputation};
use mailbox::{Delivered, Delivery, Flags, Prepared, Target};
use store::Tx;
use store::testing::TestStore;

use fixture::{Scene, evil, proven};

store::on_both_engines! {
    what_was_unwanted_comes_back_with_a_bad_name,
    a_forged_sender_spoils_nobody_and_earns_nothing,
    much_harmless_mail_earns_no_trust,
    who_is_answered_is_trusted_a_little,
    what_is_kept_to_the_end_speaks_for_its_sender,
    names_fade_and_go_with_their_organisation,
    others_count_only_where_several_agree,
    whose_data_is_restricted_gets_no_name,
}

fn letter(from: &str, link: &str) -> String {
    format!(
        "From: Somebody <{from}>\r\nTo: li@trade.test\r\nSubject: Samples\r\nMessage-ID: <1@x.test>\r\n\r\n\
         Dear Mr Li,\r\n\r\nthe samples are at {link} as we said.\r\n\r\nBest regards\r\n"
    )
}

struct Office {
    scene: Scene,
    reputation: Arc<Reputation>,
}

impl Office {
    async fn new(store: TestStore) -> Self {
        let scene = Scene::new(store).await;
        let reputation = scene.reputation();
        Self { scene, reputation }
    }

    fn judging(&self, layers: Vec<Arc<dyn Layer>>) -> Judging {
        self.scene.judging(layers).with_reputation(Arc::clone(&self.reputation))
    }

    fn arrival(&self, id: i64, raw: &str, is_proven: bool) -> Arrival {
        let plain = self.scene.arrival(id, raw);
        let client = "203.0.113.9".parse().unwrap();
        if is_proven {
            Arrival { authentication: Arc::new(proven()), client, ..plain }
        } else {
            Arrival { client, ..plain }
        }
    }

    /// What the name of the sender is worth by now.
    async fn names(&self, raw: &str, is_proven: bool) -> Vec<Finding> {
        self.reputation.flush().await.unwrap();
        let arrival = self.arrival(900, raw, is_proven);
        let facts = Facts::read(Received {
            raw: raw.as_bytes(),
            envelope_from: Some(&arrival.envelope_from),
            client: Some(arrival.client),
            authentication: Some(&arrival.authentication),
            inspected: None,
        });
        let asked = Asked {
            facts: &facts,
            raw: raw.as_bytes(),
            organisation: arrival.organisation,
            envelope_from: "",
            client: Some(arrival.client),
        };
        self.reputation.look(asked).await
    }

    async fn note(&self, raw: &str, is_proven: bool, event: Event, times: usize) {
        self.note_in(self.scene.organisation, raw, is_proven, event, times).await;
    }

    async fn note_in(&self, organisation: i64, raw: &str, is_proven: bool, event: Event, times: usize) {
        let arrival = self.arrival(901, raw, is_proven);
        let facts = Facts::read(Received {
            raw: raw.as_bytes(),
            authentication: Some(&arrival.authentication),
            ..Received::default()
        });
        for _ in 0..times {
            self.reputation.note(organisation, &facts, Some(arrival.client), event);
        }
        self.reputation.flush().await.unwrap();
    }
}

fn ids(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.id.as_str()).collect()
}

async fn what_was_unwanted_comes_back_with_a_bad_name(store: TestStore) {
    let office = Office::new(store).await;
    let raw = letter("sales@spam.test", "http://shop.spamlink.test/");
    assert_eq!(office.names(&raw, false).await, [], "who is new is neutral");
    let judging = office.judging(vec![evil()]);
    for id in 1..=6 {
        assert!(judging.incoming(office.arrival(id, &raw, false)).await.unwrap().action >= Action::Junk);
    }
    let names = office.names(&raw, false).await;
    assert_eq!(ids(&names), ["reputation-bad-sender", "reputation-bad-network", "reputation-bad-link"]);
    assert!(names.iter().all(|it| it.weight() <= 1.5 && it.signal == filter::Signal::Text), "{names:?}");
    assert_eq!(names.last().unwrap().evidence, "spamlink.test");

    // The name alone does not feed itself.
    let before = office.names(&raw, false).await;
    let judging = office.judging(Vec::new());
    for id in 10..=15 {
        judging.incoming(office.arrival(id, &raw, false)).await.unwrap();
    }
    let after = office.names(&raw, false).await;
    assert!(after.first().unwrap().spam <= before.first().unwrap().spam);

    // It stands in what is kept, so the verdict is reached again.
    office.scene.check().await;
    let organisation = office.scene.organisation;
    let known = move |tx: &mut Tx<'_>| reputation::look_up(tx, organisation, "sales@spam.test");
    let known = office.scene.store.read(known).await.unwrap();
    assert_eq!((known.len(), known[0].kind), (1, "claimed"));
    let wrong = office.scene.store.read(move |tx| reputation::look_up(tx, organisation, "nothing")).await;
    assert!(wrong.unwrap_err().to_string().contains("\"nothing\" has no reputation"));
}

async fn whose_data_is_restricted_gets_no_name(store: TestStore) {
    let office = Office::new(store).await;
    let organisation = office.scene.organisation;
    let restrict = async |person: store::restrictions::Person<'static>, request: i64| {
        let work = move |tx: &mut Tx<'_>| store::restrictions::add(tx, organisation, person, request);
        office.scene.store.write(work).await.unwrap();
    };
    restrict(store::restrictions::Person::Address("chen@far.test"), 1).await;
    let judging = office.judging(vec![evil()]);
    let known = async |address: &'static str| {
        office.reputation.flush().await.unwrap();
        let work = move |tx: &mut Tx<'_>| reputation::look_up(tx, organisation, address);
        office.scene.store.read(work).await.unwrap().len()
    };
    for (id, from) in [(1, "chen@far.test"), (2, "other@far.test")] {
        judging.incoming(office.arrival(id, &letter(from, "http://a.test/"), false)).await.unwrap();
    }
    assert_eq!((known("chen@far.test").await, known("other@far.test").await), (0, 1));
    // Mail for one of ours whose data is restricted counts for nobody.
    restrict(store::restrictions::Person::Account(office.scene.li), 2).await;
    judging.incoming(office.arrival(3, &letter("third@far.test", "http://a.test/"), false)).await.unwrap();
    assert_eq!(known("third@far.test").await, 0);
    let lift = move |tx: &mut Tx<'_>| store::restrictions::lift(tx, organisation, 2);
    assert_eq!(office.scene.store.write(lift).await.unwrap(), 1);
    judging.incoming(office.arrival(4, &letter("third@far.test", "http://a.test/"), false)).await.unwrap();
    assert_eq!(known("third@far.test").await, 1);
    // Who is written to earns no trust either.
    let raw = "From: li@trade.test\r\nTo: chen@far.test\r\nSubject: Re: x\r\nIn-Reply-To: <1@x.test>\r\n\r\nyes\r\n";
    let answer = Outgoing {
        id: 5,
        raw: Arc::new(raw.as_bytes().to_vec()),
        inspected: None,
        account: office.scene.li,
        organisation,
        envelope_from: "li@trade.test".to_owned(),
        recipients: vec!["chen@far.test".to_owned()],
    };
    office.judging(Vec::new()).outgoing(answer).await.unwrap();
    assert_eq!(known("chen@far.test").await, 0);
}

async fn a_forged_sender_spoils_nobody_and_earns_nothing(store: TestStore) {
    let office = Office::new(store).await;
    let raw = letter("anna@partner.test", "nowhere");
    office.note(&raw, false, Event::ToldJunk, 20).await;
    assert_eq!(ids(&office.names(&raw, false).await), ["reputation-bad-sender", "reputation-bad-network"]);
    assert_eq!(ids(&office.names(&raw, true).await), ["reputation-bad-network"], "the true sender keeps his name");

    let raw = letter("carla@other.test", "nowhere");
    office.note(&raw, true, Event::Answered, 20).await;
    let trusted = office.names(&raw, true).await;
    assert!(trusted.iter().any(|it| it.id == "reputation-good-sender" && it.spam < 0.0), "{trusted:?}");
    assert!(trusted.iter().any(|it| it.id == "reputation-good-domain"), "{trusted:?}");
    assert!(office.names(&raw, false).await.iter().all(|it| it.spam >= 0.0), "forged, it earns nothing");
}

async fn much_harmless_mail_earns_no_trust(store: TestStore) {
    let office = Office::new(store).await;
    let raw = letter("patient@fraud.test", "nowhere");
    office.note(&raw, true, Event::Seen, 2_000).await;
    assert_eq!(office.names(&raw, true).await, []);
    office.note(&raw, true, Event::ToldJunk, 4).await;
    let names = office.names(&raw, true).await;
    assert!(names.iter().any(|it| it.id == "reputation-bad-sender" && it.spam > 1.0), "{names:?}");
}

async fn who_is_answered_is_trusted_a_little(store: TestStore) {
    let office = Office::new(store).await;
    let judging = office.judging(Vec::new());
    let raw = letter("anna@partner.test", "nowhere");
    let answer = "From: li@trade.test\r\nTo: anna@partner.test\r\nSubject: Re: Samples\r\nIn-Reply-To: <1@x.test>\r\n\r\nThank you.\r\n";
    let send = async |id: i64, raw: &str, to: Vec<String>| {
        let outgoing = Outgoing {
            id,
            raw: Arc::new(raw.as_bytes().to_vec()),
            inspected: None,
            account: office.scene.li,
            organisation: office.scene.organisation,
            envelope_from: "li@trade.test".to_owned(),
            recipients: to,
        };
        let sent = judging.outgoing(outgoing).await.unwrap();
        office.scene.store.write(move |tx| outbound::keep(tx, &sent)).await.unwrap();
    };
    let anna = || vec!["anna@partner.test".to_owned()];
    send(1, "From: li@trade.test\r\nSubject: Offer\r\n\r\nGood day.\r\n", anna()).await;
    assert_eq!(office.names(&raw, true).await, [], "to write first is no answer");
    office.scene.store.clock.advance(Duration::from_secs(25 * 3600));
    for id in 2..=9 {
        send(id, answer, anna()).await;
    }
    let once = office.names(&raw, true).await;
    assert!(once.iter().any(|it| it.id == "reputation-good-sender"), "{once:?}");
    office.scene.store.clock.advance(Duration::from_secs(25 * 3600));
    send(20, answer, anna()).await;
    let twice = office.names(&raw, true).await;
    assert!(twice.first().unwrap().spam < once.first().unwrap().spam, "many letters of a day are one answer");
    let many = (0..50).map(|number| format!("p{number}@many.test")).collect();
    send(30, answer, many).await;
    assert_eq!(office.names(&letter("p1@many.test", "nowhere"), true).await, [], "a mailing answers nobody");
}

async fn what_is_kept_to_the_end_speaks_for_its_sender(store: TestStore) {
    let office = Office::new(store).await;
    let (scene, li) = (&office.scene, office.scene.li);
    scene.store.write(move |tx| mailbox::mailboxes::create_defaults(tx, li)).await.unwrap();
    let judging = office.judging(Vec::new());
    for (id, from, is_read) in [(1, "read@kept.test", true), (2, "unread@new.test", false)] {
        for number in 0..5 {
            let raw = letter(from, "nowhere");
            let id = id * 100 + number;
            let opinion = judging.incoming(office.arrival(id, &raw, true)).await.unwrap();
            let mut prepared = Prepared::new(raw.as_bytes(), scene.store.context());
            let blob = scene.store.stage(prepared.take_record()).await.unwrap();
            let received = scene.now();
            let work = move |tx: &mut Tx<'_>| {
                judgement::keep(tx, &opinion.kept)?;
                blob.attach(tx, 1)?;
                let flags = if is_read { Flags { system: Flags::SEEN, ..Flags::NONE } } else { Flags::NONE };
                let delivery = Delivery {
                    target: Target::Inbox,
                    prepared: &prepared,
                    blob: blob.id(),
                    trace: b"",
                    flags,
                    received,
                    dedupe: None,
                };
                let Delivered::Stored(stored) = mailbox::deliver(tx, li, &delivery)? else { panic!("stored before") };
                judgement::note_copy(tx, id, li, stored.message)?;
                Ok::<_, judgement::JudgementError>(())
            };
            scene.store.write(work).await.unwrap();
        }
    }
    scene.store.clock.advance(Duration::from_secs(15 * 86_400));
    judgement::tidy(&scene.store, &scene.settings(), &office.reputation).await.unwrap();
    let names = office.names(&letter("read@kept.test", "nowhere"), true).await;
    assert!(names.iter().any(|it| it.id == "reputation-good-sender"), "{names:?}");
    assert!(
        office
            .names(&letter("unread@new.test", "nowhere"), true)
            .await
            .iter()
            .all(|it| it.id != "reputation-good-sender")
    );
    scene.check().await;
}

async fn names_fade_and_go_with_their_organisation(store: TestStore) {
    let office = Office::new(store).await;
    let raw = letter("sales@spam.test", "nowhere");
    office.note(&raw, false, Event::ToldJunk, 2).await;
    let fresh = office.names(&raw, false).await;
    office.scene.store.clock.advance(Duration::from_secs(60 * 86_400));
    let faded = office.names(&raw, false).await;
    assert!(faded.first().unwrap().spam < fresh.first().unwrap().spam, "{faded:?}");
    let organisation = office.scene.organisation;
    assert_eq!(office.scene.store.write(move |tx| reputation::forget(tx, organisation)).await.unwrap(), 2);
    assert_eq!(office.names(&raw, false).await, []);

    office.note(&raw, false, Event::ToldJunk, 2).await;
    office.scene.store.clock.advance(Duration::from_secs(200 * 86_400));
    judgement::tidy(&office.scene.store, &office.scene.settings(), &office.reputation).await.unwrap();
    let left = office.scene.store.write(move |tx| reputation::forget(tx, organisation)).await.unwrap();
    assert_eq!(left, 0, "what nothing was heard of is forgotten");
}

async fn others_count_only_where_several_agree(store: TestStore) {
    let office = Office::new(store).await;
    let make = |tx: &mut Tx<'_>| {
        let one = identity::create_organisation(tx, "One", Level::Basic)?;
        Ok::<_, identity::IdentityError>((one, identity::create_organisation(tx, "Two", Level::Basic)?))
    };
    let (one, two) = office.scene.store.write(make).await.unwrap();
    let raw = letter("sales@spam.test", "nowhere");
    office.note_in(one, &raw, false, Event::ToldJunk, 10).await;
    assert_eq!(office.names(&raw, false).await, [], "one organisation speaks for itself");
    office.note_in(two, &raw, false, Event::ToldJunk, 10).await;
    let names = office.names(&raw, false).await;
    assert_eq!(ids(&names), ["reputation-bad-sender", "reputation-bad-network"]);
    assert!(names.iter().all(|it| it.spam < 0.8), "for half: {names:?}");
    office.scene.check().await;
}

/// What a look costs beside the rest of judging: run alone, with `--run-ignored only --no-capture`.
#[test]
#[ignore = "a measurement"]
fn a_look_among_many_takes_little() {
    store::testing::run(store::testing::Engine::Sqlite, |store| async move {
        let office = Office::new(store).await;
        for number in 0..20_000 {
            let raw = letter(&format!("s{number}@d{number}.test"), &format!("http://l{number}.test/"));
            let arrival = office.arrival(number, &raw, false);
            let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
            office.reputation.note(office.scene.organisation, &facts, Some(arrival.client), Event::Unwanted);
        }
        office.reputation.flush().await.unwrap();
        let raw = letter("s7@d7.test", "http://l7.test/");
        let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
        let rounds = 5_000_u32;
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            office.reputation.find(office.scene.organisation, &facts, None).await.unwrap();
        }
        println!("one look: {:?}", start.elapsed() / rounds);
    });
}
