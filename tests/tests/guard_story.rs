//! The theft that the trade guard stops, from end to end: a history is imported, somebody registers a domain that looks like the
//! partner's, with SPF, DKIM and DMARC of its own, and enters the running thread with another account in a PDF. The letter is held,
//! finance decides by the API, the partner is told, and what came is known again.

#[path = "guard/letters.rs"]
mod letters;

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Bind, Browser, Failure, Options, Outcome, Page, Scratch, Tradewind, require, run, smtp, wait_until};
use letters::{THEIRS, THIEFS, letter, with_invoice};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

/// What only looks like the partner's domain.
const ALIKE: &str = "acrne-valves.test";

/// What the thief writes.
const TEXT: &str = "Good day, thank you for the order and for the good cooperation in this year. Our bank is being audited by the tax office \
    at present and the usual account is closed until the audit is over. So that the valves can leave our works this week, please let the \
    transfer for this order go to the account in the enclosed invoice, and kindly send us the confirmation of your bank on the same day. \
    The goods are packed and the forwarder waits for us. We are sorry for the trouble and thank you for your understanding.";

/// Signs as the domain named first, with the key in the file named second, what stands in the third.
const SIGN: &str = "import sys, dkim\n\
    message = open(sys.argv[3], 'rb').read()\n\
    field = dkim.sign(message, b's1', sys.argv[1].encode(), open(sys.argv[2], 'rb').read(), include_headers=[b'from', b'to', b'subject'])\n\
    sys.stdout.buffer.write(field + message)\n";

/// The look-alike's signing key, and its public part for DNS.
fn key(scratch: &Scratch) -> Outcome<String> {
    let file = scratch.join("key.pem");
    let mut made = Command::new("openssl");
    made.args(["genrsa", "-traditional", "-out"]).arg(&file).arg("2048");
    run(made, PATIENCE)?.success()?;
    let mut shown = Command::new("openssl");
    shown.args(["rsa", "-pubout", "-in"]).arg(&file);
    let shown = run(shown, PATIENCE)?.success()?.stdout;
    Ok(shown.lines().filter(|line| !line.starts_with("-----")).collect())
}

/// A text of any length as a TXT record has it.
fn txt(name: &str, text: &str) -> String {
    let pieces: Vec<String> =
        text.as_bytes().chunks(200).map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece))).collect();
    format!("{name}. TXT {}\n", pieces.join(" "))
}

fn names(public: &str) -> Outcome<Bind> {
    let mut root = "ns.invalid. A 127.0.0.1\n".to_owned();
    for domain in ["acme-valves.test", ALIKE] {
        root.push_str(&txt(domain, "v=spf1 ip4:127.0.0.1 -all"));
        root.push_str(&txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject"));
    }
    root.push_str(&txt(&format!("s1._domainkey.{ALIKE}"), &format!("v=DKIM1; k=rsa; p={public}")));
    Bind::start(&[(".", &root)])
}

fn signed(scratch: &Scratch, message: &str) -> Outcome<Vec<u8>> {
    let file = scratch.join("message");
    fs::write(&file, message)?;
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", SIGN, ALIKE]).arg(scratch.join("key.pem")).arg(&file);
    Ok(smtp::for_wire(run(python, PATIENCE)?.success()?.stdout.as_bytes()))
}

fn start(names: &Bind) -> Outcome<Tradewind> {
    let levels = "{ warn = 0.9, junk = 0.95, quarantine = 0.99, refuse = 1.1, unjudged = \"warn\", fraud_warn = 0.5, fraud_hold = 0.85 }";
    let mut options = Options::default()
        .set("judging", "milliseconds_max", "30000")
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("dns", "timeout_seconds", "1")
        .set("factors", "grace_days", "0");
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, levels);
    }
    Tradewind::start(options)
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

