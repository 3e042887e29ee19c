use std::path::PathBuf;

use crate::{Outcome, Scratch};

/// A self-signed certificate for `localhost` and 127.0.0.1, as files.
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
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        Ok(Self {
            certificate: scratch.file("certificate.pem", made.cert.pem())?,
            key: scratch.file("key.pem", made.signing_key.serialize_pem())?,
        })
    }
}
