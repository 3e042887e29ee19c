//! What the tests share: a zone that is built up, and signers of their own. The signers know nothing of the library that verifies,
//! so both must have read RFC 6376 and RFC 8617 alike.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::net::IpAddr;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{ManualClock, Timestamp};
use mailauth::zone::ZoneFile;
use mailauth::{AuthenticationSettings, Checker, Connection, Facts};

/// The moment of all tests.
pub(crate) const NOW: i64 = 1_700_000_000;

/// An RSA key of 768 bits, which RFC 8301 does not let count.
pub(crate) const SHORT_RSA_KEY: &str = "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALXScyke+95hKP+wS3GxxtF5VdAnCMQjMSUbl+2XVDzE7Fir+dd/NHz5yIwmSS8/JQpdmwvTM3rZQ+bWe20WmYZboI0n53Bz8bFRFdLXM88tlICwwzoaHPgPWHPOkL3vOwIDAQAB";

/// What signs.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Rsa,
    Ed25519,
}

fn rsa() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

impl Key {
    /// The content of the key's record.
    pub(crate) fn record(self) -> String {
        match self {
            Self::Rsa => format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(rsa().public_key().as_ref())),
            Self::Ed25519 => format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(ed25519().public_key().as_ref())),
        }
    }

    fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-sha256",
            Self::Ed25519 => "ed25519-sha256",
        }
    }

    fn sign(self, data: &[u8]) -> String {
        match self {
            Self::Rsa => {
                let mut signature = vec![0; rsa().public_modulus_len()];
                rsa().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).unwrap();
                STANDARD.encode(signature)
            }
            // RFC 8463 section 3: the hash is what is signed.
            Self::Ed25519 => STANDARD.encode(ed25519().sign(digest(&SHA256, data).as_ref()).as_ref()),
        }
    }
}

/// RFC 6376 section 3.4.2.
pub(crate) fn relaxed_field(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap();
    let value = value.replace("\r\n", "");
    let value = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{}:{value}\r\n", name.trim().to_lowercase())
}

/// RFC 6376 section 3.4.4.
pub(crate) fn relaxed_body(body: &str) -> String {
    let mut lines: Vec<String> = body
        .split("\r\n")
        .map(|line| {
            let words = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            if line.starts_with([' ', '\t']) && !words.is_empty() { format!(" {words}") } else { words }
        })
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

/// The fields of a header, each whole.
pub(crate) fn fields_of(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.split_inclusive("\r\n") {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

pub(crate) fn split(message: &str) -> (&str, &str) {
    let at = message.find("\r\n\r\n").unwrap();
    (&message[..at + 2], &message[at + 4..])
}

/// The signed fields in the order of `names`, each name taking the lowest field left (RFC 6376 section 5.4.2).
fn signed_data(header: &str, names: &[&str], is_simple: bool) -> String {
    let mut left = fields_of(header);
    let mut data = String::new();
    for name in names {
        let is_it = |field: &String| field.split(':').next().unwrap().trim().eq_ignore_ascii_case(name);
        if let Some(at) = left.iter().rposition(is_it) {
            let field = left.remove(at);
            data.push_str(&if is_simple { field } else { relaxed_field(&field) });
        }
    }
    data
}

pub(crate) fn body_hash(body: &str) -> String {
    STANDARD.encode(digest(&SHA256, relaxed_body(body).as_bytes()))
}

/// RFC 6376 section 3.4.3: only the empty lines at the end change.
fn simple_body_hash(body: &str) -> String {
    let body = format!("{}\r\n", body.trim_end_matches("\r\n"));
    STANDARD.encode(digest(&SHA256, body.as_bytes()))
}

/// How a DKIM signature is made. `tags` are put in as they are.
pub(crate) struct Signer<'a> {
    pub(crate) key: Key,
    pub(crate) domain: &'a str,
    pub(crate) selector: &'a str,
    pub(crate) names: &'a [&'a str],
    pub(crate) tags: String,
    /// `c=simple/simple` instead of `c=relaxed/relaxed`.
    pub(crate) is_simple: bool,
}

impl Default for Signer<'_> {
    fn default() -> Self {
        Self {
            key: Key::Ed25519,
            domain: "bank.example",
            selector: "s1",
            names: &["from", "to", "subject", "from"],
            tags: String::new(),
            is_simple: false,
        }
    }
}

impl Signer<'_> {
    /// The message with a signature in front.
    pub(crate) fn sign(&self, message: &str) -> String {
        let (header, body) = split(message);
        let hash = if self.is_simple { simple_body_hash(body) } else { body_hash(body) };
        self.sign_with_hash(message, header, &hash)
    }

    /// As [`Signer::sign`], or the message as it is if its header is not even split in two.
    pub(crate) fn sign_loosely(&self, message: &str) -> String {
        let is_whole = message.contains("\r\n\r\n")
            && fields_of(split(message).0).iter().all(|field| field.contains(':') && !field.starts_with([' ', '\t']));
        if is_whole { self.sign(message) } else { message.to_owned() }
    }

    /// Signs this header and body hash, and puts the signature in front of `message`.
    pub(crate) fn sign_with_hash(&self, message: &str, header: &str, hash: &str) -> String {
        let unsigned = format!(
            "DKIM-Signature: v=1; a={}; c={}; d={}; s={};{} h={};\r\n\tbh={hash};\r\n\tb=",
            self.key.algorithm(),
            if self.is_simple { "simple/simple" } else { "relaxed/relaxed" },
            self.domain,
            self.selector,
            self.tags,
            self.names.join(":"),
        );
        let own = if self.is_simple { unsigned.clone() } else { relaxed_field(&unsigned) };
        let data = signed_data(header, self.names, self.is_simple) + own.trim_end_matches("\r\n");
        format!("{unsigned}{}\r\n{message}", self.key.sign(data.as_bytes()))
    }
}

