//! Connections that can be used again.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;

use super::link::Link;
use super::security::Trust;

/// How long an unused connection is kept. Servers do not like idle ones.
const KEPT: Duration = Duration::from_secs(10);

/// Unused connections kept at the same time.
const KEPT_MAX: usize = 100;

/// What a connection is good for: the same host at the same address, reached in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) host: String,
    pub(super) address: SocketAddr,
    /// Address of ours that it was made from, where the route names one.
    pub(super) source: Option<IpAddr>,
    pub(super) user: Option<String>,
    pub(super) trust: Trust,
    pub(super) tls13: bool,
}

/// Unused connections with the moment since when.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Key, Vec<(Timestamp, Link)>>>);

impl Pool {
    pub(super) fn take(&self, key: &Key) -> Option<Link> {
        let mut kept = self.0.lock();
        let links = kept.get_mut(key)?;
        let link = links.pop().map(|(_, link)| link);
        if links.is_empty() {
            kept.remove(key);
        }
        link
    }

    pub(super) fn keep(&self, key: Key, link: Link, now: Timestamp) {
        let mut kept = self.0.lock();
        if kept.values().map(Vec::len).sum::<usize>() < KEPT_MAX {
            kept.entry(key).or_default().push((now, link));
        } else {
            drop(kept);
            link.quit();
        }
    }

    /// Says farewell on connections that nobody has used for a while.
    pub(super) fn close_stale(&self, now: Timestamp) {
        self.close(|since| now.since(since) >= KEPT);
    }

    pub(super) fn close_all(&self) {
        self.close(|_| true);
    }

    fn close(&self, is_over: impl Fn(Timestamp) -> bool) {
        let mut over = Vec::new();
        self.0.lock().retain(|_, links| {
            let (stale, fresh): (Vec<_>, Vec<_>) = links.drain(..).partition(|(since, _)| is_over(*since));
            over.extend(stale);
            *links = fresh;
            !links.is_empty()
        });
        over.into_iter().for_each(|(_, link)| link.quit());
    }
}
