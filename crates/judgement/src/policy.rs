//! Where an organisation departs from its protection level in what becomes of judged mail.
//!
//! A protection may be raised by whoever may change policy. It is lowered below the level only with a reason, which stays on record, and only
//! for the level at which that was decided and those below: whoever raises the level later has the higher one. Rows are ended, never changed.

use env::Timestamp;
use identity::Level;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use crate::{JudgementError, JudgingSettings, LevelSettings, Unjudged, sealed};

/// Departures, those that are over included, that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 1_000;

/// A probability that is never reached.
const NEVER: f64 = 1.1;

const PLACE: &str = "judging_policy.detail";

env::words! {
    /// What an organisation may set for itself.
    Setting "setting" allowed "warn, junk, quarantine, refuse and unjudged" {
        /// Probability of being unwanted from which a message is delivered with a warning.
        Warn = "warn",
        /// Probability from which it goes to Junk.
        Junk = "junk",
        /// Probability from which it is quarantined.
        Quarantine = "quarantine",
        /// Probability from which it is refused.
        Refuse = "refuse",
        /// What becomes of a message that cannot be judged: warn or junk.
        Unjudged = "unjudged",
    }
}

/// A value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetTo {
    /// From this probability on; above 1 never.
    From(f64),
    /// What becomes of what cannot be judged.
    Unjudged(Unjudged),
}

impl SetTo {
    /// Reads what somebody wrote: a number from 0 to 1 or "never"; for what cannot be judged "warn" or "junk".
    ///
    /// # Errors
    /// [`JudgementError::Policy`] for anything else.
    pub fn read(setting: Setting, text: &str) -> Result<Self, JudgementError> {
        let refused = |remedy| wrong(setting, text, remedy);
        match (setting, text.trim()) {
            (Setting::Unjudged, "warn") => Ok(Self::Unjudged(Unjudged::Warn)),
            (Setting::Unjudged, "junk") => Ok(Self::Unjudged(Unjudged::Junk)),
            (Setting::Unjudged, _) => Err(refused("say warn or junk")),
            (_, "never") => Ok(Self::From(NEVER)),
            (_, number) => match number.parse::<f64>() {
                Ok(from) if from > 0.0 && from <= 1.0 => Ok(Self::From(from)),
                _ => Err(refused("say a probability above 0 and up to 1, such as 0.8, or never")),
            },
        }
    }

    /// Whether it protects less than `other` of the same setting.
    fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::From(ours), Self::From(theirs)) => ours > theirs,
            (Self::Unjudged(ours), Self::Unjudged(theirs)) => ours.action() < theirs.action(),
            _ => false,
        }
    }
}

impl std::fmt::Display for SetTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::From(from) if *from > 1.0 => f.write_str("never"),
            Self::From(from) => write!(f, "{from}"),
            Self::Unjudged(Unjudged::Warn) => f.write_str("warn"),
            Self::Unjudged(Unjudged::Junk) => f.write_str("junk"),
        }
    }
}

/// The sealed part of a departure.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Detail {
    value: SetTo,
    /// The level below which it was lowered; none if it was raised.
    lowered_at: Option<String>,
    reason: String,
}

/// One departure from the level.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// What is set.
    pub setting: Setting,
    /// To what.
    pub value: SetTo,
    /// The level below which it was lowered; none if it was raised.
    pub lowered_at: Option<Level>,
    /// Why; empty if nobody said.
    pub reason: String,
    /// Whose account set it; none for the operator.
    pub by: Option<i64>,
    /// Since when.
    pub at: Timestamp,
    /// Until when; none while it is in force.
    pub ended: Option<Timestamp>,
}

/// What somebody wants to be set.
#[derive(Debug, Clone)]
pub struct NewDeparture {
    /// What.
    pub setting: Setting,
    /// To what.
    pub value: SetTo,
    /// Why; needed where it is below the level.
    pub reason: String,
    /// Who wants it; none for the operator.
    pub by: Option<i64>,
}

/// The departures of an organisation, those in force first, then the latest first.
///
/// # Errors
/// [`JudgementError`] if the store fails or a row does not read.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Departure>, JudgementError> {
    read(tx, organisation, i64::MAX)
}

