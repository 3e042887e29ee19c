//! ARC against dkimpy, an independent implementation: chains sealed by both, whole and damaged, each judged by both.
//!
//! `TRADEWIND_PEER_CASES` makes another number of them, `TRADEWIND_SEED` others.

#[path = "arc_peer/damage.rs"]
mod damage;

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use damage::{Damage, damaged};
use env::{SystemClock, Timestamp};
use harness::{Chance, Failure, Outcome, arc_answers, require, smtp};
use mailauth::zone::ZoneFile;
use mailauth::{ArcResult, AuthenticationSettings, Checker, Connection, KeyKind, SigningKey};
use serde_json::{Map, Value, json};

const CASES: usize = 500;
const SEED: u64 = 8_617;
/// Sealed chains that the cases damage.
const CHAINS: usize = 40;
const SETS_MAX: u64 = 5;
const NOW: i64 = 1_780_000_000;
const MESSAGE: &str = "From: Ann <ann@origin.test>\r\nTo: ops@receiver.test\r\nSubject: Contract\r\nX-Mailer: test\r\n\r\nThe price is unchanged.\r\n";
const RESULTS: &str = "ours.test; spf=pass smtp.mailfrom=origin.test";
const DOMAINS: [&str; 2] = ["one.test", "two.test"];

struct Sealers {
    keys: Vec<SigningKey>,
    pems: Vec<String>,
    records: Map<String, Value>,
}

impl Sealers {
    fn new() -> Outcome<Self> {
        let mut sealers = Self { keys: Vec::new(), pems: Vec::new(), records: Map::new() };
        for domain in DOMAINS {
            let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Failure::new("no key"))?;
            let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Failure::new("no private key"))?;
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Failure::new("no public key"))?;
            let record = format!("v=DKIM1; k=rsa; p={}", smtp::base64(public.as_ref()));
            sealers.records.insert(format!("s1._domainkey.{domain}"), json!(record));
            sealers.pems.push(format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                smtp::base64(private.as_ref())
            ));
            sealers.keys.push(SigningKey::new(KeyKind::Rsa, domain, "s1", private.as_ref())?);
        }
        sealers.records.insert("s1._domainkey.revoked.test".to_owned(), json!("v=DKIM1; k=rsa; p="));
        Ok(sealers)
    }

    /// The messages with one more set each, by us for the first domain and by dkimpy for the second.
    fn seal(&self, chance: &mut Chance, messages: &mut [String], count: usize) -> Outcome {
        let state = if count == 0 { ArcResult::None } else { ArcResult::Pass };
        let mut theirs = Vec::new();
        for (at, message) in messages.iter_mut().enumerate() {
            if chance.below(2) == 0 {
                let sealed =
                    mailauth::seal(&self.keys[0], message.as_bytes(), RESULTS, state, Timestamp::from_seconds(NOW))?;
                *message = sealed.ok_or_else(|| Failure::new("not sealed"))? + message;
            } else {
                theirs.push(at);
            }
        }
        let task = |at: &usize| json!({ "message": messages[*at], "private": self.pems[1], "domain": DOMAINS[1], "state": state.word(), "now": NOW });
        for (at, sealed) in theirs.iter().zip(arc_answers(&theirs.iter().map(task).collect())?) {
            messages[*at] =
                sealed.as_str().ok_or_else(|| Failure::new(format!("dkimpy does not seal: {sealed}")))?.to_owned();
        }
        Ok(())
    }

    /// A third of the cases with one more set, made by a forwarder that got the damaged message: by dkimpy as the state is drawn, or by us if
    /// the sets can be read. What cannot be sealed stays as it is.
    fn seal_damaged(&self, chance: &mut Chance, mut cases: Vec<(Damage, String)>) -> Outcome<Vec<(Damage, String)>> {
        let (mut places, mut tasks) = (Vec::new(), Vec::new());
        for (at, (_, message)) in cases.iter_mut().enumerate() {
            match chance.below(6) {
                0 => {
                    let now = Timestamp::from_seconds(NOW);
                    if let Ok(Some(sealed)) =
                        mailauth::seal(&self.keys[0], message.as_bytes(), RESULTS, ArcResult::Pass, now)
                    {
                        *message = sealed + message;
                    }
                }
                1 => {
                    let state = chance.pick(&["pass", "pass", "fail"]).copied().unwrap_or("pass");
                    places.push(at);
                    tasks.push(json!({
                        "message": message, "private": self.pems[1], "domain": DOMAINS[1], "state": state, "now": NOW,
                    }));
                }
                _ => {}
            }
        }
        for (at, sealed) in places.into_iter().zip(arc_answers(&Value::Array(tasks))?) {
            if let Some(sealed) = sealed.as_str() {
                sealed.clone_into(&mut cases[at].1);
            }
        }
        Ok(cases)
    }
}

