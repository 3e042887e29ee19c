//! SM2 and the international algorithms on one port.

use std::path::PathBuf;

use env::{Clock as _, SeededEntropy, SystemClock};
use gm::sm2::PrivateKey;
use gm::x509::{Authority, Purpose, SubjectName, Template};
use rustls::server::Acceptor;
use rustls::{CipherSuite, NamedGroup, SignatureScheme};

use super::*;
use crate::tls::gm_server::{GmChoice, Offer};

const HOST: &str = "mx.trade.test";

/// Files of an authority of SM2, a server's certificate and a person's.
struct Files {
    directory: tempfile::TempDir,
    authority: Authority,
}

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

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

impl Files {
    fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed);
        let key = PrivateKey::generate(&entropy);
        let authority = Authority::create(&template("Authority", None), key, &entropy).unwrap();
        let files = Self { directory: tempfile::tempdir().unwrap(), authority };
        fs::write(files.path("ca.pem"), pem("CERTIFICATE", files.authority.certificate().der())).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn roots(&self) -> GmRoots {
        GmRoots::only(&[self.path("ca.pem")]).unwrap()
    }

    fn holder(&self, template: &Template) -> Arc<CertifiedKey> {
        let entropy = SeededEntropy::new(50);
        let key = PrivateKey::generate(&entropy);
        let own = self.authority.issue(template, &key.public(), &entropy).unwrap();
        fs::write(self.path("own.pem"), pem("CERTIFICATE", own.der())).unwrap();
        fs::write(self.path("own.key"), key.to_pkcs8_pem().unwrap()).unwrap();
        load_gm_chain(&self.path("own.pem"), &self.path("own.key")).unwrap()
    }

    fn server(&self) -> GmServer {
        let chain = self.holder(&template(HOST, Some(Purpose::Server)));
        GmServer { chain, preference: GmPreference::Client, names: vec![], clients: None }
    }

    fn client(&self) -> GmClient {
        GmClient { roots: self.roots(), own: None }
    }
}

fn both(international: &Made, gm: GmServer) -> ServerTls {
    let chains = CertifiedChains::new(international.chain(), vec![]).unwrap().with_gm(gm);
    ServerTls::new(TlsSettings { client_certificates: true, ..TlsSettings::default() }, chains).unwrap()
}

/// As a server does it: reads the hello, decides, then goes on.
fn meet(
    client: &ClientTls,
    server: &ServerTls,
    name: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut client = ClientConnection::new(client.config(), ServerName::try_from(name.to_owned()).unwrap())?;
    let mut records = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut records).unwrap();
    }
    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &records[..]).unwrap();
    let accepted = acceptor.accept().map_err(|(cause, _)| cause)?.unwrap();
    let config = server.config(Service::Mail).decide(&accepted.client_hello(), &records);
    let mut server = accepted.into_connection(config).map_err(|(cause, _)| cause)?;
    for _ in 0..6 {
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
    }
    Ok((client, server))
}

fn cipher(pair: &(ClientConnection, ServerConnection)) -> (String, Option<&'static str>) {
    let info = pair.1.tls_info().unwrap();
    (info.cipher.into_owned(), info.group)
}

const GM: (&str, Option<&str>) = ("TLS_SM4_GCM_SM3", Some("curveSM2"));

#[test]
fn each_client_gets_its_kind_on_the_same_port() {
    let (made, files) = (make(&[HOST]), Files::new(1));
    let tls = both(&made, files.server());
    let ordinary = ClientTls::opportunistic(&no_roots()).unwrap();
    let pair = meet(&ordinary, &tls, HOST).unwrap();
    assert_eq!(cipher(&pair).0, "TLS_AES_256_GCM_SHA384");
    assert_eq!(cipher(&pair).1, Some("X25519MLKEM768"));
    let gm = ClientTls::gm_alone(&files.client()).unwrap();
    let pair = meet(&gm, &tls, HOST).unwrap();
    assert_eq!((cipher(&pair).0.as_str(), cipher(&pair).1), GM);
    assert_eq!(pair.0.tls_info().unwrap().exporter, pair.1.tls_info().unwrap().exporter);
    assert!(pair.1.tls_info().unwrap().exporter.is_some());
    let name = ServerName::try_from(HOST).unwrap();
    let chain = pair.0.peer_certificates().unwrap();
    assert!(gm.verdict(chain, &name, SystemClock.now()).is_verified());
}