fn in_force(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Departure>, JudgementError> {
    read(tx, organisation, 0)
}

/// Those that ended at or before `ended_max`, and those in force.
fn read(tx: &mut Tx<'_>, organisation: i64, ended_max: i64) -> Result<Vec<Departure>, JudgementError> {
    let rows = tx.rows(
        "SELECT id, setting, at, ended, changed_by, detail FROM judging_policy
         WHERE organisation = $1 AND ended <= $2 ORDER BY CASE WHEN ended = 0 THEN 0 ELSE 1 END, at DESC, id DESC LIMIT $3",
        params![organisation, ended_max, LISTED_MAX],
        |row| {
            Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?, row.int(3)?, row.int(4)?, row.bytes(5)?.to_vec()))
        },
    )?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let key = tx.context().keys.organisation(tx, organisation)?;
    rows.into_iter()
        .map(|(id, setting, at, ended, by, detail)| {
            let detail: Detail = sealed::open(&key, PLACE, id, &detail)?;
            let unreadable = JudgementError::Unreadable { what: PLACE, id };
            let Ok(setting) = setting.parse::<Setting>() else { return Err(unreadable) };
            let lowered_at = match detail.lowered_at.map(|level| level.parse::<Level>()) {
                Some(Ok(level)) => Some(level),
                Some(Err(_)) => return Err(unreadable),
                None => None,
            };
            Ok(Departure {
                setting,
                value: detail.value,
                lowered_at,
                reason: detail.reason,
                by: Some(by).filter(|by| *by != 0),
                at: Timestamp::from_millis(at),
                ended: Some(ended).filter(|ended| *ended != 0).map(Timestamp::from_millis),
            })
        })
        .collect()
}

/// What holds for mail to people of an organisation at a level.
///
/// # Errors
/// [`JudgementError`] if the store fails or a row does not read.
pub fn effective(
    tx: &mut Tx<'_>,
    organisation: i64,
    level: Level,
    settings: &JudgingSettings,
) -> Result<LevelSettings, JudgementError> {
    let departures = in_force(tx, organisation)?;
    Ok(applied(settings.at(level), level, &departures))
}

fn applied(mut at: LevelSettings, level: Level, departures: &[Departure]) -> LevelSettings {
    for departure in departures {
        let by_level = value_of(&at, departure.setting);
        let may_lower = departure.lowered_at.is_some_and(|lowered| level <= lowered);
        if may_lower || by_level.is_below(departure.value) {
            put(&mut at, departure.setting, departure.value);
        }
    }
    // A harder action that comes earlier takes the softer ones along.
    at.quarantine = at.quarantine.min(at.refuse);
    at.junk = at.junk.min(at.quarantine);
    at.warn = at.warn.min(at.junk);
    at
}

/// The value of a setting among those of a level.
#[must_use]
pub const fn value_of(at: &LevelSettings, setting: Setting) -> SetTo {
    match setting {
        Setting::Warn => SetTo::From(at.warn),
        Setting::Junk => SetTo::From(at.junk),
        Setting::Quarantine => SetTo::From(at.quarantine),
        Setting::Refuse => SetTo::From(at.refuse),
        Setting::Unjudged => SetTo::Unjudged(at.unjudged),
    }
}

const fn put(at: &mut LevelSettings, setting: Setting, value: SetTo) {
    match (setting, value) {
        (Setting::Warn, SetTo::From(from)) => at.warn = from,
        (Setting::Junk, SetTo::From(from)) => at.junk = from,
        (Setting::Quarantine, SetTo::From(from)) => at.quarantine = from,
        (Setting::Refuse, SetTo::From(from)) => at.refuse = from,
        (Setting::Unjudged, SetTo::Unjudged(unjudged)) => at.unjudged = unjudged,
        _ => {}
    }
}

