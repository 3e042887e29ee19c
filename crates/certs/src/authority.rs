//! A certificate authority of our own, for trying out and for closed networks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use env::{Civil, Clock, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::CertsError;
use crate::files::{PRIVATE, PUBLIC, write};

/// How long the authority's own certificate is good.
pub(crate) const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How long a server certificate is good: below the 398 days after which clients refuse one.
pub(crate) const SERVER_LIFE: Duration = Duration::from_secs(390 * 86_400);

/// Certificates begin a day ago, for clients whose clock is behind.
pub(crate) const BACKDATED: Duration = Duration::from_secs(86_400);

/// The authority's files.
#[derive(Debug, Clone)]
pub struct LocalAuthority {
    certificate: PathBuf,
    key: PathBuf,
}

impl LocalAuthority {
    /// The authority in `directory`: made there (`ca.pem`, `ca.key`) if it does not exist.
    ///
    /// # Errors
    /// [`CertsError`] if its files cannot be written.
    pub fn open_or_make(directory: &Path, organisation: &str, clock: &dyn Clock) -> Result<Self, CertsError> {
        let authority = Self { certificate: directory.join("ca.pem"), key: directory.join("ca.key") };
        if authority.certificate.exists() && authority.key.exists() {
            return Ok(authority);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&format!("{organisation} mail authority"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, clock.now(), AUTHORITY_LIFE);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        write(&authority.key, &key.serialize_pem(), PRIVATE)?;
        write(&authority.certificate, &certificate.pem(), PUBLIC)?;
        Ok(authority)
    }

    /// The authority's certificate, which clients may trust.
    #[must_use]
    pub fn certificate_path(&self) -> &Path {
        &self.certificate
    }

    /// Issues a certificate for `names` (DNS names and IP addresses), and writes chain and key.
    ///
    /// # Errors
    /// [`CertsError`] if the authority's files cannot be read, a name is none, or the files cannot be written.
    pub fn issue(&self, names: &[String], chain: &Path, key_path: &Path, clock: &dyn Clock) -> Result<(), CertsError> {
        let read =
            |path: &Path| fs::read_to_string(path).map_err(|cause| CertsError::Io { path: path.to_owned(), cause });
        let authority_pem = read(&self.certificate)?;
        let issuer = Issuer::from_ca_cert_pem(&authority_pem, KeyPair::from_pem(&read(&self.key)?)?)?;
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name = name(names.first().map_or("mail server", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, clock.now(), SERVER_LIFE);
        let key = KeyPair::generate()?;
        let certificate: Certificate = params.signed_by(&key, &issuer)?;
        write(key_path, &key.serialize_pem(), PRIVATE)?;
        write(chain, &format!("{}{authority_pem}", certificate.pem()), PUBLIC)
    }
}

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

pub(crate) fn set_validity(params: &mut CertificateParams, now: Timestamp, life: Duration) {
    let begin = Timestamp::from_millis(now.millis() - i64::try_from(BACKDATED.as_millis()).unwrap_or(0));
    let day = |moment: Timestamp| {
        let Civil { year, month, day, .. } = moment.civil();
        date_time_ymd(i32::try_from(year).unwrap_or(2100), month, day)
    };
    params.not_before = day(begin);
    params.not_after = day(now.plus(life));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use env::ManualClock;

    use super::*;
    use crate::CertificateFacts;

    #[test]
    fn certificates_carry_their_names_and_keys_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let authority = LocalAuthority::open_or_make(directory.path(), "trade.test", &clock).unwrap();
        let before = fs::read(authority.certificate_path()).unwrap();
        let (chain, key) = (directory.path().join("server.pem"), directory.path().join("server.key"));
        let names = ["mail.trade.test".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        authority.issue(&names, &chain, &key, &clock).unwrap();
        let facts = CertificateFacts::read(&fs::read(&chain).unwrap()).unwrap();
        assert_eq!(facts.names, names);
        assert!(!facts.self_signed && facts.not_before < clock.now() && facts.not_after > clock.now());
        assert!(facts.renew_at() < facts.not_after);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(directory.path().join("ca.key")).unwrap().permissions().mode() & 0o777, 0o600);
        // Opened again, it is the same authority.
        LocalAuthority::open_or_make(directory.path(), "trade.test", &clock).unwrap();
        assert_eq!(fs::read(authority.certificate_path()).unwrap(), before);
    }
}
