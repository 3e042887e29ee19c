//! `Mailbox/query` and `Mailbox/queryChanges` (RFC 8621 sections 2.3 and 2.4).

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use identity::delegation;
use mail::message::casemap;
use mailbox::Mailbox;
use serde_json::Value;
use store::Tx;
use wire::jmap::MethodErrorKind;

use super::changes::changed;
use super::{own_name, parent, role, sort_order};
use crate::args::Args;
use crate::email::read_state;
use crate::error::Failure;
use crate::ids;
use crate::index::Index;
use crate::reach::Reach;
use crate::window::{ChangesWanted, Window, check_collation};
use crate::{Asker, Server};

/// Nested operators that are followed.
const DEPTH_MAX: usize = 32;

enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Vec<Filter>),
    Parent(Option<i64>),
    Name(String),
    Role(Option<String>),
    HasRole(bool),
    Subscribed(bool),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    SortOrder,
    Name,
    Parent,
}

struct Question {
    filter: Filter,
    order: Vec<(By, bool)>,
    sort_as_tree: bool,
    filter_as_tree: bool,
}

pub(crate) fn query(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (question, window) = (Question::take(&mut args)?, Window::take(&mut args)?);
    args.finish()?;
    let subscribed = delegation::subscriptions(tx, asker.account())?;
    server.indexes.with(tx, reach.account, |index| {
        let result = question.result(index, &reach, &subscribed);
        window.answer(&account_id, index.mailbox_state(), &result, |id| ids::show(*id), ids::read)
    })
}

pub(crate) fn query_changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (question, wanted) = (Question::take(&mut args)?, ChangesWanted::take(&mut args)?);
    args.finish()?;
    let subscribed = delegation::subscriptions(tx, asker.account())?;
    server.indexes.with_tx(tx, reach.account, |tx, index| {
        let since = read_state(&wanted.since, index)?;
        let changes = changed(tx, index, &reach, since)?;
        let mut ids: HashSet<i64> = changes.iter().filter(|it| !it.is_counted).map(|it| it.id).collect();
        let is_tree =
            question.sort_as_tree || question.filter_as_tree || question.order.iter().any(|(by, _)| *by == By::Parent);
        if is_tree && !ids.is_empty() {
            // What is above decides too.
            ids.extend(index.mailboxes.iter().map(|mailbox| mailbox.id));
        }
        let result = question.result(index, &reach, &subscribed);
        wanted.answer(&account_id, index.mailbox_state(), &result, &ids, |id| ids::show(*id))
    })
}

impl Question {
    fn take(args: &mut Args) -> Result<Self, Failure> {
        let filter = match args.take("filter") {
            None => Filter::And(Vec::new()),
            Some(filter) => Filter::read(filter, 0)?,
        };
        Ok(Self {
            filter,
            order: read_order(args.take("sort"))?,
            sort_as_tree: args.flag("sortAsTree")?,
            filter_as_tree: args.flag("filterAsTree")?,
        })
    }

    fn result(&self, index: &Index, reach: &Reach, subscribed: &BTreeSet<(i64, i64)>) -> Vec<i64> {
        let is_subscribed = |mailbox: &Mailbox| match reach.is_own() {
            true => mailbox.subscribed,
            false => subscribed.contains(&(reach.account, mailbox.id)),
        };
        let matches = |mailbox: &Mailbox| self.filter.matches(index, reach, mailbox, is_subscribed(mailbox));
        let is_wanted = |mailbox: &&Mailbox| {
            let mut at = Some(*mailbox);
            while let Some(it) = at {
                if !matches(it) {
                    return false;
                }
                at = parent(index, reach, it).filter(|_| self.filter_as_tree);
            }
            true
        };
        let mut found: Vec<&Mailbox> =
            index.mailboxes.iter().filter(|it| reach.may_read(it.id)).filter(is_wanted).collect();
        found.sort_by(|one, other| match self.sort_as_tree {
            true => self.compare_in_tree(index, reach, one, other),
            false => self.compare(one, other),
        });
        found.iter().map(|mailbox| mailbox.id).collect()
    }

    fn compare(&self, one: &Mailbox, other: &Mailbox) -> Ordering {
        for (by, is_rising) in &self.order {
            let order = match by {
                By::SortOrder => sort_order(one).cmp(&sort_order(other)),
                By::Name => casemap(own_name(one)).cmp(&casemap(own_name(other))),
                By::Parent => above(one).cmp(above(other)),
            };
            if order != Ordering::Equal {
                return if *is_rising { order } else { order.reverse() };
            }
        }
        one.id.cmp(&other.id)
    }

    /// Children stand after what is above them.
    fn compare_in_tree(&self, index: &Index, reach: &Reach, one: &Mailbox, other: &Mailbox) -> Ordering {
        let (one, other) = (lineage(index, reach, one), lineage(index, reach, other));
        for (a, b) in one.iter().zip(&other) {
            if a.id != b.id {
                return self.compare(a, b);
            }
        }
        one.len().cmp(&other.len())
    }
}

