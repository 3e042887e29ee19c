//! Second factors of accounts: enrolled, shown, listed, removed. Secrets rest sealed under the account's key.
//!
//! Enrolling and showing have two halves each. The first leaves a challenge behind, whose number the caller keeps; the second uses it up.
//! What is wrong is counted in the same transaction, so what judges answers gives its refusal as a value, not as an error that would undo the
//! counting.

mod answer;
mod authority;
mod challenge;
mod desk;
mod enrol;
mod limit;
mod online;
mod recovery;
mod refusal;
mod sealed;
mod texting;

use std::collections::BTreeSet;

use ::factors::FactorKind;
use env::Timestamp;
use store::{Notice, Tx, params};

use crate::account::take_account;
use crate::factor_policy::{FactorDemand, FactorRule, FactorSettings, factor_rule};
use crate::{AccountKind, AccountState, IdentityError, Level, PAGE_MAX, Role, list_accounts};

pub use answer::{
    Answer, Answered, BegunAnswer, CertificateOwner, Means, begin_answer, finish_answer, person_of_certificate,
};
pub use authority::{AuthorityEntry, add_authority, list_authorities, remove_authority, set_crl};
pub use desk::{DeskError, FactorDesk, Parts, SmsCarrier, Texting};
pub use enrol::{BegunEnrolment, Enrolment, ShownEnrolment, begin_enrolment, finish_enrolment};
pub use online::{OcspCarrier, Online};
pub use recovery::{count_recovery_codes, make_recovery_codes};
pub use refusal::FactorRefusal;

/// Factors that an account may have.
pub const FACTORS_MAX: usize = 20;

/// Bytes of a factor's label.
pub const LABEL_BYTES_MAX: usize = 100;

/// An enrolled factor as its owner looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub label: String,
    /// What tells it from others: masked number, subject of the certificate; empty where there is nothing to show.
    pub hint: String,
    /// When it was enrolled.
    pub created: Timestamp,
    /// When it was last shown.
    pub used: Option<Timestamp>,
}

/// Which kinds count for an account, by its level and role.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails.
pub fn rule_of(tx: &mut Tx<'_>, settings: &FactorSettings, account: i64) -> Result<FactorRule, IdentityError> {
    let row = tx.row(
        "SELECT o.level, a.role FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = $1",
        params![account],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())),
    )?;
    let (level, role) = row.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    Ok(factor_rule(settings, level.parse()?, role.parse()?))
}

/// The enrolled factors of an account, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_factors(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Factor>, IdentityError> {
    sealed::load(tx, account)?.into_iter().map(|stored| stored.describe()).collect()
}

/// Takes a factor from an account. What is under way is forgotten.
///
/// # Errors
/// [`IdentityError::NoFactor`] if the account has no such factor.
pub fn remove_factor(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    let removed = tx.execute("DELETE FROM factor WHERE account = $1 AND id = $2", params![account, id])?;
    if removed == 0 {
        return Err(IdentityError::NoFactor(id));
    }
    tx.execute("DELETE FROM factor_challenge WHERE account = $1", params![account])?;
    // Connections that a certificate has opened end with it.
    tx.notify(Notice::SignIns(account));
    let left = tx.row("SELECT id FROM factor WHERE account = $1 LIMIT 1", params![account], |row| row.int(0))?;
    if left.is_none() {
        // Recovery codes stand in for a factor; without one they would be one.
        tx.execute("DELETE FROM recovery_code WHERE account = $1", params![account])?;
    }
    Ok(())
}

