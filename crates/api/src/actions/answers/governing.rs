//! Holds, retention, settings, the whole configuration, levels, protection of partners, regions.

use residence::{Basis, Class, Kind, Shield};

use super::{Answers, Shape, count, either, free, list, moment, object, page, table, text, truth, whole, words_of};

pub(super) fn answers() -> Answers {
    let hold = object! {
        id: text(), name: text(), reason: text(), everyone: truth(), accounts: list(text()), with: text().or_null(),
        since: moment().or_null(), before: moment().or_null(), begun: moment(), begun_by: text(), ended: moment().or_null(),
        ended_by: text(), ended_reason: text(),
    };
    let rule = object! {
        name: text(), days: count(), folder: text().or_null(), label: text().or_null(), from: text().or_null(),
        larger_mib: count().or_null(), group: text().or_null(), flagged_too: truth(), off: truth(), by: text(),
        last_run: moment().or_null(),
    };
    let journal_rule = object! {
        name: text(), days: count(), reason: text(), account: text().or_null(), group: text().or_null(),
        with: text().or_null(), direction: text().or_null(), by_law: truth(), report_to: text().or_null(), begun: moment(),
        by: text(), ended: moment().or_null(), ended_by: text(), ended_reason: text(),
    };
    let sample = object! { address: text().or_null(), since: moment(), size: count() };
    let preview = object! {
        messages: count(), bytes: count(), accounts: count(), held: count(), samples: list(sample),
    };
    let removed = object! {
        id: text(), removed: moment(), until: moment(), received: moment(), size: count(), from: text(), subject: text(),
    };
    let demand = object! { partner: text(), ways: list(words_of!(::mail::protection::Means)), since: moment() };
    vec![
        ("hold-begin", object! { id: text() }),
        ("hold-end", object! { ended: text() }),
        ("hold-list", list(hold)),
        ("journal-rule-set", object! { rule: text() }),
        ("journal-rule-list", list(journal_rule)),
        ("journal-rule-end", object! { ended: text() }),
        ("retention-window", object! { days: count(), messages: count(), bytes: count() }),
        ("retention-window-set", object! { days: count() }),
        ("retention-rule-set", object! { rule: text() }),
        ("retention-rule-list", list(rule)),
        ("retention-rule-preview", preview.clone()),
        ("retention-rule-try", preview),
        ("retention-rule-remove", object! { removed: text() }),
        ("mail-removed", list(removed)),
        ("mail-recover", object! { recovered: count(), more: truth(), mailbox: text() }),
        ("protection-list", list(demand.clone())),
        ("protection-set", demand),
        ("protection-remove", object! { partner: text(), removed: truth() }),
    ]
}

/// The value of a setting, of the type that the setting has; null where there is none.
fn value() -> Shape {
    free("Of the type that the setting has; null where there is none; \u{2026} for a secret.")
}

fn applies() -> Shape {
    words_of!(configuration::Applies)
}

fn version() -> Shape {
    object! {
        name: text(), version: whole(), at: moment(), by: text(), old: value(), new: value(), how: text(), reason: text(),
        protects_less: truth(),
    }
}

/// A setting of the installation.
fn setting() -> Shape {
    object! {
        name: text(), section: text(), about: text(), doc: text(), type: words_of!(configuration::Kind),
        unit: text().or_null(), default: value(), value: value(), text: text().or_null(), secret: truth(), source: text(),
        source_words: text(), applies: applies(), applies_words: text(), changed: truth(), pending: value(),
        pending_on: list(count()), conflict: text().or_null(),
        file: object! { path: text(), line: count(), value: value() }.or_null(), file_on: list(count()), stored: value(),
        version: whole(), changed_by: text().or_null(), changed_at: moment().or_null(), reason: text().or_null(),
    }
}

/// What the protection level makes of an organisation.
fn facet() -> Shape {
    object! {
        name: text(), section: text(), doc: text(), type: text(), default: text(), value: text(), text: text(),
        secret: truth(), source: text(), source_words: text(), applies: applies(), applies_words: text(), changed: truth(),
        changed_with: text(), changed_by: text().or_null(), changed_at: moment().or_null(), reason: text().or_null(),
    }
}

pub(super) fn of_settings() -> Answers {
    let changed = object! {
        name: text(), version: whole(), old: value(), new: value(), applies: applies(), changed: truth(),
        protects_less: truth(),
    };
    let difference = object! { what: text(), old: text().or_null(), new: text().or_null(), protects_less: truth() };
    let differences = object! { differences: list(difference), applied: truth() };
    let row = object! { what: text(), from: text().or_null(), to: text().or_null() };
    vec![
        (
            "setting-list",
            object! {
                settings: list(either([setting(), facet()])), next: text().or_null(), total: count(),
                sections: list(text()), node: count(), file: text().or_null(),
            },
        ),
        ("setting-show", setting().with(object! { history: list(version()) })),
        ("setting-set", changed.clone()),
        ("setting-undo", changed),
        ("setting-history", object! { versions: list(version()), next: text().or_null() }),
        ("config-export", object! { text: text() }),
        ("config-compare", differences.clone()),
        ("config-import", differences),
        ("level-diff", object! { from: text(), to: text(), differences: list(row), same: count() }),
    ]
}

fn transfer() -> Shape {
    object! {
        at: moment(), kind: text(), from: text(), to: text(), country: text(), classification: text(), crossed: truth(),
        rule: text(), encryption: text(), basis: text(), by: text(), what: text(),
    }
}

pub(super) fn of_regions() -> Answers {
    let region = object! { region: text(), country: text(), server?: text().or_null(), own: truth() };
    let home = object! { name: text(), region: text() };
    let rule = object! {
        name: text(), kind: words_of!(Kind), from: text(), to: text(), classification: words_of!(Class),
        encryption: words_of!(Shield), basis: words_of!(Basis), reference: text(), ends: moment(), by: text(),
    };
    vec![
        ("region-list", list(region)),
        ("region-set", object! { region: text() }),
        ("region-remove", object! { removed: text() }),
        ("region-home-set", home.clone()),
        ("region-home-list", list(home)),
        ("region-home-remove", object! { removed: text() }),
        ("region-place-set", object! { address: text(), country: text().or_null() }),
        ("region-place-list", list(object! { address: text().or_null(), country: text() })),
        ("crossing-rule-set", rule.clone()),
        ("crossing-rule-list", list(rule)),
        ("crossing-rule-remove", object! { removed: text() }),
        ("transfer-list", either([list(transfer()), table()])),
        ("transfer-page", page(transfer())),
    ]
}