#[test]
fn a_client_of_both_kinds_is_served_by_its_order_and_verified_either_way() {
    let (made, files) = (make(&[HOST]), Files::new(1));
    fs::write(files.path("roots.pem"), &made.certificate).unwrap();
    let others = Roots::only(&[files.path("roots.pem")]).unwrap();
    let client = ClientTls::gm_first(&files.client(), &others, true).unwrap();
    let pair = meet(&client, &both(&made, files.server()), HOST).unwrap();
    assert_eq!(cipher(&pair).0, GM.0);
    // The same client with a server that has only the other kind.
    let pair = meet(&client, &server(&made, &[]), HOST).unwrap();
    assert_eq!(cipher(&pair).0, "TLS_AES_256_GCM_SHA384");
    let never = GmServer { preference: GmPreference::Never, ..files.server() };
    assert_eq!(cipher(&meet(&client, &both(&made, never), HOST).unwrap()).0, "TLS_AES_256_GCM_SHA384");
    // A stranger's certificate of SM2 is refused also where any of the other kind is taken.
    let open = ClientTls::gm_first(&files.client(), &no_roots(), false).unwrap();
    assert!(meet(&open, &both(&made, Files::new(2).server()), HOST).is_err());
    let pair = meet(&open, &server(&made, &[]), HOST).unwrap();
    let verdict =
        open.verdict(pair.0.peer_certificates().unwrap(), &ServerName::try_from(HOST).unwrap(), SystemClock.now());
    assert!(!verdict.is_verified());
    let pair = meet(&open, &both(&made, files.server()), HOST).unwrap();
    let chain = pair.0.peer_certificates().unwrap();
    assert!(open.verdict(chain, &ServerName::try_from(HOST).unwrap(), SystemClock.now()).is_verified());
}

#[test]
fn people_show_certificates_of_sm2() {
    let (made, files) = (make(&[HOST]), Files::new(1));
    let person = files.holder(&template("li.trade.test", Some(Purpose::Client)));
    let showing = |clients: Option<GmRoots>, own: Option<Arc<CertifiedKey>>| {
        let gm = GmServer { clients, ..files.server() };
        let client = ClientTls::gm_alone(&GmClient { own, ..files.client() }).unwrap();
        meet(&client, &both(&made, gm), HOST)
    };
    let pair = showing(None, Some(Arc::clone(&person))).unwrap();
    assert_eq!(pair.1.peer_certificates().unwrap()[0], person.cert[0]);
    assert!(showing(None, None).unwrap().1.peer_certificates().is_none());
    assert!(showing(Some(files.roots()), Some(Arc::clone(&person))).is_ok());
    assert!(showing(Some(files.roots()), None).is_err());
    assert!(showing(Some(Files::new(9).roots()), Some(person)).is_err());
}

