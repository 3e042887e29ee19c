//! Changing settings: looked at as a whole before anything is kept, and recorded in the same transaction.

use access::Via;
use identity::rights::{self, Event, Outcome};
use serde_json::json;
use store::Tx;
use toml::Value;

use crate::versions::{self, Version};
use crate::{Applies, ConfigurationError, Node, Setting, Values, json_of, read_value, text_of};

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 1_000;

/// What stands for a value that is told nobody.
const HIDDEN: &str = "…";

/// Who changes settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// The account; none for the operator.
    pub account: Option<i64>,
    /// Its organisation; none for the operator.
    pub organisation: Option<i64>,
}

/// What is to become of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// This value, in the syntax of the file.
    Set(String),
    /// This value.
    Value(Value),
    /// What holds without the store.
    Clear,
    /// What held before the newest version.
    Undo,
}

/// A change that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The setting.
    pub name: String,
    /// What is to become of it.
    pub wish: Wish,
    /// Why.
    pub reason: String,
    /// The version that whoever wants it has seen, 0 where it was never changed; none to change it whatever is there.
    pub based_on: Option<i64>,
    /// It may protect less.
    pub protect_less: bool,
}

/// A change that was made, or would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The setting.
    pub name: String,
    /// Its version now.
    pub version: i64,
    /// What held before; none if it was not set.
    pub old: Option<Value>,
    /// What holds from now on.
    pub new: Option<Value>,
    /// When it takes effect.
    pub applies: Applies,
    /// Whether it protects less.
    pub protects_less: bool,
    /// Whether anything was changed at all.
    pub is_other: bool,
}

/// Makes one change.
///
/// # Errors
/// [`ConfigurationError`] with what is wrong; then nothing is changed.
pub fn change(tx: &mut Tx<'_>, node: &dyn Node, by: &By, change: &Change) -> Result<Changed, ConfigurationError> {
    let how = match change.wish {
        Wish::Set(_) | Wish::Value(_) => "set",
        Wish::Clear => "clear",
        Wish::Undo => "undo",
    };
    let made = change_all(tx, node, by, (std::slice::from_ref(change), how))?;
    made.into_iter().next().ok_or_else(|| no_setting(node, &change.name))
}

/// Makes all of these changes or none; `how` says by what.
///
/// # Errors
/// [`ConfigurationError`] with the first thing that is wrong; then nothing is changed.
pub fn change_all(
    tx: &mut Tx<'_>,
    node: &dyn Node,
    by: &By,
    (changes, how): (&[Change], &str),
) -> Result<Vec<Changed>, ConfigurationError> {
    versions::begin(tx)?;
    let mut stored: Values = stored(tx)?;
    let mut planned = Vec::with_capacity(changes.len());
    for change in changes {
        let plan = plan(tx, node, change)?;
        match &plan.value {
            Some(value) => drop(stored.insert(change.name.clone(), value.clone())),
            None => drop(stored.remove(&change.name)),
        }
        planned.push(plan);
    }
    // What cannot be at all is told before what must be meant.
    node.check(&stored).map_err(ConfigurationError::Value)?;
    changes.iter().zip(&planned).try_for_each(|(change, plan)| may_protect_less(change, plan))?;
    planned.into_iter().map(|plan| keep(tx, by, plan, how)).collect()
}

/// The values that the store has.
fn stored(tx: &mut Tx<'_>) -> Result<Values, ConfigurationError> {
    let all = versions::current(tx)?;
    Ok(all.into_iter().filter_map(|version| Some((version.name, version.value?))).collect())
}

/// A change that can be made, as far as it is looked at alone.
struct Plan<'a> {
    setting: &'a Setting,
    newest: Option<Version>,
    /// What the store is to have.
    value: Option<Value>,
    old: Option<Value>,
    new: Option<Value>,
    reason: String,
    protects_less: bool,
}

fn plan<'a>(tx: &mut Tx<'_>, node: &'a dyn Node, change: &Change) -> Result<Plan<'a>, ConfigurationError> {
    let name = &change.name;
    let setting = node.schema().find(name).ok_or_else(|| no_setting(node, name))?;
    let (newest, base, of_file) = (versions::newest(tx, name)?, node.base(name), node.of_file(name));
    // What the store has does not count where the file says something.
    let counting = newest.as_ref().filter(|_| of_file.is_none()).and_then(|version| version.value.clone());
    let old = counting.or_else(|| base.clone());
    let value = match (&change.wish, &newest) {
        (Wish::Set(text), _) => Some(
            read_value(setting, text, old.as_ref()).map_err(|why| ConfigurationError::Value(hidden(setting, why)))?,
        ),
        (Wish::Value(value), _) => Some(value.clone()),
        (Wish::Clear, _) => None,
        (Wish::Undo, Some(newest)) => newest.before.clone(),
        (Wish::Undo, None) => return Err(ConfigurationError::Unchanged(name.clone())),
    };
    if value.is_some() {
        may_be_changed(node, setting)?;
    }
    let new = value.clone().filter(|_| of_file.is_none()).or(base);
    check_base(tx, setting, change, (newest.as_ref(), old.as_ref(), new.as_ref()))?;
    let protects_less = setting.nature.weaker.is_weaker(new.as_ref(), old.as_ref());
    let reason: String = change.reason.trim().chars().take(REASON_CHARS_MAX).collect();
    Ok(Plan { setting, newest, value, old, new, reason, protects_less })
}

