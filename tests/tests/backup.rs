//! A server is lost, and built anew from its backup, the region key and the password alone. Debian's restic checks the repository.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Finished, Options, Outcome, Scratch, Tradewind, require, run};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn letter(number: usize) -> Vec<u8> {
    let filler = "Forty valves of DN 80, as agreed. ".repeat(200 * (number % 3));
    format!(
        "From: Anna <anna@partner.example>\r\nTo: <sales@trade.test>\r\nSubject: Offer {number}\r\n\
         Message-ID: <{number}@partner.example>\r\n\r\nValves, number {number}, word quartzite{number}.\r\n{filler}\r\n"
    )
    .into()
}

fn put(tradewind: &Tradewind, numbers: std::ops::Range<usize>) -> Outcome {
    let mut session = tradewind.access("sales")?.session()?;
    for number in numbers {
        session.append("INBOX", &[&letter(number)])?.ok()?;
    }
    session.logout()
}

fn restic(repository: &Path, password: &Path, arguments: &[&str]) -> Outcome<Finished> {
    let mut restic = Command::new("restic");
    restic.arg("-r").arg(repository).arg("--password-file").arg(password).args(["--no-cache"]).args(arguments);
    run(restic, PATIENCE)
}

fn restore(arguments: &[&str]) -> Outcome<Finished> {
    let mut restore = Command::new(Tradewind::binary()?);
    restore.arg("restore").args(arguments);
    run(restore, PATIENCE)
}

#[test]
fn a_lost_server_comes_back_from_the_backup_alone() -> Outcome {
    require!("restic");
    let scratch = Scratch::new("backup")?;
    let (repository, kept) = (scratch.join("repository"), scratch.join("kept"));
    let options = Options::default().set("backup", "repositories", &format!("[{:?}]", text(&repository)));
    let mut tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..20)?;
    told(&tradewind, &["backup", "run"])?;
    let size = |directory: &Path| -> Outcome<u64> {
        let mut du = Command::new("du");
        du.arg("-sb").arg(directory);
        let told = run(du, PATIENCE)?.success()?.stdout;
        Ok(told.split_whitespace().next().unwrap_or_default().parse()?)
    };
    let first = size(&repository)?;
    put(&tradewind, 20..24)?;
    told(&tradewind, &["backup", "run"])?;
    assert!(size(&repository)? < first * 2, "the second adds what is new: {first}, {}", size(&repository)?);
    let listed = told(&tradewind, &["backup", "list"])?;
    assert!(listed["repositories"][0]["backups"].as_array().is_some_and(|all| all.len() >= 2), "{listed}");
    told(&tradewind, &["backup", "check", "--read-data"])?;
    let sealed = told(&tradewind, &["audit", "head"])?;

    // What is kept elsewhere: two small files. Everything else is lost.
    let directory = tradewind.directory().to_owned();
    fs::create_dir_all(&kept)?;
    let (password, region) = (kept.join("backup.key"), kept.join("region.key"));
    fs::copy(directory.join("backup.key"), &password)?;
    fs::copy(directory.join("region.key"), &region)?;
    restic(&repository, &password, &["check", "--read-data"])?.success()?;
    tradewind.kill9()?;
    fs::remove_dir_all(&directory)?;

    let (from, into) = (text(&repository), text(&directory));
    let (password, region) = (text(&password), text(&region));
    let wrong = text(&scratch.file("wrong", "not the password\n")?);
    let refused = restore(&["--from", &from, "--into", &into, "--password-file", &wrong, "--region-key", &region])?;
    assert!(!refused.status.success() && refused.stderr.contains("password"), "{}", refused.stderr);
    assert!(!directory.exists() || fs::read_dir(&directory)?.next().is_none(), "nothing is made by a wrong password");
    let right = ["--from", &from, "--into", &into, "--password-file", &password, "--region-key", &region];
    restore(&right)?.success()?;
    let again = restore(&right)?;
    assert!(!again.status.success() && again.stderr.contains("empty"), "{}", again.stderr);

    tradewind.restart()?;
    let mut session = tradewind.access("sales")?.session()?;
    assert!(session.count("INBOX")? >= 24);
    session.command("SELECT INBOX")?.ok()?;
    for (word, hits) in [("quartzite7", 1), ("quartzite23", 1), ("quartzite99", 0)] {
        let found = session.ask(&format!("SEARCH BODY {word}"))?.ok()?.text();
        assert_eq!(found.split_whitespace().skip(2).count(), hits, "{word}: {found}");
    }
    let read = session.ask("FETCH 1:* BODY.PEEK[]")?.ok()?.text();
    assert!(read.contains("word quartzite11"));
    session.append("INBOX", &[&letter(24)])?.ok()?;
    tradewind.command(&["store", "check"])?.success()?;

    let export = text(&scratch.join("export"));
    told(&tradewind, &["audit", "export", &export])?;
    let witness = text(&scratch.file("witness", sealed["checkpoint"].as_str().unwrap_or_default())?);
    let key = sealed["key"].as_str().unwrap_or_default();
    let verified = told(&tradewind, &["audit", "verify", &export, "--key", key])?;
    assert_eq!(verified["verified"], true);
    assert!(!witness.is_empty());
    Ok(())
}

