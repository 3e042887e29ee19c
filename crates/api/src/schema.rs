//! What a value must look like, in the part of JSON Schema (2020-12) that the description of the API is written in.
//!
//! A request is held against its description before anything else reads it, and in builds with debug assertions so is each answer: what
//! is described is what is demanded and what is given, and neither can drift from the other.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// The keywords that are understood; a test holds the description of the API against them.
#[cfg(test)]
pub(crate) const KEYWORDS: &[&str] = &[
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "contentEncoding",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "type",
];

/// Alternatives that a message names.
const NAMED_MAX: usize = 40;

/// Where a value is not as it must be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The field, as in `recipients[0].address`; empty for the whole.
    pub(crate) field: String,
    /// Why, for whoever sent it.
    pub(crate) why: String,
}

impl Misfit {
    fn new(field: &str, why: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into() }
    }
}

/// Whether `value` is as `schema` says, whose references lead into `root`.
///
/// # Errors
/// [`Misfit`] with the first field that is not.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), Misfit> {
    fits(root, schema, value, "")
}

/// The first text that holds U+0000, which no database column and no protocol of ours carries.
pub(crate) fn nul_in(value: &Value) -> Option<String> {
    fn find(value: &Value, field: &str) -> Option<String> {
        match value {
            Value::String(text) => text.contains('\0').then(|| field.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().find_map(|(at, item)| find(item, &format!("{field}[{at}]")))
            }
            Value::Object(fields) => fields.iter().find_map(|(name, value)| find(value, &below(field, name))),
            _ => None,
        }
    }
    find(value, "")
}

fn below(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}

fn fits(root: &Value, schema: &Value, value: &Value, field: &str) -> Result<(), Misfit> {
    let Some(rules) = schema.as_object() else { return Ok(()) };
    if let Some(path) = rules.get("$ref").and_then(Value::as_str) {
        let meant = root.pointer(path.trim_start_matches('#'));
        let meant = meant.ok_or_else(|| Misfit::new(field, format!("{path} is described nowhere")))?;
        fits(root, meant, value, field)?;
    }
    of_type(rules, value, field)?;
    of_choice(root, rules, value, field)?;
    match value {
        Value::Object(fields) => of_fields(root, rules, fields, field),
        Value::Array(items) => of_items(root, rules, items, field),
        Value::String(text) => of_text(rules, text, field),
        Value::Number(_) => of_number(rules, value, field),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn of_type(rules: &Map<String, Value>, value: &Value, field: &str) -> Result<(), Misfit> {
    let is = |word: &str| match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let wanted: Vec<&str> = match rules.get("type") {
        None => return Ok(()),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(word) => word.as_str().into_iter().collect(),
    };
    if wanted.iter().any(|word| is(word)) {
        return Ok(());
    }
    Err(Misfit::new(field, format!("is {}, and must be {}", kind_of(value), wanted.join(" or "))))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number of another kind or size",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// `const`, `enum`, and alternatives. Ours exclude one another, so one that fits is enough for `oneOf` too.
fn of_choice(root: &Value, rules: &Map<String, Value>, value: &Value, field: &str) -> Result<(), Misfit> {
    if let Some(only) = rules.get("const")
        && only != value
    {
        return Err(Misfit::new(field, format!("must be {only}")));
    }
    if let Some(words) = rules.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        return Err(Misfit::new(field, format!("must be one of: {}", named(words.iter()))));
    }
    for keyword in ["oneOf", "anyOf"] {
        let Some(all) = rules.get(keyword).and_then(Value::as_array) else { continue };
        let outcomes: Vec<Result<(), Misfit>> = all.iter().map(|one| fits(root, one, value, field)).collect();
        if outcomes.iter().any(Result::is_ok) {
            continue;
        }
        let words: Vec<&Value> = all.iter().filter_map(|one| one.get("const")).collect();
        if words.len() == all.len() {
            return Err(Misfit::new(field, format!("must be one of: {}", named(words.into_iter()))));
        }
        // The one that went furthest says most.
        let furthest = outcomes.into_iter().filter_map(Result::err).max_by_key(|misfit| misfit.field.len());
        return Err(furthest.unwrap_or_else(|| Misfit::new(field, "fits nothing that it may be")));
    }
    Ok(())
}

fn named<'a>(words: impl Iterator<Item = &'a Value>) -> String {
    words
        .take(NAMED_MAX)
        .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}

fn of_fields(root: &Value, rules: &Map<String, Value>, fields: &Map<String, Value>, field: &str) -> Result<(), Misfit> {
    let none = Map::new();
    let known = rules.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for name in rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(Misfit::new(&below(field, name), format!("missing field `{name}`")));
        }
    }
    for (name, value) in fields {
        let place = below(field, name);
        match (known.get(name), rules.get("additionalProperties")) {
            (Some(rule), _) => fits(root, rule, value, &place)?,
            (None, Some(Value::Bool(false))) => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let may = if names.is_empty() { "there are no fields".to_owned() } else { names.join(", ") };
                return Err(Misfit::new(&place, format!("unknown field `{name}`; known: {may}")));
            }
            (None, Some(rule)) => fits(root, rule, value, &place)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn of_items(root: &Value, rules: &Map<String, Value>, items: &[Value], field: &str) -> Result<(), Misfit> {
    let (least, most) = (count(rules, "minItems"), count(rules, "maxItems"));
    if least.is_some_and(|least| items.len() < least) || most.is_some_and(|most| items.len() > most) {
        return Err(Misfit::new(field, format!("has {} items, and must have {}", items.len(), span(least, most))));
    }
    let Some(rule) = rules.get("items") else { return Ok(()) };
    items.iter().enumerate().try_for_each(|(at, item)| fits(root, rule, item, &format!("{field}[{at}]")))
}

fn of_text(rules: &Map<String, Value>, text: &str, field: &str) -> Result<(), Misfit> {
    let (least, most, chars) = (count(rules, "minLength"), count(rules, "maxLength"), text.chars().count());
    if least.is_some_and(|least| chars < least) || most.is_some_and(|most| chars > most) {
        return Err(Misfit::new(field, format!("has {chars} characters, and must have {}", span(least, most))));
    }
    if rules.get("format").is_some_and(|format| format == "date-time") && !is_moment(text) {
        return Err(Misfit::new(field, format!("{text:?} is no moment; write it as 2026-11-27T08:30:00Z")));
    }
    Ok(())
}

/// A moment as ours are written: RFC 3339 in UTC with whole seconds.
fn is_moment(text: &str) -> bool {
    let digits = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    text.len() == 20 && text.bytes().map(digits).eq(*b"0000-00-00T00:00:00Z")
}

fn of_number(rules: &Map<String, Value>, value: &Value, field: &str) -> Result<(), Misfit> {
    let (least, most) = (rules.get("minimum"), rules.get("maximum"));
    let is_below = least.is_some_and(|least| is_less(value, least));
    let is_above = most.is_some_and(|most| is_less(most, value));
    if is_below || is_above {
        return Err(Misfit::new(field, format!("is {value}, and must be {}", span(least, most))));
    }
    Ok(())
}

/// Whole numbers are compared as such: a fraction of 64 bits has no room for them.
fn is_less(one: &Value, other: &Value) -> bool {
    let whole = |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one < other),
    }
}

fn count(rules: &Map<String, Value>, keyword: &str) -> Option<usize> {
    rules.get(keyword).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

fn span<T: std::fmt::Display>(least: Option<T>, most: Option<T>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("from {least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("{most} or less"),
        (None, None) => "any".to_owned(),
    }
}
