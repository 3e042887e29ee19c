//! `ContactCard/query` and `/queryChanges` (RFC 9610 sections 3.3 and 3.4).

use std::collections::HashSet;

use serde_json::Value;
use store::Tx;
use wire::jmap::MethodErrorKind;

use super::filter::{Filter, name_component};
use super::own;
use super::rows::{Item, Kind, changed, list, read_state, state};
use crate::args::Args;
use crate::error::Failure;
use crate::window::{ChangesWanted, Window, check_collation};
use crate::{Asker, Server, ids};

/// What cards may be ordered by (RFC 9610 section 3.3.2).
const ORDERS: [&str; 5] = ["created", "updated", "name/given", "name/surname", "name/surname2"];

struct Question {
    filter: Filter,
    order: Vec<(&'static str, bool)>,
}

pub(crate) fn query(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, window) = (Question::take(&mut args)?, Window::take(&mut args)?);
    args.finish()?;
    let result = question.result(tx, account)?;
    window.answer(&account_id, state(tx, account, Kind::Card)?, &result, |id| ids::show(*id), ids::read)
}

pub(crate) fn query_changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, wanted) = (Question::take(&mut args)?, ChangesWanted::take(&mut args)?);
    args.finish()?;
    let now = state(tx, account, Kind::Card)?;
    let since = read_state(&wanted.since, now)?;
    let ids: HashSet<i64> = changed(tx, account, Kind::Card, since)?.into_iter().map(|(_, (id, _))| id).collect();
    let result = question.result(tx, account)?;
    wanted.answer(&account_id, now, &result, &ids, |id| ids::show(*id))
}

impl Question {
    fn take(args: &mut Args) -> Result<Self, Failure> {
        let filter = Filter::read(args.take("filter").as_ref(), 0)?;
        let mut order = Vec::new();
        if let Some(sort) = args.take("sort") {
            let Value::Array(listed) = sort else { return Err(Failure::invalid("sort must be a list")) };
            for comparator in &listed {
                let property = comparator.get("property").and_then(Value::as_str);
                let property = property.ok_or_else(|| Failure::invalid("a comparator has a property"))?;
                check_collation(comparator)?;
                let unsupported = || {
                    let why = format!("cards cannot be ordered by {property:?}");
                    Failure::say(MethodErrorKind::UnsupportedSort, why)
                };
                let known = ORDERS.into_iter().find(|known| *known == property).ok_or_else(unsupported)?;
                order.push((known, comparator.get("isAscending").and_then(Value::as_bool).unwrap_or(true)));
            }
        }
        Ok(Self { filter, order })
    }

    fn result(&self, tx: &mut Tx<'_>, account: i64) -> Result<Vec<i64>, Failure> {
        let mut found = list(tx, account, Kind::Card)?;
        found.retain(|card| self.filter.matches(&card.content));
        let mut keyed: Vec<(Vec<Option<String>>, i64)> = found.iter().map(|card| (self.key(card), card.id)).collect();
        keyed.sort_by(|(one, first), (other, second)| {
            let orders = self.order.iter().zip(one.iter().zip(other));
            let decided = orders.map(|((_, is_rising), (a, b))| if *is_rising { a.cmp(b) } else { b.cmp(a) });
            decided.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(first.cmp(second))
        });
        Ok(keyed.into_iter().map(|(_, id)| id).collect())
    }

    /// What a card is ordered by.
    fn key(&self, card: &Item) -> Vec<Option<String>> {
        let value = |property: &str| match property.strip_prefix("name/") {
            Some(kind) => name_component(&card.content, kind),
            None => card.content.get(property).and_then(Value::as_str).map(str::to_owned),
        };
        self.order.iter().map(|(property, _)| value(property)).collect()
    }
}
