//! Memory that idle connections take.

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use harness::{Outcome, Trust, imap, smtp};

use crate::figures::short;
use crate::machine;

/// From the last connection to the look at the memory: allocators and worker processes come to rest.
const REST: Duration = Duration::from_secs(3);

/// What the connections do before they idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// SMTP after EHLO.
    Smtp,
    /// IMAP after the greeting.
    Greeted,
    /// IMAP signed in.
    SignedIn,
    /// IMAP with INBOX selected.
    Selected,
    /// IMAP in IDLE (RFC 2177) on INBOX.
    Idling,
}

/// Many idle connections.
#[derive(Debug, Clone, Args)]
pub(crate) struct Idle {
    /// Server, `HOST:PORT`.
    #[arg(long)]
    pub(crate) target: SocketAddr,
    /// The server's process; its descendants are counted with it.
    #[arg(long)]
    pub(crate) pid: u32,
    /// How many.
    #[arg(long, default_value_t = 1000)]
    pub(crate) connections: usize,
    /// What they do before they idle.
    #[arg(long, value_enum, default_value = "selected")]
    pub(crate) state: State,
    /// TLS from the start; any certificate will do.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Name to sign in with.
    #[arg(long, default_value = "")]
    pub(crate) user: String,
    /// Password.
    #[arg(long, default_value = "")]
    pub(crate) password: String,
}

/// What the connections cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// Bytes before.
    pub(crate) before: u64,
    /// Bytes with all connections open.
    pub(crate) after: u64,
    connections: usize,
}

impl Growth {
    /// Bytes for each connection.
    pub(crate) fn each(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "byte counts here are far below 2^52")]
        let (growth, connections) = (self.after.saturating_sub(self.before) as f64, self.connections.max(1) as f64);
        growth / connections
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (self.before >> 10, self.after >> 10);
        write!(
            to,
            "{before} KiB idle, {after} KiB with {} connections: {} bytes each",
            self.connections,
            short(self.each())
        )
    }
}

/// A connection that is only held.
enum Held {
    Smtp(Box<smtp::Client>),
    Imap(Box<imap::Client>),
}

impl Idle {
    /// Opens the connections, looks at the memory, closes them.
    pub(crate) fn run(&self) -> Outcome<Growth> {
        // One connection before: what is built at the first use is not the connections' cost.
        drop(self.open()?);
        thread::sleep(REST);
        let before = machine::memory_bytes(self.pid)?;
        let mut held = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            held.push(self.open()?);
        }
        thread::sleep(REST);
        let after = machine::memory_bytes(self.pid)?;
        // Each connection must still be there, or the figure says nothing.
        for connection in &mut held {
            connection.touch(self.state)?;
        }
        Ok(Growth { before, after, connections: self.connections })
    }

    fn open(&self) -> Outcome<Held> {
        if self.state == State::Smtp {
            return Ok(Held::Smtp(Box::new(smtp::Client::connect(self.target, smtp::Dialect::Smtp)?)));
        }
        let mut client = if self.tls {
            imap::Client::connect_tls(self.target, &Trust::Anything)?
        } else {
            imap::Client::connect(self.target)?
        };
        if self.state != State::Greeted {
            client.login(&self.user, &self.password)?;
        }
        if matches!(self.state, State::Selected | State::Idling) {
            client.command("SELECT INBOX")?.ok()?;
        }
        if self.state == State::Idling {
            client.send("IDLE")?;
            client.stream.line()?;
        }
        Ok(Held::Imap(Box::new(client)))
    }
}

impl Held {
    fn touch(&mut self, state: State) -> Outcome {
        match self {
            Self::Smtp(client) => client.command("NOOP")?.expect(250).map(drop),
            Self::Imap(client) if state == State::Idling => client.stream.send(b"DONE\r\n"),
            Self::Imap(client) => client.command("NOOP")?.ok().map(drop),
        }
    }
}
