//! Settings as data: what holds and from where, changes with their reasons, undoing them.

use ::configuration::{
    Applies, By, Change, Changed, ConfigurationError, Node, OfFile, Setting, Standing, Version, Wish, change, current,
    history as versions_of, json_of, list_standings, text_of,
};
use ::letters::Texts;
use ::store::Tx;
use identity::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Bounds;
use super::levels::{self, Facet};
use super::people::pick_organisation;
use super::{Controls, Refused};

/// Settings, or versions, of one page where nothing is said.
const PAGE: u32 = 50;

/// And at most.
const PAGE_MAX: u32 = 200;

/// What stands for a value that is told nobody.
const HIDDEN: &str = "…";

/// Which settings are to be listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsWanted {
    /// Those of one section, such as judging; `organisation` for what the protection level makes of an organisation.
    pub section: Option<String>,
    /// Those whose name or meaning contains this.
    pub search: Option<String>,
    /// Those alone that are not at their defaults, or wait for a restart.
    pub changed_only: bool,
    /// Language of what is said of them: zh or en.
    pub language: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// Those behind this one: what the page before said as `next`.
    pub cursor: Option<String>,
    /// At most so many, 200 and less.
    pub limit: Option<u32>,
}

/// A setting to be changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingToChange {
    /// Its name, such as judging.keep_days.
    pub name: String,
    /// The value as it would stand in the file; without it, what holds without it holds again.
    pub value: Option<String>,
    /// The value of a setting that is told nobody, in place of `value`: it is neither shown nor recorded.
    pub secret: Option<String>,
    /// Why; needed to protect less.
    pub reason: Option<String>,
    /// The version that was seen, 0 where it was never changed. If another is there by now, nothing is changed.
    pub based_on: i64,
    /// It may protect less, which is a right of its own.
    #[serde(default)]
    pub protect_less: bool,
}

/// A change of a setting to be undone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingToUndo {
    /// Its name.
    pub name: String,
    /// Why; needed to protect less.
    pub reason: Option<String>,
    /// The version to be undone: the newest that was seen.
    pub based_on: i64,
    /// It may protect less, which is a right of its own.
    #[serde(default)]
    pub protect_less: bool,
}

/// Which versions are to be listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryWanted {
    /// Those of one setting.
    pub name: Option<String>,
    /// Those behind this one: what the page before said as `next`.
    pub cursor: Option<String>,
    /// At most so many, 200 and less.
    pub limit: Option<u32>,
}

/// Everything that is said of settings beside the schema.
struct Known {
    newest: Vec<(Version, String)>,
    nodes: Vec<Standing>,
    facets: Vec<Facet>,
}

/// Settings in the order of the file, then what the level makes of the organisation.
pub(super) async fn list(controls: &Controls, by: &Bounds, wanted: SettingsWanted) -> Result<Value, Refused> {
    let node = controls.elsewhere.node()?;
    let language = language_of(wanted.language.as_deref())?;
    let known = known(controls, by, wanted.organisation.clone()).await?;
    let texts = Texts::of(language);
    let limit = usize::try_from(wanted.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)).unwrap_or_default();
    let rows = node
        .schema()
        .all()
        .iter()
        .map(|setting| row(&*node, setting, &known, &texts))
        .chain(known.facets.iter().map(|facet| facet_row(facet, &texts)));
    let rows: Vec<Value> = rows.collect();
    let mut sections: Vec<String> = rows.iter().filter_map(|row| row["section"].as_str().map(str::to_owned)).collect();
    sections.dedup();
    let mut rows: Vec<Value> = rows.into_iter().filter(|row| is_wanted(row, &wanted)).collect();
    let total = rows.len();
    if let Some(cursor) = &wanted.cursor {
        let place = rows.iter().position(|row| row["name"] == cursor.as_str());
        let place = place.ok_or_else(|| {
            Refused(format!("cursor {cursor}: no such setting among those that are wanted; begin anew without it"))
        })?;
        rows.drain(..=place);
    }
    let next = (rows.len() > limit).then(|| rows.get(limit - 1).map(|row| row["name"].clone())).flatten();
    rows.truncate(limit);
    Ok(json!({
        "settings": rows, "next": next, "total": total, "sections": sections, "node": node.number(), "file": node.file(),
    }))
}

fn is_wanted(row: &Value, wanted: &SettingsWanted) -> bool {
    let is_in_section = wanted.section.as_ref().is_none_or(|section| row["section"] == section.as_str());
    let contains = |text: &str| {
        let text = text.to_lowercase();
        ["name", "doc"].iter().any(|field| row[*field].as_str().is_some_and(|it| it.to_lowercase().contains(&text)))
    };
    let is_found = wanted.search.as_ref().is_none_or(|text| contains(text));
    is_in_section && is_found && (!wanted.changed_only || row["changed"] == true)
}

