//! Filters of messages (RFC 8621 section 4.4.1).

use std::collections::HashSet;

use mailbox::search::{Field, Needle, QUERY_DEPTH_MAX, Query};
use mailbox::{Flags, UidRange};
use serde_json::Value;
use wire::jmap::{MethodErrorKind, Object, parse_date};

use super::keywords;
use crate::error::Failure;
use crate::ids;
use crate::index::{Detail, Email, Index};
use crate::reach::Reach;

/// A filter.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    /// All of these; true if there are none.
    And(Vec<Filter>),
    /// One of these.
    Or(Vec<Filter>),
    /// None of these.
    Not(Vec<Filter>),
    InMailbox(i64),
    InMailboxOtherThan(HashSet<i64>),
    Before(i64),
    After(i64),
    MinSize(u64),
    MaxSize(u64),
    AllInThread(String),
    SomeInThread(String),
    NoneInThread(String),
    HasKeyword(String),
    NotKeyword(String),
    HasAttachment(bool),
    /// What is said in the message.
    Text(Query),
    /// What nothing matches.
    Nothing,
}

impl Filter {
    /// Reads a filter; none is one that everything matches.
    pub(super) fn read(value: Option<Value>) -> Result<Self, Failure> {
        match value {
            None => Ok(Self::And(Vec::new())),
            Some(value) => Self::read_at(value, 0),
        }
    }

    fn read_at(value: Value, depth: usize) -> Result<Self, Failure> {
        if depth > QUERY_DEPTH_MAX / 2 {
            return Err(Failure::say(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep"));
        }
        let Value::Object(mut members) = value else { return Err(Failure::invalid("a filter must be an object")) };
        let Some(operator) = members.shift_remove("operator") else { return Self::read_condition(members) };
        let Some(Value::Array(conditions)) = members.shift_remove("conditions") else {
            return Err(Failure::invalid("a filter operator needs conditions"));
        };
        if let Some((unknown, _)) = members.iter().next() {
            return Err(Failure::invalid(format!("a filter operator has no {unknown:?}")));
        }
        let parts: Result<Vec<Self>, Failure> = conditions.into_iter().map(|it| Self::read_at(it, depth + 1)).collect();
        match operator.as_str() {
            Some("AND") => Ok(Self::And(parts?)),
            Some("OR") => Ok(Self::Or(parts?)),
            Some("NOT") => Ok(Self::Not(parts?)),
            _ => Err(Failure::invalid("operator must be AND, OR or NOT")),
        }
    }

    fn read_condition(members: Object) -> Result<Self, Failure> {
        let parts: Result<Vec<Self>, Failure> = members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| Self::read_leaf(&name, &value))
            .collect();
        let mut parts = parts?;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::And(parts) })
    }

    fn read_leaf(name: &str, value: &Value) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure::invalid(format!("{name} must be {what}"));
        let text = || value.as_str().ok_or_else(|| wrong("a string"));
        let date =
            || text()?.parse::<Moment>().map(|it| it.0).map_err(|()| wrong("a date such as 2026-11-26T09:00:00Z"));
        let count = || value.as_u64().ok_or_else(|| wrong("a whole number"));
        let field = |field| Ok::<_, Failure>(words(text()?, |needle| Query::Envelope(field, needle)));
        match name {
            "inMailbox" => Ok(ids::read(text()?).map_or(Self::Nothing, Self::InMailbox)),
            "inMailboxOtherThan" => {
                let listed = value.as_array().ok_or_else(|| wrong("a list of identifiers"))?;
                let listed: Option<Vec<&str>> = listed.iter().map(Value::as_str).collect();
                let listed = listed.ok_or_else(|| wrong("a list of identifiers"))?;
                Ok(Self::InMailboxOtherThan(listed.into_iter().filter_map(ids::read).collect()))
            }
            "before" => Ok(Self::Before(date()?)),
            "after" => Ok(Self::After(date()?)),
            "minSize" => Ok(Self::MinSize(count()?)),
            "maxSize" => Ok(Self::MaxSize(count()?)),
            "allInThreadHaveKeyword" => Ok(Self::AllInThread(text()?.to_owned())),
            "someInThreadHaveKeyword" => Ok(Self::SomeInThread(text()?.to_owned())),
            "noneInThreadHaveKeyword" => Ok(Self::NoneInThread(text()?.to_owned())),
            "hasKeyword" => Ok(Self::HasKeyword(text()?.to_owned())),
            "notKeyword" => Ok(Self::NotKeyword(text()?.to_owned())),
            "hasAttachment" => Ok(Self::HasAttachment(value.as_bool().ok_or_else(|| wrong("true or false"))?)),
            "text" => Ok(words(text()?, Query::Text)),
            "body" => Ok(words(text()?, Query::Body)),
            "from" => field(Field::From),
            "to" => field(Field::To),
            "cc" => field(Field::Cc),
            "bcc" => field(Field::Bcc),
            "subject" => field(Field::Subject),
            "header" => {
                header(value).ok_or_else(|| wrong("a list of a header field's name and, if wanted, text in it"))
            }
            unknown => {
                Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {unknown:?}")))
            }
        }
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::And(parts) | Self::Or(parts) | Self::Not(parts) => parts,
            _ => &[],
        }
    }

    /// Whether `test` holds for this or anything within.
    pub(super) fn any(&self, test: fn(&Self) -> bool) -> bool {
        test(self) || self.parts().iter().any(|part| part.any(test))
    }

    /// Whether other messages of the thread decide too.
    pub(super) fn asks_thread(&self) -> bool {
        self.any(|it| matches!(it, Self::AllInThread(_) | Self::SomeInThread(_) | Self::NoneInThread(_)))
    }

    /// Whether details of messages are asked for.
    pub(super) fn asks_detail(&self) -> bool {
        self.any(|it| matches!(it, Self::HasAttachment(_)))
    }

    /// Whether what messages say is asked for.
    pub(super) fn asks_text(&self) -> bool {
        self.any(|it| matches!(it, Self::Text(_)))
    }

    /// Calls `visit` with each text that is wanted, those in negations left out.
    pub(super) fn for_each_text(&self, visit: &mut dyn FnMut(&Query)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each_text(visit)),
            Self::Text(query) => visit(query),
            _ => {}
        }
    }

    /// The mailbox that alone can match, where the filter says so at its top.
    pub(super) fn mailbox(&self) -> Option<i64> {
        match self {
            Self::InMailbox(id) => Some(*id),
            Self::And(parts) => parts.iter().find_map(Self::mailbox),
            _ => None,
        }
    }

    /// Whether the message matches, as far as it is known without reading it.
    pub(super) fn matches(&self, index: &Index, reach: &Reach, email: &Email, detail: Option<&Detail>) -> Option<bool> {
        let holds = |part: &Self| part.matches(index, reach, email, detail);
        let has = |name: &str, flags: Flags| {
            keywords::mask(name, &index.keywords).is_some_and(|mask| keywords::has(flags, mask))
        };
        let mut thread = index.thread(reach, email.thread);
        match self {
            Self::And(parts) => all(parts.iter().map(holds)),
            Self::Or(parts) => all(parts.iter().map(|part| holds(part).map(|it| !it))).map(|none| !none),
            Self::Not(parts) => all(parts.iter().map(|part| holds(part).map(|it| !it))),
            Self::InMailbox(id) => Some(email.seen_by(reach).any(|place| place.mailbox == *id)),
            Self::InMailboxOtherThan(ids) => Some(email.seen_by(reach).any(|place| !ids.contains(&place.mailbox))),
            Self::Before(moment) => Some(email.received / 1000 * 1000 < *moment),
            Self::After(moment) => Some(email.received / 1000 * 1000 >= *moment),
            Self::MinSize(size) => Some(u64::from(email.size) >= *size),
            Self::MaxSize(size) => Some(u64::from(email.size) < *size),
            Self::AllInThread(name) => Some(thread.all(|it| has(name, it.flags()))),
            Self::SomeInThread(name) => Some(thread.any(|it| has(name, it.flags()))),
            Self::NoneInThread(name) => Some(!thread.any(|it| has(name, it.flags()))),
            Self::HasKeyword(name) => Some(has(name, email.flags())),
            Self::NotKeyword(name) => Some(!has(name, email.flags())),
            Self::HasAttachment(wanted) => detail.map(|detail| detail.has_attachment == *wanted),
            Self::Text(_) => None,
            Self::Nothing => Some(false),
        }
    }

    /// The same as a query of the content, what is known of `pending` written into it.
    pub(super) fn to_query(&self, known: &mut dyn FnMut(&Self) -> Vec<i64>) -> Query {
        let mut all = |parts: &[Self]| parts.iter().map(|part| part.to_query(known)).collect::<Vec<Query>>();
        match self {
            Self::And(parts) => Query::And(all(parts)),
            Self::Or(parts) => Query::Or(all(parts)),
            Self::Not(parts) => Query::Not(Box::new(Query::Or(all(parts)))),
            Self::Text(query) => query.clone(),
            other => Query::Messages(known(other)),
        }
    }
}

