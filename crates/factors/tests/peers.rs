//! Other people's programs judge what we make, and the other way round: `oathtool` for codes, `openssl` for certificates, Python for the
//! signatures of SMS providers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test stops where something fails")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use env::{Clock as _, Secret, SeededEntropy, SystemClock, Timestamp};
use factors::sms::{PhoneNumber, Provider, SmsMessage, SmsProvider, SmsRequest, SmsSettings};
use factors::totp::{Totp, TotpError};
use factors::ukey::{Authority, UkeyError, verify};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

/// Whether the peer is there; says so if it is not.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is missing; run tools/install peers");
    }
    found
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn codes_of_oathtool_are_taken_once() {
    if !has("oathtool") {
        return;
    }
    let totp = Totp::generate(&SeededEntropy::new(7));
    let code_at = |moment: Timestamp| {
        let at = format!("@{}", moment.seconds());
        run(Command::new("oathtool").args(["--totp", "--base32", "--now", &at, totp.base32().expose()]))
            .trim()
            .to_owned()
    };
    let mut last = None;
    for step in 0..20 {
        let now = Timestamp::from_seconds(1_800_000_000 + step * 30);
        let code = code_at(now);
        assert_eq!(totp.code_at(now), code);
        last = Some(totp.verify(&code, now, last).unwrap());
        assert_eq!(totp.verify(&code, now, last), Err(TotpError::Replayed));
    }
    let wrong_clock = Timestamp::from_seconds(1_800_000_000 + 900);
    let refused = totp.verify(&code_at(wrong_clock), Timestamp::from_seconds(1_800_000_000), None);
    assert_eq!(refused, Err(TotpError::ClockSkew { seconds: 900 }));
}

/// A company's authority as `openssl ca` keeps it, with certificates for people.
const AUTHORITY: &str = r#"
set -e
cat > ca.cnf <<'CONF'
[ca]
default_ca = company
[company]
dir = .
database = ./index.txt
serial = ./serial
crlnumber = ./crlnumber
new_certs_dir = .
certificate = ./ca.pem
private_key = ./ca.key
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
[person]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
CONF
: > index.txt; echo 1000 > serial; echo 01 > crlnumber
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj "/CN=Trade Test CA" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
issue() {
    openssl req -new -newkey $2 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1" -addext "subjectAltName=email:$1@trade.test" 2>/dev/null
    openssl ca -batch -config ca.cnf -in $1.csr -out $1.pem -notext -extensions person $3 2>/dev/null
}
issue rsa rsa:2048 "-days 365"
issue ecdsa "ec -pkeyopt ec_paramgen_curve:P-256" "-days 365"
issue old rsa:2048 "-startdate 20200101000000Z -enddate 20210101000000Z"
issue stolen rsa:2048 "-days 365"
openssl ca -config ca.cnf -revoke stolen.pem 2>/dev/null
openssl ca -config ca.cnf -gencrl -crldays 30 -out now.crl 2>/dev/null
"#;

fn chain(directory: &Path, name: &str) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(directory.join(name)).unwrap()]
}

#[test]
fn certificates_and_revocation_lists_of_openssl() {
    if !has("openssl") {
        return;
    }
    let directory = std::env::temp_dir().join(format!("tradewind-factors-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    run(Command::new("sh").arg("-c").arg(AUTHORITY).current_dir(&directory));
    let certificate = CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap();
    let crl = CertificateRevocationListDer::from_pem_file(directory.join("now.crl")).unwrap();
    let authority = [Authority::new(&certificate, Some(&crl)).unwrap()];
    let now = SystemClock.now();
    for name in ["rsa", "ecdsa"] {
        let shown = verify(&chain(&directory, &format!("{name}.pem")), &authority, now).unwrap();
        assert_eq!(shown.emails, [format!("{name}@trade.test")]);
    }
    let old = verify(&chain(&directory, "old.pem"), &authority, now);
    assert!(matches!(old, Err(UkeyError::Expired { .. })), "{old:?}");
    let stolen = verify(&chain(&directory, "stolen.pem"), &authority, now);
    assert!(matches!(stolen, Err(UkeyError::Revoked { .. })), "{stolen:?}");
    let later = now.plus(std::time::Duration::from_secs(40 * 86_400));
    let unknown = verify(&chain(&directory, "rsa.pem"), &authority, later);
    assert!(matches!(unknown, Err(UkeyError::RevocationUnknown { .. })), "{unknown:?}");
    std::fs::remove_dir_all(&directory).unwrap();
}

/// Checks a request's signature by the provider's own rules; fails if it is wrong.
const CHECKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/sms_signature.py");

/// Code and number that the checker finds in the request; an error if the signature is wrong.
fn check(provider: &str, secret: &str, request: &SmsRequest) -> Result<String, String> {
    let sent = serde_json::json!({
        "provider": provider,
        "secret": secret,
        "host": request.host,
        "path": request.path,
        "headers": request.headers,
        "body": String::from_utf8(request.body.clone()).unwrap(),
    });
    let mut checker = Command::new("python3")
        .arg(CHECKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    checker.stdin.take().unwrap().write_all(sent.to_string().as_bytes()).unwrap();
    let output = checker.wait_with_output().unwrap();
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(told(&output.stdout)) } else { Err(told(&output.stderr)) }
}

#[test]
fn providers_of_sms_find_the_signatures_right() {
    if !has("python3") {
        return;
    }
    for (kind, name, number) in [
        (SmsProvider::Aliyun, "aliyun", "13800138000"),
        (SmsProvider::Tencent, "tencent", "+8613800138000"),
        (SmsProvider::Twilio, "twilio", "+8613800138000"),
    ] {
        let settings = SmsSettings {
            provider: kind,
            key_id: "key-id".to_owned(),
            sign_name: "信风 & Söhne".to_owned(),
            template: "SMS_1".to_owned(),
            app_id: "1400006666".to_owned(),
            sender: "MG0123".to_owned(),
            ..SmsSettings::default()
        };
        let provider = Provider::new(settings, Secret::new("the secret".to_owned())).unwrap();
        let to = PhoneNumber::parse("+8613800138000").unwrap();
        let code = Secret::new("012345".to_owned());
        let text = Secret::new("012345 is your code".to_owned());
        let message = SmsMessage { to: &to, code: &code, text: &text };
        let request = provider.request(message, SystemClock.now(), &SeededEntropy::new(3)).unwrap();
        assert_eq!(check(name, "the secret", &request), Ok(format!("012345 {number}")), "{name}");
        assert!(check(name, "another secret", &request).is_err(), "{name}");
        let changed = SmsRequest {
            path: request.path.replace("13800138000", "13800138001"),
            body: String::from_utf8(request.body.clone()).unwrap().replace("13800138000", "13800138001").into_bytes(),
            ..request
        };
        assert!(kind == SmsProvider::Twilio || check(name, "the secret", &changed).is_err(), "{name}: another number");
    }
}