#[test]
fn a_damaged_repository_is_told() -> Outcome {
    let scratch = Scratch::new("backup-damaged")?;
    let repository = scratch.join("repository");
    let options = Options::default().set("backup", "repositories", &format!("[{:?}]", text(&repository)));
    let tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..5)?;
    told(&tradewind, &["backup", "run"])?;
    let mut packs: Vec<_> = walk(&repository.join("data"));
    packs.sort_by_key(|path| fs::metadata(path).map(|it| it.len()).unwrap_or(0));
    let pack = packs.pop().unwrap_or_default();
    let mut octets = fs::read(&pack)?;
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(&pack, octets)?;
    let checked = tradewind.command(&["backup", "check", "--read-data"])?;
    assert!(!checked.status.success(), "{}", checked.stdout);
    // The target is gone: told, and the service goes on.
    fs::rename(&repository, scratch.join("away"))?;
    fs::write(&repository, "no directory")?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains("repository"), "{}", failed.stderr);
    put(&tradewind, 5..6)?;
    fs::remove_file(&repository)?;
    told(&tradewind, &["backup", "run"])?;
    told(&tradewind, &["backup", "check", "--read-data"])?;
    Ok(())
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// The bytes of `key`, in hexadecimal, in some file below `directory`.
fn holds(directory: &Path, key: &[u8]) -> Option<std::path::PathBuf> {
    walk(directory)
        .into_iter()
        .find(|path| fs::read(path).is_ok_and(|octets| octets.windows(key.len()).any(|window| window == key)))
}

#[test]
fn what_was_erased_does_not_come_back_from_a_backup() -> Outcome {
    require!("restic");
    let scratch = Scratch::new("backup-erasure")?;
    let (repository, kept) = (scratch.join("repository"), scratch.join("kept"));
    let options = Options::default().set("backup", "repositories", &format!("[{:?}]", text(&repository)));
    let mut tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..3)?;
    let mut session = tradewind.new_account("leaver", 10)?.session()?;
    session
        .append(
            "INBOX",
            &[b"Subject: canary-subject\r\nMessage-ID: <canary@x.test>\r\n\r\nword canaryquartz\r\n".as_slice()],
        )?
        .ok()?;
    session.logout()?;
    told(&tradewind, &["backup", "run"])?;

    // What opens the account, as it lies in the store before.
    let directory = tradewind.directory().to_owned();
    let mut reading = Command::new("/usr/bin/python3");
    reading.args(["-c", "import sqlite3,sys; print(sqlite3.connect('file:'+sys.argv[1]+'?mode=ro', uri=True).execute(\
        \"select id, hex(key_wrapped) from account where id = (select account from address where address like 'leaver@%')\").fetchone())"]);
    let database = walk(&directory).into_iter().find(|path| path.ends_with("tradewind.db")).unwrap_or_default();
    reading.arg(&database);
    let row = run(reading, PATIENCE)?.success()?.stdout;
    let account = row.trim_start_matches('(').split(',').next().unwrap_or_default().to_owned();
    let key = row.split('\'').nth(1).unwrap_or_default();
    let octet = |at: usize| u8::from_str_radix(key.get(at..at + 2).unwrap_or_default(), 16);
    let key = (0..key.len()).step_by(2).map(octet).collect::<Result<Vec<u8>, _>>()?;
    assert!(key.len() > 40 && holds(&directory, &key).is_some(), "the key is found where it is: {row}");

    told(&tradewind, &["user", "delete", "--yes", "leaver@trade.test"])?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let erasures = told(&tradewind, &["backup", "erasures"])?;
        if erasures["erasures"][0]["waiting"].as_array().is_some_and(Vec::is_empty) {
            break;
        }
        assert!(Instant::now() < deadline, "the erasure reaches all places: {erasures}");
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(holds(&directory, &key), None, "the key is in no file of the store, its log included");

    // In clear, too, as whoever has the password reads it, the backups hold no key of an account.
    fs::create_dir_all(&kept)?;
    let (password, region) = (kept.join("backup.key"), kept.join("region.key"));
    fs::copy(directory.join("backup.key"), &password)?;
    fs::copy(directory.join("region.key"), &region)?;
    let clear = scratch.join("clear");
    restic(&repository, &password, &["restore", "latest", "--target", &text(&clear.join("backup"))])?.success()?;
    let beside = repository.join("account-keys");
    restic(&beside, &password, &["check", "--read-data"])?.success()?;
    restic(&beside, &password, &["restore", "latest", "--target", &text(&clear.join("keys"))])?.success()?;
    assert!(walk(&clear).len() > 10);
    assert_eq!(holds(&clear, &key), None);
    assert!(account.len() > 5 && holds(&clear.join("keys"), account.as_bytes()).is_none(), "{account}");
    assert!(holds(&clear.join("keys"), b"keys").is_some());
    let listed = restic(&beside, &password, &["snapshots", "--json"])?.success()?.stdout;
    assert_eq!(listed.matches("short_id").count(), 1, "{listed}");

    // The backup from before brings the others back, and of the account nothing.
    tradewind.kill9()?;
    fs::remove_dir_all(&directory)?;
    let (from, into) = (text(&repository), text(&directory));
    let (password, region) = (text(&password), text(&region));
    let restored = restore(&["--from", &from, "--into", &into, "--password-file", &password, "--region-key", &region])?
        .success()?;
    assert!(restored.stdout.contains("erased"), "{}", restored.stdout);
    tradewind.restart()?;
    assert!(tradewind.access("sales")?.session()?.count("INBOX")? >= 3);
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    let users = tradewind.command(&["--json", "user", "list"])?.success()?.stdout;
    assert!(!users.contains("leaver@trade.test"), "{users}");
    for canary in [b"canaryquartz".as_slice(), b"canary-subject"] {
        assert_eq!(holds(&directory, canary), None);
    }
    Ok(())
}
