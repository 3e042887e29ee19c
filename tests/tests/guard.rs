//! The trade guard at the running server, the whole story by the command line: a deal, a look-alike that enters it with another account in
//! a PDF, the case of finance, and what is known from then on. And the replay of a history.

#[path = "guard/letters.rs"]
mod letters;

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Browser, Options, Outcome, Scratch, Tradewind, run, smtp, wait_until};
use letters::{THEIRS, THIEFS, letter, with_invoice};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

fn start() -> Outcome<Tradewind> {
    start_holding(0.85)
}

/// One that holds mail for finance from this probability of fraud.
fn start_holding(fraud_hold: f64) -> Outcome<Tradewind> {
    let levels = format!(
        "{{ warn = 0.9, junk = 0.95, quarantine = 0.99, refuse = 1.1, unjudged = \"warn\", fraud_warn = 0.5, fraud_hold = {fraud_hold} }}"
    );
    let mut options = Options::default().set("judging", "milliseconds_max", "30000");
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, &levels);
    }
    Tradewind::start(options)
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

fn receive(tradewind: &Tradewind, envelope_from: &str, message: &str) -> Outcome {
    let to = tradewind.account("sales")?.address;
    let mut client = tradewind.smtp()?;
    client.deliver(envelope_from, &[&to], &smtp::for_wire(message.as_bytes()))?.expect(250)?;
    client.quit()
}

/// Waits until `messages` with the partner were learned from.
fn learned(tradewind: &Tradewind, messages: u64) -> Outcome {
    wait_until("what is learned", PATIENCE, || {
        let all = told(tradewind, &["guard", "partners"])?;
        let mut all = all.as_array().into_iter().flatten();
        let partner = all.find(|one| one["partner"] == "acme-valves.example");
        let count = |one: &Value| one["received"].as_u64().unwrap_or(0) + one["sent"].as_u64().unwrap_or(0);
        Ok(partner.filter(|one| count(one) >= messages).map(drop))
    })
}

#[test]
fn another_account_in_a_running_deal_waits_for_finance() -> Outcome {
    let tradewind = start()?;
    let ours = tradewind.account("sales")?.address;
    let theirs = "Jan Berg <jan@acme-valves.example>";
    let mut client = tradewind.submission("sales")?;
    let asked = letter(&ours, "jan@acme-valves.example", "1@own.example", "", "Please quote for 200 valves.");
    client.deliver(&ours, &["jan@acme-valves.example"], &smtp::for_wire(asked.as_bytes()))?.expect(250)?;
    learned(&tradewind, 1)?;
    let quote = "Our price is EUR 12,400.00. The invoice follows.\r\n\r\nJan Berg\r\nTel. +49 30 5550 1234";
    receive(
        &tradewind,
        "jan@acme-valves.example",
        &letter(theirs, &ours, "2@acme-valves.example", "1@own.example", quote),
    )?;
    learned(&tradewind, 2)?;
    let invoice = with_invoice(theirs, &ours, "3@acme-valves.example", "2@acme-valves.example", THEIRS);
    receive(&tradewind, "jan@acme-valves.example", &invoice)?;
    learned(&tradewind, 3)?;
    assert_eq!(told(&tradewind, &["guard", "cases"])?.as_array().map(Vec::len), Some(0));

    // One letter off, in the thread, with another account in its PDF.
    let changed = with_invoice(
        "Jan Berg <jan@acrne-valves.example>",
        &ours,
        "4@acrne-valves.example",
        "3@acme-valves.example",
        THIEFS,
    );
    receive(&tradewind, "jan@acrne-valves.example", &changed)?;
    let cases = told(&tradewind, &["guard", "cases"])?;
    let case = cases[0].clone();
    assert_eq!((case["action"].as_str(), case["state"].as_str()), (Some("hold"), Some("open")), "{cases}");
    let number = case["case"].as_str().unwrap_or_default().to_owned();
    let shown = told(&tradewind, &["guard", "explain", &number])?;
    assert_eq!(shown["asked"][0]["value"], THIEFS.replace(' ', ""), "{shown}");
    assert_eq!(shown["on_file"][0]["value"], THEIRS.replace(' ', ""), "{shown}");
    assert_eq!(shown["phones"][0], "+493055501234", "{shown}");
    let ids: Vec<&str> =
        shown["findings"].as_array().into_iter().flatten().filter_map(|it| it["id"].as_str()).collect();
    assert!(ids.contains(&"payment-changed") && ids.contains(&"lookalike-partner"), "{ids:?}");

    // It waits for finance, who is told, and for nobody else.
    assert!(!tradewind.command(&["quarantine", "release", &number])?.status.success());
    let mut finance = tradewind.imap("finance")?;
    wait_until("the letter to finance", PATIENCE, || Ok((finance.count("INBOX")? == 1).then_some(())))?;
    assert_eq!(tradewind.imap("sales")?.count("INBOX")?, 2);
    assert!(!tradewind.command(&["guard", "note", &number, "phoned", "+370 5555 1234 he says yes"])?.status.success());
    told(&tradewind, &["guard", "note", &number, "phoned", "+493055501234 Jan knows of nothing"])?;
    assert_eq!(told(&tradewind, &["guard", "close", &number, "--fraud"])?["state"], "fraud");
    assert_eq!(told(&tradewind, &["quarantine", "list"])?.as_array().map(Vec::len), Some(0));
    let closed = told(&tradewind, &["guard", "explain", &number])?;
    assert!(closed["partner_notice"].as_str().is_some_and(|text| text.contains("acrne-valves.example")), "{closed}");
    told(&tradewind, &["guard", "note", &number, "partner-told", "by telephone"])?;

    // The account is known from now on, whoever names it.
    let text = format!("Please pay the deposit of USD 900.00 to our account.\r\nIBAN: {THIEFS}");
    receive(&tradewind, "ann@other.example", &letter("Ann <ann@other.example>", &ours, "5@other.example", "", &text))?;
    let cases = told(&tradewind, &["guard", "cases"])?;
    assert_eq!(cases[0]["action"], "hold", "{cases}");
    assert!(cases[0]["findings"].as_array().is_some_and(|it| it.contains(&"payment-disputed".into())), "{cases}");
    let checked = told(&tradewind, &["store", "check"])?;
    assert_eq!(checked["sound"], true, "{checked}");
    Ok(())
}