/// The mail of a year ago, both directions, as another system kept it.
fn history(scratch: &Scratch, ours: &str) -> Outcome<std::path::PathBuf> {
    let place = scratch.join("maildir");
    for folder in ["cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"] {
        fs::create_dir_all(place.join(folder))?;
    }
    let theirs = "Jan Berg <jan@acme-valves.test>";
    let dated = |month: u32, text: &str| {
        format!("Date: 12 {month:02} 2025 10:00:00 +0000\r\n{text}")
            .replace(" 01 2025", " Jan 2025")
            .replace(" 02 2025", " Feb 2025")
            .replace(" 03 2025", " Mar 2025")
            .replace(" 04 2025", " Apr 2025")
    };
    let received = |text: &str| {
        format!(
            "Received: from out.acme-valves.test ([192.0.2.7]) by old.trade.test; Wed, 12 Feb 2025 10:00:02 +0000\r\n{text}"
        )
    };
    let asked = letter(ours, theirs, "1@trade.test", "", "Please quote for 200 valves.");
    let quote = "Our price is EUR 12,400.00. The invoice follows.\r\n\r\nJan Berg\r\nTel. +49 30 5550 1234";
    let quote = letter(theirs, ours, "2@acme-valves.test", "1@trade.test", quote);
    let thanks = letter(ours, theirs, "3@trade.test", "2@acme-valves.test", "Ordered, thank you.");
    let invoice = with_invoice(theirs, ours, "4@acme-valves.test", "3@trade.test", THEIRS);
    fs::write(place.join(".Sent/cur/1:2,S"), dated(1, &asked))?;
    fs::write(place.join("cur/2:2,S"), received(&dated(2, &quote)))?;
    fs::write(place.join(".Sent/cur/3:2,S"), dated(3, &thanks))?;
    fs::write(place.join("cur/4:2,S"), received(&dated(4, &invoice)))?;
    Ok(place)
}

/// Somebody who signs in with password and an authenticator app, of which the first code is shown.
fn enrolled(tradewind: &Tradewind, role: &str) -> Outcome<Browser> {
    let access = tradewind.access(role)?;
    let mut browser = tradewind.browser()?;
    let shown = json!({ "login": access.user, "password": access.password });
    let state = browser.post("/api/sign-in", &shown, &[])?.expect(200)?.json();
    assert_eq!(state["state"], "enrol", "the level asks for a second factor");
    let wanted = json!({ "kind": "totp", "label": "app" });
    let begun = browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
    let secret = begun["secret"].as_str().ok_or_else(|| Failure::new("no secret"))?.to_owned();
    let mut oathtool = Command::new("oathtool");
    oathtool.args(["--totp", "--base32", &secret]);
    let code = run(oathtool, PATIENCE)?.success()?.stdout.trim().to_owned();
    let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": code });
    browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
    Ok(browser)
}

fn ask(browser: &mut Browser, action: &str, arguments: Value) -> Outcome<Page> {
    browser.post(&format!("/api/v1/{action}"), &arguments, &[])
}

/// What was imported teaches; importing it again, or asking for it, counts nothing twice.
fn history_is_learned(tradewind: &Tradewind, scratch: &Scratch, ours: &str) -> Outcome {
    let place = history(scratch, ours)?;
    let place = place.display().to_string();
    let import = ["import", "maildir", &place, "--user", ours];
    assert_eq!(told(tradewind, &import)?["imported"], 4);
    let is_read = || {
        wait_until("the mailbox is learned from", PATIENCE, || {
            let all = told(tradewind, &["guard", "learning"])?;
            let is_done =
                all.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["done"] == true));
            Ok(is_done.then_some(all))
        })
    };
    assert_eq!(is_read()?[0]["learned"], 4);
    told(tradewind, &["guard", "learn"])?;
    let again = is_read()?;
    let learned: i64 = again.as_array().into_iter().flatten().filter_map(|one| one["learned"].as_i64()).sum();
    assert_eq!(learned, 4, "{again}");
    let partner = told(tradewind, &["guard", "partners", "acme-valves.test"])?;
    assert_eq!((&partner["received"], &partner["sent"]), (&json!(2), &json!(2)), "{partner}");
    assert_eq!(partner["details"][0]["value"], THEIRS.replace(' ', ""), "{partner}");
    Ok(())
}

