//! A trace begins.

use std::net::IpAddr;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use crate::marks::{Marks, day_of, pack};
use crate::note::fit;
use crate::sealed::Keeper;
use crate::{Direction, Found, Outcome, Step, Traced};

/// Recipients that a trace names; of further ones it says how many they are.
pub(crate) const NAMED_MAX: usize = 100;

/// Characters of texts that strangers choose: subjects, addresses, names.
const TEXT_CHARS_MAX: usize = 200;

/// Steps of one trace at its beginning.
const STEPS_MAX: usize = 32;

pub(crate) const DETAIL: &str = "trace.detail";

/// A message whose trace begins.
#[derive(Debug, Clone)]
pub struct New {
    /// Whose trace it is, and its number, which [`env::IdSource`] gave.
    pub traced: Traced,
    /// When the message came.
    pub at: Timestamp,
    /// Which way it goes.
    pub direction: Direction,
    /// How it stands with it.
    pub outcome: Outcome,
    /// What the filter said.
    pub verdict: Found,
    /// Recipients that wait in the queue.
    pub open: u64,
    /// Its octets, as far as they came.
    pub size: u64,
    /// From where.
    pub client: Option<IpAddr>,
    /// Address in MAIL FROM; empty for the null sender.
    pub from: String,
    /// Addresses that it is for.
    pub to: Vec<String>,
    /// Its subject, decoded.
    pub subject: String,
    /// Its Message-ID, without angle brackets; may be empty.
    pub message_id: String,
    /// Accounts here that it is from or for.
    pub accounts: Vec<i64>,
    /// What happened until now, in order.
    pub steps: Vec<Step>,
    /// Sender, recipients, subject and Message-ID are not kept: it is found by them and shows none of them.
    pub is_impersonal: bool,
}

/// What rests sealed of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    #[serde(rename = "f")]
    pub(crate) from: String,
    #[serde(rename = "t")]
    pub(crate) to: Vec<String>,
    /// Recipients beside those that are named.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub(crate) more: u64,
    #[serde(rename = "s", default)]
    pub(crate) subject: String,
    #[serde(rename = "m", default)]
    pub(crate) message_id: String,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<IpAddr>,
    #[serde(rename = "x")]
    pub(crate) steps: Vec<Step>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Detail {
    fn of(new: &New) -> Self {
        let steps = new.steps.iter().take(STEPS_MAX).map(fit).collect();
        if new.is_impersonal {
            let (from, to, subject, message_id) = Default::default();
            let more = new.to.len() as u64;
            return Self { from, to, more, subject, message_id, client: new.client, steps };
        }
        Self {
            from: cut(&new.from),
            to: new.to.iter().take(NAMED_MAX).map(|to| cut(to)).collect(),
            more: new.to.len().saturating_sub(NAMED_MAX) as u64,
            subject: cut(&new.subject),
            message_id: cut(&new.message_id),
            client: new.client,
            steps,
        }
    }
}

/// A text as it is kept: of bounded length, without what could move a terminal's cursor.
pub(crate) fn cut(text: &str) -> String {
    cut_to(text, TEXT_CHARS_MAX)
}

/// The same with another bound.
pub(crate) fn cut_to(text: &str, chars_max: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(chars_max).collect()
}

/// Writes the beginning of a trace, in the transaction that takes the message.
///
/// # Errors
/// [`StoreError`] if the organisation is gone or the store fails.
pub fn keep(tx: &mut Tx<'_>, new: &New) -> Result<(), StoreError> {
    let Traced { organisation, id } = new.traced;
    let keeper = Keeper::of(tx, organisation)?;
    let detail = keeper.seal(tx, DETAIL, &[id], &Detail::of(new))?;
    let addresses = std::iter::once(&new.from).chain(&new.to).map(String::as_str);
    let marks = Marks(keeper.hashing()).all(addresses, &new.message_id, new.client, &new.accounts);
    tx.execute(
        "INSERT INTO trace (id, organisation, at, direction, outcome, verdict, open, failed, size, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)",
        params![
            id,
            organisation,
            new.at.millis(),
            new.direction.number(),
            new.outcome.number(),
            new.verdict.number(),
            i64::try_from(new.open).unwrap_or(i64::MAX),
            i64::try_from(new.size).unwrap_or(i64::MAX),
            &detail
        ],
    )?;
    tx.execute("INSERT INTO trace_fresh (id, marks) VALUES ($1, $2)", params![id, &pack(&marks)])?;
    Ok(())
}

/// Writes traces of what was refused, as long as their day has not had `per_day_max`; gives how many.
///
/// # Errors
/// As [`keep`].
pub fn keep_refused(tx: &mut Tx<'_>, refused: &[New], per_day_max: u32) -> Result<usize, StoreError> {
    let mut kept = 0;
    for new in refused {
        let day = day_of(new.traced.id);
        let counted = tx.row(
            "INSERT INTO trace_day (day, refused) VALUES ($1, 1)
             ON CONFLICT (day) DO UPDATE SET refused = trace_day.refused + 1 WHERE trace_day.refused < $2 RETURNING refused",
            params![day, i64::from(per_day_max)],
            |row| row.int(0),
        )?;
        if counted.is_some() {
            keep(tx, new)?;
            kept += 1;
        }
    }
    Ok(kept)
}
