//! Messages exchanged with OpenSSL, both ways, with the parameters that mail programs use: Thunderbird writes RSA with SHA-256 and
//! AES-CBC in pieces of indefinite length, Outlook names keys by their identifiers and writes AES-256 and OAEP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops where something fails"
)]

use std::path::Path;
use std::process::Command;

use env::{SeededEntropy, Timestamp};
use smime::{Certificate, Cipher, Dialect, Fault, Form, Identity, Opened, Recipe, Style, Trust};

const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nZehn Stück zum alten Preis.\r\n.\r\n 十件\r\n";

const SETUP: &str = r#"
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj "/CN=Test CA" -out ca.pem -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
issue() {
  printf "basicConstraints=CA:FALSE\nsubjectAltName=email:$1@trade.test\nkeyUsage=digitalSignature,keyEncipherment,keyAgreement\nextendedKeyUsage=emailProtection\nsubjectKeyIdentifier=hash\n" > $1.ext
  openssl req -new -key $1.key -subj "/CN=$1" | openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile $1.ext -out $1.pem 2>/dev/null
  openssl pkcs8 -topk8 -nocrypt -in $1.key -out $1.p8
  cat $1.p8 $1.pem > $1.both
}
openssl genrsa -out rsa.key 2048 2>/dev/null; issue rsa
openssl ecparam -name prime256v1 -genkey -noout -out p256.key; issue p256
openssl ecparam -name secp384r1 -genkey -noout -out p384.key; issue p384
openssl genpkey -algorithm ed25519 -out ed25519.key; issue ed25519
"#;

struct Peer {
    place: tempfile::TempDir,
    trust: Trust,
}

impl Peer {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        run(place.path(), SETUP);
        std::fs::write(place.path().join("text"), TEXT).unwrap();
        let ca = Certificate::read_file(&std::fs::read(place.path().join("ca.pem")).unwrap()).unwrap();
        Self { trust: Trust::new(&ca).unwrap(), place }
    }

    fn identity(&self, name: &str) -> Identity {
        Identity::from_pem(&std::fs::read(self.place.path().join(format!("{name}.both"))).unwrap()).unwrap()
    }

    /// What `openssl cms` makes of the text, with the fields of a message.
    fn make(&self, arguments: &str) -> Vec<u8> {
        run(self.place.path(), &format!("openssl cms -in text -out made {arguments}"));
        std::fs::read(self.place.path().join("made")).unwrap()
    }

    /// What `openssl cms` reads in `message`.
    fn read(&self, message: &[u8], arguments: &str) -> String {
        std::fs::write(self.place.path().join("ours"), message).unwrap();
        run(self.place.path(), &format!("openssl cms -in ours -out read {arguments}"));
        String::from_utf8(std::fs::read(self.place.path().join("read")).unwrap()).unwrap()
    }

    fn open(&self, message: &[u8], names: &[&str]) -> Result<Opened, Fault> {
        let identities: Vec<Identity> = names.iter().map(|name| self.identity(name)).collect();
        smime::open(message, &identities, &self.trust, now(), &SeededEntropy::new(1))
    }
}

fn now() -> Timestamp {
    use env::Clock;
    env::SystemClock.now()
}

