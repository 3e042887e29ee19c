//! Judging on the way in, what is kept of it, and quarantine, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use filter::{Action, Judge};
use identity::Level;
use judgement::digest::{self, Digests, Link};
use judgement::policy::{self, NewDeparture, SetTo, Setting};
use judgement::quarantine::{self, NewPlace, NewQuarantined, Shown, State, Whose};
use judgement::{Arrival, JudgementError, Opinion};
use mailbox::Prepared;
use queue::{Envelope, NewRecipient};
use store::Tx;
use store::testing::TestStore;

use fixture::{HONEST, Scene, Slow, evil};

store::on_both_engines! {
    what_is_found_becomes_an_action_and_is_kept,
    a_policy_or_an_allow_entry_is_heard,
    a_judge_without_time_warns,
    a_silent_layer_is_told_of,
    each_copy_in_quarantine_is_released_or_deleted_by_itself,
    quarantine_and_memory_end,
    a_legal_hold_keeps_what_is_in_quarantine,
    an_account_that_goes_takes_its_places_along,
    people_are_told_once_in_their_language,
    a_link_is_good_once_and_for_its_reader,
    an_organisation_departs_from_its_level,
}

async fn what_is_found_becomes_an_action_and_is_kept(store: TestStore) {
    let scene = Scene::new(store).await;
    let honest = scene.judging(Vec::new()).incoming(scene.arrival(1, HONEST)).await.unwrap();
    assert_eq!(honest.action, Action::Deliver, "{:?}", honest.verdict);
    let judging = scene.judging(vec![evil()]);
    let opinion = judging.incoming(scene.arrival(2, HONEST)).await.unwrap();
    assert_eq!(opinion.action, Action::Quarantine);
    assert!(opinion.fields.starts_with("X-Tradewind-Verdict: quarantine; "), "{}", opinion.fields);
    assert!(opinion.fields.contains("id=2\r\n") && opinion.fields.contains("evil-link=9.0"), "{}", opinion.fields);
    let kept = opinion.kept.clone();
    scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    let judged = scene.store.read(|tx| judgement::load(tx, 2)).await.unwrap();
    let judge = Judge::shipped().unwrap();
    assert_eq!(judged.detail.version, judge.version());
    assert_eq!(judged.again(&judge).unwrap(), opinion.verdict);
    assert_eq!(judged.detail.verdict, opinion.verdict);
    assert!(matches!(scene.store.read(|tx| judgement::load(tx, 3)).await, Err(JudgementError::NotKept(3))));
    scene.check().await;
}

async fn a_policy_or_an_allow_entry_is_heard(store: TestStore) {
    let scene = Scene::new(store).await;
    let mut arrival = scene.arrival(1, HONEST);
    arrival.least = Action::Junk;
    assert_eq!(scene.judging(Vec::new()).incoming(arrival).await.unwrap().action, Action::Junk);
    let strict = scene.judging(vec![evil()]);
    let mut arrival = scene.arrival(2, HONEST);
    arrival.level = identity::Level::Trade;
    assert_eq!(strict.incoming(arrival.clone()).await.unwrap().action, Action::Refuse);
    arrival.must_take = true;
    assert_eq!(strict.incoming(arrival.clone()).await.unwrap().action, Action::Quarantine);
    arrival.is_allowed = true;
    let opinion = strict.incoming(arrival).await.unwrap();
    assert!(opinion.verdict.findings.iter().any(|finding| finding.id == "allowed-by-list"));
}

async fn a_judge_without_time_warns(store: TestStore) {
    let scene = Scene::new(store).await;
    let slow = Arc::new(Slow { takes: Duration::from_secs(30), may_take: Duration::from_secs(60) });
    let mut judging = scene.settings();
    judging.milliseconds_max = 50;
    let opinion = scene.judging_by(judging, vec![slow]).incoming(scene.arrival(1, HONEST)).await.unwrap();
    assert!(opinion.is_unjudged);
    assert_eq!(opinion.action, Action::Warn);
    assert!(opinion.fields.contains("X-Tradewind-Findings: unjudged=0.0"), "{}", opinion.fields);
    let kept = opinion.kept;
    scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    assert!(scene.store.read(|tx| judgement::load(tx, 1)).await.unwrap().again(&Judge::shipped().unwrap()).is_none());
}

