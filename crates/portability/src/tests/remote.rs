//! Servers with the habits of large providers, by transcript.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crypto::tls::{ClientTls, Roots};
use env::Secret;
use env::dns::{DnsError, Mx, Resolver};
use store::testing::TestStore;
use wire::imap::client::{Credentials, TlsUse};

use super::script::Script;
use super::{Seen, account, everything};
use crate::progress::Progress;
use crate::remote::{Orders, Patience, Remote, RemoteError, Report, state, take_over};

/// Nobody is looked up here.
struct Nowhere;

#[async_trait]
impl Resolver for Nowhere {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }

    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        Err(DnsError::NotFound { name: address.to_string() })
    }
}

fn remote(script: &Script) -> Remote {
    let short = Duration::from_millis(5);
    Remote {
        host: "127.0.0.1".to_owned(),
        port: script.address.port(),
        tls: TlsUse::DangerousNone,
        trust: ClientTls::verified(&Roots::system(&[]).unwrap()).unwrap(),
        credentials: Credentials::Password {
            user: "me".to_owned(),
            master: None,
            password: Secret::new("secret".to_owned()),
        },
        dns: Arc::new(Nowhere),
        patience: Patience { first: short, longest: short, all: short * 10 },
    }
}

async fn run(store: &TestStore, account: i64, remote: &Remote, orders: &Orders) -> Result<Report, RemoteError> {
    take_over(&store.handle(), account, remote, orders, Arc::new(Progress::default())).await
}

fn subjects(all: &BTreeMap<String, Vec<Seen>>) -> BTreeMap<&str, Vec<&str>> {
    let subject = |seen: &'_ Seen| -> usize { seen.0.find('\r').unwrap_or(0) };
    all.iter()
        .filter(|(_, messages)| !messages.is_empty())
        .map(|(name, messages)| (name.as_str(), messages.iter().map(|seen| &seen.0[9..subject(seen)]).collect()))
        .collect()
}

async fn a_provider_like_exmail(store: TestStore) {
    let me = account(&store, "me", 0).await;
    let script = Script::play(include_str!("transcripts/exmail.txt")).await;
    let report = run(&store, me, &remote(&script), &Orders::default()).await.unwrap();
    script.check();
    let has = everything(&store, me).await;
    let expected = BTreeMap::from([("INBOX", vec!["five", "nine", "two"]), ("Sent", vec!["sent"])]);
    assert_eq!(subjects(&has), expected);
    let (raw, received, flags) = &has["INBOX"][2];
    assert!(raw.contains('\u{0}') && *received == 1_721_155_465 && flags == &["$seen"], "{received} {flags:?}");
    assert!(has.contains_key("其他文件夹/昞"), "{:?}", has.keys());
    assert_eq!(report.tally.imported, 4);
    assert_eq!(report.waits, 4);
    assert_eq!(report.folders["已发送"].into, "Sent");
    assert!(
        matches!(report.tally.left_out.as_slice(), [one] if one.contains("其他文件夹: the server does not open it"))
    );
    let standing = store.read(move |tx| state::standing(tx, me)).await.unwrap();
    assert_eq!((standing[0].here, standing[0].messages, standing[0].ended > 0), (4, 4, true));
}

async fn a_provider_like_gmail(store: TestStore) {
    let me = account(&store, "me", 0).await;
    let script = Script::play(include_str!("transcripts/gmail.txt")).await;
    let token = Credentials::Token { user: "me".to_owned(), token: Secret::new("tok".to_owned()) };
    let remote = Remote { credentials: token, ..remote(&script) };
    let report = run(&store, me, &remote, &Orders::default()).await.unwrap();
    script.check();
    let has = everything(&store, me).await;
    let expected = BTreeMap::from([
        ("INBOX", vec!["in two"]),
        ("Orders", vec!["in two", "order"]),
        ("Archive", vec!["archived"]),
        ("Hidden/订单", vec!["hidden"]),
        ("Other", vec!["hidden"]),
    ]);
    assert_eq!(subjects(&has), expected);
    assert_eq!(report.tally.imported, 4);
    let messages = store.read(move |tx| mailbox::usage(tx, me)).await.unwrap().messages;
    assert_eq!(messages, 4, "a message in two folders is one");
}