/// Sets something for an organisation, in place of what was set before.
///
/// # Errors
/// [`JudgementError::Policy`] if it is below the level and nobody says why, or if a harder action would come before a softer one; or the
/// store fails.
pub fn set(
    tx: &mut Tx<'_>,
    organisation: i64,
    settings: &JudgingSettings,
    new: &NewDeparture,
) -> Result<(), JudgementError> {
    let NewDeparture { setting, value, reason, by } = new;
    let level = level_of(tx, organisation)?;
    let reason: String = reason.trim().chars().take(REASON_CHARS_MAX).collect();
    let is_lower = value.is_below(value_of(&settings.at(level), *setting));
    if is_lower && reason.is_empty() {
        return Err(wrong(*setting, &value.to_string(), "it protects less than the level, so say why: --reason"));
    }
    let lowered_at = is_lower.then_some(level);
    let mut departures = in_force(tx, organisation)?;
    departures.retain(|departure| departure.setting != *setting);
    let at = tx.now();
    departures.push(Departure {
        setting: *setting,
        value: *value,
        lowered_at,
        reason: reason.clone(),
        by: *by,
        at,
        ended: None,
    });
    if value_of(&applied(settings.at(level), level, &departures), *setting) != *value {
        return Err(wrong(*setting, &value.to_string(), "a harder action comes earlier; set that first"));
    }
    end(tx, organisation, *setting)?;
    let context = tx.context();
    let (key, id) = (context.keys.organisation(tx, organisation)?, tx.next_id());
    let detail = Detail { value: *value, lowered_at: lowered_at.map(|level| level.as_str().to_owned()), reason };
    let detail = sealed::seal(&key, &*context.entropy, PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO judging_policy (organisation, id, setting, at, ended, changed_by, detail) VALUES ($1, $2, $3, $4, 0, $5, $6)",
        params![organisation, id, setting.as_str(), at.millis(), by.unwrap_or(0), &detail],
    )?;
    Ok(())
}

/// Sets something back to what the level says; whether it was set.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn clear(tx: &mut Tx<'_>, organisation: i64, setting: Setting) -> Result<bool, StoreError> {
    Ok(end(tx, organisation, setting)? > 0)
}

fn end(tx: &mut Tx<'_>, organisation: i64, setting: Setting) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE judging_policy SET ended = $3 WHERE organisation = $1 AND setting = $2 AND ended = 0",
        params![organisation, setting.as_str(), tx.now().millis()],
    )
}

/// The level of an organisation.
///
/// # Errors
/// [`JudgementError`] if there is none, or the store fails.
pub fn level_of(tx: &mut Tx<'_>, organisation: i64) -> Result<Level, JudgementError> {
    let all = identity::list_organisations(tx)?;
    let found = all.into_iter().find(|it| it.id == organisation).map(|it| it.level);
    Ok(found.ok_or(identity::IdentityError::NoOrganisation(organisation))?)
}

fn wrong(setting: Setting, value: &str, remedy: &'static str) -> JudgementError {
    JudgementError::Policy { setting: setting.as_str(), value: value.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure(setting: Setting, value: &str, lowered_at: Option<Level>) -> Departure {
        let value = SetTo::read(setting, value).unwrap();
        let at = Timestamp::from_millis(0);
        Departure { setting, value, lowered_at, reason: String::new(), by: None, at, ended: None }
    }

    fn at(level: Level, departures: &[Departure]) -> LevelSettings {
        applied(JudgingSettings::default().at(level), level, departures)
    }

    #[test]
    fn a_raised_protection_never_lowers_a_higher_level() {
        let raised = [departure(Setting::Junk, "0.82", None)];
        assert_eq!(at(Level::Basic, &raised).junk, 0.82);
        assert_eq!(at(Level::Trade, &raised).junk, 0.8, "the level asks for more");
        let unjudged = [departure(Setting::Unjudged, "warn", None)];
        assert_eq!(at(Level::Trade, &unjudged).unjudged, Unjudged::Junk);
    }

    #[test]
    fn what_was_lowered_with_a_reason_holds_up_to_its_level() {
        let lowered = [departure(Setting::Junk, "0.95", Some(Level::Enhanced))];
        assert_eq!(at(Level::Enhanced, &lowered).junk, 0.95);
        assert_eq!(at(Level::Trade, &lowered).junk, 0.8);
    }

    #[test]
    fn a_harder_action_takes_the_softer_ones_along() {
        let raised = [departure(Setting::Quarantine, "0.5", None)];
        let found = at(Level::Basic, &raised);
        assert_eq!((found.warn, found.junk, found.quarantine), (0.5, 0.5, 0.5));
        assert!(found.is_rising());
    }

    #[test]
    fn words_are_read_and_wrong_ones_are_told() {
        assert_eq!(SetTo::read(Setting::Refuse, "never").unwrap().to_string(), "never");
        assert_eq!(SetTo::read(Setting::Junk, "0.75").unwrap().to_string(), "0.75");
        for (setting, text) in
            [(Setting::Junk, "2"), (Setting::Junk, "NaN"), (Setting::Unjudged, "0.5"), (Setting::Warn, "0")]
        {
            let error = SetTo::read(setting, text).unwrap_err().to_string();
            assert!(error.contains(setting.as_str()) && error.contains(text), "{error}");
        }
    }
}
