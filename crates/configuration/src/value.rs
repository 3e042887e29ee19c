//! Values as people write and see them: in the syntax of the file.

use serde_json::{Number, Value as Json};
use toml::{Table, Value};

use crate::{Kind, Setting};

/// Octets of a value as it is written.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// Reads a value in the syntax of the file. Text and words may stand without quotation marks. A table names what is to be another; the rest
/// of it stays as in `present`.
///
/// # Errors
/// A sentence on what is wrong.
pub fn read_value(setting: &Setting, text: &str, present: Option<&Value>) -> Result<Value, String> {
    let text = text.trim();
    if text.len() > VALUE_BYTES_MAX {
        return Err(format!("{}: a value has {VALUE_BYTES_MAX} octets at most", setting.name));
    }
    let is_text = matches!(setting.kind, Kind::Text | Kind::Word | Kind::File);
    let read = one_value(text);
    match (read, present) {
        (Ok(Value::String(text)), _) => Ok(Value::String(text)),
        (_, _) if is_text => Ok(Value::String(text.to_owned())),
        (Ok(Value::Table(given)), Some(Value::Table(present))) => {
            let mut whole = present.clone();
            whole.extend(given);
            Ok(Value::Table(whole))
        }
        // 1 is a number among fractions, too.
        (Ok(Value::Integer(whole)), _) if setting.kind == Kind::Fraction => Ok(Value::Float(whole as f64)),
        (Ok(value), _) => Ok(value),
        (Err(why), _) => Err(format!("{} = {text}: {why}; write it as in the file", setting.name)),
    }
}

/// The one value that `text` is.
fn one_value(text: &str) -> Result<Value, String> {
    const NAME: &str = "value";
    let mut table: Table = toml::from_str(&format!("{NAME} = {text}\n")).map_err(|error| {
        // The place would be that in our own line.
        error.message().replace('\n', ", ")
    })?;
    match (table.remove(NAME), table.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err("this is more than one value".to_owned()),
    }
}

/// The value in the syntax of the file.
#[must_use]
pub fn text_of(value: &Value) -> String {
    value.to_string()
}

/// The value for programs.
#[must_use]
pub fn json_of(value: &Value) -> Json {
    match value {
        Value::String(text) => text.clone().into(),
        Value::Integer(whole) => (*whole).into(),
        Value::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::Boolean(is_on) => (*is_on).into(),
        Value::Datetime(moment) => moment.to_string().into(),
        Value::Array(items) => items.iter().map(json_of).collect(),
        Value::Table(table) => Json::Object(table.iter().map(|(name, value)| (name.clone(), json_of(value))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use env::settings::Field;

    use super::*;
    use crate::{Applies, Declared, Nature, Weaker};

    fn setting(kind: &'static str, default: Option<&Value>) -> Setting {
        let nature = Nature { applies: Applies::Live, weaker: Weaker::Never, is_secret: false };
        let field = Field { name: "name", doc: " A name.\n", kind };
        Setting::new(Declared { section: "part", about: "", field: &field, default }, nature)
    }

    #[test]
    fn values_are_written_as_in_the_file_and_text_without_marks_too() {
        let text = setting("String", None);
        for (given, expected) in
            [("1.3", "1.3"), ("\"1.3\"", "1.3"), ("mail.example.com", "mail.example.com"), ("", "")]
        {
            assert_eq!(read_value(&text, given, None).unwrap(), Value::String(expected.to_owned()));
        }
        assert_eq!(read_value(&setting("u32", None), " 30 ", None).unwrap(), Value::Integer(30));
        assert_eq!(read_value(&setting("f64", None), "1", None).unwrap(), Value::Float(1.0));
        let list = read_value(&setting("Vec<String>", None), "[\"a\", \"b\"]", None).unwrap();
        assert_eq!((text_of(&list).as_str(), json_of(&list)), ("[\"a\", \"b\"]", serde_json::json!(["a", "b"])));
    }

    #[test]
    fn a_table_changes_what_it_names() {
        let present = one_value("{ junk = 0.8, warn = 0.5 }").unwrap();
        let read = read_value(&setting("LevelSettings", Some(&present)), "{ junk = 0.7 }", Some(&present)).unwrap();
        assert_eq!(read, one_value("{ junk = 0.7, warn = 0.5 }").unwrap());
    }

    #[test]
    fn what_is_no_value_is_refused_in_words() {
        let number = setting("u32", None);
        for given in ["many", "3\nserver.node = 4", "", "[1"] {
            let why = read_value(&number, given, None).unwrap_err();
            assert!(why.starts_with("part.name = "), "{why}");
        }
        assert!(read_value(&number, &"9".repeat(VALUE_BYTES_MAX + 1), None).unwrap_err().contains("octets at most"));
    }
}
