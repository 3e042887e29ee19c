//! What holds of the file's settings and those of the store: the file wins, and nothing is taken that the file would be refused for.

use std::collections::BTreeMap;

use configuration::{Applies, Declared, OfFile, Schema, Setting, Values, Version, text_of};
use toml::{Table, Value};

use super::file::wrong_values;
use super::nature::nature_of;
use super::repositories;
use super::{Settings, schema};

/// What holds, and what of the store does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Combined {
    pub(crate) settings: Settings,
    /// Values of the store that do not hold, with the reason.
    pub(crate) unfit: BTreeMap<String, String>,
}

/// All settings with what is said of them.
pub(crate) fn schema_of_all() -> Schema {
    let defaults = table_of(&Settings::default());
    let mut all = Vec::new();
    for section in schema() {
        for field in section.fields {
            let default = defaults.get(section.name).and_then(|section| section.get(field.name));
            let declared = Declared { section: section.name, about: section.doc, field, default };
            let plain = Setting::new(declared, nature_of("", configuration::Kind::Text));
            let nature = nature_of(&plain.name, plain.kind);
            all.push(Setting { nature, ..plain });
        }
    }
    Schema::new(all)
}

/// Everything that is set, as in a file.
pub(crate) fn table_of(settings: &Settings) -> Table {
    Table::try_from(settings).unwrap_or_default()
}

/// The value of a setting; none if it is not set.
pub(crate) fn value_in(table: &Table, name: &str) -> Option<Value> {
    let (section, field) = name.split_once('.')?;
    table.get(section)?.get(field).cloned()
}

/// Puts a value in its place; takes it away if there is none.
fn put(table: &mut Table, name: &str, value: Option<Value>) {
    let Some((section, field)) = name.split_once('.') else { return };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(section) = section else { return };
    match value {
        Some(value) => drop(section.insert(field.to_owned(), value)),
        None => drop(section.remove(field)),
    }
}

/// The file's settings with these values in their places.
///
/// # Errors
/// A sentence in the words that a file would be refused with.
pub(crate) fn lay(file: &Settings, stored: &Values) -> Result<Settings, String> {
    let mut table = table_of(file);
    for (name, value) in stored {
        check_type(name, value)?;
        if name == repositories::SETTING {
            repositories::may_be_stored(value)?;
        }
        put(&mut table, name, Some(value.clone()));
    }
    let read: Result<Settings, toml::de::Error> = Value::Table(table).try_into();
    let mut settings = read.map_err(|error| error.message().replace('\n', ", "))?;
    if let Some((setting, value, remedy)) = wrong_values(&settings).into_iter().next() {
        return Err(format!("{setting} = {value}: {remedy}"));
    }
    settings.origin = file.origin.clone();
    Ok(settings)
}

/// Whether the setting can have such a value, as the reader of files says.
fn check_type(name: &str, value: &Value) -> Result<(), String> {
    let mut alone = Table::new();
    put(&mut alone, name, Some(value.clone()));
    let text = toml::to_string(&alone).map_err(|error| format!("{name}: {error}"))?;
    match toml::from_str::<Settings>(&text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "{name} = {}: {}; all settings: tradewind config reference",
            text_of(value),
            error.message().replace('\n', ", ")
        )),
    }
}

/// What holds of the file and the store. Never fails: what does not fit is left out, so that a server starts by its file alone.
pub(crate) fn combine(schema: &Schema, file: &Settings, versions: &[Version]) -> Combined {
    let (mut fitting, mut unfit) = (Values::new(), BTreeMap::new());
    for version in versions {
        let Some(value) = &version.value else { continue };
        match obstacle(schema, file, &version.name) {
            Some(why) => drop(unfit.insert(version.name.clone(), why)),
            None => drop(fitting.insert(version.name.clone(), value.clone())),
        }
    }
    if let Ok(settings) = lay(file, &fitting) {
        return Combined { settings, unfit };
    }
    let (mut settings, mut taken) = (file.clone(), Values::new());
    for (name, value) in fitting {
        taken.insert(name.clone(), value);
        match lay(file, &taken) {
            Ok(more) => settings = more,
            Err(why) => {
                taken.remove(&name);
                unfit.insert(name, why);
            }
        }
    }
    Combined { settings, unfit }
}

/// Why the store's value of a setting does not count here, whatever it is.
pub(crate) fn obstacle(schema: &Schema, file: &Settings, name: &str) -> Option<String> {
    let Some(setting) = schema.find(name) else {
        return Some("this version of the program has no such setting".to_owned());
    };
    if setting.nature.applies == Applies::File {
        return Some("it can be set in the file alone".to_owned());
    }
    let OfFile { line, .. } = file.origin.sets.get(name)?;
    Some(format!("{} line {line} sets it, and the file wins", file.origin.path.display()))
}

/// What holds at once on a node that started with `started` and is to have `wanted`: of what needs a restart, what it started with.
pub(crate) fn in_force(schema: &Schema, started: &Settings, wanted: &Settings) -> Settings {
    let (mut table, newest) = (table_of(started), table_of(wanted));
    for setting in schema.all().iter().filter(|setting| setting.nature.applies == Applies::Live) {
        put(&mut table, &setting.name, value_in(&newest, &setting.name));
    }
    let read: Result<Settings, toml::de::Error> = Value::Table(table).try_into();
    let taken = read.ok().filter(|settings| wrong_values(settings).is_empty());
    // What is new may not fit to what waits for a restart; then nothing is taken before it.
    let mut settings = taken.unwrap_or_else(|| started.clone());
    settings.origin = started.origin.clone();
    settings
}

