//! Organisations, domains, accounts, their factors and clients, groups, shared mailboxes, provisioning.

use identity::{AccountKind, AccountState, Language, Level, Permission, Role, Senders};

use super::{
    Answers, Shape, count, either, list, moment, object, only, page, table, text, truth, whole, words, words_of,
};

fn level() -> Shape {
    words_of!(Level)
}

/// An account as lists show it.
pub(super) fn user() -> Shape {
    object! {
        address: text().or_null(), aliases: list(text()), name: text(), kind: words_of!(AccountKind),
        role: words_of!(Role), state: words_of!(AccountState), messages: count(), bytes: count(), quota_bytes: count(),
        since: moment(),
    }
}

/// The address, and the password that was made, if one was.
pub(super) fn told_password() -> Shape {
    object! { address: text(), password?: text() }
}

fn seen() -> Shape {
    let sight = object! {
        kind: text(), object: text(), state: words_of!(::evidence::SightState), found: text(), at: whole(),
    };
    list(sight)
}

pub(super) fn answers() -> Answers {
    let record = object! { name: text(), type: text(), value: text(), about: text() };
    let demand = either([
        only("nothing"),
        object! { show: list(text()) },
        object! { enrol: list(text()), until_then: list(text()), mail_clients_until: moment() },
    ]);
    let factor = object! {
        id: whole(), kind: text(), label: text(), hint: text().or_null(), since: moment(), used: moment().or_null(),
    };
    let authority = object! {
        id: whole(), authority: text(), until: moment().or_null(), revocation_list_until: moment().or_null(),
    };
    let heap = object! { count: count(), bytes: count() };
    let space = object! { address: text().or_null(), bytes: count(), quota_bytes: count(), percent: count().or_null() };
    vec![
        ("organisation-list", list(object! { organisation: text(), level: level(), since: moment() })),
        ("organisation-level", object! { level: level() }),
        ("domain-add", object! { domain: text() }),
        ("domain-list", list(object! { domain: text(), since: moment() })),
        (
            "domain-records",
            object! { domain: text(), zone: text(), records: list(record), seen: seen(), looked: moment() },
        ),
        ("domain-remove", object! { removed: text() }),
        ("user-add", told_password()),
        ("user-list", list(user())),
        ("user-page", page(user())),
        ("user-password", told_password()),
        ("user-state", object! { address: text(), state: words_of!(AccountState) }),
        ("user-quota", object! { address: text(), quota_bytes: count() }),
        (
            "user-show",
            user().with(object! {
                language: words_of!(Language), roles?: list(text()), networks?: list(text()), purpose?: text(),
            }),
        ),
        (
            "user-leave",
            object! {
                address: text(), kind: only("shared"), successor: text().or_null(), days: count().or_null(),
                hold: text().or_null(), replies: truth(),
            },
        ),
        ("space-list", list(space)),
        (
            "space-show",
            object! {
                address: text(), all: heap.clone(), quota_bytes: count(), large: heap.clone(), attached: heap.clone(),
                unopened: heap.clone(), doubled: heap.clone(), never_mail: heap, is_file_store: truth(), is_more: truth(),
            },
        ),
        ("user-delete", object! { deleted: text() }),
        ("alias-add", object! { address: text(), alias: text() }),
        ("alias-remove", object! { removed: text() }),
        ("factor-list", object! { factors: list(factor), recovery_codes: count(), asked: demand.clone() }),
        ("factor-missing", list(object! { address: text(), role: words_of!(Role), asked: demand })),
        ("factor-remove", object! { removed: whole() }),
        ("factor-recovery-codes", object! { address: text(), recovery_codes: list(text()) }),
        ("authority-add", object! { authority: whole() }),
        ("authority-list", list(authority)),
        ("authority-crl", object! { authority: whole(), revocation_list_until: moment().or_null() }),
        ("authority-remove", object! { removed: whole() }),
    ]
}

