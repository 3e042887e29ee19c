//! Messages accepted and delivered per second.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use harness::{Chance, Failure, Letter, Outcome, Trust, smtp};

use crate::figures::{millis, rate, short};
use crate::machine;
use crate::place::{Counter, Place};

/// Different bodies that the messages of a run have.
const BODIES: usize = 32;
/// Between two looks at what is delivered.
const LOOK: Duration = Duration::from_millis(50);
/// Without a delivered message for so long, the rest is lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Placeholder of the message's own number in its identifier; as long as the numbers that replace it.
const NUMBER: &str = "0000000000";

/// A load of messages.
#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// Server, `HOST:PORT`.
    #[arg(long)]
    pub(crate) target: SocketAddr,
    /// Recipients; each message goes to one of them, in turn.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) to: Vec<String>,
    /// Reverse-path of all messages.
    #[arg(long, default_value = "orders@partner.example")]
    pub(crate) from: String,
    /// Connections, each sending one message after the other.
    #[arg(long, default_value_t = 20)]
    pub(crate) sessions: usize,
    /// Messages in all.
    #[arg(long, default_value_t = 2000)]
    pub(crate) messages: usize,
    /// Size of each in bytes.
    #[arg(long, default_value_t = 10_240)]
    pub(crate) size: usize,
    /// Send MAIL, RCPT and DATA in one piece where the server offers PIPELINING.
    #[arg(long)]
    pub(crate) pipelining: bool,
    /// Go over to TLS first; any certificate will do.
    #[arg(long)]
    pub(crate) starttls: bool,
    /// Speak LMTP (RFC 2033).
    #[arg(long)]
    pub(crate) lmtp: bool,
    /// Wait until all messages are here: `imap:HOST:PORT:USER:PASSWORD:MAILBOX`, `imaps:...` or `maildir:PATH`.
    #[arg(long)]
    pub(crate) delivered: Option<Place>,
}

/// What a load gave.
#[derive(Debug)]
pub(crate) struct Rates {
    /// Messages answered with 250, per second.
    pub(crate) accepted: f64,
    /// Messages that reached the mailbox, per second from the start of the load.
    pub(crate) delivered: Option<f64>,
    messages: usize,
    /// Processor time of the generator itself.
    own: Duration,
}

impl fmt::Display for Rates {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} messages, accepted {}/s", self.messages, short(self.accepted))?;
        if let Some(delivered) = self.delivered {
            write!(to, ", delivered {}/s", short(delivered))?;
        }
        write!(to, ", generator {} ms of processor time", short(millis(self.own)))
    }
}

impl Load {
    /// Sends everything; waits for the delivery if asked to.
    pub(crate) fn run(&self) -> Outcome<Rates> {
        let mut counter = self.delivered.as_ref().map(Counter::open).transpose()?;
        let before = counter.as_mut().map_or(Ok(0), Counter::count)?;
        let bodies = self.bodies();
        let (next, start_line) = (AtomicUsize::new(0), Barrier::new(self.sessions + 1));
        let own_before = machine::own_processor_time()?;
        let (start, accepted) = thread::scope(|scope| {
            let senders: Vec<_> =
                (0..self.sessions).map(|_| scope.spawn(|| self.send(&bodies, &next, &start_line))).collect();
            start_line.wait();
            let start = Instant::now();
            for sender in senders {
                sender.join().map_err(|_| Failure::new("a sender panicked"))??;
            }
            Ok::<_, Failure>((start, start.elapsed()))
        })?;
        let own = machine::own_processor_time()?.saturating_sub(own_before);
        let delivered = match &mut counter {
            Some(counter) => Some(rate(self.messages, wait_delivered(counter, before + self.messages, start)?)),
            None => None,
        };
        Ok(Rates { accepted: rate(self.messages, accepted), delivered, messages: self.messages, own })
    }

    fn connect(&self) -> Outcome<smtp::Client> {
        let dialect = if self.lmtp { smtp::Dialect::Lmtp } else { smtp::Dialect::Smtp };
        let mut client = smtp::Client::connect(self.target, dialect)?;
        if self.starttls {
            client.start_tls(&Trust::Anything)?;
        }
        client.pipelining &= self.pipelining;
        Ok(client)
    }

    /// One session: takes the next number as long as there are any.
    fn send(&self, bodies: &[Body], next: &AtomicUsize, start_line: &Barrier) -> Outcome {
        let client = self.connect();
        // Even a session that failed must come to the line, or the others wait for ever.
        start_line.wait();
        let mut client = client?;
        let mut wire = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.messages {
                return client.quit();
            }
            bodies[number % bodies.len()].numbered(number, &mut wire);
            let to = self.to[number % self.to.len()].as_str();
            client.deliver(&self.from, &[to], &wire)?.expect(250)?;
        }
    }

    fn bodies(&self) -> Vec<Body> {
        let mut chance = Chance::fresh();
        let run = chance.bits();
        let mut body = |place: usize| {
            let id = format!("{run:016x}.{NUMBER}@partner.example");
            let to = self.to[place % self.to.len()].as_str();
            let letter = Letter { from: &self.from, to, id: &id, size_bytes: self.size };
            Body::new(smtp::for_wire(&letter.build(&mut chance)))
        };
        (0..BODIES).map(&mut body).collect()
    }
}

/// A message as it goes over the wire, with the places of its number.
struct Body {
    wire: Vec<u8>,
    places: Vec<usize>,
}

impl Body {
    fn new(wire: Vec<u8>) -> Self {
        let number = NUMBER.as_bytes();
        let places = wire.windows(number.len()).enumerate().filter(|(_, window)| *window == number).map(|(at, _)| at);
        Self { places: places.collect(), wire }
    }

    fn numbered(&self, number: usize, to: &mut Vec<u8>) {
        to.clear();
        to.extend_from_slice(&self.wire);
        let digits = format!("{number:0width$}", width = NUMBER.len());
        for &place in &self.places {
            to[place..place + NUMBER.len()].copy_from_slice(digits.as_bytes());
        }
    }
}

/// Waits until `wanted` messages are there; gives the time since `start`.
fn wait_delivered(counter: &mut Counter, wanted: usize, start: Instant) -> Outcome<Duration> {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let count = counter.count()?;
        if count >= wanted {
            return Ok(start.elapsed());
        }
        if count != last {
            (last, moved) = (count, Instant::now());
        } else if moved.elapsed() > PATIENCE {
            return Err(Failure::new(format!("{count} of {wanted} messages arrived, then none for a minute")));
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_its_own_id() {
        let body = Body::new(format!("Message-ID: <a.{NUMBER}@b>\r\n\r\n.\r\n").into_bytes());
        let mut wire = Vec::new();
        body.numbered(42, &mut wire);
        assert_eq!(wire, b"Message-ID: <a.0000000042@b>\r\n\r\n.\r\n");
    }
}