/// How one ARC set is made.
pub(crate) struct Sealer<'a> {
    pub(crate) key: Key,
    pub(crate) domain: &'a str,
    pub(crate) selector: &'a str,
    pub(crate) names: &'a [&'a str],
    /// `cv=`; by default what fits the place.
    pub(crate) state: Option<&'a str>,
    pub(crate) results: &'a str,
    /// `c=`; what is signed is relaxed anyhow.
    pub(crate) form: &'a str,
    pub(crate) signature_tags: &'a str,
    pub(crate) seal_tags: &'a str,
    /// Number of the set; by default the next one.
    pub(crate) number: Option<usize>,
}

impl Default for Sealer<'_> {
    fn default() -> Self {
        Self {
            key: Key::Ed25519,
            domain: "list.example",
            selector: "s1",
            names: &["from", "to", "subject"],
            state: None,
            results: "list.example; spf=pass smtp.mailfrom=bank.example; dmarc=pass header.from=bank.example",
            form: " c=relaxed/relaxed;",
            signature_tags: "",
            seal_tags: "",
            number: None,
        }
    }
}

impl Sealer<'_> {
    /// The message with a set in front (RFC 8617 section 5.1).
    pub(crate) fn seal(&self, message: &str) -> String {
        let (header, body) = split(message);
        let fields = fields_of(header);
        let is = |field: &&String, name: &str| field.to_lowercase().starts_with(name);
        let before = fields.iter().filter(|field| is(field, "arc-seal:")).count();
        let number = self.number.unwrap_or(before + 1);
        let results = format!("ARC-Authentication-Results: i={number}; {}\r\n", self.results);
        let mut signature = format!(
            "ARC-Message-Signature: i={number}; a={};{} d={}; s={};{} h={}; bh={}; b=",
            self.key.algorithm(),
            self.form,
            self.domain,
            self.selector,
            self.signature_tags,
            self.names.join(":"),
            body_hash(body)
        );
        let data = signed_data(header, self.names, false) + relaxed_field(&signature).trim_end_matches("\r\n");
        signature.push_str(&format!("{}\r\n", self.key.sign(data.as_bytes())));
        let mut seal = format!(
            "ARC-Seal: i={number}; a={}; t={NOW}; cv={}; d={}; s={};{} b=",
            self.key.algorithm(),
            self.state.unwrap_or(if number == 1 { "none" } else { "pass" }),
            self.domain,
            self.selector,
            self.seal_tags
        );
        let mut data = String::new();
        for set in 1..number {
            for name in ["arc-authentication-results:", "arc-message-signature:", "arc-seal:"] {
                let of_set = |field: &&String| is(field, name) && field.contains(&format!("i={set};"));
                fields.iter().filter(of_set).for_each(|field| data.push_str(&relaxed_field(field)));
            }
        }
        data.push_str(&relaxed_field(&results));
        data.push_str(&relaxed_field(&signature));
        data.push_str(relaxed_field(&seal).trim_end_matches("\r\n"));
        seal.push_str(&format!("{}\r\n", self.key.sign(data.as_bytes())));
        format!("{seal}{signature}{results}{message}")
    }
}

/// A zone from lines of YAML.
pub(crate) fn zone(yaml: &str) -> ZoneFile {
    ZoneFile::parse("zone.yaml", yaml).unwrap()
}

/// The line of a zone that publishes a key.
pub(crate) fn key_line(key: Key, selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}: [{{TXT: \"{}\"}}]\n", key.record())
}

/// A connection from a server that the domain `attacker.example` authorises.
pub(crate) struct Envelope<'a> {
    pub(crate) client: &'a str,
    pub(crate) helo: &'a str,
    pub(crate) mail_from: &'a str,
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Self { client: "192.0.2.66", helo: "mx.attacker.example", mail_from: "x@attacker.example" }
    }
}

impl Envelope<'_> {
    pub(crate) fn connection(&self) -> Connection<'_> {
        let client: IpAddr = self.client.parse().unwrap();
        Connection { client, helo: self.helo, mail_from: self.mail_from, receiver: "mx.receiver.example" }
    }
}

/// Runs all checks at [`NOW`]; seals of `list.example` and `second.example` are trusted.
pub(crate) async fn check(message: &[u8], envelope: &Envelope<'_>, zone: &ZoneFile) -> Facts {
    static CHECKER: OnceLock<Checker> = OnceLock::new();
    let checker = CHECKER.get_or_init(|| {
        let settings = AuthenticationSettings {
            trusted_sealers: vec!["list.example".to_owned(), "Second.Example.".to_owned()],
            ..AuthenticationSettings::default()
        };
        Checker::new(&settings).unwrap()
    });
    let clock = ManualClock::at(Timestamp::from_seconds(NOW));
    checker.check(message, envelope.connection(), zone, &clock).await
}
