//! What keeping messages encrypted costs of their delivery. It cannot be switched off, so two things are measured: what a delivery costs the whole
//! server, in processor time and in time, and what sealing the very same values costs, with the functions that the server calls.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use crypto::keys::{Account, Key, MessageKey};
use crypto::record;
use env::{Entropy as _, SystemClock, SystemEntropy};
use harness::{Chance, Failure, Letter, Options, Outcome, Tradewind};
use mailbox::Prepared;
use store::Context;

use crate::figures::{Spread, rate};
use crate::machine;
use crate::report::{Table, spread};
use crate::smtp::Load;

/// Reverse-path of all messages.
const FROM: &str = "orders@partner.example";

/// Of the delivery, in per cent, that sealing may cost at most.
const GOAL_PERCENT: f64 = 5.0;

/// Different messages whose sealing is measured.
const SAMPLES: usize = 32;

/// The cost of encryption at rest.
#[derive(Debug, Clone, Args)]
pub(crate) struct AtRest {
    /// Messages of a run.
    #[arg(long, default_value_t = 4000)]
    messages: usize,
    /// Connections of a run with many.
    #[arg(long, default_value_t = 20)]
    sessions: usize,
    /// Size of a message in bytes.
    #[arg(long, default_value_t = 10_240)]
    size: usize,
    /// Runs of each kind.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// A delivery, in microseconds.
struct Delivery {
    /// Of the server's processor time.
    processor: f64,
    /// From one to the next.
    wall: f64,
}

/// What is sealed of one message, in bytes.
struct Sealed {
    message: usize,
    summary: usize,
    trace: usize,
    signature: usize,
}

impl AtRest {
    /// Prints the tables.
    ///
    /// # Errors
    /// If the goal is missed, too.
    pub(crate) fn run(&self) -> Outcome {
        println!("Machine: {}.", machine::description());
        // Judging would make the delivery dearer, and the share of sealing smaller.
        let options =
            Options::default().set("judging", "enabled", "false").set("smtp", "exempt_networks", "[\"127.0.0.0/8\"]");
        let server = Tradewind::start(options)?;
        let to = server.account("sales")?.address;
        let target = server.listen("smtp")?;
        let load = |sessions, messages| Load {
            target,
            to: vec![to.clone()],
            from: FROM.to_owned(),
            sessions,
            messages,
            size: self.size,
            pipelining: false,
            starttls: false,
            lmtp: false,
            delivered: None,
        };
        load(self.sessions, self.messages / 4).run()?;
        let mut table =
            Table::new(&["sessions", "server's processor time a message, \u{b5}s", "time a message, \u{b5}s"]);
        let mut deliveries = Vec::new();
        for (sessions, messages) in [(1, self.messages / 4), (self.sessions, self.messages)] {
            let runs = (0..self.runs.max(1)).map(|_| delivery(&server, &load(sessions, messages)));
            let runs = runs.collect::<Outcome<Vec<Delivery>>>()?;
            let processor = Spread::of(&runs.iter().map(|run| run.processor).collect::<Vec<_>>());
            let wall = Spread::of(&runs.iter().map(|run| run.wall).collect::<Vec<_>>());
            table.row(&[sessions.to_string(), spread(processor), spread(wall)]);
            deliveries.push((median(runs.iter().map(|run| run.processor)), median(runs.iter().map(|run| run.wall))));
        }
        println!("{}", table.finish());
        let sealed = self.sealed(&server)?;
        let cost = sealed.cost();
        println!(
            "Sealed of a message of {} bytes (median of {SAMPLES}): {} of the message once it is compressed, {} of its summary, {} of our \
             fields, {} of its search signature; with key and wrapping {cost:.1} \u{b5}s.\n",
            self.size, sealed.message, sealed.summary, sealed.trace, sealed.signature
        );
        let mut worst: f64 = 0.0;
        for ((processor, wall), sessions) in deliveries.into_iter().zip([1, self.sessions]) {
            let (of_processor, of_wall) = (100.0 * cost / processor, 100.0 * cost / wall);
            worst = worst.max(of_processor);
            println!("{sessions} sessions: {of_processor:.1} % of the processor time, {of_wall:.1} % of the time.");
        }
        if worst < GOAL_PERCENT {
            return Ok(());
        }
        Err(Failure::new(format!("sealing costs {worst:.1} % of a delivery; the goal is less than {GOAL_PERCENT} %")))
    }

