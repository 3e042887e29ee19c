//! Orders of messages (RFC 8621 section 4.4.2).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use mail::message::{Addresses, SummaryRef, casemap, words};
use serde_json::Value;
use store::Tx;
use wire::jmap::MethodErrorKind;

use super::keywords;
use crate::error::Failure;
use crate::index::{Detail, Email, Index};
use crate::reach::Reach;

/// What messages may be ordered by.
pub(crate) const OPTIONS: &[&str] = &[
    "receivedAt",
    "sentAt",
    "size",
    "from",
    "to",
    "subject",
    "hasKeyword",
    "allInThreadHaveKeyword",
    "someInThreadHaveKeyword",
];

/// Something that messages are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    Received,
    Sent,
    Size,
    From,
    To,
    Subject,
    Keyword(String),
    AllInThread(String),
    SomeInThread(String),
}

/// An order: by the first that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order(Vec<(By, bool)>);

impl Order {
    /// Reads an order; none is by receipt, the newest first.
    pub(super) fn read(value: Option<Value>) -> Result<Self, Failure> {
        let Some(value) = value else { return Ok(Self(vec![(By::Received, false)])) };
        let Value::Array(listed) = value else { return Err(Failure::invalid("sort must be a list")) };
        let read: Result<Vec<_>, Failure> = listed.into_iter().map(read_comparator).collect();
        let mut read = read?;
        if read.is_empty() {
            read.push((By::Received, false));
        }
        Ok(Self(read))
    }

    /// Whether details of messages are compared.
    pub(super) fn asks_detail(&self) -> bool {
        self.0.iter().any(|(by, _)| matches!(by, By::Sent | By::From | By::To | By::Subject))
    }

    /// Whether other messages of the thread decide too.
    pub(super) fn asks_thread(&self) -> bool {
        self.0.iter().any(|(by, _)| matches!(by, By::AllInThread(_) | By::SomeInThread(_)))
    }

    /// Whether it is by receipt alone, and if so whether rising.
    pub(super) fn by_receipt(&self) -> Option<bool> {
        match self.0.as_slice() {
            [(By::Received, is_rising)] => Some(*is_rising),
            _ => None,
        }
    }

    pub(super) fn sort(
        &self,
        index: &Index,
        reach: &Reach,
        emails: &mut [&Email],
        details: &HashMap<i64, Arc<Detail>>,
    ) {
        emails.sort_by(|one, other| self.compare(index, reach, one, other, details));
    }

    fn compare(
        &self,
        index: &Index,
        reach: &Reach,
        one: &Email,
        other: &Email,
        details: &HashMap<i64, Arc<Detail>>,
    ) -> Ordering {
        let detail = |email: &Email| details.get(&email.id);
        let has = |email: &Email, name: &str| {
            keywords::mask(name, &index.keywords).is_some_and(|mask| keywords::has(email.flags(), mask))
        };
        for (by, is_rising) in &self.0 {
            let order = match by {
                By::Received => one.received.cmp(&other.received),
                By::Size => one.size.cmp(&other.size),
                By::Sent => detail(one).map(|it| it.sent).cmp(&detail(other).map(|it| it.sent)),
                By::From => detail(one).map(|it| &it.from).cmp(&detail(other).map(|it| &it.from)),
                By::To => detail(one).map(|it| &it.to).cmp(&detail(other).map(|it| &it.to)),
                By::Subject => detail(one).map(|it| &it.subject).cmp(&detail(other).map(|it| &it.subject)),
                By::Keyword(name) => has(one, name).cmp(&has(other, name)),
                By::AllInThread(name) => {
                    let all = |email: &Email| index.thread(reach, email.thread).all(|it| has(it, name));
                    all(one).cmp(&all(other))
                }
                By::SomeInThread(name) => {
                    let some = |email: &Email| index.thread(reach, email.thread).any(|it| has(it, name));
                    some(one).cmp(&some(other))
                }
            };
            if order != Ordering::Equal {
                return if *is_rising { order } else { order.reverse() };
            }
        }
        // Always the same order of those that are alike; as if by receipt, where they were put in one by one.
        match self.by_receipt() {
            Some(true) => one.id.cmp(&other.id),
            _ => other.id.cmp(&one.id),
        }
    }
}

fn read_comparator(value: Value) -> Result<(By, bool), Failure> {
    let wrong = || Failure::invalid("a comparator has a property, and may have isAscending, collation and keyword");
    let Value::Object(members) = value else { return Err(wrong()) };
    let property = members.get("property").and_then(Value::as_str).ok_or_else(wrong)?;
    let is_rising = match members.get("isAscending") {
        None | Some(Value::Null) => true,
        Some(value) => value.as_bool().ok_or_else(wrong)?,
    };
    let unsupported = |what: String| Failure::say(MethodErrorKind::UnsupportedSort, what);
    if let Some(collation) = members.get("collation").and_then(Value::as_str)
        && collation != crate::session::COLLATION
    {
        return Err(unsupported(format!("the collation {collation:?} is not offered")));
    }
    let keyword = || members.get("keyword").and_then(Value::as_str).map(str::to_owned).ok_or_else(wrong);
    let by = match property {
        "receivedAt" => By::Received,
        "sentAt" => By::Sent,
        "size" => By::Size,
        "from" => By::From,
        "to" => By::To,
        "subject" => By::Subject,
        "hasKeyword" => By::Keyword(keyword()?),
        "allInThreadHaveKeyword" => By::AllInThread(keyword()?),
        "someInThreadHaveKeyword" => By::SomeInThread(keyword()?),
        other => return Err(unsupported(format!("messages cannot be ordered by {other:?}"))),
    };
    Ok((by, is_rising))
}

/// Details of the messages `wanted`, read where they are not kept.
///
/// # Errors
/// If the store fails.
pub(super) fn details(
    tx: &mut Tx<'_>,
    index: &Index,
    account: i64,
    wanted: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Arc<Detail>>, Failure> {
    let mut kept = index.details.lock();
    let (mut found, mut missing) = (HashMap::new(), Vec::new());
    for id in wanted {
        match kept.get(&id) {
            Some(detail) => drop(found.insert(id, Arc::clone(detail))),
            None => missing.push(id),
        }
    }
    mailbox::overview::summaries_of(tx, account, &missing, |id, summary| {
        let damaged = |error: mail::message::DecodeError| store::StoreError::Corrupt { what: error.to_string() };
        let summary = SummaryRef::parse(summary).map_err(damaged)?;
        let (envelope, known) = (summary.envelope().map_err(damaged)?, summary.index().map_err(damaged)?);
        let received = index.emails.get(&id).map_or(0, |email| email.received);
        let detail = Arc::new(Detail {
            from: first_shown(&envelope.from),
            to: first_shown(&envelope.to),
            subject: known.subject_base.to_owned(),
            sent: known.sent.map_or(received, |sent| sent.millis()),
            has_attachment: known.has_attachment,
        });
        kept.insert(id, Arc::clone(&detail));
        found.insert(id, detail);
        Ok(())
    })?;
    Ok(found)
}

/// RFC 8621 section 4.4.2: the name of the first address, or the address itself.
fn first_shown(addresses: &Addresses<'_>) -> String {
    let Some(first) = addresses.iter().find(|address| address.host.is_some()) else { return String::new() };
    let shown = match first.name.filter(|name| !name.is_empty()) {
        Some(name) => words::decode(name).into_owned(),
        None => format!("{}@{}", first.mailbox.unwrap_or_default(), first.host.unwrap_or_default()),
    };
    casemap(&shown).into_owned()
}
