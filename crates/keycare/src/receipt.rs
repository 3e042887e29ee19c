//! The switch: whether, and to which key, an account's mail is encrypted as it comes.

use env::Timestamp;
use keybook::{Custody, KeyState, OwnKey};
use openpgp::PgpError;
use serde::{Deserialize, Serialize};
use smime::{Certificate, Fault};
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::KeycareError;

const PLACE: &str = "on_receipt.detail";

env::words! {
    /// With what mail is encrypted.
    Method "method" allowed "openpgp, smime" {
        /// To a key of OpenPGP whose private part its owner keeps (RFC 3156).
        OpenPgp = "openpgp",
        /// To a certificate of S/MIME (RFC 8551).
        Smime = "smime",
    }

    /// Why mail is not encrypted to a key.
    Trouble "trouble" allowed "expired, revoked, retired, gone, unusable" {
        /// Its time is over.
        Expired = "expired",
        /// Its owner, or its authority, has withdrawn it.
        Revoked = "revoked",
        /// Its owner has said that it opens old mail alone.
        Retired = "retired",
        /// It is no longer among the account's keys.
        Gone = "gone",
        /// Nothing can be encrypted to it for another reason.
        Unusable = "unusable",
    }
}

impl Method {
    /// What people call it.
    pub(crate) const fn shown(self) -> &'static str {
        match self {
            Self::OpenPgp => "OpenPGP",
            Self::Smime => "S/MIME",
        }
    }
}

/// What an owner chooses.
#[derive(Debug, Clone)]
pub enum Choice {
    /// The key of OpenPGP whose fingerprint begins so; the newest in use that its owner keeps if it is empty.
    OpenPgp(String),
    /// A certificate, whose private key is nowhere here.
    Smime(Box<Certificate>),
}

/// The switch of an account that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnReceipt {
    /// With what.
    pub method: Method,
    /// Fingerprint of the key or certificate, in capital hexadecimal digits.
    pub fingerprint: String,
    /// Since when.
    pub since: Timestamp,
    /// When the key ends, if it does and is valid now.
    pub expires: Option<Timestamp>,
    /// Why mail is not encrypted now.
    pub trouble: Option<Trouble>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    method: String,
    fingerprint: String,
    /// PEM of a certificate of S/MIME.
    #[serde(default)]
    certificate: String,
}

/// A key that mail is encrypted to.
pub(crate) enum Target {
    OpenPgp(Box<openpgp::Certificate>),
    Smime(Box<Certificate>),
}

/// What a switch says, with the key if it can be used now.
pub(crate) struct Found {
    pub(crate) method: Method,
    pub(crate) fingerprint: String,
    pub(crate) target: Result<(Target, Option<Timestamp>), Trouble>,
    since: Timestamp,
}

