use std::time::Duration;

use super::*;
use crate::deliver::route::{Credentials, Relay};

fn record(usage: u8) -> Tlsa {
    Tlsa { usage, selector: 1, matching: 1, data: vec![7; 32] }
}

fn usable() -> Dane {
    Dane::Usable { base: "mx.example".to_owned(), records: vec![record(3)] }
}

fn policy(mode: Mode, host: &str) -> Policy {
    Policy { mode, hosts: vec![host.to_owned()], max_age: Duration::from_secs(86_400) }
}

/// A row of the table: what is known, and what follows.
struct Case {
    dane: Dane,
    policy: Option<Policy>,
    requiretls: bool,
    is_named: bool,
    way: Way,
    expected: Result<(Trust, Reason), Barred>,
}

fn case(dane: Dane, policy: Option<Policy>, expected: Result<(Trust, Reason), Barred>) -> Case {
    Case { dane, policy, requiretls: false, is_named: false, way: Way::default(), expected }
}

fn check(cases: Vec<Case>) {
    for (number, case) in cases.into_iter().enumerate() {
        let facts = Facts {
            way: &case.way,
            host: "mx.example",
            requiretls: case.requiretls,
            tls_optional: false,
            is_named: case.is_named,
            dane: case.dane,
            policy: case.policy.as_ref(),
        };
        let found = decide(facts).map(|security| (security.trust, security.reason));
        assert_eq!(found, case.expected, "case {number}");
    }
}

fn dane_trust() -> Trust {
    Trust::Dane { base: "mx.example".to_owned(), records: vec![record(3)] }
}

#[test]
fn the_domain_decides() {
    let undecided = Dane::Undecided("no answer".to_owned());
    let barred = Barred::Undecided("no answer".to_owned());
    let (enforced, other) = (policy(Mode::Enforce, "mx.example"), policy(Mode::Enforce, "other.example"));
    check(vec![
        case(Dane::Absent, None, Ok((Trust::Opportunistic, Reason::Nothing))),
        // RFC 7672 section 2.2: never opportunistic where the records are unknown, nor in clear where they are of no use.
        case(undecided.clone(), None, Err(barred.clone())),
        case(undecided, Some(enforced.clone()), Err(barred)),
        case(Dane::Unusable, None, Ok((Trust::Anyone, Reason::Dane))),
        case(usable(), None, Ok((dane_trust(), Reason::Dane))),
        // RFC 8461 section 2: DANE goes before a policy, whatever it says.
        case(usable(), Some(other.clone()), Ok((dane_trust(), Reason::Dane))),
        case(Dane::Unusable, Some(other.clone()), Err(Barred::NotInPolicy)),
        case(Dane::Absent, Some(enforced), Ok((Trust::Authorities, Reason::MtaSts))),
        case(Dane::Absent, Some(other), Err(Barred::NotInPolicy)),
        // Testing is not enforced.
        case(Dane::Absent, Some(policy(Mode::Testing, "other.example")), Ok((Trust::Opportunistic, Reason::Nothing))),
        case(Dane::Absent, Some(policy(Mode::None, "other.example")), Ok((Trust::Opportunistic, Reason::Nothing))),
    ]);
}

#[test]
fn the_sender_decides() {
    let required =
        |dane, policy, is_named, expected| Case { requiretls: true, is_named, ..case(dane, policy, expected) };
    let verified = || Ok((Trust::Authorities, Reason::RequireTls));
    check(vec![
        required(Dane::Absent, None, true, verified()),
        required(Dane::Unusable, None, true, verified()),
        required(usable(), None, true, Ok((dane_trust(), Reason::Dane))),
        // RFC 8689 section 4.2.1 step 2.
        required(Dane::Absent, None, false, Err(Barred::NameNotProven)),
        required(Dane::Absent, Some(policy(Mode::Testing, "mx.example")), false, verified()),
        required(Dane::Absent, Some(policy(Mode::Testing, "other.example")), false, Err(Barred::NameNotProven)),
        required(Dane::Absent, Some(policy(Mode::None, "mx.example")), false, Err(Barred::NameNotProven)),
    ]);
}

#[test]
fn the_administrator_decides() {
    let required = || Way { tls: TlsDemand::Required, ..Way::default() };
    let credentials = Credentials { user: "us".to_owned(), password: env::Secret::new("pw".to_owned()) };
    let relay = Relay { host: "mx.example".to_owned(), port: 587, credentials: Some(credentials) };
    let routed = |way, dane, policy, expected| Case { way, ..case(dane, policy, expected) };
    check(vec![
        routed(required(), Dane::Absent, None, Ok((Trust::Authorities, Reason::Route))),
        routed(required(), Dane::Unusable, None, Ok((Trust::Authorities, Reason::Route))),
        routed(required(), usable(), None, Ok((dane_trust(), Reason::Dane))),
        routed(
            Way { relay: Some(relay), ..Way::default() },
            Dane::Absent,
            None,
            Ok((Trust::Authorities, Reason::Route)),
        ),
    ]);
    let way = Way { tls13: true, ..required() };
    let decided = |tls_optional| {
        let (host, dane) = ("mx.example", Dane::Undecided("no answer".to_owned()));
        decide(Facts { way: &way, host, requiretls: false, tls_optional, is_named: true, dane, policy: None })
    };
    assert!(decided(false).is_err());
    // Reports go in spite of what the domain asks for, but not in spite of the administrator.
    let expected = Security { trust: Trust::Authorities, tls13: true, reason: Reason::Route };
    assert_eq!(decided(true), Ok(expected));
}
