//! What requests name that there is: people, domains, groups, messages. Without them nearly all requests would concern what is not there.

use harness::{Failure, Outcome, Tradewind};
use serde_json::{Value, json};

use super::Person;

/// People whom requests name. Those whom actions destroy are others than those whom the rest is tried on.
const PEOPLE: [&str; 4] = ["buyer", "seller", "leaver", "gone"];

/// Values of fields, by the action and the field; an action of `*` is any.
pub(super) struct Known(Vec<(&'static str, &'static str, Value)>);

impl Known {
    /// Makes what requests are to name.
    pub(super) fn make(tradewind: &Tradewind, people: &mut [Person]) -> Outcome<Self> {
        for name in PEOPLE {
            tradewind.new_account(name, 0)?;
        }
        let mut known = plain();
        let mut ask = |role: &str, action: &str, request: &Value| -> Outcome<Value> {
            let person = people.iter_mut().find(|person| person.role == role);
            let person = person.ok_or_else(|| Failure::new(format!("nobody is {role}")))?;
            Ok(person.browser.post(&format!("/api/v1/{action}"), request, &[])?.expect(200)?.json())
        };
        let own = ask("admin", "access-own", &json!({}))?;
        known.push(("*", "organisation", own["organisation"].clone()));
        ask("admin", "group-add", &json!({ "address": "all@trade.test", "senders": "anyone" }))?;
        ask("admin", "domain-add", &json!({ "domain": "gone.test" }))?;
        let opened = json!({
            "kind": "access", "law": "gdpr", "name": "Ann", "addresses": ["ann@partner.example"], "language": "en", "note": "",
        });
        let request = ask("security", "subject-open", &opened)?;
        for action in [
            "subject-show",
            "subject-identify",
            "subject-extend",
            "subject-search",
            "subject-mail",
            "subject-report",
            "subject-letters",
            "subject-restrict",
            "subject-correct",
        ] {
            known.push((action, "id", request["id"].clone()));
        }
        let sign_ins = ask("security", "sign-in-page", &json!({}))?;
        known.push(("sign-in-show", "id", sign_ins["items"][0]["id"].clone()));
        known.push(("sign-in-show", "address", sign_ins["items"][0]["account"].clone()));
        Ok(Self(known))
    }

    /// Names them in the description of each request.
    pub(super) fn put_into(&self, description: &mut Value) {
        let paths = description["paths"].as_object_mut().into_iter().flatten();
        for (path, operation) in paths {
            let action = path.trim_start_matches("/api/v1/").to_owned();
            if let Some(schema) = operation.pointer_mut("/post/requestBody/content/application~1json/schema") {
                self.show(&action, schema);
            }
        }
        let schemas = description.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        for (name, schema) in schemas.into_iter().flatten() {
            self.show(name, schema);
        }
    }

    fn show(&self, action: &str, schema: &mut Value) {
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, rules) in fields.into_iter().flatten() {
            let of_action = self.0.iter().find(|(of, name, _)| *of == action && name == field);
            let of_any = self.0.iter().find(|(of, name, _)| *of == "*" && name == field);
            if let Some((.., value)) = of_action.or(of_any).filter(|(.., value)| !value.is_null()) {
                rules["examples"] = json!([value]);
            }
        }
    }
}

/// What is known without asking.
fn plain() -> Vec<(&'static str, &'static str, Value)> {
    let mut all = everywhere();
    all.extend(of_one_action());
    for action in ["user-delete", "subject-erase"] {
        all.push((action, "address", json!("gone@trade.test")));
    }
    for action in ["user-leave", "user-state", "session-end", "user-password", "user-unfreeze", "region-place-set"] {
        all.push((action, "address", json!("leaver@trade.test")));
    }
    all
}