/// One setting with its newest versions.
pub(super) async fn show(
    controls: &Controls,
    by: &Bounds,
    name: String,
    language: Option<String>,
) -> Result<Value, Refused> {
    let node = controls.elsewhere.node()?;
    let texts = Texts::of(language_of(language.as_deref())?);
    let setting = found(&*node, &name)?;
    let known = known(controls, by, None).await?;
    let mut shown = row(&*node, setting, &known, &texts);
    if let Some(fields) = shown.as_object_mut() {
        let wanted = HistoryWanted { name: Some(name), cursor: None, limit: Some(10) };
        fields.insert("history".to_owned(), history(controls, wanted).await?["versions"].clone());
    }
    Ok(shown)
}

fn found<'a>(node: &'a dyn Node, name: &str) -> Result<&'a Setting, Refused> {
    node.schema().find(name).ok_or_else(|| {
        let near = node.schema().near(name);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}", near.join(", ")) };
        Refused::because(ConfigurationError::NoSetting { name: name.to_owned(), hint })
    })
}

async fn known(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Known, Refused> {
    let (by, parts) = (*by, levels::Parts::of(controls)?);
    let work = move |tx: &mut Tx<'_>| {
        let mut named = Vec::new();
        for version in current(tx)? {
            let who = name_of(tx, version.by)?;
            named.push((version, who));
        }
        let nodes = list_standings(tx)?;
        // With several organisations one has to be named to see what its level makes of it.
        let facets = match pick_organisation(tx, &by, organisation.as_deref()) {
            Ok(organisation) => levels::in_force(tx, organisation, &parts)?,
            Err(identity::IdentityError::NoOrganisation(_)) if organisation.is_none() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok::<_, levels::LevelError>(Known { newest: named, nodes, facets })
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn name_of(tx: &mut Tx<'_>, account: Option<i64>) -> Result<String, identity::IdentityError> {
    let Some(account) = account else { return Ok("operator".to_owned()) };
    let main = identity::list_addresses(tx, account)?.into_iter().next();
    Ok(main.unwrap_or_else(|| format!("account {account}, deleted")))
}

/// What is said of a setting.
fn row(node: &dyn Node, setting: &Setting, known: &Known, texts: &Texts) -> Value {
    let (nature, name) = (setting.nature, setting.name.as_str());
    let newest = known.newest.iter().find(|(version, _)| version.name == name);
    let stored = newest.and_then(|(version, _)| version.value.as_ref());
    let in_force = node.in_force(name);
    let of_file = node.of_file(name);
    let unfit = node.unfit().remove(name);
    let source = if of_file.is_some() {
        "file"
    } else if stored.is_some() && unfit.is_none() {
        "store"
    } else {
        "default"
    };
    let pending_on: Vec<u16> = names_it(&known.nodes, |standing| standing.pending.iter().any(|it| it == name));
    let of_files: Vec<u16> = names_it(&known.nodes, |standing| standing.of_file.iter().any(|it| it == name));
    let waits = stored.filter(|_| unfit.is_none() && nature.applies == Applies::Restart && stored != in_force.as_ref());
    let told = |value: Option<&toml::Value>| match value {
        Some(_) if nature.is_secret => HIDDEN.into(),
        Some(value) => json_of(value),
        None => Value::Null,
    };
    let is_changed = source != "default" || waits.is_some() || unfit.is_some();
    json!({
        "name": name,
        "section": setting.section,
        "about": setting.about,
        "doc": setting.doc,
        "type": setting.kind.as_str(),
        "unit": setting.unit,
        "default": told(setting.default.as_ref()),
        "value": told(in_force.as_ref()),
        "text": if nature.is_secret { Some(HIDDEN.to_owned()) } else { in_force.as_ref().map(text_of) },
        "secret": nature.is_secret,
        "source": source,
        "source_words": texts.say(&format!("setting-source-{source}"), &[]),
        "applies": nature.applies.as_str(),
        "applies_words": texts.say(&format!("setting-applies-{}", nature.applies), &[]),
        "changed": is_changed,
        "pending": waits.map(|value| told(Some(value))),
        "pending_on": pending_on,
        "conflict": unfit,
        "file": of_file.map(|OfFile { line, value }| json!({ "path": node.file(), "line": line, "value": told(Some(&value)) })),
        "file_on": of_files,
        "stored": newest.map(|(version, _)| told(version.value.as_ref())),
        "version": newest.map_or(0, |(version, _)| version.version),
        "changed_by": newest.map(|(_, who)| who),
        "changed_at": newest.map(|(version, _)| version.at.to_string()),
        "reason": newest.map(|(version, _)| version.reason.clone()).filter(|reason| !reason.is_empty()),
    })
}

fn names_it(nodes: &[Standing], names: impl Fn(&Standing) -> bool) -> Vec<u16> {
    nodes.iter().filter(|standing| names(standing)).map(|standing| standing.node).collect()
}

/// What is said of something that the protection level decides.
fn facet_row(facet: &Facet, texts: &Texts) -> Value {
    json!({
        "name": format!("organisation.{}", facet.name),
        "section": "organisation",
        "doc": texts.say("setting-of-level", &[("action", facet.changed_with)]),
        "type": "text",
        "default": facet.of_level,
        "value": facet.value,
        "text": facet.value,
        "secret": false,
        "source": facet.source.as_str(),
        "source_words": texts.say(&format!("setting-source-{}", facet.source), &[]),
        "applies": Applies::Live.as_str(),
        "applies_words": texts.say("setting-applies-live", &[]),
        "changed": facet.source != levels::Source::Level,
        "changed_with": facet.changed_with,
        "changed_by": facet.by,
        "changed_at": facet.at,
        "reason": facet.reason,
    })
}

fn language_of(language: Option<&str>) -> Result<Language, Refused> {
    language.map_or(Ok(Language::English), |word| word.parse().map_err(Refused::because))
}

/// Changes a setting.
pub(super) async fn set(controls: &Controls, by: &Bounds, new: SettingToChange) -> Result<Value, Refused> {
    let node = controls.elsewhere.node()?;
    let setting = found(&*node, &new.name)?;
    let text = match (new.value, new.secret, setting.nature.is_secret) {
        // That it cannot be set here at all is the better answer, and comes with the change.
        (Some(_), None, true) if setting.nature.applies != Applies::File => {
            return Err(Refused(format!("{}: its value is told nobody; give it as secret, not as value", new.name)));
        }
        (None, Some(_), false) => return Err(Refused(format!("{}: is no secret; give it as value", new.name))),
        (Some(_), Some(_), _) => return Err(Refused(format!("{}: give value or secret, not both", new.name))),
        (text, secret, _) => text.or(secret),
    };
    let wanted = Change {
        name: new.name,
        wish: text.map_or(Wish::Clear, Wish::Set),
        reason: new.reason.unwrap_or_default(),
        based_on: Some(new.based_on),
        protect_less: new.protect_less,
    };
    make(controls, by, wanted).await
}

/// Makes what held before the newest version hold again, as a new version.
pub(super) async fn undo(controls: &Controls, by: &Bounds, new: SettingToUndo) -> Result<Value, Refused> {
    let wanted = Change {
        name: new.name,
        wish: Wish::Undo,
        reason: new.reason.unwrap_or_default(),
        based_on: Some(new.based_on),
        protect_less: new.protect_less,
    };
    make(controls, by, wanted).await
}

async fn make(controls: &Controls, by: &Bounds, wanted: Change) -> Result<Value, Refused> {
    let node = controls.elsewhere.node()?;
    let (at_work, by) = (controls.elsewhere.node()?, By { account: by.account, organisation: by.organisation });
    let work = move |tx: &mut Tx<'_>| change(tx, &*at_work, &by, &wanted);
    let changed = controls.store.write(work).await.map_err(Refused::because)?;
    node.take_up().await;
    let is_secret = node.schema().find(&changed.name).is_some_and(|setting| setting.nature.is_secret);
    Ok(told(&changed, is_secret))
}

fn told(changed: &Changed, is_secret: bool) -> Value {
    let value = |value: Option<&toml::Value>| match value {
        Some(_) if is_secret => HIDDEN.into(),
        Some(value) => json_of(value),
        None => Value::Null,
    };
    json!({
        "name": changed.name,
        "version": changed.version,
        "old": value(changed.old.as_ref()),
        "new": value(changed.new.as_ref()),
        "applies": changed.applies.as_str(),
        "changed": changed.is_other,
        "protects_less": changed.protects_less,
    })
}

/// Versions of a setting, or of all, the newest first.
pub(super) async fn history(controls: &Controls, wanted: HistoryWanted) -> Result<Value, Refused> {
    let node = controls.elsewhere.node()?;
    if let Some(name) = &wanted.name {
        found(&*node, name)?;
    }
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let before = match wanted.cursor.as_deref() {
        Some(cursor) => cursor
            .parse::<i64>()
            .map_err(|_| Refused(format!("cursor {cursor}: give what the page before said as next")))?,
        None => 0,
    };
    let name = wanted.name;
    let work = move |tx: &mut Tx<'_>| {
        let mut rows = Vec::new();
        for version in versions_of(tx, name.as_deref(), before, limit.saturating_add(1))? {
            let who = name_of(tx, version.by)?;
            rows.push((version, who));
        }
        Ok::<_, ConfigurationError>(rows)
    };
    let mut rows = controls.store.read(work).await.map_err(Refused::because)?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(|(version, _)| version.id.to_string());
    let rows: Vec<Value> = rows.iter().map(|(version, who)| version_row(&*node, version, who)).collect();
    Ok(json!({ "versions": rows, "next": next }))
}

fn version_row(node: &dyn Node, version: &Version, who: &str) -> Value {
    // Of a setting that this version of the program does not have, nobody knows whether it is a secret.
    let is_secret = node.schema().find(&version.name).is_none_or(|setting| setting.nature.is_secret);
    let told = |value: Option<&toml::Value>| match value {
        Some(_) if is_secret => HIDDEN.into(),
        Some(value) => json_of(value),
        None => Value::Null,
    };
    json!({
        "name": version.name,
        "version": version.version,
        "at": version.at.to_string(),
        "by": who,
        "old": told(version.before.as_ref()),
        "new": told(version.value.as_ref()),
        "how": version.how,
        "reason": version.reason,
        "protects_less": version.protects_less,
    })
}
