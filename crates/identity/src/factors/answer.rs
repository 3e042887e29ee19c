//! Showing a factor at sign-in or before something sensitive.

use std::collections::BTreeSet;

use ::factors::FactorKind;
use ::factors::sms::{self, PhoneNumber};
use ::factors::ukey;
use ::factors::webauthn::Ceremony;
use env::Secret;
use rustls_pki_types::CertificateDer;
use serde_json::Value;
use store::{Tx, params};

use super::challenge::{Purpose, end, keep, take_try};
use super::desk::Parts;
use super::enrol::credentials;
use super::sealed::{Detail, Stored, corrupt, load, note_used, to_json};
use super::{FactorRefusal, authority, factor_demand, limit, recovery, texting};
use crate::account::take_account;
use crate::factor_policy::FactorDemand;
use crate::{IdentityError, load_account};

/// What a person shows.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A code: of an authenticator app, by SMS, or from the sheet of recovery codes.
    Code(Secret<String>),
    /// What `navigator.credentials` gave.
    Webauthn(Value),
    /// The chain of the connection's client certificate, its own first; its key was proved in the handshake.
    Certificate(Vec<CertificateDer<'static>>),
}

/// By what a person wants to prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A code by SMS.
    Sms,
    /// A code of an authenticator app.
    Totp,
    /// A hardware key or passkey.
    Webauthn,
    /// A client certificate.
    Ukey,
    /// A recovery code.
    Recovery,
}

impl Means {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Webauthn, Self::Ukey, Self::Totp, Self::Sms, Self::Recovery];

    /// The word in addresses and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Totp => "totp",
            Self::Webauthn => "webauthn",
            Self::Ukey => "ukey",
            Self::Recovery => "recovery",
        }
    }

    /// The means that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|means| means.as_str() == word).copied()
    }

    /// The kinds of factor that it proves; none for recovery codes, which stand in for any.
    #[must_use]
    pub const fn kinds(self) -> &'static [FactorKind] {
        match self {
            Self::Sms => &[FactorKind::Sms],
            Self::Totp => &[FactorKind::Totp],
            Self::Webauthn => &[FactorKind::HardwareKey, FactorKind::Passkey],
            Self::Ukey => &[FactorKind::Ukey],
            Self::Recovery => &[],
        }
    }
}

/// A begun answer: what the browser or the telephone needs.
#[derive(Debug)]
pub enum BegunAnswer {
    /// The person types a code, or the connection shows its certificate: there is no challenge.
    Plain,
    /// Options for `navigator.credentials.get()`.
    Webauthn {
        /// The challenge, for the second half.
        challenge: i64,
        /// The options.
        options: Value,
    },
    /// A code to be sent.
    Sms {
        /// The challenge, for the second half.
        challenge: i64,
        /// To whom.
        number: PhoneNumber,
        /// What.
        code: Secret<String>,
    },
}

/// A factor was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its kind; none for a recovery code.
    pub kind: Option<FactorKind>,
    /// The factor; none for a recovery code or a certificate that is known by its name.
    pub factor: Option<i64>,
    /// Whether it counts at the account's level and role: as strong authentication, and to be signed in with. One that does not lets its owner
    /// enrol one that does, and nothing else.
    pub counts: bool,
    /// Recovery codes that are left, if one was used.
    pub codes_left: Option<u32>,
}

/// Begins to show a factor.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails; the refusal as value.
pub fn begin_answer(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    means: Means,
) -> Result<Result<BegunAnswer, FactorRefusal>, IdentityError> {
    take_account(tx, account)?;
    let usable = usable(tx, parts, account, means)?;
    match means {
        Means::Totp | Means::Ukey | Means::Recovery => Ok(Ok(BegunAnswer::Plain)),
        Means::Webauthn => {
            let Some(site) = &parts.site else { return Ok(Err(FactorRefusal::NotEnrolled)) };
            let handle = parts.handle(tx, account);
            match site.begin_assertion(&handle, &credentials(&usable), tx.now()) {
                Ok((options, ceremony)) => {
                    let challenge = keep(tx, account, Purpose::Answer, means.as_str(), &to_json(&ceremony)?)?;
                    Ok(Ok(BegunAnswer::Webauthn { challenge, options }))
                }
                Err(error) => Ok(Err(error.into())),
            }
        }
        Means::Sms => {
            let number = usable.iter().rev().find_map(|stored| match &stored.detail {
                Detail::Sms(number) => Some(number.clone()),
                _ => None,
            });
            let Some(number) = number.filter(|_| parts.sends_sms) else { return Ok(Err(FactorRefusal::NotEnrolled)) };
            if !texting::count(tx, &parts.sms.now(), &number)? {
                return Ok(Err(FactorRefusal::TooManyMessages));
            }
            let code = sms::generate_code(&*tx.context().entropy);
            let challenge = keep(tx, account, Purpose::Answer, means.as_str(), &sms::code_digest(code.expose()))?;
            Ok(Ok(BegunAnswer::Sms { challenge, number, code }))
        }
    }
}