/// Chains of one to five sets.
fn chains(chance: &mut Chance, sealers: &Sealers) -> Outcome<Vec<String>> {
    let mut messages = vec![MESSAGE.to_owned(); CHAINS];
    let mut done = Vec::new();
    for count in 0..SETS_MAX as usize {
        sealers.seal(chance, &mut messages, count)?;
        let keep = messages.len() - CHAINS / SETS_MAX as usize;
        done.extend(messages.split_off(keep));
    }
    Ok(done)
}

/// Why dkimpy says something else, with the section; nothing if it may not.
fn departure(damage: Damage, ours: &str, theirs: &str, reason: &str) -> Option<&'static str> {
    match (ours, theirs) {
        // It hashes fields from the last one up, wherever they stand.
        ("pass", "fail") if damage == Damage::FieldLast && reason.contains("did not validate") => {
            Some("a seal covers the sets in order of their numbers, RFC 8617 section 5.1.1")
        }
        // It looks for the text ` i=N;`.
        (_, "raises") if reason.starts_with("IndexError") => {
            Some("white space and order of tags, RFC 6376 section 3.2")
        }
        ("fail", "none") if reason.contains("reported failure") => {
            Some("a chain with cv=fail has failed, RFC 8617 section 5.2")
        }
        _ => None,
    }
}

#[tokio::test]
async fn dkimpy_and_we_come_to_the_same_states() -> Outcome {
    require!("python3-dkim", "python3-authres");
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("TRADEWIND_PEER_CASES").map_or(CASES, |count: u64| count as usize);
    let seed = number("TRADEWIND_SEED").unwrap_or(SEED);
    let mut chance = Chance::seeded(seed);
    let sealers = Sealers::new()?;
    let chains = chains(&mut chance, &sealers)?;
    let cases: Vec<(Damage, String)> = (0..count).map(|at| damaged(&mut chance, &chains[at % chains.len()])).collect();
    let cases = sealers.seal_damaged(&mut chance, cases)?;
    let tasks = cases.iter().map(|(_, message)| json!({ "message": message, "records": sealers.records })).collect();
    let theirs = arc_answers(&tasks)?;
    let zone: Map<String, Value> =
        sealers.records.iter().map(|(name, text)| (name.clone(), json!([{ "TXT": text }]))).collect();
    let zone = ZoneFile::parse("zone.json", &Value::Object(zone).to_string())?;
    let checker = Checker::new(&AuthenticationSettings::default())?;
    let connection =
        Connection { client: "192.0.2.1".parse()?, helo: "mx.test", mail_from: "", receiver: "receiver.test" };
    let (mut classes, mut unexplained) = (BTreeMap::<String, usize>::new(), Vec::new());
    for ((damage, message), theirs) in cases.iter().zip(&theirs) {
        let check = checker.check(message.as_bytes(), connection, &zone, &SystemClock).await.arc;
        let (ours, state, why) =
            (check.result.word(), theirs[0].as_str().unwrap_or_default(), theirs[1].as_str().unwrap_or_default());
        if ours == state {
            *classes.entry(format!("agreed: {ours}")).or_default() += 1;
        } else if let Some(section) = departure(*damage, ours, state, why) {
            *classes.entry(format!("dkimpy departs: {section}")).or_default() += 1;
        } else {
            unexplained.push(format!("{damage:?}: we {ours} ({:?}), dkimpy {state} ({why}):\n{message}", check.reason));
        }
    }
    eprintln!("{count} cases of seed {seed}: {classes:#?}");
    assert!(unexplained.is_empty(), "seed {seed}: {} unexplained: {unexplained:#?}", unexplained.len());
    Ok(())
}
