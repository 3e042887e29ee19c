//! Which part of a result is told (RFC 8620 section 5.5), and how a result has changed (section 5.6).

use serde_json::{Value, json};
use wire::jmap::{MethodErrorKind, Object};

use crate::args::Args;
use crate::error::Failure;

/// Which part of a result a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    position: i64,
    anchor: Option<String>,
    anchor_offset: i64,
    limit: Option<u64>,
    wants_total: bool,
}

impl Window {
    pub(crate) fn take(args: &mut Args) -> Result<Self, Failure> {
        Ok(Self {
            position: args.int("position")?.unwrap_or(0),
            anchor: args.text("anchor")?,
            anchor_offset: args.int("anchorOffset")?.unwrap_or(0),
            limit: args.count("limit")?,
            wants_total: args.flag("calculateTotal")?,
        })
    }

    /// The answer to a `/query` call whose whole result is `result`.
    ///
    /// # Errors
    /// `anchorNotFound`.
    pub(crate) fn answer<T: PartialEq>(
        &self,
        account: &str,
        state: i64,
        result: &[T],
        show: impl Fn(&T) -> String,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Value, Failure> {
        let total = i64::try_from(result.len()).unwrap_or(i64::MAX);
        let from = match &self.anchor {
            Some(anchor) => {
                let lost = || Failure::say(MethodErrorKind::AnchorNotFound, "the anchor is not in the result");
                let wanted = read(anchor).ok_or_else(lost)?;
                let at = result.iter().position(|it| *it == wanted).ok_or_else(lost)?;
                i64::try_from(at).unwrap_or(i64::MAX).saturating_add(self.anchor_offset).max(0)
            }
            None if self.position < 0 => total.saturating_add(self.position).max(0),
            None => self.position,
        };
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(result.len());
        let most = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let end = start.saturating_add(most).min(result.len());
        let ids: Vec<Value> = result.get(start..end).unwrap_or_default().iter().map(|it| show(it).into()).collect();
        let mut answer = Object::new();
        answer.insert("accountId".to_owned(), account.into());
        answer.insert("queryState".to_owned(), state.to_string().into());
        answer.insert("canCalculateChanges".to_owned(), true.into());
        answer.insert("position".to_owned(), start.into());
        answer.insert("ids".to_owned(), Value::Array(ids));
        if self.wants_total {
            answer.insert("total".to_owned(), total.into());
        }
        Ok(Value::Object(answer))
    }
}

/// Refuses an order by a collation that is not offered (RFC 8620 section 5.5).
///
/// # Errors
/// `unsupportedSort`.
pub(crate) fn check_collation(comparator: &Value) -> Result<(), Failure> {
    match comparator.get("collation").and_then(Value::as_str) {
        Some(other) if other != crate::session::COLLATION => {
            let why = format!("the collation {other:?} is not offered");
            Err(Failure::say(MethodErrorKind::UnsupportedSort, why))
        }
        _ => Ok(()),
    }
}

/// What a client wants to know of how a result has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangesWanted {
    pub(crate) since: String,
    max: Option<u64>,
    wants_total: bool,
}

impl ChangesWanted {
    pub(crate) fn take(args: &mut Args) -> Result<Self, Failure> {
        let since = args.need_text("sinceQueryState")?;
        let max = args.count("maxChanges")?;
        // The result up to there is told, and more: a client may have it all.
        args.text("upToId")?;
        Ok(Self { since, max, wants_total: args.flag("calculateTotal")? })
    }

    /// The answer: everything that changed leaves the old result, and what of it is in the new one comes back at its place. What did
    /// not change keeps its order.
    ///
    /// # Errors
    /// `tooManyChanges`.
    pub(crate) fn answer<T: Eq + std::hash::Hash>(
        &self,
        account: &str,
        state: i64,
        result: &[T],
        changed: &std::collections::HashSet<T>,
        show: impl Fn(&T) -> String,
    ) -> Result<Value, Failure> {
        let added: Vec<Value> = match changed.is_empty() {
            true => Vec::new(),
            false => {
                let found = result.iter().enumerate().filter(|(_, it)| changed.contains(it));
                found.map(|(at, it)| json!({ "id": show(it), "index": at })).collect()
            }
        };
        let mut removed: Vec<String> = changed.iter().map(show).collect();
        removed.sort_unstable();
        let count = u64::try_from(added.len() + removed.len()).unwrap_or(u64::MAX);
        if self.max.is_some_and(|max| count > max) {
            return Err(Failure::say(MethodErrorKind::TooManyChanges, "more changed; read the result anew"));
        }
        let mut answer = json!({
            "accountId": account, "oldQueryState": self.since, "newQueryState": state.to_string(),
            "removed": removed, "added": added,
        });
        if let (true, Value::Object(members)) = (self.wants_total, &mut answer) {
            members.insert("total".to_owned(), result.len().into());
        }
        Ok(answer)
    }
}
