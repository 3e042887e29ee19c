//! An account as sign-in sees it.

use ::factors::FactorKind;
use env::{Secret, Timestamp};
use mail::Address;
use rustls_pki_types::CertificateDer;
use store::{Tx, params};
use wire::sasl::Candidate;

use super::{AuthFailure, Holder, Method, Principal, Rules, Scope, Standing};
use crate::app_password::{self, Found};
use crate::factors::{person_of_certificate, rule_of};
use crate::password::open_scram;
use crate::password::policy::password_policy;
use crate::{AccountState, FactorSettings, IdentityError, Language, Level, Protocol, Role, second_factor};

/// An account as sign-in sees it.
pub(crate) struct Login {
    pub(crate) account: i64,
    pub(crate) organisation: i64,
    pub(crate) level: Level,
    state: AccountState,
    role: Role,
    language: Language,
    pub(crate) address: String,
    epoch: i64,
}

/// The password of an account.
pub(crate) struct Credential {
    pub(crate) id: i64,
    pub(crate) hash: String,
    /// Whether it is older than the level allows.
    pub(crate) is_too_old: bool,
}

/// What one attempt with a password needs to know.
pub(crate) struct Attempted {
    pub(crate) login: Login,
    pub(crate) credential: Option<Credential>,
    /// The app password that was shown, if it is one.
    pub(crate) app_password: Option<Found>,
    /// The directory elsewhere that has the account's password, if it is not here.
    pub(crate) holder: Option<Holder>,
    /// Whether the account's password alone opens nothing.
    pub(crate) is_guarded: bool,
}

/// The directory elsewhere that has the account's password, if it is not here.
fn holder_of(tx: &mut Tx<'_>, rules: &Rules, account: i64) -> Result<Option<Holder>, IdentityError> {
    rules.elsewhere.as_deref().map_or(Ok(None), |elsewhere| elsewhere.holder_of(tx, account))
}

impl Login {
    /// Who is signed in by what was shown.
    pub(crate) fn principal(self, method: Method, credential: i64, scope: Scope) -> Result<Principal, AuthFailure> {
        match self.state {
            AccountState::Active => Ok(Principal {
                account: self.account,
                organisation: self.organisation,
                address: self.address,
                role: self.role,
                language: self.language,
                method,
                session: None,
                strong_at: None,
                scope,
                standing: Standing { credential, epoch: self.epoch },
            }),
            AccountState::Frozen => Err(AuthFailure::Frozen),
            AccountState::Disabled => Err(AuthFailure::Disabled),
        }
    }
}

/// The name that attempts are counted under and accounts are found by.
pub(super) fn canonical_login(login: &str) -> String {
    match Address::parse(login) {
        Ok(address) => address.canonical(),
        Err(_) => login.chars().take(mail::address::ADDRESS_OCTETS_MAX).flat_map(char::to_lowercase).collect(),
    }
}

/// Loads what an attempt of `login` with `password` needs.
pub(super) fn load_attempted(
    tx: &mut Tx<'_>,
    rules: &Rules,
    login: &str,
    password: &Secret<String>,
    protocol: Protocol,
) -> Result<Option<Attempted>, IdentityError> {
    let Some(login) = load_login(tx, login)? else { return Ok(None) };
    let account = login.account;
    let app_password = match protocol {
        Protocol::Web => None,
        Protocol::Imap | Protocol::Smtp => app_password::find(tx, account, password)?,
    };
    let credential = tx.row(
        "SELECT id, hash, created FROM credential WHERE account = $1 AND kind = 'password' ORDER BY id DESC LIMIT 1",
        params![account],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?)),
    )?;
    let credential = credential.map(|(id, hash, created)| {
        let is_too_old = is_too_old(tx, rules, login.level, created);
        Credential { id, hash, is_too_old }
    });
    let is_guarded = second_factor::is_required(tx, &rules.factors.now(), account)?;
    let holder = holder_of(tx, rules, account)?;
    Ok(Some(Attempted { login, credential, app_password, holder, is_guarded }))
}

/// Whether a password that was chosen at `created` is older than `level` allows.
fn is_too_old(tx: &Tx<'_>, rules: &Rules, level: Level, created: i64) -> bool {
    password_policy(&rules.passwords.now(), level).is_expired(Timestamp::from_millis(created), tx.now())
}

/// The account that has the address `login`.
pub(super) fn load_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<Login>, IdentityError> {
    let account = tx.row("SELECT account FROM address WHERE address = $1", params![login], |row| row.int(0))?;
    match account {
        Some(account) => load_login_of(tx, account),
        None => Ok(None),
    }
}

