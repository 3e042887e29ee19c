//! Outbound control of mail that goes on by itself: forwarding, rules of people, groups with members elsewhere, automatic replies.

use std::time::Duration;

use harness::smtp::{base64, for_wire};
use harness::{Browser, Failure, Options, Outcome, Outward, Scratch, ScriptedServer, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const POLITE: &str = "< 220 mx.test\npolite";

const CARD: &str = "My card is 4111 1111 1111 1111.";

struct Office {
    outward: Outward,
    scratch: Scratch,
}

impl Office {
    fn open(server: &ScriptedServer, options: Options) -> Outcome<Self> {
        let outward = Outward::start(&[("*", server.address, "")], options)?;
        Ok(Self { outward, scratch: Scratch::new("onward")? })
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.outward.tradewind.command(arguments)?.success()?;
        Ok(())
    }

    /// Sets a rule about cards that go to `domain`.
    fn rule(&self, domain: &str, actions: &Value) -> Outcome {
        let when = json!({ "all": [{ "detect": { "what": "payment-card" } }, { "recipient-domain": { "domains": [domain] } }] });
        let file = self.scratch.join("rule.json");
        std::fs::write(&file, json!({ "name": "cards", "when": when, "actions": actions }).to_string())?;
        self.run(&["outbound", "rule", "set", &file.display().to_string()])
    }

    /// A stranger writes.
    fn arrive(&self, to: &str, subject: &str, body: &str) -> Outcome {
        let letter = format!(
            "From: Anna <anna@partner.example>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\
             Message-ID: <{subject}@partner.example>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\n{body}\r\n"
        );
        let mut client = self.outward.tradewind.smtp()?;
        client.deliver("anna@partner.example", &[to], &for_wire(letter.as_bytes()))?.expect(250)?;
        Ok(())
    }

    /// Asks one JMAP method of the sales account.
    fn call(&self, method: &str, mut arguments: Value) -> Outcome<Value> {
        let account = self.outward.tradewind.account("sales")?;
        let basic = format!("Basic {}", base64(format!("{}:{}", account.address, account.password).as_bytes()));
        let header = [("Authorization", basic.as_str())];
        let mut browser = self.outward.tradewind.browser()?;
        let session = browser.get_with("/jmap/session", &header)?.expect(200)?.json();
        arguments["accountId"] = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
        let using: Vec<&String> = session["capabilities"].as_object().into_iter().flat_map(|it| it.keys()).collect();
        let request = json!({ "using": using, "methodCalls": [[method, arguments, "0"]] });
        let answer = browser.post("/jmap/api", &request, &header)?.expect(200)?.json();
        match &answer["methodResponses"][0] {
            answer if answer[0] == method => Ok(answer[1].clone()),
            answer => Err(Failure::new(format!("{method}: {answer}"))),
        }
    }

    fn person(&self, role: &str) -> Outcome<Browser> {
        let mut browser = self.outward.tradewind.browser()?;
        let access = self.outward.tradewind.access(role)?;
        let sign_in = json!({ "login": access.user, "password": access.password });
        browser.post("/api/sign-in", &sign_in, &[])?.expect(200)?;
        Ok(browser)
    }

    /// Waits until a message in the sales mailbox has this text.
    fn wait_for(&self, text: &str) -> Outcome {
        let waited = wait_until(text, PATIENCE, || {
            Ok(self.outward.reports()?.iter().any(|message| message.contains(text)).then_some(()))
        });
        waited.map_err(|failure| failure.during(&self.outward.tradewind.log_tail()))
    }

    /// How often the owner was told.
    fn told(&self) -> Outcome<usize> {
        Ok(self.outward.letters()?.iter().filter(|it| it.contains("The rules do not allow it.")).count())
    }
}

#[test]
fn what_is_forwarded_is_asked_about_address_by_address() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server, Options::default())?;
    for target in ["bo@far.test", "cy@near.test"] {
        office.run(&["user", "forward", "add", "sales@trade.test", target, "--no-copy"])?;
    }
    office.rule("far.test", &json!(["block"]))?;
    office.arrive("sales@trade.test", "cards-one", CARD)?;
    // The one that the rule names does not get it; the other does, and a copy stays.
    server.wait_for_messages(1, PATIENCE)?;
    office.wait_for("cards-one")?;
    let spoken = format!("{:?}", server.visits());
    assert!(spoken.contains("cy@near.test") && !spoken.contains("bo@far.test"), "{spoken}");
    wait_until("the letter", PATIENCE, || Ok((office.told()? == 1).then_some(())))?;
    // Told once a day.
    office.arrive("sales@trade.test", "cards-two", CARD)?;
    server.wait_for_messages(2, PATIENCE)?;
    office.wait_for("cards-two")?;
    assert_eq!(office.told()?, 1);
    // What no rule holds for goes to both, and no copy stays.
    office.arrive("sales@trade.test", "valves", "Ten pieces.")?;
    wait_until("both", PATIENCE, || {
        let seen = server.messages().iter().filter(|it| it.contains("Subject: valves")).count();
        Ok((seen >= 1).then_some(()))
    })?;
    office.outward.wait_for_empty_queue()?;
    assert!(!office.outward.reports()?.iter().any(|it| it.contains("Subject: valves")));
    // A confirmation cannot be asked for.
    office.rule("far.test", &json!(["warn"]))?;
    office.arrive("sales@trade.test", "cards-three", CARD)?;
    office.wait_for("cards-three")?;
    // Neither can a message that nobody can encrypt be sent on.
    office.rule("far.test", &json!(["encrypt"]))?;
    office.arrive("sales@trade.test", "cards-four", CARD)?;
    office.wait_for("cards-four")?;
    office.outward.wait_for_empty_queue()?;
    let log = office.outward.tradewind.command(&["--json", "page", "audit", "--action", "outbound"])?.success()?.stdout;
    for word in ["blocked", "nobody is there to confirm it", "not protected"] {
        assert!(log.contains(word), "{word}: {log}");
    }
    Ok(())
}