async fn a_silent_layer_is_told_of(store: TestStore) {
    let scene = Scene::new(store).await;
    let slow = Arc::new(Slow { takes: Duration::from_secs(30), may_take: Duration::from_millis(20) });
    let opinion = scene.judging(vec![slow]).incoming(scene.arrival(1, HONEST)).await.unwrap();
    assert!(!opinion.is_unjudged);
    assert_eq!(opinion.action, Action::Deliver);
    assert!(opinion.verdict.findings.iter().any(|it| it.id == "layer-silent" && it.evidence == "slow"));
}

/// Puts a message into quarantine for two people and a group.
async fn quarantined(scene: &Scene, id: i64) -> Opinion {
    let opinion = scene.judging(vec![evil()]).incoming(scene.arrival(id, HONEST)).await.unwrap();
    let mut prepared = Prepared::new(HONEST.as_bytes(), scene.store.context());
    let blob = scene.store.stage(prepared.take_record()).await.unwrap();
    let place = |account: Option<i64>, address: &str| NewPlace { account, recipient: NewRecipient::new(address) };
    let places = [
        place(Some(scene.li), "li@trade.test"),
        place(Some(scene.wang), "wang@trade.test"),
        place(None, "all@trade.test"),
    ];
    let (kept, expires) = (opinion.kept.clone(), scene.now().plus(Duration::from_secs(86_400)));
    let shown = Shown::of("buyer@partner.test", "Quotation", &opinion.verdict);
    let work = move |tx: &mut Tx<'_>| {
        judgement::keep(tx, &kept)?;
        blob.attach(tx, 1)?;
        let new = NewQuarantined {
            kept: &kept,
            blob: blob.id(),
            key: prepared.key(),
            size: prepared.size(),
            envelope: Envelope { reverse_path: "buyer@partner.test".into(), ..Envelope::default() },
            shown: shown.clone(),
            expires,
        };
        quarantine::keep(tx, &new, &places)
    };
    scene.store.write(work).await.unwrap();
    opinion
}

async fn each_copy_in_quarantine_is_released_or_deleted_by_itself(store: TestStore) {
    let scene = Scene::new(store).await;
    quarantined(&scene, 7).await;
    let (organisation, li, wang) = (scene.organisation, scene.li, scene.wang);
    let all = scene.store.read(move |tx| quarantine::list(tx, Some(organisation))).await.unwrap();
    assert_eq!((all.len(), all[0].places.len(), all[0].shown.subject.as_str()), (1, 3, "Quotation"));
    let own = scene.store.read(move |tx| quarantine::list_of(tx, li)).await.unwrap();
    assert_eq!(own[0].places.iter().map(|place| place.address.as_str()).collect::<Vec<_>>(), ["li@trade.test"]);
    let source = scene.store.read(move |tx| quarantine::source(tx, 7, li)).await.unwrap();
    assert_eq!(source.read(scene.store.blobs()).unwrap(), HONEST.as_bytes());

    let expires = scene.now().plus(Duration::from_secs(3600));
    let release = move |tx: &mut Tx<'_>| quarantine::release(tx, 7, Whose::Account(li), expires);
    assert_eq!(scene.store.write(release).await.unwrap(), 1);
    assert!(matches!(scene.store.write(release).await, Err(JudgementError::NotQuarantined(7))), "a second time");
    let waiting = scene.store.read(queue_of).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].recipients[0].recipient.address, "li@trade.test");
    assert_eq!((waiting[0].envelope.judged, waiting[0].envelope.junk), (Some(7), false));
    scene.check().await;

    let delete = move |tx: &mut Tx<'_>| quarantine::delete(tx, 7, Whose::Account(wang));
    assert_eq!(scene.store.write(delete).await.unwrap(), 1);
    let left = scene.store.read(|tx| quarantine::load(tx, 7)).await.unwrap();
    let states: Vec<State> = left.places.iter().map(|place| place.state).collect();
    assert_eq!(states, [State::Released, State::Deleted, State::Held]);
    assert_eq!(scene.store.write(move |tx| quarantine::release(tx, 7, Whose::All, expires)).await.unwrap(), 1);
    assert!(scene.store.read(|tx| quarantine::load(tx, 7)).await.is_err(), "nothing of it waits any more");
    scene.check().await;
}

fn queue_of(tx: &mut Tx<'_>) -> Result<Vec<queue::QueuedMessage>, queue::QueueError> {
    queue::list(tx, &queue::Filter { limit: 10, ..queue::Filter::default() })
}

