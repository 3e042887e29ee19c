//! What all checks of a message cost when every name is known: `cargo run --release -p tradewind-mailauth --example check_rate`.
//!
//! Prints microseconds for each message, the cost of verifying the RSA signature by itself, and what is left without it.

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::SystemClock;
use mailauth::zone::ZoneFile;
use mailauth::{AuthenticationSettings, Checker, Connection, DmarcResult};

/// Messages of one measurement.
const MESSAGES: u32 = 2_000;

/// Measurements; the middle one is told.
const ROUNDS: usize = 5;

/// Octets of the body: an ordinary letter.
const BODY_OCTETS: usize = 4_096;

fn sign(key: &RsaKeyPair, header: &str, body: &str) -> Result<String, Box<dyn std::error::Error>> {
    let hash = STANDARD.encode(digest(&SHA256, body.as_bytes()));
    let tags = format!(
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=bank.example; s=s1; h=from:to:subject:date:from; bh={hash}; b="
    );
    let signed: String = header
        .lines()
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            format!("{}:{value}\r\n", name.to_lowercase())
        })
        .collect();
    let data = format!("{signed}dkim-signature:{tags}");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data.as_bytes(), &mut signature)?;
    Ok(format!("DKIM-Signature: {tags}{}\r\n{header}\r\n{body}", STANDARD.encode(signature)))
}

fn middle(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let public = STANDARD.encode(key.public_key().as_ref());
    let zone = ZoneFile::parse(
        "zone.yaml",
        &format!(
            "bank.example: [{{TXT: \"v=spf1 include:_spf.bank.example mx -all\"}}, {{MX: [10, mx.bank.example]}}]\n\
             _spf.bank.example: [{{TXT: \"v=spf1 ip4:198.51.100.0/24 a:mx.bank.example -all\"}}]\n\
             mx.bank.example: [{{A: 192.0.2.1}}]\n1.2.0.192.in-addr.arpa: [{{PTR: mx.bank.example}}]\n\
             s1._domainkey.bank.example: [{{TXT: \"v=DKIM1; k=rsa; p={public}\"}}]\n\
             _dmarc.bank.example: [{{TXT: \"v=DMARC1; p=reject\"}}]\n"
        ),
    )?;
    let header = "From: Teller <teller@bank.example>\r\nTo: you@receiver.example\r\nSubject: Your account\r\n\
                  Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n";
    let body = "An ordinary line of an ordinary letter.\r\n".repeat(BODY_OCTETS / 41);
    let message = sign(&key, header, &body)?;
    let checker = Checker::new(&AuthenticationSettings::default())?;
    let client = "192.0.2.1".parse()?;
    let connection = Connection {
        client,
        helo: "mx.bank.example",
        mail_from: "teller@bank.example",
        receiver: "mx.receiver.example",
    };

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..MESSAGES {
            let facts = checker.check(message.as_bytes(), connection, &zone, &SystemClock).await;
            if facts.dmarc.result != DmarcResult::Pass || !facts.dmarc.is_dkim_aligned {
                return Err(format!("the message does not pass: {facts:?}").into());
            }
        }
        rounds.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(MESSAGES));
    }
    let whole = middle(rounds);

    let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"data", &mut signature)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..MESSAGES {
            black_box(verifier.verify(black_box(b"data"), &signature)).map_err(|error| error.to_string())?;
        }
        rounds.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(MESSAGES));
    }
    let rsa = middle(rounds);
    println!(
        "all checks    {whole:8.1} us a message\nRSA alone     {rsa:8.1} us\nwithout RSA   {:8.1} us",
        whole - rsa
    );
    Ok(())
}