/// What a client offers, and whether it is served with SM2 under each preference: client, always, never.
#[test]
fn the_choice_follows_what_the_client_says() {
    let files = Files::new(1);
    const SM4: CipherSuite = gm::tls::SUITE;
    const AES: CipherSuite = CipherSuite::TLS13_AES_128_GCM_SHA256;
    let all_schemes = [SignatureScheme::ED25519, gm::tls::SCHEME];
    let all_groups = [NamedGroup::X25519, gm::tls::GROUP];
    let choice = |preference, names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        GmChoice::new(&GmServer { preference, names, ..files.server() }, TlsSettings::default(), &[]).unwrap()
    };
    let offer = |suites: &'static [CipherSuite]| Offer {
        server_name: Some(HOST),
        suites,
        groups: &[NamedGroup::X25519, gm::tls::GROUP],
        schemes: &[SignatureScheme::ED25519, gm::tls::SCHEME],
        on_certificates: None,
        authorities: None,
    };
    let check = |what: &str, offer: Offer<'_>, wanted: [bool; 3]| {
        let got = [GmPreference::Client, GmPreference::Always, GmPreference::Never]
            .map(|preference| choice(preference, &[]).is_for(&offer));
        assert_eq!(got, wanted, "{what}");
    };
    check("SM4 first", offer(&[SM4, AES]), [true, true, false]);
    check("SM4 last", offer(&[AES, SM4]), [false, true, false]);
    check("only suites unknown here before it", offer(&[CipherSuite::Unknown(0xfafa), SM4, AES]), [true, true, false]);
    check("SM4 alone", offer(&[SM4]), [true, true, true]);
    check("no SM4", offer(&[AES]), [false, false, false]);
    check("no group", Offer { groups: &all_groups[..1], ..offer(&[SM4, AES]) }, [false, false, false]);
    check("no signature", Offer { schemes: &all_schemes[..1], ..offer(&[SM4, AES]) }, [false, false, false]);
    let others = Some(vec![SignatureScheme::RSA_PSS_SHA256]);
    check("certificates of others alone", Offer { on_certificates: others, ..offer(&[SM4, AES]) }, [false; 3]);
    let on_certificates = Some(vec![SignatureScheme::RSA_PSS_SHA256, gm::tls::SCHEME]);
    check("certificates of both", Offer { on_certificates, ..offer(&[SM4, AES]) }, [true, true, false]);
    let stranger = Some(vec![&b"stranger"[..]]);
    check("authorities of others", Offer { authorities: stranger, ..offer(&[SM4, AES]) }, [false; 3]);
    let ours = Some(vec![&b"stranger"[..], files.authority.certificate().subject()]);
    check("our authority too", Offer { authorities: ours, ..offer(&[SM4, AES]) }, [true, true, false]);
    check("another host", Offer { server_name: Some("a.test"), ..offer(&[SM4, AES]) }, [false; 3]);
    check("another host, SM4 alone", Offer { server_name: Some("a.test"), ..offer(&[SM4]) }, [true; 3]);
    check("no host", Offer { server_name: None, ..offer(&[SM4, AES]) }, [true, true, false]);
    for preference in [GmPreference::Client, GmPreference::Never] {
        assert!(choice(preference, &["MX.trade.test"]).is_for(&offer(&[AES, SM4])), "{preference:?}: a named host");
    }
}

#[test]
fn files_that_are_none_of_sm2_are_named() {
    let (made, files) = (make(&[HOST]), Files::new(1));
    fs::write(files.path("p256.pem"), &made.certificate).unwrap();
    fs::write(files.path("p256.key"), &made.key).unwrap();
    files.holder(&template(HOST, Some(Purpose::Server)));
    let load = |certificate: &str, key: &str| load_gm_chain(&files.path(certificate), &files.path(key)).unwrap_err();
    assert!(load("p256.pem", "own.key").to_string().contains("not one of SM2"));
    assert!(load("own.pem", "p256.key").to_string().contains("no SM2 private key"));
    let said = GmRoots::only(&[files.path("own.pem")]).unwrap_err().to_string();
    assert!(said.contains("own.pem") && said.contains("no authority of SM2"), "{said}");
    let mut encipher = template(HOST, Some(Purpose::Server));
    (encipher.sign, encipher.encipher) = (false, true);
    let entropy = SeededEntropy::new(51);
    let key = PrivateKey::generate(&entropy);
    let own = files.authority.issue(&encipher, &key.public(), &entropy).unwrap();
    fs::write(files.path("encipher.pem"), pem("CERTIFICATE", own.der())).unwrap();
    fs::write(files.path("encipher.key"), key.to_pkcs8_pem().unwrap()).unwrap();
    assert!(load("encipher.pem", "encipher.key").to_string().contains("the one to sign with"));
}
