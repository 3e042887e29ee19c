//! Counts of mail, the report of a day, and reports that come in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Clock, Timestamp};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use identity::{IdentityError, Level};
use letters::Mailer;
use mail::message::{Structure, decode_part};
use mailauth::aggregate::Aggregate;
use mailauth::zone::ZoneFile;
use mailauth::{AuthenticationSettings, Checker, Connection};
use reports::received::{self, Arrival, Received};
use reports::{Disposition, Fact, Reporter, SendFor, Tally};
use resolver::fixed::{FixedResolver, Record};
use signing::{FreshKey, Signer, SigningSettings};
use store::testing::TestStore;
use store::{Store, Tx};

store::on_both_engines! {
    alike_messages_are_counted_together_and_told_once,
    only_who_may_get_reports_gets_them,
    two_nodes_send_one_report,
    what_is_not_sent_in_time_is_forgotten,
    received_reports_are_kept_once_and_listed,
}

const ZONE: &str = "a.example: [{TXT: \"v=spf1 ip4:192.0.2.1 -all\"}]\n\
    _dmarc.a.example: [{TXT: \"v=DMARC1; p=quarantine; sp=reject; adkim=s; rua=mailto:d@a.example\"}]\n\
    _dmarc.silent.example: [{TXT: \"v=DMARC1; p=reject\"}]\n";

async fn found(store: &Store) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test").map(drop)
    };
    store.write::<_, IdentityError, _>(make).await.unwrap();
    let fresh = FreshKey::pair().unwrap();
    store.write(move |tx| signing::add(tx, "trade.test", &fresh)).await.unwrap();
}

/// What is counted of a message from `client` with this author.
async fn fact(client: &str, from: &str, disposition: Disposition, now: Timestamp) -> Option<Fact> {
    let zone = ZoneFile::parse("zone.yaml", ZONE).unwrap();
    let clock = env::ManualClock::at(now);
    let client: IpAddr = client.parse().unwrap();
    let connection = Connection { client, helo: "mx.a.example", mail_from: "x@a.example", receiver: "mail.trade.test" };
    let message = format!("From: <{from}>\r\nSubject: x\r\n\r\nx\r\n");
    let checker = Checker::new(&AuthenticationSettings::default()).unwrap();
    let facts = checker.check(message.as_bytes(), connection, &zone, &clock).await;
    Fact::of(&facts, connection, disposition, now)
}

/// Counts one message that passed.
async fn count_one(store: &TestStore) {
    let tally = Tally::default();
    tally.note(fact("192.0.2.1", "x@a.example", Disposition::None, store.clock.now()).await.unwrap());
    tally.flush(store).await.unwrap();
}

fn reporter(store: &Store, dns: FixedResolver) -> Reporter {
    let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
    let mailer = Mailer::new(store.clone(), signer, "mail.trade.test".to_owned());
    Reporter { store: store.clone(), dns: Arc::new(dns), mailer }
}

/// As a report that comes in the best way.
fn arrival(raw: &[u8]) -> Arrival<'_> {
    Arrival { raw, author: Some("peer.example"), to_postmaster: true, reads_dmarc: true }
}

fn dns(record: &str) -> FixedResolver {
    FixedResolver::default().with("_dmarc.a.example", Record::Txt(record.to_owned()))
}

/// The moment at which the report of today is due.
fn tomorrow(store: &TestStore) -> Timestamp {
    let day = store.clock.now().seconds().div_euclid(86_400) + 1;
    Timestamp::from_seconds(day * 86_400 + 3_600)
}

async fn queued(store: &Store) -> Vec<queue::QueuedMessage> {
    store.read(|tx| queue::list(tx, &queue::Filter { limit: 100, ..queue::Filter::default() })).await.unwrap()
}

