mod both_kinds;
mod dane;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use env::Timestamp;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, ServerConnection};
use rustls_pki_types::ServerName;

use super::*;

/// A certificate of its own authority for `names`.
struct Made {
    certificate: String,
    key: String,
}

fn make(names: &[&str]) -> Made {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    Made { certificate: certificate.pem(), key: key.serialize_pem() }
}

impl Made {
    fn chain(&self) -> Arc<CertifiedKey> {
        parse_chain(self.certificate.as_bytes(), self.key.as_bytes(), Path::new("test")).unwrap()
    }
}

fn server(default: &Made, others: &[&Made]) -> ServerTls {
    let chains = CertifiedChains::new(default.chain(), others.iter().map(|made| made.chain()).collect()).unwrap();
    ServerTls::new(TlsSettings::default(), chains).unwrap()
}

fn no_roots() -> Roots {
    Roots::only(&[]).unwrap()
}

/// Lets both sides talk until neither has anything to say.
fn handshake(
    client: Arc<ClientConfig>,
    server: Arc<rustls::ServerConfig>,
    name: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut client = ClientConnection::new(client, ServerName::try_from(name.to_owned()).unwrap())?;
    let mut server = ServerConnection::new(server)?;
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok((client, server))
}

fn shown(client: &ClientConnection) -> Vec<u8> {
    client.peer_certificates().unwrap()[0].to_vec()
}

#[test]
fn post_quantum_group_and_channel_binding() {
    let made = make(&["mx.trade.test"]);
    let tls = server(&made, &[]);
    let client = ClientTls::opportunistic(&no_roots()).unwrap();
    let (client, server) =
        handshake(client.config(), tls.config(Service::Mail).international(), "mx.trade.test").unwrap();
    let (ours, theirs) = (server.tls_info().unwrap(), client.tls_info().unwrap());
    assert_eq!(ours.version, "TLSv1.3");
    assert_eq!(ours.cipher, "TLS_AES_256_GCM_SHA384");
    assert_eq!(ours.group, Some("X25519MLKEM768"));
    assert_eq!(ours.sni.as_deref(), Some("mx.trade.test"));
    assert_eq!(ours.exporter, theirs.exporter);
    assert!(ours.exporter.is_some());
}

#[test]
fn chains_are_chosen_by_name() {
    let (default, exact, wildcard) = (make(&["mx.one.test"]), make(&["mx.two.test"]), make(&["*.three.test"]));
    let tls = server(&default, &[&exact, &wildcard]);
    let client = ClientTls::opportunistic(&no_roots()).unwrap();
    for (name, wanted) in [
        ("mx.one.test", &default),
        ("MX.two.test", &exact),
        ("mail.three.test", &wildcard),
        ("a.b.three.test", &default),
        ("three.test", &default),
        ("elsewhere.test", &default),
    ] {
        let (client, _) = handshake(client.config(), tls.config(Service::Mail).international(), name).unwrap();
        assert_eq!(shown(&client), wanted.chain().cert[0].to_vec(), "{name}");
    }
}

#[test]
fn reload_changes_connections_to_come() {
    let (old, new) = (make(&["mx.trade.test"]), make(&["mx.trade.test"]));
    let tls = server(&old, &[]);
    let client = ClientTls::opportunistic(&no_roots()).unwrap();
    let strict = TlsSettings { minimum_version: MinimumVersion::Tls13, tickets: false, client_certificates: false };
    tls.reload(strict, CertifiedChains::new(new.chain(), vec![]).unwrap()).unwrap();
    let (connection, _) =
        handshake(client.config(), tls.config(Service::Mail).international(), "mx.trade.test").unwrap();
    assert_eq!(shown(&connection), new.chain().cert[0].to_vec());

    let mut only12 = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    only12.enable_sni = true;
    let refused = handshake(Arc::new(only12), tls.config(Service::Mail).international(), "mx.trade.test");
    assert!(refused.is_err(), "TLS 1.2 must be refused when the floor is 1.3");
}

#[test]
fn sessions_resume_by_ticket() {
    let tls = server(&make(&["mx.trade.test"]), &[]);
    let config = ClientTls::opportunistic(&no_roots()).unwrap().config();
    let (_, first) =
        handshake(Arc::clone(&config), tls.config(Service::Mail).international(), "mx.trade.test").unwrap();
    let (_, second) = handshake(config, tls.config(Service::Mail).international(), "mx.trade.test").unwrap();
    assert!(!first.tls_info().unwrap().resumed);
    assert!(second.tls_info().unwrap().resumed);
}

