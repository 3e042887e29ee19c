//! The one place where it is decided what crosses.

use std::fmt;

use env::Timestamp;
use store::Tx;

use crate::rules::{Rule, list_rules};
use crate::{Class, Kind, Place, RegionSettings, ResidenceError, Shield, Towards, list_regions, register};

/// Something that is about to leave.
#[derive(Debug, Clone)]
pub struct Crossing {
    /// Whose data it is.
    pub organisation: i64,
    /// How it leaves.
    pub kind: Kind,
    /// Where to.
    pub to: Place,
    /// The highest classification of what leaves.
    pub class: Class,
    /// Whether the content is encrypted; none where that is asked for and looked at beside.
    pub is_sealed: Option<bool>,
    /// Who has it leave; none where the server does by itself.
    pub account: Option<i64>,
    /// What leaves, in a few words: the recipient, the action, the repository.
    pub what: String,
    /// Names this crossing among all: it is entered once, however often it is tried.
    pub subject: Vec<u8>,
}

/// What lets something pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Name of the rule.
    pub rule: String,
    /// What it asks for.
    pub encryption: Shield,
    /// The basis and its reference.
    pub basis: String,
}

/// Why something does not pass, and what would let it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The rule that comes closest, if there is one.
    pub rule: Option<String>,
    /// Why, and the remedy.
    pub why: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It does not leave the region.
    Within,
    /// A rule lets it pass.
    Allowed(Passage),
    /// None does.
    Denied(Denial),
}

/// Decides without entering anything, as for those who ask before they do it.
///
/// # Errors
/// [`ResidenceError`] if the store fails or a rule does not open.
pub fn decide(tx: &mut Tx<'_>, here: &RegionSettings, crossing: &Crossing) -> Result<Decision, ResidenceError> {
    if here.is_set() && crossing.to.is_within(here) {
        return Ok(Decision::Within);
    }
    let regions = list_regions(tx)?;
    let is_in = |region: &str| match &crossing.to.region {
        Some(to) => to == region,
        None => regions.iter().any(|it| it.name == region && it.country == crossing.to.country),
    };
    let is_known = crossing.to.region.as_ref().is_none_or(|region| regions.iter().any(|it| it.name == *region));
    if !here.is_set() || !is_known {
        return Ok(Decision::Denied(unknown(here, &crossing.to)));
    }
    let reaches = |rule: &Rule| match &rule.to {
        Towards::Region(region) => is_in(region),
        Towards::Country(country) => country.eq_ignore_ascii_case(&crossing.to.country),
        Towards::Domain(domain) => crossing.to.domain.as_ref().is_some_and(|to| is_below(to, domain)),
    };
    let rules = list_rules(tx, crossing.organisation)?.into_iter().map(|kept| kept.rule);
    let rules: Vec<Rule> =
        rules.filter(|rule| rule.kind == crossing.kind && rule.from == here.name && reaches(rule)).collect();
    let now = tx.now();
    let is_shielded = |rule: &&Rule| rule.encryption == Shield::Tls || crossing.is_sealed != Some(false);
    match rules.iter().filter(is_shielded).find(|rule| rule.ends > now && rule.class >= crossing.class) {
        Some(rule) => Ok(Decision::Allowed(Passage {
            rule: rule.name.clone(),
            encryption: rule.encryption,
            basis: format!("{} {}", rule.basis, rule.reference),
        })),
        None => Ok(Decision::Denied(denial(&rules, here, crossing, now))),
    }
}

/// Decides, and enters what was decided in the audit log and the register of transfers, in the caller's transaction: what cannot be entered does
/// not cross.
///
/// # Errors
/// [`ResidenceError`] if the store fails or a rule does not open.
pub fn cross(tx: &mut Tx<'_>, here: &RegionSettings, crossing: &Crossing) -> Result<Decision, ResidenceError> {
    let decision = decide(tx, here, crossing)?;
    match &decision {
        Decision::Within => {}
        Decision::Allowed(_) | Decision::Denied(_) => register::enter(tx, here, crossing, &decision)?,
    }
    Ok(decision)
}

fn is_below(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn unknown(here: &RegionSettings, to: &Place) -> Denial {
    let why = if here.is_set() {
        format!(
            "{to} is not known here, so no rule lets anything go there; make it known: tradewind region set NAME --country XX"
        )
    } else {
        "this installation has no region, so nothing goes to others; set region.name and region.country".to_owned()
    };
    Denial { rule: None, why }
}

fn denial(rules: &[Rule], here: &RegionSettings, crossing: &Crossing, now: Timestamp) -> Denial {
    let Crossing { kind, to, class, .. } = crossing;
    let from = &here.name;
    let closest = rules.iter().max_by_key(|rule| (rule.ends > now, rule.class));
    let why = match closest {
        None => {
            let towards =
                to.region.as_ref().map_or_else(|| format!("country:{}", to.country), |it| format!("region:{it}"));
            format!(
                "no rule lets a {kind} go from region {from} to {to}; with a legal basis one can be set: tradewind region rule set NAME --kind {kind} --to {towards} --basis BASIS --reference TEXT --ends DAY"
            )
        }
        Some(rule) if rule.ends <= now => {
            let day = rule.ends.to_string();
            let day = day.get(..10).unwrap_or(&day);
            format!(
                "rule {} for a {kind} from region {from} to {to} ended on {day}; when its basis holds again, set it anew: tradewind region rule set {}",
                rule.name, rule.name
            )
        }
        Some(rule) if rule.class >= *class => format!(
            "rule {} for a {kind} from region {from} to {to} asks for encrypted content, and this can be read on its way; encrypt it with OpenPGP or S/MIME",
            rule.name
        ),
        Some(rule) => format!(
            "rule {} lets a {kind} go from region {from} to {to} up to the classification {}, and this is {class}; lower the classification of what is sent, or have the rule changed: tradewind region rule set {} --class {class}",
            rule.name, rule.class, rule.name
        ),
    };
    Denial { rule: closest.map(|rule| rule.name.clone()), why }
}