/// False if one is, true if all are, else unknown.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut outcome = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => outcome = None,
            Some(true) => {}
        }
    }
    outcome
}

/// The texts for one mailbox: those with these UIDs that match.
pub(super) fn within(uids: Vec<UidRange>, query: &Query) -> Query {
    Query::And(vec![Query::Uids(uids), query.clone()])
}

struct Moment(i64);

impl std::str::FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        parse_date(text).map(|moment| Self(moment.millis())).ok_or(())
    }
}

/// Every word or quoted phrase must be there (RFC 8621 section 4.4.1).
fn words(text: &str, query: impl Fn(Needle) -> Query) -> Filter {
    let needles = phrases(text);
    Filter::And(needles.iter().map(|phrase| Filter::Text(query(Needle::new(phrase)))).collect())
}

/// Words, and phrases in quotes.
pub(crate) fn phrases(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\\') if chars.peek().is_some_and(|next| matches!(next, '"' | '\'' | '\\')) => {
                current.extend(chars.next())
            }
            (Some(open), c) if c == open => {
                quote = None;
                found.push(std::mem::take(&mut current));
            }
            (None, '"' | '\'') if current.is_empty() => quote = Some(c),
            (None, c) if c.is_whitespace() => found.push(std::mem::take(&mut current)),
            (_, c) => current.push(c),
        }
    }
    found.push(current);
    found.retain(|phrase| !phrase.trim().is_empty());
    found
}

fn header(value: &Value) -> Option<Filter> {
    let parts: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
    let (name, text) = match parts?.as_slice() {
        [name] => (*name, ""),
        [name, text] => (*name, *text),
        _ => return None,
    };
    Some(Filter::Text(Query::Header(name.to_ascii_lowercase(), Needle::new(text))))
}

#[cfg(test)]
mod tests {
    use super::phrases;

    #[test]
    fn words_and_phrases_are_told_apart() {
        assert_eq!(phrases("purchase order"), ["purchase", "order"]);
        assert_eq!(phrases("\"purchase order\" 合同"), ["purchase order", "合同"]);
        assert_eq!(phrases("don't 'a b' \\\"c"), ["don't", "a b", "\"c"]);
        assert_eq!(phrases(" "), Vec::<String>::new());
    }
}