/// Finance sees both accounts and the number on file, calls, rejects, and notes that the partner was told. Gives its browser.
fn finance_rejects(tradewind: &Tradewind) -> Outcome<Browser> {
    told(tradewind, &["organisation", "level", "enhanced"])?;
    let mut finance = enrolled(tradewind, "finance")?;
    let cases = ask(&mut finance, "guard-cases", json!({ "all": false }))?.expect(200)?.json();
    assert_eq!(cases.as_array().map(Vec::len), Some(1), "{cases}");
    assert_eq!((&cases[0]["action"], &cases[0]["state"]), (&json!("hold"), &json!("open")), "{cases}");
    let id = cases[0]["case"].clone();
    let shown = json!({ "id": id, "language": "en" });
    let case = ask(&mut finance, "guard-case-show", shown.clone())?.expect(200)?.json();
    assert_eq!(case["asked"][0]["value"], THIEFS.replace(' ', ""), "{case}");
    assert_eq!(case["on_file"][0]["value"], THEIRS.replace(' ', ""), "{case}");
    assert_eq!(case["phones"][0], "+493055501234", "{case}");
    let ids: Vec<&str> = case["findings"].as_array().into_iter().flatten().filter_map(|it| it["id"].as_str()).collect();
    for id in ["lookalike-partner", "payment-changed", "outsider-in-thread"] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }

    // Whoever is not of finance or management may not decide.
    let close = json!({ "id": id, "honest": false, "note": "Jan knows of nothing" });
    let mut admin = enrolled(tradewind, "admin")?;
    assert_ne!(ask(&mut admin, "guard-case-close", close.clone())?.status, 200);
    let called = json!({ "id": id, "what": "phoned", "note": "+493055501234 Jan knows of nothing" });
    ask(&mut finance, "guard-case-note", called)?.expect(200)?;
    let closed = ask(&mut finance, "guard-case-close", close)?.expect(200)?.json();
    assert_eq!(closed["state"], "fraud");
    let case = ask(&mut finance, "guard-case-show", shown.clone())?.expect(200)?.json();
    assert!(case["partner_notice"].as_str().is_some_and(|text| text.contains(ALIKE)), "{case}");
    let said = json!({ "id": id, "what": "partner-told", "note": "by telephone, +493055501234" });
    ask(&mut finance, "guard-case-note", said)?.expect(200)?;
    let case = ask(&mut finance, "guard-case-show", shown)?.expect(200)?.json();
    let events: Vec<&str> =
        case["events"].as_array().into_iter().flatten().filter_map(|it| it["what"].as_str()).collect();
    assert_eq!(events, ["phoned", "fraud", "partner-told"], "{case}");
    Ok(finance)
}

#[test]
fn a_look_alike_enters_a_thread_with_another_account() -> Outcome {
    require!("bind9", "python3-dkim", "oathtool", "openssl");
    let scratch = Scratch::new("guard-story")?;
    let names = names(&key(&scratch)?)?;
    let tradewind = start(&names)?;
    let ours = tradewind.account("sales")?.address;

    history_is_learned(&tradewind, &scratch, &ours)?;

    // Its own word is good for the look-alike: what is held is held for what it says.
    let thief = format!("Jan Berg <jan@{ALIKE}>");
    let changed = with_invoice(&thief, &ours, &format!("5@{ALIKE}"), "4@acme-valves.test", THIEFS);
    let changed = changed.replace("Here is our invoice for the order.", TEXT);
    let mut client = tradewind.smtp()?;
    client.deliver(&format!("jan@{ALIKE}"), &[&ours], &signed(&scratch, &changed)?)?.expect(250)?;
    client.quit()?;
    assert_eq!(tradewind.imap("sales")?.count("INBOX")?, 2, "it is held");
    let mut finance = tradewind.imap("finance")?;
    wait_until("the letter to finance", PATIENCE, || Ok((finance.count("INBOX")? == 1).then_some(())))?;

    let mut finance = finance_rejects(&tradewind)?;

    // From now on its account is known whoever names it, and its text whatever account comes with it.
    let named = with_invoice("Ann <ann@other.test>", &ours, "6@other.test", "none@other.test", THIEFS);
    let same = letter("Bo <bo@third.test>", &ours, "7@third.test", "", TEXT);
    let mut client = tradewind.smtp()?;
    client.deliver("ann@other.test", &[&ours], &smtp::for_wire(named.as_bytes()))?.expect(250)?;
    client.deliver("bo@third.test", &[&ours], &smtp::for_wire(same.as_bytes()))?.expect(250)?;
    client.quit()?;
    let cases = ask(&mut finance, "guard-cases", json!({ "all": false }))?.expect(200)?.json();
    let named = cases.as_array().into_iter().flatten().find(|one| one["partner"] == "other.test");
    let findings = named.and_then(|one| one["findings"].as_array()).cloned().unwrap_or_default();
    assert!(findings.contains(&json!("payment-disputed")), "{cases}");
    told(&tradewind, &["organisation", "level", "basic"])?;
    let mut sales = tradewind.imap("sales")?;
    assert_eq!(sales.count("Junk")?, 1, "a second letter of the same text");
    sales.ask("SELECT Junk")?.ok()?;
    let header = sales.ask("FETCH 1 BODY.PEEK[HEADER]")?.ok()?.text();
    assert!(header.contains("Subject: Order 4471") && header.contains("reported-template"), "{header}");

    // The look-alike's signature was good: its policy asks for refusal of whatever nobody vouches for, and the null sender has no SPF.
    let word = letter(&thief, &ours, &format!("8@{ALIKE}"), "", "Did you get my letter?");
    let mut client = tradewind.smtp()?;
    client.deliver("", &[&ours], &smtp::for_wire(word.as_bytes()))?.expect(550)?;
    client.deliver("", &[&ours], &signed(&scratch, &word)?)?.expect(250)?;
    client.quit()?;
    let checked = told(&tradewind, &["store", "check"])?;
    assert_eq!(checked["sound"], true, "{checked}");
    Ok(())
}
