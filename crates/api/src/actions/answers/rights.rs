//! Who may do what: roles, the table of rights, grants, requests that wait for a second person, what is on record, sign-ins.

use access::{Effect, Scope};
use identity::rights::Outcome;
use identity::{AccountKind, AccountState, Level};

use super::{
    Answers, Shape, count, either, file, free, list, map, moment, number, object, octets, page, people, text, truth,
    whole, words, words_of,
};

/// An entry of the record.
fn event() -> Shape {
    object! {
        id: text().or_null(), at: moment(), who: text(), via: text(), from: text().or_null(), action: text(),
        en: text().or_null(), zh: text().or_null(), on: text(), outcome: words_of!(Outcome), because: text(),
    }
}

/// A request that waits, or did, for a second person.
fn approval() -> Shape {
    let state = ["waiting", "approved", "refused", "done", "failed", "lapsed"];
    object! {
        request: whole(), by: text().or_null(), action: text(), en: text().or_null(), zh: text().or_null(),
        details: map(free("A field of the request, as its action is described.")).or_null(), state: words(state),
        since: moment(), expires: moment(), outcome: text().or_null(),
    }
}

fn grant() -> Shape {
    object! {
        grant: whole(), mail_of: text().or_null(), asked_by: text().or_null(), second_person: text().or_null(), state: text(),
        reason: text(), asked: moment(), hours: count(), until: moment(), mailboxes: list(whole()), hold: text().or_null(),
        owner_told: moment().or_null(),
    }
}

pub(super) fn answers() -> Answers {
    let given = object! { address: text(), role: text(), joins_duties: list(text()).or_null() };
    let row = object! {
        role: text(), effect: words_of!(Effect), action: text(), scope: words_of!(Scope),
        strong_factor_minutes: count().or_null(), second_person: truth(), what: text(),
    };
    let reviewed = object! {
        address: text().or_null(), name: text(), kind: words_of!(AccountKind), state: words_of!(AccountState),
        roles: list(text()), duties: list(text()), exception: text().or_null(), open_grants: count(), since: moment(),
    };
    let own = object! {
        address: text().or_null(), name: text(), organisation: text().or_null(), level: words_of!(Level).or_null(),
        alone: truth(), rights: list(text()),
    };
    let explained = object! {
        who: text(), action: text(), on: text(), answer: words(["allowed", "refused", "allowed with more"]), because: text(),
        needs: list(text()), rows: list(object! { row: text(), applies: truth() }),
    };
    let sign_off = object! { id: text().or_null(), at: moment(), who: text(), period: text(), note: text() };
    let mailbox = object! { mailbox: text(), messages: count() };
    let message = object! {
        uid: count(), received: moment(), bytes: count(), from: text().or_null(), subject: text().or_null(),
        preview: text().or_null(),
    };
    let decided = object! { grant: whole(), state: text(), until: moment().or_null() };
    vec![
        ("user-role", given.clone()),
        ("role-list", list(object! { role: text(), shipped: truth(), what: text() })),
        ("role-define", object! { role: text() }),
        ("role-remove", object! { removed: text() }),
        ("role-give", given),
        ("role-take", object! { address: text(), without: text() }),
        ("access-own", own),
        ("access-table", list(row)),
        ("access-review", list(reviewed)),
        ("access-sign-off", object! { period: text() }),
        ("access-sign-offs", list(sign_off)),
        ("access-explain", explained),
        ("access-log", list(event())),
        ("audit-page", page(event())),
        ("access-approval", object! { action: text(), second_person: truth() }),
        ("grant-ask", object! { grant: whole(), state: text() }),
        ("grant-approve", decided.clone()),
        ("grant-refuse", decided),
        ("grant-revoke", object! { grant: whole(), state: text() }),
        ("grant-lift-hold", object! { grant: whole(), held: truth() }),
        ("grant-list", list(grant())),
        ("grant-own", list(grant())),
        ("grant-mail", either([list(mailbox), object! { messages: list(message), older_not_shown: count() }])),
        ("grant-message", object! { uid: count(), base64: octets() }),
        ("approval-list", list(approval())),
        (
            "approval-decide",
            object! {
                request: whole(), state: words(["refused", "done", "failed"]),
                answer: free("What the action that was agreed to answers, as it is described; null if there is none."),
                outcome: text().or_null(),
            },
        ),
    ]
}

fn sign_in() -> Shape {
    let outcome = ["accepted", "wrong", "disabled", "factor-needed", "refused", "frozen", "throttled"];
    object! {
        id: whole(), time: moment(), account: text().or_null(), outcome: words(outcome),
        answer: words(["pass", "tell", "demand", "refuse", "freeze"]).or_null(), from: text(), country: text().or_null(),
        spot: list(number()).about("Latitude and longitude.").or_null(), by: text(), said: words(["", "mine", "not-mine"]),
    }
}

pub(super) fn of_sign_ins() -> Answers {
    let part = object! { dimension: text(), weight: number() };
    vec![
        ("sign-in-list", list(sign_in())),
        ("sign-in-page", page(sign_in())),
        (
            "sign-in-show",
            sign_in().with(object! {
                program: text().or_null(), device: text().or_null(), tls: text().or_null(), operator: text().or_null(),
                strong_factor: truth(), score: number().or_null(), parts: list(part), findings: list(text()),
                why: list(text()),
            }),
        ),
        ("sign-in-answer", object! { id: whole(), said: text(), frozen: truth() }),
        ("user-unfreeze", people::told_password().with(object! { thawed: truth() })),
        ("sign-in-review", file()),
        ("access-report", file()),
    ]
}
