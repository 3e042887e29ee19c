//! What may cross: rules of an organisation, which are data.

use env::{Civil, Timestamp};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{StoreError, Tx, params};

use crate::regions::is_name;
use crate::{Basis, Class, Kind, RegionSettings, ResidenceError, Shield, Towards, load_region};

/// Rules of one organisation.
pub const RULES_MAX: usize = 200;

/// Octets of a text in a rule.
const TEXT_BYTES_MAX: usize = 500;

const PLACE: &str = "crossing_rule.detail";

/// A rule as it is asked for. What is not said is refused, not guessed, but for the classification and the encryption, which begin with the least.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewRule {
    /// What it is called; another rule of that name is replaced.
    pub name: String,
    /// How it crosses.
    pub kind: Option<String>,
    /// From which region; ours if none is named.
    pub from: Option<String>,
    /// `region:NAME`, `country:XX` or `domain:NAME`.
    pub to: Option<String>,
    /// The highest classification that may cross.
    pub class: Option<String>,
    /// What must protect it.
    pub encryption: Option<String>,
    /// On what it stands in law.
    pub basis: Option<String>,
    /// Where that can be read: number of a contract, of a filing.
    pub reference: Option<String>,
    /// The day on which it ends, as 2027-12-31.
    pub ends: Option<String>,
    /// Who sets it.
    pub by: String,
}

/// A rule: something may cross.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is called.
    pub name: String,
    /// How it crosses.
    pub kind: Kind,
    /// From which region.
    pub from: String,
    /// Where to.
    pub to: Towards,
    /// The highest classification that may cross.
    pub class: Class,
    /// What must protect it.
    pub encryption: Shield,
    /// On what it stands in law.
    pub basis: Basis,
    /// Where that can be read.
    pub reference: String,
    /// From this moment on it lets nothing through.
    pub ends: Timestamp,
    /// Who set it.
    pub by: String,
}

/// A rule that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// The rule.
    pub rule: Rule,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    name: String,
    kind: String,
    from: String,
    to: String,
    class: String,
    encryption: String,
    basis: String,
    reference: String,
    ends: i64,
    by: String,
}

fn text(part: &'static str, given: Option<&str>) -> Result<String, ResidenceError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty()).ok_or(ResidenceError::Lacks(part))?;
    if given.len() > TEXT_BYTES_MAX || given.chars().any(char::is_control) {
        let cause = format!("must be one line of {TEXT_BYTES_MAX} octets at most");
        return Err(ResidenceError::Part { part, cause });
    }
    Ok(given.to_owned())
}

/// The rule that is asked for, if it can be.
fn read(tx: &mut Tx<'_>, here: &RegionSettings, new: &NewRule) -> Result<Rule, ResidenceError> {
    let wrong = |part, cause: String| Err(ResidenceError::Part { part, cause });
    let name = text("name", Some(&new.name))?;
    if !is_name(&name) {
        return wrong("name", format!("{name:?} must be lowercase letters, digits and hyphens, 32 at most"));
    }
    let kind: Kind = text("kind", new.kind.as_deref())?.parse()?;
    let to = Towards::parse(&text("to", new.to.as_deref())?)?;
    let from = new.from.clone().unwrap_or_else(|| here.name.clone());
    if from != here.name {
        load_region(tx, &from)?;
    }
    let from_country = if from == here.name { here.country.clone() } else { load_region(tx, &from)?.country };
    match &to {
        Towards::Region(region) if *region == from => {
            return wrong(
                "to",
                format!("is region:{region}, from which it also goes; within a region no rule is needed"),
            );
        }
        Towards::Region(region) if *region != here.name => drop(load_region(tx, region)?),
        Towards::Country(country) if from_country.eq_ignore_ascii_case(country) => {
            return wrong(
                "to",
                format!("is country:{country}, the country of region {from}; within it no rule is needed"),
            );
        }
        Towards::Domain(domain) if kind != Kind::Delivery => {
            return wrong("to", format!("is domain:{domain}; only mail (kind delivery) goes to a domain"));
        }
        _ => {}
    }
    let class = new.class.as_deref().map_or(Ok(Class::Internal), str::parse)?;
    let encryption = new.encryption.as_deref().map_or(Ok(Shield::Tls), str::parse)?;
    match (kind, encryption, class) {
        (Kind::View | Kind::Export, Shield::Content, _) => {
            return wrong(
                "encryption",
                format!("content cannot be kept by a rule on {kind}, which is read where it arrives; say tls"),
            );
        }
        (Kind::View | Kind::Export | Kind::Backup, _, Class::Public | Class::Internal | Class::Confidential) => {
            return wrong(
                "classification",
                format!("{class} cannot be kept by a rule on {kind}, which can hold all there is; say secret"),
            );
        }
        _ => {}
    }
    let basis = text("legal basis", new.basis.as_deref())?.parse()?;
    let reference = text("reference", new.reference.as_deref())?;
    let given = text("end", new.ends.as_deref())?;
    let Some(ends) = day(&given) else {
        return wrong("end", format!("{given:?} is no day; write it as 2027-12-31"));
    };
    if ends <= tx.now() {
        return wrong("end", format!("{given} is over; name a day to come"));
    }
    Ok(Rule { name, kind, from, to, class, encryption, basis, reference, ends, by: new.by.clone() })
}

