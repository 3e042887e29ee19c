//! What encryption costs: handshakes of both kinds, sealing at rest, the wrapping of a message's key. Figures stand in
//! `docs/benchmarks.md`.

#![allow(missing_docs, reason = "criterion makes the entry points")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot make what it measures has nothing to tell")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crypto::keys::{Account, Key, MessageKey};
use crypto::record;
use crypto::seal::{SealingKey, Suite};
use crypto::tls::{
    CertifiedChains, ClientTls, GmClient, GmPreference, GmRoots, GmServer, Roots, ServerTls, Service, TlsSettings,
    load_gm_chain, parse_chain,
};
use env::{Clock as _, Entropy as _, SystemClock, SystemEntropy, Timestamp};
use gm::sm2::PrivateKey;
use gm::sm4::gcm::Sm4Gcm;
use gm::x509::{Authority, Purpose, SubjectName, Template};
use rustls::server::Acceptor;
use rustls::{ClientConnection, ConnectionCommon, SideData};
use rustls_pki_types::ServerName;

type Outcome<T> = Result<T, Box<dyn Error>>;

const HOST: &str = "mx.trade.test";

/// Sizes of a usual message and of one chunk of a large one.
const SIZES: [usize; 2] = [10 * 1024, 256 * 1024];

fn template(name: &str, purpose: Option<Purpose>) -> Template {
    let now = SystemClock.now().seconds();
    Template {
        common_name: name.to_owned(),
        names: if purpose.is_some() { vec![SubjectName::host(name)] } else { vec![] },
        purposes: purpose.into_iter().collect(),
        authority: purpose.is_none().then_some(0),
        sign: purpose.is_some(),
        encipher: false,
        not_before: Timestamp::from_seconds(now - 3600),
        not_after: Timestamp::from_seconds(now + 86_400),
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

/// A port that serves both kinds, and a client for each.
fn parties() -> Outcome<(ServerTls, ClientTls, ClientTls)> {
    let entropy = SystemEntropy::default();
    let directory = tempfile::tempdir()?;
    let file = |name: &str, text: &str| -> Outcome<_> {
        let path = directory.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let authority = Authority::create(&template("Authority", None), PrivateKey::generate(&entropy), &entropy)?;
    let key = PrivateKey::generate(&entropy);
    let own = authority.issue(&template(HOST, Some(Purpose::Server)), &key.public(), &entropy)?;
    let roots = GmRoots::only(&[file("ca.pem", &pem(authority.certificate().der()))?])?;
    let chain = load_gm_chain(&file("own.pem", &pem(own.der()))?, &file("own.key", &key.to_pkcs8_pem()?)?)?;
    let pair = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let international =
        parse_chain(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes(), Path::new("bench"))?;
    let gm = GmServer { chain, preference: GmPreference::Client, names: vec![], clients: None };
    let server = ServerTls::new(TlsSettings::default(), CertifiedChains::new(international, vec![])?.with_gm(gm))?;
    let others = ClientTls::opportunistic(&Roots::only(&[])?)?;
    Ok((server, others, ClientTls::gm_alone(&GmClient { roots, own: None })?))
}

fn carry<A: SideData, B: SideData>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>) -> Outcome<()> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire)?;
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest)?;
        to.process_new_packets()?;
    }
    Ok(())
}

/// One full handshake, both sides, as the server does it: reads the hello, decides, then goes on.
fn handshake(server: &ServerTls, client: &ClientTls) -> Outcome<()> {
    let mut client = ClientConnection::new(client.config(), ServerName::try_from(HOST)?)?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello)?;
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut hello.as_slice())?;
    let accepted = acceptor.accept().map_err(|(cause, _)| cause)?.ok_or("half a hello")?;
    let config = server.config(Service::Mail).decide(&accepted.client_hello(), &hello);
    let mut server = accepted.into_connection(config).map_err(|(cause, _)| cause)?;
    while client.is_handshaking() || server.is_handshaking() {
        carry(&mut server, &mut client)?;
        carry(&mut client, &mut server)?;
    }
    Ok(())
}

fn handshakes(c: &mut Criterion) {
    let (server, others, gm) = parties().expect("certificates are made");
    let mut group = c.benchmark_group("handshake, both sides");
    for (name, client) in [("X25519MLKEM768, ECDSA P-256", &others), ("curveSM2, SM2", &gm)] {
        group.bench_function(name, |b| b.iter(|| handshake(&server, client).expect("both sides agree")));
    }
}

fn at_rest(c: &mut Criterion) {
    let entropy = SystemEntropy::default();
    let mut key = [0; 32];
    entropy.fill(&mut key);
    let (siv, sm4) = (SealingKey::new(&key), Sm4Gcm::new(key.first_chunk().expect("32 are more than 16")));
    let message_key = MessageKey::generate(&entropy);
    for size in SIZES {
        // What cannot be compressed, so that encryption alone is measured.
        let mut plain = vec![0; size];
        entropy.fill(&mut plain);
        let mut group = c.benchmark_group(format!("{} KiB", size / 1024));
        group.throughput(Throughput::Bytes(size as u64));
        let sealed = siv.seal(&entropy, b"place", &plain);
        group.bench_function("AES-256-GCM-SIV, seal", |b| b.iter(|| siv.seal(&entropy, b"place", black_box(&plain))));
        group.bench_function("AES-256-GCM-SIV, open", |b| b.iter(|| siv.open("value", b"place", black_box(&sealed))));
        let mut text = plain.clone();
        group.bench_function("SM4-GCM, seal", |b| b.iter(|| sm4.seal(&[7; 12], b"place", black_box(&mut text))));
        let mut cipher = plain.clone();
        let tag = sm4.seal(&[7; 12], b"place", &mut cipher).expect("a short text");
        group.bench_function("SM4-GCM, open", |b| {
            b.iter_batched_ref(
                || cipher.clone(),
                |text| sm4.open(&[7; 12], b"place", text, &tag).expect("the tag fits"),
                criterion::BatchSize::LargeInput,
            );
        });
        for (name, suite) in [("AES-256-GCM", Suite::Aes), ("SM4-GCM", Suite::Sm4)] {
            group.bench_function(format!("record (compression tried, {name}), seal"), |b| {
                b.iter(|| record::seal(&message_key, suite, black_box(&plain)));
            });
        }
    }
}

fn wrapping(c: &mut Criterion) {
    let entropy = SystemEntropy::default();
    let account = Key::<Account>::generate(&entropy);
    c.bench_function("a message's key made and wrapped", |b| {
        b.iter(|| account.wrap_message(&entropy, &MessageKey::generate(&entropy), black_box(7)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    targets = handshakes, at_rest, wrapping
}
criterion_main!(benches);
