//! Rules, scripts and automatic replies: set by JMAP, carried out on mail that comes by SMTP, seen by IMAP.

use std::time::Duration;

use harness::smtp::{base64, for_wire};
use harness::{Failure, Options, Outcome, Sink, Tradewind, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A company, and a partner's server that it sends to.
struct Company {
    tradewind: Tradewind,
    partner: Sink,
}

impl Company {
    fn start(options: Options) -> Outcome<Self> {
        let partner = Sink::start()?;
        let tradewind = Tradewind::start(options.route("partner.example", partner.address))?;
        Ok(Self { tradewind, partner })
    }

    /// Asks one JMAP method of the sales account.
    fn call(&self, method: &str, mut arguments: Value) -> Outcome<Value> {
        let account = self.tradewind.account("sales")?;
        let basic = format!("Basic {}", base64(format!("{}:{}", account.address, account.password).as_bytes()));
        let header = [("Authorization", basic.as_str())];
        let mut browser = self.tradewind.browser()?;
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

    /// Makes a script the active one; gives what the server says of it.
    fn activate(&self, script: &str) -> Outcome<Value> {
        let upload = json!({ "create": { "s": { "data": [{ "data:asText": script }] } } });
        let blob = self.call("Blob/upload", upload)?["created"]["s"]["id"].clone();
        let name = format!("script {}", script.len());
        let set = json!({ "create": { "a": { "name": name, "blobId": blob } }, "onSuccessActivateScript": "#a" });
        self.call("SieveScript/set", set)
    }

    fn role(&self, role: &str) -> Outcome<String> {
        let found = self.call("Mailbox/query", json!({ "filter": { "role": role } }))?;
        found["ids"][0].as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("no {role}: {found}")))
    }

    fn arrive(&self, from: &str, subject: &str, more: &str) -> Outcome {
        let to = self.tradewind.account("sales")?.address;
        let letter = format!(
            "From: Anna <anna@partner.example>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\
             Message-ID: <{}@partner.example>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n{more}\r\nHello.\r\n",
            subject.replace(' ', ".")
        );
        self.tradewind.smtp()?.deliver(from, &[&to], &for_wire(letter.as_bytes()))?.expect(250)?;
        Ok(())
    }

    fn wait_for(&self, mailbox: &str, count: u64) -> Outcome {
        let mut session = self.tradewind.imap("sales")?;
        let waited = wait_until(&format!("{count} in {mailbox}"), PATIENCE, || {
            // A mailbox that a script makes is not there before.
            Ok((session.count(mailbox).unwrap_or(0) == count).then_some(()))
        });
        waited.map_err(|failure| {
            let all = session.ask("STATUS INBOX (MESSAGES)").map(|answer| answer.text()).unwrap_or_default();
            let junk = session.count("Junk").unwrap_or(0);
            failure.during(&format!("{all} {junk} in Junk; {}", self.tradewind.log_tail()))
        })
    }

    /// What IMAP tells of the last message of a mailbox.
    fn last(&self, mailbox: &str, item: &str) -> Outcome<String> {
        let mut session = self.tradewind.imap("sales")?;
        session.command(&format!("EXAMINE {mailbox}"))?.ok()?;
        Ok(session.ask(&format!("FETCH * {item}"))?.ok()?.text())
    }
}

#[test]
fn rules_sort_what_comes_in() -> Outcome {
    let company = Company::start(Options::default())?;
    let archive = company.role("archive")?;
    let colleague = company.tradewind.account("finance")?.address;
    let rules = json!([
        { "name": "invoices", "stop": true, "conditions": [{ "field": "subject", "op": "contains", "values": ["invoice"] }],
          "actions": [{ "action": "label", "keyword": "money" }, { "action": "markRead" },
                      { "action": "move", "mailboxId": archive }] },
        { "name": "for finance", "conditions": [{ "field": "from", "op": "domainIs", "values": ["partner.example"] },
                                                { "field": "subject", "op": "beginsWith", "values": ["payment"] }],
          "actions": [{ "action": "forward", "address": colleague, "keepCopy": false }] },
    ]);
    let set = company.call("Rules/set", json!({ "update": { "singleton": { "rules": rules } } }))?;
    assert_eq!(set["updated"]["singleton"]["isActive"], true, "{set}");
    company.arrive("anna@partner.example", "Your invoice 7", "")?;
    company.wait_for("Archive", 1)?;
    let flags = company.last("Archive", "FLAGS")?;
    assert!(flags.contains("\\Seen") && flags.contains("money"), "{flags}");
    company.arrive("anna@partner.example", "payment of May", "")?;
    let mut finance = company.tradewind.imap("finance")?;
    wait_until("the forwarded message", PATIENCE, || Ok((finance.count("INBOX")? == 1).then_some(())))?;
    company.arrive("anna@partner.example", "good morning", "")?;
    company.wait_for("INBOX", 1)?;
    assert!(company.last("INBOX", "BODY.PEEK[HEADER]")?.contains("good morning"));
    assert_eq!(company.tradewind.imap("sales")?.count("Archive")?, 1);
    Ok(())
}

