//! Handshakes of both sides in one process.

mod transcript;

use std::sync::Arc;

use env::{Entropy, SeededEntropy, Timestamp};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind, NamedGroup, ServerConfig, ServerConnection,
    SignatureAlgorithm, SignatureScheme, version,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};

use super::*;
use crate::sm2::{DEFAULT_ID, PrivateKey};
use crate::x509::{Authority, Purpose, Roots, SubjectName, Template};

const NOW: i64 = 1_800_000_000;
const NAME: &str = "mail.trade.cn";

fn seeded(seed: u64) -> &'static dyn Entropy {
    Box::leak(Box::new(SeededEntropy::new(seed)))
}

#[derive(Debug)]
struct FixedTime;

impl rustls::time_provider::TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW as u64)))
    }
}

fn template(name: &str, purposes: &[Purpose], authority: Option<u8>) -> Template {
    Template {
        common_name: name.to_owned(),
        names: if authority.is_some() { vec![] } else { vec![SubjectName::host(name)] },
        purposes: purposes.to_vec(),
        authority,
        sign: true,
        encipher: false,
        not_before: Timestamp::from_seconds(NOW - 86_400),
        not_after: Timestamp::from_seconds(NOW + 86_400),
    }
}

fn authority(seed: u64) -> Authority {
    let entropy = SeededEntropy::new(seed);
    Authority::create(&template("Authority", &[], Some(0)), PrivateKey::generate(&entropy), &entropy).unwrap()
}

fn roots(authority: &Authority) -> Roots {
    Roots::new(vec![authority.certificate().clone()]).unwrap()
}

fn holder(authority: &Authority, template: &Template) -> Arc<CertifiedKey> {
    let entropy = SeededEntropy::new(77);
    let key = PrivateKey::generate(&entropy);
    let own = authority.issue(template, &key.public(), &entropy).unwrap();
    let chain = [own.der(), authority.certificate().der()].map(|der| CertificateDer::from(der.to_vec()));
    let pkcs8 = PrivatePkcs8KeyDer::from(key.to_pkcs8().unwrap().to_vec());
    Arc::new(CertifiedKey::from_der(chain.to_vec(), PrivateKeyDer::Pkcs8(pkcs8), &with_entropy(seeded(7))).unwrap())
}

fn server_key(authority: &Authority) -> Arc<CertifiedKey> {
    holder(authority, &template(NAME, &[Purpose::Server], None))
}

fn server(key: Arc<CertifiedKey>, clients: Arc<dyn ClientCertVerifier>) -> ServerConfig {
    let mut config = ServerConfig::builder_with_details(Arc::new(with_entropy(seeded(5))), Arc::new(FixedTime))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.send_tls13_tickets = 0;
    config
}

fn client_of(provider: CryptoProvider, verifier: Arc<dyn ServerCertVerifier>) -> ClientConfig {
    ClientConfig::builder_with_details(Arc::new(provider), Arc::new(FixedTime))
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

fn client(roots: Roots) -> ClientConfig {
    client_of(with_entropy(seeded(6)), Arc::new(ServerVerifier(roots)))
}

fn plain_server() -> (ServerConfig, Roots) {
    let authority = authority(1);
    (server(server_key(&authority), Arc::new(rustls::server::NoClientAuth)), roots(&authority))
}

/// Both ends and all that went over the wire: true is from the client.
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    wire: Vec<(bool, Vec<u8>)>,
}

impl Pair {
    fn new(client: ClientConfig, server: ServerConfig, name: &str) -> Self {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        Self {
            client: ClientConnection::new(Arc::new(client), name).unwrap(),
            server: ServerConnection::new(Arc::new(server)).unwrap(),
            wire: Vec::new(),
        }
    }

    /// Carries bytes until neither side has any; `alter` may change them on the way.
    fn carry(&mut self, mut alter: impl FnMut(bool, &mut Vec<u8>)) -> Result<(), Error> {
        for _ in 0..10 {
            let mut out = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut out).unwrap();
            }
            alter(true, &mut out);
            let mut rest = &out[..];
            while !rest.is_empty() {
                self.server.read_tls(&mut rest).unwrap();
                self.server.process_new_packets()?;
            }
            let mut back = Vec::new();
            while self.server.wants_write() {
                self.server.write_tls(&mut back).unwrap();
            }
            alter(false, &mut back);
            let mut rest = &back[..];
            while !rest.is_empty() {
                self.client.read_tls(&mut rest).unwrap();
                self.client.process_new_packets()?;
            }
            self.wire.extend([(true, out), (false, back)].into_iter().filter(|(_, bytes)| !bytes.is_empty()));
        }
        Ok(())
    }

    fn shake(client: ClientConfig, server: ServerConfig, name: &str) -> Result<Self, Error> {
        let mut pair = Self::new(client, server, name);
        pair.carry(|_, _| ())?;
        Ok(pair)
    }
}

