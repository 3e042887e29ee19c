//! The journal of mail at the running server: what people destroy is found by an investigation with its envelope, blind copies included; reports
//! go to a journal elsewhere.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Access, Browser, Options, Outcome, Outward, Sink, Tradewind, require, run, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const OFFER: &str = "From: Chen <chen@partner.example>\r\nTo: sales@trade.test\r\nSubject: Secret offer\r\n\
    Message-ID: <offer@partner.example>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nThe word is canaryquartz.\r\n";

const ANSWER: &str = "From: <sales@trade.test>\r\nTo: <chen@partner.example>\r\nSubject: Answer\r\n\
    Message-ID: <answer@trade.test>\r\nDate: Tue, 24 Nov 2026 09:40:00 +0000\r\n\r\nThe word is canaryonyx.\r\n";

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

/// Signs in with password and an app that is shown for the first time: a fresh strong factor.
fn enrol(tradewind: &Tradewind, access: &Access) -> Outcome<Browser> {
    let mut browser = tradewind.browser()?;
    let shown = json!({ "login": access.user, "password": access.password });
    browser.post("/api/sign-in", &shown, &[])?.expect(200)?;
    let wanted = json!({ "kind": "totp", "label": "app" });
    let begun = browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
    let mut oathtool = Command::new("oathtool");
    oathtool.args(["--totp", "--base32", begun["secret"].as_str().unwrap_or_default()]);
    let code = run(oathtool, PATIENCE)?.success()?.stdout.trim().to_owned();
    let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": code });
    browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
    Ok(browser)
}

fn act(browser: &mut Browser, action: &str, body: &Value, status: u16) -> Outcome<Value> {
    Ok(browser.post(&format!("/api/v1/{action}"), body, &[])?.expect(status)?.json())
}

/// What `first` asks, and `second` agrees to.
fn agreed(first: &mut Browser, second: &mut Browser, action: &str, body: &Value) -> Outcome<Value> {
    let waiting = act(first, action, body, 202)?;
    let done = act(second, "approval-decide", &json!({ "request": waiting["request"], "approve": true }), 200)?;
    assert_eq!(done["state"], "done", "{done}");
    Ok(done["answer"].clone())
}

/// A security officer and a manager with factors, by name.
fn people(tradewind: &Tradewind) -> Outcome<BTreeMap<&'static str, Browser>> {
    let (security, manager) = (tradewind.new_account("security", 0)?, tradewind.new_account("second", 0)?);
    for (access, role) in [(&security, "security"), (&manager, "management")] {
        tradewind.command(&["user", "role", &access.user, role])?.success()?;
    }
    Ok(BTreeMap::from([("security", enrol(tradewind, &security)?), ("second", enrol(tradewind, &manager)?)]))
}

/// Empties the inbox of sales for good.
fn destroy(tradewind: &Tradewind) -> Outcome {
    let mut session = tradewind.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 1:* +FLAGS.SILENT (\\Deleted)")?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    session.logout()
}

#[test]
fn what_people_destroy_is_found_with_its_envelope_and_reported() -> Outcome {
    require!("oathtool");
    let (partner, archive) = (Sink::start()?, Sink::start()?);
    let routes = [("partner.example", partner.address, ""), ("archive.example", archive.address, "")];
    let outward = Outward::start(&routes, Options::default().set("factors", "grace_days", "0"))?;
    let tradewind = &outward.tradewind;
    told(tradewind, &["retention", "window", "--days", "0"])?;
    let mut people = people(tradewind)?;
    let (Some(mut security), Some(mut second)) = (people.remove("security"), people.remove("second")) else {
        return Ok(());
    };
    let rule = json!({
        "name": "everything", "days": 1826, "reason": "law of trade", "report_to": "journal@archive.example", "by_law": true,
    });
    agreed(&mut security, &mut second, "journal-rule-set", &rule)?;
    std::thread::sleep(Duration::from_secs(6));

    let to = tradewind.account("sales")?.address;
    tradewind.smtp()?.deliver("chen@partner.example", &[&to], &for_wire(OFFER.as_bytes()))?.expect(250)?;
    let mut client = tradewind.submission("sales")?;
    client
        .deliver(&to, &["chen@partner.example", "hidden@partner.example"], &for_wire(ANSWER.as_bytes()))?
        .expect(250)?;
    client.quit()?;
    destroy(tradewind)?;

    let reports = wait_until("the reports", PATIENCE, || {
        let reports = archive.messages()?;
        Ok((reports.len() >= 2).then_some(reports))
    })?;
    let answer = reports.iter().find(|report| report.contains("canaryonyx")).cloned().unwrap_or_default();
    for line in ["Sender: sales@trade.test", "Recipient: hidden@partner.example", "Direction: out", "message/rfc822"] {
        assert!(answer.contains(line), "{line}: {answer}");
    }

    let matter = json!({ "name": "Valves", "reason": "money went to a stranger", "custodians": [to] });
    let opened = agreed(&mut security, &mut second, "investigation-open", &matter)?;
    let id = opened["id"].clone();
    let found = act(&mut security, "investigation-search", &json!({ "id": id, "words": ["canaryquartz"] }), 200)?;
    assert_eq!(found["found"], 1, "{found}");
    let items = act(&mut security, "investigation-items", &json!({ "id": id }), 200)?;
    let item = &items[0];
    assert!(item["journaled_until"].as_str().is_some_and(|until| until.starts_with("20")), "{items}");
    assert_eq!((&item["subject"], &item["envelope"]["to"]), (&json!("Secret offer"), &json!([to])));
    let shown = json!({ "id": id, "message": item["message"] });
    let read = act(&mut security, "investigation-message", &shown, 200)?;
    assert!(read["base64"].as_str().is_some_and(|content| content.len() > 100));
    let log = told(tradewind, &["access", "log"])?.to_string();
    for action in ["journal-rule-set", "investigation-search", "investigation-message", "key-use"] {
        assert!(log.contains(action), "{action} is on record: {log}");
    }
    let sound = tradewind.command(&["store", "check", "--deep"])?;
    assert!(sound.status.success(), "{}{}", sound.stdout, sound.stderr);

    let ending = json!({ "name": "everything", "reason": "tested" });
    agreed(&mut security, &mut second, "journal-rule-end", &ending)?;
    let rules = told(tradewind, &["journal", "list"])?;
    assert_eq!((&rules[0]["name"], &rules[0]["ended_reason"]), (&json!("everything"), &json!("tested")), "{rules}");
    Ok(())
}
