//! Connectors: mail leaves by the server that they name, at once after a change; partners must come as they say; devices send in a program's name.

use std::time::Duration;

use harness::{Options, Outcome, Scratch, Sink, Tradewind, Trust, smtp, wait_until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);

fn told(tradewind: &Tradewind, words: &[&str]) -> Outcome<Value> {
    let all = [&["--json", "connector"], words].concat();
    Ok(serde_json::from_str(tradewind.command(&all)?.success()?.stdout.trim())?)
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap_or_default().to_owned()
}

fn letter(from: &str, to: &str, subject: &str) -> Vec<u8> {
    smtp::for_wire(format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\r\nHello.\r\n").as_bytes())
}

fn send(tradewind: &Tradewind, to: &str, subject: &str) -> Outcome {
    let from = tradewind.account("sales")?.address;
    tradewind.submission("sales")?.deliver(&from, &[to], &letter(&from, to, subject))?.expect(250)?;
    Ok(())
}

fn arrives(sink: &Sink, subject: &str) -> Outcome {
    let line = format!("Subject: {subject}");
    wait_until(subject, LIMIT, || Ok(sink.messages()?.iter().any(|it| it.contains(&line)).then_some(())))
}

/// What a step of a trial came to.
fn outcome(steps: &Value, step: &str) -> String {
    let all = steps["steps"].as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|it| it["step"] == step);
    found.map_or_else(String::new, |it| it["outcome"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn mail_leaves_by_the_server_that_is_named_now() -> Outcome {
    let (first, second) = (Sink::start()?, Sink::start()?);
    let tradewind = Tradewind::start(Options::default())?;
    let relay = first.address.to_string();
    let made =
        told(&tradewind, &["out", "Relay", "far.test", "*.ir", "--relay", &relay, "--encryption", "opportunistic"])?;
    send(&tradewind, "bo@far.test", "by-the-first")?;
    send(&tradewind, "bo@shop.ir", "below-a-domain")?;
    arrives(&first, "by-the-first")?;
    arrives(&first, "below-a-domain")?;
    let tried = told(&tradewind, &["test", &id(&made)])?;
    assert_eq!((outcome(&tried, "connect").as_str(), outcome(&tried, "tls").as_str()), ("good", "poor"), "{tried}");

    // Changed while the server runs.
    let relay = second.address.to_string();
    let number = id(&made);
    let changed = ["out", "Relay", "far.test", "--relay", &relay, "--encryption", "opportunistic", "--id", &number];
    told(&tradewind, &changed)?;
    send(&tradewind, "bo@far.test", "by-the-second")?;
    arrives(&second, "by-the-second")?;

    // What must be encrypted is not sent where it cannot be, and the trial says why.
    let strict = ["out", "Relay", "far.test", "--relay", &relay, "--encryption", "required", "--id", &number];
    told(&tradewind, &strict)?;
    let tried = told(&tradewind, &["test", &number])?;
    assert_eq!(outcome(&tried, "tls"), "failed", "{tried}");
    let before = second.messages()?.len();
    send(&tradewind, "bo@far.test", "never-in-clear")?;
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(second.messages()?.len(), before);
    assert!(first.messages()?.iter().chain(&second.messages()?).all(|it| !it.contains("never-in-clear")));
    told(&tradewind, &["remove", &number])?;
    assert_eq!(told(&tradewind, &["list"])?, Value::Array(Vec::new()));
    Ok(())
}

#[test]
fn a_relay_is_signed_in_to_over_proven_tls() -> Outcome {
    let scratch = Scratch::new("connectors")?;
    let relay = Tradewind::start(Options::default().domain("relay.test"))?;
    let roots = format!("[\"{}\"]", relay.ca()?.display());
    let tradewind = Tradewind::start(Options::default().set("delivery", "roots", &roots))?;
    let account = relay.account("sales")?;
    let password = scratch.file("password", format!("{}\n", account.password))?.display().to_string();
    let place = relay.listen("submission")?.to_string();
    let set = |password: &str| {
        told(
            &tradewind,
            &["out", "Relay", "*", "--relay", &place, "--user", &account.address, "--password-file", password],
        )
    };
    let made = set(&password)?;
    assert!(!told(&tradewind, &["list"])?.to_string().contains(&account.password));
    let tried = told(&tradewind, &["test", &id(&made)])?;
    for step in ["find", "connect", "tls", "certificate", "sign-in"] {
        assert_eq!(outcome(&tried, step), "good", "{step}: {tried}");
    }
    let wrong = scratch.file("wrong", "nonsense\n")?.display().to_string();
    let tried = told(&tradewind, &["test", &id(&set(&wrong)?)])?;
    assert_eq!(outcome(&tried, "sign-in"), "failed", "{tried}");
    Ok(())
}

#[test]
fn partners_come_as_the_connector_says() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    told(&tradewind, &["in", "Partner", "partner.test", "--needs-tls"])?;
    told(&tradewind, &["in", "Bank", "bank.test", "--network", "198.51.100.0/24", "--only-from"])?;
    // What was looked up holds for a second.
    std::thread::sleep(Duration::from_millis(1_100));
    let mut plain = tradewind.smtp()?;
    plain.command("MAIL FROM:<ana@partner.test>")?.expect(530)?;
    plain.command("MAIL FROM:<ana@other.test>")?.expect(250)?;
    let mut encrypted = tradewind.smtp()?;
    encrypted.start_tls(&Trust::Authority(tradewind.ca()?))?;
    encrypted.command("MAIL FROM:<ana@partner.test>")?.expect(250)?;
    encrypted.command("RSET")?.expect(250)?;
    let refused = encrypted.command("MAIL FROM:<pay@bank.test>")?.expect(550)?;
    assert!(refused.to_string().contains("bank.test"), "{refused}");
    Ok(())
}

#[test]
fn a_device_sends_in_the_name_of_its_account_and_of_no_other() -> Outcome {
    let sink = Sink::start()?;
    let tradewind = Tradewind::start(Options::default().route("far.test", sink.address))?;
    let add = ["service", "add", "scanner@trade.test", "--network", "127.0.0.0/8", "--purpose", "scans"];
    tradewind.command(&add)?.success()?;
    let list = ["in", "Scanner", "--network", "127.0.0.0/8", "--account", "scanner@trade.test"];
    let made = told(&tradewind, &list)?;
    std::thread::sleep(Duration::from_millis(1_100));
    let mut device = tradewind.smtp()?;
    let scan = letter("scanner@trade.test", "bo@far.test", "scanned");
    device.deliver("scanner@trade.test", &["bo@far.test"], &scan)?.expect(250)?;
    arrives(&sink, "scanned")?;
    // On the same connection, the next sender is nobody's.
    device.command("MAIL FROM:<sales@trade.test>")?.expect(250)?;
    device.command("RCPT TO:<bo@far.test>")?.expect(550)?;
    device.command("RSET")?.expect(250)?;
    told(&tradewind, &["remove", &id(&made)])?;
    std::thread::sleep(Duration::from_millis(1_100));
    device.command("MAIL FROM:<scanner@trade.test>")?.expect(250)?;
    device.command("RCPT TO:<bo@far.test>")?.expect(550)?;
    Ok(())
}
