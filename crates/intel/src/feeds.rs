//! Feeds: what others list as bad, asked about each message from memory.

mod fetch;
mod library;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use crypto::hash::sha256;
use filter::facts::Link;
use filter::{Asked, Facts, Finding, Layer, Signal};
use serde::{Deserialize, Serialize};

use crate::finding::finding;
use crate::parts;
use crate::set::EntrySet;

pub use fetch::address_of;
pub use fetch::{Fetch, Fetched, HttpsFetch};
pub(crate) use fetch::{key_of, split};
pub use library::{FeedState, Library, Loaded, Refreshed, read_as, read_directory, written};

/// Longest time for one message; most of it is for digests of large files.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Feeds that a finding names.
const NAMED_MAX: usize = 3;

/// A feed in memory.
#[derive(Debug, Clone)]
pub struct Feed {
    /// What it is called.
    pub name: String,
    /// What it lists.
    pub set: EntrySet,
}

/// All feeds in force; cheap to ask, and replaced as a whole.
#[derive(Debug, Default)]
pub struct Feeds(ArcSwap<Vec<Feed>>);

/// An attached file by what feeds know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Its name.
    pub name: String,
    /// SHA-256 of its octets.
    pub sha256: [u8; 32],
}

/// Digests of the attached files of a message. Decodes them all, so it takes time.
#[must_use]
pub fn digests(raw: &[u8]) -> Vec<FileDigest> {
    let digest = |file: parts::File| FileDigest { sha256: sha256(&file.octets), name: file.name };
    parts::files(raw).into_iter().map(digest).collect()
}

/// What is kept of a message that came in before.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// What it is made of.
    pub facts: &'a Facts,
    /// Address in MAIL FROM.
    pub envelope_from: &'a str,
    /// Address of the client that brought it.
    pub client: Option<IpAddr>,
    /// Its attached files.
    pub files: &'a [FileDigest],
}

/// What a finding is about, and who listed it.
#[derive(Default)]
struct Hit<'a> {
    what: String,
    feeds: Vec<&'a str>,
}

impl<'a> Hit<'a> {
    /// Only the first thing is shown; who else lists something counts no further.
    fn add(&mut self, what: &str, feed: &'a str) {
        if self.what.is_empty() {
            what.clone_into(&mut self.what);
        }
        if self.what == what && self.feeds.len() < NAMED_MAX && !self.feeds.contains(&feed) {
            self.feeds.push(feed);
        }
    }

    fn finding(self, id: &str, signal: Signal, weights: (f32, f32)) -> Option<Finding> {
        let evidence = format!("{} ({})", self.what, self.feeds.join(", "));
        (!self.feeds.is_empty()).then(|| finding(id, signal, weights, &evidence))
    }
}

impl Feeds {
    /// From now on these are in force.
    pub fn set(&self, feeds: Vec<Feed>) {
        self.0.store(Arc::new(feeds));
    }

    /// What `next` lists that is not in force yet, to be looked for in mail that came before.
    #[must_use]
    pub fn news(&self, next: &[Feed]) -> Self {
        let present = self.0.load();
        let new = |feed: &Feed| {
            let before = present.iter().find(|other| other.name == feed.name);
            let set = before.map_or_else(|| feed.set.clone(), |before| feed.set.without(&before.set));
            Feed { name: feed.name.clone(), set }
        };
        let news: Vec<Feed> = next.iter().map(new).filter(|feed| !feed.set.is_empty()).collect();
        Self(ArcSwap::new(Arc::new(news)))
    }

    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.load().iter().all(|feed| feed.set.is_empty())
    }

    /// What feeds list of a message that came in before.
    #[must_use]
    pub fn find_earlier(&self, earlier: Earlier<'_>) -> Vec<Finding> {
        let feeds = self.0.load();
        let Earlier { facts, envelope_from, client, files } = earlier;
        let mut found = of_message(&feeds, Asked { facts, raw: &[], organisation: 0, envelope_from, client });
        found.extend(of_files(&feeds, files));
        found
    }

    /// What feeds list of a message. At most one finding of each kind: many feeds copy one another.
    #[must_use]
    pub fn find(&self, asked: Asked<'_>) -> Vec<Finding> {
        let feeds = self.0.load();
        let mut found = of_message(&feeds, asked);
        if wants_files(&feeds, asked) {
            found.extend(of_files(&feeds, &digests(asked.raw)));
        }
        found
    }
}

