//! What others know of bad mail: feeds offline, over HTTPS and at the running server; ClamAV, by itself and behind an ICAP server.

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{
    CIcap, Clamd, Finished, HttpsHost, Options, Outcome, Scratch, SelfSigned, Tradewind, missing, run, skipped, smtp,
    wait_until,
};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// A letter that nobody would suspect, with a link.
const LETTER: &str = "From: Anna Buyer <buyer@partner.example>\r\nTo: sales@trade.test\r\nSubject: Quotation for ball valves\r\n\
    Message-ID: <letter@partner.example>\r\n\r\n\
    Dear Mr Li,\r\n\r\nthank you for your offer of 200 ball valves DN50. Please send us the drawings and the delivery time CIF Hamburg.\r\n\
    Our order: https://files.order-desk.example/po/2231?id=7\r\n\r\nBest regards\r\nAnna Buyer\r\n";

fn tradewind(arguments: &[&str]) -> Outcome<Finished> {
    let mut command = Command::new(Tradewind::binary()?);
    command.env("LC_ALL", "C").args(arguments);
    run(command, PATIENCE)
}

fn json(arguments: &[&str]) -> Outcome<Value> {
    Ok(serde_json::from_str(tradewind(arguments)?.stdout.trim())?)
}

fn ids(verdict: &Value) -> Vec<&str> {
    let findings = verdict["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().filter_map(|finding| finding["id"].as_str()).collect()
}

#[test]
fn a_directory_of_feeds_is_asked_offline() -> Outcome {
    let scratch = Scratch::new("feeds")?;
    let letter = scratch.file("letter.eml", LETTER)?.display().to_string();
    let feeds = scratch.directory("feeds")?;
    let directory = feeds.display().to_string();
    // What everybody uses cannot be listed.
    fs::write(feeds.join("poisoned.txt"), "google.com\nexample\npartner.example.org\n")?;
    let verdict = json(&["judge", "--json", "--no-inspect", "--feeds", &directory, &letter])?;
    assert_eq!(verdict["action"], "deliver", "{verdict}");
    fs::write(feeds.join("local.csv"), "id,url\n1,https://files.order-desk.example/po/2231\n")?;
    let verdict = json(&["judge", "--json", "--no-inspect", "--feeds", &directory, &letter])?;
    assert!(ids(&verdict).contains(&"feed-url"), "{verdict}");
    assert!(
        verdict["action"] == "junk" || verdict["action"] == "warn",
        "one sign alone does not quarantine: {verdict}"
    );
    let text = tradewind(&["judge", "--no-inspect", "--feeds", &directory, &letter])?.success()?.stdout;
    assert!(text.contains("known as bad: https://files.order-desk.example/po/2231?id=7 (local.csv)"), "{text}");
    fs::write(feeds.join("broken.stix.json"), "{")?;
    let broken = tradewind(&["judge", "--feeds", &directory, &letter])?;
    assert!(!broken.status.success() && broken.stderr.contains("broken.stix.json"), "{}", broken.stderr);
    Ok(())
}

#[test]
fn feeds_are_fetched_over_https() -> Outcome {
    let scratch = Scratch::new("feeds-https")?;
    let certificate = SelfSigned::write_for(&scratch, &["localhost"])?;
    let host =
        HttpsHost::start_at(([127, 0, 0, 1], 0).into(), &certificate, &[("localhost", "bad.example\nevil.example\n")])?;
    let config = format!(
        "[server]\ndirectory = \"data\"\n[[threats.feed]]\nname = \"far\"\naddress = \"https://localhost:{}/list.txt\"\nca = \"{}\"\n",
        host.address.port(),
        certificate.certificate.display()
    );
    let config = scratch.file("tradewind.toml", config)?.display().to_string();
    let feeds = |arguments: &[&str]| tradewind(&[&["--config", &config, "--json", "feeds"], arguments].concat());
    assert!(feeds(&["list"])?.stdout.contains("was never fetched"));
    let refreshed: Value = serde_json::from_str(feeds(&["refresh"])?.success()?.stdout.trim())?;
    assert_eq!((&refreshed[0]["outcome"], &refreshed[0]["entries"]), (&Value::from("taken"), &Value::from(2)));
    let flood: String = (0..1000).map(|n| format!("n{n}.example\n")).collect();
    host.serve("localhost", &flood);
    let refreshed: Value = serde_json::from_str(feeds(&["refresh", "far"])?.stdout.trim())?;
    assert_eq!((&refreshed[0]["outcome"], &refreshed[0]["entries"]), (&Value::from("waits"), &Value::from(1000)));
    feeds(&["accept", "far"])?.success()?;
    let listed: Value = serde_json::from_str(feeds(&["list"])?.success()?.stdout.trim())?;
    assert_eq!((&listed[0]["name"], &listed[0]["entries"]), (&Value::from("far"), &Value::from(1000)));
    assert!(feeds(&["refresh", "unheard"])?.stderr.contains("unheard"));
    Ok(())
}

/// Brings a message to the demo company's sales.
fn deliver(server: &Tradewind, message: &str) -> Outcome<smtp::Reply> {
    let to = server.account("sales")?.address;
    let mut client = server.smtp()?;
    let reply = client.deliver("someone@partner.example", &[&to], &smtp::for_wire(message.as_bytes()))?;
    client.quit()?;
    Ok(reply)
}

/// The letter with an attached file.
fn with_file(content: &str) -> String {
    let head = LETTER.replace(
        "\r\n\r\nDear",
        "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nDear",
    );
    let part =
        "--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=order.bin\r\n\r\n";
    format!("{head}{part}{content}\r\n--x--\r\n")
}

/// A harmless file arrives; malware is kept back, whatever its letter says.
fn malware_is_kept_back(server: &Tradewind) -> Outcome {
    deliver(server, &with_file("nothing"))?.expect(250)?;
    let mut session = server.imap("sales")?;
    wait_until("the letter", PATIENCE, || Ok((session.count("INBOX")? == 1).then_some(())))?;
    deliver(server, &with_file(Clamd::BAD))?.expect(250)?;
    let held = wait_until("the quarantine", PATIENCE, || {
        let listed = server.command(&["--json", "quarantine", "list"])?.success()?.stdout;
        Ok(listed.contains("ball valves").then_some(listed))
    })?;
    assert_eq!(session.count("INBOX")?, 1, "{held}");
    Ok(())
}

#[test]
fn the_server_asks_feeds_and_clamd() -> Outcome {
    if let Some(why) = missing(&["clamav-daemon"]) {
        return skipped(&why);
    }
    let clamd = Clamd::start()?;
    let scratch = Scratch::new("feeds-server")?;
    let feeds = scratch.directory("feeds")?;
    let options = Options::default()
        .set("judging", "milliseconds_max", "60000")
        .set("threats", "feeds_directory", &format!("{:?}", feeds.display().to_string()))
        .set("threats", "clamd", &format!("\"unix:{}\"", clamd.socket.display()));
    let server = Tradewind::start(options)?;
    malware_is_kept_back(&server)?;
    // A feed that is put there counts soon.
    fs::write(feeds.join("own.txt"), "order-desk.example\n")?;
    let mut session = server.imap("sales")?;
    wait_until("the feed", PATIENCE, || {
        deliver(&server, LETTER)?.expect(250)?;
        Ok((session.count("Junk")? > 0).then_some(()))
    })
}

/// A message lies in the inbox when a feed learns of the page that it leads to.
#[test]
fn what_a_feed_learns_is_pulled_out_of_the_inbox() -> Outcome {
    let scratch = Scratch::new("feeds-pull")?;
    let feeds = scratch.directory("feeds")?;
    let options = Options::default().set("judging", "milliseconds_max", "60000").set(
        "threats",
        "feeds_directory",
        &format!("{:?}", feeds.display().to_string()),
    );
    let server = Tradewind::start(options)?;
    // The page and its host: two lists that agree.
    deliver(&server, LETTER)?.expect(250)?;
    let mut session = server.imap("sales")?;
    wait_until("the letter", PATIENCE, || Ok((session.count("INBOX")? == 1).then_some(())))?;
    fs::write(feeds.join("own.txt"), "order-desk.example\nhttps://files.order-desk.example/po/2231\n")?;
    wait_until("the feed", PATIENCE, || Ok((session.count("Junk")? == 1).then_some(())))?;
    // What is left there is the letter that tells of it.
    wait_until("the notice", PATIENCE, || Ok((session.count("INBOX")? == 1).then_some(())))?;
    let pulled = server.command(&["--json", "quarantine", "pulled"])?.success()?.stdout;
    let id = serde_json::from_str::<Value>(pulled.trim())?[0]["id"].as_str().unwrap_or_default().to_owned();
    server.command(&["quarantine", "return", &id])?.success()?;
    wait_until("the letter again", PATIENCE, || Ok((session.count("INBOX")? == 2).then_some(())))
}

#[test]
fn the_server_asks_a_scanner_by_icap() -> Outcome {
    if let Some(why) = missing(&["clamav-daemon", "c-icap", "libc-icap-mod-virus-scan"]) {
        return skipped(&why);
    }
    let clamd = Clamd::start()?;
    let icap = CIcap::start(&clamd)?;
    let options = Options::default().set("judging", "milliseconds_max", "60000").set(
        "threats",
        "icap",
        &format!("\"{}\"", icap.url),
    );
    malware_is_kept_back(&Tradewind::start(options)?)
}

/// Rules of YARA that the operator keeps, from the first set through a wrong one to the next.
#[test]
fn the_server_runs_rules_of_yara() -> Outcome {
    if let Some(why) = missing(&["yara"]) {
        return skipped(&why);
    }
    let scratch = Scratch::new("yara")?;
    let rules = scratch.directory("yara")?;
    let rule = |name: &str, word: &str| {
        format!(
            "rule {name} : malware {{ meta: description = \"Made up dropper\" description_zh = \"木马下载器\" strings: $a = \"{word}\" condition: $a }}\n"
        )
    };
    fs::write(rules.join("own.yar"), rule("First", "first-word"))?;
    let letter = scratch.file("letter.eml", with_file("a first-word"))?.display().to_string();
    let verdict = json(&["judge", "--json", "--yara", &rules.display().to_string(), &letter])?;
    assert!(ids(&verdict).contains(&"yara-First"), "{verdict}");
    let options = Options::default()
        .set("judging", "milliseconds_max", "60000")
        .set("threats", "yara", "[\"yara\"]")
        .set("threats", "yara_directory", &format!("{:?}", rules.display().to_string()));
    let server = Tradewind::start(options)?;
    let found = |content: &str, finding: &str| finds(&server, content, finding).map(Some).or(Ok(None));
    wait_until("the rules", PATIENCE, || found("a first-word", "yara-First"))?;
    // Rules that are wrong are told by file and line, and those before stay.
    fs::write(rules.join("more.yar"), format!("{}\nrule Wrong {{ condition: $zz }}\n", rule("Second", "second-word")))?;
    wait_until("the refusal", PATIENCE, || Ok(server.log_tail().contains("more.yar(3)").then_some(())))?;
    finds(&server, "a first-word again", "yara-First")?;
    let checked = server.command(&["--json", "check", "--offline"])?;
    assert!(checked.stdout.contains("more.yar(3)"), "{}", checked.stdout);
    fs::write(rules.join("more.yar"), rule("Second", "second-word"))?;
    wait_until("the next rules", PATIENCE, || found("a second-word", "yara-Second"))
}

/// Delivers a letter with a file, and looks whether the field of findings names one.
fn finds(server: &Tradewind, content: &str, finding: &str) -> Outcome {
    let mut session = server.imap("sales")?;
    let mut fields = || -> Outcome<Vec<String>> {
        let mut fields = Vec::new();
        for mailbox in ["INBOX", "Junk"] {
            session.command(&format!("EXAMINE {mailbox}"))?.ok()?;
            let answer = session.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-Tradewind-Findings)]")?;
            let lines = answer.kept.iter().map(|line| String::from_utf8_lossy(line).into_owned());
            fields.extend(lines.filter(|line| line.contains(finding)));
        }
        Ok(fields)
    };
    let before = fields()?.len();
    deliver(server, &with_file(content))?.expect(250)?;
    if fields()?.len() == before + 1 { Ok(()) } else { Err(harness::Failure::new(format!("no {finding}"))) }
}