fn run(place: &Path, script: &str) {
    let output = Command::new("sh").args(["-ec", script]).current_dir(place).output().expect("sh runs");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn holds_text(message: &[u8]) -> bool {
    String::from_utf8_lossy(message).contains("Zehn Stück zum alten Preis.\r\n.\r\n 十件\r\n")
}

#[test]
fn signatures_of_openssl_hold() {
    let peer = Peer::new();
    let field = |name: &str| format!("-from {name}@trade.test -to x@trade.test -subject Ten");
    for (name, more) in [
        ("rsa", ""),
        ("rsa", "-md sha512"),
        ("rsa", "-nodetach"),
        ("rsa", "-nodetach -stream"),
        ("rsa", "-keyid"),
        ("rsa", "-nosmimecap"),
        ("rsa", "-cades"),
        ("rsa", "-keyopt rsa_padding_mode:pss"),
        ("rsa", "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1"),
        ("rsa", "-noattr"),
        ("p256", ""),
        ("p256", "-md sha384 -nodetach"),
        ("p384", "-md sha384"),
    ] {
        let made = peer.make(&format!("-sign -signer {name}.pem -inkey {name}.key {} {more}", field(name)));
        let opened = peer.open(&made, &[]).unwrap_or_else(|fault| panic!("{name} {more}: {fault}"));
        let signatures: Vec<_> = opened.signatures().collect();
        assert_eq!(signatures.len(), 1, "{name} {more}");
        assert_eq!(signatures[0].fault, None, "{name} {more}");
        assert_eq!(signatures[0].signed_at.is_some(), !more.contains("-noattr"), "{name} {more}");
        assert_eq!(opened.message.is_some(), more.contains("-nodetach"), "{name} {more}");
        if let Some(message) = &opened.message {
            assert!(holds_text(message), "{name} {more}: {}", String::from_utf8_lossy(message));
        }
    }
    let weak = peer.make(&format!("-sign -signer rsa.pem -inkey rsa.key -md sha1 {}", field("rsa")));
    assert_eq!(
        peer.open(&weak, &[]).unwrap().signatures().next().unwrap().fault,
        Some(Fault::Weak("SHA-1".to_owned()))
    );
    let without = peer.make(&format!("-sign -signer rsa.pem -inkey rsa.key -nocerts {}", field("rsa")));
    assert_eq!(peer.open(&without, &[]).unwrap().signatures().next().unwrap().fault, Some(Fault::NoCertificate));
}

#[test]
fn envelopes_of_openssl_open() {
    let peer = Peer::new();
    let field = "-from x@trade.test -to y@trade.test -subject Ten";
    for (names, more, cipher) in [
        ("rsa", "-aes128", Cipher::AesCbc(16)),
        ("rsa", "-aes192 -stream", Cipher::AesCbc(24)),
        ("rsa", "-aes256 -keyid", Cipher::AesCbc(32)),
        ("rsa", "-des3", Cipher::TripleDes),
        ("rsa", "-aes-256-gcm", Cipher::AesGcm(32)),
        ("rsa", "-aes-128-gcm -stream", Cipher::AesGcm(16)),
        ("p256", "-aes256", Cipher::AesCbc(32)),
        ("p256", "-aes128", Cipher::AesCbc(16)),
        ("p384", "-aes-256-gcm", Cipher::AesGcm(32)),
        ("p384 rsa p256", "-aes256", Cipher::AesCbc(32)),
    ] {
        let to: String = names.split(' ').map(|name| format!(" {name}.pem")).collect();
        let made = peer.make(&format!("-encrypt {more} {field}{to}"));
        for name in names.split(' ') {
            let opened = peer.open(&made, &[name]).unwrap_or_else(|fault| panic!("{name} {more}: {fault}"));
            assert_eq!(opened.ciphers().collect::<Vec<_>>(), [cipher], "{more}");
            assert!(holds_text(opened.message.as_deref().unwrap()), "{more}");
            assert_eq!(opened.may_be_altered(), !cipher.is_authenticated());
        }
        assert_eq!(peer.open(&made, &["ed25519"]), Err(Fault::NotForUs));
    }
    for options in [
        "-recip rsa.pem -keyopt rsa_padding_mode:oaep",
        "-recip rsa.pem -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
        "-recip p256.pem -keyopt ecdh_kdf_md:sha256",
        "-recip p384.pem -keyopt ecdh_kdf_md:sha384",
    ] {
        let made = peer.make(&format!("-encrypt -aes256 {field} {options}"));
        let opened = peer.open(&made, &["rsa", "p256", "p384"]).unwrap_or_else(|fault| panic!("{options}: {fault}"));
        assert!(holds_text(opened.message.as_deref().unwrap()), "{options}");
    }
    let weak = peer.make(&format!("-encrypt -rc2-40 -provider legacy -provider default {field} rsa.pem"));
    assert_eq!(peer.open(&weak, &["rsa"]), Err(Fault::Weak("RC2".to_owned())));
}

fn ours(name: &str) -> Vec<u8> {
    format!("From: {name} <{name}@trade.test>\r\nTo: x@trade.test\r\nSubject: Zehn\r\nMIME-Version: 1.0\r\n{TEXT}")
        .into_bytes()
}

#[test]
fn openssl_reads_what_we_write() {
    let peer = Peer::new();
    let entropy = SeededEntropy::new(7);
    for name in ["rsa", "p256", "p384", "ed25519"] {
        let identity = peer.identity(name);
        for form in [Form::Clear, Form::Opaque] {
            let signed =
                smime::sign(&ours(name), &identity, Style { form, dialect: Dialect::Cms }, now(), &entropy).unwrap();
            // OpenSSL 3.0 has no Ed25519 in CMS (RFC 8419).
            if name != "ed25519" {
                let read = peer.read(&signed, "-verify -CAfile ca.pem");
                assert!(read.contains("Subject: Zehn\r\n") && read.contains("WmVobiBTdMO8Y2s"), "{name}: {read}");
            }
            let opened = peer.open(&signed, &[]).unwrap();
            let signature = opened.signatures().next().unwrap();
            assert_eq!(signature.fault, None, "{name}");
            assert!(signature.capabilities.aes_256_gcm && signature.capabilities.oaep);
        }
        if name == "ed25519" {
            let refused = smime::encrypt(&ours(name), &[&identity.certificate], Recipe::STRONG, &entropy);
            assert!(matches!(refused, Err(Fault::WrongUse { .. })));
            continue;
        }
        for recipe in [Recipe::COMPATIBLE, Recipe::STRONG] {
            let sealed = smime::encrypt(&ours(name), &[&identity.certificate], recipe, &entropy).unwrap();
            assert!(!String::from_utf8_lossy(&sealed).contains("Zehn"));
            let read = peer.read(&sealed, &format!("-decrypt -recip {name}.pem -inkey {name}.key"));
            assert!(holds_text(read.as_bytes()), "{name}: {read}");
            let both =
                smime::sign_and_encrypt(&ours(name), &identity, &[&identity.certificate], recipe, now(), &entropy);
            let both = both.unwrap();
            let inner = peer.read(&both, &format!("-decrypt -recip {name}.pem -inkey {name}.key"));
            assert!(peer.read(inner.as_bytes(), "-verify -CAfile ca.pem").contains("Subject: Zehn"));
            let opened = peer.open(&both, &[name]).unwrap();
            assert!(opened.is_signed_by_author() && !opened.may_be_altered());
            let shown = String::from_utf8(opened.message.unwrap()).unwrap();
            assert!(shown.contains("\r\nSubject: Zehn\r\n") && !shown.contains("[...]\r\nMIME"), "{shown}");
        }
    }
}

#[test]
fn password_files_of_openssl_open() {
    let peer = Peer::new();
    let place = peer.place.path();
    for (number, options) in [
        "",
        "-legacy",
        "-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512",
        "-legacy -certpbe PBE-SHA1-3DES",
        "-keypbe NONE -certpbe NONE",
    ]
    .iter()
    .enumerate()
    {
        run(
            place,
            &format!(
                "openssl pkcs12 -export -in rsa.pem -inkey rsa.key -certfile ca.pem -passout pass:ü123 {options} -out {number}.p12"
            ),
        );
        let file = std::fs::read(place.join(format!("{number}.p12"))).unwrap();
        let identity = Identity::from_pkcs12(&file, "ü123").unwrap_or_else(|fault| panic!("{options}: {fault}"));
        assert_eq!(identity.certificate.emails, ["rsa@trade.test"]);
        assert_eq!(identity.chain.len(), 1);
        assert_eq!(Identity::from_pkcs12(&file, "other").unwrap_err(), Fault::WrongPassword, "{options}");
    }
}
