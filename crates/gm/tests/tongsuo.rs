//! Tongsuo, an outside TLS library with RFC 8998, against ours: as client and as server, with certificates of clients too.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test stops where something fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use env::{Clock as _, SystemClock, SystemEntropy, Timestamp};
use gm::sm2::PrivateKey;
use gm::tls::{ClientVerifier, ServerVerifier, certified_key, provider};
use gm::x509::{Authority, Certificate, Purpose, Roots, SubjectName, Template};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, Stream, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

const NAME: &str = "mail.trade.cn";
const WAIT: Duration = Duration::from_secs(20);
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tongsuo.py");

/// The Python that has the library, in `target/tongsuo` or as it comes; none, said loudly, if there is none.
fn python() -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tongsuo/bin/python");
    let found = [installed, PathBuf::from("python3")].into_iter().find(|python| {
        let asked = Command::new(python).args(["-c", "import tongsuopy.backends._tongsuo"]).output();
        asked.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!(
            "SKIPPED: tongsuopy is missing: python3 -m venv target/tongsuo; target/tongsuo/bin/pip install tongsuopy"
        );
    }
    found
}

struct Files {
    directory: tempfile::TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let entropy = SystemEntropy::default();
        let key = PrivateKey::generate(&entropy);
        let authority = Authority::create(&template("Authority", None), key, &entropy).unwrap();
        let files = Self { directory: tempfile::tempdir().unwrap(), authority };
        fs::write(files.at("ca.pem"), pem(files.authority.certificate())).unwrap();
        for (name, purpose) in [(NAME, Purpose::Server), ("li.trade.cn", Purpose::Client)] {
            let key = PrivateKey::generate(&entropy);
            let own = files.authority.issue(&template(name, Some(purpose)), &key.public(), &entropy).unwrap();
            fs::write(files.at(&format!("{name}.pem")), pem(&own)).unwrap();
            fs::write(files.at(&format!("{name}.key")), key.to_pkcs8_pem().unwrap()).unwrap();
        }
        files
    }

    fn at(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn key(&self, name: &str) -> Arc<CertifiedKey> {
        let chain = vec![CertificateDer::from_pem_file(self.at(&format!("{name}.pem"))).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.at(&format!("{name}.key"))).unwrap();
        Arc::new(certified_key(chain, key).unwrap())
    }

    fn roots(&self) -> Roots {
        Roots::new(vec![self.authority.certificate().clone()]).unwrap()
    }
}

fn template(name: &str, purpose: Option<Purpose>) -> Template {
    let now = SystemClock.now().seconds();
    Template {
        common_name: name.to_owned(),
        names: purpose.iter().map(|_| SubjectName::host(name)).collect(),
        purposes: purpose.into_iter().collect(),
        authority: purpose.is_none().then_some(0),
        sign: purpose.is_some(),
        encipher: false,
        not_before: Timestamp::from_seconds(now - 3600),
        not_after: Timestamp::from_seconds(now + 86_400),
    }
}

fn pem(certificate: &Certificate) -> String {
    let mut encoder = Command::new("base64").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    encoder.stdin.take().unwrap().write_all(certificate.der()).unwrap();
    let text = String::from_utf8(encoder.wait_with_output().unwrap().stdout).unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
}

/// Serves one connection in a thread and gives what the client said, or why there was none.
fn serve(config: ServerConfig) -> (u16, thread::JoinHandle<Result<String, String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut heard = [0; 17];
        stream.read_exact(&mut heard).map_err(|cause| cause.to_string())?;
        stream.write_all(b"taken").map_err(|cause| cause.to_string())?;
        Ok(String::from_utf8_lossy(&heard).into_owned())
    });
    (port, served)
}

fn server_config(files: &Files, ask_clients: bool) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&version::TLS13]).unwrap();
    let builder = if ask_clients {
        builder.with_client_cert_verifier(Arc::new(ClientVerifier::new(files.roots())))
    } else {
        builder.with_client_cert_verifier(WebPkiClientVerifier::no_client_auth())
    };
    builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(files.key(NAME))))
}

fn tongsuo_client(python: &Path, port: u16, name: &str, files: &Files, own: Option<&str>) -> Output {
    let own = own.map(|own| [files.at(&format!("{own}.pem")), files.at(&format!("{own}.key"))]);
    let port = port.to_string();
    let mut command = Command::new(python);
    command.args([SCRIPT, "client", "127.0.0.1", &port, name, &files.at("ca.pem")]).args(own.into_iter().flatten());
    command.output().unwrap()
}

#[test]
fn tongsuo_is_a_client_of_ours() {
    let Some(python) = python() else { return };
    let files = Files::new();
    for own in [None, Some("li.trade.cn")] {
        let (port, served) = serve(server_config(&files, own.is_some()));
        let output = tongsuo_client(&python, port, NAME, &files, own);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "TLS_SM4_GCM_SM3\ntaken\n", "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(served.join().unwrap().as_deref(), Ok("hello of a client"));
    }
    // Another host's certificate, and no certificate where one is wanted.
    let (port, served) = serve(server_config(&files, false));
    assert!(!tongsuo_client(&python, port, "other.trade.cn", &files, None).status.success());
    assert!(served.join().unwrap().is_err());
    let (port, served) = serve(server_config(&files, true));
    tongsuo_client(&python, port, NAME, &files, None);
    assert!(served.join().unwrap().unwrap_err().contains("no certificates"));
}

#[test]
fn tongsuo_is_a_server_for_ours() {
    let Some(python) = python() else { return };
    let files = Files::new();
    for own in [None, Some("li.trade.cn")] {
        let mut command = Command::new(&python);
        command.args([SCRIPT, "server", &files.at(&format!("{NAME}.pem")), &files.at(&format!("{NAME}.key"))]);
        command.args(own.map(|_| files.at("ca.pem")));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port: u16 = lines.next().unwrap().unwrap().parse().unwrap();
        let builder =
            ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&version::TLS13]).unwrap();
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(ServerVerifier(files.roots())));
        let config = match own {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(files.key(own)))),
            None => builder.with_no_client_auth(),
        };
        let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from(NAME).unwrap()).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        stream.write_all(b"hello of ours").unwrap();
        let mut heard = [0; 17];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello of a server");
        let said: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(said, ["TLS_SM4_GCM_SM3", "hello of ours"]);
        assert!(child.wait().unwrap().success());
    }
}
