//! Quotas (RFC 9425): what the account may hold, if that is limited.

use mailbox::Usage;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object};

use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::window::{ChangesWanted, Window};
use crate::{Asker, Server};

/// The identifier of the one quota that an account has.
const OCTETS: &str = "octets";

/// The properties of a quota.
const PROPERTIES: [&str; 10] =
    ["id", "resourceType", "used", "hardLimit", "warnLimit", "softLimit", "scope", "name", "types", "description"];

/// Parts of a hundred of the limit from which a client should warn.
const WARN_PERCENT: u64 = 90;

fn usage(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<Usage, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    Ok(mailbox::usage(tx, reach.account)?)
}

/// A word that says what is used and allowed.
fn state(usage: &Usage) -> String {
    format!("{}.{}", usage.bytes, usage.quota_bytes)
}

fn shown(usage: &Usage, wanted: Option<&[String]>) -> Option<Value> {
    let limit = usage.quota_bytes;
    if limit == 0 {
        return None;
    }
    let all = [
        ("id", json!(OCTETS)),
        ("resourceType", json!("octets")),
        ("used", usage.bytes.into()),
        ("hardLimit", limit.into()),
        ("warnLimit", (limit / 100 * WARN_PERCENT).into()),
        ("softLimit", Value::Null),
        ("scope", json!("account")),
        ("name", json!("Mail")),
        ("types", json!(["Mail"])),
        ("description", Value::Null),
    ];
    let is_wanted = |name: &str| name == "id" || wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name));
    let shown: Object =
        all.into_iter().filter(|(name, _)| is_wanted(name)).map(|(name, value)| (name.to_owned(), value)).collect();
    Some(Value::Object(shown))
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let usage = usage(tx, asker, &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let is_wanted = asked.as_ref().is_none_or(|asked| asked.iter().any(|id| id == OCTETS));
    let list: Vec<Value> = shown(&usage, properties.as_deref()).filter(|_| is_wanted).into_iter().collect();
    let missing: Vec<&String> = asked.iter().flatten().filter(|id| *id != OCTETS || list.is_empty()).collect();
    Ok(json!({ "accountId": account_id, "state": state(&usage), "list": list, "notFound": missing }))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let usage = usage(tx, asker, &account_id)?;
    let since = args.need_text("sinceState")?;
    args.count("maxChanges")?;
    args.finish()?;
    let before = since.split_once('.').and_then(|(used, limit)| Some((used.parse().ok()?, limit.parse().ok()?)));
    let Some((used, limit)) = before.map(|(used, limit): (u64, u64)| (used, limit)) else {
        return Err(mailbox::MailboxError::CannotCalculate.into());
    };
    let [created, updated, destroyed] = match (limit, usage.quota_bytes) {
        (0, 0) => [false, false, false],
        (0, _) => [true, false, false],
        (_, 0) => [false, false, true],
        _ => [false, used != usage.bytes || limit != usage.quota_bytes, false],
    };
    let list = |is_there: bool| if is_there { json!([OCTETS]) } else { json!([]) };
    let properties = if updated && limit == usage.quota_bytes { json!(["used"]) } else { Value::Null };
    Ok(json!({
        "accountId": account_id, "oldState": since, "newState": state(&usage), "hasMoreChanges": false,
        "created": list(created), "updated": list(updated), "destroyed": list(destroyed),
        "updatedProperties": properties,
    }))
}

pub(crate) fn query(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let usage = usage(tx, asker, &account_id)?;
    let filter = args.object("filter")?;
    args.take("sort");
    let window = Window::take(&mut args)?;
    args.finish()?;
    let mut result = Vec::new();
    if shown(&usage, None).is_some() && matches(filter.as_ref())? {
        result.push(OCTETS.to_owned());
    }
    let mut answer = window.answer(&account_id, 0, &result, Clone::clone, |id| Some(id.to_owned()))?;
    if let Value::Object(members) = &mut answer {
        members.insert("queryState".to_owned(), state(&usage).into());
        members.insert("canCalculateChanges".to_owned(), false.into());
    }
    Ok(answer)
}

pub(crate) fn query_changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    usage(tx, asker, &account_id)?;
    ChangesWanted::take(&mut args)?;
    Err(mailbox::MailboxError::CannotCalculate.into())
}

fn matches(filter: Option<&Object>) -> Result<bool, Failure> {
    let mut holds = true;
    for (name, value) in filter.into_iter().flatten() {
        let wanted = match name.as_str() {
            "name" => "mail",
            "scope" => "account",
            "resourceType" => "octets",
            "type" => "mail",
            _ => {
                return Err(Failure::say(
                    MethodErrorKind::UnsupportedFilter,
                    format!("there is no condition {name:?}"),
                ));
            }
        };
        let text = value.as_str().map(str::to_ascii_lowercase).unwrap_or_default();
        holds &= if name == "name" { wanted.contains(&text) } else { wanted == text };
    }
    Ok(holds)
}