/// The message in the queue as it leaves, the report in it, and that as text.
async fn opened(store: &Store) -> (String, Aggregate, String) {
    let request = queue::LeaseRequest {
        lease_for: Duration::from_secs(60),
        leases_max: 10,
        per_destination_max: 10,
        excluded: HashSet::new(),
    };
    let lease = store.write(move |tx| queue::lease(tx, &request)).await.unwrap().remove(0);
    let blob = lease.blob;
    let location = store.read(move |tx| store::blobs::locate(tx, blob)).await.unwrap();
    // A blob of a database server is read on a thread that may block.
    let reading = store.clone();
    let sealed = tokio::task::spawn_blocking(move || {
        let mut sealed = Vec::new();
        reading.blobs().read_onto(&location, 0..location.length(), &mut sealed).map(|()| sealed)
    });
    let sealed = sealed.await.unwrap().unwrap();
    let directory = crypto::record::Directory::read(&sealed).unwrap();
    let opener = crypto::record::Opener::new(&lease.key, &directory);
    let mut raw = Vec::new();
    for number in 0..directory.chunk_count() {
        let range = directory.chunk(number).unwrap();
        let mut chunk = sealed[range.start as usize..range.end as usize].to_vec();
        opener.open_onto(number, &mut chunk, &mut raw).unwrap();
    }
    let structure = Structure::parse(&raw);
    let part = structure.leaves().find(|part| part.is("application", "gzip")).unwrap();
    let mut xml = String::new();
    GzDecoder::new(&*decode_part(&raw, part).unwrap()).read_to_string(&mut xml).unwrap();
    let Some(Received::Aggregate(report)) = received::recognise(&arrival(&raw)) else { panic!("no report") };
    (lease.envelope.trace.clone() + &String::from_utf8(raw).unwrap(), report, xml)
}

async fn alike_messages_are_counted_together_and_told_once(store: TestStore) {
    found(&store).await;
    let now = store.clock.now();
    let tally = Tally::default();
    for _ in 0..3 {
        tally.note(fact("192.0.2.1", "x@a.example", Disposition::None, now).await.unwrap());
    }
    tally.note(fact("192.0.2.9", "x@b.a.example", Disposition::Reject, now).await.unwrap());
    tally.flush(&store).await.unwrap();
    // As of a second node; and a failure that was let pass.
    tally.note(fact("192.0.2.1", "x@a.example", Disposition::None, now).await.unwrap());
    tally.note(fact("192.0.2.9", "x@a.example", Disposition::None, now).await.unwrap());
    tally.flush(&store).await.unwrap();
    assert!(fact("192.0.2.1", "x@silent.example", Disposition::None, now).await.is_none(), "it wants no reports");
    let reporter = reporter(&store, dns("v=DMARC1; p=quarantine; rua=mailto:d@a.example"));
    assert_eq!(reporter.send(SendFor::Past).await.unwrap(), 0, "the day is not over");
    store.clock.set(tomorrow(&store));
    assert_eq!(reporter.send(SendFor::Past).await.unwrap(), 1);
    assert_eq!(reporter.send(SendFor::Past).await.unwrap(), 0);
    assert_eq!(queued(&store).await.len(), 1);
    let (raw, report, xml) = opened(&store).await;
    assert!(raw.starts_with("DKIM-Signature:") && raw.contains("To: <d@a.example>\r\n"), "{raw}");
    let begin = now.seconds().div_euclid(86_400) * 86_400;
    assert_eq!((report.reporter.as_str(), report.domain.as_str()), ("trade.test", "a.example"));
    assert_eq!((report.begin, report.end), (begin, begin + 86_399));
    let row = |row: &mailauth::aggregate::AggregateRow| {
        (row.source.to_string(), row.messages, row.disposition, row.is_spf_aligned, row.header_from.clone())
    };
    let mut rows: Vec<_> = report.rows.iter().map(row).collect();
    rows.sort();
    let expected = [
        ("192.0.2.1".to_owned(), 4, "none", true, "a.example".to_owned()),
        ("192.0.2.9".to_owned(), 1, "none", false, "a.example".to_owned()),
        ("192.0.2.9".to_owned(), 1, "reject", false, "b.a.example".to_owned()),
    ];
    assert_eq!(rows, expected);
    for part in [
        "<p>quarantine</p>",
        "<sp>reject</sp>",
        "<adkim>s</adkim>",
        "<aspf>r</aspf>",
        "<type>local_policy</type>",
        "<scope>mfrom</scope>",
        "<result>fail</result>",
        "<envelope_from>a.example</envelope_from>",
    ] {
        assert!(xml.contains(part), "{part} is missing in {xml}");
    }
    // What comes late of that day is in no second report.
    tally.note(fact("192.0.2.1", "x@a.example", Disposition::None, now).await.unwrap());
    tally.flush(&store).await.unwrap();
    assert_eq!(reporter.send(SendFor::Past).await.unwrap(), 0);
}

