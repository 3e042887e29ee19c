//! A server is lost, and built anew from its backup, the region key and the password alone. Debian's restic checks the repository.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

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
