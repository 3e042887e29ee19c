//! A request for every sensitive action of the API, in the order in which they follow from one another once they are allowed.

use std::collections::BTreeMap;

use harness::smtp::base64;
use serde_json::{Value, json};

/// What a request comes to, once a strong factor was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is carried out.
    Done,
    /// It waits for a second person.
    Waits,
    /// It passes the gate and has nothing to work on.
    Nothing,
    /// What it names is not there, which is told like what is another's.
    Unseen,
}

impl Then {
    /// The status of HTTP.
    #[must_use]
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Done => 200,
            Self::Waits => 202,
            Self::Nothing => 422,
            Self::Unseen => 403,
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The action's name.
    pub(crate) action: &'static str,
    /// Who may: the local part of the address.
    pub(crate) who: &'static str,
    /// What else it is told. A text that begins with `$` stands for what an earlier answer was remembered as.
    pub(crate) body: Value,
    /// What it comes to.
    pub(crate) then: Then,
    /// What of the answer is remembered: as what, and where in it.
    pub(crate) keeps: Option<(&'static str, &'static str)>,
}

fn case(who: &'static str, action: &'static str, body: Value) -> Case {
    Case { action, who, body, then: Then::Done, keeps: None }
}

impl Case {
    const fn waits(mut self) -> Self {
        self.then = Then::Waits;
        self
    }

    const fn nothing(mut self) -> Self {
        self.then = Then::Nothing;
        self
    }

    const fn unseen(mut self) -> Self {
        self.then = Then::Unseen;
        self
    }

    const fn keeps(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.keeps = Some((name, pointer));
        self
    }

    /// The body with what is remembered; with what names nothing for what is not.
    #[must_use]
    pub(crate) fn filled(&self, remembered: &BTreeMap<&str, Value>) -> Value {
        let mut body = self.body.clone();
        for value in body.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
            if let Some(name) = value.as_str().and_then(|text| text.strip_prefix('$')) {
                *value = remembered.get(name).cloned().unwrap_or_else(|| {
                    if matches!(name, "client" | "key" | "hold" | "subject" | "consent" | "connector" | "report") {
                        json!("none")
                    } else {
                        json!(1)
                    }
                });
            }
        }
        body
    }
}

/// Sensitive rights that no request of the API needs yet: what needs them is done on pages of their own, or not at all.
pub(crate) const WITHOUT_ACTION: &[access::Action] =
    &[access::Action::MailExport, access::Action::PasswordChange, access::Action::FactorChange];

/// The requests. `authority` is a certificate in PEM.
#[must_use]
pub(crate) fn cases(authority: &str) -> Vec<Case> {
    [
        of_people(),
        of_keys(),
        of_officers(authority),
        of_subjects(),
        of_the_trade_guard(),
        of_administrators(),
        of_connectors_and_reports(),
        of_second_persons(),
    ]
    .concat()
}

/// What people ask about their data.
fn of_subjects() -> Vec<Case> {
    vec![
        case(
            "security",
            "subject-open",
            json!({
                "kind": "access", "law": "gdpr", "name": "Chen", "addresses": ["chen@partner.test"], "language": "en",
            }),
        )
        .keeps("subject", "/id"),
        case(
            "security",
            "subject-identify",
            json!({ "id": "$subject", "how": "a letter to the address was answered" }),
        ),
        case("security", "subject-search", json!({ "id": "$subject" })),
        case("security", "subject-mail", json!({ "id": "$subject" })),
        case("security", "subject-report", json!({ "id": "$subject", "language": "en", "format": "json" })),
        case("security", "subject-investigate", json!({ "id": "$subject", "reason": "he wants copies" })).waits(),
        case("security", "subject-extend", json!({ "id": "$subject", "reason": "many mailboxes" })),
        case("security", "subject-correct", json!({ "id": "$subject", "name": "Chen Wei" })).nothing(),
        case("security", "subject-restrict", json!({ "id": "$subject", "lift": false })).nothing(),
        case("security", "subject-erase", json!({ "id": "$subject" })).waits(),
        case("security", "subject-letter-set", json!({ "id": "$subject", "letter": "1", "subject": "s", "text": "t" }))
            .nothing(),
        case("security", "subject-letter-send", json!({ "id": "$subject", "letter": "1" })).nothing(),
        case("security", "subject-close", json!({ "id": "$subject", "withdrawn": false, "note": "" })),
        case("security", "subject-refuse", json!({ "id": "$subject", "reason": "it is closed" })).nothing(),
        case(
            "security",
            "subject-processing-set",
            json!({ "part": "officer", "language": "en", "text": "the officer" }),
        ),
        case(
            "security",
            "consent-add",
            json!({ "name": "Chen", "address": "chen@partner.test", "purpose": "letters", "evidence": "form 1" }),
        )
        .keeps("consent", "/id"),
        case("security", "consent-withdraw", json!({ "id": "$consent", "evidence": "letter" })),
    ]
}

