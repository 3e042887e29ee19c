//! The trade guard at the running server, the whole story by the command line: a deal, a look-alike that enters it with another account in
//! a PDF, the case of finance, and what is known from then on. And the replay of a history.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Scratch, Tradewind, run, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(90);

const THEIRS: &str = "DE89 3704 0044 0532 0130 00";
const THIEFS: &str = "LT12 1000 0111 0100 1000";

fn start() -> Outcome<Tradewind> {
    let levels = "{ warn = 0.9, junk = 0.95, quarantine = 0.99, refuse = 1.1, unjudged = \"warn\", fraud_warn = 0.5, fraud_hold = 0.85 }";
    let mut options = Options::default().set("judging", "milliseconds_max", "30000");
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, levels);
    }
    Tradewind::start(options)
}

fn json(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

/// A letter of the deal; `answers` names the one before.
fn letter(from: &str, to: &str, id: &str, answers: &str, text: &str) -> String {
    let references = if answers.is_empty() {
        String::new()
    } else {
        format!("References: <{answers}>\r\nIn-Reply-To: <{answers}>\r\n")
    };
    format!("From: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\nMessage-ID: <{id}>\r\n{references}\r\n{text}\r\n")
}

/// A page with these lines.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let mut page = String::from("BT /F1 11 Tf 60 760 Td 16 TL\n");
    for line in lines {
        let _ = writeln!(page, "({line}) Tj T*");
    }
    page.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}endstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        let _ = writeln!(file, "{number} 0 obj\n{object}\nendobj");
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        let _ = writeln!(file, "{place:010} 00000 n ");
    }
    let _ = write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    file.into_bytes()
}

/// A letter with an invoice.
fn with_invoice(from: &str, to: &str, id: &str, answers: &str, account: &str) -> String {
    let account = format!("IBAN: {account}");
    let invoice = pdf(&["INVOICE 2026-117", "Beneficiary: Acme Valves GmbH", &account, "Amount due: EUR 12,400.00"]);
    let mut encoded = String::new();
    for line in smtp::base64(&invoice).as_bytes().chunks(76) {
        encoded.push_str(&String::from_utf8_lossy(line));
        encoded.push_str("\r\n");
    }
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: Order 4471\r\nMessage-ID: <{id}>\r\nReferences: <{answers}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\nHere is our invoice for the order.\r\n\
         --part\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\nContent-Disposition: attachment; filename=\"invoice.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}--part--\r\n"
    )
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
        let all = json(tradewind, &["guard", "partners"])?;
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
    assert_eq!(json(&tradewind, &["guard", "cases"])?.as_array().map(Vec::len), Some(0));

    // One letter off, in the thread, with another account in its PDF.
    let changed = with_invoice(
        "Jan Berg <jan@acrne-valves.example>",
        &ours,
        "4@acrne-valves.example",
        "3@acme-valves.example",
        THIEFS,
    );
    receive(&tradewind, "jan@acrne-valves.example", &changed)?;
    let cases = json(&tradewind, &["guard", "cases"])?;
    let case = cases[0].clone();
    assert_eq!((case["action"].as_str(), case["state"].as_str()), (Some("hold"), Some("open")), "{cases}");
    let number = case["case"].as_str().unwrap_or_default().to_owned();
    let shown = json(&tradewind, &["guard", "explain", &number])?;
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
    json(&tradewind, &["guard", "note", &number, "phoned", "+493055501234 Jan knows of nothing"])?;
    assert_eq!(json(&tradewind, &["guard", "close", &number, "--fraud"])?["state"], "fraud");
    assert_eq!(json(&tradewind, &["quarantine", "list"])?.as_array().map(Vec::len), Some(0));
    let told = json(&tradewind, &["guard", "explain", &number])?;
    assert!(told["partner_notice"].as_str().is_some_and(|text| text.contains("acrne-valves.example")), "{told}");
    json(&tradewind, &["guard", "note", &number, "partner-told", "by telephone"])?;

    // The account is known from now on, whoever names it.
    let text = format!("Please pay the deposit of USD 900.00 to our account.\r\nIBAN: {THIEFS}");
    receive(&tradewind, "ann@other.example", &letter("Ann <ann@other.example>", &ours, "5@other.example", "", &text))?;
    let cases = json(&tradewind, &["guard", "cases"])?;
    assert_eq!(cases[0]["action"], "hold", "{cases}");
    assert!(cases[0]["findings"].as_array().is_some_and(|it| it.contains(&"payment-disputed".into())), "{cases}");
    let checked = json(&tradewind, &["store", "check"])?;
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
