//! `SieveScript/get`, `query` and `validate` (RFC 9661 sections 2.3, 2.5 and 2.6).

use scripts::Kept;
use serde_json::{Value, json};
use store::{Store, Tx};
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind};

use super::{check_properties, only, own, refusal, script_state};
use crate::args::Args;
use crate::error::Failure;
use crate::ids::{self, BlobBase, BlobId};
use crate::reach::Reach;
use crate::window::Window;
use crate::{Asker, Server, blob};

const PROPERTIES: &[&str] = &["id", "name", "blobId", "isActive"];

/// Conditions within one another.
const FILTER_DEPTH_MAX: usize = 8;

/// A script as clients see it.
pub(super) fn shown(kept: &Kept) -> Object {
    let blob = BlobId { base: BlobBase::Script(kept.content), parts: Vec::new() };
    Object::from_iter([
        ("id".to_owned(), ids::show(kept.id).into()),
        ("name".to_owned(), kept.name.clone().into()),
        ("blobId".to_owned(), blob.show().into()),
        ("isActive".to_owned(), kept.is_active.into()),
    ])
}

pub(crate) fn script_get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    check_properties(properties.as_deref(), PROPERTIES)?;
    server.check_get(asked.as_deref())?;
    let all = scripts::list(tx, account)?;
    let is_wanted = |it: &&Kept| asked.as_ref().is_none_or(|asked| asked.contains(&ids::show(it.id)));
    let list: Vec<Value> = all.iter().filter(is_wanted).map(|it| only(shown(it), properties.as_deref())).collect();
    let missing: Vec<&String> =
        asked.iter().flatten().filter(|id| !all.iter().any(|it| ids::show(it.id) == **id)).collect();
    let state = script_state(tx, account)?;
    Ok(json!({ "accountId": account_id, "state": state, "list": list, "notFound": missing }))
}

pub(crate) fn script_query(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let (filter, sort, window) = (args.take("filter"), args.take("sort"), Window::take(&mut args)?);
    args.finish()?;
    let (all, state) = (scripts::list(tx, account)?, script_state(tx, account)?);
    let mut found = Vec::new();
    for kept in all {
        if matches(filter.as_ref(), &kept, 0)? {
            found.push(kept);
        }
    }
    order(&mut found, sort)?;
    let found: Vec<i64> = found.iter().map(|kept| kept.id).collect();
    let mut answer = window.answer(&account_id, 0, &found, |id| ids::show(*id), ids::read)?;
    if let Value::Object(members) = &mut answer {
        members.insert("queryState".to_owned(), state.into());
        // RFC 9661 section 2.5: there is no queryChanges.
        members.insert("canCalculateChanges".to_owned(), false.into());
    }
    Ok(answer)
}

fn matches(filter: Option<&Value>, kept: &Kept, depth: usize) -> Result<bool, Failure> {
    let unsupported = |what: &str| Failure::say(MethodErrorKind::UnsupportedFilter, what.to_owned());
    let Some(filter) = filter else { return Ok(true) };
    let Value::Object(filter) = filter else { return Err(Failure::invalid("a filter must be an object")) };
    if depth > FILTER_DEPTH_MAX {
        return Err(unsupported("the filter is nested too deep"));
    }
    if let Some(operator) = filter.get("operator") {
        let Some(Value::Array(conditions)) = filter.get("conditions") else {
            return Err(Failure::invalid("an operator needs conditions"));
        };
        let results: Result<Vec<bool>, Failure> =
            conditions.iter().map(|it| matches(Some(it), kept, depth + 1)).collect();
        let results = results?;
        return match operator.as_str() {
            Some("AND") => Ok(results.iter().all(|it| *it)),
            Some("OR") => Ok(results.iter().any(|it| *it)),
            Some("NOT") => Ok(!results.iter().any(|it| *it)),
            _ => Err(Failure::invalid("the operator must be AND, OR or NOT")),
        };
    }
    let mut is_so = true;
    for (name, value) in filter {
        is_so &= match (name.as_str(), value) {
            (_, Value::Null) => true,
            ("name", Value::String(part)) => kept.name.to_lowercase().contains(&part.to_lowercase()),
            ("isActive", Value::Bool(wanted)) => kept.is_active == *wanted,
            ("name" | "isActive", _) => return Err(Failure::invalid(format!("{name} is of another type"))),
            _ => return Err(unsupported("scripts are found by name and isActive")),
        };
    }
    Ok(is_so)
}

fn order(found: &mut [Kept], sort: Option<Value>) -> Result<(), Failure> {
    let comparators = match sort {
        None => return Ok(()),
        Some(Value::Array(comparators)) => comparators,
        Some(_) => return Err(Failure::invalid("sort must be a list")),
    };
    // The last first, as each keeps the order of those that are the same to it.
    for comparator in comparators.iter().rev() {
        let is_ascending = comparator.get("isAscending").and_then(Value::as_bool).unwrap_or(true);
        match comparator.get("property").and_then(Value::as_str) {
            Some("name") => found.sort_by_key(|kept| kept.name.to_lowercase()),
            Some("isActive") => found.sort_by_key(|kept| kept.is_active),
            _ => {
                let what = "scripts are sorted by name and isActive";
                return Err(Failure::say(MethodErrorKind::UnsupportedSort, what));
            }
        }
        if !is_ascending {
            found.reverse();
        }
    }
    Ok(())
}

pub(crate) fn script_validate(
    server: &Server,
    tx: &mut Tx<'_>,
    asker: &Asker,
    mut args: Args,
) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = own(tx, asker, &account_id)?;
    let blob = args.need_text("blobId")?;
    args.finish()?;
    let error = match read(&server.store, tx, &reach, &blob)? {
        Ok(text) => match scripts::check(&text) {
            Ok(script) => match scripts::check_targets(tx, &script, &server.outside) {
                Ok(()) => None,
                Err(error) => Some(refusal(error)?),
            },
            Err(error) => Some(refusal(error)?),
        },
        Err(error) => Some(error),
    };
    Ok(json!({ "accountId": account_id, "error": error }))
}

/// The text of a script in a blob.
pub(super) fn read(
    store: &Store,
    tx: &mut Tx<'_>,
    reach: &Reach,
    blob_id: &str,
) -> Result<Result<String, SetError>, Failure> {
    let found = match BlobId::read(blob_id) {
        Some(id) => blob::read(tx, store.blobs(), reach, &id)?,
        None => None,
    };
    let Some(octets) = found else {
        return Ok(Err(SetError::new(SetErrorKind::BlobNotFound, "no such blob").with("notFound", json!([blob_id]))));
    };
    let what = "the script is no UTF-8; save it as UTF-8";
    Ok(String::from_utf8(octets).map_err(|_| SetError::new(SetErrorKind::InvalidSieve, what)))
}
