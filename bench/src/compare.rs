//! Postfix, Dovecot and Tradewind in turn under the same loads, in one run.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use harness::{
    Account, Dovecot, DovecotOptions, Failure, Options, Outcome, Postfix, PostfixOptions, Tradewind, missing,
};

use crate::figures::{Spread, short};
use crate::imap::{Line, Work};
use crate::machine;
use crate::memory::{Idle, State};
use crate::place::Place;
use crate::report::{self, Table};
use crate::smtp::Load;

/// Sessions of each load, and how many messages they send for a measurement of some seconds.
const LOADS: [(usize, usize); 3] = [(1, 1000), (20, 4000), (100, 4000)];
/// Mail domain and user of all loads.
const USER: &str = "sales@trade.test";

/// A server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    /// Postfix accepts and hands over to Dovecot by LMTP.
    Postfix,
    /// Dovecot, by LMTP and IMAP.
    Dovecot,
    /// Tradewind.
    Tradewind,
}

/// A thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Smtp,
    Imap,
    Memory,
}

/// What to compare.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    /// Servers.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "postfix,dovecot,tradewind")]
    who: Vec<Who>,
    /// Parts.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "smtp,imap,memory")]
    part: Vec<Part>,
    /// Runs of each load.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Divides the numbers of messages, for a quick look.
    #[arg(long, default_value_t = 1)]
    divide: usize,
}

impl Plan {
    pub(crate) fn run(&self) -> Outcome {
        if let Some(why) = missing(&["postfix", "dovecot-imapd", "dovecot-lmtpd"]) {
            return Err(Failure::new(why));
        }
        println!("Machine: {}.", machine::description());
        println!(
            "Peers: Postfix {}, Dovecot {}.\n",
            machine::package_version("postfix"),
            machine::package_version("dovecot-core")
        );
        if self.part.contains(&Part::Smtp) {
            self.smtp()?;
        }
        if self.part.contains(&Part::Imap) {
            self.imap()?;
        }
        if self.part.contains(&Part::Memory) {
            self.memory()?;
        }
        Ok(())
    }

    fn smtp(&self) -> Outcome {
        println!(
            "### Messages of 10 KB per second, fsync before 250 (least / median / greatest of {} runs)\n",
            self.runs
        );
        let mut table = Table::new(&["server", "sessions", "accepted/s", "delivered/s"]);
        for who in &self.who {
            match who {
                Who::Postfix => self.smtp_postfix(&mut table)?,
                Who::Dovecot => self.smtp_dovecot(&mut table)?,
                Who::Tradewind => self.smtp_tradewind(&mut table)?,
            }
        }
        println!("{}", table.finish());
        Ok(())
    }

    fn smtp_postfix(&self, table: &mut Table) -> Outcome {
        let dovecot = Dovecot::start(dovecot_options())?;
        let options = PostfixOptions::default().domain("trade.test").users(&["sales"]);
        let postfix = Postfix::start(options.hand_over_by_lmtp(dovecot.lmtp))?;
        let place = Place::Maildir(dovecot.maildir(USER));
        self.loads("Postfix, then Dovecot by LMTP", table, &|| load(postfix.address, false, place.clone()))
    }

    fn smtp_dovecot(&self, table: &mut Table) -> Outcome {
        let dovecot = Dovecot::start(dovecot_options())?;
        let place = Place::Maildir(dovecot.maildir(USER));
        self.loads("Dovecot, LMTP alone", table, &|| load(dovecot.lmtp, true, place.clone()))
    }

    fn smtp_tradewind(&self, table: &mut Table) -> Outcome {
        let tradewind = Tradewind::start(Options::default())?;
        let Account { address: user, password, .. } = tradewind.account("sales")?;
        let imaps = tradewind.listen("imaps")?;
        let place = Place::Imap { address: imaps, tls: true, user, password, mailbox: "INBOX".to_owned() };
        let smtp = tradewind.listen("smtp")?;
        self.loads("Tradewind", table, &|| load(smtp, false, place.clone()))
    }

    fn loads(&self, name: &str, table: &mut Table, load: &dyn Fn() -> Load) -> Outcome {
        for (sessions, messages) in LOADS {
            let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
            for _ in 0..self.runs {
                let rates = Load { sessions, messages: messages / self.divide.max(1), ..load() }.run()?;
                eprintln!("{name}, {sessions} sessions: {rates}");
                accepted.push(rates.accepted);
                delivered.extend(rates.delivered);
            }
            let cells = [Spread::of(&accepted), Spread::of(&delivered)].map(report::spread);
            table.row(&[name.to_owned(), sessions.to_string(), cells[0].clone(), cells[1].clone()]);
        }
        Ok(())
    }

