//! Outbound control: rules set by the command line, asked of what people submit by SMTP and JMAP, and approval by a second person.

#[path = "outbound/onward.rs"]
mod onward;

use std::time::Duration;

use harness::{Browser, Failure, Options, Outcome, Outward, Scratch, ScriptedServer, require, run, smtp, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const POLITE: &str = "< 220 mx.test\npolite";

fn letter(subject: &str, body: &str) -> Vec<u8> {
    let text = format!("From: <sales@trade.test>\r\nTo: <bo@far.test>\r\nSubject: {subject}\r\n\r\n{body}\r\n");
    smtp::for_wire(text.as_bytes())
}

struct Office {
    outward: Outward,
    scratch: Scratch,
}

impl Office {
    fn open(server: &ScriptedServer) -> Outcome<Self> {
        let outward = Outward::start(&[("*", server.address, "")], Options::default())?;
        Ok(Self { outward, scratch: Scratch::new("outbound")? })
    }

    fn outbound(&self, arguments: &[&str]) -> Outcome<Value> {
        let answer = self.outward.tradewind.command(&[&["--json", "outbound"], arguments].concat())?.success()?.stdout;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Sets a rule, in JSON.
    fn set(&self, rule: &Value) -> Outcome {
        let file = self.scratch.join("rule.json");
        std::fs::write(&file, rule.to_string())?;
        self.outbound(&["rule", "set", &file.display().to_string()])?;
        Ok(())
    }

    /// What a message of the sales account is told.
    fn submit(&self, subject: &str, body: &str) -> Outcome<String> {
        let mut client = self.outward.tradewind.submission("sales")?;
        Ok(client.deliver("sales@trade.test", &["bo@far.test"], &letter(subject, body))?.to_string())
    }

    /// Somebody who has signed in with the browser.
    fn person(&self, role: &str) -> Outcome<Browser> {
        let mut browser = self.outward.tradewind.browser()?;
        let access = self.outward.tradewind.access(role)?;
        let sign_in = json!({ "login": access.user, "password": access.password });
        browser.post("/api/sign-in", &sign_in, &[])?.expect(200)?;
        Ok(browser)
    }
}

fn rule(name: &str, when: &Value, actions: &Value) -> Value {
    json!({ "name": name, "when": when, "actions": actions })
}

const CARD: &str = "My card is 4111 1111 1111 1111.";

#[test]
fn each_action_is_kept_by_submission() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server)?;
    let card = json!({ "detect": { "what": "payment-card" } });
    // What only watches lets go.
    let watch = json!({ "name": "cards", "mode": "audit", "when": card, "actions": ["block"] });
    office.set(&watch)?;
    assert!(office.submit("One", CARD)?.starts_with("250"));
    // A confirmation, in the subject, which is taken out.
    office.set(&rule("cards", &card, &json!(["warn"])))?;
    let said = office.submit("Two", CARD)?;
    assert!(said.starts_with("550 5.7.1 ") && said.contains("cards") && said.contains("[override]"), "{said}");
    assert!(!said.contains("1111 1111"), "{said}");
    assert!(office.submit("Two [override]", CARD)?.starts_with("250"));
    // A reason.
    office.set(&rule("cards", &card, &json!(["justify"])))?;
    assert!(office.submit("Three [override]", CARD)?.contains("asks for a reason"));
    assert!(office.submit("Three [override: the hotel asked]", CARD)?.starts_with("250"));
    server.wait_for_messages(3, PATIENCE)?;
    let seen = server.messages().join("\n");
    assert!(seen.contains("Subject: Three") && !seen.contains("override"), "{seen}");
    // The way that it takes.
    office.set(&rule("cards", &card, &json!(["portal"])))?;
    assert!(office.submit("Four", CARD)?.starts_with("550 5.7.10 Mail to far.test must go by the portal"));
    office.set(&rule("cards", &card, &json!(["encrypt"])))?;
    assert!(office.submit("Five", CARD)?.starts_with("550 5.7.10 "));
    // No way at all, for this message alone.
    office.set(&rule("cards", &card, &json!(["block"])))?;
    let said = office.submit("Six [override: please let it go]", CARD)?;
    assert!(said.starts_with("550 5.7.1 ") && said.contains("does not allow"), "{said}");
    assert!(office.submit("Seven", "Ten pieces.")?.starts_with("250"));
    server.wait_for_messages(4, PATIENCE)?;
    // A rule that cannot be is refused with what is wrong.
    let file = office.scratch.join("bad.json");
    std::fs::write(&file, rule("bad", &json!({ "all": [] }), &json!(["block"])).to_string())?;
    let wrong = office.outward.tradewind.command(&["outbound", "rule", "set", &file.display().to_string()])?;
    assert!(!wrong.status.success() && wrong.stderr.contains("when.all"), "{}", wrong.stderr);
    Ok(())
}

