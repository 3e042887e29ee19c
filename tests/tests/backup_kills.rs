//! `kill -9` at random points while backups are taken under load: the server comes back by itself, and from its newest backup alone with every
//! message that was acknowledged before that backup's moment, once, and with its flags. A full disk, a truncated repository and a clock that
//! went wrong are told, and overwrite nothing.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use env::{Clock, SystemClock};
use harness::{Chance, Finished, Letter, Options, Outcome, Scratch, Tradewind, run, skip, smtp, wait_until};
use serde_json::Value;

const SENDERS: usize = 8;
/// Kills in an ordinary run; `TRADEWIND_KILLS=100` for the long form.
const KILLS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(300);

fn now_millis() -> u64 {
    SystemClock.now().millis().unsigned_abs()
}

/// What the senders know: what was answered with 250, and when.
#[derive(Default)]
struct Ledger {
    accepted: Mutex<HashMap<String, u64>>,
    begun: AtomicU64,
    rests: AtomicBool,
    over: AtomicBool,
}

fn send_until_over(sender: usize, address: SocketAddr, to: &str, ledger: &Ledger) {
    let mut chance = Chance::seeded(sender as u64);
    while !ledger.over.load(Ordering::Relaxed) {
        let rests = ledger.rests.load(Ordering::Relaxed);
        let client = if rests { None } else { smtp::Client::connect(address, smtp::Dialect::Smtp).ok() };
        let Some(mut client) = client else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        while !ledger.over.load(Ordering::Relaxed) && !ledger.rests.load(Ordering::Relaxed) {
            let number = ledger.begun.fetch_add(1, Ordering::Relaxed);
            let id = format!("{sender}.{number}@kills.example");
            let size_bytes = if number.is_multiple_of(7) { 60_000 } else { 4_000 };
            let letter = Letter { from: "a@kills.example", to, id: &id, size_bytes }.build(&mut chance);
            match client.deliver("a@kills.example", &[to], &smtp::for_wire(&letter)) {
                Ok(reply) if reply.code == 250 => {
                    if let Ok(mut accepted) = ledger.accepted.lock() {
                        accepted.insert(id, now_millis());
                    }
                }
                _ => break,
            }
        }
    }
}

fn restore(repository: &Path, keys: &Path, into: &Path) -> Outcome<Finished> {
    let mut restore = Command::new(Tradewind::binary()?);
    restore.arg("restore").arg("--from").arg(repository).arg("--into").arg(into);
    restore.arg("--password-file").arg(keys.join("backup.key")).arg("--region-key").arg(keys.join("region.key"));
    run(restore, PATIENCE)
}

/// The moment of the newest backup in the repository, in milliseconds since 1970.
fn newest(tradewind: &Tradewind) -> Outcome<u64> {
    let told = tradewind.command(&["--json", "backup", "list"])?.success()?;
    let told: Value = serde_json::from_str(told.stdout.trim())?;
    let backups = told["repositories"][0]["backups"].as_array().cloned().unwrap_or_default();
    Ok(backups.iter().filter_map(|backup| backup["taken_millis"].as_u64()).max().unwrap_or(0))
}

fn with_a_repository(scratch: &Scratch, repository: &Path) -> Outcome<Tradewind> {
    let option = format!("[{:?}]", repository.display().to_string());
    let tradewind = Tradewind::start(Options::default().set("backup", "repositories", &option))?;
    let keys = scratch.join("keys");
    fs::create_dir_all(&keys)?;
    Ok(tradewind)
}

fn keep_keys(tradewind: &Tradewind, scratch: &Scratch) -> Outcome {
    for name in ["backup.key", "region.key"] {
        fs::copy(tradewind.directory().join(name), scratch.join("keys").join(name))?;
    }
    Ok(())
}

