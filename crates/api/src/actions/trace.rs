//! What happened to messages: found by who, what and when, and told step by step in words. Content is never part of it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ::letters::Texts;
use ::trace::{Direction, Filter, Found, Listed, Outcome, Reply, Step, Traced, What};
use env::Timestamp;
use identity::{IdentityError, Language};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use store::page::{Cursor, limit};

use super::caller::Bounds;
use super::pages::{answer, moment, word};
use super::people::pick_organisation;
use super::{Controls, Refused};

/// Which traces are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TracesWanted {
    /// From or for this address.
    pub address: Option<String>,
    /// From or for an address at this domain.
    pub domain: Option<String>,
    /// With this Message-ID.
    pub message_id: Option<String>,
    /// That came from this address of a client.
    pub client: Option<String>,
    /// That came at this moment or later: 2026-11-27, or 2026-11-27T08:30:00Z.
    pub since: Option<String>,
    /// That came before this moment.
    pub until: Option<String>,
    /// delivered, waiting, held, quarantined, failed, refused, put-off, passed-on, removed or pulled.
    pub outcome: Option<String>,
    /// in or out.
    pub direction: Option<String>,
    /// What the filter said: none, deliver, warn, junk, quarantine, hold or refuse.
    pub verdict: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    pub limit: Option<u32>,
}

pub(super) async fn list(controls: &Controls, by: &Bounds, wanted: TracesWanted) -> Result<Value, Refused> {
    let client: Option<IpAddr> = match wanted.client.as_deref() {
        None => None,
        Some(text) => Some(text.trim().parse().map_err(|_| {
            Refused(format!("{text:?} is no address of a client; write it as 192.0.2.7 or 2001:db8::7"))
        })?),
    };
    let filter = Filter {
        address: wanted.address,
        domain: wanted.domain,
        message_id: wanted.message_id,
        client,
        since: moment(wanted.since.as_deref())?,
        until: moment(wanted.until.as_deref())?,
        outcome: word::<Outcome>(wanted.outcome.as_deref())?,
        direction: word::<Direction>(wanted.direction.as_deref())?,
        verdict: word::<Found>(wanted.verdict.as_deref())?,
        ..Filter::default()
    };
    let after = Cursor::read(wanted.cursor.as_deref()).map_err(Refused::because)?;
    let (by, name, count) = (*by, wanted.organisation, limit(wanted.limit));
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, name.as_deref())?;
        // What is nobody's may be somebody else's: only where no other organisation is.
        let with_nobodys = identity::list_organisations(tx)?.len() == 1;
        let account = match filter.address.as_deref().map(|address| identity::find_by_address(tx, address)) {
            Some(Ok(account)) => account,
            Some(Err(IdentityError::Address { .. })) | None => None,
            Some(Err(error)) => return Err(error),
        };
        let account = match account {
            Some(account) if identity::load_account(tx, account)?.organisation == organisation => Some(account),
            _ => None,
        };
        let filter = Filter { organisation, with_nobodys, account, ..filter };
        let page = ::trace::find(tx, &filter, after, count)?;
        page.try_map(|listed| Ok::<_, IdentityError>(row(&listed)))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

fn row(listed: &Listed) -> Value {
    json!({
        "id": format!("{:x}", listed.traced.id),
        "time": listed.at.to_string(),
        "direction": listed.direction.as_str(),
        "outcome": listed.outcome.as_str(),
        "verdict": listed.verdict.as_str(),
        "from": listed.from,
        "to": listed.to,
        "more": listed.more,
        "subject": listed.subject,
        "bytes": listed.size,
        "client": listed.client.map(|client| client.to_string()),
        "message_id": listed.message_id,
    })
}

pub(super) async fn show(controls: &Controls, by: &Bounds, id: String, language: String) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let number = judgement::read_number(&id).map_err(Refused::because)?;
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let Some(organisation) = ::trace::organisation_of(tx, number)?.filter(|of| *of == 0 || by.hold(*of)) else {
            return Ok(None);
        };
        let Some(shown) = ::trace::show(tx, Traced { organisation, id: number })? else { return Ok(None) };
        let names = names(tx, &shown.steps)?;
        let texts = Texts::of(language);
        let steps = shown.steps.iter().map(|step| {
            json!({
                "time": Timestamp::from_millis(step.at).to_string(),
                "kind": step.what.kind(),
                "text": in_words(texts, &step.what, &names),
            })
        });
        let mut told = row(&shown.listed);
        told["standing"] = texts.say(&format!("trace-is-{}", shown.listed.outcome), &[]).into();
        told["steps"] = steps.collect();
        Ok::<_, IdentityError>(Some(told))
    };
    let told = controls.store.read(work).await.map_err(Refused::because)?;
    told.ok_or_else(|| Refused(format!("there is no trace {id}; see trace-list, and trace.keep_days in the settings")))
}