async fn new_numbers_double_nothing_and_flags_are_followed(store: TestStore) {
    let me = account(&store, "me", 0).await;
    let script = Script::play(include_str!("transcripts/renumbered.txt")).await;
    let remote = remote(&script);
    let orders = Orders { removes_gone: true, ..Orders::default() };
    assert_eq!(run(&store, me, &remote, &orders).await.unwrap().tally.imported, 2);
    let again = run(&store, me, &remote, &orders).await.unwrap().tally;
    assert_eq!((again.imported, again.known_before), (1, 2), "what is there twice is here twice");
    let last = run(&store, me, &remote, &orders).await.unwrap();
    script.check();
    assert_eq!((last.folders["INBOX"].flags_changed, last.folders["INBOX"].gone), (2, 1));
    let has: Vec<(String, Vec<String>)> =
        everything(&store, me).await["INBOX"].iter().map(|seen| (seen.0.clone(), seen.2.clone())).collect();
    let expected = [
        ("Subject: one\r\n\r\nx\r\n".to_owned(), vec!["$New".to_owned(), "$answered".to_owned()]),
        ("Subject: two\r\n\r\nx\r\n".to_owned(), Vec::new()),
    ];
    assert_eq!(has, expected);
}

async fn a_message_that_breaks_the_connection_is_left_out(store: TestStore) {
    let me = account(&store, "me", 0).await;
    let script = Script::play(include_str!("transcripts/breaks.txt")).await;
    let report = run(&store, me, &remote(&script), &Orders::default()).await.unwrap();
    script.check();
    assert_eq!(subjects(&everything(&store, me).await), BTreeMap::from([("INBOX", vec!["one", "three"])]));
    assert!(matches!(report.tally.left_out.as_slice(), [one] if one.contains("INBOX, UID 2: the connection breaks")));
}

async fn what_cannot_be_is_told_with_the_remedy(store: TestStore) {
    let me = account(&store, "me", 0).await;
    let refused = "< * OK ready\n> CAPABILITY\n< * CAPABILITY IMAP4rev1\n= OK\n> LOGIN\n\
                   = NO Login fail. Account is abnormal, password is incorrect, login frequency limited, or system is busy";
    let script = Script::play(refused).await;
    let error = run(&store, me, &remote(&script), &Orders::default()).await.err().unwrap().to_string();
    assert!(error.contains("授权码") && error.contains("Login fail"), "{error}");
    let script = Script::play("< HTTP/1.1 400 Bad Request").await;
    let error = run(&store, me, &remote(&script), &Orders::default()).await.err().unwrap().to_string();
    assert!(error.contains("is this the port of IMAP?"), "{error}");
    let script = Script::play("< * BYE down\n---\n< * BYE down\n---\n< * BYE down").await;
    let mut impatient = remote(&script);
    impatient.patience.all = impatient.patience.first * 2;
    let error = run(&store, me, &impatient, &Orders::default()).await.err().unwrap().to_string();
    assert!(error.contains("run it again later") && error.contains("down"), "{error}");
    let elsewhere = Remote { host: "mail.nowhere.test".to_owned(), ..remote(&script) };
    let error = run(&store, me, &elsewhere, &Orders::default()).await.err().unwrap().to_string();
    assert!(error.contains("is the name right?"), "{error}");
    let in_clear = Script::play("< * OK ready").await;
    let tls = Remote { tls: TlsUse::Implicit, ..remote(&in_clear) };
    let error = run(&store, me, &tls, &Orders::default()).await.err().unwrap().to_string();
    assert!(error.contains("--tls starttls"), "{error}");
}

store::on_both_engines! {
    a_provider_like_exmail, a_provider_like_gmail, new_numbers_double_nothing_and_flags_are_followed,
    a_message_that_breaks_the_connection_is_left_out, what_cannot_be_is_told_with_the_remedy
}
