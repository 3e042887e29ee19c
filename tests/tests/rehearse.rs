//! Restores are rehearsed: an honest backup passes with a signed report, a damaged one does not, and administrators are told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Scratch, Tradewind, run, wait_until};
use serde_json::Value;

fn letter(number: usize) -> Vec<u8> {
    format!(
        "From: Anna <anna@partner.example>\r\nTo: <sales@trade.test>\r\nSubject: Offer {number}\r\n\
         Message-ID: <{number}@partner.example>\r\n\r\nForty valves, number {number}.\r\n{}\r\n",
        "As agreed, of DN 80. ".repeat(number * 40)
    )
    .into()
}

fn with_a_backup(scratch: &Scratch, options: Options) -> Outcome<Tradewind> {
    let repository = scratch.join("repository").display().to_string();
    let tradewind = Tradewind::start(options.set("backup", "repositories", &format!("[{repository:?}]")))?;
    let mut session = tradewind.access("sales")?.session()?;
    for number in 0..30 {
        session.append("INBOX", &[&letter(number)])?.ok()?;
    }
    session.logout()?;
    tradewind.command(&["backup", "run"])?.success()?;
    Ok(tradewind)
}

fn rehearse(tradewind: &Tradewind) -> Outcome<(bool, Value)> {
    let told = tradewind.command(&["--json", "rehearse"])?;
    Ok((told.status.success(), serde_json::from_str(told.stdout.trim())?))
}

fn check<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().find(|check| check["check"] == name).unwrap_or(&Value::Null)
}

fn wait_for_letter(tradewind: &Tradewind) -> Outcome {
    wait_until("the letter", Duration::from_secs(30), || {
        let mut session = tradewind.access("admin")?.session()?;
        session.command("SELECT INBOX")?.ok()?;
        let found = session.ask("SEARCH TEXT \"rehears\"")?.ok()?.text();
        session.logout()?;
        Ok((found.split_whitespace().count() > 2).then_some(()))
    })
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn an_honest_backup_passes_with_a_signed_report() -> Outcome {
    let scratch = Scratch::new("rehearse")?;
    let tradewind = with_a_backup(&scratch, Options::default())?;
    // What came since is no difference, nor what was deleted.
    let mut session = tradewind.access("sales")?.session()?;
    session.append("INBOX", &[&letter(40)])?.ok()?;
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 1:2 +FLAGS (\\Deleted)")?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    session.logout()?;
    let (is_good, answer) = rehearse(&tradewind)?;
    assert!(is_good && answer["sound"] == true, "{answer}");
    for name in [
        "repositories",
        "restore",
        "counts",
        "contents",
        "hashes",
        "searches",
        "sign-in",
        "audit-log",
        "recovery",
        "age",
    ] {
        assert_eq!(check(&answer, name)["sound"], true, "{name}: {answer}");
    }
    assert!(answer["recovery_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{answer}");
    assert!(!tradewind.directory().join("data/rehearsal-scratch").exists(), "nothing is left of what was built");

    let files = files_below(&tradewind.directory().join("data/rehearsals"));
    let with = |end: &str| files.iter().find(|path| path.to_string_lossy().ends_with(end)).cloned().unwrap_or_default();
    for pdf in [".zh.pdf", ".en.pdf"] {
        assert!(fs::read(with(pdf))?.starts_with(b"%PDF-"), "{pdf}");
    }
    let kept: Value = serde_json::from_slice(&fs::read(with(".json"))?)?;
    assert_eq!(kept["backup"], answer["backup"]);
    let note = fs::read_to_string(with(".note"))?;
    let mut digest = Command::new("sha256sum");
    digest.arg(with(".json"));
    let digest = run(digest, Duration::from_secs(10))?.success()?.stdout;
    assert!(note.contains(digest.split_whitespace().next().unwrap_or("none")), "{note}");
    assert!(note.contains("\n\n— "), "it is signed: {note}");
    let log = tradewind.command(&["--json", "access", "log"])?.success()?.stdout;
    assert!(log.contains("backup-rehearsal"), "{log}");
    Ok(())
}

#[test]
fn a_damaged_backup_does_not_pass() -> Outcome {
    let scratch = Scratch::new("rehearse-damaged")?;
    let tradewind = with_a_backup(&scratch, Options::default())?;
    let mut packs = files_below(&scratch.join("repository/data"));
    packs.sort_by_key(|path| fs::metadata(path).map(|it| it.len()).unwrap_or(0));
    for pack in packs {
        let mut octets = fs::read(&pack)?;
        for at in (0..octets.len()).step_by(97) {
            octets[at] ^= 1;
        }
        fs::write(&pack, octets)?;
    }
    let (is_good, answer) = rehearse(&tradewind)?;
    assert!(!is_good && answer["sound"] == false, "{answer}");
    assert_eq!(check(&answer, "restore")["sound"], false, "{answer}");
    wait_for_letter(&tradewind)
}

#[test]
fn a_backup_that_is_too_old_is_told() -> Outcome {
    let scratch = Scratch::new("rehearse-old")?;
    let tradewind = with_a_backup(&scratch, Options::default().set("rehearsal", "age_minutes_max", "1"))?;
    std::thread::sleep(Duration::from_secs(62));
    let (is_good, answer) = rehearse(&tradewind)?;
    assert!(!is_good, "{answer}");
    assert_eq!(check(&answer, "age")["sound"], false, "{answer}");
    assert_eq!(check(&answer, "hashes")["sound"], true, "{answer}");
    Ok(())
}
