//! What a file of the whole configuration would change, and changing it.

use std::collections::{BTreeMap, BTreeSet};

use ::access::Action as Right;
use ::configuration::{Applies, current, text_of};
use ::store::{Tx, holds};
use identity::{Level, Organisation, rights};
use judgement::policy::{self, NewDeparture, SetTo, Setting};
use mail::protection::Demand;
use serde_json::{Value, json};

use super::document::{Departed, Document, OfOrganisation, anonymous, flat, of, rule_text};
use super::{WholeError, Work};
use crate::actions::retention::asker;

/// Something that is other than the file says.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// What: a setting, or a part of an organisation.
    pub(super) what: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) protects_less: bool,
    pub(super) step: Step,
}

/// What makes it as the file says.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// It is done together with the others of its kind.
    Setting {
        name: String,
        value: Option<toml::Value>,
    },
    Level(i64, Level),
    RemovedMailDays(i64, i64),
    Judging(i64, Setting, Option<(SetTo, String)>),
    Approval(i64, Right, Option<bool>),
    Protection(i64, String, Option<Demand>),
    Retention(i64, Box<::retention::Rule>),
    NoRetention(i64, String),
    Outbound(i64, Box<::outbound::Rule>),
    NoOutbound(i64, String),
}

impl Difference {
    fn new(what: impl Into<String>, old: Option<String>, new: Option<String>, step: Step) -> Self {
        Self { what: what.into(), old, new, protects_less: false, step }
    }

    fn weaker(mut self, is_weaker: bool) -> Self {
        self.protects_less = is_weaker;
        self
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "what": self.what, "old": self.old, "new": self.new, "protects_less": self.protects_less })
    }
}

/// All differences; none where the file says what is there.
pub(super) fn find(tx: &mut Tx<'_>, work: &Work, wanted: &Document) -> Result<Vec<Difference>, WholeError> {
    let mut found = Vec::new();
    if let Some(sections) = &wanted.settings {
        found.extend(of_settings(tx, work, &flat(sections)?)?);
    }
    let all = identity::list_organisations(tx).map_err(WholeError::because)?;
    for organisation in &wanted.organisation {
        let here = all.iter().find(|it| it.name == organisation.name && work.by.hold(it.id));
        let here = here.ok_or_else(|| {
            WholeError::Refused(format!(
                "the organisation {:?} of the file is not here; take it out of the file, or make it first",
                organisation.name
            ))
        })?;
        found.extend(of_organisation(tx, here, organisation)?);
    }
    Ok(found)
}

fn of_settings(
    tx: &mut Tx<'_>,
    work: &Work,
    wanted: &BTreeMap<String, toml::Value>,
) -> Result<Vec<Difference>, WholeError> {
    let node = &*work.node;
    let stored: BTreeMap<String, toml::Value> =
        current(tx)?.into_iter().filter_map(|version| Some((version.name, version.value?))).collect();
    let mut found = Vec::new();
    for name in wanted.keys().chain(stored.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (stored.get(name), wanted.get(name));
        let Some(setting) = node.schema().find(name) else {
            match new {
                Some(_) => return Err(WholeError::Refused(format!("{name}: there is no such setting"))),
                // What this version of the program does not know is left to those that do.
                None => continue,
            }
        };
        if setting.nature.is_secret {
            match new {
                Some(_) => {
                    return Err(WholeError::Refused(format!(
                        "{name}: its value is told nobody and stands in no such file; set it by itself"
                    )));
                }
                None => continue,
            }
        }
        if old == new || (setting.nature.applies == Applies::File && new.is_none()) {
            continue;
        }
        let base = node.base(name);
        let (before, after) = (old.or(base.as_ref()), new.or(base.as_ref()));
        let is_weaker = setting.nature.weaker.is_weaker(after, before);
        let step = Step::Setting { name: name.clone(), value: new.cloned() };
        let difference = Difference::new(name.clone(), before.map(text_of), after.map(text_of), step);
        found.push(difference.weaker(is_weaker));
    }
    Ok(found)
}

