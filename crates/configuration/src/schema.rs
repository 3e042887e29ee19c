//! What each setting is.

use env::settings::Field;
use toml::Value;

use crate::Weaker;

env::words! {
    /// When a change of a setting takes effect.
    Applies "way in which a setting applies" allowed "live, restart, file" {
        /// At once, on every node.
        Live = "live",
        /// When a node starts the next time.
        Restart = "restart",
        /// It cannot be changed while the server runs: it stands in the file alone.
        File = "file",
    }
}

env::words! {
    /// Of which type a setting is.
    Kind "type of a setting" allowed "switch, number, fraction, text, word, file, texts, numbers, files, table, tables" {
        /// `true` or `false`.
        Switch = "switch",
        /// A whole number.
        Number = "number",
        /// A number.
        Fraction = "fraction",
        /// Text.
        Text = "text",
        /// One of a few words.
        Word = "word",
        /// Name of a file or directory.
        File = "file",
        /// A list of texts.
        Texts = "texts",
        /// A list of whole numbers.
        Numbers = "numbers",
        /// A list of names of files.
        Files = "files",
        /// A table.
        Table = "table",
        /// A list of tables.
        Tables = "tables",
    }
}

/// What is said of a setting beside its declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nature {
    /// When a change takes effect.
    pub applies: Applies,
    /// By which change it protects less.
    pub weaker: Weaker,
    /// Whether its value is told nobody.
    pub is_secret: bool,
}

/// A setting as it is declared.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Name of its section.
    pub section: &'static str,
    /// What the section is about.
    pub about: &'static str,
    /// The declaration.
    pub field: &'a Field,
    /// Its default; none for one that may be left out and is not set.
    pub default: Option<&'a Value>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `section.name`, as in the file.
    pub name: String,
    /// Its section.
    pub section: &'static str,
    /// What the section is about, in one line.
    pub about: String,
    /// What it means, in one line.
    pub doc: String,
    /// Its type.
    pub kind: Kind,
    /// Unit of its number; none where it has none.
    pub unit: Option<&'static str>,
    /// Its default; none for one that is not set.
    pub default: Option<Value>,
    /// What else is said of it.
    pub nature: Nature,
}

/// All settings, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema(Vec<Setting>);

impl Setting {
    /// The setting of a declaration.
    #[must_use]
    pub fn new(declared: Declared<'_>, nature: Nature) -> Self {
        let Declared { section, about, field, default } = declared;
        let kind = kind_of(field.kind, default);
        let unit =
            if matches!(kind, Kind::Number | Kind::Numbers | Kind::Fraction) { unit_of(field.name) } else { None };
        Self {
            name: format!("{section}.{}", field.name),
            section,
            about: one_line(about),
            doc: one_line(field.doc),
            kind,
            unit,
            default: default.cloned(),
            nature,
        }
    }
}

impl Schema {
    /// The schema of these settings.
    #[must_use]
    pub const fn new(settings: Vec<Setting>) -> Self {
        Self(settings)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Setting] {
        &self.0
    }

    /// The setting of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.name == name)
    }

    /// Names that are most like `name`, three at most, for somebody who mistyped it.
    #[must_use]
    pub fn near(&self, name: &str) -> Vec<&str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let is_near = |setting: &&Setting| {
            let field = setting.name.rsplit('.').next().unwrap_or_default();
            !last.is_empty() && (field.contains(last) || last.contains(field))
        };
        let section = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let mut near: Vec<&str> = self.0.iter().filter(is_near).map(|setting| setting.name.as_str()).collect();
        // Many sections have a `keep_days`: the one of the section that was named comes first.
        near.sort_by_key(|other| section(other) != section(name));
        near.truncate(3);
        near
    }
}

