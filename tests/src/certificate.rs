use std::path::PathBuf;

use crate::{Outcome, Scratch};

/// A self-signed certificate as files, for `localhost` and 127.0.0.1 unless other names are given.
pub struct SelfSigned {
    /// The certificate, which is its own authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
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
        let made = rcgen::generate_simple_self_signed(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        Ok(Self {
            certificate: scratch.file("certificate.pem", made.cert.pem())?,
            key: scratch.file("key.pem", made.signing_key.serialize_pem())?,
        })
    }
}
