//! By which change a setting protects less.

use toml::Value;

/// By which change a setting protects less. Whoever makes such a change needs a right of its own and says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weaker {
    /// By none.
    Never,
    /// By a smaller number, or by being switched off.
    Less,
    /// By a larger number, or by being switched on. Of a table, by a larger number in it or another word.
    More,
    /// By a larger number, or by 0, which is no limit.
    MoreOrNone,
    /// By a list that lacks something.
    Shorter,
    /// By a list that has something more.
    Longer,
    /// By a word that stands earlier in this list.
    Words(&'static [&'static str]),
    /// Any other value may protect less.
    Any,
}

impl Weaker {
    /// Whether `new` protects less than `old`; none is a setting that is not set.
    #[must_use]
    pub fn is_weaker(self, new: Option<&Value>, old: Option<&Value>) -> bool {
        if new == old {
            return false;
        }
        let (Some(new), Some(old)) = (new, old) else { return self != Self::Never };
        match self {
            Self::Never => false,
            Self::Any => true,
            Self::Less => is_more(old, new),
            Self::More => is_more(new, old),
            Self::MoreOrNone => is_none(new) || (!is_none(old) && is_more(new, old)),
            Self::Shorter => lacks(new, old),
            Self::Longer => lacks(old, new),
            Self::Words(words) => {
                let place = |value: &Value| words.iter().position(|word| value.as_str() == Some(*word));
                // What is no word of the list is not known to protect as much.
                place(new).is_none_or(|new| place(old).is_some_and(|old| new < old))
            }
        }
    }
}

fn is_none(value: &Value) -> bool {
    value.as_integer() == Some(0)
}

/// Whether `one` is more than `other`, or cannot be compared with it.
fn is_more(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one > other,
        (Value::Boolean(one), Value::Boolean(other)) => *one && !*other,
        (Value::Float(_) | Value::Integer(_), Value::Float(_) | Value::Integer(_)) => number(one) > number(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() != other.len() || one.iter().zip(other).any(|(one, other)| is_more(one, other))
        }
        (Value::Table(one), Value::Table(other)) => {
            one.len() != other.len()
                || one.iter().any(|(name, value)| other.get(name).is_none_or(|other| is_more(value, other)))
        }
        (one, other) => one != other,
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(whole) => *whole as f64,
        other => other.as_float().unwrap_or(f64::NAN),
    }
}

/// Whether the list `one` lacks something of `other`.
fn lacks(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => other.iter().any(|item| !one.contains(item)),
        (one, other) => one != other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        toml::from_str::<toml::Table>(&format!("v = {text}")).unwrap().remove("v").unwrap()
    }

    #[test]
    fn what_protects_less_is_known() {
        let modes = Weaker::Words(&["none", "testing", "enforce"]);
        let cases = [
            (Weaker::Never, "1", "2", false),
            (Weaker::Any, "1", "2", true),
            (Weaker::Any, "2", "2", false),
            (Weaker::Less, "10", "30", true),
            (Weaker::Less, "30", "10", false),
            (Weaker::Less, "false", "true", true),
            (Weaker::Less, "true", "false", false),
            (Weaker::More, "true", "false", true),
            (Weaker::More, "0.9", "0.8", true),
            (Weaker::More, "1", "0.8", true),
            (Weaker::More, "0.7", "0.8", false),
            (Weaker::MoreOrNone, "0", "600", true),
            (Weaker::MoreOrNone, "700", "600", true),
            (Weaker::MoreOrNone, "500", "600", false),
            (Weaker::MoreOrNone, "500", "0", false),
            (Weaker::Shorter, "[\"a\"]", "[\"a\", \"b\"]", true),
            (Weaker::Shorter, "[\"b\", \"a\", \"c\"]", "[\"a\", \"b\"]", false),
            (Weaker::Longer, "[\"a\", \"c\"]", "[\"a\", \"b\"]", true),
            (Weaker::Longer, "[]", "[\"a\"]", false),
            (modes, "\"none\"", "\"testing\"", true),
            (modes, "\"enforce\"", "\"testing\"", false),
            (modes, "\"other\"", "\"none\"", true),
            (Weaker::More, "{ junk = 0.9, unjudged = \"warn\" }", "{ junk = 0.8, unjudged = \"warn\" }", true),
            (Weaker::More, "{ junk = 0.7, unjudged = \"warn\" }", "{ junk = 0.8, unjudged = \"warn\" }", false),
            (Weaker::More, "{ junk = 0.7, unjudged = \"warn\" }", "{ junk = 0.8, unjudged = \"junk\" }", true),
        ];
        for (weaker, new, old, expected) in cases {
            let found = weaker.is_weaker(Some(&value(new)), Some(&value(old)));
            assert_eq!(found, expected, "{weaker:?}: {old} becomes {new}");
        }
        assert!(Weaker::Less.is_weaker(None, Some(&value("1"))), "what is taken away may protect less");
        assert!(!Weaker::Less.is_weaker(None, None) && !Weaker::Never.is_weaker(None, Some(&value("1"))));
    }
}
