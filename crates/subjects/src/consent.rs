//! The register of consents: who agreed to what, when, and by which evidence; and who no longer does (GDPR article 7, PIPL articles 14 to 16).

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Row, StoreError, Tx, params};

use crate::SubjectError;
use crate::request::{check_address, check_text};

/// Consents of one page.
const PAGE_MAX: u32 = 200;

const PLACE: &str = "consent.detail";

/// A consent to be entered.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// Name of the person.
    pub name: String,
    /// His address.
    pub address: String,
    /// What for.
    pub purpose: String,
    /// Where it can be read: a form, a letter, a version of a text.
    pub evidence: String,
    /// When it was given; now if that is not said.
    pub given: Option<Timestamp>,
    /// Who enters it.
    pub by: String,
}

/// A consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its number.
    pub id: i64,
    /// Name of the person.
    pub name: String,
    /// His address.
    pub address: String,
    /// What for.
    pub purpose: String,
    /// Where it can be read.
    pub evidence: String,
    /// When it was given.
    pub given: Timestamp,
    /// When it was withdrawn.
    pub withdrawn: Option<Timestamp>,
    /// Where that can be read.
    pub withdrawal: String,
    /// Who entered it.
    pub by: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    name: String,
    address: String,
    purpose: String,
    evidence: String,
    by: String,
    #[serde(default)]
    withdrawal: String,
}

/// Which consents are listed.
#[derive(Debug, Clone, Default)]
pub struct ConsentsWanted {
    /// Of this person alone.
    pub address: Option<String>,
    /// Behind this one.
    pub after: Option<i64>,
    /// At most so many; two hundred for 0 and more than that.
    pub limit: u32,
}

fn person_of(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<u8>, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(format!("consent {address}").as_bytes()).to_vec())
}

/// Enters a consent; gives its number.
///
/// # Errors
/// [`SubjectError`] if a part is wrong or the store fails.
pub fn add_consent(tx: &mut Tx<'_>, organisation: i64, new: &NewConsent) -> Result<i64, SubjectError> {
    let address = check_address("the address", &new.address)?;
    for (part, text) in [("the name", &new.name), ("the purpose", &new.purpose), ("the evidence", &new.evidence)] {
        check_text(part, text)?;
    }
    let (id, now) = (tx.next_id(), tx.now());
    let given = new.given.unwrap_or(now);
    if given > now {
        let cause = "is in the future: a consent stands from when it was given".to_owned();
        return Err(SubjectError::Part { part: "the day", cause });
    }
    let person = person_of(tx, organisation, &address)?;
    let detail = Detail {
        name: new.name.clone(),
        address,
        purpose: new.purpose.clone(),
        evidence: new.evidence.clone(),
        by: new.by.clone(),
        withdrawal: String::new(),
    };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO consent (organisation, id, person, given, withdrawn, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![organisation, id, &person, given.millis(), &sealed],
    )?;
    Ok(id)
}

/// Notes that a consent was withdrawn; it stays in the register.
///
/// # Errors
/// [`SubjectError::NoConsent`], or if the evidence is empty or the store fails.
pub fn withdraw_consent(tx: &mut Tx<'_>, organisation: i64, id: i64, evidence: &str) -> Result<(), SubjectError> {
    check_text("the evidence", evidence)?;
    let now = tx.now().millis();
    let sealed = tx.row(
        "UPDATE consent SET withdrawn = $3 WHERE organisation = $1 AND id = $2 AND withdrawn = 0 RETURNING detail",
        params![organisation, id, now],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    let sealed = sealed.ok_or(SubjectError::NoConsent(id))?;
    let owner = Owner::Organisation(organisation);
    let mut detail: Detail = owned::open(tx, owner, PLACE, id, &sealed)?;
    evidence.clone_into(&mut detail.withdrawal);
    let sealed = owned::seal(tx, owner, PLACE, id, &detail)?;
    tx.execute(
        "UPDATE consent SET detail = $3 WHERE organisation = $1 AND id = $2",
        params![organisation, id, &sealed],
    )?;
    Ok(())
}

/// Consents of an organisation, the first first.
///
/// # Errors
/// [`SubjectError`] if the address is none, or the store fails.
pub fn consents(tx: &mut Tx<'_>, organisation: i64, wanted: &ConsentsWanted) -> Result<Vec<Consent>, SubjectError> {
    let limit = if wanted.limit == 0 { PAGE_MAX } else { wanted.limit.min(PAGE_MAX) };
    let after = wanted.after.unwrap_or(0);
    let rows = match &wanted.address {
        Some(given) => {
            let address = check_address("the address", given)?;
            let person = person_of(tx, organisation, &address)?;
            tx.rows(
                "SELECT id, given, withdrawn, detail FROM consent WHERE organisation = $1 AND person = $2 AND id > $3
                 ORDER BY id LIMIT $4",
                params![organisation, &person, after, limit],
                raw,
            )?
        }
        None => tx.rows(
            "SELECT id, given, withdrawn, detail FROM consent WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
            params![organisation, after, limit],
            raw,
        )?,
    };
    rows.into_iter().map(|row| open(tx, organisation, row)).collect()
}

/// All consents of one person; his address is in its one form.
pub(crate) fn of_person(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<Consent>, SubjectError> {
    consents(tx, organisation, &ConsentsWanted { address: Some(address.to_owned()), ..ConsentsWanted::default() })
}

type Columns = ([i64; 3], Vec<u8>);

fn raw(row: &Row<'_>) -> Result<Columns, StoreError> {
    Ok(([row.int(0)?, row.int(1)?, row.int(2)?], row.bytes(3)?.to_vec()))
}

fn open(tx: &mut Tx<'_>, organisation: i64, row: Columns) -> Result<Consent, SubjectError> {
    let ([id, given, withdrawn], sealed) = row;
    let detail: Detail = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
    let Detail { name, address, purpose, evidence, by, withdrawal } = detail;
    let withdrawn = (withdrawn != 0).then(|| Timestamp::from_millis(withdrawn));
    let given = Timestamp::from_millis(given);
    Ok(Consent { id, name, address, purpose, evidence, given, withdrawn, withdrawal, by })
}
