//! Settings that are changed while the server runs: they hold without a restart, on every node, are undone, and never stand silently against
//! the file.

use std::time::{Duration, Instant};

use harness::{Options, Outcome, Tradewind, skip, smtp, wait_until};
use serde_json::{Value, json};
use store::Place;
use store::testing::server::{Database, INSTALLED};

/// From a change to its being in force on every node. The promise is a second; a busy machine has more.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `tradewind` answers as JSON.
fn asked(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

/// Why `tradewind` refuses.
fn refused(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<String> {
    let finished = tradewind.command(arguments)?;
    assert!(!finished.status.success(), "{arguments:?} was done: {}", finished.stdout);
    Ok(finished.stderr)
}

fn setting(tradewind: &Tradewind, name: &str) -> Outcome<Value> {
    asked(tradewind, &["config", "get", name])
}

/// The largest message that the server says it takes.
fn size_max(tradewind: &Tradewind) -> Outcome<u64> {
    let mut client = tradewind.smtp()?;
    let hello = client.command("EHLO far.example")?;
    let size =
        hello.text.split_whitespace().skip_while(|word| *word != "SIZE").nth(1).and_then(|size| size.parse().ok());
    client.quit()?;
    Ok(size.unwrap_or(0))
}

#[test]
fn a_change_holds_at_once_and_is_undone() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    assert_eq!(size_max(&tradewind)?, 50 << 20);
    let before = setting(&tradewind, "smtp.message_bytes_max")?;
    assert_eq!((before["source"].as_str(), before["version"].as_i64()), (Some("default"), Some(0)));
    assert_eq!((before["applies"].as_str(), before["unit"].as_str()), (Some("live"), Some("bytes")));
    let changed = asked(&tradewind, &["config", "set", "smtp.message_bytes_max", "4096", "--reason", "tested"])?;
    assert_eq!(
        (changed["version"].as_i64(), changed["old"].as_i64(), changed["new"].as_i64()),
        (Some(1), Some(50 << 20), Some(4096))
    );
    assert_eq!(size_max(&tradewind)?, 4096, "no restart in between");
    let mut client = tradewind.smtp()?;
    let long = smtp::for_wire(format!("Subject: x\r\n\r\n{}\r\n", "x".repeat(60)).repeat(100).as_bytes());
    let sent = client.deliver("a@partner.example", &["sales@trade.test"], &long);
    assert!(!matches!(&sent, Ok(reply) if reply.code == 250), "it was taken");
    drop(client);
    // IMAP has the same limit.
    let mut imap = tradewind.imap("sales")?;
    assert!(imap.ask("CAPABILITY")?.ok()?.text().contains("APPENDLIMIT=4096"));
    drop(imap);
    // It holds after a restart, too.
    tradewind.stop()?;
    tradewind.restart()?;
    assert_eq!(size_max(&tradewind)?, 4096);
    let shown = setting(&tradewind, "smtp.message_bytes_max")?;
    assert_eq!((shown["source"].as_str(), shown["changed_by"].as_str()), (Some("store"), Some("operator")));
    assert_eq!(shown["reason"].as_str(), Some("tested"));
    asked(&tradewind, &["config", "undo", "smtp.message_bytes_max"])?;
    assert_eq!(size_max(&tradewind)?, 50 << 20);
    let history = asked(&tradewind, &["config", "history", "smtp.message_bytes_max"])?;
    let told: Vec<_> = history["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| (it["version"].as_i64(), it["how"].as_str()))
        .collect();
    assert_eq!(told, [(Some(2), Some("undo")), (Some(1), Some("set"))]);
    Ok(())
}

#[test]
fn live_settings_reach_the_parts_that_use_them() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    // Rates: the exemption of this machine goes first.
    asked(&tradewind, &["config", "set", "smtp.exempt_networks", "[]"])?;
    asked(&tradewind, &["config", "set", "smtp.greeting_pause_seconds", "0", "--protect-less", "--reason", "tested"])?;
    asked(&tradewind, &["config", "set", "smtp.connections_per_network_minute_max", "3"])?;
    let greeted = (0..6).filter(|_| tradewind.smtp().is_ok()).count();
    assert!((1..6).contains(&greeted), "{greeted} of 6 were greeted");
    asked(&tradewind, &["config", "set", "smtp.exempt_networks", "--default", "--protect-less", "--reason", "tested"])?;
    assert!(tradewind.smtp().is_ok());
    // Passwords.
    let short = "Kx7-mv2Q!tz4w";
    let add = |name: &str| -> Outcome<bool> {
        let mut command = std::process::Command::new(Tradewind::binary()?);
        command.arg("--config").arg(tradewind.config()?).args(["user", "add", name, "--password-stdin"]);
        command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn()?;
        std::io::Write::write_all(&mut child.stdin.take().expect("piped"), format!("{short}\n").as_bytes())?;
        Ok(child.wait()?.success())
    };
    assert!(add("one@trade.test")?, "the password is long enough");
    asked(&tradewind, &["config", "set", "passwords.chars_min", "20"])?;
    assert!(!add("two@trade.test")?, "and is not any more");
    // Judging: what is done at a level.
    asked(&tradewind, &["config", "set", "judging.basic", "{ junk = 0.8, warn = 0.6 }"])?;
    let policy = asked(&tradewind, &["judging", "show"])?;
    let junk =
        policy.as_array().into_iter().flatten().find(|row| row["setting"] == "junk").cloned().unwrap_or_default();
    assert_eq!((junk["value"].as_str(), junk["of_level"].as_str()), (Some("0.8"), Some("0.8")));
    // The oldest TLS.
    asked(&tradewind, &["config", "set", "tls.version_min", "1.3"])?;
    let old = || -> Outcome<bool> {
        let address = tradewind.listen("imaps")?.to_string();
        let asked = ["s_client", "-connect", &address, "-tls1_2", "-brief"];
        let mut command = std::process::Command::new("openssl");
        command.args(asked).stdin(std::process::Stdio::null());
        Ok(command.output()?.status.success())
    };
    if std::process::Command::new("openssl").arg("version").output().is_ok() {
        wait_until("no TLS 1.2 any more", PATIENCE, || Ok((!old()?).then_some(())))?;
    }
    Ok(())
}

#[test]
fn what_needs_a_restart_waits_for_it_and_says_so() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    asked(&tradewind, &["config", "set", "jmap.pictures", "false"])?;
    let shown = setting(&tradewind, "jmap.pictures")?;
    assert_eq!((&shown["value"], &shown["pending"], &shown["pending_on"]), (&json!(true), &json!(false), &json!([0])));
    tradewind.stop()?;
    tradewind.restart()?;
    let shown = setting(&tradewind, "jmap.pictures")?;
    assert_eq!((&shown["value"], &shown["pending"], &shown["pending_on"]), (&json!(false), &Value::Null, &json!([])));
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_as_in_the_file() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    for (name, value, words) in [
        ("tls.version_min", "1.1", "tls.version_min = 1.1: must be 1.2 or 1.3"),
        ("judging.keep_days", "many", "judging.keep_days"),
        ("judging.keep_days", "\"many\"", "invalid type: string \"many\", expected u32"),
        ("smtp.exempt_networks", "[\"everything\"]", "must be networks such as 192.0.2.0/24"),
        ("listen.smtp", "[]", "in the file alone"),
        ("keys.command", "[\"sh\"]", "in the file alone"),
        ("judging.keep_day", "3", "did you mean judging.keep_days"),
        ("judging.quarantine_days", "1", "protects less than 30"),
        ("delivery.route", "[]", "in the file alone"),
    ] {
        let why = refused(&tradewind, &["config", "set", name, value])?;
        assert!(why.contains(words), "{name} = {value}: {why}");
    }
    // The same words as for the file.
    let path = tradewind.scratch().join("other.toml");
    std::fs::write(&path, "[tls]\nversion_min = \"1.1\"\n")?;
    let mut command = std::process::Command::new(Tradewind::binary()?);
    let checked = command.arg("--config").arg(&path).args(["config", "check"]).output()?;
    assert!(String::from_utf8_lossy(&checked.stderr).contains("tls.version_min = 1.1: must be 1.2 or 1.3"));
    Ok(())
}