async fn quarantine_and_memory_end(store: TestStore) {
    let scene = Scene::new(store).await;
    quarantined(&scene, 7).await;
    let settings = scene.settings();
    assert_eq!(judgement::tidy(&scene.store, &settings, &scene.reputation()).await.unwrap(), 0);
    scene.store.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(judgement::tidy(&scene.store, &settings, &scene.reputation()).await.unwrap(), 1);
    assert!(scene.store.read(|tx| quarantine::load(tx, 7)).await.is_err());
    assert!(scene.store.read(|tx| judgement::load(tx, 7)).await.is_ok());
    scene.store.clock.advance(Duration::from_secs(13 * 86_400));
    assert_eq!(judgement::tidy(&scene.store, &settings, &scene.reputation()).await.unwrap(), 1);
    assert!(scene.store.read(|tx| judgement::load(tx, 7)).await.is_err());
    scene.check().await;
}

async fn a_legal_hold_keeps_what_is_in_quarantine(store: TestStore) {
    let scene = Scene::new(store).await;
    quarantined(&scene, 7).await;
    let (organisation, li, detail) = (scene.organisation, scene.li, store::holds::HoldDetail::default());
    let begin = move |tx: &mut Tx<'_>| store::holds::begin(tx, organisation, &[li], &detail);
    let hold = scene.store.write(begin).await.unwrap();
    scene.store.write(|tx| quarantine::delete(tx, 7, Whose::All)).await.unwrap();
    let listed = scene.store.read(move |tx| quarantine::list(tx, Some(organisation))).await.unwrap();
    let own = scene.store.read(move |tx| quarantine::list_of(tx, li)).await.unwrap();
    assert_eq!((listed.len(), own.len()), (0, 0), "who deleted it no longer sees it");
    scene.store.clock.advance(Duration::from_secs(30 * 86_400));
    judgement::tidy(&scene.store, &scene.settings(), &scene.reputation()).await.unwrap();
    assert!(scene.store.read(|tx| quarantine::load(tx, 7)).await.is_ok());
    scene.check().await;
    scene.store.write(move |tx| store::holds::end(tx, organisation, hold, "lawyer", "settled")).await.unwrap();
    judgement::tidy(&scene.store, &scene.settings(), &scene.reputation()).await.unwrap();
    assert!(scene.store.read(|tx| quarantine::load(tx, 7)).await.is_err());
    scene.check().await;
}

async fn an_account_that_goes_takes_its_places_along(store: TestStore) {
    let scene = Scene::new(store).await;
    quarantined(&scene, 7).await;
    let li = scene.li;
    scene.store.write(move |tx| judgement::note_copy(tx, 7, li, 99)).await.unwrap();
    scene.store.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    let left = scene.store.read(|tx| quarantine::load(tx, 7)).await.unwrap();
    assert_eq!(left.places.len(), 2);
    assert!(!scene.store.read(move |tx| judgement::is_for(tx, 7, li)).await.unwrap());
    scene.check().await;
}

fn digests(scene: &Scene) -> Digests {
    Digests {
        store: scene.store.handle(),
        mailer: scene.mailer(),
        judge: Arc::new(Judge::shipped().unwrap()),
        link_base: "https://mail.trade.test/quarantine".to_owned(),
        period: Duration::from_secs(86_400),
    }
}

async fn people_are_told_once_in_their_language(store: TestStore) {
    let scene = Scene::new(store).await;
    let digests = digests(&scene);
    assert_eq!(digests.post().await.unwrap(), 0);
    quarantined(&scene, 7).await;
    assert_eq!(digests.post().await.unwrap(), 2, "li and wang; the group is none");
    let told = scene.store.read(queue_of).await.unwrap();
    let mut readers: Vec<&str> = told.iter().map(|letter| letter.recipients[0].recipient.address.as_str()).collect();
    readers.sort_unstable();
    assert_eq!(readers, ["li@trade.test", "wang@trade.test"]);
    let letters = scene.letters().await;
    let li = letters.iter().find(|letter| letter.contains("扣留")).unwrap();
    assert!(li.contains("evil-link: evil[.]test") && li.contains("https://mail.trade.test/quarantine/"), "{li}");
    assert!(letters.iter().any(|letter| letter.contains("kept back")));
    quarantined(&scene, 8).await;
    assert_eq!(digests.post().await.unwrap(), 0, "not again on the same day");
    scene.store.clock.advance(Duration::from_secs(86_400));
    quarantined(&scene, 9).await;
    assert_eq!(digests.post().await.unwrap(), 2);
    scene.check().await;
}