/// Puts some mail into INBOX; gives what is flagged of it.
fn put_with_flags(tradewind: &Tradewind, to: &str, chance: &mut Chance) -> Outcome<String> {
    let mut session = tradewind.imap("sales")?;
    for number in 0..6 {
        let id = format!("kept.{number}@kills.example");
        let letter = Letter { from: "a@kills.example", to, id: &id, size_bytes: 20_000 }.build(chance);
        session.append("INBOX", &[&letter])?.ok()?;
    }
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 2:4 +FLAGS (\\Flagged \\Seen)")?.ok()?;
    session.logout()?;
    tradewind.imap("sales")?.uids("INBOX", "FLAGGED SEEN")
}

/// Runs a backup and kills the server amid it, or right after; says whether the backup was through.
fn kill_about_a_backup(tradewind: &mut Tradewind, chance: &mut Chance, amid: bool, life_millis: u64) -> Outcome<bool> {
    // The server takes it; the kill meets the one and the other.
    let config = tradewind.config()?;
    let mut backing_up = Command::new(Tradewind::binary()?);
    backing_up.arg("--config").arg(&config).args(["backup", "run"]);
    let asked = thread::spawn(move || run(backing_up, PATIENCE).map(|told| told.status.success()).unwrap_or(false));
    if amid {
        thread::sleep(Duration::from_millis(chance.below(life_millis)));
        tradewind.kill9()?;
        return Ok(asked.join().unwrap_or(false));
    }
    let was_through = asked.join().unwrap_or(false);
    thread::sleep(Duration::from_millis(chance.below(300)));
    tradewind.kill9()?;
    Ok(was_through)
}

#[test]
fn what_was_acknowledged_before_a_backup_is_in_it_whenever_the_server_is_killed() -> Outcome {
    let kills = std::env::var("TRADEWIND_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let scratch = Scratch::new("kills")?;
    let repository = scratch.join("repository");
    let mut tradewind = with_a_repository(&scratch, &repository)?;
    let (address, to) = (tradewind.listen("smtp")?, tradewind.account("sales")?.address);
    let mut chance = Chance::from_environment();
    let wanted_flags = put_with_flags(&tradewind, &to, &mut chance)?;
    let begun = Instant::now();
    tradewind.command(&["backup", "run"])?.success()?;
    // The kill comes at any moment of a backup, or of as much time after it.
    let life_millis_max = u64::try_from(begun.elapsed().as_millis())? * 2;
    keep_keys(&tradewind, &scratch)?;

    let ledger = Arc::new(Ledger::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (ledger, to) = (Arc::clone(&ledger), to.clone());
            thread::spawn(move || send_until_over(sender, address, &to, &ledger))
        })
        .collect();
    let (mut acknowledged, mut in_backups) = (0, 0);
    for round in 0..kills {
        let known = ledger.accepted.lock().map(|accepted| accepted.len()).unwrap_or(0);
        wait_until("mail under way", PATIENCE, || {
            let now = ledger.accepted.lock().map(|accepted| accepted.len()).unwrap_or(0);
            Ok((now >= known + 20).then_some(()))
        })?;
        thread::sleep(Duration::from_millis(chance.below(400)));
        let was_through = kill_about_a_backup(&mut tradewind, &mut chance, round % 2 == 0, life_millis_max)?;
        ledger.rests.store(true, Ordering::Relaxed);

        // By itself: everything acknowledged is there.
        tradewind.restart()?;
        let live = tradewind.imap("sales")?.message_ids("INBOX")?;
        let accepted = ledger.accepted.lock().map(|accepted| accepted.clone()).unwrap_or_default();
        for id in accepted.keys() {
            assert_eq!(live.get(id), Some(&1), "round {round}: {id} was acknowledged");
        }
        let taken = newest(&tradewind)?;

        // From the backup alone.
        tradewind.kill9()?;
        let site = tradewind.directory().to_owned();
        let lost = scratch.join("lost");
        fs::rename(&site, &lost)?;
        restore(&repository, &scratch.join("keys"), &site)?.success()?;
        tradewind.restart()?;
        let found = tradewind.imap("sales")?.message_ids("INBOX")?;
        let before = accepted.iter().filter(|(_, at)| **at < taken);
        for (id, at) in before.clone() {
            assert_eq!(found.get(id), Some(&1), "round {round}: {id} was acknowledged at {at}, before {taken}");
        }
        for (id, count) in &found {
            assert_eq!(*count, 1, "round {round}: {id} is there more than once");
        }
        assert_eq!(tradewind.imap("sales")?.uids("INBOX", "FLAGGED SEEN")?, wanted_flags, "round {round}");
        let check = tradewind.command(&["store", "check", "--deep", "--json"])?.success()?;
        assert!(check.stdout.contains("\"sound\":true"), "{}", check.stdout);
        acknowledged += accepted.len();
        in_backups += before.count();
        eprintln!(
            "round {round}: backup through: {was_through}, {} acknowledged, {} found",
            accepted.len(),
            found.len()
        );
        if let Ok(mut accepted) = ledger.accepted.lock() {
            accepted.retain(|id, _| found.contains_key(id));
        }
        fs::remove_dir_all(&lost)?;
        ledger.rests.store(false, Ordering::Relaxed);
    }
    ledger.over.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().expect("a sender does not panic");
    }
    eprintln!("{kills} kills: {acknowledged} acknowledged over all rounds, {in_backups} of them before their backup");
    assert!(in_backups > 0, "no backup had anything to show");
    tradewind.command(&["backup", "check", "--read-data"])?.success()?;
    Ok(())
}