/// The beginning of a day written as 2026-01-31, in UTC.
fn day(text: &str) -> Option<Timestamp> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let civil = Civil { year: i64::from(year), month, day, hour: 0, minute: 0, second: 0, weekday: 0 };
    let moment = Timestamp::from_civil(civil);
    let back = moment.civil();
    ((back.month, back.day) == (month, day)).then_some(moment)
}

/// Keeps a rule; one of the same name is replaced.
///
/// # Errors
/// [`ResidenceError`] if it cannot be, says no condition or basis, or there are too many.
pub fn set_rule(
    tx: &mut Tx<'_>,
    here: &RegionSettings,
    organisation: i64,
    new: &NewRule,
) -> Result<Rule, ResidenceError> {
    if !here.is_set() {
        return Err(ResidenceError::NoRegionHere);
    }
    let rule = read(tx, here, new)?;
    let all = list_rules(tx, organisation)?;
    let known = all.iter().find(|kept| kept.rule.name == rule.name);
    if known.is_none() && all.len() >= RULES_MAX {
        return Err(ResidenceError::TooManyRules);
    }
    let id = known.map_or_else(|| tx.next_id(), |kept| kept.id);
    let detail = Detail {
        name: rule.name.clone(),
        kind: rule.kind.to_string(),
        from: rule.from.clone(),
        to: rule.to.to_string(),
        class: rule.class.to_string(),
        encryption: rule.encryption.to_string(),
        basis: rule.basis.to_string(),
        reference: rule.reference.clone(),
        ends: rule.ends.millis(),
        by: rule.by.clone(),
    };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO crossing_rule (organisation, id, detail) VALUES ($1, $2, $3)
         ON CONFLICT (organisation, id) DO UPDATE SET detail = excluded.detail",
        params![organisation, id, &sealed],
    )?;
    Ok(rule)
}

/// The rules of an organisation, in the order in which they were made.
///
/// # Errors
/// [`ResidenceError`] if one does not open.
pub fn list_rules(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Kept>, ResidenceError> {
    let sql = "SELECT id, detail FROM crossing_rule WHERE organisation = $1 ORDER BY id";
    let rows = tx.rows(sql, params![organisation], |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))?;
    rows.into_iter().map(|(id, sealed)| Ok(Kept { id, rule: open(tx, organisation, id, &sealed)? })).collect()
}

fn open(tx: &mut Tx<'_>, organisation: i64, id: i64, sealed: &[u8]) -> Result<Rule, ResidenceError> {
    let Detail { name, kind, from, to, class, encryption, basis, reference, ends, by } =
        owned::open(tx, Owner::Organisation(organisation), PLACE, id, sealed)?;
    let corrupt = |_| StoreError::Corrupt { what: format!("rule of crossings {id}") };
    let to = Towards::parse(&to).map_err(|_| StoreError::Corrupt { what: format!("rule of crossings {id}") })?;
    Ok(Rule {
        name,
        kind: kind.parse().map_err(corrupt)?,
        from,
        to,
        class: class.parse().map_err(corrupt)?,
        encryption: encryption.parse().map_err(corrupt)?,
        basis: basis.parse().map_err(corrupt)?,
        reference,
        ends: Timestamp::from_millis(ends),
        by,
    })
}

/// Takes the rule of that name away.
///
/// # Errors
/// [`ResidenceError::NoRule`].
pub fn remove_rule(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), ResidenceError> {
    let found = list_rules(tx, organisation)?.into_iter().find(|kept| kept.rule.name == name);
    let kept = found.ok_or_else(|| ResidenceError::NoRule(name.to_owned()))?;
    tx.execute("DELETE FROM crossing_rule WHERE organisation = $1 AND id = $2", params![organisation, kept.id])?;
    Ok(())
}
