use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use env::{Clock, ManualClock, Timestamp};
use filter::Received;
use parking_lot::Mutex;

use super::*;
use crate::entry::classify;
use crate::{FeedSource, Never, ThreatSettings};

fn feeds(words: &[&str]) -> Feeds {
    let mut set = EntrySet::new(3);
    words.iter().for_each(|word| set.add(&classify(word).unwrap(), false));
    set.seal();
    let feeds = Feeds::default();
    feeds.set(vec![Feed { name: "one".into(), set: set.clone() }, Feed { name: "two".into(), set }]);
    feeds
}

fn found(feeds: &Feeds, raw: &str) -> Vec<(String, String)> {
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    let asked = Asked {
        facts: &facts,
        raw: raw.as_bytes(),
        organisation: 1,
        envelope_from: "Bounce@far.example",
        client: Some("198.51.100.7".parse().unwrap()),
    };
    feeds.find(asked).into_iter().map(|finding| (finding.id, finding.evidence)).collect()
}

fn one(id: &str, evidence: &str) -> Vec<(String, String)> {
    vec![(id.to_owned(), evidence.to_owned())]
}

#[test]
fn each_kind_is_found_once_with_the_feeds_that_list_it() {
    let mail =
        "From: a@sender.example\r\nSubject: x\r\n\r\nsee http://www.bad.example/a?id=1 and http://192.0.2.9/\r\n";
    assert_eq!(
        found(&feeds(&["http://www.bad.example/a"]), mail),
        one("feed-url", "http://www.bad.example/a?id=1 (one, two)")
    );
    assert_eq!(found(&feeds(&["bad.example"]), mail), one("feed-domain", "www.bad.example (one, two)"));
    assert_eq!(found(&feeds(&["192.0.2.0/24"]), mail), one("feed-domain", "192.0.2.9 (one, two)"));
    assert_eq!(found(&feeds(&["a@sender.example"]), mail), one("feed-address", "a@sender.example (one, two)"));
    assert_eq!(found(&feeds(&["far.example"]), mail), one("feed-address", "bounce@far.example (one, two)"));
    assert_eq!(found(&feeds(&["198.51.100.0/24"]), mail), one("feed-address", "198.51.100.7 (one, two)"));
    assert_eq!(found(&feeds(&["other.example"]), mail), []);
}

#[tokio::test]
async fn a_file_is_known_by_its_digest() {
    let mail = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\n\
        Content-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\n\
        Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n";
    let listed = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(found(&feeds(&[listed]), mail), one("feed-file", "a.bin (one, two)"));
    assert_eq!(found(&feeds(&[&"00".repeat(32)]), mail), []);
    // As a layer of the running server, too.
    let facts = Facts::read(Received { raw: mail.as_bytes(), ..Received::default() });
    let asked = Asked { facts: &facts, raw: mail.as_bytes(), organisation: 1, envelope_from: "", client: None };
    assert_eq!(feeds(&[listed]).look(asked).await.len(), 1);
}

/// Serves what a test puts there.
#[derive(Default)]
struct Shelf(Mutex<HashMap<String, Vec<u8>>>);

#[async_trait]
impl Fetch for Shelf {
    async fn get(&self, _: &FeedSource, address: &str, etag: &str) -> Result<Fetched, String> {
        let shelf = self.0.lock();
        let body = shelf.get(address).ok_or("status 404")?.clone();
        let name = format!("\"{}\"", body.len());
        Ok(if name == etag { Fetched::Same } else { Fetched::New { body, etag: name } })
    }
}

struct Fixture {
    shelf: Shelf,
    library: Library,
    source: FeedSource,
    clock: ManualClock,
    _directory: tempfile::TempDir,
}

const ADDRESS: &str = "https://feeds.example/list";

impl Fixture {
    fn new(key: Option<String>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let source = FeedSource { name: "far".into(), address: ADDRESS.into(), key, ..FeedSource::default() };
        let settings = ThreatSettings {
            feeds_directory: directory.path().join("hand"),
            feed: vec![source.clone()],
            ..ThreatSettings::default()
        };
        assert_eq!(settings.faults(), []);
        let library = Library::new(&settings, directory.path().join("kept"), Arc::new(Never::new([""; 0])), 5);
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        Self { shelf: Shelf::default(), library, source, clock, _directory: directory }
    }

    fn serve(&self, address: &str, body: &[u8]) {
        self.shelf.0.lock().insert(address.to_owned(), body.to_vec());
    }