async fn only_who_may_get_reports_gets_them(store: TestStore) {
    found(&store).await;
    let record = "v=DMARC1; p=none; rua=mailto:x@third.example,mailto:y@unasked.example,mailto:z@sub.a.example!1";
    let allowed = Record::Txt("v=DMARC1".to_owned());
    let third = dns(record).with("a.example._report._dmarc.third.example", allowed);
    // Nobody may, or the letter box is too small; the record is gone.
    for (names, expected) in
        [(third, vec!["x@third.example"]), (dns(record), vec![]), (FixedResolver::default(), vec![])]
    {
        count_one(&store).await;
        store.clock.set(tomorrow(&store));
        let before = queued(&store).await.len();
        let sent = reporter(&store, names).send(SendFor::Past).await.unwrap();
        assert_eq!(sent, usize::from(!expected.is_empty()));
        let messages = queued(&store).await;
        assert_eq!(messages.len(), before + sent);
        if sent == 1 {
            let message = messages.last().unwrap();
            let to: Vec<&str> = message.recipients.iter().map(|it| it.recipient.address.as_str()).collect();
            assert_eq!(to, expected);
            assert_eq!(message.envelope.reverse_path, "postmaster@trade.test");
        }
        let again = dns("v=DMARC1; p=none; rua=mailto:d@a.example");
        assert_eq!(reporter(&store, again).send(SendFor::Past).await.unwrap(), 0, "it is over with that day");
    }
    // What waits for DNS goes once it answers.
    count_one(&store).await;
    store.clock.set(tomorrow(&store));
    let silent = FixedResolver::default().with("_dmarc.a.example", Record::Silent);
    assert_eq!(reporter(&store, silent).send(SendFor::Past).await.unwrap(), 0);
    let below = dns("v=DMARC1; p=none; rua=mailto:z@sub.a.example");
    assert_eq!(reporter(&store, below).send(SendFor::Past).await.unwrap(), 1);
}

async fn two_nodes_send_one_report(store: TestStore) {
    found(&store).await;
    count_one(&store).await;
    store.clock.set(tomorrow(&store));
    let reporters = [(); 4].map(|()| reporter(&store, dns("v=DMARC1; p=none; rua=mailto:d@a.example")));
    let [a, b, c, d] = &reporters;
    let (a, b, c, d) =
        tokio::join!(a.send(SendFor::Past), b.send(SendFor::Past), c.send(SendFor::Past), d.send(SendFor::Past));
    let sent: usize = [a, b, c, d].into_iter().map(|sent| sent.unwrap()).sum();
    assert_eq!((sent, queued(&store).await.len()), (1, 1));
}

async fn what_is_not_sent_in_time_is_forgotten(store: TestStore) {
    found(&store).await;
    count_one(&store).await;
    store.clock.advance(Duration::from_secs(5 * 86_400));
    let names = dns("v=DMARC1; p=none; rua=mailto:d@a.example");
    assert_eq!(reporter(&store, names).send(SendFor::Past).await.unwrap(), 0);
    let left = store.read(|tx| tx.row("SELECT COUNT(*) FROM dmarc_fact", &[], |row| row.int(0))).await;
    assert_eq!(left.unwrap(), Some(0));
}