/// Settings of which a restart would make something else.
pub(crate) fn pending(schema: &Schema, in_force: &Settings, wanted: &Settings) -> Vec<String> {
    let (now, then) = (table_of(in_force), table_of(wanted));
    let is_other = |setting: &&Setting| value_in(&now, &setting.name) != value_in(&then, &setting.name);
    schema.all().iter().filter(is_other).map(|setting| setting.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use env::Timestamp;

    use super::*;

    fn file(text: &str) -> Settings {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tradewind.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(&path).unwrap()
    }

    fn version(name: &str, value: &str) -> Version {
        let table: Table = toml::from_str(&format!("v = {value}")).unwrap();
        Version {
            id: 1,
            name: name.to_owned(),
            version: 1,
            at: Timestamp::default(),
            by: None,
            value: table.get("v").cloned(),
            before: None,
            reason: String::new(),
            how: "set".to_owned(),
            protects_less: false,
        }
    }

    #[test]
    fn every_declared_setting_is_in_the_schema_with_type_and_default() {
        let (all, defaults) = (schema_of_all(), table_of(&Settings::default()));
        let declared: usize = schema().iter().map(|section| section.fields.len()).sum();
        assert_eq!(all.all().len(), declared);
        for setting in all.all() {
            assert!(!setting.doc.is_empty() && !setting.about.is_empty(), "{}", setting.name);
            assert_eq!(setting.default, value_in(&defaults, &setting.name), "{}", setting.name);
        }
        let kind = |name: &str| all.find(name).unwrap().kind.as_str();
        assert_eq!((kind("judging.trade"), kind("delivery.retry_minutes")), ("table", "numbers"));
        assert_eq!(
            (kind("http.mta_sts_mode"), kind("opinion.doubt_min"), kind("gm.client_authorities")),
            ("word", "fraction", "file")
        );
    }

    #[test]
    fn the_store_stands_in_place_of_defaults_and_never_of_the_file() {
        let all = schema_of_all();
        let file = file("[judging]\nkeep_days = 20\n");
        let versions =
            [version("judging.keep_days", "99"), version("judging.quarantine_days", "60"), version("server.node", "3")];
        let Combined { settings, unfit } = combine(&all, &file, &versions);
        assert_eq!((settings.judging.keep_days, settings.judging.quarantine_days, settings.server.node), (20, 60, 0));
        assert!(unfit["judging.keep_days"].contains("tradewind.toml line 2 sets it, and the file wins"), "{unfit:?}");
        assert!(unfit["server.node"].contains("in the file alone"), "{unfit:?}");
        assert_eq!(unfit.len(), 2);
    }

    #[test]
    fn what_cannot_be_is_refused_in_the_words_of_the_file() {
        for (name, value) in [
            ("tls.version_min", "\"1.1\""),
            ("judging.keep_days", "\"many\""),
            ("judging.trade", "{ warn = 0.9, junk = 0.1, quarantine = 0.2, refuse = 0.3, unjudged = \"junk\" }"),
            ("smtp.exempt_networks", "[\"everything\"]"),
            ("judging.nothing", "3"),
        ] {
            let (section, field) = name.split_once('.').unwrap();
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("tradewind.toml");
            std::fs::write(&path, format!("[{section}]\n{field} = {value}\n")).unwrap();
            let of_file = Settings::load(&path).unwrap_err().to_string();
            let stored: Values = [(name.to_owned(), version(name, value).value.unwrap())].into();
            let here = lay(&Settings::default(), &stored).unwrap_err();
            let (_, words) = of_file.split_once(": ").unwrap();
            assert!(here.ends_with(words) || here == words, "{here:?} and {of_file:?}");
        }
    }

    #[test]
    fn a_value_that_fits_no_more_does_not_keep_a_server_from_starting() {
        let all = schema_of_all();
        // With this the file would be refused: dns-01 needs a hook.
        let versions =
            [version("acme.enabled", "true"), version("acme.challenge", "\"dns-01\""), version("smtp.hops_max", "9")];
        let Combined { settings, unfit } = combine(&all, &Settings::default(), &versions);
        assert_eq!(settings.smtp.hops_max, 9);
        assert_eq!(unfit.len(), 1, "{unfit:?}");
        assert!(unfit.values().all(|why| why.contains("acme.dns_hook")), "{unfit:?}");
    }

    #[test]
    fn what_needs_a_restart_waits_for_it() {
        let all = schema_of_all();
        let started = Settings::default();
        let versions = [version("judging.at_once_max", "2"), version("judging.keep_days", "3")];
        let wanted = combine(&all, &started, &versions).settings;
        let now = in_force(&all, &started, &wanted);
        assert_eq!((now.judging.at_once_max, now.judging.keep_days), (8, 3));
        assert_eq!(pending(&all, &now, &wanted), ["judging.at_once_max"]);
    }
}
