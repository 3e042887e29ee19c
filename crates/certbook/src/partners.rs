//! Certificates of others: partners to encrypt to, authorities that are trusted, their lists of revoked certificates.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use smime::{Capabilities, Certificate};
use store::{Tx, params};

use crate::CertbookError;
use crate::keys::hex;
use store::owned::{Owner, open, seal};

/// Certificates of one kind that an organisation may have.
const HELD_MAX: i64 = 20_000;

/// Certificates of authorities that are kept with one.
const OTHERS_MAX: usize = 8;

const PLACE: &str = "smime_certificate.detail";

env::words! {
    /// What a certificate, or a list, is kept for.
    Kind "kind" allowed "root, partner, learned, found, list" {
        /// An authority whose certificates are believed.
        Root = "root",
        /// A partner's certificate that somebody has compared and added: it is believed whoever issued it.
        Partner = "partner",
        /// A partner's certificate that came with a message whose signature held: it is believed as long as its authority is.
        Learned = "learned",
        /// A partner's certificate that a directory has: it is believed as long as its authority is, and asked for again from time to time.
        Found = "found",
        /// A list of revoked certificates of an authority.
        List = "list",
    }
}

/// What is kept of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub id: i64,
    /// What it is kept for.
    pub kind: Kind,
    /// When it came here.
    pub created: Timestamp,
    /// Name of whom it is for.
    pub subject: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// SHA-256, in hexadecimal digits.
    pub fingerprint: String,
    /// When it ends; none for lists.
    pub not_after: Option<Timestamp>,
}

/// A partner's certificate and what his program reads.
#[derive(Debug, Clone)]
pub struct Partner {
    /// The certificate.
    pub certificate: Certificate,
    /// What his program said to read.
    pub capabilities: Capabilities,
    /// Certificates of authorities that came with it.
    pub others: Vec<Certificate>,
    /// Whether a directory has it, and nobody else.
    pub is_found: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Detail {
    /// PEM of a certificate, and of those of authorities that came with it; of a list its octets in hexadecimal digits.
    pub(crate) content: String,
    #[serde(default)]
    gcm: bool,
    #[serde(default)]
    oaep: bool,
}

impl Detail {
    fn capabilities(&self) -> Capabilities {
        Capabilities { aes_256_gcm: self.gcm, aes_256_cbc: true, oaep: self.oaep }
    }

    pub(crate) fn certificate(&self) -> Result<Certificate, CertbookError> {
        self.certificates().map(|(certificate, _)| certificate)
    }

    /// The certificate, and those that came with it.
    fn certificates(&self) -> Result<(Certificate, Vec<Certificate>), CertbookError> {
        let mut certificates = Certificate::read_file(self.content.as_bytes())?.into_iter();
        let first = certificates.next().ok_or_else(|| CertbookError::Unknown("certificate".to_owned()))?;
        Ok((first, certificates.collect()))
    }

    pub(crate) fn list(&self) -> Vec<u8> {
        let digits = self.content.as_bytes().as_chunks::<2>().0.iter();
        digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    }
}

/// By what a row is found: the address of a partner, the fingerprint of an authority or list.
pub(crate) fn name_key(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<Vec<u8>, CertbookError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(format!("smime {}", name.to_lowercase()).as_bytes()).to_vec())
}

