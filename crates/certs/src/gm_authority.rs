//! An authority of SM2 of our own (GM/T 0015), for trying out and for closed networks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use env::{Clock, Entropy, Timestamp};
use gm::sm2::PrivateKey;
use gm::x509::{Authority, Certificate, CertificateError, Purpose, SubjectName, Template};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::CertsError;
use crate::authority::{AUTHORITY_LIFE, BACKDATED, SERVER_LIFE};
use crate::files::{PRIVATE, PUBLIC, write};

/// Letters in a line of PEM (RFC 7468 section 2).
const PEM_LINE: usize = 64;

/// The authority's files: `gm-ca.pem` and `gm-ca.key`.
#[derive(Debug)]
pub struct GmAuthority {
    path: PathBuf,
    authority: Authority,
}

/// Whose certificate it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GmHolder {
    /// A server with these host names and addresses.
    Server(Vec<String>),
    /// A person with this mail address, who signs in with it (UKey).
    Person(String),
}

impl GmAuthority {
    /// The authority in `directory`: made there if it does not exist.
    ///
    /// # Errors
    /// [`CertsError`] if its files cannot be read or written.
    pub fn open_or_make(
        directory: &Path,
        organisation: &str,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, CertsError> {
        let (path, key_path) = (directory.join("gm-ca.pem"), directory.join("gm-ca.key"));
        if path.exists() && key_path.exists() {
            let authority = read(&path, &key_path)?;
            return Ok(Self { path, authority });
        }
        let template = Template {
            authority: Some(0),
            sign: false,
            ..template(&format!("{organisation} mail authority (SM2)"), clock.now(), AUTHORITY_LIFE)
        };
        let key = PrivateKey::generate(entropy);
        let key_pem = key.to_pkcs8_pem().map_err(|cause| malformed("key", &cause))?;
        let authority = Authority::create(&template, key, entropy).map_err(|cause| unissued(&cause))?;
        write(&key_path, &key_pem, PRIVATE)?;
        write(&path, &pem(authority.certificate()), PUBLIC)?;
        Ok(Self { path, authority })
    }

    /// The authority's certificate, which clients may trust.
    #[must_use]
    pub fn certificate_path(&self) -> &Path {
        &self.path
    }

    /// Issues a certificate with a fresh key, and writes chain and key.
    ///
    /// # Errors
    /// [`CertsError`] if a name cannot stand in a certificate, or the files cannot be written.
    pub fn issue(
        &self,
        holder: &GmHolder,
        chain: &Path,
        key_path: &Path,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<(), CertsError> {
        let (common_name, names, purpose) = match holder {
            GmHolder::Server(names) => {
                let common_name = names.first().map_or("mail server", String::as_str);
                (common_name, names.iter().map(|name| SubjectName::host(name)).collect(), Purpose::Server)
            }
            GmHolder::Person(address) => (address.as_str(), vec![SubjectName::Email(address.clone())], Purpose::Client),
        };
        let template = Template { names, purposes: vec![purpose], ..template(common_name, clock.now(), SERVER_LIFE) };
        let key = PrivateKey::generate(entropy);
        let own = self.authority.issue(&template, &key.public(), entropy).map_err(|cause| unissued(&cause))?;
        let key_pem = key.to_pkcs8_pem().map_err(|cause| malformed("key", &cause))?;
        write(key_path, &key_pem, PRIVATE)?;
        write(chain, &format!("{}{}", pem(&own), pem(self.authority.certificate())), PUBLIC)
    }
}

fn template(common_name: &str, now: Timestamp, life: Duration) -> Template {
    let begin = now.millis() - i64::try_from(BACKDATED.as_millis()).unwrap_or(0);
    Template {
        common_name: common_name.to_owned(),
        names: Vec::new(),
        purposes: Vec::new(),
        authority: None,
        sign: true,
        encipher: false,
        not_before: Timestamp::from_millis(begin),
        not_after: now.plus(life),
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Authority, CertsError> {
    let text = |path: &Path| fs::read(path).map_err(|cause| CertsError::Io { path: path.to_owned(), cause });
    let wrong = |path: &Path, cause: &dyn std::fmt::Display| malformed(&path.display().to_string(), cause);
    let der = CertificateDer::from_pem_slice(&text(certificate)?).map_err(|cause| wrong(certificate, &cause))?;
    let own = Certificate::parse(&der).map_err(|cause| wrong(certificate, &cause))?;
    let key_der = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|cause| wrong(key, &cause))?;
    let private = PrivateKey::from_der(key_der.secret_der()).map_err(|cause| wrong(key, &cause))?;
    Authority::new(own, private).map_err(|cause| wrong(key, &cause))
}

fn malformed(what: &str, cause: &dyn std::fmt::Display) -> CertsError {
    CertsError::Malformed { what: what.to_owned(), cause: cause.to_string() }
}

fn unissued(cause: &CertificateError) -> CertsError {
    malformed("the new certificate", cause)
}

fn pem(certificate: &Certificate) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate.der());
    let lines = text.as_bytes().chunks(PEM_LINE).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use crypto::tls::{GmRoots, load_gm_chain};
    use env::{ManualClock, SeededEntropy};

    use super::*;

    #[test]
    fn certificates_of_the_authority_can_be_served_and_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let entropy = SeededEntropy::new(1);
        let authority = GmAuthority::open_or_make(directory.path(), "trade.test", &clock, &entropy).unwrap();
        let names = vec!["mail.trade.test".to_owned(), "127.0.0.1".to_owned()];
        let server = GmHolder::Server(names);
        authority.issue(&server, &at("gm.pem"), &at("gm.key"), &clock, &entropy).unwrap();
        assert_eq!(load_gm_chain(&at("gm.pem"), &at("gm.key")).unwrap().cert.len(), 2);
        assert_eq!(GmRoots::only(&[authority.certificate_path().to_owned()]).unwrap().len(), 1);
        let person = GmHolder::Person("li@trade.test".to_owned());
        authority.issue(&person, &at("li.pem"), &at("li.key"), &clock, &entropy).unwrap();
        let facts = crate::CertificateFacts::read(&fs::read(at("gm.pem")).unwrap()).unwrap();
        assert_eq!(facts.names, ["mail.trade.test", "127.0.0.1"]);
        for key in ["gm.key", "gm-ca.key", "li.key"] {
            assert_eq!(fs::metadata(at(key)).unwrap().permissions().mode() & 0o777, 0o600, "{key}");
        }
        // Opened again, it is the same authority; with another's key it is none.
        let before = fs::read(at("gm-ca.pem")).unwrap();
        GmAuthority::open_or_make(directory.path(), "trade.test", &clock, &entropy).unwrap();
        assert_eq!(fs::read(at("gm-ca.pem")).unwrap(), before);
        fs::copy(at("gm.key"), at("gm-ca.key")).unwrap();
        let refused = GmAuthority::open_or_make(directory.path(), "trade.test", &clock, &entropy).unwrap_err();
        assert!(refused.to_string().contains("gm-ca.key"), "{refused}");
    }
}
