//! Enrolling a factor: begun, then confirmed by showing it once.

use ::factors::FactorKind;
use ::factors::sms::{self, PhoneNumber};
use ::factors::totp::Totp;
use ::factors::ukey;
use ::factors::webauthn::{Credential, User};
use env::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Tx, params};

use super::answer::Answer;
use super::challenge::{Purpose, end, keep, take_try};
use super::desk::Parts;
use super::sealed::{Certificate, Detail, Stored, corrupt, insert, load, to_json};
use super::{FACTORS_MAX, FactorRefusal, LABEL_BYTES_MAX, authority, rule_of, texting};
use crate::account::take_account;
use crate::{IdentityError, load_account};

/// What is to be enrolled.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The kind.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub label: String,
    /// The telephone number, for a code by SMS.
    pub number: Option<String>,
}

/// A begun enrolment: what the person or the browser needs to confirm it.
#[derive(Debug)]
pub struct BegunEnrolment {
    /// Its number, for the second half.
    pub challenge: i64,
    /// What is to be shown.
    pub shown: ShownEnrolment,
}

/// What is shown to the person who enrols.
#[derive(Debug)]
pub enum ShownEnrolment {
    /// Secret for typing and address for the QR code of an authenticator app.
    Totp {
        /// In base32.
        secret: Secret<String>,
        /// `otpauth://...`.
        uri: Secret<String>,
    },
    /// Options for `navigator.credentials.create()`.
    Webauthn(Value),
    /// A code to be sent, and where to.
    Sms {
        /// To whom.
        number: PhoneNumber,
        /// What.
        code: Secret<String>,
    },
    /// The client certificate of the connection is to be shown.
    Ukey,
}

/// What is kept of an enrolment until it is confirmed.
#[derive(Serialize, Deserialize)]
struct Kept {
    label: String,
    state: KeptState,
}

#[derive(Serialize, Deserialize)]
enum KeptState {
    Totp(Vec<u8>),
    Webauthn(Value),
    Sms { number: String, digest: Vec<u8> },
    Ukey,
}

