//! Damage in the store: found, brought back from the backup, told; and what no backup has is told and nothing overwritten.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Chance, Options, Outcome, Scratch, Tradewind, run, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// Letters that a test begins with.
const LETTERS: usize = 12;

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn with_backups(scratch: &Scratch) -> Outcome<Tradewind> {
    let repository = scratch.join("repository").display().to_string();
    let tradewind = Tradewind::start(Options::default().set("backup", "repositories", &format!("[{repository:?}]")))?;
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    Ok(tradewind)
}

/// Long, and of what nothing makes smaller, so that it lies in a segment.
fn letter(number: usize) -> Vec<u8> {
    let mut chance = Chance::seeded(number as u64 + 1);
    let mut letter = format!(
        "From: Anna <anna@partner.example>\r\nTo: <sales@trade.test>\r\nSubject: Offer {number}\r\n\
         Message-ID: <{number}@partner.example>\r\n\r\n"
    );
    for _ in 0..900 {
        letter.push_str(&format!("{:016x}{:016x}\r\n", chance.bits(), chance.bits()));
    }
    letter.into_bytes()
}

fn put(tradewind: &Tradewind, numbers: std::ops::Range<usize>) -> Outcome {
    let mut session = tradewind.access("sales")?.session()?;
    for number in numbers {
        session.append("INBOX", &[&letter(number)])?.ok()?;
    }
    session.logout()
}

/// Which of our letters are there as they were put.
fn whole(tradewind: &Tradewind, numbers: std::ops::Range<usize>) -> Outcome<Vec<usize>> {
    let mut all = String::new();
    let count = tradewind.access("sales")?.session()?.count("INBOX")?;
    for place in 1..=count {
        // One that does not open may cost the session.
        let mut session = tradewind.access("sales")?.session()?;
        session.command("SELECT INBOX")?.ok()?;
        all.push_str(&session.ask(&format!("FETCH {place} BODY.PEEK[]")).map(|read| read.text()).unwrap_or_default());
    }
    let is_whole = |number: &usize| all.contains(String::from_utf8_lossy(&letter(*number)).trim_end());
    Ok(numbers.filter(is_whole).collect())
}