/// What people do with their own accounts.
fn of_people() -> Vec<Case> {
    let forward =
        json!({ "address": "sales@trade.test", "target": "elsewhere@far.example", "keeps_copy": true, "by": "owner" });
    let delegation = json!({ "account": "sales@trade.test", "delegate": "finance@trade.test", "permission": "read" });
    vec![
        case("sales", "forward-add", forward),
        case(
            "sales",
            "forward-remove",
            json!({ "address": "sales@trade.test", "target": "elsewhere@far.example", "by": "owner" }),
        ),
        case(
            "sales",
            "app-password-add",
            json!({ "address": "sales@trade.test", "label": "telephone", "protocols": ["imap"] }),
        ),
        case("sales", "delegation-add", delegation.clone()),
        case("sales", "delegation-remove", delegation),
    ]
}

/// What is done with keys of OpenPGP. One that somebody has must be there before it is published.
fn of_keys() -> Vec<Case> {
    let sales = "sales@trade.test";
    vec![
        case("sales", "openpgp-make", json!({ "address": sales })).keeps("key", "/fingerprint"),
        case("sales", "openpgp-import", json!({ "address": sales, "key": "none" })).nothing(),
        case("sales", "receipt-on", json!({ "address": sales, "method": "openpgp" })).nothing(),
        case("sales", "receipt-off", json!({ "address": sales })),
        case(
            "sales",
            "openpgp-reseal",
            json!({ "address": sales, "key_id": "$key", "sealed_private": "", "replaces": "00" }),
        )
        .nothing(),
        case("sales", "openpgp-publish", json!({ "address": sales, "on": true })),
        // The private key leaves at no level without a second person.
        case("sales", "openpgp-export-private", json!({ "address": sales, "passphrase": "correct horse battery" }))
            .waits(),
        case("sales", "openpgp-retire", json!({ "address": sales, "key_id": "$key" })),
        case("sales", "openpgp-remove", json!({ "address": sales, "key_id": "$key" })),
        case("security", "openpgp-partner-add", json!({ "partner": "ana@partner.test", "key": "none" })).nothing(),
        case("security", "openpgp-verify", json!({ "partner": "ana@partner.test", "fingerprint": "none" })).nothing(),
        case("security", "openpgp-forget", json!({ "partner": "ana@partner.test" })),
    ]
}