/// As [`remove_factor`], by the account's own person: the last one that counts stays where one is required.
///
/// # Errors
/// As [`remove_factor`], and [`IdentityError::LastFactor`].
pub fn give_up_factor(tx: &mut Tx<'_>, settings: &FactorSettings, account: i64, id: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    let rule = rule_of(tx, settings, account)?;
    let others = tx.rows("SELECT kind FROM factor WHERE account = $1 AND id <> $2", params![account, id], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    let others: Vec<FactorKind> = others.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    if rule.required && !others.iter().any(|kind| rule.allowed.contains(kind)) {
        return Err(IdentityError::LastFactor(id));
    }
    remove_factor(tx, account, id)
}

/// What is asked of an account besides its password.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails.
pub fn factor_demand(tx: &mut Tx<'_>, settings: &FactorSettings, account: i64) -> Result<FactorDemand, IdentityError> {
    let row = tx.row(
        "SELECT o.level, a.role, a.created, COALESCE(d.since, 0)
         FROM account a JOIN organisation o ON o.id = a.organisation LEFT JOIN factor_demand d ON d.organisation = o.id
         WHERE a.id = $1",
        params![account],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), [row.int(2)?, row.int(3)?])),
    )?;
    let (level, role, [created, since]) = row.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let (level, role): (Level, Role) = (level.parse()?, role.parse()?);
    let enrolled = enrolled_kinds(tx, account)?;
    let since = Timestamp::from_millis(created.max(since));
    Ok(FactorDemand::new(settings, &factor_rule(settings, level, role), &enrolled, since))
}

/// Somebody who must have a second factor and has none that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutFactor {
    /// The account.
    pub account: i64,
    /// Its main address.
    pub address: String,
    /// What the person does.
    pub role: Role,
    /// What is asked: always that one be enrolled.
    pub demand: FactorDemand,
}

/// Who must have a second factor and has none that counts, of one organisation or all; people in use alone, as nobody signs in to others by
/// a password.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_without_factor(
    tx: &mut Tx<'_>,
    settings: &FactorSettings,
    organisation: Option<i64>,
) -> Result<Vec<WithoutFactor>, IdentityError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = list_accounts(tx, organisation, after, PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id;
        for person in page {
            if person.kind != AccountKind::Person || person.state == AccountState::Disabled {
                continue;
            }
            let demand = factor_demand(tx, settings, person.id)?;
            if matches!(demand, FactorDemand::Enrol { .. }) {
                let address = person.addresses.into_iter().next().unwrap_or_default();
                found.push(WithoutFactor { account: person.id, address, role: person.role, demand });
            }
        }
    }
}

fn enrolled_kinds(tx: &mut Tx<'_>, account: i64) -> Result<BTreeSet<FactorKind>, IdentityError> {
    let words = tx.rows("SELECT DISTINCT kind FROM factor WHERE account = $1", params![account], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    Ok(words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?)
}

/// Notes for each organisation from when on its level asks for a second factor: from now, where that was not noted before. Called at each
/// start, so that an upgrade locks nobody out, and when a level changes.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn note_demands(tx: &mut Tx<'_>, settings: &FactorSettings) -> Result<(), IdentityError> {
    let unnoted = tx.rows(
        "SELECT o.id, o.level FROM organisation o LEFT JOIN factor_demand d ON d.organisation = o.id WHERE d.since IS NULL",
        params![],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned())),
    )?;
    for (organisation, level) in unnoted {
        if factor_rule(settings, level.parse()?, Role::Sales).required {
            tx.execute(
                "INSERT INTO factor_demand (organisation, since) VALUES ($1, $2) ON CONFLICT (organisation) DO NOTHING",
                params![organisation, tx.now().millis()],
            )?;
        }
    }
    Ok(())
}

/// Forgets what is over: challenges, counted messages, wrong answers of long ago, clients that have not come back.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_expired(tx: &mut Tx<'_>) -> Result<(), IdentityError> {
    let now = tx.now().millis();
    let before = |days: i64| now - days * 86_400_000;
    tx.execute("DELETE FROM factor_challenge WHERE expires <= $1", params![now])?;
    tx.execute("DELETE FROM sms_sent WHERE sent <= $1", params![before(1)])?;
    tx.execute("DELETE FROM factor_failure WHERE last <= $1", params![before(1)])?;
    tx.execute("DELETE FROM known_client WHERE seen <= $1", params![before(crate::known::KNOWN_DAYS)])?;
    Ok(())
}