#[test]
fn swaks_is_told_why() -> Outcome {
    require!("swaks", "libnet-ssleay-perl", "libauthen-sasl-perl");
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server)?;
    office.set(&rule("iban", &json!({ "detect": { "what": "iban" } }), &json!(["block"])))?;
    let tradewind = &office.outward.tradewind;
    let access = tradewind.access("sales")?;
    let mut command = std::process::Command::new("swaks");
    let port = tradewind.listen("submissions")?.port().to_string();
    command.args(["--server", "localhost", "--port", &port, "--tls-on-connect", "--tls-ca-path"]).arg(tradewind.ca()?);
    command.args(["--auth", "PLAIN", "--auth-user", &access.user, "--auth-password", &access.password]);
    command.args(["--from", &access.user, "--to", "bo@far.test", "--body", "Pay to DE89 3704 0044 0532 0130 00"]);
    let done = run(command, PATIENCE)?;
    assert!(!done.status.success() && done.stdout.contains("550 5.7.1"), "{}", done.stdout);
    Ok(())
}

#[test]
fn a_message_waits_until_a_second_person_allows_it() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server)?;
    let finance = office.outward.tradewind.account("finance")?.address;
    let approve = json!([{ "approve": { "by": { "accounts": [finance] }, "hours": 2 } }]);
    office.set(&rule("contracts", &json!({ "keywords": { "lists": ["contract"] } }), &approve))?;
    for subject in ["First", "Second"] {
        assert!(office.submit(subject, "The sales contract is attached. <b>Ten</b> pieces.")?.starts_with("250"));
    }
    let mut sales = office.person("sales")?;
    let mut approver = office.person("finance")?;
    let list = |browser: &mut Browser| -> Outcome<Vec<Value>> {
        let asked = json!({ "all": false, "language": "zh" });
        let listed = browser.post("/api/v1/outbound-waiting", &asked, &[])?.expect(200)?.json();
        Ok(listed.as_array().cloned().unwrap_or_default())
    };
    let waiting = list(&mut approver)?;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert!(waiting.iter().all(|it| it["may_decide"] == true && it["sender"] == "sales@trade.test"), "{waiting:?}");
    assert!(list(&mut sales)?.iter().all(|it| it["may_decide"] == false));
    let number = |subject: &str| -> Outcome<String> {
        let found = waiting.iter().find(|it| it["subject"] == subject).and_then(|it| it["id"].as_str());
        Ok(found.ok_or_else(|| Failure::new("it does not wait"))?.to_owned())
    };
    let (first, second) = (number("First")?, number("Second")?);
    // Who may decide reads it, on record; nobody else does, the sender least.
    let asked = json!({ "message": first, "language": "en" });
    let read = approver.post("/api/v1/outbound-waiting-show", &asked, &[])?.expect(200)?.json();
    assert_eq!(
        (&read["sender"], &read["to"], &read["cut"]),
        (&json!("sales@trade.test"), &json!(["bo@far.test"]), &json!(false))
    );
    let marked: Vec<&Value> =
        read["body"].as_array().into_iter().flatten().filter(|it| it["rules"][0] == "contracts").collect();
    assert!(
        !marked.is_empty() && marked.iter().any(|it| it["text"] == "contract" || it["text"] == "sales contract"),
        "{read}"
    );
    assert!(read["body"].to_string().contains("<b>Ten</b>") && !read.to_string().contains("base64"), "{read}");
    for role in ["sales", "admin"] {
        let refused = office.person(role)?.post("/api/v1/outbound-waiting-show", &asked, &[])?;
        assert!([401, 403, 404, 422].contains(&refused.status), "{role}: {}", refused.body);
        assert!(!refused.body.contains("pieces"), "{role}: {}", refused.body);
    }
    let log = ["--json", "page", "audit", "--action", "outbound-waiting-show"];
    let log = office.outward.tradewind.command(&log)?.success()?.stdout;
    assert!(log.contains("finance@trade.test") && log.contains(&first), "{log}");
    // Neither the sender nor the administrator's queue goes around it.
    let own = sales.post("/api/v1/outbound-approve", &json!({ "message": first, "note": "" }), &[])?;
    assert_eq!(own.status, 422, "{}", own.body);
    let queued = office.outward.queue(&["list"])?;
    let is_it = |entry: &&Value| entry["to"].to_string().contains("bo@far.test");
    for entry in queued.as_array().into_iter().flatten().filter(is_it) {
        for command in ["release", "expire"] {
            let forced = office.outward.tradewind.command(&["queue", command, &entry["id"].to_string()])?;
            assert!(!forced.status.success() && forced.stderr.contains("waits for approval"), "{forced:?}");
        }
    }
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    // Who may approve it is told by a letter.
    wait_until("the letter", PATIENCE, || {
        let mut session = office.outward.tradewind.imap("finance")?;
        Ok((session.count("INBOX")? >= 2).then_some(()))
    })?;
    let body = json!({ "message": first, "note": "checked" });
    let approved = approver.post("/api/v1/outbound-approve", &body, &[])?.expect(200)?.json();
    assert_eq!(approved["state"], "released", "{approved}");
    server.wait_for_messages(1, PATIENCE)?;
    let body = json!({ "message": second, "note": "wrong customer" });
    let refused = approver.post("/api/v1/outbound-refuse", &body, &[])?.expect(200)?.json();
    assert_eq!(refused["state"], "refused", "{refused}");
    assert_eq!(office.outward.queued("bo@far.test")?, None);
    wait_until("the answer", PATIENCE, || {
        let letters = office.outward.letters()?.join("\n");
        Ok((letters.contains("wrong customer") && letters.contains("checked")).then_some(()))
    })?;
    assert_eq!(server.messages().len(), 1);
    Ok(())
}

