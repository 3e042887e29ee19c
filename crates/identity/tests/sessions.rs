//! Web sessions: their life, their tokens, and what ends them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::Duration;

use env::{Clock, Secret};
use fixture::Fixture;
use identity::session::{self, Begun, Resumed, Stage};
use identity::{AccountState, Client, Level, Method, Protocol, Role};
use store::testing::TestStore;

store::on_both_engines! {
    a_session_lasts_while_it_is_used,
    the_second_factor_begins_another_session,
    a_copied_token_ends_the_session,
    another_browser_ends_the_session,
    sessions_end_when_they_are_told_to,
    wrong_answers_are_counted,
}

fn browser(agent: &str) -> Client {
    let agent = Some(agent.to_owned());
    Client { agent, ..Client::new(IpAddr::from([192, 0, 2, 7]), Protocol::Web) }
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn begin(fixture: &Fixture, account: i64, stage: Stage) -> Begun {
    fixture.write(move |tx| session::begin(tx, account, stage, None, &browser(FIREFOX))).await.unwrap()
}

async fn resume(fixture: &Fixture, token: &Secret<String>) -> Option<Resumed> {
    session::resume(&fixture.store.handle(), token, &browser(FIREFOX)).await.unwrap()
}

async fn a_session_lasts_while_it_is_used(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    for level in Level::ALL {
        let (level, organisation) = (*level, fixture.organisation);
        fixture.write(move |tx| identity::set_level(tx, organisation, level)).await.unwrap();
        let (idle, absolute) = session::life(level);
        let mut token = begin(&fixture, li, Stage::Whole).await.token;
        let began = fixture.store.clock.now();
        while fixture.store.clock.now().since(began) + idle / 2 < absolute {
            let found = resume(&fixture, &token).await.unwrap_or_else(|| panic!("{level}: it was used"));
            assert_eq!((found.principal.account, found.principal.method), (li, Method::Session));
            token = found.new_token.unwrap_or(token);
            fixture.store.clock.advance(idle / 2);
        }
        fixture.store.clock.advance(idle / 2);
        assert!(resume(&fixture, &token).await.is_none(), "{level}: its time is over");
        let token = begin(&fixture, li, Stage::Whole).await.token;
        fixture.store.clock.advance(idle);
        assert!(resume(&fixture, &token).await.is_none(), "{level}: not used for too long");
    }
    for nonsense in ["", "x", &"y".repeat(10_000)] {
        assert!(resume(&fixture, &fixture::secret(nonsense)).await.is_none());
    }
}

/// Session fixation: whoever planted or saw the token of the first step has nothing of the session.
async fn the_second_factor_begins_another_session(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let step = begin(&fixture, li, Stage::Factor).await;
    let found = resume(&fixture, &step.token).await.unwrap();
    assert_eq!((found.stage, found.principal.strong_at), (Stage::Factor, None));
    let id = step.id;
    let whole = fixture.write(move |tx| session::complete(tx, li, id, &browser(FIREFOX))).await.unwrap();
    assert_ne!(whole.id, step.id);
    assert!(resume(&fixture, &step.token).await.is_none(), "the step's token is worth nothing");
    let found = resume(&fixture, &whole.token).await.unwrap();
    assert_eq!((found.stage, found.principal.session), (Stage::Whole, Some(whole.id)));
    assert_eq!(found.principal.strong_at, Some(fixture.store.clock.now()));
    let again = fixture.write(move |tx| session::complete(tx, li, id, &browser(FIREFOX))).await;
    assert!(again.is_err(), "a step is completed once");
    let id = whole.id;
    let again = fixture.write(move |tx| session::complete(tx, li, id, &browser(FIREFOX))).await;
    assert!(again.is_err(), "a whole session is no step");
    let stronger = fixture.write(move |tx| session::strengthen(tx, li, id)).await.unwrap();
    assert_ne!(stronger.token.expose(), whole.token.expose());
    let slow = begin(&fixture, li, Stage::Factor).await;
    fixture.store.clock.advance(Duration::from_secs(600));
    assert!(resume(&fixture, &slow.token).await.is_none(), "the step waits ten minutes");
    assert!(resume(&fixture, &whole.token).await.is_none(), "exchanged by the step-up, ten minutes ago");
}

async fn a_copied_token_ends_the_session(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let first = begin(&fixture, li, Stage::Whole).await.token;
    fixture.store.clock.advance(Duration::from_secs(1_800));
    let second = resume(&fixture, &first).await.unwrap().new_token.unwrap();
    let late = resume(&fixture, &first).await.unwrap();
    assert!(late.new_token.is_none(), "requests under way still come through, and exchange nothing");
    resume(&fixture, &second).await.unwrap();
    fixture.store.clock.advance(Duration::from_secs(60));
    assert!(resume(&fixture, &first).await.is_none());
    assert!(resume(&fixture, &second).await.is_none(), "thief and owner are both out");
}

async fn another_browser_ends_the_session(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let token = begin(&fixture, li, Stage::Whole).await.token;
    let newer = browser(&FIREFOX.replace("140", "141"));
    let store = fixture.store.handle();
    assert!(session::resume(&store, &token, &newer).await.unwrap().is_some(), "a new version is the same browser");
    let elsewhere = Client { address: IpAddr::from([203, 0, 113, 9]), ..newer };
    assert!(session::resume(&store, &token, &elsewhere).await.unwrap().is_some(), "addresses change all day");
    assert!(session::resume(&store, &token, &browser("curl/8.5.0")).await.unwrap().is_none());
    assert!(resume(&fixture, &token).await.is_none(), "and the right one is out, too");
}

async fn sessions_end_when_they_are_told_to(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let kept = begin(&fixture, li, Stage::Whole).await;
    let other = begin(&fixture, li, Stage::Whole).await;
    let listed = fixture.write(move |tx| session::list_sessions(tx, li)).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|it| it.agent.as_deref() == Some(FIREFOX)));
    let id = kept.id;
    fixture.write(move |tx| session::end_other_sessions(tx, li, Some(id))).await.unwrap();
    assert!(resume(&fixture, &other.token).await.is_none());
    assert!(resume(&fixture, &kept.token).await.is_some());
    fixture.write(move |tx| session::end_session(tx, li, id)).await.unwrap();
    assert!(resume(&fixture, &kept.token).await.is_none());
    assert!(fixture.write(move |tx| session::end_session(tx, li, id)).await.is_err());
    let third = begin(&fixture, li, Stage::Whole).await;
    fixture.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    assert!(resume(&fixture, &third.token).await.is_none());
    fixture.write(move |tx| identity::set_state(tx, li, AccountState::Active)).await.unwrap();
    assert!(resume(&fixture, &third.token).await.is_none(), "what has ended does not come back");
    let first = begin(&fixture, li, Stage::Whole).await;
    for _ in 0..50 {
        begin(&fixture, li, Stage::Whole).await;
    }
    let listed = fixture.write(move |tx| session::list_sessions(tx, li)).await.unwrap();
    assert_eq!(listed.len(), 50, "bounded");
    assert!(resume(&fixture, &first.token).await.is_none() || listed.iter().any(|it| it.id == first.id));
    fixture.store.clock.advance(Duration::from_secs(40 * 86_400));
    assert_eq!(fixture.write(session::forget_expired).await.unwrap(), 50);
}

async fn wrong_answers_are_counted(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add("li@trade.test", Role::Sales).await;
    let step = begin(&fixture, li, Stage::Factor).await;
    let id = step.id;
    for _ in 1..session::TRIES_MAX {
        assert!(fixture.write(move |tx| session::count_failure(tx, li, id)).await.unwrap());
    }
    assert!(!fixture.write(move |tx| session::count_failure(tx, li, id)).await.unwrap());
    assert!(resume(&fixture, &step.token).await.is_none(), "signing in begins anew");
}
