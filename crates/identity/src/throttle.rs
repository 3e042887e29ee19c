//! Slows down who guesses passwords, without letting anybody lock others out.
//!
//! Attempts that did not succeed are counted for each pair of network and account, for each network, and for each account. A pair that
//! has signed in before is held up by its own failures alone: neither a neighbour on the network nor a guesser elsewhere can
//! make its owner wait. A client that is known from earlier sign-ins (see [`crate::known`]) and would have to wait has a small budget of its
//! own beside that: it takes no guess more from a thief than the known client's own few.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use env::Timestamp;

use crate::known::ClientMark;
use crate::recent::Recent;

/// Entries that each table keeps at least.
const ENTRIES: usize = 32_768;

/// Failures that cost nothing: people mistype, and several devices of a network may hold an old password.
const FREE_PER_PAIR: u32 = 3;
const FREE_PER_NETWORK: u32 = 100;
const FREE_PER_ACCOUNT: u32 = 50;

/// The same for a known client that would have to wait otherwise.
const FREE_PER_KNOWN: u32 = 3;

/// Longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// After this time without an attempt failures are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// After this time without signing in a pair is no longer known to be good.
const GOOD_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Counts attempts to sign in.
pub struct Throttle {
    pairs: Recent<(IpAddr, String), Count>,
    networks: Recent<IpAddr, Count>,
    accounts: Recent<String, Count>,
    good: Recent<(IpAddr, String), Timestamp>,
    known: Recent<(ClientMark, String), Count>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    last: Timestamp,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pairs: Recent::new(ENTRIES),
            networks: Recent::new(ENTRIES),
            accounts: Recent::new(ENTRIES),
            good: Recent::new(ENTRIES),
            known: Recent::new(ENTRIES),
        }
    }
}

impl Throttle {
    /// Admits an attempt from `address` on `login`, counting it as failed until [`Self::succeeded`] or [`Self::forgive`] says
    /// otherwise, so that attempts at the same time count too.
    ///
    /// # Errors
    /// How long to wait before the next attempt is looked at.
    pub fn admit(&mut self, now: Timestamp, address: IpAddr, login: &str) -> Result<(), Duration> {
        let pair = (network_of(address), login.to_owned());
        let good = self.is_good(&pair, now);
        let mut wait = wait(self.pairs.get(&pair), FREE_PER_PAIR, now);
        if !good {
            wait = wait.max(self::wait(self.networks.get(&pair.0), FREE_PER_NETWORK, now));
            wait = wait.max(self::wait(self.accounts.get(login), FREE_PER_ACCOUNT, now));
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        if !good {
            count(&mut self.networks, pair.0, now);
            count(&mut self.accounts, login.to_owned(), now);
        }
        count(&mut self.pairs, pair, now);
        Ok(())
    }

    /// Admits an attempt of a client that is known to have signed in to `login` before and that [`Self::admit`] has refused. Counted for this client
    /// alone.
    ///
    /// # Errors
    /// How long to wait before the next attempt is looked at.
    pub fn admit_known(&mut self, now: Timestamp, mark: ClientMark, login: &str) -> Result<(), Duration> {
        let key = (mark, login.to_owned());
        let wait = wait(self.known.get(&key), FREE_PER_KNOWN, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        count(&mut self.known, key, now);
        Ok(())
    }

    /// An admitted attempt was right.
    pub fn succeeded(&mut self, now: Timestamp, address: IpAddr, mark: ClientMark, login: &str) {
        self.forgive(now, address, mark, login);
        self.known.remove(&(mark, login.to_owned()));
        let pair = (network_of(address), login.to_owned());
        self.pairs.remove(&pair);
        self.good.insert(pair, now);
    }

    /// An admitted attempt could not be decided; it does not count.
    pub fn forgive(&mut self, now: Timestamp, address: IpAddr, mark: ClientMark, login: &str) {
        if let Some(count) = self.known.get(&(mark, login.to_owned())).filter(|count| count.failures > 0) {
            // It was counted here and nowhere else, so it excuses nobody else.
            count.failures -= 1;
            return;
        }
        let pair = (network_of(address), login.to_owned());
        uncount(self.pairs.get(&pair));
        // What a known pair does was not counted for its network and account, so its successes excuse nobody else there.
        if !self.is_good(&pair, now) {
            uncount(self.networks.get(&pair.0));
            uncount(self.accounts.get(login));
        }
    }

    fn is_good(&mut self, pair: &(IpAddr, String), now: Timestamp) -> bool {
        self.good.get(pair).is_some_and(|since| now.since(*since) < GOOD_FOR)
    }
}

/// The network that an address stands for: a site's usual allotment, /24 and /64.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !0xff)),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// How long is still to wait: nothing for the first `free` failures, then 1 s, 2 s, 4 s, ... after the last one.
fn wait(count: Option<&mut Count>, free: u32, now: Timestamp) -> Duration {
    let Some(count) = count else { return Duration::ZERO };
    let passed = now.since(count.last);
    if count.failures < free || passed >= FORGOTTEN_AFTER {
        return Duration::ZERO;
    }
    let doublings = (count.failures - free).min(16);
    Duration::from_secs(1 << doublings).min(WAIT_MAX).saturating_sub(passed)
}

fn count<K: std::hash::Hash + Eq>(counts: &mut Recent<K, Count>, key: K, now: Timestamp) {
    let failures = match counts.get(&key) {
        Some(count) if now.since(count.last) < FORGOTTEN_AFTER => count.failures.saturating_add(1),
        _ => 1,
    };
    counts.insert(key, Count { failures, last: now });
}

fn uncount(count: Option<&mut Count>) {
    if let Some(count) = count {
        count.failures = count.failures.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, last, 1])
    }

