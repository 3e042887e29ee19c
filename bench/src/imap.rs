//! What clients wait for in a large mailbox.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use harness::{Chance, Failure, Letter, Outcome, Trust, imap};

use crate::figures::{Spread, millis, rate};

/// Bytes of messages in one APPEND when filling.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Messages whose bodies are fetched.
const BODIES: usize = 1000;
/// Single STOREs, and single APPENDs.
const SINGLES: usize = 500;
/// Size of the messages of the very large mailbox in bytes.
const MANY_SIZE: usize = 1024;
/// Mailbox that single APPENDs go to.
const APPENDS: &str = "Bench-Appends";
/// The very large mailbox.
const MANY: &str = "Bench-Many";

/// Work on a mailbox.
#[derive(Debug, Clone, Args)]
pub(crate) struct Work {
    /// Server, `HOST:PORT`.
    #[arg(long)]
    pub(crate) target: SocketAddr,
    /// Name to sign in with.
    #[arg(long)]
    pub(crate) user: String,
    /// Password.
    #[arg(long)]
    pub(crate) password: String,
    /// TLS from the start; any certificate will do.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Mailbox to work on; made if it is not there.
    #[arg(long, default_value = "Bench")]
    pub(crate) mailbox: String,
    /// Fill it up to so many messages first.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) fill: usize,
    /// Size of each in bytes.
    #[arg(long, default_value_t = 10_240)]
    pub(crate) size: usize,
    /// Messages of the very large mailbox of which only SELECT is measured; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) many: usize,
    /// Runs of each line after the first.
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: usize,
    /// Only FETCH and SEARCH lines whose command has this text, for a look at one of them.
    #[arg(long)]
    pub(crate) only: Option<String>,
    /// Seconds between filling and measuring, for what the server does afterwards.
    #[arg(long, default_value_t = 2)]
    pub(crate) settle: u64,
}

/// One measured line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// What was done.
    pub(crate) name: String,
    /// `ms`, or `/s` where more is better.
    pub(crate) unit: &'static str,
    /// The first time.
    pub(crate) first: f64,
    /// All later times.
    pub(crate) warm: Spread,
}