    /// The lengths of what the server seals of such messages.
    fn sealed(&self, server: &Tradewind) -> Outcome<Sealed> {
        let entropy = Arc::new(SystemEntropy::default());
        let context = Context::new(Arc::new(SystemClock), Arc::clone(&entropy) as _, 1, Key::generate(&*entropy));
        let mut chance = Chance::fresh();
        let letters: Vec<Vec<u8>> = (0..SAMPLES)
            .map(|number| {
                let id = format!("{number}@partner.example");
                let letter = Letter { from: FROM, to: "sales@trade.test", id: &id, size_bytes: self.size };
                letter.build(&mut chance)
            })
            .collect();
        let mut prepared: Vec<Prepared> = letters.iter().map(|raw| Prepared::new(raw, &context)).collect();
        let trace = trace_bytes(server, letters.first().map_or(0, Vec::len))?;
        Ok(Sealed {
            message: middle(prepared.iter_mut().map(|it| it.take_record().bytes().len())),
            summary: middle(prepared.iter().map(|it| it.summary().len())),
            trace,
            signature: middle(prepared.iter().map(|it| it.signature().len())),
        })
    }
}

impl Sealed {
    /// Microseconds for all of it, the least of several: what the functions take while nothing disturbs them. The message is one that cannot be
    /// compressed; that this is tried is in the figure, so the true one is below.
    fn cost(&self) -> f64 {
        const ROUNDS: u32 = 2000;
        let entropy = SystemEntropy::default();
        let account = Key::<Account>::generate(&entropy);
        let octets = |length: usize| {
            let mut octets = vec![0; length];
            entropy.fill(&mut octets);
            octets
        };
        let (message, columns) = (octets(self.message), [self.summary, self.trace, self.signature].map(octets));
        let round = || {
            let key = MessageKey::generate(&entropy);
            black_box(record::seal(&key, crypto::seal::Suite::Aes, black_box(&message)));
            black_box(account.wrap_message(&entropy, &key, black_box(7)));
            for column in &columns {
                black_box(account.sealing().seal(&entropy, b"message.summary:7", black_box(column)));
            }
        };
        let least = (0..10).map(|_| {
            let start = Instant::now();
            (0..ROUNDS).for_each(|_| round());
            start.elapsed() / ROUNDS
        });
        least.min().unwrap_or(Duration::ZERO).as_secs_f64() * 1e6
    }
}

/// One run.
fn delivery(server: &Tradewind, load: &Load) -> Outcome<Delivery> {
    let before = machine::processor_time_of_all(server.id())?;
    let start = Instant::now();
    load.run()?;
    let took = start.elapsed();
    let processor = machine::processor_time_of_all(server.id())?.saturating_sub(before);
    Ok(Delivery { processor: 1e6 / rate(load.messages, processor), wall: 1e6 / rate(load.messages, took) })
}

/// Length of the fields that the server puts before a message.
fn trace_bytes(server: &Tradewind, letter_bytes: usize) -> Outcome<usize> {
    let mut session = server.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    let told = session.ask("FETCH 1 RFC822.SIZE")?.ok()?.kept.concat();
    let text = String::from_utf8_lossy(&told);
    let size = text.split("RFC822.SIZE ").nth(1).and_then(|rest| rest.split(|it: char| !it.is_ascii_digit()).next());
    let size: usize = size.and_then(|digits| digits.parse().ok()).ok_or_else(|| Failure::new("no size is told"))?;
    Ok(size.saturating_sub(letter_bytes))
}

fn middle(lengths: impl Iterator<Item = usize>) -> usize {
    let mut lengths: Vec<usize> = lengths.collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::MAX)
}
