//! What was done about a request, step by step: for whoever looks at it, and as records of the audit log.

use access::Via;
use env::Timestamp;
use identity::rights::{self, Event, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::SubjectError;

const PLACE: &str = "subject_step.detail";

/// Steps of one request that are listed.
const LISTED_MAX: i64 = 1_000;

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The account; none for whoever has the machine.
    pub account: Option<i64>,
    /// How people know it: its address.
    pub name: String,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What: opened, identified, extended, searched, reported, investigated, corrected, restricted, lifted, erased, letter-sent, taken, done, refused,
    /// withdrawn.
    pub what: String,
    /// By whom.
    pub by: String,
    /// What is to be known of it.
    pub note: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    what: String,
    by: String,
    note: String,
}

/// What a step is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) organisation: i64,
    pub(crate) request: i64,
    /// The pseudonym of the person.
    pub(crate) person: &'a str,
}

/// Notes a step, and records it under the person's pseudonym; gives the number of the record. The note is for the register alone: it may name people.
pub(crate) fn note(tx: &mut Tx<'_>, of: Of<'_>, what: &str, by: &By, note: &str) -> Result<i64, SubjectError> {
    note_with(tx, of, what, by, note, json!({ "request": format!("{:x}", of.request), "person": of.person }))
}

/// The same with an object of its own for the record.
pub(crate) fn note_with(
    tx: &mut Tx<'_>,
    of: Of<'_>,
    what: &str,
    by: &By,
    note: &str,
    object: serde_json::Value,
) -> Result<i64, SubjectError> {
    let (id, now) = (tx.next_id(), tx.now().millis());
    let detail = Detail { what: what.to_owned(), by: by.name.clone(), note: note.to_owned() };
    let sealed = owned::seal(tx, Owner::Organisation(of.organisation), PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO subject_step (organisation, request, id, at, detail) VALUES ($1, $2, $3, $4, $5)",
        params![of.organisation, of.request, id, now, &sealed],
    )?;
    let event = Event {
        organisation: of.organisation,
        account: by.account,
        via: Via::Local,
        address: None,
        action: format!("subject-step-{what}"),
        object: object.to_string(),
        outcome: Outcome::Done,
        row: "subject request".to_owned(),
    };
    Ok(rights::record(tx, &event)?.unwrap_or(0))
}

/// The steps of a request in their order.
///
/// # Errors
/// [`SubjectError`] if the store fails or one does not open.
pub fn steps(tx: &mut Tx<'_>, organisation: i64, request: i64) -> Result<Vec<Step>, SubjectError> {
    let rows = tx.rows(
        "SELECT id, at, detail FROM subject_step WHERE organisation = $1 AND request = $2 ORDER BY id LIMIT $3",
        params![organisation, request, LISTED_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let mut steps = Vec::with_capacity(rows.len());
    for (id, at, sealed) in rows {
        let Detail { what, by, note } = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
        steps.push(Step { at: Timestamp::from_millis(at), what, by, note });
    }
    Ok(steps)
}
