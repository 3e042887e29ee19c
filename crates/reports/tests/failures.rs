//! Failure reports: to whom, of what, how many, and what others report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use env::{Clock, Timestamp};
use identity::{IdentityError, Level};
use letters::Mailer;
use mailauth::zone::ZoneFile;
use mailauth::{AuthenticationSettings, Checker, Connection};
use queue::{LeaseRequest, QueueError};
use reports::received::{self, Arrival};
use reports::{Disposition, FailureFact, FailureReporter, ReportSettings};
use signing::{Signer, SigningSettings};
use store::testing::TestStore;
use store::{Store, Tx};

store::on_both_engines! {
    domains_get_what_they_ask_for_where_they_may,
    no_domain_gets_more_than_the_limit,
    reports_of_others_are_kept_once_and_listed,
}

const ZONE: &str = "a.example: [{TXT: \"v=spf1 ip4:192.0.2.1 -all\"}]\n\
    _dmarc.a.example: [{TXT: \"v=DMARC1; p=reject; ruf=mailto:f@a.example\"}]\n\
    b.example: [{TXT: \"v=spf1 ip4:192.0.2.1 -all\"}]\n\
    _dmarc.b.example: [{TXT: \"v=DMARC1; p=none; fo=1; ruf=mailto:f@b.example,mailto:f@watch.example,mailto:f@other.example\"}]\n\
    b.example._report._dmarc.watch.example: [{TXT: \"v=DMARC1\"}]\n\
    _dmarc.silent.example: [{TXT: \"v=DMARC1; p=reject; rua=mailto:f@silent.example\"}]\n\
    _dmarc.spf.example: [{TXT: \"v=DMARC1; p=reject; fo=s; ruf=mailto:f@spf.example\"}]\n\
    spf.example: [{TXT: \"v=spf1 -all\"}]\n";

fn zone() -> ZoneFile {
    ZoneFile::parse("zone.yaml", ZONE).unwrap()
}

async fn found(store: &Store) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test").map(drop)
    };
    store.write::<_, IdentityError, _>(make).await.unwrap();
}

/// What could be reported of a message of `from` from this client under this sender.
async fn fact(client: &str, mail_from: &str, from: &str, more: &str, now: Timestamp) -> Option<FailureFact> {
    let client: IpAddr = client.parse().unwrap();
    let connection = Connection { client, helo: "mx.elsewhere.example", mail_from, receiver: "mail.trade.test" };
    let message = format!("From: <{from}>\r\nTo: <anna@trade.test>\r\nSubject: secret\r\n{more}\r\nsecret too\r\n");
    let checker = Checker::new(&AuthenticationSettings::default()).unwrap();
    let facts = checker.check(message.as_bytes(), connection, &zone(), &env::ManualClock::at(now)).await;
    FailureFact::of(&facts, connection, 50_025, Disposition::Reject, message.as_bytes(), now)
}

fn reporter(store: &Store, settings: &ReportSettings) -> FailureReporter {
    let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
    let mailer = Mailer::new(store.clone(), signer, "mail.trade.test".to_owned());
    FailureReporter::new(store.clone(), Arc::new(zone()), mailer, settings)
}

/// Recipients of what is in the queue now.
async fn queued(store: &Store) -> Vec<String> {
    let request = LeaseRequest {
        lease_for: Duration::from_secs(600),
        leases_max: 50,
        per_destination_max: 50,
        excluded: HashSet::new(),
    };
    let leases = store.write::<_, QueueError, _>(move |tx| queue::lease(tx, &request)).await.unwrap();
    assert!(leases.iter().all(|lease| lease.envelope.reverse_path.is_empty()));
    let mut found: Vec<String> =
        leases.into_iter().flat_map(|lease| lease.recipients).map(|recipient| recipient.address).collect();
    found.sort();
    found
}