/// Begins to enrol a factor.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails; the refusal as value.
pub fn begin_enrolment(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    wanted: &Enrolment,
) -> Result<Result<BegunEnrolment, FactorRefusal>, IdentityError> {
    take_account(tx, account)?;
    if let Some(refusal) = refuse_early(tx, parts, account, wanted)? {
        return Ok(Err(refusal));
    }
    let existing = load(tx, account)?;
    if existing.len() >= FACTORS_MAX {
        return Ok(Err(FactorRefusal::TooMany(FACTORS_MAX)));
    }
    let (shown, state) = match make(tx, parts, account, wanted, &existing)? {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let kept = to_json(&Kept { label: wanted.label.trim().to_owned(), state })?;
    let challenge = keep(tx, account, Purpose::Enrol, wanted.kind.as_str(), &kept)?;
    Ok(Ok(BegunEnrolment { challenge, shown }))
}

fn refuse_early(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    wanted: &Enrolment,
) -> Result<Option<FactorRefusal>, IdentityError> {
    if !(1..=LABEL_BYTES_MAX).contains(&wanted.label.trim().len()) {
        return Ok(Some(FactorRefusal::Label(LABEL_BYTES_MAX)));
    }
    let rule = rule_of(tx, &parts.settings.now(), account)?;
    Ok((!rule.allowed.contains(&wanted.kind)).then_some(FactorRefusal::NotAllowed(wanted.kind)))
}

fn make(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    wanted: &Enrolment,
    existing: &[Stored],
) -> Result<Result<(ShownEnrolment, KeptState), FactorRefusal>, IdentityError> {
    let owner = load_account(tx, account)?;
    let address = owner.addresses.first().cloned().unwrap_or_default();
    let entropy = &*tx.context().entropy;
    Ok(Ok(match wanted.kind {
        FactorKind::Totp => {
            let totp = Totp::generate(entropy);
            let kept = KeptState::Totp(totp.bytes().to_vec());
            (ShownEnrolment::Totp { secret: totp.base32(), uri: totp.uri(&parts.issuer, &address) }, kept)
        }
        FactorKind::Passkey | FactorKind::HardwareKey => {
            let Some(site) = &parts.site else { return Ok(Err(FactorRefusal::NotOffered(wanted.kind))) };
            let handle = parts.handle(tx, account);
            let user = User { handle: &handle, name: &address, display_name: &owner.name };
            let passkey = wanted.kind == FactorKind::Passkey;
            match site.begin_registration(user, &credentials(existing), passkey, tx.now()) {
                Ok((options, ceremony)) => (
                    ShownEnrolment::Webauthn(options),
                    KeptState::Webauthn(serde_json::to_value(ceremony).map_err(corrupt)?),
                ),
                Err(error) => return Ok(Err(error.into())),
            }
        }
        FactorKind::Sms => {
            if !parts.sends_sms {
                return Ok(Err(FactorRefusal::NotOffered(wanted.kind)));
            }
            let number = match PhoneNumber::parse(wanted.number.as_deref().unwrap_or_default()) {
                Ok(number) => number,
                Err(error) => return Ok(Err(error.into())),
            };
            if !texting::count(tx, &parts.sms.now(), &number)? {
                return Ok(Err(FactorRefusal::TooManyMessages));
            }
            let code = sms::generate_code(entropy);
            let digest = sms::code_digest(code.expose());
            let kept = KeptState::Sms { number: number.as_str().to_owned(), digest };
            (ShownEnrolment::Sms { number, code }, kept)
        }
        FactorKind::Ukey => (ShownEnrolment::Ukey, KeptState::Ukey),
    }))
}

/// WebAuthn credentials among an account's factors.
pub(super) fn credentials(stored: &[Stored]) -> Vec<Credential> {
    let of = |factor: &Stored| match &factor.detail {
        Detail::Webauthn(credential) => Some((**credential).clone()),
        Detail::Sms(_) | Detail::Totp(_) | Detail::Ukey(_) => None,
    };
    stored.iter().filter_map(of).collect()
}

/// Confirms an enrolment by the factor's first showing; gives the factor's number. With the first factor of an account come its recovery
/// codes: see [`super::make_recovery_codes`].
///
/// # Errors
/// [`IdentityError`] if the store fails; the refusal as value, with the wrong answer counted.
pub fn finish_enrolment(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    kind: FactorKind,
    challenge: i64,
    answer: &Answer,
) -> Result<Result<i64, FactorRefusal>, IdentityError> {
    take_account(tx, account)?;
    let Some(kept) = take_try(tx, account, Purpose::Enrol, kind.as_str(), challenge)? else {
        return Ok(Err(FactorRefusal::Over));
    };
    let kept: Kept = serde_json::from_slice(&kept).map_err(corrupt)?;
    let (kind, detail, step) = match judge(tx, parts, account, kept.state, answer)? {
        Ok(judged) => judged,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mark = mark_of(tx, &detail);
    if !mark.is_empty() {
        let taken = tx.row("SELECT account FROM factor WHERE mark = $1 LIMIT 1", params![&mark], |row| row.int(0))?;
        if taken.is_some() {
            return Ok(Err(FactorRefusal::Taken));
        }
    }
    // The role or the settings may have changed since, and what was made may be of another kind than was asked for.
    let wanted = Enrolment { kind, label: kept.label, number: None };
    if let Some(refusal) = refuse_early(tx, parts, account, &wanted)? {
        return Ok(Err(refusal));
    }
    end(tx, account, challenge)?;
    let id = insert(tx, account, kind, &wanted.label, &detail, &mark)?;
    if step > 0 {
        super::sealed::note_used(tx, account, id, None, step)?;
    }
    Ok(Ok(id))
}

type Judged = Result<(FactorKind, Detail, i64), FactorRefusal>;

fn judge(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    state: KeptState,
    answer: &Answer,
) -> Result<Judged, IdentityError> {
    Ok(match (state, answer) {
        (KeptState::Totp(secret), Answer::Code(code)) => {
            let totp = Totp::from_bytes(secret);
            match totp.verify(code.expose(), tx.now(), None) {
                Ok(step) => Ok((FactorKind::Totp, Detail::Totp(totp), i64::try_from(step).unwrap_or(i64::MAX))),
                Err(error) => Err(error.into()),
            }
        }
        (KeptState::Sms { number, digest }, Answer::Code(code)) => {
            let number = PhoneNumber::parse(&number).map_err(corrupt)?;
            if sms::fits(code.expose(), &digest) {
                Ok((FactorKind::Sms, Detail::Sms(number), 0))
            } else {
                Err(FactorRefusal::Code)
            }
        }
        (KeptState::Webauthn(ceremony), Answer::Webauthn(answer)) => {
            let Some(site) = &parts.site else { return Ok(Err(FactorRefusal::NotOffered(FactorKind::HardwareKey))) };
            let ceremony = serde_json::from_value(ceremony).map_err(corrupt)?;
            match site.finish_registration(&ceremony, answer, tx.now()) {
                Ok(made) => Ok((made.kind(), Detail::Webauthn(Box::new(made)), 0)),
                Err(error) => Err(error.into()),
            }
        }
        (KeptState::Ukey, Answer::Certificate(chain)) => {
            let organisation = load_account(tx, account)?.organisation;
            let authorities = authority::load(tx, organisation)?;
            match ukey::verify(chain, &authorities, tx.now()) {
                Ok(shown) if is_foreign(tx, account, &shown)? => Err(FactorRefusal::OthersCertificate(shown.subject)),
                Ok(shown) => {
                    let certificate = Certificate { fingerprint: shown.fingerprint, subject: shown.subject };
                    Ok((FactorKind::Ukey, Detail::Ukey(certificate), 0))
                }
                Err(error) => Err(error.into()),
            }
        }
        _ => Err(FactorRefusal::Over),
    })
}

/// Whether the certificate names people here, and this account is none of them: nobody enrols a colleague's.
fn is_foreign(tx: &mut Tx<'_>, account: i64, shown: &ukey::Shown) -> Result<bool, IdentityError> {
    let mut named = false;
    for email in &shown.emails {
        match crate::find_by_address(tx, email) {
            Ok(Some(owner)) if owner == account => return Ok(false),
            Ok(Some(_)) => named = true,
            Ok(None) | Err(IdentityError::Address { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(named)
}

/// What no other account may enrol too.
fn mark_of(tx: &Tx<'_>, detail: &Detail) -> Vec<u8> {
    match detail {
        Detail::Ukey(certificate) => super::answer::certificate_mark(tx, &certificate.fingerprint),
        Detail::Webauthn(credential) => {
            let hashing = tx.context().keys.region();
            hashing.hashing().hash(&[b"webauthn credential ", credential.id()].concat()).to_vec()
        }
        Detail::Sms(_) | Detail::Totp(_) => Vec::new(),
    }
}