pub(crate) fn details(
    tx: &mut Tx<'_>,
    organisation: i64,
    kind: Kind,
) -> Result<Vec<(i64, i64, Detail)>, CertbookError> {
    let rows = tx.rows(
        "SELECT id, created, detail FROM smime_certificate WHERE organisation = $1 AND kind = $2 ORDER BY id LIMIT $3",
        params![organisation, kind.as_str(), HELD_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    opened(tx, organisation, rows)
}

fn opened(
    tx: &mut Tx<'_>,
    organisation: i64,
    rows: Vec<(i64, i64, Vec<u8>)>,
) -> Result<Vec<(i64, i64, Detail)>, CertbookError> {
    let mut found = Vec::with_capacity(rows.len());
    for (id, created, sealed) in rows {
        found.push((id, created, open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?));
    }
    Ok(found)
}

/// All that an organisation keeps of others.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn held(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Held>, CertbookError> {
    let mut all = Vec::new();
    for &kind in Kind::ALL {
        for (id, created, detail) in details(tx, organisation, kind)? {
            let created = Timestamp::from_millis(created);
            if kind == Kind::List {
                let subject = format!("{} octets", detail.content.len() / 2);
                let (addresses, fingerprint) = (Vec::new(), String::new());
                all.push(Held { id, kind, created, subject, addresses, fingerprint, not_after: None });
                continue;
            }
            let certificate = detail.certificate()?;
            all.push(Held {
                id,
                kind,
                created,
                subject: certificate.subject.clone(),
                addresses: certificate.emails.clone(),
                fingerprint: hex(&certificate.fingerprint()),
                not_after: Some(certificate.not_after),
            });
        }
    }
    Ok(all)
}

/// Adds what is in a file: certificates of authorities or partners, or a list of revoked certificates (DER).
///
/// # Errors
/// [`CertbookError`] if it cannot be read, a partner's certificate names no address, or the store fails.
pub fn add(tx: &mut Tx<'_>, organisation: i64, kind: Kind, file: &[u8]) -> Result<usize, CertbookError> {
    if kind == Kind::List {
        smime::Trust::default().with_list(file)?;
        let detail = Detail { content: hex(file), gcm: false, oaep: false };
        let name = hex(&file[..file.len().min(64)]);
        insert(tx, organisation, kind, &name, &detail)?;
        return Ok(1);
    }
    let certificates = Certificate::read_file(file)?;
    for certificate in &certificates {
        let detail = Detail { content: certificate.to_pem(), gcm: false, oaep: false };
        if kind == Kind::Root {
            smime::Trust::new(std::slice::from_ref(certificate))?;
            insert(tx, organisation, kind, &hex(&certificate.fingerprint()), &detail)?;
            continue;
        }
        if certificate.emails.is_empty() {
            return Err(CertbookError::Unknown(format!("address in the certificate of {}", certificate.subject)));
        }
        for address in &certificate.emails {
            insert(tx, organisation, kind, address, &detail)?;
        }
    }
    Ok(certificates.len())
}

/// Keeps the certificate of a signer whose signature held, or that a directory has, for `address`.
pub(crate) fn keep(
    tx: &mut Tx<'_>,
    organisation: i64,
    kind: Kind,
    address: &str,
    partner: &Partner,
) -> Result<(), CertbookError> {
    let Partner { certificate, capabilities, others, .. } = partner;
    let all = std::iter::once(certificate).chain(others.iter().take(OTHERS_MAX));
    let content = all.map(Certificate::to_pem).collect();
    let detail = Detail { content, gcm: capabilities.aes_256_gcm, oaep: capabilities.oaep };
    insert(tx, organisation, kind, address, &detail)
}

/// Forgets what a directory had for `address`.
pub(crate) fn forget_found(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<(), CertbookError> {
    let name = name_key(tx, organisation, address)?;
    tx.execute(
        "DELETE FROM smime_certificate WHERE organisation = $1 AND kind = $2 AND name = $3",
        params![organisation, Kind::Found.as_str(), &name],
    )?;
    Ok(())
}

/// One of a name and kind takes the place of the one before.
fn insert(tx: &mut Tx<'_>, organisation: i64, kind: Kind, name: &str, detail: &Detail) -> Result<(), CertbookError> {
    let name = name_key(tx, organisation, name)?;
    let (id, now) = (tx.next_id(), tx.now());
    let sealed = seal(tx, Owner::Organisation(organisation), PLACE, id, detail)?;
    tx.execute(
        "DELETE FROM smime_certificate WHERE organisation = $1 AND kind = $2 AND name = $3",
        params![organisation, kind.as_str(), &name],
    )?;
    tx.execute(
        "INSERT INTO smime_certificate (organisation, id, kind, name, created, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        params![organisation, id, kind.as_str(), &name, now.millis(), &sealed],
    )?;
    Ok(())
}

/// Forgets one of them.
///
/// # Errors
/// [`CertbookError::Unknown`] if there is none of this number.
pub fn forget(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), CertbookError> {
    let gone =
        tx.execute("DELETE FROM smime_certificate WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    if gone == 0 { Err(CertbookError::Unknown(format!("certificate {id}"))) } else { Ok(()) }
}

/// Forgets all certificates of a partner's address, whoever brought them; gives how many there were.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn forget_partner(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, CertbookError> {
    let name = name_key(tx, organisation, address)?;
    let mut gone = 0;
    for kind in [Kind::Partner, Kind::Learned, Kind::Found] {
        gone += tx.execute(
            "DELETE FROM smime_certificate WHERE organisation = $1 AND kind = $2 AND name = $3",
            params![organisation, kind.as_str(), &name],
        )?;
    }
    tx.execute("DELETE FROM smime_lookup WHERE organisation = $1 AND name = $2", params![organisation, &name])?;
    Ok(gone)
}

/// Certificates of a partner's address: those that somebody has added before those that came along, and those before what a directory has.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn partner(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<Partner>, CertbookError> {
    let name = name_key(tx, organisation, address)?;
    let mut found = Vec::new();
    for kind in [Kind::Partner, Kind::Learned, Kind::Found] {
        let rows = tx.rows(
            "SELECT id, created, detail FROM smime_certificate WHERE organisation = $1 AND kind = $2 AND name = $3",
            params![organisation, kind.as_str(), &name],
            |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
        )?;
        for (_, _, detail) in opened(tx, organisation, rows)? {
            let (certificate, others) = detail.certificates()?;
            let (capabilities, is_found) = (detail.capabilities(), kind == Kind::Found);
            found.push(Partner { certificate, capabilities, others, is_found });
        }
    }
    Ok(found)
}