#[test]
fn scripts_file_refuse_and_fail_safely() -> Outcome {
    let company = Company::start(Options::default())?;
    let set = company.activate(
        "require [\"fileinto\", \"mailbox\", \"imap4flags\", \"copy\", \"variables\"];\n\
         if header :matches \"subject\" \"order valves*\" { fileinto :create :flags \"\\\\Flagged\" \"Orders/valves${1}\"; keep; }\n\
         elsif header :contains \"subject\" \"offer\" { discard; }\n\
         elsif header :contains \"subject\" \"lost\" { fileinto \"Nowhere\"; }\n\
         elsif header :matches \"x-goes-to\" \"*\" { redirect \"${1}\"; }",
    )?;
    assert_eq!(set["created"]["a"]["isActive"], true, "{set}");
    company.arrive("anna@partner.example", "order valves", "")?;
    company.wait_for("Orders/valves", 1)?;
    company.wait_for("INBOX", 1)?;
    assert!(company.last("Orders/valves", "FLAGS")?.contains("\\Flagged"));
    company.arrive("anna@partner.example", "cheap offer", "")?;
    // Mail must not leave by a script, so it stays, and its owner hears of it once.
    company.arrive("anna@partner.example", "order for you", "X-Goes-To: thief@partner.example\r\n")?;
    company.wait_for("INBOX", 3)?;
    company.arrive("anna@partner.example", "lost", "")?;
    company.wait_for("INBOX", 4)?;
    let notice = "FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]";
    let mut session = company.tradewind.imap("sales")?;
    session.command("EXAMINE INBOX")?.ok()?;
    let told = session.ask(notice)?.ok()?.text();
    assert!(!told.contains("cheap offer"), "{told}");
    assert_eq!(told.matches("postmaster@trade.test").count(), 1, "{told}");
    assert!(company.partner.messages()?.is_empty());
    // What is not authenticated is not told that it is refused.
    company.activate("require \"reject\"; reject \"not to me\";")?;
    company.arrive("anna@partner.example", "order again", "")?;
    company.wait_for("Junk", 1)?;
    Ok(())
}

#[test]
fn a_person_who_writes_is_replied_to_once() -> Outcome {
    let company = Company::start(Options::default())?;
    let reply =
        json!({ "isEnabled": true, "subject": "我不在", "textBody": "回来再说", "htmlBody": "<p>回来再说</p>" });
    company.call("VacationResponse/set", json!({ "update": { "singleton": reply } }))?;
    company.arrive("anna@partner.example", "first", "")?;
    let sent = || Ok((company.partner.messages()?.len() == 1).then_some(()));
    wait_until("the reply", PATIENCE, sent).map_err(|failure| failure.during(&company.tradewind.log_tail()))?;
    let message = company.partner.messages()?.remove(0);
    for expected in [
        "To: <anna@partner.example>",
        "Auto-Submitted: auto-replied",
        "In-Reply-To: <first@partner.example>",
        "DKIM-Signature:",
        "multipart/alternative",
    ] {
        assert!(message.contains(expected), "{expected}\n{message}");
    }
    assert!(
        company.partner.commands()?.iter().any(|command| command.starts_with("MAIL FROM:<>")),
        "no reply to the reply"
    );
    company.arrive("anna@partner.example", "second", "")?;
    company.arrive("list-bounces@partner.example", "of a list", "List-Id: <valves.partner.example>\r\n")?;
    company.arrive("", "of nobody", "")?;
    company.arrive("machine@partner.example", "of a machine", "Auto-Submitted: auto-generated\r\n")?;
    company.wait_for("INBOX", 5)?;
    company.arrive("ben@partner.example", "of another", "")?;
    let sent = || Ok((company.partner.messages()?.len() == 2).then_some(()));
    wait_until("the reply to another", PATIENCE, sent)?;
    assert!(company.partner.messages()?[1].contains("To: <ben@partner.example>"));
    Ok(())
}
