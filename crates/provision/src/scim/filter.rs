//! Filters (RFC 7644 section 3.4.2.2), in queries and in paths of PATCH.

use serde_json::Value;

use super::{ScimError, member};

/// Bytes of a filter.
const BYTES_MAX: usize = 4_096;

/// Parentheses and brackets within one another.
const DEPTH_MAX: usize = 16;

/// A condition on a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One or both.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// The attribute is there and not empty.
    Present(Path),
    /// The attribute compared with a value.
    Compare(Path, Operator, Value),
    /// One of the attribute's values fits (`emails[type eq "work"]`).
    Within(Path, Box<Filter>),
}

/// An attribute, perhaps of another: `name.familyName`, without the name of the schema before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(pub(super) Vec<String>);

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterEqual,
    /// `lt`
    Less,
    /// `le`
    LessEqual,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`ScimError`] of type `invalidFilter`.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        if text.len() > BYTES_MAX {
            return Err(wrong("the filter is too long"));
        }
        let mut parser = Parser { rest: text.trim(), depth: 0 };
        let filter = parser.any()?;
        if parser.rest.is_empty() { Ok(filter) } else { Err(wrong("something follows the filter")) }
    }

    /// Whether the resource, or value of a complex attribute, fits.
    #[must_use]
    pub fn fits(&self, resource: &Value) -> bool {
        match self {
            Self::And(one, other) => one.fits(resource) && other.fits(resource),
            Self::Or(one, other) => one.fits(resource) || other.fits(resource),
            Self::Not(filter) => !filter.fits(resource),
            Self::Present(path) => path.values(resource).iter().any(|value| !is_empty(value)),
            Self::Compare(path, Operator::NotEqual, wanted) => {
                !path.values(resource).iter().any(|value| compare(value, Operator::Equal, wanted))
            }
            Self::Compare(path, operator, wanted) => {
                path.values(resource).iter().any(|value| compare(value, *operator, wanted))
            }
            Self::Within(path, filter) => path.values(resource).iter().any(|value| filter.fits(value)),
        }
    }

    /// The value that the attribute `name` must have for the filter to fit, if there is one.
    #[must_use]
    pub fn equals(&self, name: &str) -> Option<&str> {
        match self {
            Self::Compare(path, Operator::Equal, Value::String(wanted)) if path.is(name) => Some(wanted),
            Self::And(one, other) => one.equals(name).or_else(|| other.equals(name)),
            _ => None,
        }
    }
}

impl Path {
    /// Reads an attribute's name.
    pub(super) fn parse(text: &str) -> Result<Self, ScimError> {
        // The schema's URN holds colons and dots; the attribute follows the last colon.
        let own = match text.rsplit_once(':') {
            Some((urn, own)) if urn.to_ascii_lowercase().starts_with("urn:") => own,
            _ => text,
        };
        let parts: Vec<String> = own.split('.').map(str::to_owned).collect();
        let is_name = |part: &String| {
            part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '$')
                && part.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '$'))
        };
        if parts.len() <= 2 && parts.iter().all(is_name) {
            Ok(Self(parts))
        } else {
            Err(wrong("not an attribute's name"))
        }
    }

    fn is(&self, name: &str) -> bool {
        self.0.join(".").eq_ignore_ascii_case(name)
    }

    /// The attribute's values; each of them where there are several. A complex value alone stands for its `value`.
    fn values<'v>(&self, resource: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![resource];
        for part in &self.0 {
            found = found.into_iter().filter_map(|value| member(value, part)).flat_map(each).collect();
        }
        found
    }
}

fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Strings are compared without case: none of ours is `caseExact` but identifiers, which are numbers or are given back as they came.
fn compare(value: &Value, operator: Operator, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(_), _) => member(value, "value").is_some_and(|value| compare(value, operator, wanted)),
        (Value::String(have), Value::String(wanted)) => {
            let (have, wanted) = (have.to_lowercase(), wanted.to_lowercase());
            match operator {
                Operator::Contains => have.contains(&wanted),
                Operator::StartsWith => have.starts_with(&wanted),
                Operator::EndsWith => have.ends_with(&wanted),
                _ => ordered(have.cmp(&wanted), operator),
            }
        }
        (Value::Number(have), Value::Number(wanted)) => {
            have.as_f64().partial_cmp(&wanted.as_f64()).is_some_and(|order| ordered(order, operator))
        }
        // Some clients write truth values as strings.
        (Value::Bool(have), Value::String(wanted)) => {
            operator == Operator::Equal && wanted.eq_ignore_ascii_case(&have.to_string())
        }
        (have, wanted) => operator == Operator::Equal && have == wanted,
    }
}

