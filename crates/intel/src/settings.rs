//! What an administrator may set.

use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};

use crate::formats::Format;
use crate::link_lists::LinkList;
use crate::scan::Scanner;

env::settings! {
    /// What others know of bad mail: feeds, lists in DNS, scanners. See the manual's page on feeds.
    pub struct ThreatSettings in "threats" {
        /// Directory of feeds that are kept by hand, one in each file: `*.txt` (one entry a line), `*.csv`, `*.misp.json`, `*.stix.json`. A
        /// directory that does not exist is an empty one; changes count within a minute.
        feeds_directory: PathBuf = PathBuf::from("feeds"),
        /// Feeds that are fetched ([[threats.feed]]). See the manual's page on feeds.
        feed: Vec<FeedSource> = Vec::new(),
        /// Entries of one feed; one with more is not taken.
        entries_max: usize = 4_000_000,
        /// Domains that no feed and no list may name, with all below them, such as those of partners. Our own and those that everybody uses are
        /// always among them.
        never: Vec<String> = Vec::new(),
        /// Lists in DNS of domains that links lead to and senders write from: "zone" or "zone=weight", the weight in log odds, 3 without. They
        /// are told the domains.
        link_lists: Vec<String> = Vec::new(),
        /// Scanner for malware (ClamAV): "unix:/run/clamav/clamd.ctl" or "127.0.0.1:3310"; none if empty.
        clamd: String = String::new(),
        /// Scanner for malware by ICAP (RFC 3507): "icap://127.0.0.1:1344/service"; none if empty. The host is an address.
        icap: String = String::new(),
        /// Seconds that a scanner may take for one message.
        scan_seconds: u64 = 10,
        /// Octets that are handed to a scanner; what is larger is told as not scanned.
        scan_octets_max: usize = 25 << 20,
        /// Program, with its own arguments, that runs rules of YARA over each message's text and files: `["yara"]`; empty for none. It is Debian's, or one
        /// that takes the same arguments (YARA 4), and runs without network, files and writing, within `inspect.memory_mib`; both programs may read
        /// `inspect.recogniser_reads`.
        yara: Vec<String> = Vec::new(),
        /// Program that compiles the rules.
        yara_compiler: String = "yarac".to_owned(),
        /// Directory of the rules (`*.yar`, `*.yara`); changes count within half a minute. See the manual's page on feeds.
        yara_directory: PathBuf = PathBuf::from("yara"),
        /// Seconds that the rules may take for one message.
        yara_seconds: u64 = 5,
        /// Octets of files of one message that they are run over; that there was more is told.
        yara_octets_max: usize = 25 << 20,
        /// Messages that they are run over at the same time.
        yara_at_once: usize = 2,
    }
}

/// A feed that is fetched.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
pub struct FeedSource {
    /// What it is called here: letters, digits, hyphens.
    pub name: String,
    /// Where it is, an https address. Redirections are not followed.
    pub address: String,
    /// Its form: "lines", "csv", "misp" or "stix".
    pub format: Format,
    /// Minutes between two fetches.
    pub refresh_minutes: u64,
    /// Octets that are fetched at most.
    pub octets_max: usize,
    /// An update with more than so many times the entries, or less than such a part of them, waits for an administrator.
    pub factor_max: f64,
    /// Ed25519 public key (32 octets in base64). With it each update must have a signature at the feed's address with `.sig` behind: 64
    /// octets, or these in base64.
    pub key: Option<String>,
    /// File with the only certificate authority (PEM) that vouches for its host; the system's without.
    pub ca: Option<PathBuf>,
}

impl Default for FeedSource {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: String::new(),
            format: Format::Lines,
            refresh_minutes: 60,
            octets_max: 64 << 20,
            factor_max: 4.0,
            key: None,
            ca: None,
        }
    }
}

impl ThreatSettings {
    /// What is wrong with the settings: name of the setting, value, remedy.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        let mut check = |right: bool, setting, value: &str, remedy| {
            if !right {
                faults.push((setting, value.to_owned(), remedy));
            }
        };
        for (at, feed) in self.feed.iter().enumerate() {
            let is_new = !self.feed.iter().take(at).any(|other| other.name == feed.name);
            let remedy = "each feed needs a name of its own of letters, digits and hyphens";
            check(is_new && is_name(&feed.name), "threats.feed", &feed.name, remedy);
            let remedy = "must be an https address such as https://feeds.example/list.txt";
            check(crate::feeds::split(&feed.address).is_some(), "threats.feed", &feed.address, remedy);
            let remedy = "the key of a feed must be 32 octets in base64";
            let key = feed.key.as_deref();
            check(
                key.is_none_or(|key| crate::feeds::key_of(key).is_some()),
                "threats.feed",
                key.unwrap_or_default(),
                remedy,
            );
            let remedy = "factor_max of a feed must be more than 1";
            check(feed.factor_max > 1.0, "threats.feed", &feed.factor_max.to_string(), remedy);
        }
        let remedy = "each list must be zone or zone=weight, such as dbl.example.org=3";
        for list in &self.link_lists {
            check(LinkList::parse(list).is_some(), "threats.link_lists", list, remedy);
        }
        let remedy = "must be unix: with a path, or address and port such as 127.0.0.1:3310";
        check(Scanner::clamd(&self.clamd).is_ok(), "threats.clamd", &self.clamd, remedy);
        let remedy = "must be icap://address:port/service, the address in digits";
        check(Scanner::icap(&self.icap).is_ok(), "threats.icap", &self.icap, remedy);
        faults
    }
}

/// Whether a feed may be called so: the name is that of a file, too.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}
