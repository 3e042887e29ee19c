use std::fmt::Write;
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData};

use crate::{Outcome, Scratch};

/// A self-signed certificate as files, for `localhost` and 127.0.0.1 unless other names are given.
pub struct SelfSigned {
    /// The certificate, which is its own authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// SHA-256 of its public key in hexadecimal, as TLSA records have it.
    pub digest: String,
}

impl SelfSigned {
    /// Writes a new certificate and key into `scratch`.
    ///
    /// # Errors
    /// If they cannot be made or written.
    pub fn write(scratch: &Scratch) -> Outcome<Self> {
        Self::write_for(scratch, &["localhost", "127.0.0.1"])
    }

    /// As [`SelfSigned::write`], for these names and addresses.
    ///
    /// # Errors
    /// As there.
    pub fn write_for(scratch: &Scratch, names: &[&str]) -> Outcome<Self> {
        Self::write_as(scratch, "certificate", names)
    }

    /// As [`SelfSigned::write_for`], into files whose names begin with `file`.
    ///
    /// # Errors
    /// As there.
    pub fn write_as(scratch: &Scratch, file: &str, names: &[&str]) -> Outcome<Self> {
        let key = KeyPair::generate()?;
        let certificate = params(names)?.self_signed(&key)?;
        let key_file = if file == "certificate" { "key.pem".to_owned() } else { format!("{file}.key.pem") };
        Ok(Self {
            certificate: scratch.file(&format!("{file}.pem"), certificate.pem())?,
            key: scratch.file(&key_file, key.serialize_pem())?,
            digest: hex_digest(&key),
        })
    }

    /// A certificate that an authority made for it has issued, which is shown behind it; `digest` is of the authority's key.
    ///
    /// # Errors
    /// As [`SelfSigned::write`].
    pub fn issued_as(scratch: &Scratch, file: &str, names: &[&str]) -> Outcome<Self> {
        Authority::new()?.issue(scratch, file, names, Validity::Now)
    }
}

/// When a certificate may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// At present.
    Now,
    /// No longer, for years.
    Past,
}

/// An authority that issues certificates.
pub struct Authority {
    key: KeyPair,
    params: CertificateParams,
    pem: String,
}

impl Authority {
    /// A new one with a key of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Outcome<Self> {
        let key = KeyPair::generate()?;
        let mut params = params(&["authority.test"])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { key, params, pem })
    }

    /// Writes its own certificate into `scratch`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, scratch: &Scratch) -> Outcome<PathBuf> {
        scratch.file("authority.pem", &self.pem)
    }

    /// Issues a certificate into files whose names begin with `file`, with its own behind; `digest` is of the authority's key.
    ///
    /// # Errors
    /// As [`SelfSigned::write`].
    pub fn issue(&self, scratch: &Scratch, file: &str, names: &[&str], validity: Validity) -> Outcome<SelfSigned> {
        let key = KeyPair::generate()?;
        let mut own = params(names)?;
        if validity == Validity::Past {
            (own.not_before, own.not_after) = (rcgen::date_time_ymd(2019, 1, 1), rcgen::date_time_ymd(2020, 1, 1));
        }
        let own = own.signed_by(&key, &Issuer::from_params(&self.params, &self.key))?;
        Ok(SelfSigned {
            certificate: scratch.file(&format!("{file}.pem"), format!("{}{}", own.pem(), self.pem))?,
            key: scratch.file(&format!("{file}.key.pem"), key.serialize_pem())?,
            digest: hex_digest(&self.key),
        })
    }
}

fn params(names: &[&str]) -> Outcome<CertificateParams> {
    Ok(CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?)
}

fn hex_digest(key: &KeyPair) -> String {
    let mut hex = String::new();
    for byte in digest(&SHA256, &key.subject_public_key_info()).as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