fn of_organisation(
    tx: &mut Tx<'_>,
    organisation: &Organisation,
    wanted: &OfOrganisation,
) -> Result<Vec<Difference>, WholeError> {
    let (id, here) = (organisation.id, of(tx, organisation)?);
    let name = &organisation.name;
    let mut found = Vec::new();
    if let Some(level) = &wanted.level {
        let level: Level = level.parse().map_err(WholeError::because)?;
        if level != organisation.level {
            let (old, new) = (organisation.level.to_string(), level.to_string());
            let difference = Difference::new(format!("{name}: level"), Some(old), Some(new), Step::Level(id, level));
            found.push(difference.weaker(level < organisation.level));
        }
    }
    if let Some(days) = wanted.removed_mail_days.filter(|days| Some(*days) != here.removed_mail_days) {
        if !(0..=holds::WINDOW_DAYS_MAX).contains(&days) {
            return Err(WholeError::Refused(format!(
                "{name}: removed mail is kept for at most {} days",
                holds::WINDOW_DAYS_MAX
            )));
        }
        let old = here.removed_mail_days.map(|days| days.to_string());
        found.push(Difference::new(
            format!("{name}: removed_mail_days"),
            old,
            Some(days.to_string()),
            Step::RemovedMailDays(id, days),
        ));
    }
    found.extend(of_judging(id, name, (here.judging, wanted.judging.as_ref()))?);
    found.extend(of_approvals(id, name, (here.approvals, wanted.approvals.as_ref()))?);
    found.extend(of_protection(id, name, (here.protection, wanted.protection.as_ref()))?);
    found.extend(of_retention(id, name, (here.retention_rules, wanted.retention_rules.as_ref())));
    found.extend(of_outbound(id, name, (here.outbound_rules, wanted.outbound_rules.as_ref()))?);
    Ok(found)
}

/// What is there and what is wanted of one kind, by name; nothing is wanted where the file leaves the kind out.
type Pair<'a, T> = (Option<T>, Option<&'a T>);

/// Names of which the two differ, with both values.
fn others<T: Clone + PartialEq>((here, wanted): Pair<'_, BTreeMap<String, T>>) -> Vec<(String, Option<T>, Option<T>)> {
    let (Some(wanted), here) = (wanted, here.unwrap_or_default()) else { return Vec::new() };
    let names: BTreeSet<&String> = here.keys().chain(wanted.keys()).collect();
    let values = names.into_iter().map(|name| (name.clone(), here.get(name).cloned(), wanted.get(name).cloned()));
    values.filter(|(_, here, wanted)| here != wanted).collect()
}

fn of_judging(id: i64, name: &str, pair: Pair<'_, BTreeMap<String, Departed>>) -> Result<Vec<Difference>, WholeError> {
    let mut found = Vec::new();
    for (word, old, new) in others(pair) {
        let setting: Setting = word.parse().map_err(WholeError::because)?;
        // A reason is only given, and only needed, to protect less than the level does.
        let is_weaker = new.as_ref().is_some_and(|departed| !departed.reason.trim().is_empty());
        let value = match &new {
            Some(Departed { value, reason }) => {
                Some((SetTo::read(setting, value).map_err(WholeError::because)?, reason.clone()))
            }
            None => None,
        };
        let shown = |departed: Option<Departed>| departed.map(|it| it.value);
        let step = Step::Judging(id, setting, value);
        found.push(Difference::new(format!("{name}: judging.{word}"), shown(old), shown(new), step).weaker(is_weaker));
    }
    Ok(found)
}

fn of_approvals(id: i64, name: &str, pair: Pair<'_, BTreeMap<String, bool>>) -> Result<Vec<Difference>, WholeError> {
    let mut found = Vec::new();
    for (word, old, new) in others(pair) {
        let right: Right = word.parse().map_err(WholeError::because)?;
        if right.sensitivity().is_none() {
            return Err(WholeError::Refused(format!(
                "{name}: approvals.{word}: is not among the sensitive rights, so nobody has to approve it"
            )));
        }
        let is_weaker = new == Some(false) || (new.is_none() && old == Some(true));
        let [shown_old, shown_new] = [old, new].map(|it| it.map(|wanted| wanted.to_string()));
        let step = Step::Approval(id, right, new);
        found.push(Difference::new(format!("{name}: approvals.{word}"), shown_old, shown_new, step).weaker(is_weaker));
    }
    Ok(found)
}

fn of_protection(
    id: i64,
    name: &str,
    pair: Pair<'_, BTreeMap<String, Vec<String>>>,
) -> Result<Vec<Difference>, WholeError> {
    let mut found = Vec::new();
    for (partner, old, new) in others(pair) {
        let demand = new.clone().map(Demand::try_from).transpose().map_err(WholeError::because)?;
        // The same ways in another order are the same.
        let (same, shown) = (demand.clone().map(Vec::<String>::from) == old, |it: Vec<String>| it.join(", "));
        if !same {
            let step = Step::Protection(id, partner.clone(), demand);
            found.push(Difference::new(format!("{name}: protection.{partner}"), old.map(shown), new.map(shown), step));
        }
    }
    Ok(found)
}