fn above(mailbox: &Mailbox) -> &str {
    mailbox.name.as_str().rsplit_once(mailbox::SEPARATOR).map_or("", |(above, _)| above)
}

/// The mailbox and those above it, highest first.
fn lineage<'i>(index: &'i Index, reach: &Reach, mailbox: &'i Mailbox) -> Vec<&'i Mailbox> {
    let mut found = vec![mailbox];
    while let Some(next) = found.last().and_then(|it| parent(index, reach, it)) {
        found.push(next);
    }
    found.reverse();
    found
}

impl Filter {
    fn read(value: Value, depth: usize) -> Result<Self, Failure> {
        if depth > DEPTH_MAX {
            return Err(Failure::say(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep"));
        }
        let Value::Object(members) = value else { return Err(Failure::invalid("a filter must be an object")) };
        if let Some(operator) = members.get("operator") {
            let Some(Value::Array(conditions)) = members.get("conditions") else {
                return Err(Failure::invalid("a filter operator needs conditions"));
            };
            let parts: Result<Vec<Self>, Failure> =
                conditions.iter().map(|it| Self::read(it.clone(), depth + 1)).collect();
            return match operator.as_str() {
                Some("AND") => Ok(Self::And(parts?)),
                Some("OR") => Ok(Self::Or(parts?)),
                Some("NOT") => Ok(Self::Not(parts?)),
                _ => Err(Failure::invalid("operator must be AND, OR or NOT")),
            };
        }
        let parts: Result<Vec<Self>, Failure> =
            members.iter().map(|(name, value)| Self::read_leaf(name, value)).collect();
        Ok(Self::And(parts?))
    }

    fn read_leaf(name: &str, value: &Value) -> Result<Self, Failure> {
        let wrong = || Failure::invalid(format!("the condition {name} has a value of the wrong kind"));
        match (name, value) {
            ("parentId", Value::Null) => Ok(Self::Parent(None)),
            ("parentId", Value::String(id)) => Ok(ids::read(id).map_or(Self::Nothing, |id| Self::Parent(Some(id)))),
            ("name", Value::String(text)) => Ok(Self::Name(casemap(text).into_owned())),
            ("role", Value::Null) => Ok(Self::Role(None)),
            ("role", Value::String(role)) => Ok(Self::Role(Some(role.clone()))),
            ("hasAnyRole", Value::Bool(wanted)) => Ok(Self::HasRole(*wanted)),
            ("isSubscribed", Value::Bool(wanted)) => Ok(Self::Subscribed(*wanted)),
            ("name" | "hasAnyRole" | "isSubscribed", Value::Null) => Ok(Self::And(Vec::new())),
            ("parentId" | "name" | "role" | "hasAnyRole" | "isSubscribed", _) => Err(wrong()),
            _ => Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {name:?}"))),
        }
    }

    fn matches(&self, index: &Index, reach: &Reach, mailbox: &Mailbox, is_subscribed: bool) -> bool {
        let holds = |part: &Self| part.matches(index, reach, mailbox, is_subscribed);
        match self {
            Self::And(parts) => parts.iter().all(holds),
            Self::Or(parts) => parts.iter().any(holds),
            Self::Not(parts) => !parts.iter().any(holds),
            Self::Parent(wanted) => parent(index, reach, mailbox).map(|it| it.id) == *wanted,
            Self::Name(text) => casemap(own_name(mailbox)).contains(text.as_str()),
            Self::Role(wanted) => role(mailbox) == wanted.as_deref(),
            Self::HasRole(wanted) => role(mailbox).is_some() == *wanted,
            Self::Subscribed(wanted) => is_subscribed == *wanted,
            Self::Nothing => false,
        }
    }
}

fn read_order(value: Option<Value>) -> Result<Vec<(By, bool)>, Failure> {
    let default = vec![(By::SortOrder, true), (By::Name, true)];
    let Some(value) = value else { return Ok(default) };
    let wrong = || Failure::invalid("a comparator has a property, and may have isAscending and collation");
    let Value::Array(listed) = value else { return Err(Failure::invalid("sort must be a list")) };
    let mut order = Vec::new();
    for comparator in &listed {
        let property = comparator.get("property").and_then(Value::as_str).ok_or_else(wrong)?;
        let is_rising = match comparator.get("isAscending") {
            None | Some(Value::Null) => true,
            Some(value) => value.as_bool().ok_or_else(wrong)?,
        };
        check_collation(comparator)?;
        let by = match property {
            "sortOrder" => By::SortOrder,
            "name" => By::Name,
            "parentId" => By::Parent,
            other => {
                let why = format!("mailboxes cannot be ordered by {other:?}");
                return Err(Failure::say(MethodErrorKind::UnsupportedSort, why));
            }
        };
        order.push((by, is_rising));
    }
    Ok(if order.is_empty() { default } else { order })
}