fn segments(tradewind: &Tradewind) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(tradewind.directory().join("data/store/blobs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "segment") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Turns bits at some places of a file, as a failing disk does.
fn damage(path: &Path, places: usize) -> Outcome {
    let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    for place in 0..places as u64 {
        let at = (place * 2 + 1) * length / (places as u64 * 2);
        let mut octet = [0];
        file.read_exact_at(&mut octet, at)?;
        file.write_all_at(&[octet[0] ^ 0x55], at)?;
    }
    Ok(())
}

fn wait_for_letter(tradewind: &Tradewind, subject: &str) -> Outcome {
    wait_until(subject, Duration::from_secs(30), || {
        let mut session = tradewind.access("admin")?.session()?;
        session.command("SELECT INBOX")?.ok()?;
        let found = session.ask(&format!("SEARCH SUBJECT \"{subject}\""))?.ok()?.text();
        session.logout()?;
        Ok((found.split_whitespace().count() > 2).then_some(()))
    })
}

fn everything() -> Vec<usize> {
    (0..LETTERS).collect()
}

#[test]
fn damaged_content_comes_back_from_the_backup() -> Outcome {
    let scratch = Scratch::new("scrub")?;
    let mut tradewind = with_backups(&scratch)?;
    put(&tradewind, 0..LETTERS)?;
    told(&tradewind, &["backup", "run"])?;
    let sound = told(&tradewind, &["store", "scrub"])?;
    assert_eq!((&sound["sound"], &sound["damaged"]), (&Value::Bool(true), &Value::from(0)), "{sound}");

    for segment in segments(&tradewind)? {
        damage(&segment, 4)?;
    }
    assert!(whole(&tradewind, 0..LETTERS)?.len() < LETTERS, "the damage is seen");
    let scrubbed = told(&tradewind, &["store", "scrub"])?;
    assert_eq!(scrubbed["sound"], true, "{scrubbed}");
    assert!(scrubbed["mended"].as_u64().is_some_and(|mended| mended > 1), "{scrubbed}");
    assert_eq!(scrubbed["mended"], scrubbed["damaged"]);
    assert_eq!(whole(&tradewind, 0..LETTERS)?, everything());
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    wait_for_letter(&tradewind, "brought back from a backup")?;
    let log = tradewind.command(&["--json", "access", "log"])?.success()?.stdout;
    assert!(log.contains("store-repair"), "{log}");

    // Files are gone, or end too early, after a crash: mended before anybody is served.
    tradewind.kill9()?;
    let mut all = segments(&tradewind)?;
    all.sort();
    for (number, segment) in all.iter().enumerate() {
        if number % 2 == 0 {
            fs::remove_file(segment)?;
        } else {
            let file = fs::OpenOptions::new().write(true).open(segment)?;
            file.set_len(file.metadata()?.len() / 2)?;
        }
    }
    tradewind.restart()?;
    assert_eq!(whole(&tradewind, 0..LETTERS)?, everything());
    put(&tradewind, LETTERS..LETTERS + 1)?;
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    Ok(())
}

#[test]
fn what_no_backup_has_is_told_and_nothing_is_overwritten() -> Outcome {
    let scratch = Scratch::new("scrub-lost")?;
    let tradewind = with_backups(&scratch)?;
    put(&tradewind, 0..LETTERS)?;
    told(&tradewind, &["backup", "run"])?;
    // Not in any backup.
    put(&tradewind, LETTERS..LETTERS + 3)?;
    for pack in files_below(&scratch.join("repository/data")) {
        damage(&pack, 200)?;
    }
    let mut before = Vec::new();
    for segment in segments(&tradewind)? {
        damage(&segment, 3)?;
        before.push((segment.clone(), fs::read(segment)?));
    }
    let left = whole(&tradewind, 0..LETTERS + 3)?;
    assert!(!left.is_empty() && left.len() < LETTERS + 3, "{left:?}");

    let scrubbed = tradewind.command(&["--json", "store", "scrub"])?;
    assert!(!scrubbed.status.success(), "what is lost is no success");
    let answer: Value = serde_json::from_str(scrubbed.stdout.trim())?;
    assert_eq!(answer["sound"], false, "{answer}");
    let lost = answer["lost"].to_string();
    assert!(lost.contains("sales@trade.test"), "{answer}");
    assert!(!answer["failures"].to_string().is_empty());
    for (segment, octets) in before {
        let now = fs::read(&segment)?;
        assert!(now.starts_with(&octets), "{} is as it was", segment.display());
    }
    wait_for_letter(&tradewind, "no backup has it")?;
    // The service goes on, and so do backups, into a repository that is whole.
    assert_eq!(whole(&tradewind, 0..LETTERS + 3)?, left);
    fs::rename(scratch.join("repository"), scratch.join("broken"))?;
    tradewind.command(&["backup", "run"])?.success()?;
    put(&tradewind, 20..21)?;
    assert_eq!(whole(&tradewind, 20..21)?, [20]);
    Ok(())
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_damaged_database_is_put_aside_and_the_newest_backup_taken_up() -> Outcome {
    let scratch = Scratch::new("recover")?;
    let mut tradewind = with_backups(&scratch)?;
    put(&tradewind, 0..LETTERS)?;
    told(&tradewind, &["backup", "run"])?;
    let mut session = tradewind.access("sales")?.session()?;
    session.command("SELECT INBOX")?.ok()?;
    let before = session.ask("UID SEARCH ALL")?.ok()?.text();
    session.logout()?;
    put(&tradewind, LETTERS..LETTERS + 1)?;
    // All of it into the file itself, then as after a power cut.
    tradewind.stop()?;
    tradewind.restart()?;
    tradewind.kill9()?;
    let data = tradewind.directory().join("data");
    let database = data.join("store/tradewind.db");
    let file = fs::OpenOptions::new().write(true).open(&database)?;
    let pages = file.metadata()?.len() / 4096;
    assert!(pages > 20, "only {pages} pages");
    for page in (2..pages).step_by(3) {
        file.write_all_at(&[0xa5; 4096], page * 4096)?;
    }

    // Told, and left alone, where it is not to be restored by itself.
    let config = fs::read_to_string(tradewind.config()?)?;
    let manual = scratch.file("manual.toml", config.replacen("[backup]\n", "[backup]\nrecover = \"manual\"\n", 1))?;
    let manual = fs::copy(&manual, tradewind.directory().join("manual.toml"))
        .map(|_| tradewind.directory().join("manual.toml"))?;
    let mut serve = Command::new(Tradewind::binary()?);
    serve.arg("--config").arg(&manual).arg("serve");
    let refused = run(serve, PATIENCE)?;
    assert!(!refused.status.success());
    for word in ["damaged", "tradewind restore", "manual"] {
        assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
    }
    assert!(is_left_alone(&data)?, "nothing is put in the place of what is damaged");

    tradewind.restart()?;
    assert_eq!(whole(&tradewind, 0..LETTERS + 1)?, everything());
    let aside: Vec<PathBuf> = fs::read_dir(&data)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("store.damaged-")))
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert!(aside[0].join("tradewind.db").exists());
    wait_for_letter(&tradewind, "brought back from a backup")?;
    tradewind.command(&["store", "check", "--deep"])?.success()?;

    // The same messages have the same UIDs, and no UID is given twice.
    put(&tradewind, 30..31)?;
    let mut session = tradewind.access("sales")?.session()?;
    session.command("SELECT INBOX")?.ok()?;
    let after = session.ask("UID SEARCH ALL")?.ok()?.text();
    let numbers =
        |text: &str| text.split_whitespace().skip(2).filter_map(|word| word.parse().ok()).collect::<Vec<u64>>();
    let (before, after) = (numbers(&before), numbers(&after));
    assert_eq!(after.get(..before.len()), Some(before.as_slice()));
    assert!(after.last() > before.last().map(|last| last + 1).as_ref(), "{before:?} {after:?}");
    Ok(())
}

/// Whether the damaged pages are where they were, but for those that the engine's own log had anew, and nothing stands beside the store.
fn is_left_alone(data: &Path) -> Outcome<bool> {
    let octets = fs::read(data.join("store/tradewind.db"))?;
    let is_damaged = octets.chunks(4096).any(|page| page.iter().all(|octet| *octet == 0xa5));
    let mut names = fs::read_dir(data)?.filter_map(Result::ok).map(|entry| entry.file_name());
    Ok(is_damaged && !names.any(|name| name.to_string_lossy().starts_with("store.")))
}

#[test]
fn nothing_is_changed_where_the_backup_is_damaged_too() -> Outcome {
    let scratch = Scratch::new("recover-not")?;
    let mut tradewind = with_backups(&scratch)?;
    put(&tradewind, 0..3)?;
    told(&tradewind, &["backup", "run"])?;
    tradewind.stop()?;
    tradewind.restart()?;
    tradewind.kill9()?;
    for pack in files_below(&scratch.join("repository/data")) {
        damage(&pack, 200)?;
    }
    let database = tradewind.directory().join("data/store/tradewind.db");
    let file = fs::OpenOptions::new().write(true).open(&database)?;
    for page in (2..file.metadata()?.len() / 4096).step_by(3) {
        file.write_all_at(&[0xa5; 4096], page * 4096)?;
    }
    let mut serve = Command::new(Tradewind::binary()?);
    serve.arg("--config").arg(tradewind.config()?).arg("serve");
    let refused = run(serve, PATIENCE)?;
    assert!(!refused.status.success());
    for word in ["damaged", "tradewind restore", "nothing was changed"] {
        assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
    }
    assert!(is_left_alone(&tradewind.directory().join("data"))?, "nothing is put in the place of what is damaged");
    Ok(())
}
