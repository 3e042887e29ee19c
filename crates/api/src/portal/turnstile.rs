//! Slows down who guesses: by pair of network and delivery, by network, by delivery, and all together. The delivery itself counts wrong
//! attempts, too, and shuts for good; that count is kept in the store.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::portal::PortalError;
use env::{Clock, Timestamp};
use identity::{Client, ClientMark, Protocol, Throttle};
use parking_lot::Mutex;
use store::{Context, Store};

use super::answer::Failure;

const MINUTE: Duration = Duration::from_secs(60);

/// Counts attempts.
pub(super) struct Turnstile {
    context: Arc<Context>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    throttle: Throttle,
    /// When the minute began in which `wrong` are counted.
    minute: Timestamp,
    wrong: u32,
}

/// An attempt that may be made.
pub(super) struct Attempt<'t> {
    turnstile: &'t Turnstile,
    address: IpAddr,
    login: String,
}

impl Turnstile {
    pub(super) fn new(store: &Store) -> Self {
        Self { context: Arc::clone(store.context()), counts: Mutex::default() }
    }

    fn now(&self) -> Timestamp {
        let clock: &dyn Clock = &*self.context.clock;
        clock.now()
    }

    /// Lets an attempt at the delivery called `name` through; at most `wrong_max` wrong ones in a minute, of whomever at whatever.
    pub(super) fn admit(&self, address: IpAddr, name: &str, wrong_max: u32) -> Result<Attempt<'_>, Failure> {
        let now = self.now();
        let login = format!("portal {name}");
        let mut counts = self.counts.lock();
        let passed = now.since(counts.minute);
        if passed >= MINUTE {
            (counts.minute, counts.wrong) = (now, 0);
        } else if counts.wrong >= wrong_max {
            return Err(Failure::Wait(MINUTE.saturating_sub(passed)));
        }
        counts.throttle.admit(now, address, &login).map_err(Failure::Wait)?;
        Ok(Attempt { turnstile: self, address, login })
    }
}

impl Attempt<'_> {
    /// Notes what came of it: wrong ones stay counted.
    pub(super) fn done<T>(self, outcome: &Result<T, Failure>) {
        let Self { turnstile, address, login } = self;
        let now = turnstile.now();
        let mark = ClientMark::of(&turnstile.context.keys, &Client::new(address, Protocol::Web));
        let mut counts = turnstile.counts.lock();
        match outcome {
            Ok(_) => counts.throttle.succeeded(now, address, mark, &login),
            Err(Failure::Portal(PortalError::WrongProof | PortalError::WrongCode | PortalError::NoDelivery)) => {
                counts.wrong = counts.wrong.saturating_add(1);
            }
            Err(_) => counts.throttle.forgive(now, address, mark, &login),
        }
    }

    /// It was no attempt at anything: a look at a delivery that is there.
    pub(super) fn looked<T>(self, outcome: &Result<T, Failure>) {
        if let Err(Failure::Portal(PortalError::NoDelivery)) = outcome {
            return self.done(outcome);
        }
        let mark = ClientMark::of(&self.turnstile.context.keys, &Client::new(self.address, Protocol::Web));
        self.turnstile.counts.lock().throttle.forgive(self.turnstile.now(), self.address, mark, &self.login);
    }
}