/// What a field of this name is in any action.
fn everywhere() -> Vec<(&'static str, &'static str, Value)> {
    let rule =
        json!({ "name": "wide", "when": { "recipients": { "domains": ["partner.example"] } }, "actions": ["block"] });
    vec![
        ("*", "address", json!("buyer@trade.test")),
        ("*", "account", json!("buyer@trade.test")),
        ("*", "user", json!("buyer@trade.test")),
        ("*", "who", json!("buyer@trade.test")),
        ("*", "delegate", json!("seller@trade.test")),
        ("*", "member", json!("seller@trade.test")),
        ("*", "successor", json!("seller@trade.test")),
        ("*", "group", json!("all@trade.test")),
        ("*", "domain", json!("trade.test")),
        ("*", "language", json!("en")),
        ("*", "role", json!("sales")),
        ("*", "level", json!("basic")),
        ("*", "days", json!(30)),
        ("*", "hours", json!(1)),
        ("*", "mib", json!(100)),
        ("*", "quota_mib", json!(100)),
        ("*", "senders", json!("members")),
        ("*", "permission", json!("read")),
        ("*", "networks", json!(["192.0.2.0/24"])),
        ("*", "addresses", json!(["ann@partner.example"])),
        ("*", "protocols", json!(["imap"])),
        ("*", "redirects", json!(["https://app.partner.example/back"])),
        ("*", "scope", json!("openid")),
        ("*", "setting", json!("junk")),
        ("*", "rule", json!(rule.to_string())),
        ("*", "partner", json!("partner.example")),
        ("*", "ways", json!(["smime"])),
        ("*", "since", json!("2026-01-01")),
        ("*", "period", json!("2026-10")),
        ("*", "country", json!("SG")),
    ]
}

/// What a field is in one action.
fn of_one_action() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("access-sign-off", "period", json!("2026-Q3")),
        ("access-report", "period", json!("2026-Q3")),
        ("sign-in-review", "format", json!("csv")),
        ("access-report", "format", json!("html")),
        ("subject-report", "format", json!("csv")),
        ("subject-processing", "format", json!("json")),
        ("evidence-report", "format", json!("json")),
        ("feeds-share", "format", json!("stix")),
        ("evidence-show", "framework", json!("gdpr")),
        ("evidence-show", "item", json!("32")),
        ("level-diff", "to", json!("trade")),
        ("list-add", "effect", json!("deny")),
        ("list-add", "kind", json!("domain")),
        ("list-add", "value", json!("unwanted.example")),
        ("subject-open", "kind", json!("access")),
        ("subject-open", "law", json!("pipl")),
        ("judging-policy-set", "value", json!("0.8")),
        ("receipt-on", "method", json!("openpgp")),
        ("access-explain", "what", json!("mail.read")),
        ("access-approval", "right", json!("account.delete")),
        ("reputation-show", "what", json!("partner.example")),
        ("domain-add", "domain", json!("new.test")),
        ("domain-remove", "domain", json!("gone.test")),
        ("alias-add", "alias", json!("purchasing@trade.test")),
        ("alias-remove", "alias", json!("purchasing@trade.test")),
        ("user-add", "address", json!("new@trade.test")),
        ("shared-add", "address", json!("info@trade.test")),
        ("shared-permit", "account", json!("info@trade.test")),
        ("shared-forbid", "account", json!("info@trade.test")),
        ("Impersonal", "address", json!("printer@trade.test")),
        ("forward-add", "target", json!("buyer@partner.example")),
        ("forward-remove", "target", json!("buyer@partner.example")),
        ("protection-set", "partner", json!("partner.example")),
        ("region-set", "name", json!("sg")),
        ("region-set", "country", json!("SG")),
        ("role-define", "name", json!("clerks")),
        ("role-define", "rights", json!(["allow account.read organisation"])),
        ("openpgp-make", "version", json!("4")),
        ("setting-show", "name", json!("judging.keep_days")),
        ("setting-set", "name", json!("judging.keep_days")),
        ("setting-set", "value", json!("15")),
        ("setting-set", "based_on", json!(0)),
        ("setting-history", "name", json!("judging.keep_days")),
        ("directory-import", "file", json!("YWRkcmVzcwo=")),
        ("grant-ask", "reason", json!("an invoice has vanished")),
        ("retention-rule-set", "folder", json!("Trash")),
        ("retention-rule-try", "folder", json!("Trash")),
    ]
}