fn refusal(result: Result<Pair, Error>) -> CertificateError {
    match result.err() {
        Some(Error::InvalidCertificate(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_sides_agree_and_carry_data() {
    let (server, roots) = plain_server();
    let mut pair = Pair::shake(client(roots), server, NAME).unwrap();
    assert_eq!(pair.client.negotiated_cipher_suite().unwrap().suite(), SUITE);
    assert_eq!(pair.server.negotiated_key_exchange_group().unwrap().name(), GROUP);
    assert_eq!(pair.server.handshake_kind(), Some(HandshakeKind::Full));
    let export = |into| pair.client.export_keying_material(into, b"label", None).unwrap();
    assert_eq!(export([0; 32]), pair.server.export_keying_material([0; 32], b"label", None).unwrap());
    use std::io::{Read as _, Write as _};
    let text: Vec<u8> = (0..50_000_u32).map(|at| (at % 251) as u8).collect();
    pair.client.set_buffer_limit(None);
    pair.client.writer().write_all(&text).unwrap();
    pair.server.writer().write_all(b"taken").unwrap();
    let mut got = vec![0; text.len()];
    let mut wire = Vec::new();
    while pair.client.wants_write() {
        pair.client.write_tls(&mut wire).unwrap();
    }
    let mut filled = 0;
    for record in wire.chunks(4096) {
        let mut rest = record;
        while !rest.is_empty() {
            pair.server.read_tls(&mut rest).unwrap();
            pair.server.process_new_packets().unwrap();
            while let Ok(more @ 1..) = pair.server.reader().read(&mut got[filled..]) {
                filled += more;
            }
        }
    }
    assert!(got == text);
    pair.carry(|_, _| ()).unwrap();
    let mut reply = [0; 5];
    pair.client.reader().read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"taken");
}

/// RFC 8446 section 4.1.4: a client that offers the group without a share is asked again.
#[test]
fn a_client_without_a_share_is_asked_again() {
    let (server, roots) = plain_server();
    let mut provider = with_entropy(seeded(6));
    let others = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups.insert(0, rustls::crypto::aws_lc_rs::kx_group::X25519);
    assert!(others.kx_groups.iter().any(|group| group.name() == NamedGroup::X25519));
    let pair = Pair::shake(client_of(provider, Arc::new(ServerVerifier(roots))), server, NAME).unwrap();
    assert_eq!(pair.server.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
    assert_eq!(pair.server.negotiated_key_exchange_group().unwrap().name(), GROUP);
}

#[test]
fn servers_that_are_not_the_right_one_are_refused() {
    let ours = authority(1);
    let refused = |key, name, roots| {
        refusal(Pair::shake(client(roots), server(key, Arc::new(rustls::server::NoClientAuth)), name))
    };
    assert_eq!(refused(server_key(&ours), "other.trade.cn", roots(&ours)), CertificateError::NotValidForName);
    assert_eq!(refused(server_key(&ours), NAME, roots(&authority(2))), CertificateError::BadSignature);
    assert_eq!(refused(server_key(&ours), NAME, Roots::default()), CertificateError::UnknownIssuer);
    let mut expired = template(NAME, &[Purpose::Server], None);
    expired.not_after = Timestamp::from_seconds(NOW - 1);
    assert_eq!(refused(holder(&ours, &expired), NAME, roots(&ours)), CertificateError::Expired);
    let client_only = template(NAME, &[Purpose::Client], None);
    assert_eq!(refused(holder(&ours, &client_only), NAME, roots(&ours)), CertificateError::InvalidPurpose);
    let mut encipher_only = template(NAME, &[Purpose::Server], None);
    (encipher_only.sign, encipher_only.encipher) = (false, true);
    assert_eq!(refused(holder(&ours, &encipher_only), NAME, roots(&ours)), CertificateError::InvalidPurpose);
}

/// Signs handshakes with the identifier of certificates.
#[derive(Debug)]
struct WrongId(PrivateKey);

impl SigningKey for WrongId {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Self(self.0.clone())))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Unknown(8)
    }
}

impl Signer for WrongId {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(DEFAULT_ID, message, &SeededEntropy::new(9)).unwrap())
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

#[test]
fn the_identifier_of_certificates_signs_no_handshake() {
    let ours = authority(1);
    let entropy = SeededEntropy::new(3);
    let key = PrivateKey::generate(&entropy);
    let own = ours.issue(&template(NAME, &[Purpose::Server], None), &key.public(), &entropy).unwrap();
    let wrong = CertifiedKey::new(vec![CertificateDer::from(own.der().to_vec())], Arc::new(WrongId(key)));
    let config = server(Arc::new(wrong), Arc::new(rustls::server::NoClientAuth));
    assert_eq!(refusal(Pair::shake(client(roots(&ours)), config, NAME)), CertificateError::BadSignature);
}

/// A server that wants certificates of clients of this authority.
fn strict(clients: &Authority) -> (ServerConfig, Roots) {
    let ours = authority(1);
    (server(server_key(&ours), Arc::new(ClientVerifier::new(roots(clients)))), roots(&ours))
}

fn with_certificate(mut config: ClientConfig, key: Arc<CertifiedKey>) -> ClientConfig {
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(key));
    config
}