fn ordered(order: std::cmp::Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

fn wrong(detail: &str) -> ScimError {
    ScimError::new(400, Some("invalidFilter"), detail)
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Result<Filter, ScimError> {
        let mut left = self.all()?;
        while self.take_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Filter, ScimError> {
        let mut left = self.one()?;
        while self.take_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, ScimError> {
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.enclosed('(', ')')?)));
        }
        if self.rest.starts_with('(') {
            return self.enclosed('(', ')');
        }
        let path = Path::parse(self.until(&[' ', '[', ')', ']']))?;
        if self.rest.starts_with('[') {
            let filter = self.enclosed('[', ']')?;
            return Ok(Filter::Within(path, Box::new(filter)));
        }
        if self.take_word("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = self.operator()?;
        Ok(Filter::Compare(path, operator, self.value()?))
    }

    fn enclosed(&mut self, open: char, close: char) -> Result<Filter, ScimError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(wrong("the filter is nested too deeply"));
        }
        self.rest = self.rest.strip_prefix(open).ok_or_else(|| wrong("an opening bracket is missing"))?.trim_start();
        let filter = self.any()?;
        self.rest = self.rest.strip_prefix(close).ok_or_else(|| wrong("a closing bracket is missing"))?.trim_start();
        self.depth -= 1;
        Ok(filter)
    }

    fn until(&mut self, ends: &[char]) -> &'t str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start_matches(' ');
        word
    }

    /// Takes a keyword, whatever its case.
    fn take_word(&mut self, wanted: &str) -> bool {
        let Some((word, rest)) = self.rest.split_at_checked(wanted.len()) else { return false };
        let ends = rest.is_empty() || rest.starts_with([' ', '(', ')', ']']);
        if !word.eq_ignore_ascii_case(wanted) || !ends {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn operator(&mut self) -> Result<Operator, ScimError> {
        Ok(match self.until(&[' ']).to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "ew" => Operator::EndsWith,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessEqual,
            _ => return Err(wrong("unknown operator; use eq, ne, co, sw, ew, gt, ge, lt, le or pr")),
        })
    }

    /// A value in JSON.
    fn value(&mut self) -> Result<Value, ScimError> {
        let wrong = || wrong("the value is not a string in quotes, a number, true, false or null");
        if !self.rest.starts_with('"') {
            let value: Value = serde_json::from_str(self.until(&[' ', ')', ']'])).map_err(|_| wrong())?;
            return if value.is_array() || value.is_object() { Err(wrong()) } else { Ok(value) };
        }
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = values.next().and_then(Result::ok).ok_or_else(wrong)?;
        self.rest = self.rest.get(values.byte_offset()..).unwrap_or_default().trim_start();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_of_the_rfc_are_read_and_fit() {
        let user = json!({
            "userName": "BJensen@trade.test", "active": true, "externalId": "7",
            "name": { "familyName": "O'Malley" }, "title": "",
            "emails": [{ "type": "work", "value": "bjensen@trade.test" }, { "type": "home", "value": "b@home.example" }],
            "meta": { "lastModified": "2026-05-13T04:42:34Z" }
        });
        for (filter, fits) in [
            ("userName Eq \"bjensen@trade.test\"", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"bj\"", true),
            ("name.familyName co \"O'Malley\"", true),
            ("title pr", false),
            ("externalId pr and active eq true", true),
            ("active eq \"True\"", true),
            ("meta.lastModified gt \"2026-05-13T04:42:33Z\"", true),
            ("meta.lastModified lt \"2026-05-13T04:42:33Z\"", false),
            ("emails[type eq \"work\" and value co \"@trade.test\"]", true),
            ("emails[type eq \"home\" and value co \"@trade.test\"]", false),
            ("emails co \"home.example\"", true),
            ("emails.value ew \".example\"", true),
            ("not (active eq true) or userName ew \"test\"", true),
            ("userName ne \"x\" and not (active eq false)", true),
            ("active eq false or active eq false and userName pr", false),
            ("(active eq false or active eq true) and userName pr", true),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().fits(&user), fits, "{filter}");
        }
        assert_eq!(Filter::parse("userName eq \"a\" and active eq true").unwrap().equals("username"), Some("a"));
        assert_eq!(Filter::parse("userName eq \"a\" or active eq true").unwrap().equals("username"), None);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}a pr{}", "(".repeat(40), ")".repeat(40));
        for filter in [
            "",
            "a",
            "a eq",
            "a eq b",
            "a like \"b\"",
            "(a pr",
            "a pr)",
            "a[b pr",
            "1a pr",
            "a.b.c pr",
            "a eq [1]",
            &deep,
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert_eq!((error.status, error.kind), (400, Some("invalidFilter")), "{filter}");
        }
    }
}