pub(super) fn of_clients() -> Answers {
    let forward = object! {
        address: text(), target: text(), copy: truth(), set_by: text(), since: moment(), expires: moment().or_null(),
    };
    let session = object! {
        id: whole(), since: moment(), seen: moment(), expires: moment(), strong_at: moment().or_null(),
        from: text().or_null(), agent: text().or_null(),
    };
    let app_password = object! {
        id: whole(), label: text(), scope: text(), since: moment(), expires: moment().or_null(), used: moment().or_null(),
        from: text().or_null(), agent: text().or_null(),
    };
    let program = object! {
        id: whole(), client: text(), scope: text(), since: moment(), used: moment(), from: text().or_null(),
        agent: text().or_null(),
    };
    let client = object! {
        client_id: text(), name: text(), public: truth(), redirects: list(text()), scope: text(),
        algorithm: text(), shipped: truth(),
    };
    let token = object! { client: text(), since: moment(), expires: moment().or_null(), used: moment().or_null() };
    let change = object! { line: count(), address: text(), does: words(["make", "change"]), what: text() };
    vec![
        ("forward-add", forward.clone()),
        ("forward-remove", object! { address: text(), removed: text() }),
        ("forward-list", list(forward)),
        ("session-list", list(session)),
        ("session-end", object! { address: text(), ended: either([only("all"), whole()]) }),
        ("app-password-list", list(app_password)),
        (
            "app-password-add",
            object! { address: text(), id: whole(), label: text(), scope: text(), app_password: text() },
        ),
        ("app-password-revoke", object! { revoked: whole() }),
        ("program-list", list(program)),
        ("program-revoke", object! { revoked: whole() }),
        ("oauth-client-list", list(client)),
        ("oauth-client-add", object! { client_id: text(), client_secret: text().or_null() }),
        ("oauth-client-remove", object! { removed: text() }),
        ("directory-export", table()),
        ("directory-import", object! { state: text(), unchanged: count(), changes: list(change) }),
        ("provision-token-add", object! { client: text(), token: text() }),
        ("provision-token-list", list(token)),
        ("provision-token-revoke", object! { revoked: text() }),
        (
            "provision-sync",
            object! {
                source: text(), made: count(), changed: count(), unchanged: count(), vanished: count(),
                faults: list(text()), kept: truth(),
            },
        ),
        ("provision-unlink", object! { unlinked: text(), provider: text() }),
    ]
}

pub(super) fn of_groups() -> Answers {
    let group = object! { group: text(), name: text(), senders: words_of!(Senders) };
    let delegate = object! {
        delegate: text().or_null(), permission: words_of!(Permission), mailbox: text().or_null(), since: moment(),
        until: moment().or_null(), holds: truth(),
    };
    let permitted = object! { account: text(), delegate: text(), permission: words_of!(Permission) };
    let forbidden = object! { account: text(), delegate: text(), taken_back: count() };
    let made = object! { address: text(), kind: words_of!(AccountKind) };
    vec![
        ("group-add", group.clone()),
        ("group-list", list(group.clone().with(object! { members: count() }))),
        (
            "group-show",
            group.with(object! {
                since: moment(), owners: list(text()), members: list(text()), reaches_accounts: count(),
                reaches_elsewhere: count(),
            }),
        ),
        ("group-senders", object! { group: text(), senders: words_of!(Senders) }),
        ("group-remove", object! { removed: text() }),
        ("group-member-add", object! { group: text(), owner?: text(), member?: text(), new: truth() }),
        ("group-member-remove", object! { group: text(), removed: text() }),
        ("shared-add", made.clone()),
        ("shared-permit", permitted.clone()),
        ("shared-forbid", forbidden.clone()),
        ("delegation-add", permitted),
        ("delegation-remove", forbidden),
        ("delegation-list", list(delegate)),
        ("service-add", made),
        ("service-networks", object! { address: text(), networks: list(text()) }),
    ]
}