impl Work {
    /// Work that only fills mailboxes.
    pub(crate) fn filling(target: SocketAddr, user: &str, password: &str, fill: usize, size: usize) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self {
            target,
            user,
            password,
            tls: true,
            mailbox: String::new(),
            fill,
            size,
            many: 0,
            runs: 0,
            only: None,
            settle: 0,
        }
    }

    /// Fills a mailbox; gives the time that took.
    pub(crate) fn only_fill(&self, mailbox: &str) -> Outcome<Duration> {
        let mut client = self.sign_in()?;
        let took = self.fill(&mut client, mailbox, self.fill, self.size)?;
        client.logout()?;
        Ok(took)
    }

    /// Fills and measures.
    pub(crate) fn run(&self) -> Outcome<Vec<Line>> {
        let mut client = self.sign_in()?;
        let filled = self.fill(&mut client, &self.mailbox, self.fill, self.size)?;
        if self.many > 0 {
            self.fill(&mut client, MANY, self.many, MANY_SIZE)?;
        }
        eprintln!("filled in {:.1} s", filled.as_secs_f64());
        std::thread::sleep(Duration::from_secs(self.settle));
        drop(client);
        let mut client = self.sign_in()?;
        let mut lines = self.reading(&mut client)?;
        if self.only.is_some() {
            return Ok(lines);
        }
        lines.extend(self.writing(&mut client)?);
        if self.many > 0 {
            let many = imap::quoted(MANY);
            lines.push(self.line(&format!("SELECT of {}", self.many), || select(&mut client, &many))?);
        }
        client.logout()?;
        Ok(lines)
    }

    fn sign_in(&self) -> Outcome<imap::Client> {
        let mut client = if self.tls {
            imap::Client::connect_tls(self.target, &Trust::Anything)?
        } else {
            imap::Client::connect(self.target)?
        };
        client.login(&self.user, &self.password)?;
        Ok(client)
    }

    /// Appends until `mailbox` holds `wanted` messages; gives the time that took.
    fn fill(&self, client: &mut imap::Client, mailbox: &str, wanted: usize, size: usize) -> Outcome<Duration> {
        // It may be there from an earlier run.
        client.command(&format!("CREATE {}", imap::quoted(mailbox)))?;
        let start = Instant::now();
        let mut have = usize::try_from(client.count(mailbox)?)?;
        let several = client.ask("CAPABILITY")?.text().to_ascii_uppercase().contains("MULTIAPPEND");
        let batch = if several { (BATCH_BYTES / size.max(1)).clamp(1, 1000) } else { 1 };
        let mut chance = Chance::fresh();
        while have < wanted {
            let letters: Vec<Vec<u8>> = (0..batch.min(wanted - have)).map(|_| self.letter(&mut chance, size)).collect();
            let borrowed: Vec<&[u8]> = letters.iter().map(Vec::as_slice).collect();
            client.append(mailbox, &borrowed)?.ok()?;
            have += letters.len();
        }
        Ok(start.elapsed())
    }

    fn letter(&self, chance: &mut Chance, size_bytes: usize) -> Vec<u8> {
        let id = format!("{:016x}@partner.example", chance.bits());
        Letter { from: "orders@partner.example", to: &self.user, id: &id, size_bytes }.build(chance)
    }

    /// Does `work` once and then `runs` times again.
    fn line(&self, name: &str, mut work: impl FnMut() -> Outcome<Duration>) -> Outcome<Line> {
        let first = millis(work()?);
        let warm: Vec<f64> = (0..self.runs).map(|_| work().map(millis)).collect::<Outcome<_>>()?;
        let warm = Spread::of(&warm).ok_or_else(|| Failure::new("--runs must be at least 1"))?;
        Ok(Line { name: name.to_owned(), unit: "ms", first, warm })
    }

    fn reading(&self, client: &mut imap::Client) -> Outcome<Vec<Line>> {
        let mailbox = imap::quoted(&self.mailbox);
        let mut lines = vec![self.line("SELECT", || select(client, &mailbox))?];
        let all = self.fill;
        let bodies = BODIES.min(all);
        for (command, untagged) in [
            ("FETCH 1:* (UID FLAGS)".to_owned(), all),
            ("FETCH 1:* (RFC822.SIZE ENVELOPE)".to_owned(), all),
            ("FETCH 1:* BODYSTRUCTURE".to_owned(), all),
            (format!("FETCH 1:{bodies} BODY.PEEK[]"), bodies),
            ("SEARCH TEXT zyxwvutsr".to_owned(), 1),
        ] {
            if self.only.as_ref().is_some_and(|only| !command.contains(only)) {
                continue;
            }
            let line = self.line(&command, || {
                let (answer, took) = timed(client, &command)?;
                if answer.untagged < untagged {
                    return Err(Failure::new(format!("{command}: {} of {untagged} responses", answer.untagged)));
                }
                Ok(took)
            });
            lines.push(line?);
        }
        Ok(lines)
    }

    fn writing(&self, client: &mut imap::Client) -> Outcome<Vec<Line>> {
        let mut sign = Alternation::default();
        let mut lines = vec![self.line("STORE 1:* FLAGS (\\Flagged), added and removed in turn", || {
            Ok(timed(client, &format!("STORE 1:* {}FLAGS (\\Flagged)", sign.next()))?.1)
        })?];
        let singles = SINGLES.min(self.fill);
        lines.push(self.line(&format!("{singles} single STOREs"), || {
            let (sign, start) = (sign.next(), Instant::now());
            for message in 1..=singles {
                client.command(&format!("STORE {message} {sign}FLAGS (\\Answered)"))?.ok()?;
            }
            Ok(start.elapsed())
        })?);
        client.command(&format!("CREATE {APPENDS}"))?;
        let mut chance = Chance::fresh();
        let mut line = self.line("", || {
            let letters: Vec<Vec<u8>> = (0..SINGLES).map(|_| self.letter(&mut chance, self.size)).collect();
            let start = Instant::now();
            for letter in &letters {
                client.append(APPENDS, &[letter])?.ok()?;
            }
            Ok(start.elapsed())
        })?;
        "APPEND, one after the other".clone_into(&mut line.name);
        lines.push(line.told_as_rate(SINGLES));
        Ok(lines)
    }
}

impl Line {
    /// The same line told as `count` per second.
    fn told_as_rate(mut self, count: usize) -> Self {
        let per_second = |ms: f64| rate(count, Duration::from_secs_f64(ms / 1000.0));
        self.unit = "/s";
        self.first = per_second(self.first);
        let Spread { min, median, max } = self.warm;
        self.warm = Spread { min: per_second(max), median: per_second(median), max: per_second(min) };
        self
    }
}

/// `+`, `-`, `+`, `-`, ...
#[derive(Default)]
struct Alternation(bool);

impl Alternation {
    fn next(&mut self) -> char {
        self.0 = !self.0;
        if self.0 { '+' } else { '-' }
    }
}

fn timed(client: &mut imap::Client, command: &str) -> Outcome<(imap::Answer, Duration)> {
    let start = Instant::now();
    let answer = client.command(command)?.ok().map_err(|failure| failure.during(command))?;
    Ok((answer, start.elapsed()))
}

/// SELECT from the authenticated state; the UNSELECT (RFC 3691) before it is not measured.
fn select(client: &mut imap::Client, mailbox: &str) -> Outcome<Duration> {
    client.command("UNSELECT")?;
    let mut command = String::from("SELECT ");
    let _ = write!(command, "{mailbox}");
    Ok(timed(client, &command)?.1)
}