/// A small file system of its own, unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_next_backup_heals() -> Outcome {
    let scratch = Scratch::new("backup-full")?;
    let place = scratch.join("disk");
    fs::create_dir_all(&place)?;
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&place);
    if !run(mount, PATIENCE)?.status.success() {
        skip!("a small file system cannot be mounted: not root");
    }
    let _disk = SmallDisk(place.clone());
    let repository = place.join("repository");
    let tradewind = with_a_repository(&scratch, &repository)?;
    tradewind.command(&["backup", "run"])?.success()?;
    keep_keys(&tradewind, &scratch)?;
    let mut chance = Chance::seeded(8);
    let mut session = tradewind.imap("sales")?;
    let mut letter = b"From: a@kills.example\r\nSubject: long\r\n\r\n".to_vec();
    while letter.len() < 3 << 20 {
        letter.extend_from_slice(format!("{:016x}{:016x}\r\n", chance.bits(), chance.bits()).as_bytes());
    }
    session.append("INBOX", &[&letter])?.ok()?;
    let filler = place.join("filler");
    // Room for nothing.
    fs::write(&filler, vec![1; 7 << 20]).or(Ok::<_, std::io::Error>(()))?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains("repository"), "{}", failed.stderr);
    session.append("INBOX", &[b"Subject: after\r\n\r\n"])?.ok()?;
    fs::remove_file(&filler)?;
    tradewind.command(&["backup", "run"])?.success()?;
    tradewind.command(&["backup", "check", "--read-data"])?.success()?;
    restore(&repository, &scratch.join("keys"), &scratch.join("restored"))?.success()?;
    Ok(())
}

#[test]
fn a_truncated_repository_restores_nothing_and_says_so() -> Outcome {
    let scratch = Scratch::new("backup-truncated")?;
    let repository = scratch.join("repository");
    let tradewind = with_a_repository(&scratch, &repository)?;
    let mut session = tradewind.imap("sales")?;
    session.append("INBOX", &[b"Subject: one\r\n\r\n"])?.ok()?;
    tradewind.command(&["backup", "run"])?.success()?;
    keep_keys(&tradewind, &scratch)?;
    for part in ["index", "data"] {
        let damaged = scratch.join(&format!("without-{part}"));
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(&repository).arg(&damaged);
        run(copy, PATIENCE)?.success()?;
        fs::remove_dir_all(damaged.join(part))?;
        fs::create_dir(damaged.join(part))?;
        let into = scratch.join(&format!("restored-{part}"));
        let refused = restore(&damaged, &scratch.join("keys"), &into)?;
        assert!(!refused.status.success() && refused.stderr.contains("repository"), "{part}: {}", refused.stderr);
        assert!(refused.stderr.len() < 2_000, "no more than can be read: {}", refused.stderr);
        assert!(!into.exists(), "{part}: nothing is made");
    }
    Ok(())
}
