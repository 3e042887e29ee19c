//! Judged mail: threats, campaigns, what people say, thresholds, reputation, complaints, feeds.

use super::{
    Answers, Shape, count, either, list, mail, map, moment, number, object, page, text, truth, words, words_of,
};

/// What is done with a message.
pub(super) fn done() -> Shape {
    words(["deliver", "warn", "junk", "quarantine", "hold", "refuse"])
}

fn direction() -> Shape {
    words(["in", "out"])
}

pub(super) fn answers() -> Answers {
    let thresholds = object! {
        warn: number(), junk: number(), quarantine: number(), refuse: number(), fraud_warn: number(), fraud_hold: number(),
    };
    let judged = object! {
        id: text(), time: moment(), from: text(), author: text().or_null(), subject: text().or_null(),
        client: text().or_null(), done: done(), judged_by: text(), same_judge: truth(), same_verdict: truth().or_null(),
        thresholds: thresholds,
    };
    let threat = object! {
        id: text(), time: moment(), direction: direction(), from: text(), subject: text(), done: text(), unwanted: number(),
        why: list(text()), waiting: count(), copies: count(),
    };
    let campaign = object! {
        id: text(), first: moment(), last: moment(), from: text(), subject: text(), common: text(), evidence: text(),
        messages: count(), done: map(count()), waiting: count(), pulled: count(),
    };
    let reported = object! {
        id: text(), time: moment(), by: text().or_null(), officer: truth(), said: words(["junk", "honest"]),
        from: text(), subject: text(), done: text(), decided: truth(),
    };
    let counts = object! {
        judged: count(), stopped: count(), rightly_stopped: count(), wrongly_stopped: count(), missed: count(),
        rightly_let: count(),
    };
    let setting = || words_of!(judgement::policy::Setting);
    let threshold = object! {
        setting: setting(), value: text(), level: words_of!(identity::Level), of_level: text(), set: text().or_null(),
        reason: text().or_null(), by: text().or_null(), since: moment().or_null(),
    };
    let departure = object! {
        setting: setting(), value: text(), below_level: text().or_null(), reason: text(), by: text(), since: moment(),
        until: moment().or_null(),
    };
    let judged_row = object! { id: text(), at: moment(), direction: direction(), done: done() };
    vec![
        ("judged-list", object! { rows: list(judged_row), cursor: text().or_null() }),
        ("judged-show", judged.with(mail::verdict())),
        ("threat-list", page(threat)),
        ("campaign-list", list(campaign.clone())),
        ("campaign-page", page(campaign)),
        ("report-list", page(reported)),
        (
            "judging-quality",
            counts.clone().with(object! {
                undecided: count(), precision: number().or_null(), recall: number().or_null(), kept_days: count(),
                days: list(counts.with(object! { day: moment() })),
            }),
        ),
        ("judging-policy", list(either([threshold, departure]))),
        ("judging-policy-set", object! { setting: setting(), value: text() }),
        ("judging-policy-clear", object! { setting: setting(), cleared: truth() }),
    ]
}

pub(super) fn of_feeds() -> Answers {
    let complaint = object! {
        time: moment(), direction: words(["sent", "received"]), kind: text(), about_or_by: text().or_null(),
        reporter: text().or_null(), to: text().or_null(), mail_from: text().or_null(), source: text().or_null(),
        subject: text(), messages: count(),
    };
    let indicator = object! {
        type: text(), spec_version: text(), id: text(), created: moment(), modified: moment(), indicator_types: list(text()),
        pattern: text(), pattern_type: text(), valid_from: moment(), valid_until: moment(), object_marking_refs: list(text()),
    };
    let attribute = object! {
        uuid: text(), type: text(), category: text(), value: text(), to_ids: truth(), first_seen: moment(),
        last_seen: moment(),
    };
    let event = object! {
        uuid: text(), info: text(), date: text(), threat_level_id: text(), analysis: text(),
        Tag: list(object! { name: text() }), Attribute: list(attribute),
    };
    let feed = object! {
        name: text(), fetched: truth(), entries: count(), refused: count(), unknown: count(), taken: text().or_null(),
        waiting: count().or_null(), fault: text().or_null(),
    };
    let refreshed = object! {
        name: text(), outcome: words(["unchanged", "taken", "waits", "failed"]), entries: count().or_null(),
        why: text().or_null(),
    };
    let known = object! {
        kind: text(), what: text(), weight: number(), bad: number(), told: number(), good: number(), seen: number(),
        last: moment(),
    };
    vec![
        ("complaint-list", list(complaint.clone())),
        ("complaint-page", page(complaint)),
        ("complaint-send", object! { sent_to: text() }),
        (
            "feeds-share",
            either([
                object! { type: text(), id: text(), objects: list(indicator) },
                object! { response: list(object! { Event: event }) },
            ]),
        ),
        ("feeds-share-link", object! { stix: text(), misp: text(), until: moment() }),
        ("feeds-list", list(feed)),
        ("feeds-refresh", list(refreshed)),
        ("feeds-accept", object! { name: text(), entries: count() }),
        ("reputation-show", list(known)),
        ("reputation-forget", object! { forgotten: count() }),
    ]
}