fn of_retention(id: i64, name: &str, (here, wanted): Pair<'_, Vec<::retention::Rule>>) -> Vec<Difference> {
    let by_name = |rules: Vec<::retention::Rule>| -> BTreeMap<String, ::retention::Rule> {
        rules.into_iter().map(|rule| (rule.name.clone(), anonymous(rule))).collect()
    };
    let wanted = wanted.cloned().map(by_name);
    let shown = |rule: Option<&::retention::Rule>| rule.map(|rule| serde_json::to_string(rule).unwrap_or_default());
    let of_one = |(rule, old, new): (String, Option<::retention::Rule>, Option<::retention::Rule>)| {
        let what = format!("{name}: retention_rules.{rule}");
        let (old, told) = (shown(old.as_ref()), shown(new.as_ref()));
        let step = new.map_or(Step::NoRetention(id, rule), |rule| Step::Retention(id, Box::new(rule)));
        Difference::new(what, old, told, step)
    };
    others((here.map(by_name), wanted.as_ref())).into_iter().map(of_one).collect()
}

fn of_outbound(id: i64, name: &str, (here, wanted): Pair<'_, Vec<String>>) -> Result<Vec<Difference>, WholeError> {
    let by_name = |texts: &Vec<String>| -> Result<BTreeMap<String, ::outbound::Rule>, WholeError> {
        let read = |text: &String| ::outbound::Rule::read(text).map(|rule| (rule.name.clone(), rule));
        texts.iter().map(read).collect::<Result<_, _>>().map_err(WholeError::because)
    };
    let (here, wanted) = (here.as_ref().map(by_name).transpose()?, wanted.map(by_name).transpose()?);
    let of_one = |(rule, old, new): (String, Option<::outbound::Rule>, Option<::outbound::Rule>)| {
        let what = format!("{name}: outbound_rules.{rule}");
        let (old, told) = (old.as_ref().map(rule_text), new.as_ref().map(rule_text));
        let step = new.map_or(Step::NoOutbound(id, rule), |rule| Step::Outbound(id, Box::new(rule)));
        Difference::new(what, old, told, step)
    };
    Ok(others((here, wanted.as_ref())).into_iter().map(of_one).collect())
}

/// Makes one thing as the file says.
pub(super) fn apply(tx: &mut Tx<'_>, work: &Work, step: &Step) -> Result<(), WholeError> {
    match step {
        Step::Setting { .. } => Ok(()),
        Step::Level(id, level) => {
            identity::set_level(tx, *id, *level).map_err(WholeError::because)?;
            identity::factors::note_demands(tx, &work.factors).map_err(WholeError::because)
        }
        Step::RemovedMailDays(id, days) => Ok(holds::set_window_days(tx, *id, *days)?),
        Step::Judging(id, setting, None) => Ok(policy::clear(tx, *id, *setting).map(drop)?),
        Step::Judging(id, setting, Some((value, reason))) => {
            let new = NewDeparture { setting: *setting, value: *value, reason: reason.clone(), by: work.by.account };
            policy::set(tx, *id, &work.judging, &new).map_err(WholeError::because)
        }
        Step::Approval(id, right, None) => rights::clear_approval_rule(tx, *id, *right).map_err(WholeError::because),
        Step::Approval(id, right, Some(wanted)) => {
            rights::set_approval_rule(tx, *id, *right, *wanted).map_err(WholeError::because)
        }
        Step::Protection(id, partner, None) => ::queue::demands::remove(tx, *id, partner).map_err(WholeError::because),
        Step::Protection(id, partner, Some(demand)) => {
            ::queue::demands::set(tx, *id, partner, demand).map(drop).map_err(WholeError::because)
        }
        Step::NoRetention(id, name) => ::retention::remove(tx, *id, name).map_err(WholeError::because),
        Step::Retention(id, rule) => {
            let by = asker(tx, &work.by).map_err(WholeError::because)?;
            let rule = ::retention::Rule { by, ..(**rule).clone() };
            ::retention::set(tx, *id, &rule).map(drop).map_err(WholeError::because)
        }
        Step::NoOutbound(id, name) => ::outbound::rules::remove(tx, *id, name).map_err(WholeError::because),
        Step::Outbound(id, rule) => ::outbound::rules::set(tx, *id, rule).map_err(WholeError::because),
    }
}
