//! Backups, what comes back from them, rehearsals.

use super::{
    Answers, Shape, count, either, list, map, moment, number, object, only, text, truth, whole, words, words_of,
};

fn backup() -> Shape {
    object! { id: text(), host: text(), taken: moment(), taken_millis: whole(), bytes: count(), added_bytes: count() }
}

/// What a backup has that is not there now.
fn earlier() -> Shape {
    let folder = object! {
        address: text(), folder: text(), messages: count(), missing: count(), missing_bytes: count(), first: text().or_null(),
        last: text().or_null(),
    };
    object! { backup: text(), taken: moment(), moment: text(), folders: list(folder) }
}

fn restored() -> Shape {
    let account = object! { address: text(), restored: count(), same_content: count(), over_quota: count() };
    object! { accounts: list(account) }
}

pub(super) fn answers() -> Answers {
    let taken = backup().with(object! {
        location: text(), accounts: count(), messages: count(), kept?: count(), deleted?: count(), not_deleted?: text(),
        not_erased?: text(), damaged?: text(), deleted_steps?: count(), steps_not_deleted?: text(),
    });
    let span = object! { from: text(), to: text(), to_millis: whole(), steps: count() };
    let listed = object! { repository: text(), backups: list(backup()), reachable: list(span) };
    let failed = object! { repository: text(), failure: text() };
    let checked = object! { repository: text(), sound: truth(), findings: list(text()) };
    let unchecked = object! { repository: text(), sound: only(false), failure: text() };
    let points = object! {
        from: text().or_null(), last: text().or_null(), lacks_seconds: whole(), failing_since: text().or_null(),
        failure: text().or_null(),
    };
    let standing = object! {
        repository: text(), state: words(["none", "good", "failing", "late"]), last_good: moment().or_null(),
        age_seconds: whole().or_null(), next: moment().or_null(), bytes: count().or_null(), added_bytes: count().or_null(),
        under_way: object! { since: moment(), total_bytes: count(), read_bytes: count() }.or_null(),
        failing_since: moment().or_null(), failure: text().or_null(), points: points.or_null(),
        repository_bytes: count().or_null(), unreachable: text().or_null(), may_not_cross: text().or_null(),
    };
    let level = || words_of!(identity::Level);
    let wants = object! { days: count(), off_machine: truth(), regions: count(), undeletable: truth() };
    let erasure = object! {
        account: text(), organisation: text(), erased: moment(), reached: map(moment()), waiting: list(text()),
    };
    let message = object! {
        id: text(), folder: text(), received: moment(), size: count(), seen: truth(), message_id: text().or_null(),
        from?: text(), subject?: text(),
    };
    let rehearsal = object! {
        host: text(), program: text(), begun: text(), sound: truth(), repository: text(), backup: text(), taken: text(),
        recovery_seconds: number(), data_age_seconds: number(),
        checks: list(object! { check: text(), sound: truth(), detail: text() }), files: list(text()),
    };
    vec![
        ("backup-run", object! { backups: list(taken) }),
        (
            "backup-status",
            object! { level: level(), keep_days: count(), missing: list(text()), repositories: list(standing) },
        ),
        (
            "backup-needs",
            object! {
                level: level(), wants: wants, missing: list(text()), refused: list(object! { repository: text(), why: text() }),
            },
        ),
        ("backup-list", object! { repositories: list(either([listed, failed])) }),
        ("backup-check", object! { sound: truth(), repositories: list(either([checked, unchecked])) }),
        ("backup-erasures", object! { erasures: list(erasure) }),
        ("backup-mail", earlier().with(object! { messages: list(message) })),
        ("backup-mail-restore", earlier().with(restored())),
        ("backup-domain", earlier()),
        ("backup-domain-restore", earlier().with(restored())),
        ("backup-rehearse", rehearsal),
    ]
}
