//! The running installation: the store, the audit log, reports of others and to others, evidence, the overview.

use ::evidence::{SightState, State};
use reports::overview::Rhythm;

use super::{
    Answers, Shape, count, either, free, list, map, moment, object, octets, only, text, truth, whole, words, words_of,
};

fn sight() -> Shape {
    object! { kind: text(), object: text(), state: words_of!(SightState), found: text(), at: whole() }
}

pub(super) fn answers() -> Answers {
    let dmarc = object! {
        domain: text(), source: text(), messages: count(), passed: count(), failed: count(), dkim: count(), spf: count(),
        quarantined: count(), rejected: count(), reporters: list(text()),
    };
    let failure = object! {
        received: moment(), reporter: text(), domain: text(), failed: text(), source: text().or_null(),
        mail_from: text().or_null(), from: text().or_null(), arrival: text().or_null(), delivery: text().or_null(),
        messages: count(),
    };
    let connection = object! {
        type: text(), connections: count(), host: text().or_null(), from: text().or_null(), reason: text().or_null(),
    };
    let tls = object! {
        from: text(), authenticated: text().or_null(), id: text(), received: moment(), begin: text(), end: text(),
        domains: list(text()), with_tls: count(), failed: count(), failures: list(connection),
    };
    let proof = object! { place: count(), size: count(), path: list(text()) };
    let scrubbed = object! {
        damaged: count(), mended: count(), lost: list(text()), failures?: list(text()), sound: truth(), blobs: count(),
        bytes: count(), database: list(text()),
    };
    let sent = object! { at: moment(), period: text(), recipients: count(), unreachable: list(text()) };
    let report = object! {
        id: text(), name: text(), rhythm: words_of!(Rhythm), hour: count(), time_zone: text(),
        recipients: list(object! { address: text(), language: text(), here: truth() }), next: moment(), last: sent.or_null(),
    };
    vec![
        ("report-dmarc", list(dmarc)),
        ("report-failures", list(failure)),
        ("report-send", object! { sent: count() }),
        ("report-tls", list(tls)),
        ("report-tls-send", object! { reports: count() }),
        ("store-check", object! { sound: truth(), findings: list(text()), messages: count(), accounts: count() }),
        ("store-scrub", scrubbed),
        ("store-collect", object! { blobs: count(), moved_blobs: count(), segments: count(), segment_bytes: count() }),
        ("audit-seal", object! { records: count(), size: count() }),
        (
            "audit-head",
            object! {
                key: text().or_null(), time: moment().or_null(), checkpoint: text().or_null(), cosigned: text().or_null(),
                cosigners: list(text()),
            },
        ),
        (
            "audit-prove",
            object! {
                record: text(), proof: proof, checkpoint: text(),
                disclosed: object! { salt: text(), text: text() }.or_null(),
            },
        ),
        ("audit-export", object! { directory: text(), records: count(), files: count() }),
        ("overview-report-list", list(report.clone())),
        ("overview-report-set", report),
        ("overview-report-remove", object! { id: text(), removed: truth() }),
        ("overview-report-send", object! { id: text(), period: text(), sent: count(), unreachable: list(text()) }),
    ]
}

/// How we stand on blocklists.
fn blocklists() -> Shape {
    let asked = object! {
        list: text(), kind: words(["addresses", "domains"]), link: text().or_null(), answered: text().or_null(),
    };
    let listing = object! {
        list: text(), object: text(), since: moment(), seen: moment(), gone: moment().or_null(), codes: text(), said: text(),
        link: text().or_null(),
    };
    object! {
        at: moment().or_null(), every_hours: count(), addresses: list(text()), domains: count(), lists: list(asked),
        listings: list(listing),
    }
}

/// A way by which mail leaves or comes in.
fn connector() -> Shape {
    let any = object! {
        id: text(), name: text().or_null(), enabled: truth(), position: whole().or_null(), from_settings: truth(),
    };
    let out = object! {
        direction: only("out"), domains: list(text()), relay: text().or_null(), encryption: text().or_null(),
        user: text().or_null(), source: text().or_null(),
    };
    let inward = object! {
        direction: only("in"), domains: list(text()), networks: list(text()), certificates: list(text()), needs_tls: truth(),
        only_from: truth(), account: text().or_null(),
    };
    either([any.clone().with(out), any.with(inward)])
}

pub(super) fn of_neighbours() -> Answers {
    let step = object! { step: text(), outcome: text(), detail: text() };
    vec![
        ("blocklist-list", blocklists()),
        ("blocklist-look", blocklists()),
        ("connector-list", list(connector())),
        ("connector-set", connector()),
        ("connector-remove", object! { id: text(), removed: truth() }),
        ("connector-test", object! { id: text(), domain: text(), steps: list(step) }),
    ]
}

/// A figure that a check read.
fn figure() -> Shape {
    object! { figure: text(), name: text(), value: free("A number, a text, a boolean or a list, as the figure is.") }
}

fn mend() -> Shape {
    object! { kind: text(), name: text() }
}

/// A check with what it read.
fn check() -> Shape {
    object! {
        check: text(), title: text(), area: text(), state: words_of!(State), why: list(text()),
        figures: list(figure().with(object! { source: text() })), looked: moment(), since: moment(), mend: list(mend()),
    }
}

/// An item of a standard or a law, with checks as `of` shows them.
fn item(of: Shape) -> Shape {
    object! { item: text(), title: text(), state: words_of!(State), person: text().or_null(), checks: list(of) }
}

fn counts() -> Shape {
    object! { passed: count(), failed: count(), "needs-a-person": count() }
}

pub(super) fn of_evidence() -> Answers {
    let change = object! {
        check: text(), title: text(), at: moment(), state: words_of!(State), why: list(text()),
    };
    let history = object! { history: list(change) };
    let short = object! { check: text(), state: words_of!(State), why: list(text()) };
    let area = object! {
        area: text(), title: text(), state: words_of!(State), check: text(), why: text(), figures: list(figure()),
        since: moment(), looked: moment(), mend: mend().or_null(),
        checks: list(object! { check: text(), state: words_of!(State) }),
    };
    let number = object! {
        number: text(), title: text(), list: text(), day?: whole(), week?: whole(), now?: whole(), oldest?: moment().or_null(),
        last?: moment().or_null(), end?: moment().or_null(), used_bytes?: count().or_null(), free_bytes?: count().or_null(),
    };
    let file = object! { file: text(), base64: octets() };
    vec![
        ("overview", object! { at: moment(), counts: counts(), areas: list(area), numbers: list(number) }),
        (
            "evidence-list",
            object! {
                framework: text(), counts: counts(), rows: list(either([check(), item(short)])), cursor: text().or_null(),
            },
        ),
        ("evidence-show", either([check().with(history.clone()), item(check()).with(history)])),
        ("evidence-look", object! { at: moment(), sights: list(sight()) }),
        (
            "evidence-report",
            object! {
                name: text(), counts: map(count()).or_null(), files: list(file),
                note: object! { file: text(), text: text() }, key: text().or_null(),
            },
        ),
    ]
}
