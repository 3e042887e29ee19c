//! Factors as they rest in the database.

use ::factors::FactorKind;
use ::factors::sms::PhoneNumber;
use ::factors::totp::Totp;
use ::factors::webauthn::Credential;
use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use super::Factor;
use crate::IdentityError;

/// What there is to know of a factor.
pub(super) enum Detail {
    Sms(PhoneNumber),
    Totp(Totp),
    Webauthn(Box<Credential>),
    Ukey(Certificate),
}

/// A certificate that was enrolled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) fingerprint: [u8; 32],
    pub(super) subject: String,
}

/// A factor with its secret.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) kind: FactorKind,
    pub(super) label: String,
    pub(super) detail: Detail,
    pub(super) step: i64,
    created: i64,
    used: i64,
}

impl Detail {
    fn to_bytes(&self) -> Result<Vec<u8>, IdentityError> {
        Ok(match self {
            Self::Sms(number) => number.as_str().as_bytes().to_vec(),
            Self::Totp(totp) => totp.bytes().to_vec(),
            Self::Webauthn(credential) => to_json(credential)?,
            Self::Ukey(certificate) => to_json(certificate)?,
        })
    }

    fn from_bytes(kind: FactorKind, bytes: Vec<u8>) -> Result<Self, IdentityError> {
        Ok(match kind {
            FactorKind::Sms => {
                let text = String::from_utf8(bytes).map_err(corrupt)?;
                Self::Sms(PhoneNumber::parse(&text).map_err(corrupt)?)
            }
            FactorKind::Totp => Self::Totp(Totp::from_bytes(bytes)),
            FactorKind::Passkey | FactorKind::HardwareKey => {
                Self::Webauthn(Box::new(serde_json::from_slice(&bytes).map_err(corrupt)?))
            }
            FactorKind::Ukey => Self::Ukey(serde_json::from_slice(&bytes).map_err(corrupt)?),
        })
    }
}

impl Stored {
    pub(super) fn describe(self) -> Result<Factor, IdentityError> {
        let hint = match &self.detail {
            Detail::Sms(number) => number.masked(),
            Detail::Ukey(certificate) => certificate.subject.clone(),
            Detail::Totp(_) | Detail::Webauthn(_) => String::new(),
        };
        Ok(Factor {
            id: self.id,
            kind: self.kind,
            label: self.label,
            hint,
            created: Timestamp::from_millis(self.created),
            used: (self.used > 0).then(|| Timestamp::from_millis(self.used)),
        })
    }
}

/// All factors of an account, oldest first.
pub(super) fn load(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Stored>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, kind, label, detail, step, created, used FROM factor WHERE account = $1 ORDER BY id",
        params![account],
        |row| {
            let numbers = [row.int(0)?, row.int(4)?, row.int(5)?, row.int(6)?];
            Ok((numbers, row.text(1)?.to_owned(), row.bytes(2)?.to_vec(), row.bytes(3)?.to_vec()))
        },
    )?;
    rows.into_iter()
        .map(|([id, step, created, used], kind, label, detail)| {
            let kind: FactorKind = kind.parse()?;
            let label = String::from_utf8(open(tx, account, "factor.label", id, &label)?).map_err(corrupt)?;
            let detail = Detail::from_bytes(kind, open(tx, account, "factor.detail", id, &detail)?)?;
            Ok(Stored { id, kind, label, detail, step, created, used })
        })
        .collect()
}

/// Keeps a new factor; `mark` is what no other account may enrol, empty where that is nothing.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    account: i64,
    kind: FactorKind,
    label: &str,
    detail: &Detail,
    mark: &[u8],
) -> Result<i64, IdentityError> {
    let id = tx.next_id();
    let sealed_label = seal(tx, account, "factor.label", id, label.as_bytes())?;
    let sealed_detail = seal(tx, account, "factor.detail", id, &detail.to_bytes()?)?;
    tx.execute(
        "INSERT INTO factor (account, id, kind, label, detail, mark, step, created, used)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0)",
        params![account, id, kind.as_str(), &sealed_label, &sealed_detail, mark, tx.now().millis()],
    )?;
    Ok(id)
}

/// Notes that the factor was shown, with what changes by that.
pub(super) fn note_used(
    tx: &mut Tx<'_>,
    account: i64,
    id: i64,
    detail: Option<&Detail>,
    step: i64,
) -> Result<(), IdentityError> {
    tx.execute(
        "UPDATE factor SET used = $3, step = $4 WHERE account = $1 AND id = $2",
        params![account, id, tx.now().millis(), step],
    )?;
    if let Some(detail) = detail {
        let sealed = seal(tx, account, "factor.detail", id, &detail.to_bytes()?)?;
        tx.execute("UPDATE factor SET detail = $3 WHERE account = $1 AND id = $2", params![account, id, &sealed])?;
    }
    Ok(())
}

/// Seals a value of the row `id` of an account.
pub(super) fn seal(
    tx: &mut Tx<'_>,
    account: i64,
    place: &str,
    id: i64,
    plain: &[u8],
) -> Result<Vec<u8>, IdentityError> {
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(&*context.entropy, &context_of(place, account, id), plain))
}

/// Opens what [`seal`] made.
pub(super) fn open(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<Vec<u8>, IdentityError> {
    let key = tx.context().keys.account(tx, account)?;
    Ok(key.sealing().open(place, &context_of(place, account, id), sealed).map_err(StoreError::from)?)
}

fn context_of(place: &str, account: i64, id: i64) -> Vec<u8> {
    [place.as_bytes(), &account.to_le_bytes(), &id.to_le_bytes()].concat()
}

pub(super) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, IdentityError> {
    serde_json::to_vec(value).map_err(corrupt)
}

pub(super) fn corrupt(cause: impl std::fmt::Display) -> IdentityError {
    StoreError::Corrupt { what: format!("a second factor cannot be read: {cause}") }.into()
}