/// Judges what was shown. `mark` is that of a known client, or empty.
///
/// # Errors
/// [`IdentityError`] if the store fails; the refusal as value, with the wrong answer counted.
pub fn finish_answer(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    means: Means,
    challenge: Option<i64>,
    answer: &Answer,
    mark: &[u8],
) -> Result<Result<Answered, FactorRefusal>, IdentityError> {
    take_account(tx, account)?;
    let wait = limit::admit(tx, account, mark)?;
    if !wait.is_zero() {
        return Ok(Err(FactorRefusal::Wait(wait)));
    }
    let usable = usable(tx, parts, account, means)?;
    let judged = judge(tx, parts, account, &usable, (means, challenge, answer))?;
    let (kind, factor) = match judged {
        Ok(shown) => shown,
        Err(refusal) => return Ok(Err(refusal)),
    };
    limit::forgive(tx, account, mark)?;
    let demand = factor_demand(tx, &parts.settings.now(), account)?;
    let counts = match kind {
        Some(kind) => kinds_that_count(&demand).1.contains(&kind),
        // It stands in for the factor that is lost, where one is enrolled that counts.
        None => matches!(demand, FactorDemand::Show { .. }),
    };
    let codes_left = match means {
        Means::Recovery => Some(recovery::count_recovery_codes(tx, account)?),
        _ => None,
    };
    Ok(Ok(Answered { kind, factor, counts, codes_left }))
}

/// Kinds that may be shown, and those of them that count.
fn kinds_that_count(demand: &FactorDemand) -> (BTreeSet<FactorKind>, BTreeSet<FactorKind>) {
    match demand {
        FactorDemand::Nothing => (BTreeSet::new(), BTreeSet::new()),
        FactorDemand::Show { kinds } => (kinds.clone(), kinds.clone()),
        FactorDemand::Enrol { weaker, .. } => (weaker.clone(), BTreeSet::new()),
    }
}

/// Factors of the account that these means prove and that may be shown.
fn usable(tx: &mut Tx<'_>, parts: &Parts, account: i64, means: Means) -> Result<Vec<Stored>, IdentityError> {
    let (kinds, _) = kinds_that_count(&factor_demand(tx, &parts.settings.now(), account)?);
    let mut stored = load(tx, account)?;
    stored.retain(|factor| kinds.contains(&factor.kind) && means.kinds().contains(&factor.kind));
    Ok(stored)
}

type Judged = Result<(Option<FactorKind>, Option<i64>), FactorRefusal>;

fn judge(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    usable: &[Stored],
    shown: (Means, Option<i64>, &Answer),
) -> Result<Judged, IdentityError> {
    match shown {
        (Means::Totp, _, Answer::Code(code)) => judge_totp(tx, account, usable, code.expose()),
        (Means::Sms, Some(challenge), Answer::Code(code)) => {
            let Some(digest) = take_try(tx, account, Purpose::Answer, Means::Sms.as_str(), challenge)? else {
                return Ok(Err(FactorRefusal::Over));
            };
            let Some(factor) = usable.last().filter(|_| sms::fits(code.expose(), &digest)) else {
                return Ok(Err(FactorRefusal::Code));
            };
            end(tx, account, challenge)?;
            note_used(tx, account, factor.id, None, factor.step)?;
            Ok(Ok((Some(factor.kind), Some(factor.id))))
        }
        (Means::Webauthn, Some(challenge), Answer::Webauthn(answer)) => {
            judge_webauthn(tx, parts, account, usable, (challenge, answer))
        }
        (Means::Ukey, _, Answer::Certificate(chain)) => Ok(match person_of_certificate(tx, chain)? {
            Ok(owner) if owner.account == account => {
                let factor = usable.last();
                if let Some(factor) = factor {
                    note_used(tx, account, factor.id, None, factor.step)?;
                }
                factor.map(|it| (Some(it.kind), Some(it.id))).ok_or(FactorRefusal::NotEnrolled)
            }
            Ok(owner) => Err(FactorRefusal::OthersCertificate(owner.subject)),
            Err(refusal) => Err(refusal),
        }),
        (Means::Recovery, _, Answer::Code(code)) => {
            let used = recovery::use_code(tx, account, code.expose())?;
            Ok(if used { Ok((None, None)) } else { Err(FactorRefusal::Code) })
        }
        _ => Ok(Err(FactorRefusal::Over)),
    }
}