async fn a_link_is_good_once_and_for_its_reader(store: TestStore) {
    let scene = Scene::new(store).await;
    quarantined(&scene, 7).await;
    let link = Link { quarantined: 7, place: 0, reader: scene.li };
    let text = digest::make_link(&scene.store, link);
    assert_eq!(digest::read_link(&scene.store, &text), Some(link));
    for index in 0..text.len() {
        let mut forged = text.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = digest::read_link(&scene.store, &String::from_utf8(forged).unwrap());
        assert!(forged.is_none() || forged == Some(link), "byte {index}");
    }
    let found = scene.store.read(move |tx| digest::follow(tx, link)).await.unwrap();
    assert_eq!(found.places.len(), 1);
    let wrong = Link { reader: scene.wang, ..link };
    assert!(scene.store.read(move |tx| digest::follow(tx, wrong)).await.is_err(), "not his");
    let group = Link { place: 2, ..link };
    assert!(scene.store.read(move |tx| digest::follow(tx, group)).await.is_err(), "he does not answer for the group");
    let expires = scene.now().plus(Duration::from_secs(3600));
    scene.store.write(move |tx| quarantine::release(tx, 7, Whose::Place(0), expires)).await.unwrap();
    assert!(scene.store.read(move |tx| digest::follow(tx, link)).await.is_err(), "once");
}

async fn an_organisation_departs_from_its_level(store: TestStore) {
    let scene = Scene::new(store).await;
    let (organisation, settings) = (scene.organisation, scene.settings());
    let set = async |setting: &str, value: &str, reason: &str| {
        let setting: Setting = setting.parse().unwrap();
        let value = SetTo::read(setting, value).unwrap();
        let new = NewDeparture { setting, value, reason: reason.to_owned(), by: None };
        let settings = settings.clone();
        scene.store.write(move |tx| policy::set(tx, organisation, &settings, &new)).await
    };
    let judge = async |id| scene.judging(vec![evil()]).incoming(scene.arrival(id, HONEST)).await.unwrap();
    let before = judge(1).await;
    assert_eq!(before.action, Action::Quarantine, "{:?}", before.verdict);
    let refused = set("quarantine", "never", "").await.unwrap_err().to_string();
    assert!(refused.contains("quarantine cannot be \"never\"") && refused.contains("--reason"), "{refused}");
    set("quarantine", "never", "the auditors look at Junk themselves").await.unwrap();
    assert_eq!(judge(2).await.action, Action::Junk);
    let wrong = set("warn", "0.99", "a test").await.unwrap_err().to_string();
    assert!(wrong.contains("a harder action comes earlier"), "{wrong}");

    // Whoever gets a higher level has the higher protection again.
    let arrival = Arrival { level: Level::Trade, ..scene.arrival(3, HONEST) };
    let stricter = scene.judging(vec![evil()]).incoming(arrival).await.unwrap();
    assert!(stricter.action >= Action::Quarantine, "{:?}", stricter.verdict);

    // What was kept is reached again by the thresholds that it was reached by.
    let kept = judge(4).await.kept;
    scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    assert!(scene.store.write(move |tx| policy::clear(tx, organisation, Setting::Quarantine)).await.unwrap());
    let judged = scene.store.read(|tx| judgement::load(tx, 4)).await.unwrap();
    assert_eq!(judged.again(&Judge::shipped().unwrap()).unwrap().action, Action::Junk);
    assert_eq!(judge(5).await.action, Action::Quarantine);

    // The reason stays on record.
    let history = scene.store.read(move |tx| policy::list(tx, organisation)).await.unwrap();
    let [only] = history.as_slice() else { panic!("{history:?}") };
    assert!(only.ended.is_some() && only.reason.contains("auditors") && only.lowered_at == Some(Level::Enhanced));
    set("junk", "0.5", "").await.unwrap();
    let by_level = settings.at(Level::Enhanced);
    let effective = move |tx: &mut Tx<'_>| policy::effective(tx, organisation, Level::Enhanced, &settings);
    let now = scene.store.read(effective).await.unwrap();
    assert_eq!((now.warn, now.junk, now.quarantine), (0.5, 0.5, by_level.quarantine), "a warning comes no later");
    scene.check().await;
}