/// Main addresses of the accounts that steps name, as far as they are still there.
fn names(tx: &mut Tx<'_>, steps: &[Step]) -> Result<BTreeMap<i64, String>, IdentityError> {
    let mut names = BTreeMap::new();
    for step in steps {
        let accounts = match &step.what {
            What::SignedIn { account, .. } | What::Sorted { account, .. } | What::Pulled { account, .. } => {
                vec![*account]
            }
            What::Delivered { accounts, .. } => accounts.clone(),
            _ => Vec::new(),
        };
        for account in accounts {
            if let Some(address) = identity::list_addresses(tx, account)?.into_iter().next() {
                names.insert(account, address);
            }
        }
    }
    Ok(names)
}

/// A step as a sentence.
fn in_words(texts: Texts, what: &What, names: &BTreeMap<i64, String>) -> String {
    let name = |account: &i64| names.get(account).cloned().unwrap_or_else(|| texts.say("trace-account-gone", &[]));
    let say = |key: &str, values: &[(&str, &str)]| texts.say(key, values);
    match what {
        What::Connected { client, helo, tls, service } => {
            let client = client.map_or_else(|| say("trace-unknown", &[]), |client| client.to_string());
            let key = if tls.is_empty() { "trace-connected-clear" } else { "trace-connected" };
            say(key, &[("client", &client), ("helo", helo), ("tls", tls), ("service", service)])
        }
        What::SignedIn { account, method } => {
            say("trace-signed-in", &[("account", &name(account)), ("method", method)])
        }
        What::Enveloped | What::Received | What::Stopped | What::Expired => say(&format!("trace-{}", what.kind()), &[]),
        What::Authenticated { spf, dkim, dmarc, arc, treatment } => {
            let dkim = if dkim.is_empty() { "none".to_owned() } else { dkim.join(", ") };
            let treatment = say(&format!("trace-treatment-{treatment}"), &[]);
            let values =
                [("spf", spf.as_str()), ("dkim", &dkim), ("dmarc", dmarc), ("arc", arc), ("treatment", &treatment)];
            say("trace-authenticated", &values)
        }
        What::Judged { action, unwanted, findings } => {
            let percent = format!("{}.{}", unwanted / 10, unwanted % 10);
            let findings = if findings.is_empty() { say("trace-nothing", &[]) } else { findings.join(", ") };
            let action = say(&format!("trace-verdict-{action}"), &[]);
            say("trace-judged", &[("action", &action), ("percent", &percent), ("findings", &findings)])
        }
        What::Ruled { rules, decision, waits } => {
            let decision = say(&format!("trace-rule-{decision}"), &[]);
            let key = if *waits { "trace-ruled-waits" } else { "trace-ruled" };
            say(key, &[("rules", &rules.join(", ")), ("decision", &decision)])
        }
        What::Refused { stage, reply, times } => {
            let key = if *times > 1 { "trace-refused-times" } else { "trace-refused" };
            let stage = say(&format!("trace-stage-{stage}"), &[]);
            say(key, &[("stage", &stage), ("reply", &spoken(reply)), ("times", &times.to_string())])
        }
        What::Quarantined { until } => {
            say("trace-quarantined", &[("until", &Timestamp::from_millis(*until).to_string())])
        }
        What::Delivered { accounts, more, junk } => {
            let key = if *junk { "trace-delivered-junk" } else { "trace-delivered" };
            let all: Vec<String> = accounts.iter().map(name).collect();
            say(key, &[("accounts", &with_more(texts, &all, *more))])
        }
        _ => later_in_words(texts, what, &name),
    }
}

/// A step that comes after the message was taken.
fn later_in_words(texts: Texts, what: &What, name: &dyn Fn(&i64) -> String) -> String {
    let say = |key: &str, values: &[(&str, &str)]| texts.say(key, values);
    match what {
        What::Queued { to, more, number, held } => {
            let key = if *held { "trace-queued-held" } else { "trace-queued" };
            say(key, &[("to", &with_more(texts, to, *more)), ("number", &number.to_string())])
        }
        What::Sorted { account, folders, onward } => {
            let values = [("account", name(account)), ("folders", folders.to_string()), ("onward", onward.to_string())];
            say("trace-sorted", &values.each_ref().map(|(key, value)| (*key, value.as_str())))
        }
        What::Attempted { to, more, reply, result, until } => {
            let host = if reply.host.is_empty() { say("trace-no-host", &[]) } else { reply.host.clone() };
            let until = until.map_or_else(String::new, |until| Timestamp::from_millis(until).to_string());
            let to = with_more(texts, to, *more);
            let values = [("to", to.as_str()), ("host", &host), ("reply", &spoken(reply)), ("until", &until)];
            say(&format!("trace-attempted-{result}"), &values)
        }
        What::Told { number } => say("trace-told", &[("number", &number.to_string())]),
        What::PassedOn { region, reply } => say("trace-passed-on", &[("region", region), ("reply", &spoken(reply))]),
        What::Released { copies } => say("trace-released", &[("copies", &copies.to_string())]),
        What::Deleted { copies } => say("trace-deleted", &[("copies", &copies.to_string())]),
        What::Pulled { account, held } => {
            let key = if *held { "trace-pulled-held" } else { "trace-pulled" };
            say(key, &[("account", &name(account))])
        }
        What::Returned { copies } => say("trace-returned", &[("copies", &copies.to_string())]),
        What::Handled { how, number } => say(&format!("trace-handled-{how}"), &[("number", &number.to_string())]),
        other => other.kind().to_owned(),
    }
}

