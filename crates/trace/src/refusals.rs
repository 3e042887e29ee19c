//! What is refused, held in memory until it is written, and so little of it that no flood fills the disk.
//!
//! Of each source so many refusals are told one by one in a minute, and of all together; the rest is counted and told in a line when the
//! minute is over. Telling waits for nothing and writes nothing: whoever refuses goes on at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use env::Timestamp;
use parking_lot::Mutex;

use crate::{Direction, Found, New, Outcome, Reply, Stage, Step, Traced, What};

/// Refusals of one source that are told one by one in a minute.
const PER_SOURCE_MAX: u64 = 10;

/// Refusals of all sources that are.
const PER_MINUTE_MAX: u64 = 300;

/// Sources of which it is told in a minute how many more there were.
const SUMMARIES_MAX: usize = 20;

/// Sources that are told apart in a minute.
const SOURCES_MAX: usize = 10_000;

/// Refusals that wait to be written; beyond it they are counted alone, as when the store does not answer.
const WAITING_MAX: usize = 3_000;

/// The same with the lines that count; beyond it what is counted waits for another minute.
const WAITING_WITH_COUNTS_MAX: usize = 4_000;

/// What the client of a line is told to have been that tells of many refusals of all kinds of sources.
pub const MORE: &str = "more refusals from other sources in this minute";

const MINUTE_MILLIS: i64 = 60_000;

/// Who was refused, as far as floods are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A client: all of its network (/24, of IPv6 /64) are one.
    Client(IpAddr),
    /// Somebody who had signed in.
    Account(i64),
}

impl Source {
    /// The network that stands for a client.
    fn group(self) -> Self {
        match self {
            Self::Client(client) => Self::Client(match client.to_canonical() {
                IpAddr::V4(address) => {
                    let [a, b, c, _] = address.octets();
                    Ipv4Addr::new(a, b, c, 0).into()
                }
                IpAddr::V6(address) => {
                    let [a, b, c, d, ..] = address.segments();
                    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
                }
            }),
            account => account,
        }
    }

    fn client(self) -> Option<IpAddr> {
        match self {
            Self::Client(client) => Some(client),
            Self::Account(_) => None,
        }
    }
}

/// Something that was refused. [`New::traced`] may still be nobody's: whose it is, is found out when it is written.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Who was.
    pub source: Source,
    /// All of it.
    pub new: New,
}

/// What waits to be written.
#[derive(Default)]
pub struct Refusals(Mutex<State>);

#[derive(Default)]
struct State {
    minute: i64,
    told: u64,
    sources: HashMap<Source, Counted>,
    /// Those that were not told apart.
    others: u64,
    waiting: Vec<New>,
}

#[derive(Default)]
struct Counted {
    seen: u64,
    /// Not told one by one.
    more: u64,
    /// Whose the last one was.
    organisation: i64,
}

impl Refusals {
    /// Takes a refusal at the moment `now`. Numbers of lines that tell of many come from `ids`.
    pub fn tell(&self, refusal: Refusal, now: Timestamp, ids: &env::IdSource) {
        let mut state = self.0.lock();
        state.roll(now, ids);
        let source = refusal.source.group();
        if state.sources.len() >= SOURCES_MAX && !state.sources.contains_key(&source) {
            state.others += 1;
            return;
        }
        let is_room = state.told < PER_MINUTE_MAX && state.waiting.len() < WAITING_MAX;
        let counted = state.sources.entry(source).or_default();
        counted.seen += 1;
        counted.organisation = refusal.new.traced.organisation;
        if counted.seen > PER_SOURCE_MAX || !is_room {
            counted.more += 1;
            return;
        }
        state.told += 1;
        state.waiting.push(refusal.new);
    }

    /// What is to be written now.
    pub fn take(&self, now: Timestamp, ids: &env::IdSource) -> Vec<New> {
        let mut state = self.0.lock();
        state.roll(now, ids);
        std::mem::take(&mut state.waiting)
    }

    /// All that is left, the present minute's counts included, as when the server stops.
    pub fn take_all(&self, now: Timestamp, ids: &env::IdSource) -> Vec<New> {
        let mut state = self.0.lock();
        state.summarise(now, ids);
        std::mem::take(&mut state.waiting)
    }
}

impl State {
    /// Begins another minute if there is one; also when the clock was set back.
    fn roll(&mut self, now: Timestamp, ids: &env::IdSource) {
        let minute = now.millis().div_euclid(MINUTE_MILLIS);
        if minute != self.minute {
            self.summarise(now, ids);
            self.minute = minute;
        }
    }

