//! Guessing passwords: slow for the thief, free for the owner, and telling nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use fixture::{Fixture, secret};
use identity::{AuthFailure, Client, DeviceId, Hasher, Protocol, Role, SignIn};
use store::testing::TestStore;

store::on_both_engines! {
    ten_thousand_wrong_passwords_do_not_lock_out_a_known_device,
    whoever_comes_from_anywhere_else_waits,
    an_unknown_user_costs_the_time_of_a_wrong_password,
}

const PASSWORD: &str = "Lange-Leitung-7";

fn sign_in(fixture: &Fixture) -> SignIn {
    let store = fixture.store.handle();
    let hasher = Hasher::new(store.context().entropy.clone());
    SignIn::new(store, hasher)
}

fn from(network: u16, host: u8) -> Client {
    let [high, low] = network.to_be_bytes();
    Client::new(IpAddr::from([11, high, low, host]), Protocol::Imap)
}

fn mail_program() -> Client {
    Client { agent: Some("Thunderbird 140".to_owned()), ..from(0xffff, 7) }
}

fn telephone(fixture: &Fixture, token: &str, network: u16) -> Client {
    let device = identity::device_of(&fixture.store.handle().context().keys, &secret(token));
    Client { device: Some(device), protocol: Protocol::Web, ..from(network, 9) }
}

/// Guesses of `count` attempts from a thousand addresses that were looked at.
async fn attack(sign_in: &SignIn, count: u32) -> u32 {
    let mut looked_at = 0;
    for attempt in 0..count {
        let thief = from(u16::try_from(attempt % 1_000).unwrap(), 1);
        let outcome = sign_in.authenticate("li@trade.test", &secret("Guess-word-77"), &thief).await;
        looked_at += u32::from(matches!(outcome, Err(AuthFailure::Refused)));
    }
    looked_at
}

async fn ten_thousand_wrong_passwords_do_not_lock_out_a_known_device(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add_with("li@trade.test", PASSWORD).await;
    let before = sign_in(&fixture);
    before.authenticate("li@trade.test", &secret(PASSWORD), &mail_program()).await.unwrap();
    before.authenticate("li@trade.test", &secret(PASSWORD), &telephone(&fixture, "token", 0xfffe)).await.unwrap();
    // After a restart nothing is remembered but what the store holds.
    let sign_in = sign_in(&fixture);
    let looked_at = attack(&sign_in, 10_000).await;
    assert!(looked_at <= 50, "{looked_at} guesses were looked at");
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &mail_program()).await.unwrap();
    // A device that is known is let in from a network that it was never seen in.
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &telephone(&fixture, "token", 0xfffd)).await.unwrap();
    // The owner's coming and going frees no guess.
    assert_eq!(attack(&sign_in, 1_000).await, 0);
}

async fn whoever_comes_from_anywhere_else_waits(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add_with("li@trade.test", PASSWORD).await;
    fixture.add_with("wang@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture);
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &telephone(&fixture, "token", 0xfffe)).await.unwrap();
    attack(&sign_in, 2_000).await;
    let throttled = |outcome| matches!(outcome, Err(AuthFailure::Throttled { .. }));
    let made_up = Client { device: Some(DeviceId([7; 32])), ..from(5_000, 1) };
    assert!(throttled(sign_in.authenticate("li@trade.test", &secret(PASSWORD), &made_up).await));
    let others = telephone(&fixture, "another token", 5_001);
    assert!(throttled(sign_in.authenticate("li@trade.test", &secret(PASSWORD), &others).await));
    // A stolen token has the device's few guesses, no more.
    let mut looked_at = 0;
    for network in 0..500 {
        let thief = telephone(&fixture, "token", 6_000 + network);
        let outcome = sign_in.authenticate("li@trade.test", &secret("Guess-word-77"), &thief).await;
        looked_at += u32::from(matches!(outcome, Err(AuthFailure::Refused)));
    }
    assert!(looked_at <= 3, "{looked_at}");
    // It is known for its own account only.
    let foreign = telephone(&fixture, "token", 2);
    sign_in.authenticate("wang@trade.test", &secret(PASSWORD), &foreign).await.unwrap();
    // In an hour a thousand addresses get fewer guesses than two people who mistype.
    let mut looked_at = 0;
    for _ in 0..120 {
        fixture.store.clock.advance(Duration::from_secs(30));
        looked_at += attack(&sign_in, 100).await;
    }
    assert!(looked_at <= 60, "{looked_at} guesses in an hour");
}

/// Attempts of each kind: at least, and at most.
const ROUNDS_MIN: u16 = 30;
const ROUNDS_MAX: u16 = 300;

async fn an_unknown_user_costs_the_time_of_a_wrong_password(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add_with("li@trade.test", PASSWORD).await;
    fixture.add("wang@trade.test", Role::Sales).await;
    let sign_in = sign_in(&fixture);
    // The least of many is the time without what else the machine does; on a busy machine it takes more of them to be seen.
    let mut least = [f64::MAX; 3];
    for round in 0..ROUNDS_MAX {
        for (kind, login) in ["li@trade.test", "wang@trade.test", "nobody@trade.test"].into_iter().enumerate() {
            let client = from(10_000 + round * 3 + u16::try_from(kind).unwrap(), 1);
            let start = Instant::now();
            let outcome = sign_in.authenticate(login, &secret("Wrong-word-77"), &client).await;
            least[kind] = least[kind].min(start.elapsed().as_secs_f64());
            let text = outcome.unwrap_err().to_string();
            assert_eq!(text, "unknown user or wrong password", "{login}");
        }
        let (quick, slow) = (least.iter().copied().fold(f64::MAX, f64::min), least.iter().copied().fold(0.0, f64::max));
        if round >= ROUNDS_MIN && slow < quick * 1.35 + 0.002 {
            return;
        }
    }
    panic!("wrong password, no password, unknown user take {least:?} s");
}