#[test]
fn clients_show_certificates_of_their_own() {
    let people = authority(4);
    let person = holder(&people, &template("li.trade.cn", &[Purpose::Client], None));
    let (config, trusted) = strict(&people);
    let pair = Pair::shake(with_certificate(client(trusted), Arc::clone(&person)), config, NAME).unwrap();
    assert_eq!(pair.server.peer_certificates().unwrap()[0], person.cert[0]);

    let (config, trusted) = strict(&people);
    let missing = Pair::shake(client(trusted), config, NAME).err();
    assert_eq!(missing, Some(Error::NoCertificatesPresented));
    let (config, trusted) = strict(&authority(8));
    let stranger = with_certificate(client(trusted), Arc::clone(&person));
    assert_eq!(refusal(Pair::shake(stranger, config, NAME)), CertificateError::BadSignature);
    let (config, trusted) = strict(&people);
    let server_only = holder(&people, &template("li.trade.cn", &[Purpose::Server], None));
    let refused = Pair::shake(with_certificate(client(trusted), server_only), config, NAME);
    assert_eq!(refusal(refused), CertificateError::InvalidPurpose);
}

#[test]
fn any_client_is_taken_where_others_judge_it() {
    let ours = authority(1);
    let config = || server(server_key(&ours), Arc::new(AnyClient));
    let person = holder(&authority(4), &template("li.trade.cn", &[Purpose::Client], None));
    let shown = with_certificate(client(roots(&ours)), Arc::clone(&person));
    let pair = Pair::shake(shown, config(), NAME).unwrap();
    assert_eq!(pair.server.peer_certificates().unwrap()[0], person.cert[0]);
    let pair = Pair::shake(client(roots(&ours)), config(), NAME).unwrap();
    assert!(pair.server.peer_certificates().is_none());
}

#[test]
fn altered_records_end_the_connection() {
    // The server's first flight: hello, then encrypted extensions, certificate, signature, finished.
    for at in [5, 60, 130, 200, 700, 1100] {
        let (server, roots) = plain_server();
        let mut pair = Pair::new(client(roots), server, NAME);
        let result = pair.carry(|from_client, bytes| {
            if let (false, Some(octet)) = (from_client, bytes.get_mut(at)) {
                *octet ^= 1;
            }
        });
        assert!(result.is_err(), "byte {at}");
    }
    let (server, roots) = plain_server();
    let mut pair = Pair::shake(client(roots), server, NAME).unwrap();
    use std::io::Write as _;
    pair.client.writer().write_all(b"pay 100").unwrap();
    let altered = pair.carry(|from_client, bytes| {
        if let (true, Some(last)) = (from_client, bytes.last_mut()) {
            *last ^= 1;
        }
    });
    assert_eq!(altered, Err(Error::DecryptError));
}

#[test]
fn truncated_records_finish_nothing() {
    let (server, roots) = plain_server();
    let mut pair = Pair::new(client(roots), server, NAME);
    pair.carry(|from_client, bytes| {
        if !from_client {
            bytes.truncate(300);
        }
    })
    .unwrap();
    assert!(pair.client.is_handshaking() && pair.server.is_handshaking());
}

#[test]
fn shares_that_are_no_points_are_refused() {
    let exchange = provider().kx_groups[0].start().unwrap();
    let mut point = exchange.pub_key().to_vec();
    assert!(provider().kx_groups[0].start_and_complete(&point).is_ok());
    point[64] ^= 1;
    for bad in [&point[..], &point[..64], &[0], &[]] {
        assert!(provider().kx_groups[0].start_and_complete(bad).is_err());
    }
}
