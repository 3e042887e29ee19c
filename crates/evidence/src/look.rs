//! Looking: a check reads by a [`Look`], which writes down what was read and where.

use std::collections::BTreeMap;

use env::Timestamp;
use identity::{Level, Organisation};
use serde_json::Value;
use store::{Tx, Value as Param};

use crate::check::{Check, Scope};
use crate::outcome::{Outcome, Reading, Why};
use crate::{EvidenceError, Surroundings};

/// Whose evidence is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// One organisation; none for all.
    pub organisation: Option<i64>,
}

impl Within {
    /// Under which number the outcome of `check` is kept.
    #[must_use]
    pub fn key(self, check: Check) -> i64 {
        match check.scope() {
            Scope::Installation => 0,
            Scope::Organisation => self.organisation.unwrap_or(0),
        }
    }
}

/// What a check reads by.
pub(crate) struct Look<'l, 't> {
    tx: &'l mut Tx<'t>,
    around: &'l Surroundings,
    organisations: &'l [Organisation],
    readings: Vec<Reading>,
    wrong: Vec<Why>,
    person: Vec<Why>,
}

impl<'l, 't> Look<'l, 't> {
    /// What is known of settings and machine.
    pub(crate) const fn around(&self) -> &'l Surroundings {
        self.around
    }

    /// The organisations that are looked at.
    pub(crate) const fn organisations(&self) -> &'l [Organisation] {
        self.organisations
    }

    /// The highest level among them.
    pub(crate) fn level(&self) -> Level {
        self.organisations.iter().map(|one| one.level).max().unwrap_or(Level::Basic)
    }

    /// For functions of other crates, whose answers are then written down by [`Self::read`].
    pub(crate) const fn tx(&mut self) -> &mut Tx<'t> {
        self.tx
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.tx.now()
    }

    /// Writes down what was read.
    pub(crate) fn read(&mut self, figure: &'static str, source: &str, value: impl Into<Value>) {
        self.readings.push(Reading::new(figure, value.into(), source));
    }

    /// Writes down a setting that is in force.
    pub(crate) fn setting(&mut self, name: &'static str, value: impl Into<Value>) {
        self.readings.push(Reading::new("setting", value.into(), name));
    }

    /// One number from the store, without writing it down. No row is 0.
    pub(crate) fn number(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<i64, EvidenceError> {
        Ok(self.tx.row(sql, params, |row| row.int_opt(0))?.flatten().unwrap_or(0))
    }

    /// One number from `table`, written down.
    pub(crate) fn count(
        &mut self,
        figure: &'static str,
        table: &'static str,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<i64, EvidenceError> {
        let found = self.number(sql, params)?;
        self.read(figure, table, found);
        Ok(found)
    }

    /// Something is wrong.
    pub(crate) fn wrong(&mut self, key: &'static str, values: &[(&str, String)]) {
        self.wrong.push(why(key, values));
    }

    /// Something that a person must look at.
    pub(crate) fn person(&mut self, key: &'static str, values: &[(&str, String)]) {
        self.person.push(why(key, values));
    }
}

fn why(key: &str, values: &[(&str, String)]) -> Why {
    let values: BTreeMap<String, String> =
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Why { key: key.to_owned(), values }
}

/// How `check` comes out now.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn look_at(tx: &mut Tx<'_>, around: &Surroundings, within: Within, check: Check) -> Result<Outcome, EvidenceError> {
    let mut organisations = identity::list_organisations(tx)?;
    if check.scope() == Scope::Organisation {
        organisations.retain(|one| within.organisation.is_none_or(|wanted| wanted == one.id));
    }
    let (readings, wrong, person) = Default::default();
    let mut look = Look { tx, around, organisations: &organisations, readings, wrong, person };
    (check.definition().run)(&mut look)?;
    Ok(Outcome::of(look.readings, look.wrong, look.person))
}

/// How all checks come out now, in their order.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn look_at_all(
    tx: &mut Tx<'_>,
    around: &Surroundings,
    within: Within,
) -> Result<Vec<(Check, Outcome)>, EvidenceError> {
    Check::ALL.iter().map(|check| Ok((*check, look_at(tx, around, within, *check)?))).collect()
}
