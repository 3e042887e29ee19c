//! Backups: how fast the first and the next one are, how fast everything comes back, and what the server delivers meanwhile.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use harness::{Chance, Failure, Letter, Options, Outcome, Scratch, Tradewind, run, smtp};
use serde_json::Value;

use crate::figures::{rate, short};
use crate::machine;
use crate::report::Table;

const FROM: &str = "orders@partner.example";

/// Longest that one command may take.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// Sizes in bytes, and of how many in a hundred messages each is; from 30 KB on most of a message is a file that nothing makes smaller.
const MIX: [(usize, usize); 4] = [(60, 6 << 10), (85, 30 << 10), (98, 150 << 10), (100, 800 << 10)];

/// Size of a message while deliveries are measured.
const MEASURED_BYTES: usize = 10 << 10;

/// Backups of a full server.
#[derive(Debug, Clone, Args)]
pub(crate) struct Backup {
    /// Messages that the server has.
    #[arg(long, default_value_t = 100_000)]
    messages: usize,
    /// Connections, each sending one message after the other.
    #[arg(long, default_value_t = 16)]
    sessions: usize,
    /// Seconds in which deliveries without a backup are measured.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// MiB a second that a backup reads at most (`backup.mib_per_second`); 0 for as many as there are.
    #[arg(long, default_value_t = 0)]
    mib_per_second: u32,
}

/// How messages are made.
#[derive(Clone, Copy)]
enum Size {
    Mixed,
    Measured,
}

impl Backup {
    /// Prints the table.
    pub(crate) fn run(&self) -> Outcome {
        let scratch = Scratch::new("bench-backup")?;
        let repository = scratch.join("repository");
        let server = Tradewind::start(
            Options::default()
                .set("backup", "repositories", &format!("[{:?}]", repository.display().to_string()))
                .set("backup", "every_minutes", "0")
                .set("backup", "gives_way", "true")
                .set("backup", "mib_per_second", &self.mib_per_second.to_string())
                .set("smtp", "exempt_networks", "[\"127.0.0.0/8\"]")
                .set("smtp", "messages_per_connection_max", "1000000")
                .set("judging", "enabled", "false"),
        )?;
        let (target, to) = (server.listen("smtp")?, server.account("sales")?.address);
        let send = |messages: usize, size: Size, stop: &AtomicBool| self.send(target, &to, messages, size, stop);
        let never = AtomicBool::new(false);
        eprintln!("filling");
        send(self.messages, Size::Mixed, &never)?;

        let mut table = Table::new(&["step", "messages", "MiB", "seconds", "messages/s", "MiB/s", "added MiB"]);
        let mut step = |name: &str, messages: usize, bytes: f64, took: Duration, added: f64| {
            let per_second = bytes / took.as_secs_f64();
            let cells = [bytes, took.as_secs_f64(), rate(messages, took), per_second, added].map(short);
            table.row(&[vec![name.to_owned(), messages.to_string()], cells.to_vec()].concat());
        };
        let (first, took) = back_up(&server)?;
        step("first backup", self.messages, mib(&first, "bytes"), took, mib(&first, "added_bytes"));
        let new = self.messages / 100;
        send(new, Size::Mixed, &never)?;
        let (second, took) = back_up(&server)?;
        step(
            "second, one in a hundred new",
            self.messages + new,
            mib(&second, "bytes"),
            took,
            mib(&second, "added_bytes"),
        );

        // Deliveries without, and while another first backup is taken.
        let begun = Instant::now();
        let without = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_secs(self.seconds));
                never.store(true, Ordering::Relaxed);
            });
            send(usize::MAX, Size::Measured, &never)
        })?;
        let without = rate(without, begun.elapsed());
        fs::rename(&repository, scratch.join("repository-before"))?;
        let (over, begun) = (AtomicBool::new(false), Instant::now());
        let (sent, span) = thread::scope(|scope| {
            let sending = scope.spawn(|| send(usize::MAX, Size::Measured, &over));
            let backed_up = back_up(&server);
            let span = begun.elapsed();
            over.store(true, Ordering::Relaxed);
            let sent = sending.join().map_err(|_| Failure::new("a sender panicked"))??;
            backed_up.map(|_| (sent, span))
        })?;
        let with = rate(sent, span);

        let (rehearsed, _) = told(&server, &["rehearse"])?;
        let begun = Instant::now();
        restore(&server, &repository, &scratch.join("restored"))?;
        let (last, _) = told(&server, &["backup", "list"])?;
        let bytes = mib(&last["repositories"][0]["backups"][0], "bytes");
        step("restore, checked", self.messages + new, bytes, begun.elapsed(), 0.0);

        println!("Machine: {}.\n", machine::description());
        println!("{}", table.finish());
        println!(
            "Deliveries of {} KiB over {} sessions: {}/s without a backup, {}/s while a first backup is taken ({} %).",
            MEASURED_BYTES >> 10,
            self.sessions,
            short(without),
            short(with),
            short(100.0 * with / without)
        );
        println!(
            "Rehearsal, with every message opened: {} s to recover.",
            short(rehearsed["recovery_seconds"].as_f64().unwrap_or(0.0))
        );
        Ok(())
    }

    /// Sends up to `messages`, each another one, until `stop`; gives how many were accepted.
    fn send(&self, target: SocketAddr, to: &str, messages: usize, size: Size, stop: &AtomicBool) -> Outcome<usize> {
        let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let session = || -> Outcome {
                let mut client = smtp::Client::connect(target, smtp::Dialect::Smtp)?;
                let mut chance = Chance::fresh();
                while !stop.load(Ordering::Relaxed) && next.fetch_add(1, Ordering::Relaxed) < messages {
                    let wire = smtp::for_wire(&message(&mut chance, to, size));
                    client.deliver(FROM, &[to], &wire)?.expect(250)?;
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
                client.quit()
            };
            let senders: Vec<_> = (0..self.sessions).map(|_| scope.spawn(session)).collect();
            for sender in senders {
                sender.join().map_err(|_| Failure::new("a sender panicked"))??;
            }
            Ok(accepted.load(Ordering::Relaxed))
        })
    }
}