async fn domains_get_what_they_ask_for_where_they_may(store: TestStore) {
    found(&store).await;
    let now = store.clock.now();
    let reporter = reporter(&store, &ReportSettings::default());
    for (client, mail_from, from, more, expected) in [
        // Nothing is aligned.
        ("192.0.2.9", "x@elsewhere.example", "x@a.example", "", &["f@a.example"][..]),
        // SPF is aligned, a signature is not: only who asks for that gets it, and only where others agreed.
        ("192.0.2.1", "x@a.example", "x@a.example", "", &[]),
        ("192.0.2.1", "x@b.example", "x@b.example", "", &["f@b.example", "f@watch.example"]),
        ("192.0.2.1", "x@spf.example", "x@spf.example", "", &["f@spf.example"]),
        ("192.0.2.1", "x@elsewhere.example", "x@spf.example", "", &[]),
        // Asks for aggregate reports alone, or for nothing.
        ("192.0.2.9", "x@elsewhere.example", "x@silent.example", "", &[]),
        ("192.0.2.9", "x@elsewhere.example", "x@unheard.example", "", &[]),
        // What machines write is not reported.
        ("192.0.2.9", "", "x@a.example", "", &[]),
        ("192.0.2.9", "x@elsewhere.example", "x@a.example", "Auto-Submitted: auto-replied\r\n", &[]),
        ("192.0.2.9", "x@elsewhere.example", "x@a.example", "Content-Type: multipart/report; boundary=b\r\n", &[]),
    ] {
        if let Some(fact) = fact(client, mail_from, from, more, now).await {
            reporter.report(fact).await.unwrap();
        }
        assert_eq!(queued(&store).await, expected, "{mail_from} {from} {more}");
    }
}

async fn no_domain_gets_more_than_the_limit(store: TestStore) {
    found(&store).await;
    let settings = ReportSettings { failure_per_hour: 2, ..ReportSettings::default() };
    let reporter = reporter(&store, &settings);
    let mut sent = Vec::new();
    for _ in 0..5 {
        let fact = fact("192.0.2.9", "x@elsewhere.example", "x@a.example", "", store.clock.now()).await.unwrap();
        sent.push(reporter.report(fact).await.unwrap());
    }
    assert_eq!(sent, [true, true, false, false, false]);
    store.clock.advance(Duration::from_secs(3_600));
    let fact = fact("192.0.2.9", "x@elsewhere.example", "x@a.example", "", store.clock.now()).await.unwrap();
    assert!(reporter.report(fact).await.unwrap());
    assert_eq!(queued(&store).await.len(), 3);
}

fn report(domain: &str, id: &str) -> Vec<u8> {
    format!(
        "From: postmaster@peer.example\r\nTo: postmaster@trade.test\r\nMessage-ID: <{id}@peer.example>\r\n\
         Subject: report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: auth-failure\r\nUser-Agent: Peer/1\r\nVersion: 1\r\nAuth-Failure: dmarc\r\n\
         Reported-Domain: {domain}\r\nSource-IP: 2001:db8::1\r\nSource-Port: 1025\r\nOriginal-Mail-From: <x@thief.example>\r\n\
         Delivery-Result: spam\r\nIncidents: 7\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: \"Chief\" <chief@{domain}>\r\nSubject: pay\r\n\r\nAt once.\r\n--b--\r\n"
    )
    .into_bytes()
}

async fn reports_of_others_are_kept_once_and_listed(store: TestStore) {
    found(&store).await;
    for (domain, id, is_new) in [
        ("trade.test", "1", true),
        ("trade.test", "1", false),
        ("office.trade.test", "2", true),
        ("other.test", "3", false),
    ] {
        let raw = report(domain, id);
        let arrival = Arrival { raw: &raw, author: Some("peer.example"), to_postmaster: true, reads_dmarc: true };
        assert!(received::is_candidate(&arrival));
        let found = received::recognise(&arrival).unwrap();
        let sealed = found.seal(store.context(), arrival.author, store.clock.now()).unwrap();
        assert_eq!(store.write(move |tx| received::keep(tx, &sealed)).await.unwrap(), is_new, "{domain} {id}");
    }
    let listed = store.read(|tx| reports::list_failures(tx, Timestamp::from_seconds(0))).await.unwrap();
    assert_eq!(listed.len(), 2);
    let last = &listed[1];
    assert_eq!(
        (last.domain.as_str(), last.reporter.as_str(), last.kind.as_str()),
        ("trade.test", "peer.example", "dmarc")
    );
    assert_eq!((last.source, last.incidents), (Some("2001:db8::1".parse().unwrap()), 7));
    assert_eq!((last.from.as_deref(), last.mail_from.as_deref()), (Some("chief@trade.test"), Some("x@thief.example")));
    assert_eq!(last.delivery.as_deref(), Some("spam"));
    let later = store.clock.now().plus(Duration::from_secs(1));
    assert!(store.read(move |tx| reports::list_failures(tx, later)).await.unwrap().is_empty());
}