fn capital(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// The switch of an account; none if its mail is stored as it comes.
///
/// # Errors
/// [`KeycareError`] if the store fails.
pub fn show(tx: &mut Tx<'_>, account: i64) -> Result<Option<OnReceipt>, KeycareError> {
    let Some(Found { method, fingerprint, target, since }) = find(tx, account)? else { return Ok(None) };
    let (expires, trouble) = match target {
        Ok((_, expires)) => (expires, None),
        Err(trouble) => (None, Some(trouble)),
    };
    Ok(Some(OnReceipt { method, fingerprint, since, expires, trouble }))
}

pub(crate) fn find(tx: &mut Tx<'_>, account: i64) -> Result<Option<Found>, KeycareError> {
    let row = tx.row("SELECT since, detail FROM on_receipt WHERE account = $1", params![account], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    let Some((since, sealed)) = row else { return Ok(None) };
    let Detail { method, fingerprint, certificate } = owned::open(tx, Owner::Account(account), PLACE, 0, &sealed)?;
    let method: Method = method.parse()?;
    let target = match method {
        Method::OpenPgp => pgp_target(tx, account, &fingerprint)?,
        Method::Smime => smime_target(tx, account, &certificate)?,
    };
    Ok(Some(Found { method, fingerprint, target, since: Timestamp::from_millis(since) }))
}

type Standing = Result<(Target, Option<Timestamp>), Trouble>;

fn pgp_target(tx: &mut Tx<'_>, account: i64, fingerprint: &str) -> Result<Standing, KeycareError> {
    let key = keybook::list(tx, account)?.into_iter().find(|key| key.fingerprint == fingerprint);
    let Some(key) = key else { return Ok(Err(Trouble::Gone)) };
    if key.state == KeyState::Retired {
        return Ok(Err(Trouble::Retired));
    }
    Ok(match key.certificate.check_encrypts(tx.now()) {
        Ok(standing) => Ok((Target::OpenPgp(Box::new(key.certificate)), standing.expires)),
        Err(PgpError::Expired { .. }) => Err(Trouble::Expired),
        Err(PgpError::Revoked { .. }) => Err(Trouble::Revoked),
        Err(_) => Err(Trouble::Unusable),
    })
}

fn smime_target(tx: &mut Tx<'_>, account: i64, pem: &str) -> Result<Standing, KeycareError> {
    let Some(certificate) = Certificate::read_file(pem.as_bytes())?.into_iter().next() else {
        return Ok(Err(Trouble::Gone));
    };
    Ok(match check(tx, account, &certificate)? {
        Ok(()) => {
            let ends = certificate.not_after;
            Ok((Target::Smime(Box::new(certificate)), Some(ends)))
        }
        Err(Fault::Expired { .. }) => Err(Trouble::Expired),
        Err(Fault::Revoked { .. }) => Err(Trouble::Revoked),
        Err(_) => Err(Trouble::Unusable),
    })
}

/// Whether a certificate that its owner has brought himself may be used: strong enough, in its time, and on no list of an authority that
/// the organisation believes. Who has issued it does not matter, as its owner vouches for it.
fn check(tx: &mut Tx<'_>, account: i64, certificate: &Certificate) -> Result<Result<(), Fault>, KeycareError> {
    let (organisation, now) = (identity::load_account(tx, account)?.organisation, tx.now());
    let trust = certbook::trust(tx, organisation)?;
    if let Err(fault @ Fault::Revoked { .. }) = trust.check(certificate, &[], now) {
        return Ok(Err(fault));
    }
    Ok(trust.with_pinned(certificate.fingerprint()).check(certificate, &[], now))
}

/// From now on mail to the account is encrypted as it comes.
///
/// # Errors
/// [`KeycareError`] if nothing can be encrypted to the key, it is not for the account, or this server could open the mail with it.
pub fn switch_on(tx: &mut Tx<'_>, account: i64, choice: &Choice) -> Result<OnReceipt, KeycareError> {
    let now = tx.now();
    let detail = match choice {
        Choice::OpenPgp(given) => {
            let key = chosen(tx, account, given)?;
            if key.custody == Custody::Server {
                return Err(KeycareError::KeptHere { fingerprint: key.fingerprint });
            }
            if key.state == KeyState::Retired {
                return Err(KeycareError::Retired { fingerprint: key.fingerprint });
            }
            key.certificate.check_encrypts(now)?;
            let method = Method::OpenPgp.as_str().to_owned();
            Detail { method, fingerprint: key.fingerprint, certificate: String::new() }
        }
        Choice::Smime(certificate) => {
            let addresses = identity::list_addresses(tx, account)?;
            if !addresses.iter().any(|address| certificate.is_for(address)) {
                let address = addresses.into_iter().next().unwrap_or_default();
                return Err(KeycareError::OtherAddress { given: certificate.emails.clone(), address });
            }
            if !certificate.may_encrypt() {
                return Err(KeycareError::NotToEncrypt(certificate.subject.clone()));
            }
            check(tx, account, certificate)??;
            let fingerprint = capital(&certificate.fingerprint());
            let kept = certbook::list(tx, account)?;
            if kept.iter().any(|key| key.fingerprint.eq_ignore_ascii_case(&fingerprint)) {
                return Err(KeycareError::KeptHere { fingerprint });
            }
            Detail { method: Method::Smime.as_str().to_owned(), fingerprint, certificate: certificate.to_pem() }
        }
    };
    let sealed = owned::seal(tx, Owner::Account(account), PLACE, 0, &detail)?;
    tx.execute("DELETE FROM on_receipt WHERE account = $1", params![account])?;
    tx.execute(
        "INSERT INTO on_receipt (account, since, trouble, told, detail) VALUES ($1, $2, '', 0, $3)",
        params![account, now.millis(), &sealed],
    )?;
    show(tx, account)?.ok_or_else(|| store::StoreError::Missing { what: "switch of encryption on receipt" }.into())
}

fn chosen(tx: &mut Tx<'_>, account: i64, given: &str) -> Result<OwnKey, KeycareError> {
    let wanted: String = given.chars().filter(char::is_ascii_hexdigit).map(|it| it.to_ascii_uppercase()).collect();
    let keys = keybook::list(tx, account)?;
    if given.trim().is_empty() {
        let own = keys.into_iter().find(|key| key.custody == Custody::Owner && key.state == KeyState::Active);
        return own.ok_or_else(|| keybook::KeybookError::NoKey.into());
    }
    let mut found = keys.into_iter().filter(|key| !wanted.is_empty() && key.fingerprint.starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(keybook::KeybookError::NoSuchKey { given: given.to_owned() }.into()),
        (Some(_), Some(_)) => Err(keybook::KeybookError::Ambiguous { given: given.to_owned() }.into()),
    }
}

/// From now on mail is stored as it comes; what was encrypted stays so. Whether it was on.
///
/// # Errors
/// [`KeycareError`] if the store fails.
pub fn switch_off(tx: &mut Tx<'_>, account: i64) -> Result<bool, KeycareError> {
    Ok(tx.execute("DELETE FROM on_receipt WHERE account = $1", params![account])? > 0)
}