/// A reply as it is read: codes and words.
fn spoken(reply: &Reply) -> String {
    let code = if reply.code == 0 { String::new() } else { reply.code.to_string() };
    [code, reply.status.clone(), reply.text.clone()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<String>>()
        .join(" ")
}

/// Names, and how many more there are.
fn with_more(texts: Texts, names: &[String], more: u64) -> String {
    let mut all = names.join(", ");
    if more > 0 {
        all.push_str(&texts.say("trace-and-more", &[("count", &more.to_string())]));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind, with every word that chooses a text.
    fn every_step() -> Vec<What> {
        let reply = || Reply { host: "mx.b.test".into(), code: 451, status: "4.7.1".into(), text: "later".into() };
        let connected = |tls: &str| What::Connected {
            client: Some(IpAddr::from([192, 0, 2, 7])),
            helo: "a.test".into(),
            tls: tls.into(),
            service: "smtp".into(),
        };
        let mut all = vec![
            connected(""),
            connected("TLSv1.3"),
            What::SignedIn { account: 1, method: "password".into() },
            What::Enveloped,
            What::Received,
            What::Stopped,
            What::Expired,
            What::Quarantined { until: 0 },
            What::Told { number: 5 },
            What::PassedOn { region: "eu".into(), reply: reply() },
            What::Released { copies: 2 },
            What::Deleted { copies: 2 },
            What::Returned { copies: 2 },
            What::Sorted { account: 1, folders: 1, onward: 2 },
        ];
        for flag in [false, true] {
            all.push(What::Delivered { accounts: vec![1, 2], more: 3, junk: flag });
            all.push(What::Queued { to: vec!["a@b.test".into()], more: 0, number: 7, held: flag });
            all.push(What::Pulled { account: 1, held: flag });
            let times = if flag { 7 } else { 1 };
            for stage in ::trace::Stage::ALL {
                all.push(What::Refused { stage: stage.to_string(), reply: reply(), times });
            }
            for decision in ["go", "warn", "justify", "block"] {
                all.push(What::Ruled { rules: vec!["iban".into()], decision: decision.into(), waits: flag });
            }
        }
        for treatment in ["deliver", "junk", "refuse", "defer"] {
            let [spf, dmarc, arc] = ["pass", "fail", "none"].map(str::to_owned);
            let treatment = treatment.to_owned();
            all.push(What::Authenticated { spf, dkim: Vec::new(), dmarc, arc, treatment });
        }
        for found in Found::ALL.iter().filter(|found| **found != Found::None) {
            all.push(What::Judged { action: found.to_string(), unwanted: 987, findings: Vec::new() });
        }
        for result in ["delivered", "forwarded", "relayed", "deferred", "failed", "expired"] {
            let (to, until) = (vec!["a@b.test".to_owned()], Some(0));
            all.push(What::Attempted { to, more: 0, reply: reply(), result: result.into(), until });
        }
        for how in ["held", "released", "retried", "expired", "cancelled"] {
            all.push(What::Handled { how: how.into(), number: 7 });
        }
        all
    }

    #[test]
    fn every_step_has_words_in_both_languages() {
        let names = BTreeMap::from([(1, "ana@trade.test".to_owned())]);
        for language in [Language::English, Language::Chinese] {
            let texts = Texts::of(language);
            for what in every_step() {
                let text = in_words(texts, &what, &names);
                assert!(!text.contains("trace-") && !text.contains('{'), "{what:?}: {text}");
                assert!(text.chars().count() > 3, "{what:?}: {text}");
            }
            for outcome in Outcome::ALL {
                assert!(texts.has(&format!("trace-is-{outcome}")), "{outcome}");
            }
        }
    }

    #[test]
    fn an_answer_is_told_with_its_codes() {
        let reply = Reply { host: "mx.b.test".into(), code: 451, status: "4.7.1".into(), text: "later".into() };
        let what = What::Attempted {
            to: vec!["a@b.test".into()],
            more: 2,
            reply,
            result: "deferred".into(),
            until: Some(1_800_000_000_000),
        };
        let text = in_words(Texts::of(Language::English), &what, &BTreeMap::new());
        assert_eq!(
            text,
            "mx.b.test put it off for a@b.test and 2 more: 451 4.7.1 later. The next attempt is at 2027-01-15T08:00:00Z."
        );
    }
}
