//! What stands in a file of the whole configuration.

use std::collections::BTreeMap;

use ::configuration::{Applies, current, json_of};
use ::store::{Tx, holds};
use identity::rights;
use judgement::policy::{self, Setting};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use toml::Table;

use super::super::Refused;
use super::{FILE_BYTES_MAX, WholeError, Work};

/// The form that is written and read.
const FORMAT: u32 = 1;

/// The whole configuration. Of what is left out nothing is changed; `settings` that are there name all that are set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: u32,
    /// What the store has in place of defaults: sections with their settings.
    pub(super) settings: Option<Table>,
    /// What the file of the node sets that wrote this: to be read, as only the file is changed there.
    #[serde(default)]
    pub(super) file: Option<Table>,
    #[serde(default)]
    pub(super) organisation: Vec<OfOrganisation>,
}

/// What is set of an organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfOrganisation {
    pub(super) name: String,
    pub(super) level: Option<String>,
    /// Days for which removed mail is kept.
    pub(super) removed_mail_days: Option<i64>,
    /// Rules for outbound mail, each in JSON.
    pub(super) outbound_rules: Option<Vec<String>>,
    /// Whether a second person approves, by right.
    pub(super) approvals: Option<BTreeMap<String, bool>>,
    /// What must protect messages to partners, by domain or address.
    pub(super) protection: Option<BTreeMap<String, Vec<String>>>,
    /// Departures of judging from the level, by setting.
    pub(super) judging: Option<BTreeMap<String, Departed>>,
    /// Rules on how long mail stays.
    pub(super) retention_rules: Option<Vec<::retention::Rule>>,
}

/// A departure from the level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Departed {
    pub(super) value: String,
    #[serde(default)]
    pub(super) reason: String,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > FILE_BYTES_MAX {
            return Err(Refused(format!("the file has more than {FILE_BYTES_MAX} octets")));
        }
        let document: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text.bytes().take(span.start).filter(|it| *it == b'\n').count() + 1);
            Refused(format!("the file of the configuration, line {line}: {}", error.message().replace('\n', ", ")))
        })?;
        match document.format {
            FORMAT => Ok(document),
            other => Err(Refused(format!("the file says format {other}; this program reads format {FORMAT}"))),
        }
    }

    pub(super) fn write(&self) -> Result<String, Refused> {
        let text = toml::to_string(self).map_err(Refused::because)?;
        Ok(format!(
            "# The configuration of Tradewind, without secrets. Read back with: tradewind config import FILE\n\
             # [settings] is what was changed in the running server, [file] what the file sets: that is changed there alone.\n\n{text}"
        ))
    }
}

/// The configuration as it is, for whoever may see it.
pub(super) fn read(tx: &mut Tx<'_>, work: &Work) -> Result<Document, WholeError> {
    let (node, mut settings, mut file) = (&*work.node, Table::new(), Table::new());
    for version in current(tx)? {
        let known = node.schema().find(&version.name).filter(|setting| !setting.nature.is_secret);
        let known = known.filter(|setting| setting.nature.applies != Applies::File);
        if let (Some(_), Some(value)) = (known, version.value) {
            put(&mut settings, &version.name, value);
        }
    }
    for setting in node.schema().all().iter().filter(|setting| !setting.nature.is_secret) {
        if let Some(of_file) = node.of_file(&setting.name) {
            put(&mut file, &setting.name, of_file.value);
        }
    }
    let mut organisations = Vec::new();
    for organisation in identity::list_organisations(tx).map_err(WholeError::because)? {
        if work.by.hold(organisation.id) {
            organisations.push(of(tx, &organisation)?);
        }
    }
    Ok(Document { format: FORMAT, settings: Some(settings), file: Some(file), organisation: organisations })
}

pub(super) fn of(tx: &mut Tx<'_>, organisation: &identity::Organisation) -> Result<OfOrganisation, WholeError> {
    let id = organisation.id;
    let approvals = rights::approval_rules(tx, id).map_err(WholeError::because)?;
    let demands = ::queue::demands::list(tx, id).map_err(WholeError::because)?;
    let departures = policy::list(tx, id).map_err(WholeError::because)?;
    let in_force = departures.into_iter().filter(|departure| departure.ended.is_none());
    let outbound = ::outbound::rules::list(tx, id).map_err(WholeError::because)?;
    let retention = ::retention::list(tx, id).map_err(WholeError::because)?;
    Ok(OfOrganisation {
        name: organisation.name.clone(),
        level: Some(organisation.level.as_str().to_owned()),
        removed_mail_days: Some(holds::window_days(tx, id)?),
        outbound_rules: Some(outbound.iter().map(rule_text).collect()),
        approvals: Some(approvals.into_iter().map(|(right, wanted)| (right.to_string(), wanted)).collect()),
        protection: Some(demands.into_iter().map(|rule| (rule.partner, rule.demand.into())).collect()),
        judging: Some(in_force.map(departed).collect()),
        // Who set a rule is no part of the configuration: whoever brings it is.
        retention_rules: Some(retention.into_iter().map(|kept| anonymous(kept.rule)).collect()),
    })
}

fn departed(departure: policy::Departure) -> (String, Departed) {
    let setting: Setting = departure.setting;
    (setting.to_string(), Departed { value: departure.value.to_string(), reason: departure.reason })
}

pub(super) fn anonymous(rule: ::retention::Rule) -> ::retention::Rule {
    ::retention::Rule { by: String::new(), ..rule }
}

/// A rule for outbound mail as it is written, always in the same way.
pub(super) fn rule_text(rule: &::outbound::Rule) -> String {
    serde_json::to_string(rule).unwrap_or_default()
}

fn put(table: &mut Table, name: &str, value: toml::Value) {
    let Some((section, field)) = name.split_once('.') else { return };
    let section = table.entry(section).or_insert_with(|| toml::Value::Table(Table::new()));
    if let toml::Value::Table(section) = section {
        section.insert(field.to_owned(), value);
    }
}

/// The settings of sections, by whole names.
pub(super) fn flat(sections: &Table) -> Result<BTreeMap<String, toml::Value>, WholeError> {
    let mut found = BTreeMap::new();
    for (section, values) in sections {
        let toml::Value::Table(values) = values else {
            return Err(WholeError::Refused(format!("{section} = {}: is no section with settings", json_text(values))));
        };
        for (field, value) in values {
            found.insert(format!("{section}.{field}"), value.clone());
        }
    }
    Ok(found)
}

fn json_text(value: &toml::Value) -> String {
    let json: Json = json_of(value);
    json.to_string()
}