#[test]
fn verdict_tells_who_verified() {
    let directory = tempfile::tempdir().unwrap();
    let made = make(&["mx.trade.test"]);
    let file = directory.path().join("ca.pem");
    fs::write(&file, &made.certificate).unwrap();
    let tls = server(&made, &[]);
    let trusting = ClientTls::opportunistic(&Roots::only(&[file]).unwrap()).unwrap();
    let (connection, _) =
        handshake(trusting.config(), tls.config(Service::Mail).international(), "mx.trade.test").unwrap();
    let chain = connection.peer_certificates().unwrap();
    let now = Timestamp::from_seconds(1_790_000_000);
    let right = ServerName::try_from("mx.trade.test").unwrap();
    let wrong = ServerName::try_from("mx.evil.test").unwrap();
    assert_eq!(trusting.verdict(chain, &right, now), PeerVerdict::Verified);
    assert!(!trusting.verdict(chain, &wrong, now).is_verified());
    let strangers = ClientTls::opportunistic(&no_roots()).unwrap();
    assert!(!strangers.verdict(chain, &right, now).is_verified());
}

#[test]
fn verified_client_refuses_strangers() {
    let directory = tempfile::tempdir().unwrap();
    let (trusted, other) = (make(&["mx.trade.test"]), make(&["mx.trade.test"]));
    let file = directory.path().join("ca.pem");
    fs::write(&file, &trusted.certificate).unwrap();
    let client = ClientTls::verified(&Roots::only(&[file]).unwrap()).unwrap();
    assert!(
        handshake(client.config(), server(&trusted, &[]).config(Service::Mail).international(), "mx.trade.test")
            .is_ok()
    );
    assert!(
        handshake(client.config(), server(&other, &[]).config(Service::Mail).international(), "mx.trade.test").is_err()
    );
}

#[test]
fn acme_challenge_is_shown_to_its_validator_alone() {
    let (usual, challenge) = (make(&["mx.trade.test"]), make(&["mx.trade.test"]));
    let tls = server(&usual, &[]);
    let mut validator = (*ClientTls::opportunistic(&no_roots()).unwrap().config()).clone();
    validator.alpn_protocols = vec![ACME_TLS_ALPN.to_vec()];
    let validator = Arc::new(validator);
    let ask = || handshake(Arc::clone(&validator), tls.config(Service::Http).international(), "mx.trade.test");
    assert!(ask().is_err(), "no challenge is set");
    tls.set_alpn_challenge("MX.trade.test", challenge.chain());
    let (client, server) = ask().unwrap();
    assert_eq!(shown(&client), challenge.chain().cert[0].to_vec());
    assert_eq!(server.tls_info().unwrap().alpn.as_deref(), Some(ACME_TLS_ALPN));
    tls.clear_alpn_challenge("mx.trade.test");
    assert!(ask().is_err());
}

#[test]
fn files_that_cannot_be_used_are_named_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (one, two) = (make(&["a.test"]), make(&["b.test"]));
    fs::write(path("one.pem"), &one.certificate).unwrap();
    fs::write(path("one.key"), &one.key).unwrap();
    fs::write(path("two.key"), &two.key).unwrap();
    fs::write(path("text"), "hello").unwrap();
    assert!(load_chain(&path("one.pem"), &path("one.key")).is_ok());
    for (certificate, key, wanted) in [
        ("absent.pem", "one.key", "check that it exists"),
        ("text", "one.key", "holds no certificate"),
        ("one.pem", "text", "holds no private key"),
        ("one.pem", "two.key", "cannot be used together"),
    ] {
        let said = load_chain(&path(certificate), &path(key)).unwrap_err().to_string();
        assert!(said.contains(wanted), "{said}");
        assert!(said.contains(directory.path().to_str().unwrap()), "{said}");
    }
}

#[test]
fn exposed_keys_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    fs::write(&file, "x").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let finding = key_exposure(&file).unwrap().unwrap();
    assert_eq!(finding.mode, 0o640);
    assert!(finding.to_string().contains("chmod 600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(key_exposure(&file).unwrap(), None);
}
