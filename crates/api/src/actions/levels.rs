//! What a protection level makes of an organisation: one list of it, from the tables of the parts that know the level.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::access::{Action as Right, SENSITIVE, StepUpPolicy};
use ::configuration::ConfigurationError;
use ::store::{StoreError, Tx};
use ::watch::Levels;
use identity::rights::{self, AccessSettings};
use identity::{FactorSettings, IdentityError, Level, PasswordSettings, Role};
use judgement::policy::{self, Setting};
use judgement::{JudgementError, JudgingSettings};
use serde_json::{Value, json};

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused, backup};

env::words! {
    /// From where a value comes that a protection level decides.
    Source "source" allowed "level, organisation, settings" {
        /// The level says so.
        Level = "level",
        /// The organisation departs from it.
        Organisation = "organisation",
        /// The settings of the installation ask for more.
        Settings = "settings",
    }
}

/// A failure of one of the parts.
#[derive(Debug, thiserror::Error)]
pub(super) enum LevelError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Judgement(#[from] JudgementError),
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the tables of levels are asked with.
#[derive(Clone)]
pub(super) struct Parts {
    access: Arc<AccessSettings>,
    factors: Arc<FactorSettings>,
    passwords: Arc<PasswordSettings>,
    judging: JudgingSettings,
    watch: Arc<Levels>,
}

/// One thing that a level decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facet {
    pub(super) name: String,
    /// What holds.
    pub(super) value: String,
    /// What the level says.
    pub(super) of_level: String,
    pub(super) source: Source,
    /// The action that changes it.
    pub(super) changed_with: &'static str,
    /// Who departed from the level, when and why, where that is known.
    pub(super) by: Option<String>,
    pub(super) at: Option<String>,
    pub(super) reason: Option<String>,
}

impl Facet {
    /// What the level says, and what holds where the settings ask for more.
    fn new(name: impl Into<String>, of_level: impl ToString, value: impl ToString) -> Self {
        let (of_level, value) = (of_level.to_string(), value.to_string());
        let source = if of_level == value { Source::Level } else { Source::Settings };
        let changed_with = "organisation-level";
        Self { name: name.into(), value, of_level, source, changed_with, by: None, at: None, reason: None }
    }

    fn of_level(name: impl Into<String>, value: impl ToString) -> Self {
        let value = value.to_string();
        Self::new(name, &value, &value)
    }
}

impl Parts {
    pub(super) fn of(controls: &Controls) -> Result<Self, Refused> {
        Ok(Self {
            access: controls.access.now(),
            factors: controls.factors.settings(),
            passwords: controls.passwords.settings(),
            judging: controls.elsewhere.judging(),
            watch: Arc::new(controls.elsewhere.watch_levels()?),
        })
    }

    /// What `level` decides, whatever the organisation.
    fn at(&self, level: Level) -> Vec<Facet> {
        let mut all = Vec::new();
        let (table, policy) = (
            identity::password_policy(&PasswordSettings::default(), level),
            identity::password_policy(&self.passwords, level),
        );
        all.push(Facet::new("passwords.chars_min", table.chars_min, policy.chars_min));
        all.push(Facet::new("passwords.classes_min", table.classes_min, policy.classes_min));
        all.push(Facet::new("passwords.history", table.history, policy.history));
        all.push(Facet::new("passwords.age_days_max", table.age_days_max, policy.age_days_max));
        all.push(Facet::new("passwords.score_min", table.score_min, policy.score_min));
        for role in Role::ALL {
            let [table, rule] =
                [&FactorSettings::default(), &*self.factors].map(|settings| factor_words(settings, level, *role));
            all.push(Facet::new(format!("factors.{role}"), table, rule));
        }
        let (idle, whole) = identity::session::life(level);
        all.push(Facet::of_level("sessions.idle_minutes", idle.as_secs() / 60));
        all.push(Facet::of_level("sessions.hours_max", whole.as_secs() / 3_600));
        let [table, set] =
            [&AccessSettings::default(), &*self.access].map(|settings| settings.step_up_age(level).as_secs() / 60);
        all.push(Facet::new("access.step_up_minutes", table, set));
        let watch = self.watch.policy(level.as_str());
        for (name, score) in [("tell", watch.tell), ("demand", watch.demand), ("refuse", watch.refuse)] {
            all.push(Facet::of_level(format!("watch.{name}_from"), score));
        }
        all.push(Facet::of_level("watch.freeze", watch.freeze));
        for (finding, answer) in &watch.findings {
            all.push(Facet::of_level(format!("watch.{finding}"), format!("{answer:?}").to_lowercase()));
        }
        let backups = backup::asked_of(level);
        all.extend(backups.into_iter().map(|(name, value)| Facet::of_level(format!("backup.{name}"), value)));
        all
    }
}