fn message(chance: &mut Chance, to: &str, size: Size) -> Vec<u8> {
    let id = format!("{:016x}@partner.example", chance.bits());
    let bytes = match size {
        Size::Measured => MEASURED_BYTES,
        Size::Mixed => {
            let place = chance.below(100) as usize;
            MIX.iter().find(|(below, _)| place < *below).map_or(MEASURED_BYTES, |(_, bytes)| *bytes)
        }
    };
    let text = if bytes > 20 << 10 { 4 << 10 } else { bytes };
    let mut message = Letter { from: FROM, to, id: &id, size_bytes: text }.build(chance);
    while message.len() < bytes {
        let line: [u64; 4] = std::array::from_fn(|_| chance.bits());
        message.extend_from_slice(line.map(|word| format!("{word:016x}")).concat().as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message
}

fn restore(server: &Tradewind, repository: &Path, into: &Path) -> Outcome {
    let mut restore = Command::new(Tradewind::binary()?);
    restore.arg("restore").arg("--from").arg(repository).arg("--into").arg(into);
    restore.arg("--password-file").arg(server.directory().join("backup.key"));
    restore.arg("--region-key").arg(server.directory().join("region.key"));
    run(restore, PATIENCE)?.success()?;
    Ok(())
}

/// Takes a backup; gives what was told of it, and how long it took.
fn back_up(server: &Tradewind) -> Outcome<(Value, Duration)> {
    let (told, took) = told(server, &["backup", "run"])?;
    Ok((told["backups"][0].clone(), took))
}

/// What a command tells, however long it takes, and how long it took.
fn told(server: &Tradewind, arguments: &[&str]) -> Outcome<(Value, Duration)> {
    let mut command = Command::new(Tradewind::binary()?);
    command.arg("--config").arg(server.config()?).arg("--json").args(arguments);
    let begun = Instant::now();
    let told = run(command, PATIENCE)?.success()?.stdout;
    Ok((serde_json::from_str(told.trim())?, begun.elapsed()))
}

fn mib(told: &Value, name: &str) -> f64 {
    told[name].as_f64().unwrap_or(0.0) / f64::from(1 << 20)
}
