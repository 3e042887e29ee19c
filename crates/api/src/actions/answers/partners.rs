//! Partners: the trade guard's cases and partners, deliveries of the portal.

use super::{Answers, Shape, count, list, mail, moment, object, page, text, truth, whole, words};

fn state() -> Shape {
    words(["open", "proposed", "honest", "fraud"])
}

/// A case as lists show it.
fn case() -> Shape {
    object! {
        case: text(), time: moment(), direction: text(), action: text(), state: state(), partner: text(), from: text(),
        subject: text(), findings: list(text()),
    }
}

/// Payment details.
fn account() -> Shape {
    object! {
        kind: text(), value: text(), holder: text().or_null(), bank: text().or_null(), country: text().or_null(),
        currency: text().or_null(), state: text(),
    }
}

fn on_file() -> Shape {
    account().with(object! { first: moment(), last: moment(), messages: count(), source: text() })
}

fn partner() -> Shape {
    object! {
        partner: text(), domains: list(text()), first: moment(), last: moment(), received: count(), sent: count(),
        people: count(), details: count(), merged_into: text().or_null(), row: whole(),
    }
}

pub(super) fn answers() -> Answers {
    let event = object! { time: moment(), by: whole(), who: text().or_null(), what: text(), note: text() };
    let person = object! { address: text(), name: text(), messages: count() };
    let change = object! {
        time: moment(), by: whole(), who: text().or_null(), value: text(), state: text(), note: text(),
    };
    let learning = object! { address: text().or_null(), learned: count(), passed: count(), done: truth() };
    let alike = object! {
        domain: text(), own: text(), trick: text(), first: moment(), last: moment(), messages: count(),
    };
    vec![
        ("guard-cases", list(case())),
        ("guard-case-page", page(case())),
        (
            "guard-case-show",
            case().with(object! {
                message_id: text(), to: list(text()), references: list(text()), findings: list(mail::finding()),
                asked: list(account()), on_file: list(on_file()), phones: list(text()), events: list(event),
                partner_notice?: text(),
            }),
        ),
        ("guard-case-note", object! { noted: truth() }),
        ("guard-case-close", object! { state: words(["proposed", "honest", "fraud"]) }),
        ("guard-partners", list(partner())),
        (
            "guard-partner-show",
            partner().with(object! {
                people: list(person), phones: list(text()), countries: list(text()), details: list(on_file()),
                changes: list(change),
            }),
        ),
        ("guard-partner-merge", object! { partner: text() }),
        ("guard-partner-split", object! { partner: text() }),
        ("guard-partner-forget", object! { partner: text() }),
        ("guard-ledger-set", object! { state: text() }),
        ("guard-learn", object! { accounts: count() }),
        ("guard-learning", list(learning)),
        ("guard-alikes", list(alike.clone())),
        ("guard-alike-page", page(alike)),
    ]
}

pub(super) fn of_portal() -> Answers {
    let kind = || words(["password", "link"]);
    let recipient = object! {
        address: text(), local: truth(), demand: words(["pgp", "smime", "either", "portal"]).or_null(),
    };
    let listed = object! {
        name: text(), to: text(), state: words(["revoked", "expired", "shut", "used-up", "open"]), lock: kind(),
        created: moment(), expires: moment(), openings: count(), openings_max: count(), wrong: count(),
        opened: moment().or_null(), bytes: count(), replies: count(), link: text(), telephone: text().or_null(), own: text(),
    };
    let reply = object! { id: text(), created: moment(), public_key: text(), key: text(), parts: list(count()) };
    let lock = object! { kind: kind(), salt: text(), memory_kib: count(), passes: count(), lanes: count() };
    let changed = object! { name: text(), expires: moment(), openings: count(), openings_max: count() };
    vec![
        (
            "portal-recipients",
            object! {
                enabled: truth(), days: count(), days_max: count(), openings: count(), openings_max: count(),
                bytes_max: count(), sms: truth(), recipients: list(recipient),
            },
        ),
        ("portal-create", object! { name: text(), link: text() }),
        ("portal-send", object! { name: text(), link: text(), expires: moment() }),
        ("portal-list", list(listed)),
        (
            "portal-show",
            object! {
                name: text(), lock: lock, key: text(), reply_key: text(), reply_secret: text(), own: text(),
                parts: list(count()), replies: list(reply),
            },
        ),
        ("portal-revoke", changed.clone()),
        ("portal-extend", changed),
    ]
}
