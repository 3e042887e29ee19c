//! Keys of outgoing signatures, made early so that their records can be published early.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Selectors: RSA for everybody (RFC 8301 section 3.2 advises 2,048 bits), Ed25519 beside it (RFC 8463).
const RSA: &str = "tw1";
const ED25519: &str = "tw2";

/// A key that cannot be made or kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum DkimError {
    #[error("cannot make a DKIM key")]
    Make,
    #[error("cannot write DKIM keys in {directory}: {cause}")]
    Write { directory: String, cause: std::io::Error },
}

/// Makes the keys of `domain` in `directory` unless they are there: a private key in PEM and the record's value beside it.
pub(super) fn make(directory: &Path, domain: &str) -> Result<(), DkimError> {
    let failed = |cause| DkimError::Write { directory: directory.display().to_string(), cause };
    fs::create_dir_all(directory).map_err(failed)?;
    let place = |selector: &str, ending: &str| directory.join(format!("{domain}.{selector}.{ending}"));
    if !place(RSA, "txt").exists() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| DkimError::Make)?;
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(|_| DkimError::Make)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| DkimError::Make)?;
        write(&place(RSA, "key"), &pem(private.as_ref()), 0o600).map_err(failed)?;
        let record = format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref()));
        write(&place(RSA, "txt"), &record, 0o644).map_err(failed)?;
    }
    if !place(ED25519, "txt").exists() {
        let key = Ed25519KeyPair::generate().map_err(|_| DkimError::Make)?;
        let private = key.to_pkcs8v1().map_err(|_| DkimError::Make)?;
        write(&place(ED25519, "key"), &pem(private.as_ref()), 0o600).map_err(failed)?;
        let record = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key().as_ref()));
        write(&place(ED25519, "txt"), &record, 0o644).map_err(failed)?;
    }
    Ok(())
}

/// Name and value of each key record of `domain` whose key is in `directory`.
pub(super) fn records(directory: &Path, domain: &str) -> Vec<(String, String)> {
    let record = |selector: &str| {
        let value = fs::read_to_string(directory.join(format!("{domain}.{selector}.txt"))).ok()?;
        Some((format!("{selector}._domainkey"), value))
    };
    [RSA, ED25519].into_iter().filter_map(record).collect()
}

fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
