//! Keys and certificates: DKIM, S/MIME, OpenPGP, encryption on receipt, generations of keys.

use ::openpgp::PreferEncrypt;
use keybook::{Custody, KeyState, Origin, PartnerState};

use super::{Answers, Shape, count, either, list, moment, object, only, text, truth, whole, words, words_of};

pub(super) fn answers() -> Answers {
    let dkim = object! {
        domain: text(), selector: text(), algorithm: text(), state: words(["waiting", "signing", "retired"]), since: moment(),
        revoke_after: moment().or_null(), name: text(), record: text(),
    };
    let smime = object! {
        id: whole(), subject: text(), addresses: list(text()), key: text(), fingerprint: text(), until: moment(),
        since: moment(),
    };
    let authority = object! { kind: only("own"), subject: text(), until: moment(), pem: text() };
    let held = object! {
        id: whole(), kind: words_of!(certbook::Kind), subject: text(), addresses: list(text()), fingerprint: text(),
        until: moment().or_null(), since: moment(),
    };
    let found = object! { subject: text(), issuer: text(), fingerprint: text(), until: moment() };
    let on = object! {
        on: only(true), method: words_of!(keycare::Method), fingerprint: text(), since: moment(), expires: moment().or_null(),
        trouble: words_of!(keycare::Trouble).or_null(), search: text(),
    };
    let receipt = either([object! { on: only(false) }, on]);
    vec![
        ("dkim-list", list(dkim.clone())),
        ("dkim-add", list(dkim.clone())),
        ("dkim-rotate", list(dkim)),
        ("dkim-retire", object! { domain: text(), retired: list(text()) }),
        ("smime-keys", list(smime.clone())),
        ("smime-import", smime.clone()),
        ("smime-request", smime),
        ("smime-remove", object! { id: whole(), removed: truth() }),
        ("smime-certificates", list(either([authority, held]))),
        ("smime-trust", object! { kind: text(), added: count() }),
        (
            "smime-lookup",
            object! {
                partner: text(), found: found.or_null(), refused: list(object! { subject: text(), reason: text() }),
                silent: list(object! { directory: text(), cause: text() }),
            },
        ),
        ("smime-forget", object! { id: whole(), removed: truth() }),
        ("receipt-show", receipt.clone()),
        ("receipt-on", receipt.clone()),
        ("receipt-off", receipt),
        ("key-rotate", object! { address: text(), generations: count() }),
        ("key-rotate-organisation", object! { generations: count() }),
        ("key-take-up", object! { generations: count(), organisations: count() }),
    ]
}

fn partner() -> Shape {
    object! {
        address: text(), fingerprint: text(), state: words_of!(PartnerState), origin: words_of!(Origin), verified: truth(),
        first_seen: moment(), last_seen: moment(), expires: moment().or_null(), prefers: words_of!(PreferEncrypt),
        trouble: text().or_null(),
    }
}

pub(super) fn of_openpgp() -> Answers {
    let own = object! {
        fingerprint: text(), state: words_of!(KeyState), custody: words_of!(Custody), published: truth(), since: moment(),
        expires: moment().or_null(), names: list(text()), algorithms: text(), trouble: text().or_null(),
    };
    let learned = || words(["new", "known", "changed", "waits", "nothing"]);
    vec![
        ("openpgp-list", list(own.clone())),
        ("openpgp-make", own.clone()),
        ("openpgp-import", own.clone()),
        ("openpgp-reseal", own.clone()),
        ("openpgp-publish", own.clone()),
        ("openpgp-retire", own),
        ("openpgp-remove", object! { removed: text() }),
        ("openpgp-export", object! { fingerprint: text(), key: text() }),
        ("openpgp-export-private", object! { key: text() }),
        ("openpgp-partners", list(partner())),
        ("openpgp-partner-add", object! { learned: learned(), keys: list(partner()) }),
        ("openpgp-lookup", object! { learned: learned(), keys: list(partner()) }),
        ("openpgp-verify", partner()),
        ("openpgp-forget", object! { address: text(), forgotten: count() }),
    ]
}