#[test]
fn marked_documents_replay_and_test_tell_what_rules_find() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server)?;
    let text = "Price list for ball valves, valid from the first of March: DN25 stainless forty-two dollars a piece, DN50 stainless eighty-eight \
        dollars a piece, DN80 cast steel one hundred and twenty dollars. Orders above two hundred pieces take seven percent off, orders above five \
        hundred eleven percent. Payment thirty percent in advance and the rest against a copy of the bill of lading.";
    let document = office.scratch.join("prices.txt");
    std::fs::write(&document, text)?;
    let marked = office.outbound(&["mark", "add", &document.display().to_string()])?;
    assert_eq!(marked["marked"], "prices.txt", "{marked}");
    office.set(&rule("prices", &json!({ "fingerprint": { "share": 40 } }), &json!(["block"])))?;
    let said = office.submit("Prices", &format!("As asked:\r\n{text}"))?;
    assert!(said.contains("text of a marked document") && said.contains("prices.txt"), "{said}");
    assert!(office.submit("Prices", "Please send me your price list for ball valves.")?.starts_with("250"));
    let file = office.scratch.join("message.eml");
    std::fs::write(&file, letter("Prices", text))?;
    let path = file.display().to_string();
    let told = office.outbound(&["rule", "test", &path, "--address", "sales@trade.test"])?;
    assert_eq!((&told["decision"], &told["rules"][0]["rule"]), (&json!("block"), &json!("prices")), "{told}");
    // What was sent before, under a rule that is not set.
    let mut session = office.outward.tradewind.imap("sales")?;
    session.append("Sent", &[&letter("Old", CARD), &letter("Older", "Nothing.")])?.ok()?;
    let cards = office.scratch.join("cards.json");
    std::fs::write(
        &cards,
        rule("cards", &json!({ "detect": { "what": "payment-card" } }), &json!(["block"])).to_string(),
    )?;
    let cards = cards.display().to_string();
    let replayed = office.outbound(&["replay", "sales@trade.test", "--since", "2020-01-01", "--rule", &cards])?;
    assert_eq!((&replayed["messages"], &replayed["decisions"]["block"]), (&json!(2), &json!(1)), "{replayed}");
    assert!(!replayed.to_string().contains("1111 1111"), "{replayed}");
    Ok(())
}

