//! Debian's `openssl` judges what we make with SM2, SM3 and SM4, and the other way round.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test stops where something fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use env::{Clock as _, SystemClock, SystemEntropy, Timestamp};
use gm::sm2::{DEFAULT_ID, PrivateKey, PublicKey};
use gm::x509::{Authority, Certificate, Purpose, Roots, SubjectName, Template};
use gm::{sm3, sm4};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Runs a script in `directory`; `None`, said loudly, if there is no openssl.
fn openssl(directory: &Path, script: &str) -> Option<Vec<u8>> {
    let found = Command::new("openssl").arg("version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: openssl is missing; run tools/install peers");
        return None;
    }
    let output = Command::new("sh").arg("-ec").arg(script).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn private_key(file: &Path) -> PrivateKey {
    PrivateKey::from_der(PrivateKeyDer::from_pem_file(file).unwrap().secret_der()).unwrap()
}

#[test]
fn signatures_and_ciphertexts_pass_both_ways() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("text"), "a letter").unwrap();
    let made = openssl(
        directory.path(),
        "openssl genpkey -algorithm SM2 -out key.pem; openssl pkey -in key.pem -pubout -outform der -out public.der
         openssl pkcs8 -topk8 -nocrypt -in key.pem -out key8.pem
         openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678 -inkey key.pem -in text -out signature
         openssl pkeyutl -encrypt -pkeyopt digest:sm3 -inkey key.pem -in text -out cipher",
    );
    if made.is_none() {
        return;
    }
    let key = private_key(&at("key.pem"));
    assert_eq!(private_key(&at("key8.pem")).public(), key.public());
    assert_eq!(PublicKey::from_spki(&fs::read(at("public.der")).unwrap()).unwrap(), key.public());
    let signature = fs::read(at("signature")).unwrap();
    assert_eq!(key.public().verify(DEFAULT_ID, b"a letter", &signature), Ok(()));
    assert!(key.public().verify("another", b"a letter", &signature).is_err());
    assert_eq!(key.decrypt_der(&fs::read(at("cipher")).unwrap()).unwrap(), b"a letter");

    fs::write(at("ours.pem"), key.to_pkcs8_pem().unwrap()).unwrap();
    fs::write(at("ours.signature"), key.sign(DEFAULT_ID, b"a letter", &SystemEntropy::default()).unwrap()).unwrap();
    fs::write(at("ours.cipher"), key.public().encrypt_der(b"a key", &SystemEntropy::default()).unwrap()).unwrap();
    let decrypted = openssl(
        directory.path(),
        "openssl pkeyutl -verify -rawin -digest sm3 -pkeyopt distid:1234567812345678 -inkey ours.pem -in text \
            -sigfile ours.signature >&2
         openssl pkeyutl -decrypt -pkeyopt digest:sm3 -inkey ours.pem -in ours.cipher",
    );
    assert_eq!(decrypted.unwrap(), b"a key");
}

#[test]
fn hashes_and_ciphers_agree() {
    let directory = tempfile::tempdir().unwrap();
    let text: Vec<u8> = (0..10_007_u32).map(|at| ((at * 31) >> 3) as u8).collect();
    fs::write(directory.path().join("text"), &text).unwrap();
    let run = |command: &str| openssl(directory.path(), command);
    let Some(hash) = run("openssl dgst -sm3 -binary text") else { return };
    assert_eq!(hash, sm3::digest(&text));
    let mac = run("openssl dgst -sm3 -binary -mac HMAC -macopt hexkey:00010203 text").unwrap();
    assert_eq!(mac, sm3::hmac(&[0, 1, 2, 3], &[&text]));
    let cipher = sm4::Sm4::new(&[0x5a; 16]);
    let key = "5a".repeat(16);
    let iv = "a5".repeat(16);
    let sealed = run(&format!("openssl enc -sm4-cbc -K {key} -iv {iv} -in text")).unwrap();
    assert_eq!(sealed, cipher.cbc_encrypt(&[0xa5; 16], &text));
    assert_eq!(cipher.cbc_decrypt(&[0xa5; 16], &sealed).unwrap(), text);
    // The stream of GCM is CTR from the second counter on.
    let counted = run(&format!("openssl enc -sm4-ctr -K {key} -iv {}00000002 -in text", "07".repeat(12))).unwrap();
    let mut stream = text.clone();
    sm4::gcm::Sm4Gcm::new(&[0x5a; 16]).seal(&[7; 12], b"", &mut stream).unwrap();
    assert_eq!(stream, counted);
}

#[test]
fn certificates_verify_both_ways() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let made = openssl(
        directory.path(),
        "openssl genpkey -algorithm SM2 -out ca.key; openssl genpkey -algorithm SM2 -out host.key
         id='-sigopt distid:1234567812345678'
         openssl req -x509 -new -key ca.key -sm3 $id -subj '/C=CN/O=Trade/CN=Authority' -days 30 -out ca.pem \
            -addext keyUsage=critical,keyCertSign,cRLSign
         openssl req -new -key host.key -sm3 $id -subj /CN=mail.trade.cn -out host.csr
         printf 'subjectAltName=DNS:mail.trade.cn,IP:192.0.2.1\\nextendedKeyUsage=serverAuth\\nkeyUsage=digitalSignature' > ext
         openssl x509 -req -in host.csr -vfyopt distid:1234567812345678 -CA ca.pem -CAkey ca.key -CAcreateserial -sm3 $id \
            -days 20 -extfile ext -out host.pem",
    );
    if made.is_none() {
        return;
    }
    let read = |name: &str| Certificate::parse(&CertificateDer::from_pem_file(at(name)).unwrap()).unwrap();
    let roots = Roots::new(vec![read("ca.pem")]).unwrap();
    let now = SystemClock.now();
    for name in ["mail.trade.cn", "192.0.2.1"] {
        assert_eq!(roots.verify_server(&read("host.pem"), &[], &SubjectName::host(name), now), Ok(()));
    }
    let authority = Authority::new(read("ca.pem"), private_key(&at("ca.key"))).unwrap();
    let template = Template {
        common_name: "贸易".to_owned(),
        names: vec![SubjectName::host("mx.trade.cn"), SubjectName::Email("a@trade.cn".to_owned())],
        purposes: vec![Purpose::Server, Purpose::Email],
        authority: None,
        sign: true,
        encipher: true,
        not_before: Timestamp::from_seconds(now.seconds() - 60),
        not_after: Timestamp::from_seconds(now.seconds() + 86_400),
    };
    let key = PrivateKey::generate(&SystemEntropy::default());
    let ours = authority.issue(&template, &key.public(), &SystemEntropy::default()).unwrap();
    fs::write(at("ours.der"), ours.der()).unwrap();
    openssl(
        directory.path(),
        "openssl x509 -inform der -in ours.der -out ours.pem
         openssl verify -x509_strict -vfyopt distid:1234567812345678 -purpose sslserver -verify_hostname mx.trade.cn \
            -CAfile ca.pem ours.pem >&2",
    );
}