fn factor_words(settings: &FactorSettings, level: Level, role: Role) -> String {
    let rule = identity::factor_rule(settings, level, role);
    let kinds: Vec<&str> = rule.allowed.iter().map(|kind| kind.as_str()).collect();
    format!("{}: {}", if rule.required { "required" } else { "wanted" }, kinds.join(", "))
}

/// Everything that holds for an organisation at its own level, and from where.
pub(super) fn in_force(tx: &mut Tx<'_>, organisation: i64, parts: &Parts) -> Result<Vec<Facet>, LevelError> {
    let level = policy::level_of(tx, organisation)?;
    at(tx, organisation, level, parts)
}

/// The same as it would be at `level`.
fn at(tx: &mut Tx<'_>, organisation: i64, level: Level, parts: &Parts) -> Result<Vec<Facet>, LevelError> {
    let mut all = parts.at(level);
    let departures = policy::list(tx, organisation)?;
    let effective = policy::effective(tx, organisation, level, &parts.judging)?;
    for setting in Setting::ALL {
        let of_level = policy::value_of(&parts.judging.at(level), *setting);
        let value = policy::value_of(&effective, *setting);
        let mut facet = Facet::new(format!("judging.{setting}"), of_level, value);
        facet.changed_with = "judging-policy-set";
        let departure = departures.iter().find(|it| it.setting == *setting && it.ended.is_none());
        if let Some(departure) = departure.filter(|_| value != of_level) {
            facet.source = Source::Organisation;
            facet.by = Some(match departure.by {
                Some(account) => identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default(),
                None => "operator".to_owned(),
            });
            facet.at = Some(departure.at.to_string());
            facet.reason = Some(departure.reason.clone()).filter(|reason| !reason.is_empty());
        }
        all.push(facet);
    }
    let rules = rights::approval_rules(tx, organisation)?;
    for sensitive in SENSITIVE {
        all.push(approval(sensitive.action, level, &rules));
    }
    let days = ::store::holds::window_days(tx, organisation)?;
    let default = ::store::holds::WINDOW_DAYS_DEFAULT;
    let mut window = Facet::new("retention.window_days", default, days);
    window.changed_with = "retention-window-set";
    if window.source == Source::Settings {
        window.source = Source::Organisation;
    }
    all.push(window);
    Ok(all)
}

/// Whether a second person has to approve.
fn approval(right: Right, level: Level, rules: &[(Right, bool)]) -> Facet {
    let asks = |policy: &StepUpPolicy| policy.need(right).is_some_and(|need| need.approval);
    let word = |asks: bool| if asks { "second person" } else { "alone" };
    let of_level = StepUpPolicy::of(level, std::time::Duration::ZERO);
    let mut policy = of_level.clone();
    policy.approvals.extend(rules.iter().copied());
    let mut facet = Facet::new(format!("approvals.{right}"), word(asks(&of_level)), word(asks(&policy)));
    facet.changed_with = "access-approval";
    if facet.source == Source::Settings {
        facet.source = Source::Organisation;
    }
    facet
}

/// What changes for an organisation when its level does.
pub(super) async fn diff(
    controls: &Controls,
    by: &Bounds,
    (from, to): (Option<String>, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let to: Level = to.parse().map_err(Refused::because)?;
    let from: Option<Level> = from.map(|level| level.parse()).transpose().map_err(Refused::because)?;
    let (by, parts) = (*by, Parts::of(controls)?);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let from = match from {
            Some(level) => level,
            None => policy::level_of(tx, organisation)?,
        };
        let (before, after) = (at(tx, organisation, from, &parts)?, at(tx, organisation, to, &parts)?);
        Ok::<_, LevelError>((from, before, after))
    };
    let (from, before, after) = controls.store.read(work).await.map_err(Refused::because)?;
    let value_in = |all: &[Facet], name: &str| all.iter().find(|it| it.name == name).map(|it| it.value.clone());
    let mut seen = BTreeSet::new();
    let names = before.iter().chain(&after).map(|facet| facet.name.as_str());
    let names: Vec<&str> = names.filter(|name| seen.insert(*name)).collect();
    let same = |name: &&str| value_in(&before, name) == value_in(&after, name);
    let rows: Vec<Value> = names
        .iter()
        .filter(|name| !same(name))
        .map(|name| json!({ "what": name, "from": value_in(&before, name), "to": value_in(&after, name) }))
        .collect();
    Ok(json!({
        "from": from.as_str(), "to": to.as_str(), "differences": rows, "same": names.iter().filter(|name| same(name)).count(),
    }))
}