/// That whoever makes the change says that it is meant to protect less, and why, if it does.
fn may_protect_less(change: &Change, plan: &Plan<'_>) -> Result<(), ConfigurationError> {
    if !plan.protects_less || (change.protect_less && !plan.reason.is_empty()) {
        return Ok(());
    }
    let (old, new) = (shown(plan.setting, plan.old.as_ref()), shown(plan.setting, plan.new.as_ref()));
    Err(ConfigurationError::Weaker { name: change.name.clone(), old, new })
}

/// That the store may have a value of it at all. What it has from before may always be taken away.
fn may_be_changed(node: &dyn Node, setting: &Setting) -> Result<(), ConfigurationError> {
    let name = setting.name.clone();
    if setting.nature.applies == Applies::File {
        return Err(ConfigurationError::FileAlone(name));
    }
    match node.of_file(&name) {
        Some(of_file) => {
            let value = shown(setting, Some(&of_file.value));
            Err(ConfigurationError::InFile { name, file: node.file(), line: of_file.line, value })
        }
        None => Ok(()),
    }
}

/// That nobody else has changed it since.
fn check_base(
    tx: &mut Tx<'_>,
    setting: &Setting,
    change: &Change,
    (newest, theirs, yours): (Option<&Version>, Option<&Value>, Option<&Value>),
) -> Result<(), ConfigurationError> {
    let (Some(based_on), Some(newest)) = (change.based_on, newest) else {
        // Versions are never taken away: none is there before the first.
        return Ok(());
    };
    if based_on == newest.version {
        return Ok(());
    }
    let by = match newest.by {
        Some(account) => identity::list_addresses(tx, account)?.into_iter().next(),
        None => Some("the operator".to_owned()),
    };
    Err(ConfigurationError::Conflict {
        name: setting.name.clone(),
        found: newest.version,
        at: newest.at,
        by: by.unwrap_or_else(|| "somebody who has left".to_owned()),
        theirs: shown(setting, theirs),
        based_on,
        yours: shown(setting, yours),
    })
}

/// Adds the version and its record. What is as it was gets none.
fn keep(tx: &mut Tx<'_>, by: &By, plan: Plan<'_>, how: &str) -> Result<Changed, ConfigurationError> {
    let Plan { setting, newest, value, old, new, reason, protects_less } = plan;
    let number = newest.as_ref().map_or(0, |version| version.version);
    let before = newest.and_then(|version| version.value);
    let changed = Changed {
        name: setting.name.clone(),
        version: number,
        old,
        new,
        applies: setting.nature.applies,
        protects_less,
        is_other: before != value,
    };
    if !changed.is_other {
        return Ok(changed);
    }
    let version = Version {
        id: 0,
        name: setting.name.clone(),
        version: number + 1,
        at: tx.now(),
        by: by.account,
        value,
        before,
        reason: reason.clone(),
        how: how.to_owned(),
        protects_less,
    };
    let version = versions::add(tx, version)?;
    let told = |value: Option<&Value>| match value {
        Some(_) if setting.nature.is_secret => HIDDEN.into(),
        Some(value) => json_of(value),
        None => serde_json::Value::Null,
    };
    let object = json!({
        "setting": setting.name, "version": version.version, "how": how, "old": told(changed.old.as_ref()),
        "new": told(changed.new.as_ref()), "protects_less": protects_less, "reason": reason,
    });
    let event = Event {
        organisation: by.organisation.unwrap_or(0),
        account: by.account,
        via: if by.account.is_some() { Via::Http } else { Via::Local },
        address: None,
        action: "setting-changed".to_owned(),
        object: object.to_string(),
        outcome: Outcome::Done,
        row: String::new(),
    };
    rights::record(tx, &event)?;
    Ok(Changed { version: version.version, ..changed })
}

/// The value for people; what is told nobody is not.
fn shown(setting: &Setting, value: Option<&Value>) -> String {
    match value {
        Some(_) if setting.nature.is_secret => HIDDEN.to_owned(),
        Some(value) => text_of(value),
        None => "not set".to_owned(),
    }
}

/// A sentence about a value, without it where it is told nobody.
fn hidden(setting: &Setting, why: String) -> String {
    if setting.nature.is_secret {
        format!("{}: this cannot be read; write it as in the file", setting.name)
    } else {
        why
    }
}

fn no_setting(node: &dyn Node, name: &str) -> ConfigurationError {
    let near = node.schema().near(name);
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}", near.join(", ")) };
    ConfigurationError::NoSetting { name: name.to_owned(), hint }
}
