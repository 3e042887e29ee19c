//! Mail on its way and kept back: lists, queue, traces, quarantine, outbound rules, what is brought and taken out.

use identity::{Effect, EntryKind};
use trace::{Direction, Found, Outcome};

use super::{
    Answers, Shape, count, free, list, map, moment, number, object, octets, page, text, truth, whole, words, words_of,
};

/// What was found of a message, and what it weighs.
pub(super) fn finding() -> Shape {
    object! { id: text(), weight: number(), text: text(), evidence: text() }
}

fn queued() -> Shape {
    object! {
        id: whole(), from: text(), to: list(text()), bytes: count(), since: moment(), due: moment().or_null(),
        held: truth(), last_answer: text().or_null(),
    }
}

fn traced() -> Shape {
    object! {
        id: text(), time: moment(), direction: words_of!(Direction), outcome: words_of!(Outcome), verdict: words_of!(Found),
        from: text(), to: list(text()), more: count(), subject: text(), bytes: count(), client: text().or_null(),
        message_id: text(),
    }
}

pub(super) fn answers() -> Answers {
    let entry = object! {
        id: whole(), list: words_of!(Effect), kind: words_of!(EntryKind), value: text(), owner: text(), reason: text(),
        since: moment(), expires: moment().or_null(), unauthenticated: truth(), despite_policy: truth(),
    };
    let recipient = object! {
        address: text(), state: text(), due: moment(), attempts: count(), last_host: text().or_null(),
        last_code: count().or_null(), last_status: text().or_null(), last_answer: text().or_null(),
    };
    let done = object! { done: words(["held", "released", "retried", "expired", "cancelled"]) };
    let step =
        object! { time: moment(), kind: text(), text: text().about("In words of the language that was asked for.") };
    let running = object! {
        since: moment(), folder: text(), done: count(), known_before: count(), left_out: count(), waits_for: text().or_null(),
    };
    let source = object! {
        host: text(), remote_user: text(), begun: moment().or_null(), ended: moment().or_null(), folders: count(),
        messages: count(), here: count(),
    };
    let folder = object! {
        folder?: text(), mailbox: text(), messages: count(), imported?: count(), would_import?: count(),
        flags_changed?: count(), removed?: count(), gone_there?: count(),
    };
    let imported = object! {
        imported?: count(), would_import?: count(), known_before: count(), left_out: list(text()), keywords_lost?: count(),
        folders: list(folder), flags_changed?: count(), waits?: count(),
    };
    vec![
        ("list-add", entry.clone()),
        ("list-remove", object! { removed: text() }),
        ("list-show", list(entry)),
        ("queue-list", list(queued())),
        ("queue-page", page(queued())),
        (
            "queue-show",
            object! {
                id: whole(), from: text(), bytes: count(), since: moment(), expires: moment(), held: truth(),
                recipients: list(recipient),
            },
        ),
        ("queue-hold", done.clone()),
        ("queue-release", done.clone()),
        ("queue-retry", super::either([done.clone(), object! { retried: count() }])),
        ("queue-expire", done.clone()),
        ("queue-cancel", done),
        ("trace-list", page(traced())),
        ("trace-show", traced().with(object! { standing: text(), steps: list(step) })),
        ("import", imported.clone()),
        ("import-imap", imported),
        ("import-show", object! { running: running.or_null(), sources: list(source) }),
        (
            "export",
            object! { path: text(), folders: count(), messages: count(), bytes: count(), keywords_lost?: count() },
        ),
    ]
}

/// A message in quarantine.
fn quarantined() -> Shape {
    object! {
        id: text(), time: moment(), from: text(), subject: text(), to: list(object! { address: text(), state: text() }),
        bytes: count(), expires: moment(), unwanted: number(), findings: list(text()),
    }
}

/// What it was judged to be.
pub(super) fn verdict() -> Shape {
    object! {
        action: super::judging::done(), probability_spam: number(), probability_phish: number(),
        probability_unwanted: number(), probability_fraud: number(), findings: list(finding()),
    }
}

/// Rules for outbound mail, whose conditions nest.
fn rule() -> Shape {
    object! {
        name: text(), priority: count(), mode: text(), direction: text(), scope?: map(list(text())),
        when: free("A condition, as a rule is given with."), unless?: free("A condition, as a rule is given with."),
        actions: list(free("An action, as a rule is given with: a word, or an object of one field.")), stop?: truth(),
        shipped?: truth(),
    }
}

pub(super) fn of_quarantine() -> Answers {
    let in_words = quarantined().with(object! { why?: list(text()) });
    let shown = quarantined().with(object! { alike: list(quarantined()) });
    let judged = super::either([shown.clone(), shown.with(verdict())]);
    let pulled = object! {
        id: text(), address: text().or_null(), time: moment(), from: text().or_null(), subject: text().or_null(),
        quarantine: truth(), returned: truth(),
    };
    let matched = object! { rule: text(), found: list(text()) };
    let tested = matched.clone().with(object! { mode: text(), actions: list(text()) });
    let held = object! { id: text(), at: moment(), decision: text(), rules: list(text()) };
    let waiting = object! {
        id: text(), sender: text().or_null(), to: list(text()), subject: text(), reason: text().or_null(), rules: list(matched),
        needs: list(object! { rule: text(), by: text(), given: truth() }), state: words_of!(::outbound::waiting::State),
        since: moment(), expires: moment(), note: text(), may_decide: truth(), by_itself: truth(),
    };
    let decided = object! { id: text(), state: words_of!(::outbound::waiting::State), needs: count() };
    let stretches = list(object! { text: text(), rules: list(text()) });
    let file = object! {
        name: stretches.clone(), kinds: list(text()), octets: count(), locked: truth(),
        found: list(object! { rule: text(), text: text() }),
    };
    let reading = object! {
        envelope_from: text(), fields: list(object! { name: text(), value: text() }), subject_read: stretches.clone(),
        body: stretches, cut: truth(), unreadable: truth(), files: list(file),
    };
    vec![
        ("quarantine-list", list(in_words.clone())),
        ("quarantine-page", page(in_words)),
        ("quarantine-show", judged),
        ("quarantine-release", object! { released: count() }),
        ("quarantine-release-train", object! { released: count() }),
        ("quarantine-delete", object! { deleted: count() }),
        ("quarantine-message", object! { base64: octets() }),
        ("mail-report", object! { noted: truth() }),
        ("judged-report", object! { noted: truth() }),
        ("pulled-list", list(pulled.clone())),
        ("pulled-page", page(pulled)),
        ("pulled-return", object! { returned: count() }),
        ("outbound-rules", list(rule())),
        ("outbound-rule-set", object! { rule: text() }),
        ("outbound-rule-remove", object! { removed: text() }),
        (
            "outbound-test",
            object! { decision: text(), approvers: list(text()), needs_approval: truth(), rules: list(tested) },
        ),
        (
            "outbound-replay",
            object! {
                address: text(), messages: count(), passed_over: count(), more: super::either([truth(), text()]),
                decisions: map(count()), rules: map(count()), held: list(held),
            },
        ),
        ("outbound-marks", list(object! { name: text(), at: moment(), hashes: count() })),
        ("outbound-mark-add", object! { marked: text(), hashes: count() }),
        ("outbound-mark-remove", object! { removed: text() }),
        ("outbound-waiting", list(waiting.clone())),
        ("outbound-waiting-show", waiting.with(reading)),
        ("outbound-approve", decided.clone()),
        ("outbound-refuse", decided),
    ]
}