#[test]
fn a_history_is_replayed_without_a_server() -> Outcome {
    let scratch = Scratch::new("guard-replay")?;
    let (history, messages) = (scratch.join("history/cur"), scratch.join("messages"));
    fs::create_dir_all(&history)?;
    fs::create_dir_all(&messages)?;
    let dated = |day: u32, message: &str| format!("Date: {day:02} Nov 2026 10:00:00 +0000\r\n{message}");
    let (ours, theirs) = ("Ann Li <ann@own.example>", "Jan Berg <jan@acme-valves.example>");
    let write = |name: &str, text: String| fs::write(history.join(name), text);
    write("1:2,S", dated(1, &letter(ours, theirs, "1@own.example", "", "Please quote for 200 valves.")))?;
    write("2:2,S", dated(2, &with_invoice(theirs, ours, "2@acme-valves.example", "1@own.example", THEIRS)))?;
    let changed = with_invoice(
        "Jan Berg <jan@acrne-valves.example>",
        ours,
        "3@acrne-valves.example",
        "2@acme-valves.example",
        THIEFS,
    );
    fs::write(messages.join("b.eml"), dated(9, &changed))?;
    let honest = with_invoice(theirs, ours, "4@acme-valves.example", "2@acme-valves.example", THEIRS);
    fs::write(messages.join("a.eml"), dated(8, &honest))?;
    let mut command = Command::new(Tradewind::binary()?);
    command
        .args(["--json", "guard", "replay", "--own-domain", "own.example", "--history"])
        .arg(scratch.join("history"));
    command.arg("--messages").arg(&messages);
    let told = run(command, PATIENCE)?.success()?;
    let lines: Vec<Value> = told.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 2, "{}", told.stdout);
    assert_eq!(lines[0]["action"], "deliver", "{}", lines[0]);
    assert_eq!(lines[0]["payment_details"][0]["state"], "learned", "{}", lines[0]);
    assert_eq!(lines[1]["action"], "hold", "{}", lines[1]);
    assert!(lines[1]["case"].is_string() && lines[1]["payment_details"][0]["state"] == "new", "{}", lines[1]);
    Ok(())
}

/// A client of JMAP for the account for sales.
struct Jmap {
    browser: Browser,
    signed: String,
    account: Value,
}

