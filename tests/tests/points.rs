//! Points in time between backups, under load and `kill -9`: every moment that was kept comes back, with what was acknowledged before it and
//! nothing from after it. A standby that follows them takes over, and the server that it followed serves no more.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use env::{Clock, SystemClock, Timestamp};
use harness::{
    Chance, Finished, Letter, Options, Outcome, Process, Scratch, Tradewind, require, run, smtp, wait_until,
};
use serde_json::Value;

const SENDERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(120);

fn now_millis() -> i64 {
    SystemClock.now().millis()
}

/// When a letter was begun, and when it was acknowledged.
#[derive(Clone, Copy)]
struct Sent {
    begun: i64,
    acknowledged: Option<i64>,
}

#[derive(Default)]
struct Ledger {
    sent: Mutex<HashMap<String, Sent>>,
    count: AtomicU64,
    over: AtomicBool,
}

impl Ledger {
    fn note(&self, id: &str, sent: Sent) {
        if let Ok(mut all) = self.sent.lock() {
            all.insert(id.to_owned(), sent);
        }
    }

    fn all(&self) -> HashMap<String, Sent> {
        self.sent.lock().map(|all| all.clone()).unwrap_or_default()
    }
}

fn send_until_over(sender: usize, address: SocketAddr, to: &str, ledger: &Ledger) {
    let mut chance = Chance::seeded(sender as u64);
    while !ledger.over.load(Ordering::Relaxed) {
        let Ok(mut client) = smtp::Client::connect(address, smtp::Dialect::Smtp) else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        while !ledger.over.load(Ordering::Relaxed) {
            let number = ledger.count.fetch_add(1, Ordering::Relaxed);
            let id = format!("{sender}.{number}@points.example");
            let size_bytes = if number.is_multiple_of(7) { 60_000 } else { 4_000 };
            let letter = Letter { from: "a@points.example", to, id: &id, size_bytes }.build(&mut chance);
            let begun = now_millis();
            ledger.note(&id, Sent { begun, acknowledged: None });
            match client.deliver("a@points.example", &[to], &smtp::for_wire(&letter)) {
                Ok(reply) if reply.code == 250 => ledger.note(&id, Sent { begun, acknowledged: Some(now_millis()) }),
                _ => break,
            }
            thread::sleep(Duration::from_millis(15));
        }
    }
}

struct Load {
    ledger: Arc<Ledger>,
    senders: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn begin(tradewind: &Tradewind) -> Outcome<Self> {
        let (address, to) = (tradewind.listen("smtp")?, tradewind.account("sales")?.address);
        let ledger = Arc::new(Ledger::default());
        let one = |sender| {
            let (ledger, to) = (Arc::clone(&ledger), to.clone());
            thread::spawn(move || send_until_over(sender, address, &to, &ledger))
        };
        Ok(Self { senders: (0..SENDERS).map(one).collect(), ledger })
    }