/// The account with this number.
pub(crate) fn load_login_of(tx: &mut Tx<'_>, account: i64) -> Result<Option<Login>, IdentityError> {
    let row = tx.row(
        "SELECT a.organisation, a.state, a.role, a.language, o.level, p.address, a.sign_in_epoch
         FROM account a JOIN organisation o ON o.id = a.organisation
              JOIN address p ON p.account = a.id AND p.kind = 'primary'
         WHERE a.id = $1",
        params![account],
        |row| {
            let word = |index| Ok::<_, store::StoreError>(row.text(index)?.to_owned());
            Ok((row.int(0)?, [word(1)?, word(2)?, word(3)?, word(4)?], word(5)?, row.int(6)?))
        },
    )?;
    let Some((organisation, [state, role, language, level], address, epoch)) = row else { return Ok(None) };
    Ok(Some(Login {
        account,
        organisation,
        state: state.parse()?,
        role: role.parse()?,
        language: language.parse()?,
        level: level.parse()?,
        address,
        epoch,
    }))
}

/// Who is signed in by a client certificate; `login` is an address that the account must have, if the client named one.
pub(super) fn load_certified(
    tx: &mut Tx<'_>,
    factors: &FactorSettings,
    chain: &[CertificateDer<'_>],
    login: Option<&str>,
) -> Result<Result<Principal, AuthFailure>, IdentityError> {
    let owner = match person_of_certificate(tx, chain)? {
        Ok(owner) => owner,
        Err(refusal) => {
            tracing::info!(cause = %refusal, "a client certificate was refused");
            return Ok(Err(AuthFailure::Refused));
        }
    };
    let named = login.map(|login| load_login(tx, login)).transpose()?;
    let is_other = named.is_some_and(|named| named.is_none_or(|named| named.account != owner.account));
    if is_other || !rule_of(tx, factors, owner.account)?.allowed.contains(&FactorKind::Ukey) {
        tracing::info!(account = owner.account, "a client certificate does not count for whom it was shown for");
        return Ok(Err(AuthFailure::Refused));
    }
    let Some(found) = load_login_of(tx, owner.account)? else { return Ok(Err(AuthFailure::Refused)) };
    let now = tx.now();
    let signed_in = found.principal(Method::Certificate, owner.factor.unwrap_or(0), Scope::ALL);
    Ok(signed_in.map(|principal| Principal { strong_at: Some(now), ..principal }))
}

/// The level that a user of that name would have, so that a check of nobody's password takes as long.
pub(super) fn level_of(tx: &mut Tx<'_>, login: &str) -> Result<Level, IdentityError> {
    let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
    let level = tx.row(
        "SELECT o.level FROM domain d JOIN organisation o ON o.id = d.organisation WHERE d.name = $1",
        params![domain],
        |row| Ok(row.text(0)?.to_owned()),
    )?;
    Ok(level.map_or(Ok(Level::Basic), |level| level.parse())?)
}

/// Keys of every password that opens `protocol` for `login`: the account's own, where no second factor guards it, and the app
/// passwords.
pub(super) fn load_candidates(
    tx: &mut Tx<'_>,
    rules: &Rules,
    login: &str,
    protocol: Protocol,
) -> Result<Vec<Candidate>, IdentityError> {
    let Some(found) = load_login(tx, login)? else { return Ok(Vec::new()) };
    let account = found.account;
    let mut candidates = Vec::new();
    if !second_factor::is_required(tx, &rules.factors.now(), account)? && holder_of(tx, rules, account)?.is_none() {
        let own = tx.row(
            "SELECT id, scram, created FROM credential WHERE account = $1 AND kind = 'password' ORDER BY id DESC LIMIT 1",
            params![account],
            |row| Ok((row.int(0)?, row.bytes_opt(1)?.map(<[u8]>::to_vec), row.int(2)?)),
        )?;
        if let Some((id, Some(sealed), created)) = own
            && !is_too_old(tx, rules, found.level, created)
        {
            candidates.push(Candidate { id, keys: open_scram(tx, account, id, &sealed)? });
        }
    }
    candidates.extend(app_password::scram_candidates(tx, account, protocol)?);
    Ok(candidates)
}

/// Who is signed in by having proved to know the password or app password `candidate`, if it still opens `protocol`.
pub(super) fn load_proved(
    tx: &mut Tx<'_>,
    rules: &Rules,
    login: &str,
    candidate: i64,
    protocol: Protocol,
) -> Result<Result<Principal, AuthFailure>, IdentityError> {
    let Some(found) = load_login(tx, login)? else { return Ok(Err(AuthFailure::Refused)) };
    if let Some(app) = app_password::find_by_id(tx, found.account, candidate)? {
        return Ok(if app.scope.covers(protocol) {
            found.principal(Method::AppPassword(app.id), app.id, app.scope)
        } else {
            Err(AuthFailure::OutOfScope)
        });
    }
    let own = tx.row(
        "SELECT id, created FROM credential WHERE account = $1 AND id = $2 AND kind = 'password'",
        params![found.account, candidate],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    let Some((own, created)) = own else { return Ok(Err(AuthFailure::Refused)) };
    if holder_of(tx, rules, found.account)?.is_some() {
        return Ok(Err(AuthFailure::Refused));
    }
    if second_factor::is_required(tx, &rules.factors.now(), found.account)? {
        return Ok(Err(AuthFailure::AppPasswordNeeded));
    }
    if is_too_old(tx, rules, found.level, created) {
        return Ok(Err(AuthFailure::PasswordTooOld));
    }
    Ok(found.principal(Method::Password, own, Scope::ALL))
}
