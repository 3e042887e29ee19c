//! Certificates and keys from PEM files, with errors that name the file and the remedy.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Most bytes that a PEM file may have: far above any chain or bundle of roots.
const PEM_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}; check that it exists and that the server's user may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is larger than any certificate file.
    #[error("{} is larger than {PEM_BYTES_MAX} bytes, so it is no certificate file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not PEM, or is damaged.
    #[error("{} is not a PEM file: {cause}; convert it with: openssl x509 -inform der -in FILE", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is no certificate in it.
    #[error("{} holds no certificate (no \"BEGIN CERTIFICATE\" line)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A certificate in it is no authority of SM2.
    #[error("{} holds what is no authority of SM2: {cause}; give the certificate of the authority itself", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is no key in it that can be read.
    #[error("{} holds no private key without pass phrase; remove the phrase with: openssl pkey -in FILE", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    #[error(
        "certificate {} and key {} cannot be used together: {cause}; the first certificate of the file must be the \
         server's own",
        certificate.display(), key.display()
    )]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

/// Reads a chain, the server's own certificate first, and its key.
///
/// # Errors
/// [`PemError`] if a file cannot be read or the two do not belong together.
pub fn load_chain(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, PemError> {
    let chain = load_certificates(certificate)?;
    let key_der = parse_key(&read(key)?, key)?;
    certified(chain, key_der, certificate, key)
}

/// Reads a chain of SM2 and its key, in the manner of [`load_chain`].
///
/// # Errors
/// [`PemError`] if a file cannot be read, the two do not belong together, or the certificate is not one to sign handshakes with.
pub fn load_gm_chain(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, PemError> {
    let mismatch =
        |cause: String| PemError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned(), cause };
    let chain = load_certificates(certificate)?;
    let own = chain.first().map(|own| gm::x509::Certificate::parse(own)).transpose();
    let own = own.map_err(|cause| mismatch(cause.to_string()))?;
    if own.is_some_and(|own| !own.may_sign()) {
        return Err(mismatch("it is the certificate to be encrypted to; take the one to sign with".to_owned()));
    }
    let key_der = parse_key(&read(key)?, key)?;
    gm::tls::certified_key(chain, key_der).map(Arc::new).map_err(|cause| mismatch(cause.to_string()))
}

/// Makes a chain and its key from PEM text that is in memory; `origin` names it in errors.
///
/// # Errors
/// [`PemError`] if the text is malformed or the two do not belong together.
pub fn parse_chain(certificate: &[u8], key: &[u8], origin: &Path) -> Result<Arc<CertifiedKey>, PemError> {
    certified(parse_certificates(certificate, origin)?, parse_key(key, origin)?, origin, origin)
}

/// Reads all certificates of a file.
///
/// # Errors
/// [`PemError`] if the file cannot be read or holds none.
pub fn load_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    parse_certificates(&read(path)?, path)
}

/// A private key that more than its owner can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("private key {} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
pub struct KeyExposure {
    /// The file.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
}

/// Tells whether group or others have any right to the private key at `path`; `None` if all is well.
///
/// # Errors
/// If the file's rights cannot be read.
pub fn key_exposure(path: &Path) -> io::Result<Option<KeyExposure>> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then(|| KeyExposure { path: path.to_owned(), mode }))
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key_der: PrivateKeyDer<'static>,
    certificate: &Path,
    key: &Path,
) -> Result<Arc<CertifiedKey>, PemError> {
    CertifiedKey::from_der(chain, key_der, &super::provider()).map(Arc::new).map_err(|cause| PemError::Mismatch {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        cause: cause.to_string(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, PemError> {
    let unreadable = |cause| PemError::Unreadable { path: path.to_owned(), cause };
    if fs::metadata(path).map_err(unreadable)?.len() > PEM_BYTES_MAX {
        return Err(PemError::TooLarge { path: path.to_owned() });
    }
    fs::read(path).map_err(unreadable)
}

fn parse_certificates(text: &[u8], origin: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let chain = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| PemError::Malformed { path: origin.to_owned(), cause: cause.to_string() })?;
    if chain.is_empty() { Err(PemError::NoCertificate { path: origin.to_owned() }) } else { Ok(chain) }
}

fn parse_key(text: &[u8], origin: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|cause| match cause {
        rustls_pki_types::pem::Error::NoItemsFound => PemError::NoKey { path: origin.to_owned() },
        other => PemError::Malformed { path: origin.to_owned(), cause: other.to_string() },
    })
}