    async fn refresh(&self) -> Refreshed {
        self.library.refresh(&self.source, &self.shelf, &self.clock).await
    }

    /// Entries in force.
    fn entries(&self) -> usize {
        let loaded = self.library.load(self.clock.now());
        loaded.into_iter().filter_map(Loaded::feed).map(|feed| feed.set.len()).sum()
    }
}

fn hosts(count: usize) -> Vec<u8> {
    (0..count).map(|n| format!("n{n}.bad.example\n")).collect::<String>().into_bytes()
}

#[tokio::test]
async fn the_last_good_version_stays_and_a_leap_waits() {
    let fixture = Fixture::new(None);
    assert!(fixture.library.is_due(&fixture.source, fixture.clock.now()));
    assert!(matches!(fixture.refresh().await, Refreshed::Failed { .. }));
    fixture.serve(ADDRESS, &hosts(200));
    assert_eq!(fixture.refresh().await, Refreshed::Taken { entries: 200 });
    assert!(!fixture.library.is_due(&fixture.source, fixture.clock.now()));
    assert_eq!(fixture.refresh().await, Refreshed::Same);
    // Its server says something else under the same address.
    fixture.serve(ADDRESS, b"<html>\nsorry\n</html>\n");
    let Refreshed::Failed { why } = fixture.refresh().await else { panic!("an error page is no feed") };
    assert!(why.contains("<html>"), "{why}");
    assert_eq!(fixture.entries(), 200);
    assert!(fixture.library.state("far").fault.is_some());
    // Emptied, or flooded: nothing changes until somebody agrees.
    for leap in [1, 4000] {
        fixture.serve(ADDRESS, &hosts(leap));
        assert_eq!(
            fixture.refresh().await,
            if leap == 1 { Refreshed::Taken { entries: 1 } } else { Refreshed::Waits { before: 1, entries: 4000 } }
        );
    }
    assert_eq!(fixture.entries(), 1);
    assert_eq!(fixture.library.state("far").waiting, Some(4000));
    assert_eq!(fixture.library.accept("far"), Ok(4000));
    assert_eq!(fixture.entries(), 4000);
    assert!(fixture.library.accept("far").is_err());
    fixture.serve(ADDRESS, &hosts(10));
    assert_eq!(fixture.refresh().await, Refreshed::Waits { before: 4000, entries: 10 });
    assert_eq!(fixture.entries(), 4000);
}

#[tokio::test]
async fn with_a_key_only_what_is_signed_counts() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let key = base64::engine::general_purpose::STANDARD.encode(pair.public_key().as_ref());
    let fixture = Fixture::new(Some(key));
    fixture.serve(ADDRESS, b"bad.example\n");
    assert!(matches!(fixture.refresh().await, Refreshed::Failed { .. }), "without a signature");
    let signature = pair.sign(b"bad.example\n");
    fixture.serve(&format!("{ADDRESS}.sig"), pair.sign(b"other.example\n").as_ref());
    assert!(matches!(fixture.refresh().await, Refreshed::Failed { .. }), "signature of something else");
    assert_eq!(fixture.entries(), 0);
    fixture.serve(&format!("{ADDRESS}.sig"), signature.as_ref());
    assert_eq!(fixture.refresh().await, Refreshed::Taken { entries: 1 });
    let written = base64::engine::general_purpose::STANDARD.encode(signature.as_ref());
    fixture.serve(ADDRESS, b"bad.example\n ");
    fixture.serve(
        &format!("{ADDRESS}.sig"),
        base64::engine::general_purpose::STANDARD.encode(pair.sign(b"bad.example\n ").as_ref()).as_bytes(),
    );
    assert_eq!(fixture.refresh().await, Refreshed::Taken { entries: 1 }, "{written}");
}

#[test]
fn addresses_and_keys_of_settings() {
    assert_eq!(split("https://a.example:444/x?y=1"), Some(("a.example".into(), 444, "/x?y=1".into())));
    assert_eq!(split("https://a.example"), Some(("a.example".into(), 443, "/".into())));
    assert_eq!([split("http://a.example/"), split("https://u@a.example/"), split("a")], [None, None, None]);
    assert!(key_of("AAAA").is_none() && key_of("?").is_none());
    let feed = FeedSource { name: "a/../b".into(), ..FeedSource::default() };
    assert_eq!(ThreatSettings { feed: vec![feed], ..ThreatSettings::default() }.faults().len(), 2);
}