/// Mail with a partner as another system kept it: two letters each way.
fn correspondence(scratch: &Scratch, ours: &str) -> Outcome<String> {
    let place = scratch.join("maildir");
    for folder in ["cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"] {
        std::fs::create_dir_all(place.join(folder))?;
    }
    let theirs = "Jan Berg <jan@acme-valves.test>";
    for number in 1..=4 {
        let is_ours = number % 2 == 1;
        let (from, to, folder) = if is_ours { (ours, theirs, ".Sent/cur") } else { (theirs, ours, "cur") };
        let came =
            "Received: from out.acme-valves.test ([192.0.2.7]) by old.trade.test; Wed, 12 Feb 2025 10:00:02 +0000\r\n";
        let letter = format!(
            "{}Date: 1{number} Feb 2025 10:00:00 +0000\r\nFrom: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\n\
             Message-ID: <{number}@deal.test>\r\n\r\nPlease see our order for two hundred valves, number {number}.\r\n",
            if is_ours { "" } else { came }
        );
        std::fs::write(place.join(format!("{folder}/{number}:2,S")), letter)?;
    }
    Ok(place.display().to_string())
}

#[test]
fn a_recipient_who_looks_like_a_partner_is_told_before_it_goes() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let office = Office::open(&server)?;
    let tradewind = &office.outward.tradewind;
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    let place = correspondence(&office.scratch, "sales@trade.test")?;
    tradewind.command(&["import", "maildir", &place, "--user", "sales@trade.test"])?.success()?;
    wait_until("the mailbox is learned from", PATIENCE, || {
        let told = tradewind.command(&["--json", "guard", "partners", "acme-valves.test"])?;
        let told: Value = serde_json::from_str(told.stdout.trim()).unwrap_or_default();
        Ok((told["received"] == 2 && told["sent"] == 2).then_some(()))
    })?;
    let file = office.scratch.join("message.eml");
    std::fs::write(&file, letter("Order", "Ten pieces."))?;
    let path = file.display().to_string();
    let test = |to: &str| office.outbound(&["rule", "test", &path, "--address", "sales@trade.test", "--to", to]);
    for alike in ["jan@acrne-valves.test", "jan@acme-valves-group.test", "jan@acme-vavles.test"] {
        let told = test(alike)?;
        assert_eq!(told["decision"], "warn", "{alike}: {told}");
    }
    // The partner itself, another of its people, and somebody else.
    for other in ["jan@acme-valves.test", "peter@acme-valves.test", "jan@brandenburg-armaturen.test"] {
        let told = test(other)?;
        assert_eq!((&told["decision"], &told["rules"]), (&json!("go"), &json!([])), "{other}");
    }
    // On submission it is a question, which the sender answers.
    let send = |subject: &str| -> Outcome<String> {
        let mut client = tradewind.submission("sales")?;
        let letter = letter(subject, "Ten pieces.");
        Ok(client.deliver("sales@trade.test", &["jan@acrne-valves.test"], &letter)?.to_string())
    };
    let said = send("Order")?;
    assert!(
        said.starts_with("550 5.7.1 ") && said.contains("jan@acrne-valves.test") && said.contains("[override]"),
        "{said}"
    );
    assert!(send("Order [override]")?.starts_with("250"));
    server.wait_for_messages(1, PATIENCE)?;
    // A rule of the same name takes its place.
    let off = json!({ "name": "look-alike recipients", "mode": "off", "when": { "lookalike-recipient": true }, "actions": ["warn"] });
    office.set(&off)?;
    assert!(send("Order")?.starts_with("250"));
    Ok(())
}