#[test]
fn what_a_second_person_must_allow_waits_and_stays_meanwhile() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let options = Options::default().set("rules", "redirect_to", "[\"far.test\"]");
    let office = Office::open(&server, options)?;
    let rules = json!([{ "name": "cards", "conditions": [{ "field": "subject", "op": "contains", "values": ["cards"] }],
        "actions": [{ "action": "forward", "address": "bo@far.test", "keepCopy": false }] }]);
    let set = office.call("Rules/set", json!({ "update": { "singleton": { "rules": rules } } }))?;
    assert_eq!(set["updated"]["singleton"]["isActive"], true, "{set}");
    let finance = office.outward.tradewind.account("finance")?.address;
    office.rule("far.test", &json!([{ "approve": { "by": { "accounts": [finance] }, "hours": 2 } }]))?;
    for subject in ["cards-one", "cards-two"] {
        office.arrive("sales@trade.test", subject, CARD)?;
        office.wait_for(&format!("Subject: {subject}"))?;
    }
    let mut approver = office.person("finance")?;
    let asked = json!({ "all": false, "language": "en" });
    let waiting = approver.post("/api/v1/outbound-waiting", &asked, &[])?.expect(200)?.json();
    let waiting = waiting.as_array().cloned().unwrap_or_default();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert!(waiting.iter().all(|it| it["sender"] == "sales@trade.test" && it["may_decide"] == true), "{waiting:?}");
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    let number = |subject: &str| waiting.iter().find(|it| it["subject"] == subject).map(|it| it["id"].clone());
    let allowed = json!({ "message": number("cards-one"), "note": "" });
    let done = approver.post("/api/v1/outbound-approve", &allowed, &[])?.expect(200)?.json();
    assert_eq!(done["state"], "released", "{done}");
    let refused = json!({ "message": number("cards-two"), "note": "no" });
    assert_eq!(approver.post("/api/v1/outbound-refuse", &refused, &[])?.expect(200)?.json()["state"], "refused");
    server.wait_for_messages(1, PATIENCE)?;
    assert!(server.messages()[0].contains("Subject: cards-one"));
    office.wait_for("Your message was not approved")?;
    assert_eq!(server.messages().len(), 1);
    Ok(())
}

#[test]
fn a_group_gives_members_elsewhere_only_what_rules_allow() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server, Options::default())?;
    office.run(&["group", "add", "agents@trade.test", "--senders", "anyone"])?;
    for member in ["sales@trade.test", "bo@far.test", "cy@near.test"] {
        office.run(&["group", "member-add", "agents@trade.test", member])?;
    }
    office.rule("far.test", &json!(["block"]))?;
    office.arrive("agents@trade.test", "cards-one", CARD)?;
    server.wait_for_messages(1, PATIENCE)?;
    office.wait_for("cards-one")?;
    office.outward.wait_for_empty_queue()?;
    let spoken = format!("{:?}", server.visits());
    assert!(spoken.contains("cy@near.test") && !spoken.contains("bo@far.test"), "{spoken}");
    office.arrive("agents@trade.test", "valves", "Ten pieces.")?;
    wait_until("the other", PATIENCE, || Ok(format!("{:?}", server.visits()).contains("bo@far.test").then_some(())))?;
    Ok(())
}

#[test]
fn an_automatic_reply_says_nothing_that_rules_forbid() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server, Options::default())?;
    let reply =
        |text: &str| json!({ "update": { "singleton": { "isEnabled": true, "subject": "Away", "textBody": text } } });
    office.rule("partner.example", &json!(["block"]))?;
    office.call("VacationResponse/set", reply(CARD))?;
    office.arrive("sales@trade.test", "one", "Hello.")?;
    wait_until("the letter", PATIENCE, || Ok((office.told()? == 1).then_some(())))
        .map_err(|failure| failure.during(&office.outward.tradewind.log_tail()))?;
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    office.call("VacationResponse/set", reply("Back on Monday."))?;
    office.arrive("sales@trade.test", "two", "Hello.")?;
    server.wait_for_messages(1, PATIENCE)?;
    assert!(server.messages()[0].contains("Auto-Submitted: auto-replied"));
    Ok(())
}