#[test]
fn two_who_change_one_setting_are_told_of_each_other() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    asked(&tradewind, &["config", "set", "judging.keep_days", "20", "--based-on", "0"])?;
    let why = refused(&tradewind, &["config", "set", "judging.keep_days", "25", "--based-on", "0"])?;
    for part in ["changed meanwhile", "is 20", "is 25"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert_eq!(setting(&tradewind, "judging.keep_days")?["value"], 20);
    asked(&tradewind, &["config", "set", "judging.keep_days", "25", "--based-on", "1"])?;
    Ok(())
}

#[test]
fn the_file_is_never_shadowed_and_a_conflict_is_told() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default().set("judging", "keep_days", "20"))?;
    let why = refused(&tradewind, &["config", "set", "judging.keep_days", "30"])?;
    assert!(why.contains("tradewind.toml line") && why.contains("sets judging.keep_days = 20"), "{why}");
    asked(&tradewind, &["config", "set", "judging.quarantine_days", "60"])?;
    tradewind.stop()?;
    tradewind.change_setting("judging", "quarantine_days", "45")?;
    tradewind.restart()?;
    assert!(tradewind.log_tail().contains("judging.quarantine_days"), "{}", tradewind.log_tail());
    let shown = setting(&tradewind, "judging.quarantine_days")?;
    assert_eq!((&shown["value"], &shown["stored"], shown["source"].as_str()), (&json!(45), &json!(60), Some("file")));
    assert!(shown["conflict"].as_str().is_some_and(|why| why.contains("the file wins")), "{shown}");
    for check in [&["--json", "config", "check"][..], &["--json", "check", "--offline"][..]] {
        let checked = tradewind.command(check)?;
        assert!(
            !checked.status.success() && checked.stdout.contains("judging.quarantine_days"),
            "{check:?}: {}",
            checked.stdout
        );
    }
    asked(&tradewind, &["config", "set", "judging.quarantine_days", "--default"])?;
    let checked = tradewind.command(&["--json", "config", "check"])?.success()?;
    assert!(!checked.stdout.contains("judging.quarantine_days"), "{}", checked.stdout);
    Ok(())
}