    fn mark(device: u8) -> ClientMark {
        let keys = store::Keyring::new(crypto::keys::Key::from_bytes([7; 32]));
        let mut client = crate::Client::new(address(1), crate::Protocol::Imap);
        client.device = Some(crate::DeviceId([device; 32]));
        ClientMark::of(&keys, &client)
    }

    #[test]
    fn a_known_client_has_a_small_budget_of_its_own() {
        let mut throttle = Throttle::default();
        while throttle.admit(START, address(1), "li").is_ok() {}
        for _ in 0..FREE_PER_KNOWN {
            assert_eq!(throttle.admit_known(START, mark(1), "li"), Ok(()));
        }
        assert_eq!(throttle.admit_known(START, mark(1), "li"), Err(Duration::from_secs(1)), "its own failures count");
        assert_eq!(throttle.admit_known(START, mark(2), "li"), Ok(()), "those of another do not");
        // Its success excuses no guess of others.
        throttle.succeeded(START, address(9), mark(2), "li");
        assert!(throttle.admit(START, address(1), "li").is_err());
        assert_eq!(throttle.admit_known(START, mark(2), "li"), Ok(()), "and its budget is whole again");
    }

    #[test]
    fn guessing_gets_slower_and_is_forgotten() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_PER_PAIR {
            assert_eq!(throttle.admit(START, address(1), "li"), Ok(()));
        }
        assert_eq!(throttle.admit(START, address(1), "li"), Err(Duration::from_secs(1)));
        let later = START.plus(Duration::from_secs(1));
        assert_eq!(throttle.admit(later, address(1), "li"), Ok(()));
        assert_eq!(throttle.admit(later, address(1), "li"), Err(Duration::from_secs(2)));
        assert_eq!(throttle.admit(later, address(2), "li"), Ok(()), "another network");
        assert_eq!(throttle.admit(later, address(1), "wang"), Ok(()), "another account");
        assert_eq!(throttle.admit(later.plus(FORGOTTEN_AFTER), address(1), "li"), Ok(()));
    }

    #[test]
    fn a_known_good_pair_is_not_locked_out_by_others() {
        let mut throttle = Throttle::default();
        throttle.admit(START, address(1), "li").unwrap();
        throttle.succeeded(START, address(1), mark(1), "li");
        for network in 0..=255 {
            let _ = throttle.admit(START, address(network), "li");
        }
        for login in 0..300 {
            let _ = throttle.admit(START, address(1), &format!("guess{login}"));
        }
        assert!(throttle.admit(START, address(1), "wang").is_err(), "the network is slowed down");
        assert!(
            throttle.admit(START, IpAddr::from([198, 51, 100, 1]), "li").is_err(),
            "and the account from elsewhere"
        );
        for _ in 0..10 {
            assert_eq!(throttle.admit(START, address(1), "li"), Ok(()));
            throttle.succeeded(START, address(1), mark(1), "li");
        }
    }

    #[test]
    fn success_and_doubt_do_not_count() {
        let mut throttle = Throttle::default();
        for _ in 0..1_000 {
            assert_eq!(throttle.admit(START, address(1), "li"), Ok(()));
            throttle.forgive(START, address(1), mark(1), "li");
        }
        let mapped: IpAddr = "::ffff:203.0.1.77".parse().unwrap();
        assert_eq!(network_of(mapped), network_of(address(1)));
        let site: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(network_of(site), "2001:db8:1:2::".parse::<IpAddr>().unwrap());
    }
}
