use std::time::Duration;

use super::*;
use crate::features::{Feature, features};
use crate::levels::Levels;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn attempt() -> Attempt {
    Attempt {
        at: START,
        address: "203.0.113.9".parse().unwrap(),
        protocol: "web".to_owned(),
        method: "password".to_owned(),
        agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned()),
        tls: None,
        device: Device::Unknown,
        strong: false,
    }
}

/// An account that has signed in `n` times, always as `usual` and from `place`, among many like it.
fn history(usual: &Attempt, place: &Place, n: u64, attempt: &Attempt, now: &Place) -> History {
    let usual_features = features(usual, place);
    let counted = features(attempt, now).into_iter().map(|feature: Feature| {
        let seen = if usual_features.contains(&feature) { n } else { 0 };
        let kind = Count { seen, total: n, distinct: 1 };
        Counted { feature, own: kind, all: Count { seen: seen + 50, total: 10_000, distinct: 1_000 } }
    });
    let country = place.country.clone().unwrap_or_default();
    History {
        sign_ins: n,
        countries: BTreeMap::from([(country, n)]),
        last: Some(LastSeen { at: START, place: place.clone() }),
        counted: counted.collect(),
        bare: Count { seen: if usual.device == Device::Unknown { n } else { 0 }, total: n, distinct: 1 },
        surroundings: Surroundings::default(),
        is_confirmed: false,
    }
}

fn rules(assessment: &Assessment) -> Vec<&str> {
    assessment.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

fn policy(level: &str) -> Policy {
    Levels::shipped().unwrap().policy(level).clone()
}

#[test]
fn the_usual_sign_in_passes_at_every_level() {
    let (usual, home) = (attempt(), Place::of_country("CN"));
    let history = history(&usual, &home, 40, &usual, &home);
    for level in ["basic", "enhanced", "trade"] {
        let assessment = assess(&usual, &home, &history, &policy(level));
        assert_eq!((assessment.answer, rules(&assessment)), (Answer::Pass, vec![]), "{level}");
    }
}

#[test]
fn an_account_without_history_passes() {
    let home = Place::of_country("CN");
    let assessment = assess(&attempt(), &home, &History::default(), &policy("trade"));
    assert_eq!(assessment.answer, Answer::Pass);
}

#[test]
fn nobody_travels_that_fast() {
    let (usual, home, abroad) = (attempt(), Place::of_country("CN"), Place::of_country("BR"));
    let mut away = attempt();
    away.address = "198.51.100.9".parse().unwrap();
    let check = |hours: u64, known: u64| {
        let mut away = away.clone();
        away.at = START.plus(Duration::from_secs(hours * 3_600));
        let mut history = history(&usual, &home, 40, &away, &abroad);
        if known > 0 {
            history.countries.insert("BR".to_owned(), known);
        }
        let found = assess(&away, &abroad, &history, &policy("trade"));
        found.findings.iter().any(|finding| finding.rule == "impossible-travel")
    };
    assert!(check(1, 0));
    assert!(!check(30, 0), "by plane");
    assert!(!check(1, 3), "a network that leaves in Brazil is known of the person");
    // Neighbours whose borders are nearer than their middles.
    let hong_kong = Place::of_country("HK");
    let history = history(&usual, &home, 40, &away, &hong_kong);
    assert!(!rules(&assess(&away, &hong_kong, &history, &policy("trade"))).contains(&"impossible-travel"));
}

#[test]
fn it_is_night_at_home_and_the_attempt_comes_from_abroad() {
    let (usual, home, abroad) = (attempt(), Place::of_country("CN"), Place::of_country("BR"));
    let mut away = attempt();
    // 08:00 UTC is 16:00 in China; ten hours later it is two at night there.
    let found = |away: &Attempt, place: &Place| {
        let history = history(&usual, &home, 40, away, place);
        assess(away, place, &history, &policy("trade")).findings.iter().any(|finding| finding.rule == "night-abroad")
    };
    away.at = START.plus(Duration::from_secs(10 * 3_600));
    assert!(found(&away, &abroad));
    assert!(!found(&away, &home), "late, but at home");
    away.at = START.plus(Duration::from_secs(2 * 3_600));
    assert!(!found(&away, &abroad));
}

#[test]
fn freezing_needs_two_independent_signals_one_of_them_grave() {
    let (usual, home, abroad) = (attempt(), Place::of_country("CN"), Place::of_country("BR"));
    let mut thief = attempt();
    thief.at = START.plus(Duration::from_secs(600));
    thief.address = "198.51.100.9".parse().unwrap();
    // Travel and country are one signal.
    let history_of = |thief: &Attempt| history(&usual, &home, 40, thief, &abroad);
    let one = assess(&thief, &abroad, &history_of(&thief), &policy("trade"));
    assert_eq!(rules(&one), ["new-country", "impossible-travel"]);
    assert_eq!(one.answer, Answer::Refuse);
    thief.agent = Some("curl/8.5".to_owned());
    let two = assess(&thief, &abroad, &history_of(&thief), &policy("trade"));
    assert!(rules(&two).contains(&"new-device"), "{two:?}");
    assert_eq!(two.answer, Answer::Freeze);
    assert!(assess(&thief, &abroad, &history_of(&thief), &policy("basic")).answer < Answer::Freeze);
    // Two signals, but none is grave: a person abroad with a new telephone.
    thief.at = START.plus(Duration::from_secs(48 * 3_600));
    let mild = assess(&thief, &abroad, &history_of(&thief), &policy("trade"));
    assert!(rules(&mild).contains(&"new-device") && rules(&mild).contains(&"new-country"), "{mild:?}");
    assert!(mild.answer < Answer::Freeze);
}

#[test]
fn surroundings_count_only_where_the_network_is_new_to_the_account() {
    let (usual, home) = (attempt(), Place::of_country("CN"));
    let mut history = history(&usual, &home, 40, &usual, &home);
    history.surroundings =
        Surroundings { failed_accounts: 9, new_accounts: 9, failed_tries: 99, network_is_known: false };
    let assessment = assess(&usual, &home, &history, &policy("trade"));
    assert_eq!(rules(&assessment), ["spraying", "many-accounts", "guessing"]);
    assert_eq!(assessment.answer, Answer::Refuse, "one signal only");
    history.surroundings.network_is_known = true;
    assert!(rules(&assess(&usual, &home, &history, &policy("trade"))).is_empty(), "the office is not shut out");
}

#[test]
fn whoever_shows_a_known_device_or_a_strong_factor_is_not_shut_out() {
    let (mut usual, home, abroad) = (attempt(), Place::of_country("CN"), Place::of_country("BR"));
    usual.device = Device::Token("laptop".to_owned());
    let mut away = usual.clone();
    away.at = START.plus(Duration::from_secs(600));
    away.agent = Some("curl/8.5".to_owned());
    let answer = |away: &Attempt| {
        let mut history = history(&usual, &home, 40, away, &abroad);
        history.surroundings.failed_accounts = 99;
        assess(away, &abroad, &history, &policy("trade")).answer
    };
    assert_eq!(answer(&away), Answer::Demand, "a token may be stolen");
    away.device = Device::Credential("laptop".to_owned());
    assert_eq!(answer(&away), Answer::Tell);
    away.device = Device::Token("another".to_owned());
    assert_eq!(answer(&away), Answer::Freeze);
    away.strong = true;
    assert_eq!(answer(&away), Answer::Tell);
}