#[test]
fn an_export_reads_back_as_it_was_and_holds_no_secret() -> Outcome {
    let tradewind = Tradewind::start(Options::default().set("smtp", "hops_max", "40"))?;
    let file = tradewind.scratch().join("whole.toml");
    let path = file.to_str().unwrap_or_default();
    asked(&tradewind, &["config", "set", "judging.keep_days", "20"])?;
    let mut secret = std::process::Command::new(Tradewind::binary()?);
    secret.arg("--config").arg(tradewind.config()?).args(["config", "set", "audit.witness_urls", "--secret-stdin"]);
    let mut secret = secret.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn()?;
    std::io::Write::write_all(&mut secret.stdin.take().expect("piped"), b"[\"https://w.example/hunter2\"]\n")?;
    let told = secret.wait_with_output()?;
    assert!(told.status.success() && !String::from_utf8_lossy(&told.stdout).contains("hunter2"));
    asked(&tradewind, &["judging", "set", "junk", "0.75"])?;
    asked(&tradewind, &["retention", "window", "--days", "30"])?;
    asked(&tradewind, &["access", "approval", "mail.export", "yes"])?;
    asked(&tradewind, &["retention", "rule", "set", "Trash", "--folder", "Trash", "--days", "30"])?;
    asked(&tradewind, &["protection", "set", "far.example", "portal", "verified-tls"])?;
    asked(&tradewind, &["config", "export", "--output", path])?;
    let text = std::fs::read_to_string(&file)?;
    assert!(
        text.contains("keep_days = 20") && text.contains("hops_max = 40") && text.contains("level = \"basic\""),
        "{text}"
    );
    for told in [
        text.as_str(),
        &asked(&tradewind, &["config", "history"])?.to_string(),
        &asked(&tradewind, &["config", "get"])?.to_string(),
        &asked(&tradewind, &["access", "log"])?.to_string(),
    ] {
        assert!(!told.contains("hunter2"), "{told}");
    }
    let same = asked(&tradewind, &["config", "diff", path])?;
    assert_eq!(same["differences"], json!([]));
    let same = asked(&tradewind, &["config", "import", path])?;
    assert_eq!((&same["differences"], &same["applied"]), (&json!([]), &json!(true)));
    // What was changed since goes back, all of it or nothing.
    asked(&tradewind, &["config", "set", "judging.keep_days", "30"])?;
    asked(&tradewind, &["config", "set", "delivery.connect_seconds", "7"])?;
    asked(&tradewind, &["judging", "set", "junk", "0.7"])?;
    let why = refused(&tradewind, &["config", "import", path])?;
    assert!(why.contains("protects less"), "{why}");
    assert_eq!(setting(&tradewind, "delivery.connect_seconds")?["value"], 7);
    let shown = asked(&tradewind, &["config", "import", path, "--dry-run"])?;
    assert_eq!(shown["differences"].as_array().map(Vec::len), Some(3), "{shown}");
    assert_eq!(setting(&tradewind, "judging.keep_days")?["value"], 30);
    asked(&tradewind, &["config", "import", path, "--protect-less", "--reason", "back to what was tried"])?;
    assert_eq!(setting(&tradewind, "judging.keep_days")?["value"], 20);
    assert_eq!(setting(&tradewind, "delivery.connect_seconds")?["source"], "default");
    assert_eq!(asked(&tradewind, &["config", "diff", path])?["differences"], json!([]));
    Ok(())
}