fn of_message(feeds: &[Feed], asked: Asked<'_>) -> Vec<Finding> {
    let mut found = of_links(feeds, asked.facts);
    found.extend(of_sender(feeds, asked));
    found
}

fn wants_files(feeds: &[Feed], asked: Asked<'_>) -> bool {
    parts::has_files(asked.facts) && feeds.iter().any(|feed| feed.set.has_files())
}

/// Weights of a link to a page that is known as bad, in log odds of spam and of phish. With either of these a message goes to Junk though
/// its text is as honest as any: bad pages are linked to from such texts, too.
const PAGE_WEIGHTS: (f32, f32) = (6.0, 10.0);

/// Weights of a link to a host that is known as bad.
const HOST_WEIGHTS: (f32, f32) = (6.0, 8.0);

fn of_links(feeds: &[Feed], facts: &Facts) -> Vec<Finding> {
    let (mut pages, mut domains) = (Hit::default(), Hit::default());
    let inside = facts.inside.iter().flat_map(|inside| &inside.links);
    for link in facts.links.iter().chain(inside).filter(|link| !link.host.is_empty()) {
        for feed in feeds {
            if feed.set.has_url(&link.host, &link.path) {
                pages.add(&link.url, &feed.name);
            }
            if lists_host(&feed.set, link) {
                domains.add(&link.host, &feed.name);
            }
        }
    }
    [pages.finding("feed-url", Signal::Link, PAGE_WEIGHTS), domains.finding("feed-domain", Signal::Link, HOST_WEIGHTS)]
        .into_iter()
        .flatten()
        .collect()
}

fn lists_host(set: &EntrySet, link: &Link) -> bool {
    if !link.is_numeric_host {
        return set.domain_above(&link.host).is_some();
    }
    let address = link.host.trim_start_matches('[').trim_end_matches(']').parse();
    address.is_ok_and(|address| set.network_around(address).is_some())
}

fn of_sender(feeds: &[Feed], asked: Asked<'_>) -> Option<Finding> {
    let mut hit = Hit::default();
    let envelope = asked.envelope_from.to_lowercase();
    let senders =
        [&asked.facts.from, &asked.facts.reply_to].into_iter().flatten().map(|sender| sender.address.as_str());
    let mailboxes: Vec<&str> = senders.chain(Some(envelope.as_str())).filter(|address| !address.is_empty()).collect();
    for feed in feeds {
        for address in &mailboxes {
            let host = address.rsplit('@').next().unwrap_or_default();
            if feed.set.has_mailbox(address) || feed.set.domain_above(host).is_some() {
                hit.add(address, &feed.name);
            }
        }
        if let Some(client) = asked.client.filter(|client| feed.set.network_around(*client).is_some()) {
            hit.add(&client.to_string(), &feed.name);
        }
    }
    hit.finding("feed-address", Signal::Sender, (4.0, 4.0))
}

fn of_files(feeds: &[Feed], files: &[FileDigest]) -> Option<Finding> {
    let mut hit = Hit::default();
    for file in files {
        feeds.iter().filter(|feed| feed.set.has_file(&file.sha256)).for_each(|feed| hit.add(&file.name, &feed.name));
    }
    hit.finding("feed-file", Signal::File, (10.0, 10.0))
}

#[async_trait]
impl Layer for Feeds {
    fn name(&self) -> &'static str {
        "feeds"
    }

    fn time_max(&self) -> Duration {
        TIME_MAX
    }

    async fn look(&self, asked: Asked<'_>) -> Vec<Finding> {
        let feeds = self.0.load_full();
        let mut found = of_message(&feeds, asked);
        if wants_files(&feeds, asked) {
            // Decoding and digests of large files are no work for a thread that serves connections.
            let raw = asked.raw.to_vec();
            match tokio::task::spawn_blocking(move || of_files(&feeds, &digests(&raw))).await {
                Ok(of_files) => found.extend(of_files),
                Err(error) => {
                    tracing::error!(%error, "the files of a message could not be compared with feeds");
                    found.push(finding("not-scanned", Signal::File, (0.0, 0.0), "feeds"));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