/// What the security officer and the auditor do.
#[allow(clippy::too_many_lines, reason = "a table: one line for each action")]
fn of_officers(authority: &str) -> Vec<Case> {
    vec![
        case("auditor", "access-log", json!({ "days": 1 })),
        case("auditor", "audit-page", json!({ "limit": 1 })),
        case("auditor", "audit-head", json!({})),
        case("auditor", "transfer-list", json!({})),
        case("auditor", "transfer-page", json!({ "limit": 10 })),
        case("auditor", "audit-prove", json!({})),
        case("auditor", "evidence-report", json!({ "framework": "iso27001", "language": "en", "format": "json" })),
        case("security", "role-define", json!({ "name": "desk", "rights": ["allow account.read organisation"] })),
        case("security", "role-give", json!({ "address": "finance@trade.test", "role": "desk" })),
        case("security", "role-take", json!({ "address": "finance@trade.test", "role": "desk" })),
        case("security", "role-remove", json!({ "name": "desk" })),
        case("security", "user-role", json!({ "address": "finance@trade.test", "role": "sales" })),
        case("security", "authority-add", json!({ "certificate": authority })).keeps("authority", "/authority"),
        case("security", "authority-crl", json!({ "id": "$authority", "crl": "none" })).nothing(),
        case("security", "authority-remove", json!({ "id": "$authority" })),
        case(
            "security",
            "oauth-client-add",
            json!({ "name": "Intranet", "redirects": ["https://in.trade.test/back"], "scope": "openid", "public": false }),
        )
        .keeps("client", "/client_id"),
        case("security", "oauth-client-remove", json!({ "client_id": "$client" })),
        case("security", "access-approval", json!({ "right": "mail.export", "wanted": true })),
        // These lower a protection, so the level asks for a second person.
        case("security", "access-approval", json!({ "right": "mail.export", "wanted": false })).waits(),
        case("security", "organisation-level", json!({ "level": "basic" })).waits(),
        case("security", "judging-policy-set", json!({ "setting": "junk", "value": "0.75" })),
        case("security", "judging-policy-clear", json!({ "setting": "junk" })),
        case("security", "protection-set", json!({ "partner": "far.example", "ways": ["portal", "verified-tls"] })),
        case("security", "protection-remove", json!({ "partner": "far.example" })),
        case("security", "retention-window-set", json!({ "days": 30 })),
        case("security", "setting-set", json!({ "name": "judging.keep_days", "value": "21", "based_on": 0 })),
        case("security", "setting-undo", json!({ "name": "judging.keep_days", "based_on": 0 })).nothing(),
        case(
            "security",
            "setting-set",
            json!({ "name": "judging.keep_days", "value": "7", "based_on": 1, "reason": "tested", "protect_less": true }),
        )
        .waits(),
        case("security", "config-import", json!({ "text": "format = 1\n" })),
        case("security", "retention-rule-set", json!({ "name": "Trash", "folder": "Trash", "days": 30 })),
        case("security", "retention-rule-remove", json!({ "name": "Trash" })),
        case("security", "outbound-rule-set", json!({ "rule": r#"{"name":"tried","mode":"audit","when":{"outside":true},"actions":["record"]}"# })),
        case("security", "outbound-replay", json!({ "address": "sales@trade.test", "since": "2026-01-01" })),
        case("security", "outbound-rule-remove", json!({ "name": "tried" })),
        case("security", "outbound-mark-add", json!({ "name": "tried", "hashes": base64(&(0..128).collect::<Vec<u8>>()) })),
        case("security", "outbound-mark-remove", json!({ "name": "tried" })),
        case("sales", "outbound-waiting-show", json!({ "message": "1", "language": "en" })).nothing(),
        case("sales", "outbound-approve", json!({ "message": "1", "note": "" })).nothing(),
        case("sales", "outbound-refuse", json!({ "message": "1", "note": "" })).nothing(),
        case("security", "hold-begin", json!({ "name": "Far v. Trade", "reason": "tested", "everyone": true }))
            .keeps("hold", "/id"),
        case("security", "hold-end", json!({ "id": "$hold", "reason": "tested" })),
        case(
            "security",
            "investigation-open",
            json!({ "name": "Far v. Trade", "reason": "tested", "custodians": ["sales@trade.test"] }),
        )
        .waits(),
        case("security", "journal-rule-set", json!({ "name": "tried", "days": 30, "reason": "tested" })).waits(),
        case("security", "journal-rule-end", json!({ "name": "tried", "reason": "tested" })).waits(),
        case("security", "investigation-custodians", json!({ "id": "1", "custodians": ["finance@trade.test"] })).waits(),
        case("security", "investigation-search", json!({ "id": "1", "words": ["invoice"] })).nothing(),
        case("security", "investigation-items", json!({ "id": "1" })).nothing(),
        case("security", "investigation-message", json!({ "id": "1", "message": "1-1" })).nothing(),
        case("security", "investigation-mark", json!({ "id": "1", "message": "1-1", "mark": "relevant" })).nothing(),
        case("security", "investigation-export", json!({ "id": "1" })).nothing(),
        case("security", "investigation-close", json!({ "id": "1", "reason": "tested" })).nothing(),
        case("security", "judging-policy-set", json!({ "setting": "junk", "value": "0.95", "reason": "tested" })).waits(),
        case(
            "security",
            "list-add",
            json!({
                "effect": "allow", "kind": "domain", "value": "far.example", "owner": "security@trade.test",
                "reason": "tested", "unauthenticated": true, "despite_policy": false,
            }),
        )
        .waits(),
        case("security", "factor-recovery-codes", json!({ "address": "sales@trade.test" })),
        case("security", "factor-remove", json!({ "address": "finance@trade.test", "id": 1 })).nothing(),
        case("security", "region-set", json!({ "name": "eu", "country": "DE" })).nothing(),
        case("security", "region-remove", json!({ "name": "eu" })).nothing(),
        case("security", "region-home-set", json!({ "name": "a@far.example", "region": "eu" })).nothing(),
        case("security", "region-home-remove", json!({ "name": "a@far.example" })).nothing(),
        case("security", "region-place-set", json!({ "address": "sales@trade.test", "country": "DE" })),
        case("security", "crossing-rule-set", json!({ "name": "none" })).waits(),
        case("security", "crossing-rule-remove", json!({ "name": "none" })).nothing(),
        case("security", "user-unfreeze", json!({ "address": "finance@trade.test", "keep_password": true })).nothing(),
    ]
}

/// What is said of partners, their accounts and cases. There are none here: `tests/guard.rs` has them, and the gate comes before.
fn of_the_trade_guard() -> Vec<Case> {
    let partner = json!({ "name": "nobody.example" });
    vec![
        case("security", "guard-learn", json!({ "address": "sales@trade.test" })),
        case("security", "guard-partner-merge", json!({ "name": "nobody.example", "into": "noone.example" })).nothing(),
        case("security", "guard-partner-split", partner.clone()).nothing(),
        case("security", "guard-partner-forget", partner).nothing(),
        case(
            "security",
            "guard-ledger-set",
            json!({ "partner": "nobody.example", "value": "DE89370400440532013000", "state": "confirmed", "note": "tested" }),
        )
        .nothing(),
        case("security", "guard-case-note", json!({ "id": "1", "what": "note", "note": "tested" })).unseen(),
        case("security", "guard-case-close", json!({ "id": "1", "honest": true, "note": "tested" })).unseen(),
    ]
}

/// By which servers mail comes and goes, and who has the overview sent.
fn of_connectors_and_reports() -> Vec<Case> {
    let connector = json!({
        "name": "a partner", "direction": "in", "enabled": false, "domains": ["partner.test"],
        "networks": ["192.0.2.0/24"], "only_from": true,
    });
    let report = json!({
        "name": "the month", "rhythm": "monthly", "hour": 8, "time_zone": "Asia/Shanghai",
        "recipients": [{ "address": "admin@trade.test" }],
    });
    vec![
        case("admin", "connector-set", connector).keeps("connector", "/id"),
        case("admin", "connector-test", json!({ "id": "$connector" })).nothing(),
        case("admin", "connector-remove", json!({ "id": "$connector" })),
        case("admin", "overview-report-set", report).keeps("report", "/id"),
        case("admin", "overview-report-send", json!({ "id": "$report" })),
        case("admin", "overview-report-remove", json!({ "id": "$report" })),
    ]
}

/// What the administrator does.
fn of_administrators() -> Vec<Case> {
    let shared = json!({ "account": "office@trade.test", "delegate": "sales@trade.test", "permission": "read" });
    let table = base64(b"kind,address,name\r\nperson,zhou@trade.test,Zhou\r\n");
    vec![
        case("admin", "user-password", json!({ "address": "finance@trade.test" })),
        case("admin", "shared-add", json!({ "address": "office@trade.test", "quota_mib": 0 })),
        case("admin", "shared-permit", shared.clone()),
        case("admin", "shared-forbid", shared),
        case("admin", "smime-request", json!({ "address": "finance@trade.test" })).keeps("smime", "/id"),
        case("admin", "smime-remove", json!({ "address": "finance@trade.test", "id": "$smime" })),
        case("admin", "smime-import", json!({ "address": "finance@trade.test", "file": "none" })).nothing(),
        case("admin", "smime-trust", json!({ "kind": "root", "file": "none" })).nothing(),
        case("admin", "smime-forget", json!({ "id": 1 })).nothing(),
        case("admin", "directory-export", json!({})),
        case("admin", "directory-import", json!({ "file": table, "dry_run": true })),
        case("admin", "provision-token-add", json!({ "name": "from the API", "days": 1 })),
        case("admin", "provision-token-revoke", json!({ "name": "from the API" })),
        case("admin", "provision-sync", json!({ "source": "none", "dry_run": true, "allow_vanishing": false }))
            .nothing(),
        case("admin", "provision-unlink", json!({ "provider": "none", "address": "finance@trade.test" })).nothing(),
        case("admin", "user-leave", json!({ "address": "leaver@trade.test", "successor": "sales@trade.test" })).waits(),
        case("admin", "user-delete", json!({ "address": "leaver@trade.test" })).waits().keeps("request", "/request"),
    ]
}

/// What second persons say to what others asked for.
fn of_second_persons() -> Vec<Case> {
    let ask = json!({
        "address": "sales@trade.test", "reason": "an invoice has vanished", "hours": 1, "mailboxes": ["INBOX"],
    });
    vec![
        case("admin", "grant-ask", ask.clone()).keeps("grant", "/grant"),
        case("manager", "grant-approve", json!({ "grant": "$grant" })),
        case("security", "grant-ask", ask).keeps("second grant", "/grant"),
        case("manager", "grant-refuse", json!({ "grant": "$second grant" })),
        case("manager", "approval-decide", json!({ "request": "$request", "approve": true })),
    ]
}