    fn imap(&self) -> Outcome {
        println!("### IMAP over TLS, {} messages of 10 KB (least / median / greatest)\n", 20_000 / self.divide.max(1));
        let mut measured: Vec<(&str, Vec<Line>)> = Vec::new();
        if self.who.contains(&Who::Dovecot) {
            let dovecot = Dovecot::start(dovecot_options())?;
            measured.push(("Dovecot", self.work(dovecot.imaps, USER, Dovecot::PASSWORD).run()?));
        }
        if self.who.contains(&Who::Tradewind) {
            let tradewind = Tradewind::start(Options::default())?;
            let account = tradewind.account("sales")?;
            let work = self.work(tradewind.listen("imaps")?, &account.address, &account.password);
            measured.push(("Tradewind", work.run()?));
        }
        match measured.as_slice() {
            [(one, left), (two, right)] => println!("{}", report::imap_side_by_side((one, left), (two, right))),
            [(name, lines)] => println!("{name}:\n\n{}", report::imap_lines(lines)),
            _ => {}
        }
        Ok(())
    }

    fn work(&self, target: SocketAddr, user: &str, password: &str) -> Work {
        let divide = self.divide.max(1);
        Work {
            target,
            user: user.to_owned(),
            password: password.to_owned(),
            tls: true,
            mailbox: "Bench".to_owned(),
            fill: 20_000 / divide,
            size: 10_240,
            many: 100_000 / divide,
            runs: self.runs.max(5),
            only: None,
            settle: 5,
        }
    }

    fn memory(&self) -> Outcome {
        let connections = 1000 / self.divide.max(1);
        println!("### Memory of the server and all its processes, {connections} idle connections\n");
        let mut table = Table::new(&["server", "connections", "idle MiB", "bytes each"]);
        let mut measure = |name: &str, state: State, tls: bool, target: SocketAddr, pid: u32, account: (&str, &str)| {
            let (user, password) = (account.0.to_owned(), account.1.to_owned());
            let growth = Idle { target, pid, connections, state, tls, user, password }.run()?;
            let mib = format!("{}", growth.before >> 20);
            table.row(&[
                name.to_owned(),
                format!("{state:?}{}", if tls { ", TLS" } else { "" }),
                mib,
                short(growth.each()),
            ]);
            Ok::<_, Failure>(())
        };
        if self.who.contains(&Who::Postfix) {
            // One smtpd for each connection; Debian's limit of 100 processes would refuse the rest.
            let options = PostfixOptions::default().set("default_process_limit", "1100");
            let postfix = Postfix::start(options)?;
            measure("Postfix", State::Smtp, false, postfix.address, postfix.id()?, ("", ""))?;
        }
        // A fresh server for each state: what an allocator kept from the state before would hide the next one's cost.
        if self.who.contains(&Who::Dovecot) {
            for state in [State::Greeted, State::Selected, State::Idling] {
                let dovecot = Dovecot::start(dovecot_options())?;
                measure("Dovecot", state, true, dovecot.imaps, dovecot.id(), (USER, Dovecot::PASSWORD))?;
            }
        }
        if self.who.contains(&Who::Tradewind) {
            for state in [State::Smtp, State::Greeted, State::Selected, State::Idling] {
                let tradewind = Tradewind::start(many_connections())?;
                let Account { address, password, .. } = tradewind.account("sales")?;
                let service = if state == State::Smtp { "smtp" } else { "imaps" };
                let (target, id) = (tradewind.listen(service)?, tradewind.id());
                measure("Tradewind", state, state != State::Smtp, target, id, (&address, &password))?;
            }
        }
        println!("{}", table.finish());
        Ok(())
    }
}

/// Debian's defaults (`mail_fsync = optimized`: LMTP and APPEND are fsynced), with two changes for many connections
/// from one address: sign-in processes serve many clients (Dovecot's "high-performance mode") and limits are higher.
fn dovecot_options() -> DovecotOptions {
    DovecotOptions::default()
        .set("service imap-login {\n  service_count = 0\n  process_min_avail = 2\n  client_limit = 4000\n}")
        .set("service imap {\n  process_limit = 4000\n}")
        .set("service anvil {\n  client_limit = 8000\n}")
        .set("service auth {\n  client_limit = 12000\n}")
        .set("service stats {\n  client_limit = 8000\n}")
        .set("service config {\n  client_limit = 8000\n}")
}

/// As set up by default, with room for the load's connections from one address.
fn many_connections() -> Options {
    let options = Options::default().set("imap", "connections_per_address_max", "2000");
    options.set("smtp", "connections_per_address_max", "2000")
}

fn load(target: SocketAddr, lmtp: bool, delivered: Place) -> Load {
    Load {
        target,
        to: vec![USER.to_owned()],
        from: "orders@partner.example".to_owned(),
        sessions: 1,
        messages: 1,
        size: 10_240,
        pipelining: true,
        starttls: false,
        lmtp,
        delivered: Some(delivered),
    }
}