impl Jmap {
    fn open(tradewind: &Tradewind) -> Outcome<Self> {
        let account = tradewind.account("sales")?;
        let signed = format!("Basic {}", smtp::base64(format!("{}:{}", account.address, account.password).as_bytes()));
        let mut jmap = Self { browser: tradewind.browser()?, signed, account: Value::Null };
        let page = jmap.browser.request("GET", "/jmap/session", &[("Authorization", &jmap.signed)], "")?;
        jmap.account = page.expect(200)?.json()["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
        Ok(jmap)
    }

    fn ask(&mut self, method: &str, mut arguments: Value) -> Outcome<Value> {
        arguments["accountId"] = self.account.clone();
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:tradewind:params:jmap:verdict"];
        let body = json!({ "using": using, "methodCalls": [[method, arguments, "0"]] });
        let page = self.browser.post("/jmap/api", &body, &[("Authorization", &self.signed)])?.expect(200)?;
        Ok(page.json()["methodResponses"][0][1].clone())
    }
}

#[test]
fn a_warning_names_the_line_that_it_is_about() -> Outcome {
    let tradewind = start_holding(1.1)?;
    let ours = tradewind.account("sales")?.address;
    let text = format!(
        "Grüße 👋,\r\n\r\nplease pay our invoice 77 of USD 900.00 into this account.\r\nIBAN: {THIEFS}\r\n\r\nAnn"
    );
    let letter = letter("Ann <ann@other.example>", &ours, "1@other.example", "", &text).replace(
        "Subject:",
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nSubject:",
    );
    receive(&tradewind, "ann@other.example", &letter)?;
    let mut jmap = Jmap::open(&tradewind)?;
    let ids = jmap.ask("Email/query", json!({}))?["ids"].clone();
    let verdict = jmap.ask("Verdict/get", json!({ "ids": ids }))?["list"][0].clone();
    assert_eq!(verdict["action"], "warn", "{verdict}");
    let wanted = json!({ "ids": ids, "properties": ["bodyValues"], "fetchTextBodyValues": true });
    let values = jmap.ask("Email/get", wanted)?["list"][0]["bodyValues"].clone();
    let mut marked = Vec::new();
    for mark in
        verdict["findings"].as_array().into_iter().flatten().flat_map(|it| it["marks"].as_array().into_iter().flatten())
    {
        let Some(part) = mark["partId"].as_str() else { continue };
        let units: Vec<u16> = values[part]["value"].as_str().unwrap_or_default().encode_utf16().collect();
        let number = |name: &str| mark[name].as_u64().and_then(|number| usize::try_from(number).ok());
        let (Some(start), Some(length)) = (number("start"), number("length")) else { panic!("no place: {mark}") };
        let there = String::from_utf16_lossy(units.get(start..start + length).unwrap_or_default());
        assert_eq!(mark["text"], there.as_str(), "{mark}");
        marked.push((mark["kind"].clone(), there));
    }
    assert!(marked.contains(&(json!("account"), THIEFS.to_owned())), "{verdict}");
    Ok(())
}

#[test]
fn an_account_in_strange_hands_is_one_case() -> Outcome {
    let tradewind = start()?;
    let ours = tradewind.account("sales")?.address;
    tradewind.command(&["user", "forward", "add", &ours, "box@far.example"])?.success()?;
    // A thief searches in whatever language the mail is, by whatever program.
    let mut imap = tradewind.imap("sales")?;
    imap.ask("SELECT INBOX")?.ok()?;
    for word in ["invoice", "Rechnung", "factura"] {
        imap.ask(&format!("SEARCH TEXT \"{word}\""))?.ok()?;
    }
    let mut jmap = Jmap::open(&tradewind)?;
    for word in ["发票", "bank account", "holiday"] {
        jmap.ask("Email/query", json!({ "filter": { "text": word } }))?;
    }
    let case = wait_until("the case of the account", PATIENCE, || {
        Ok(told(&tradewind, &["guard", "cases"])?.as_array().and_then(|all| all.first().cloned()))
    })?;
    assert_eq!((&case["direction"], &case["from"]), (&json!("account"), &json!(ours)), "{case}");
    let number = case["case"].as_str().unwrap_or_default().to_owned();
    let shown = told(&tradewind, &["guard", "explain", &number])?;
    let finding = &shown["findings"][0];
    assert_eq!(finding["id"], "account-taken-over", "{shown}");
    assert!(
        finding["evidence"].as_str().is_some_and(|it| it.contains("box@far.example") && it.contains('?')),
        "{shown}"
    );
    // Its owner is told, and those who look after security.
    for role in ["sales", "admin"] {
        let mut client = tradewind.imap(role)?;
        wait_until("the letter", PATIENCE, || Ok((client.count("INBOX")? >= 1).then_some(())))?;
    }
    assert_eq!(told(&tradewind, &["guard", "close", &number, "--fraud"])?["state"], "fraud");
    Ok(())
}
