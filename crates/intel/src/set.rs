//! Millions of entries in eight octets each.

use std::collections::BTreeSet;
use std::net::IpAddr;

use net::Network;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::entry::{Entry, normal_path};

/// What an entry is hashed as, so that no entry of one kind meets a question of another.
#[derive(Debug, Clone, Copy)]
enum Tag {
    Url = 1,
    /// A page at a host of many owners: with exactly this query.
    ExactUrl = 2,
    Domain = 3,
    Mailbox = 4,
    Network = 5,
    File = 6,
}

/// Entries as sorted hashes of 64 bits under a secret seed. Among two million entries a question about something else is answered wrongly
/// once in nine million million times, and nobody who does not know the seed can look for such a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntrySet {
    seed: u64,
    hashes: Vec<u64>,
    /// Lengths of the prefixes among the networks, IPv4 and IPv6 apart.
    prefixes: BTreeSet<(bool, u8)>,
    files: usize,
}

impl EntrySet {
    /// An empty set.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds an entry; to be [sealed](Self::seal) afterwards. `is_exact`: a page counts with exactly its query.
    pub fn add(&mut self, entry: &Entry, is_exact: bool) {
        let hash = match entry {
            Entry::Url { host, path } => self.url(host, path, is_exact),
            Entry::Domain(host) => self.hash(Tag::Domain, host.as_bytes()),
            Entry::Mailbox(address) => self.hash(Tag::Mailbox, address.as_bytes()),
            Entry::Network(network) => {
                let is_old = network.address().is_ipv4();
                self.prefixes.insert((is_old, network.prefix_bits()));
                self.network(*network)
            }
            Entry::File(digest) => {
                self.files += 1;
                self.hash(Tag::File, digest)
            }
        };
        self.hashes.push(hash);
    }

    /// Brings the set into the order in which it is asked.
    pub fn seal(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.shrink_to_fit();
    }

    /// What is in this set and not in `other`; all of it if the two were made under different seeds.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        if self.seed != other.seed {
            return self.clone();
        }
        let hashes: Vec<u64> = self.hashes.iter().copied().filter(|hash| !other.has(*hash)).collect();
        Self { seed: self.seed, hashes, prefixes: self.prefixes.clone(), files: self.files }
    }

    /// Different entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether any file is listed, so that digests are worth computing.
    #[must_use]
    pub const fn has_files(&self) -> bool {
        self.files > 0
    }

    /// Octets of memory.
    #[must_use]
    pub fn memory_octets(&self) -> usize {
        self.hashes.capacity() * size_of::<u64>()
    }

    /// Whether a page is listed: as it is, or without its query unless many share its host.
    #[must_use]
    pub fn has_url(&self, host: &str, path: &str) -> bool {
        let bare = path.split('?').next().unwrap_or_default();
        self.has(self.url(host, path, true))
            || self.has(self.url(host, path, false))
            || (bare.len() != path.len() && self.has(self.url(host, bare, false)))
    }

    /// The listed domain that a host is or is below of.
    #[must_use]
    pub fn domain_above<'a>(&self, host: &'a str) -> Option<&'a str> {
        let mut rest = host;
        loop {
            if self.has(self.hash(Tag::Domain, rest.as_bytes())) {
                return Some(rest);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// Whether a mailbox is listed.
    #[must_use]
    pub fn has_mailbox(&self, address: &str) -> bool {
        self.has(self.hash(Tag::Mailbox, address.as_bytes()))
    }

    /// The listed network that an address is in.
    #[must_use]
    pub fn network_around(&self, address: IpAddr) -> Option<Network> {
        let is_old = address.to_canonical().is_ipv4();
        let around = |&(_, prefix_bits): &(bool, u8)| Network::around(address, prefix_bits);
        let mut networks = self.prefixes.iter().rev().filter(|(old, _)| *old == is_old).map(around);
        networks.find(|network| self.has(self.network(*network)))
    }

    /// Whether a file is listed.
    #[must_use]
    pub fn has_file(&self, digest: &[u8; 32]) -> bool {
        self.has(self.hash(Tag::File, digest))
    }

    fn has(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    fn url(&self, host: &str, path: &str, is_exact: bool) -> u64 {
        let tag = if is_exact { Tag::ExactUrl } else { Tag::Url };
        self.hash(tag, format!("{host}{}", normal_path(path)).as_bytes())
    }

    fn network(&self, network: Network) -> u64 {
        self.hash(Tag::Network, network.to_string().as_bytes())
    }

    fn hash(&self, tag: Tag, octets: &[u8]) -> u64 {
        xxh3_64_with_seed(octets, self.seed ^ (tag as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::classify;

    fn set(words: &[&str]) -> EntrySet {
        let mut set = EntrySet::new(7);
        words.iter().for_each(|word| set.add(&classify(word).unwrap(), false));
        set.seal();
        set
    }

    #[test]
    fn what_is_listed_is_found_and_nothing_else() {
        let set = set(&[
            "http://bad.example/a/",
            "evil.example",
            "198.51.100.0/24",
            "2001:db8::1",
            "x@far.example",
            &"0f".repeat(32),
        ]);
        assert_eq!(set.len(), 6);
        assert!(set.has_url("bad.example", "/a") && set.has_url("bad.example", "/%61?id=1"));
        assert!(!set.has_url("bad.example", "/b") && !set.has_url("bad.example", "/"));
        assert_eq!(set.domain_above("www.evil.example"), Some("evil.example"));
        assert_eq!(set.domain_above("notevil.example"), None);
        assert_eq!(set.network_around("198.51.100.9".parse().unwrap()).unwrap().to_string(), "198.51.100.0/24");
        assert!(set.network_around("::ffff:198.51.100.9".parse().unwrap()).is_some());
        assert!(set.network_around("198.51.101.9".parse().unwrap()).is_none());
        assert!(set.network_around("2001:db8::1".parse().unwrap()).is_some());
        assert!(set.has_mailbox("x@far.example") && !set.has_mailbox("far.example"));
        assert!(set.has_file(&[0x0f; 32]) && !set.has_file(&[0; 32]));
        // A kind is no other kind.
        assert_eq!(set.domain_above("bad.example"), None);
    }

    #[test]
    fn what_is_new_is_found_and_what_was_there_is_not() {
        let file = "0f".repeat(32);
        let (before, after) = (set(&["old.example"]), set(&["old.example", "new.example", "198.51.100.0/24", &file]));
        let new = after.without(&before);
        assert_eq!(new.len(), 3);
        assert_eq!((new.domain_above("old.example"), new.domain_above("new.example")), (None, Some("new.example")));
        assert!(new.network_around("198.51.100.9".parse().unwrap()).is_some() && new.has_file(&[0x0f; 32]));
        assert!(after.without(&after).is_empty());
        assert_eq!(after.without(&EntrySet::new(8)).len(), 4);
    }

    #[test]
    fn an_exact_page_counts_with_its_query_alone() {
        let mut set = EntrySet::new(7);
        set.add(&classify("http://many.example/url?q=1").unwrap(), true);
        set.add(&classify("http://many.example/go").unwrap(), true);
        set.seal();
        assert!(set.has_url("many.example", "/url?q=1") && set.has_url("many.example", "/go"));
        assert!(!set.has_url("many.example", "/url?q=2") && !set.has_url("many.example", "/go?to=x"));
    }
}