#[test]
fn what_another_level_changes_is_shown() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let shown = asked(&tradewind, &["config", "diff", "--level", "trade"])?;
    assert_eq!((shown["from"].as_str(), shown["to"].as_str()), (Some("basic"), Some("trade")));
    let value = |name: &str| {
        let rows = shown["differences"].as_array().into_iter().flatten();
        rows.filter(|row| row["what"] == name).map(|row| (row["from"].clone(), row["to"].clone())).next()
    };
    assert_eq!(value("passwords.chars_min"), Some((json!("12"), json!("14"))));
    assert_eq!(value("backup.keep_days"), Some((json!("7"), json!("90"))));
    assert_eq!(value("judging.junk"), Some((json!("0.9"), json!("0.8"))));
    assert_eq!(value("approvals.policy.change"), Some((json!("alone"), json!("second person"))));
    assert!(
        value("factors.finance").is_some()
            && value("sessions.hours_max").is_some()
            && value("watch.refuse_from").is_some()
    );
    let same = asked(&tradewind, &["config", "diff", "--level", "basic"])?;
    assert_eq!(same["differences"], json!([]));
    // What the organisation departs in stays.
    asked(&tradewind, &["judging", "set", "junk", "0.5"])?;
    let rows = asked(&tradewind, &["config", "get", "--section", "organisation", "--changed"])?;
    let names: Vec<_> = rows.as_array().into_iter().flatten().filter_map(|row| row["name"].as_str()).collect();
    assert!(names.contains(&"organisation.judging.junk"), "{names:?}");
    Ok(())
}

#[test]
fn another_node_takes_a_change_up_without_a_restart() -> Outcome {
    let Some(database) = Database::create() else { skip!("no PostgreSQL under {INSTALLED}") };
    let Place::Postgres(url) = database.place() else { skip!("no PostgreSQL under {INSTALLED}") };
    let first = Tradewind::start(Options::default().store(url.expose()))?;
    let second = first.start_node(1, Options::default().set("smtp", "hops_max", "40"))?;
    assert_eq!((size_max(&first)?, size_max(&second)?), (50 << 20, 50 << 20));
    let began = Instant::now();
    asked(&first, &["config", "set", "smtp.message_bytes_max", "4096"])?;
    wait_until("the change on the other node", PATIENCE, || Ok((size_max(&second)? == 4096).then_some(())))?;
    assert_eq!(size_max(&first)?, 4096);
    assert!(began.elapsed() < PATIENCE);
    // What the file of one node sets is told at the other, and holds there alone.
    asked(&first, &["config", "set", "smtp.hops_max", "30"])?;
    wait_until("the word of the other node", PATIENCE, || {
        let shown = setting(&first, "smtp.hops_max")?;
        Ok((shown["value"] == 30 && shown["file_on"] == json!([1])).then_some(()))
    })?;
    let there = setting(&second, "smtp.hops_max")?;
    assert_eq!((&there["value"], there["source"].as_str()), (&json!(40), Some("file")));
    assert!(there["conflict"].as_str().is_some_and(|why| why.contains("the file wins")), "{there}");
    Ok(())
}