fn one_line(doc: &str) -> String {
    doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// From the type as Rust writes it; of what is no plain type, from the default.
fn kind_of(rust: &str, default: Option<&Value>) -> Kind {
    let rust: String = rust.chars().filter(|letter| !letter.is_whitespace()).collect();
    let rust = rust.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')).unwrap_or(&rust);
    match rust {
        "bool" => Kind::Switch,
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => Kind::Number,
        "f32" | "f64" => Kind::Fraction,
        "String" => Kind::Text,
        "PathBuf" => Kind::File,
        "Vec<String>" => Kind::Texts,
        "Vec<PathBuf>" => Kind::Files,
        "Vec<u16>" | "Vec<u32>" | "Vec<u64>" => Kind::Numbers,
        _ => match default {
            Some(Value::Table(_)) => Kind::Table,
            Some(Value::Array(_)) => Kind::Tables,
            _ => Kind::Word,
        },
    }
}

/// The unit that a name ends with, or has before what bounds it.
fn unit_of(name: &str) -> Option<&'static str> {
    const UNITS: &[(&str, &str)] = &[
        ("milliseconds", "milliseconds"),
        ("seconds", "seconds"),
        ("minutes", "minutes"),
        ("hours", "hours"),
        ("days", "days"),
        ("weeks", "weeks"),
        ("months", "months"),
        ("bytes", "bytes"),
        ("octets", "bytes"),
        ("mib", "MiB"),
    ];
    // A rate is a number of something, and bytes in a second are no seconds.
    if name.contains("_per_") || name.contains("_minute_") {
        return if name.contains("bytes") {
            Some("bytes")
        } else if name.contains("mib") {
            Some("MiB")
        } else {
            None
        };
    }
    let mut words = name.split('_');
    words.find_map(|word| UNITS.iter().find(|(unit, _)| *unit == word)).map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, kind: &'static str) -> Field {
        Field { name, doc: " First line.\n Second line.\n", kind }
    }

    #[test]
    fn types_and_units_come_from_the_declaration() {
        let number = Value::Integer(7);
        let list = Value::Array(Vec::new());
        let table = Value::Table(toml::Table::new());
        let cases = [
            ("keep_days", "u32", Some(&number), Kind::Number, Some("days")),
            ("zone_minutes", "i32", Some(&number), Kind::Number, Some("minutes")),
            ("message_bytes_max", "u64", Some(&number), Kind::Number, Some("bytes")),
            ("data_bytes_per_second_min", "u32", Some(&number), Kind::Number, Some("bytes")),
            ("messages_per_network_minute_max", "u32", Some(&number), Kind::Number, None),
            ("retry_minutes", "Vec < u64 >", Some(&list), Kind::Numbers, Some("minutes")),
            ("contact_days", "String", None, Kind::Text, None),
            ("ca", "Option<PathBuf>", None, Kind::File, None),
            ("names", "Vec<String>", Some(&list), Kind::Texts, None),
            ("route", "Vec<Route>", Some(&list), Kind::Tables, None),
            ("trade", "LevelSettings", Some(&table), Kind::Table, None),
            ("mode", "Mode", Some(&Value::String("on".to_owned())), Kind::Word, None),
        ];
        let nature = Nature { applies: Applies::Live, weaker: Weaker::Never, is_secret: false };
        for (name, rust, default, kind, unit) in cases {
            let field = field(name, rust);
            let found = Setting::new(Declared { section: "part", about: " A part.\n", field: &field, default }, nature);
            assert_eq!((found.kind, found.unit), (kind, unit), "{name}");
            assert_eq!((found.name, found.doc.as_str()), (format!("part.{name}"), "First line. Second line."));
        }
    }

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        let nature = Nature { applies: Applies::Live, weaker: Weaker::Never, is_secret: false };
        let field = field("keep_days", "u32");
        let declared = Declared { section: "watch", about: "", field: &field, default: None };
        let schema = Schema::new(vec![Setting::new(declared, nature)]);
        assert_eq!(schema.near("wach.keep_days"), ["watch.keep_days"]);
        assert!(schema.find("wach.keep_days").is_none() && schema.near("").is_empty());
    }
}
