//! Why the library's own SPF is not used (docs/decisions/0009): what a nested include comes to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use env::Timestamp;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, Parameters, ResolverCache, SpfResult as Theirs, Txt, spf::Spf};
use mailauth::zone::ZoneFile;
use mailauth::{Question, SpfResult, check_mail_from};

/// The outer record refuses whom `middle.example` lets in, and the innermost lets everybody in.
const RECORDS: [(&str, &str); 3] = [
    ("outer.example", "v=spf1 -include:middle.example +all"),
    ("middle.example", "v=spf1 +include:inner.example -all"),
    ("inner.example", "v=spf1 ip4:192.0.2.66 -all"),
];

struct Texts(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Texts {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// Fails once the library is repaired; then the decision can be looked at again.
#[tokio::test]
async fn a_nested_include_passes_there_and_fails_here() {
    let read = |text: &str| Txt::from(Spf::parse(text.as_bytes()));
    let texts = Texts(RECORDS.iter().map(|(name, text)| (format!("{name}.").into_boxed_str(), read(text))).collect());
    let library =
        MessageAuthenticator::new(ResolverConfig::from_name_servers(Vec::new()), ResolverOpts::default()).unwrap();
    let client = "192.0.2.66".parse().unwrap();
    let asked = SpfParameters::verify_mail_from(client, "mx.example", "mx.receiver.example", "a@outer.example");
    let theirs = library.verify_spf(Parameters::new(asked).with_txt_cache(&texts)).await;
    assert_eq!(theirs.result(), Theirs::Pass);

    let zone: String = RECORDS.iter().map(|(name, text)| format!("{name}: [{{TXT: \"{text}\"}}]\n")).collect();
    let zone = ZoneFile::parse("zone.yaml", &zone).unwrap();
    let question = Question {
        client,
        helo: "mx.example",
        mail_from: "a@outer.example",
        receiver: "mx.receiver.example",
        now: Timestamp::from_seconds(1_700_000_000),
    };
    assert_eq!(check_mail_from(question, &zone).await.result, SpfResult::Fail);
}
