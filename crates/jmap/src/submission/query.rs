//! `EmailSubmission/query` and `EmailSubmission/queryChanges` (RFC 8621 sections 7.3 and 7.4).

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;
use store::Tx;
use wire::jmap::{MethodErrorKind, parse_date};

use super::get::own;
use super::rows::{Submission, changed, list, stand, state};
use crate::args::Args;
use crate::error::Failure;
use crate::window::{ChangesWanted, Window, check_collation};
use crate::{Asker, Server, ids};

enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Vec<Filter>),
    Identities(Vec<String>),
    Emails(Vec<String>),
    Threads(Vec<String>),
    Undo(String),
    Before(i64),
    After(i64),
}

struct Question {
    filter: Filter,
    order: Vec<(String, bool)>,
}

pub(crate) fn query(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, window) = (Question::take(&mut args)?, Window::take(&mut args)?);
    args.finish()?;
    let result = question.result(tx, account)?;
    window.answer(&account_id, state(tx, account)?, &result, |id| ids::show(*id), ids::read)
}

pub(crate) fn query_changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, wanted) = (Question::take(&mut args)?, ChangesWanted::take(&mut args)?);
    args.finish()?;
    if question.filter.any(|it| matches!(it, Filter::Undo(_))) {
        // What waits becomes final by itself.
        return Err(mailbox::MailboxError::CannotCalculate.into());
    }
    let from: i64 = wanted.since.parse().map_err(|_| mailbox::MailboxError::CannotCalculate)?;
    let now = state(tx, account)?;
    if from > now {
        return Err(mailbox::MailboxError::CannotCalculate.into());
    }
    let ids: HashSet<i64> = changed(tx, account, from)?.into_iter().map(|it| it.id).collect();
    let result = question.result(tx, account)?;
    wanted.answer(&account_id, now, &result, &ids, |id| ids::show(*id))
}

impl Question {
    fn take(args: &mut Args) -> Result<Self, Failure> {
        let filter = match args.take("filter") {
            None => Filter::And(Vec::new()),
            Some(value) => Filter::read(&value, 0)?,
        };
        let mut order = Vec::new();
        if let Some(sort) = args.take("sort") {
            let Value::Array(listed) = sort else { return Err(Failure::invalid("sort must be a list")) };
            for comparator in &listed {
                let property = comparator.get("property").and_then(Value::as_str).unwrap_or_default();
                if !matches!(property, "emailId" | "threadId" | "sentAt" | "sendAt") {
                    let why = format!("submissions cannot be ordered by {property:?}");
                    return Err(Failure::say(MethodErrorKind::UnsupportedSort, why));
                }
                check_collation(comparator)?;
                let is_rising = comparator.get("isAscending").and_then(Value::as_bool).unwrap_or(true);
                order.push((property.to_owned(), is_rising));
            }
        }
        Ok(Self { filter, order })
    }

    fn result(&self, tx: &mut Tx<'_>, account: i64) -> Result<Vec<i64>, Failure> {
        let mut found = Vec::new();
        for submission in list(tx, account)? {
            let can_cancel = stand(tx, &submission)?.0;
            if self.filter.matches(&submission, can_cancel) {
                found.push(submission);
            }
        }
        found.sort_by(|one, other| self.compare(one, other));
        Ok(found.iter().map(|it| it.id).collect())
    }

    fn compare(&self, one: &Submission, other: &Submission) -> Ordering {
        for (property, is_rising) in &self.order {
            let order = match property.as_str() {
                "emailId" => one.email.cmp(&other.email),
                "threadId" => one.thread.cmp(&other.thread),
                _ => one.sent.cmp(&other.sent),
            };
            if order != Ordering::Equal {
                return if *is_rising { order } else { order.reverse() };
            }
        }
        other.id.cmp(&one.id)
    }
}

impl Filter {
    fn read(value: &Value, depth: usize) -> Result<Self, Failure> {
        let Value::Object(members) = value else { return Err(Failure::invalid("a filter must be an object")) };
        if depth > 16 {
            return Err(Failure::say(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep"));
        }
        if let Some(operator) = members.get("operator") {
            let conditions = members.get("conditions").and_then(Value::as_array);
            let conditions = conditions.ok_or_else(|| Failure::invalid("a filter operator needs conditions"))?;
            let parts: Result<Vec<Self>, Failure> = conditions.iter().map(|it| Self::read(it, depth + 1)).collect();
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
        let list = || {
            let items = value.as_array().ok_or_else(wrong)?;
            items.iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()
        };
        let date = || value.as_str().and_then(parse_date).map(|moment| moment.millis()).ok_or_else(wrong);
        match name {
            "identityIds" => Ok(Self::Identities(list()?)),
            "emailIds" => Ok(Self::Emails(list()?)),
            "threadIds" => Ok(Self::Threads(list()?)),
            "undoStatus" => Ok(Self::Undo(value.as_str().ok_or_else(wrong)?.to_owned())),
            "before" => Ok(Self::Before(date()?)),
            "after" => Ok(Self::After(date()?)),
            _ => Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {name:?}"))),
        }
    }

    fn any(&self, test: fn(&Self) -> bool) -> bool {
        let parts = match self {
            Self::And(parts) | Self::Or(parts) | Self::Not(parts) => parts.as_slice(),
            _ => &[],
        };
        test(self) || parts.iter().any(|part| part.any(test))
    }

    fn matches(&self, it: &Submission, can_cancel: bool) -> bool {
        let holds = |part: &Self| part.matches(it, can_cancel);
        match self {
            Self::And(parts) => parts.iter().all(holds),
            Self::Or(parts) => parts.iter().any(holds),
            Self::Not(parts) => !parts.iter().any(holds),
            Self::Identities(wanted) => wanted.contains(&it.content.identity),
            Self::Emails(wanted) => wanted.contains(&ids::show(it.email)),
            Self::Threads(wanted) => wanted.contains(&ids::show(it.thread)),
            Self::Undo(wanted) => match (it.is_canceled, can_cancel) {
                (true, _) => wanted == "canceled",
                (false, true) => wanted == "pending",
                (false, false) => wanted == "final",
            },
            Self::Before(moment) => it.sent.millis() < *moment,
            Self::After(moment) => it.sent.millis() >= *moment,
        }
    }
}
