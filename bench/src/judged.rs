//! Receiving of realistic mail with judging on and off, in one run.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use clap::Args;
use harness::{Failure, Options, Outcome, Tradewind, smtp};

use crate::figures::{Spread, millis, quantile, rate};
use crate::machine;
use crate::report::{Table, spread};

/// Octets of a file that is sent.
const MESSAGE_OCTETS_MAX: u64 = 20 << 20;

/// Reverse-path of all messages.
const FROM: &str = "orders@partner.example";

/// Mail from a directory, received with judging on and off.
#[derive(Debug, Clone, Args)]
pub(crate) struct Judged {
    /// Directory of messages (`*.eml`), such as `messages` of a world that `tradegen make` has made.
    #[arg(long)]
    mail: PathBuf,
    /// Connections, each sending one message after the other.
    #[arg(long, default_value_t = 8)]
    sessions: usize,
    /// Messages of a run; the files are sent again and again.
    #[arg(long, default_value_t = 2000)]
    messages: usize,
    /// Runs of each kind.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Messages that are sent before, and not counted: so many start processes and fill what is kept in memory.
    #[arg(long, default_value_t = 100)]
    warm_up: usize,
}

/// What one run gave.
struct Run {
    per_second: f64,
    /// Milliseconds of the server's processor time for each message, with its processes that look into files.
    processor_millis: f64,
    /// Milliseconds from the first octet of a message to the answer, sorted.
    waits: Vec<f64>,
    refused: usize,
}

impl Judged {
    /// Prints the table.
    pub(crate) fn run(&self) -> Outcome {
        let bodies = bodies(&self.mail)?;
        println!("Machine: {}.", machine::description());
        println!(
            "{} different messages, {} a run over {} sessions (least / median / greatest of {} runs).\n",
            bodies.len(),
            self.messages,
            self.sessions,
            self.runs
        );
        let heads = ["judging", "messages/s", "processor ms a message", "DATA median ms", "DATA p99 ms", "refused"];
        let mut table = Table::new(&heads);
        for is_on in [false, true] {
            let options = Options::default().set("judging", "enabled", if is_on { "true" } else { "false" }).set(
                "smtp",
                "exempt_networks",
                "[\"127.0.0.0/8\"]",
            );
            let server = Tradewind::start(options)?;
            let to = server.account("sales")?.address;
            let target = server.listen("smtp")?;
            self.load(target, &to, &bodies, self.warm_up)?;
            let mut runs = Vec::new();
            for _ in 0..self.runs.max(1) {
                let before = machine::processor_time_of_all(server.id())?;
                let (start, mut waits, refused) = self.load(target, &to, &bodies, self.messages)?;
                let took = start.elapsed();
                let processor = machine::processor_time_of_all(server.id())?.saturating_sub(before);
                waits.sort_by(f64::total_cmp);
                let each = 1000.0 / rate(self.messages, processor);
                runs.push(Run { per_second: rate(self.messages, took), processor_millis: each, waits, refused });
            }
            table.row(&row(if is_on { "on" } else { "off" }, &runs));
        }
        println!("{}", table.finish());
        Ok(())
    }

    /// Sends messages; gives when it began, how long each waited for its answer, and how many were refused.
    fn load(
        &self,
        target: SocketAddr,
        to: &str,
        bodies: &[Vec<u8>],
        messages: usize,
    ) -> Outcome<(Instant, Vec<f64>, usize)> {
        let (next, start_line) = (AtomicUsize::new(0), Barrier::new(self.sessions + 1));
        thread::scope(|scope| {
            let send = || send(target, to, bodies, messages, &next, &start_line);
            let senders: Vec<_> = (0..self.sessions).map(|_| scope.spawn(send)).collect();
            start_line.wait();
            let start = Instant::now();
            let (mut waits, mut refused) = (Vec::new(), 0);
            for sender in senders {
                let (own, refusals) = sender.join().map_err(|_| Failure::new("a sender panicked"))??;
                waits.extend(own);
                refused += refusals;
            }
            Ok((start, waits, refused))
        })
    }
}

fn row(name: &str, runs: &[Run]) -> Vec<String> {
    let of = |figure: fn(&Run) -> f64| spread(Spread::of(&runs.iter().map(figure).collect::<Vec<f64>>()));
    let refused = runs.iter().map(|run| run.refused).sum::<usize>();
    vec![
        name.to_owned(),
        of(|run| run.per_second),
        of(|run| run.processor_millis),
        of(|run| quantile(&run.waits, 0.5)),
        of(|run| quantile(&run.waits, 0.99)),
        refused.to_string(),
    ]
}

/// One session: takes the next number as long as there are any.
fn send(
    target: SocketAddr,
    to: &str,
    bodies: &[Vec<u8>],
    messages: usize,
    next: &AtomicUsize,
    start_line: &Barrier,
) -> Outcome<(Vec<f64>, usize)> {
    let client = smtp::Client::connect(target, smtp::Dialect::Smtp);
    // Even a session that failed must come to the line, or the others wait for ever.
    start_line.wait();
    let mut client = client?;
    let (mut waits, mut refused) = (Vec::new(), 0);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= messages {
            client.quit()?;
            return Ok((waits, refused));
        }
        client.command(&format!("MAIL FROM:<{FROM}>"))?.expect(250)?;
        client.command(&format!("RCPT TO:<{to}>"))?.expect(250)?;
        client.command("DATA")?.expect(354)?;
        let begun = Instant::now();
        let reply = client.message(&bodies[number % bodies.len()])?;
        waits.push(millis(begun.elapsed()));
        match reply.code {
            250 => {}
            550..=559 => refused += 1,
            _ => return Err(Failure::new(format!("the server answers {} {}", reply.code, reply.text))),
        }
    }
}

/// The messages of a directory as they go over the wire.
fn bodies(directory: &Path) -> Outcome<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    paths.sort();
    let mut bodies = Vec::new();
    for path in paths {
        if path.metadata()?.len() <= MESSAGE_OCTETS_MAX {
            bodies.push(smtp::for_wire(&fs::read(path)?));
        }
    }
    if bodies.is_empty() {
        return Err(Failure::new(format!("{}: has no *.eml; make some with tradegen", directory.display())));
    }
    Ok(bodies)
}