    /// Tells how many more there were, of the worst sources one by one.
    fn summarise(&mut self, now: Timestamp, ids: &env::IdSource) {
        let mut more: Vec<(Source, Counted)> = self.sources.drain().filter(|(_, counted)| counted.more > 0).collect();
        self.told = 0;
        if self.waiting.len() + SUMMARIES_MAX >= WAITING_WITH_COUNTS_MAX {
            self.others += more.iter().map(|(_, counted)| counted.more).sum::<u64>();
            return;
        }
        more.sort_by_key(|(_, counted)| std::cmp::Reverse(counted.more));
        let rest: u64 = more.iter().skip(SUMMARIES_MAX).map(|(_, counted)| counted.more).sum();
        for (source, counted) in more.iter().take(SUMMARIES_MAX) {
            let organisation = match source {
                Source::Account(_) => counted.organisation,
                Source::Client(_) => 0,
            };
            let of = Traced { organisation, id: ids.next() };
            self.waiting.push(summary(
                of,
                source.client(),
                "more refusals of this source in this minute",
                counted.more,
                now,
            ));
        }
        let rest = rest + std::mem::take(&mut self.others);
        if rest > 0 {
            self.waiting.push(summary(Traced { organisation: 0, id: ids.next() }, None, MORE, rest, now));
        }
    }
}

fn summary(traced: Traced, client: Option<IpAddr>, text: &str, times: u64, now: Timestamp) -> New {
    let reply = Reply { text: text.to_owned(), ..Reply::default() };
    let refused = What::Refused { stage: Stage::Connection.as_str().to_owned(), reply, times };
    New {
        traced,
        at: now,
        direction: Direction::In,
        outcome: Outcome::Refused,
        verdict: Found::None,
        open: 0,
        size: 0,
        client,
        from: String::new(),
        to: Vec::new(),
        subject: String::new(),
        message_id: String::new(),
        accounts: Vec::new(),
        steps: vec![Step::at(now, refused)],
        is_impersonal: false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use env::{IdSource, ManualClock};

    use super::*;

    struct Fixture {
        refusals: Refusals,
        ids: IdSource,
    }

    impl Fixture {
        fn new() -> Self {
            let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
            Self { refusals: Refusals::default(), ids: IdSource::new(Arc::new(clock), 1) }
        }

        fn refuse(&self, client: IpAddr, seconds: i64) {
            let now = Timestamp::from_seconds(1_800_000_000 + seconds);
            let new = summary(Traced { organisation: 0, id: self.ids.next() }, Some(client), "no", 1, now);
            self.refusals.tell(Refusal { source: Source::Client(client), new }, now, &self.ids);
        }

        fn take(&self, seconds: i64) -> Vec<New> {
            self.refusals.take(Timestamp::from_seconds(1_800_000_000 + seconds), &self.ids)
        }
    }

    fn times(new: &New) -> u64 {
        match &new.steps[0].what {
            What::Refused { times, .. } => *times,
            _ => 0,
        }
    }

    #[test]
    fn a_flood_of_one_network_is_told_in_a_few_lines() {
        let fixture = Fixture::new();
        for host in 0..200_u32 {
            fixture.refuse(Ipv4Addr::from(0xc000_0200 + host).into(), 1);
        }
        assert_eq!(fixture.take(2).len(), 10);
        assert!(fixture.take(3).is_empty());
        let after = fixture.take(61);
        assert_eq!(after.iter().map(times).collect::<Vec<_>>(), [190]);
        assert_eq!(after[0].client, Some("192.0.2.0".parse().unwrap()));
        fixture.refuse("192.0.2.7".parse().unwrap(), 62);
        assert_eq!(fixture.take(63).len(), 1, "another minute, another allowance");
    }

    #[test]
    fn a_flood_of_many_networks_is_bounded_and_counted() {
        let fixture = Fixture::new();
        for network in 0..50_000_u32 {
            fixture.refuse(Ipv4Addr::from(network << 8 | 1).into(), 1);
        }
        let first = fixture.take(2);
        assert_eq!(first.len() as u64, PER_MINUTE_MAX);
        let after = fixture.take(61);
        assert!(after.len() <= SUMMARIES_MAX + 1, "{}", after.len());
        assert_eq!(first.len() as u64 + after.iter().map(times).sum::<u64>(), 50_000, "none is forgotten");
        let state = fixture.refusals.0.lock();
        assert!(state.sources.is_empty() && state.waiting.is_empty());
    }

    #[test]
    fn what_nobody_writes_does_not_pile_up() {
        let fixture = Fixture::new();
        for minute in 0..200 {
            for network in 0..1_000_u32 {
                fixture.refuse(Ipv4Addr::from(network << 8 | 1).into(), minute * 60 + 1);
            }
        }
        assert!(fixture.refusals.0.lock().waiting.len() <= WAITING_WITH_COUNTS_MAX);
    }

    #[test]
    fn one_sender_of_ours_does_not_use_up_the_allowance_of_the_office() {
        let fixture = Fixture::new();
        let (client, now): (IpAddr, _) = ("192.0.2.7".parse().unwrap(), Timestamp::from_seconds(1_800_000_001));
        for account in [1, 2] {
            for _ in 0..20 {
                let new = summary(Traced { organisation: 9, id: fixture.ids.next() }, Some(client), "no", 1, now);
                fixture.refusals.tell(Refusal { source: Source::Account(account), new }, now, &fixture.ids);
            }
        }
        assert_eq!(fixture.take(2).len(), 20);
        let rest = fixture.refusals.take_all(now, &fixture.ids);
        assert_eq!(
            rest.iter().map(|new| (new.traced.organisation, times(new))).collect::<Vec<_>>(),
            [(9, 10), (9, 10)]
        );
    }
}