fn judge_totp(tx: &mut Tx<'_>, account: i64, usable: &[Stored], code: &str) -> Result<Judged, IdentityError> {
    let mut refusal = FactorRefusal::NotEnrolled;
    for factor in usable {
        let Detail::Totp(totp) = &factor.detail else { continue };
        let last = u64::try_from(factor.step).ok().filter(|step| *step > 0);
        match totp.verify(code, tx.now(), last) {
            Ok(step) => {
                note_used(tx, account, factor.id, None, i64::try_from(step).unwrap_or(i64::MAX))?;
                return Ok(Ok((Some(factor.kind), Some(factor.id))));
            }
            Err(error) => refusal = error.into(),
        }
    }
    Ok(Err(refusal))
}

fn judge_webauthn(
    tx: &mut Tx<'_>,
    parts: &Parts,
    account: i64,
    usable: &[Stored],
    (challenge, answer): (i64, &Value),
) -> Result<Judged, IdentityError> {
    let Some(site) = &parts.site else { return Ok(Err(FactorRefusal::NotEnrolled)) };
    let Some(kept) = take_try(tx, account, Purpose::Answer, Means::Webauthn.as_str(), challenge)? else {
        return Ok(Err(FactorRefusal::Over));
    };
    // An assertion is judged once, right or wrong.
    end(tx, account, challenge)?;
    let ceremony: Ceremony = serde_json::from_slice(&kept).map_err(corrupt)?;
    let used = match site.finish_assertion(&ceremony, &credentials(usable), answer, tx.now()) {
        Ok(used) => used,
        Err(error) => return Ok(Err(error.into())),
    };
    let found = usable.iter().find(|factor| matches!(&factor.detail, Detail::Webauthn(it) if it.id() == used.id()));
    let Some(factor) = found else { return Ok(Err(FactorRefusal::NotEnrolled)) };
    note_used(tx, account, factor.id, Some(&Detail::Webauthn(Box::new(used))), factor.step)?;
    Ok(Ok((Some(factor.kind), Some(factor.id))))
}

/// Whose a client certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateOwner {
    /// The account.
    pub account: i64,
    /// Its number among the account's factors, if it was enrolled.
    pub factor: Option<i64>,
    /// Whose it is, as it says.
    pub subject: String,
}

/// Whose client certificate this is: the account that has enrolled it, or else the one whose address it names, by an authority of that
/// account's organisation.
///
/// # Errors
/// [`IdentityError`] if the store fails; the refusal as value.
pub fn person_of_certificate(
    tx: &mut Tx<'_>,
    chain: &[CertificateDer<'_>],
) -> Result<Result<CertificateOwner, FactorRefusal>, IdentityError> {
    let Some(own) = chain.first() else { return Ok(Err(ukey::UkeyError::Missing.into())) };
    let mark = certificate_mark(tx, &ukey::fingerprint(own));
    let enrolled =
        tx.row("SELECT account, id FROM factor WHERE mark = $1 AND kind = 'ukey'", params![&mark], |row| {
            Ok((row.int(0)?, row.int(1)?))
        })?;
    let factor = enrolled.map(|(_, id)| id);
    let mut people: BTreeSet<i64> = enrolled.into_iter().map(|(account, _)| account).collect();
    if people.is_empty() {
        let emails = match ukey::claimed_emails(own) {
            Ok(emails) => emails,
            Err(error) => return Ok(Err(error.into())),
        };
        for email in &emails {
            match crate::find_by_address(tx, email) {
                Ok(owner) => people.extend(owner),
                Err(IdentityError::Address { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let mut refusal = FactorRefusal::NotEnrolled;
    for person in people {
        let organisation = load_account(tx, person)?.organisation;
        match ukey::verify(chain, &authority::load(tx, organisation)?, tx.now()) {
            Ok(shown) => return Ok(Ok(CertificateOwner { account: person, factor, subject: shown.subject })),
            Err(error) => refusal = error.into(),
        }
    }
    Ok(Err(refusal))
}

pub(super) fn certificate_mark(tx: &Tx<'_>, fingerprint: &[u8; 32]) -> Vec<u8> {
    tx.context().keys.region().hashing().hash(&[&b"client certificate "[..], fingerprint].concat()).to_vec()
}