fn xml(domain: &str, id: &str, source: &str, count: u32, dkim: &str) -> String {
    format!(
        "<feedback><report_metadata><org_name>Peer</org_name><email>a@b</email><report_id>{id}</report_id><date_range>\
         <begin>10</begin><end>20</end></date_range></report_metadata><policy_published><domain>{domain}</domain>\
         <p>reject</p></policy_published><record><row><source_ip>{source}</source_ip><count>{count}</count>\
         <policy_evaluated><disposition>none</disposition><dkim>{dkim}</dkim><spf>fail</spf></policy_evaluated></row>\
         <identifiers><header_from>{domain}</header_from></identifiers><auth_results></auth_results></record></feedback>"
    )
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

fn zip(content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("report.xml", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

fn letter(content: &[u8], file: &str) -> Vec<u8> {
    let encoded = STANDARD.encode(content);
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: r@peer.example\r\nSubject: Report Domain: trade.test\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/octet-stream; name={file}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

async fn received_reports_are_kept_once_and_listed(store: TestStore) {
    found(&store).await;
    for (content, file, is_new) in [
        (gzip(xml("trade.test", "1", "192.0.2.1", 5, "pass").as_bytes()), "a.xml.gz", true),
        (gzip(xml("trade.test", "1", "192.0.2.1", 5, "pass").as_bytes()), "a.xml.gz", false),
        (zip(xml("trade.test", "2", "192.0.2.1", 2, "fail").as_bytes()), "a.zip", true),
        (xml("trade.test", "3", "192.0.2.7", 9, "fail").into_bytes(), "a.xml", true),
        (gzip(xml("other.test", "4", "192.0.2.7", 9, "fail").as_bytes()), "a.xml.gz", false),
    ] {
        let raw = letter(&content, file);
        let found = received::recognise(&arrival(&raw)).unwrap();
        let sealed = found.seal(store.context(), Some("peer.example"), store.clock.now()).unwrap();
        let kept = store.write(move |tx| received::keep(tx, &sealed)).await.unwrap();
        assert_eq!(kept, is_new, "{file}");
    }
    let listed = store.read(|tx| reports::list(tx, Timestamp::from_seconds(0))).await.unwrap();
    let rows: Vec<_> = listed.iter().map(|row| (row.source.to_string(), row.messages, row.passed, row.dkim)).collect();
    assert_eq!(rows, [("192.0.2.7".to_owned(), 9, 0, 0), ("192.0.2.1".to_owned(), 7, 5, 5)]);
    assert!(listed.iter().all(|row| row.domain == "trade.test" && row.reporters == ["Peer"]));
    let later = store.clock.now().plus(Duration::from_secs(1));
    assert!(store.read(move |tx| reports::list(tx, later)).await.unwrap().is_empty());
}

#[test]
fn bombs_and_nonsense_are_refused() {
    let bomb = gzip(&vec![b' '; 30 << 20]);
    assert!(bomb.len() < 1 << 20, "it is small as it comes: {}", bomb.len());
    let declared = gzip(b"<!DOCTYPE feedback [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><feedback>&x;</feedback>");
    for wrong in [
        letter(&bomb, "a.xml.gz"),
        letter(&zip(&vec![b' '; 30 << 20]), "a.zip"),
        letter(&declared, "a.xml.gz"),
        letter(b"PK\x03\x04 broken", "a.zip"),
        b"Subject: Report Domain: x\r\n\r\nhello\r\n".to_vec(),
    ] {
        assert!(received::is_candidate(&arrival(&wrong)));
        assert!(received::recognise(&arrival(&wrong)).is_none());
    }
    assert!(!received::is_candidate(&arrival(b"Subject: order\r\n\r\nhello\r\n")));
}

#[test]
fn only_the_authenticated_report_to_the_postmaster() {
    let raw = letter(xml("trade.test", "1", "192.0.2.1", 5, "pass").as_bytes(), "a.xml");
    let full = arrival(&raw);
    assert!(received::is_candidate(&full));
    for arrival in [
        Arrival { author: None, ..full },
        Arrival { to_postmaster: false, ..full },
        Arrival { reads_dmarc: false, ..full },
    ] {
        assert!(!received::is_candidate(&arrival) && received::recognise(&arrival).is_none(), "{arrival:?}");
    }
}