    fn end(self) -> HashMap<String, Sent> {
        self.ledger.over.store(true, Ordering::Relaxed);
        for sender in self.senders {
            assert!(sender.join().is_ok(), "a sender does not panic");
        }
        self.ledger.all()
    }
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

/// A server that keeps points in time a second apart, a backup from which they lead on, and a copy of the two keys.
fn with_points(scratch: &Scratch, more: &[(&str, &str)]) -> Outcome<Tradewind> {
    let repository = format!("[{:?}]", scratch.join("repository").display().to_string());
    let mut options = Options::default().set("backup", "repositories", &repository).set("backup", "step_seconds", "1");
    for (name, value) in more {
        options = options.set("backup", name, value);
    }
    let tradewind = Tradewind::start(options)?;
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    let keys = scratch.directory("keys")?;
    wait_until("the journal", PATIENCE, || {
        let status = told(&tradewind, &["backup", "status"])?;
        Ok(status["repositories"][0]["points"].is_object().then_some(()))
    })?;
    tradewind.command(&["backup", "run"])?.success()?;
    for name in ["backup.key", "region.key"] {
        fs::copy(tradewind.directory().join(name), keys.join(name))?;
    }
    Ok(tradewind)
}

/// The last moment that can be reached, and how many steps lead there.
fn reachable(tradewind: &Tradewind) -> Outcome<(i64, u64)> {
    let listed = told(tradewind, &["backup", "list"])?;
    let spans = listed["repositories"][0]["reachable"].as_array().cloned().unwrap_or_default();
    let Some(last) = spans.last() else { return Ok((0, 0)) };
    Ok((last["to_millis"].as_i64().unwrap_or(0), last["steps"].as_u64().unwrap_or(0)))
}

fn source(command: &mut Command, scratch: &Scratch, into: &Path) {
    let keys = scratch.join("keys");
    command.arg("--from").arg(scratch.join("repository")).arg("--into").arg(into);
    command.arg("--password-file").arg(keys.join("backup.key")).arg("--region-key").arg(keys.join("region.key"));
}

fn restore(scratch: &Scratch, into: &Path, to: &str) -> Outcome<Finished> {
    let mut restore = Command::new(Tradewind::binary()?);
    restore.args(["--json", "restore", "--to", to]);
    source(&mut restore, scratch, into);
    run(restore, PATIENCE)
}

/// Whether what is there is what was acknowledged before `moment`, and nothing from after `to`.
fn assert_is_of(moment: i64, to: i64, found: &HashMap<String, u32>, sent: &HashMap<String, Sent>) -> usize {
    let before: Vec<_> =
        sent.iter().filter(|(_, it)| it.acknowledged.is_some_and(|at| at < moment)).map(|(id, _)| id).collect();
    for id in &before {
        assert_eq!(found.get(*id), Some(&1), "{id} was acknowledged before {moment}: {:?}", sent[*id].acknowledged);
    }
    for (id, count) in found {
        assert_eq!(*count, 1, "{id} is there more than once");
        if let Some(one) = sent.get(id) {
            assert!(one.begun <= to, "{id} was begun at {}, after {to}", one.begun);
        }
    }
    before.len()
}

#[test]
fn each_moment_comes_back_though_the_server_is_killed_under_load() -> Outcome {
    let scratch = Scratch::new("points")?;
    let mut tradewind = with_points(&scratch, &[])?;
    let mut session = tradewind.imap("sales")?;
    for number in 0..6 {
        session
            .append("INBOX", &[format!("Message-ID: <kept.{number}@points.example>\r\n\r\nx\r\n").as_bytes()])?
            .ok()?;
    }
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 2:4 +FLAGS (\\Flagged \\Seen)")?.ok()?;
    session.logout()?;
    let wanted_flags = tradewind.imap("sales")?.uids("INBOX", "FLAGGED SEEN")?;

    let mut chance = Chance::from_environment();
    let load = Load::begin(&tradewind)?;
    wait_until("some points", PATIENCE, || Ok((reachable(&tradewind)?.1 >= 3).then_some(())))?;
    // In whole seconds, as it is given.
    let earlier = now_millis() / 1_000 * 1_000;
    thread::sleep(Duration::from_millis(2_500 + chance.below(1_500)));
    tradewind.kill9()?;
    let killed = (now_millis() / 1_000 + 1) * 1_000;
    let sent = load.end();

    let site = tradewind.directory().to_owned();
    fs::rename(&site, scratch.join("lost"))?;
    for (name, to) in [("latest", killed), ("earlier", earlier)] {
        let begun = Instant::now();
        let restored = restore(&scratch, &site, &Timestamp::from_millis(to).to_string())?.success()?;
        let restored: Value = serde_json::from_str(restored.stdout.trim())?;
        let reached = restored["restored"]["moment_millis"].as_i64().unwrap_or(0);
        tradewind.restart()?;
        let rto = begun.elapsed();
        let found = tradewind.imap("sales")?.message_ids("INBOX")?;
        let count = assert_is_of(reached, to, &found, &sent);
        assert!(restored["restored"]["steps"].as_u64() > Some(0) && count > 0, "{restored}");
        assert_eq!(tradewind.imap("sales")?.uids("INBOX", "FLAGGED SEEN")?, wanted_flags, "{name}");
        tradewind.command(&["store", "check", "--deep"])?.success()?;
        eprintln!(
            "{name}: {} sent, {count} acknowledged before the point, RPO {} ms, RTO {} ms",
            sent.len(),
            to - reached,
            rto.as_millis()
        );
        assert!(to - reached < 60_000, "points lie at most a minute apart: {}", to - reached);
        tradewind.kill9()?;
        fs::remove_dir_all(&site)?;
    }
    // What cannot be is told, and nothing is made.
    let before = restore(&scratch, &site, "2020-01-01T08:00:00+08:00")?;
    assert!(!before.status.success() && before.stderr.contains("first one shows"), "{}", before.stderr);
    let no_zone = restore(&scratch, &site, "2020-01-01T08:00:00")?;
    assert!(!no_zone.status.success() && no_zone.stderr.contains("time zone"), "{}", no_zone.stderr);
    assert!(!site.exists());
    Ok(())
}

/// A standby in a process of its own.
fn follow(scratch: &Scratch, into: &Path, listen: Option<SocketAddr>) -> Outcome<Process> {
    let mut standby = Command::new(Tradewind::binary()?);
    standby.args(["standby", "run", "--every-seconds", "1"]);
    source(&mut standby, scratch, into);
    if let Some(address) = listen {
        standby.arg("--listen").arg(address.to_string());
    }
    Process::spawn("standby", scratch.path(), standby)
}

fn standby(into: &Path, arguments: &[&str]) -> Outcome<Finished> {
    let mut command = Command::new(Tradewind::binary()?);
    command.args(["--json", "standby"]).args(arguments).arg("--into").arg(into);
    run(command, PATIENCE)
}

fn wait_for_moment(into: &Path, least: i64) -> Outcome {
    wait_until("the standby to follow", PATIENCE, || {
        let text = fs::read_to_string(into.join("standby-status.json")).unwrap_or_default();
        let status: Value = serde_json::from_str(&text).unwrap_or_default();
        Ok((status["moment_millis"].as_i64().unwrap_or(0) >= least).then_some(()))
    })
}

fn serve(config: &Path) -> Command {
    let mut serve = Command::new(Tradewind::binary().unwrap_or_else(|_| PathBuf::from("tradewind")));
    serve.arg("--config").arg(config).arg("serve");
    serve
}

fn http(address: SocketAddr, path: &str) -> Outcome<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn a_standby_takes_over_from_a_server_that_was_lost() -> Outcome {
    let scratch = Scratch::new("standby")?;
    let mut tradewind = with_points(&scratch, &[])?;
    let into = scratch.join("standby");
    let port = harness::free_port()?;
    let door = SocketAddr::from(([127, 0, 0, 1], port.port));
    let mut process = follow(&scratch, &into, Some(door))?;
    let load = Load::begin(&tradewind)?;
    wait_for_moment(&into, now_millis() + 2_000)?;
    let refused = run(serve(&into.join("tradewind.toml")), PATIENCE)?;
    assert!(!refused.status.success() && refused.stderr.contains("standby"), "{}", refused.stderr);
    let (health, figures) = (http(door, "/health")?, http(door, "/metrics")?);
    assert!(health.contains(" 200 ") && health.contains("behind_seconds"), "{health}");
    assert!(figures.contains("tradewind_standby_behind_seconds"), "{figures}");

    let killed = now_millis();
    tradewind.kill9()?;
    let sent = load.end();
    let begun = Instant::now();
    let promoted = standby(&into, &["promote"])?.success()?;
    let promoted: Value = serde_json::from_str(promoted.stdout.trim())?;
    assert_eq!(promoted["serving"], true, "{promoted}");
    wait_until("the standby serves", PATIENCE, || Ok(tradewind.imap("sales").ok().map(drop)))?;
    let rto = begun.elapsed();
    let found = tradewind.imap("sales")?.message_ids("INBOX")?;
    let last = found.keys().filter_map(|id| sent.get(id)?.acknowledged).max().unwrap_or(0);
    // What the last step lacks is lost, and no more.
    let reached = promoted["moment_millis"].as_i64().unwrap_or(0);
    let count = assert_is_of(reached, killed, &found, &sent);
    assert!(count > 0);
    eprintln!(
        "promoted: {count} letters from before, RPO {} ms (last letter {} ms), RTO {} ms",
        killed - reached,
        killed - last,
        rto.as_millis()
    );
    let mut client = tradewind.smtp()?;
    let to = tradewind.account("sales")?.address;
    let letter = Letter { from: "a@points.example", to: &to, id: "after@points.example", size_bytes: 900 };
    let reply = client.deliver("a@points.example", &[&to], &smtp::for_wire(&letter.build(&mut Chance::seeded(5))))?;
    assert_eq!(reply.code, 250);

    // The other one comes back, and sees that it was replaced before it takes anything.
    let refused = run(serve(&tradewind.config()?), PATIENCE)?;
    assert!(!refused.status.success() && refused.stderr.contains("was replaced"), "{}", refused.stderr);
    assert!(tradewind.imap("sales")?.message_ids("INBOX")?.contains_key("after@points.example"));
    process.stop(PATIENCE)?;
    Ok(())
}

#[test]
fn a_server_that_still_runs_stops_once_it_was_replaced() -> Outcome {
    let scratch = Scratch::new("replaced")?;
    let mut tradewind = with_points(&scratch, &[])?;
    let into = scratch.join("standby");
    let mut process = follow(&scratch, &into, None)?;
    let mut session = tradewind.imap("sales")?;
    session.append("INBOX", &[b"Message-ID: <one@points.example>\r\n\r\nx\r\n".as_slice()])?.ok()?;
    wait_for_moment(&into, now_millis())?;
    process.stop(PATIENCE)?;
    let status = standby(&into, &["status"])?.success()?;
    assert!(status.stdout.contains("behind_seconds"), "{}", status.stdout);
    // Who cannot reach the repository cannot tell anybody, and does not take over by himself.
    let mark = fs::read_to_string(into.join("standby.json"))?;
    fs::write(into.join("standby.json"), mark.replace("/repository\"", "/elsewhere\""))?;
    let refused = standby(&into, &["promote"])?;
    assert!(!refused.status.success() && refused.stderr.contains("repository"), "{}", refused.stderr);
    fs::write(into.join("standby.json"), mark)?;
    standby(&into, &["promote"])?.success()?;
    wait_until("the other server to stop", PATIENCE, || Ok(tradewind.smtp().is_err().then_some(())))?;
    assert!(tradewind.log_tail().contains("was replaced"), "{}", tradewind.log_tail());
    tradewind.kill9().or(Ok::<_, harness::Failure>(()))?;

    let mut promoted = Process::spawn("promoted", scratch.path(), serve(&into.join("tradewind.toml")))?;
    wait_until("the standby serves", PATIENCE, || Ok(tradewind.imap("sales").ok().map(drop)))?;
    assert_eq!(tradewind.imap("sales")?.message_ids("INBOX")?.get("one@points.example"), Some(&1));
    promoted.stop(PATIENCE)?;
    Ok(())
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn steps_hold_no_key_and_what_grew_too_long_is_told() -> Outcome {
    require!("restic");
    let scratch = Scratch::new("points-erasure")?;
    let tradewind = with_points(&scratch, &[("step_changes_max", "400")])?;
    let mut session = tradewind.new_account("leaver", 10)?.session()?;
    session.append("INBOX", &[b"Subject: canary-subject\r\n\r\nword canaryquartz\r\n".as_slice()])?.ok()?;
    session.logout()?;
    let mut reading = Command::new("/usr/bin/python3");
    reading.args(["-c", "import sqlite3,sys; print(sqlite3.connect('file:'+sys.argv[1]+'?mode=ro', uri=True).execute(\
        \"select hex(key_wrapped) from account where id = (select account from address where address like 'leaver@%')\").fetchone()[0])"]);
    reading.arg(tradewind.directory().join("data/store/tradewind.db"));
    let key = run(reading, PATIENCE)?.success()?.stdout;
    let octet = |at: usize| u8::from_str_radix(key.trim().get(at..at + 2).unwrap_or_default(), 16);
    let key = (0..key.trim().len()).step_by(2).map(octet).collect::<Result<Vec<u8>, _>>()?;
    assert!(key.len() > 40);
    thread::sleep(Duration::from_millis(2_500));
    told(&tradewind, &["user", "delete", "--yes", "leaver@trade.test"])?;
    thread::sleep(Duration::from_secs(3));
    let clear = scratch.join("clear");
    let mut restic = Command::new("restic");
    restic.arg("-r").arg(scratch.join("repository/steps")).arg("--password-file").arg(scratch.join("keys/backup.key"));
    restic.args(["--no-cache", "snapshots", "--json"]);
    let snapshots: Value = serde_json::from_str(run(restic, PATIENCE)?.success()?.stdout.trim())?;
    let snapshots = snapshots.as_array().cloned().unwrap_or_default();
    assert!(snapshots.len() > 1);
    for snapshot in &snapshots {
        let id = snapshot["short_id"].as_str().unwrap_or_default();
        let mut restic = Command::new("restic");
        restic.arg("-r").arg(scratch.join("repository/steps"));
        restic.arg("--password-file").arg(scratch.join("keys/backup.key")).args([
            "--no-cache",
            "restore",
            id,
            "--target",
        ]);
        run(
            {
                restic.arg(clear.join(id));
                restic
            },
            PATIENCE,
        )?
        .success()?;
    }
    let files = walk(&clear);
    assert!(files.iter().any(|path| path.ends_with("all-tables/account")), "{files:?}");
    for path in files {
        let octets = fs::read(&path)?;
        for canary in [key.as_slice(), b"canaryquartz", b"canary-subject"] {
            assert!(!octets.windows(canary.len()).any(|it| it == canary), "{}", path.display());
        }
    }

    // The repository is away while more changes than may wait.
    let away = scratch.join("away");
    fs::rename(scratch.join("repository"), &away)?;
    fs::write(scratch.join("repository"), "no directory")?;
    let load = Load::begin(&tradewind)?;
    wait_until("the journal to be begun anew", PATIENCE, || {
        Ok(tradewind.log_tail().contains("grew too long").then_some(()))
    })?;
    load.end();
    fs::remove_file(scratch.join("repository"))?;
    fs::rename(&away, scratch.join("repository"))?;
    tradewind.command(&["backup", "run"])?.success()?;
    let listed = told(&tradewind, &["backup", "list"])?;
    let spans = listed["repositories"][0]["reachable"].as_array().map_or(0, Vec::len);
    assert!(spans >= 2, "what leads from the one backup does not lead to the other: {listed}");
    Ok(())
}
