//! `ShareNotification/get`, `/changes`, `/set`, `/query` and `/queryChanges` (RFC 9670 section 3): what others have given one of their
//! mailboxes and taken back.

use std::collections::HashSet;

use identity::sharing::{self, Share, ShareNotice};
use identity::{IdentityError, Language};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, SetError, SetErrorKind, parse_date};

use crate::answer;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::email::{Fate, answer_changes, cut, take_max};
use crate::error::Failure;
use crate::mailboxes::rights_of;
use crate::reach::Reach;
use crate::run::Answers;
use crate::tree::{Tree, read_sort};
use crate::window::{ChangesWanted, Window};
use crate::{Asker, Server, ids, principals};

/// The properties of a notice.
const PROPERTIES: [&str; 9] =
    ["id", "created", "changedBy", "objectType", "objectAccountId", "objectId", "oldRights", "newRights", "name"];

/// What is shared.
const OBJECT_TYPE: &str = "Mailbox";

/// Accounts whose old notices are taken away in one transaction.
const EXPIRED_AT_ONCE: u32 = 100;

/// Notices are in the account of whom they are for.
fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<i64, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    match reach.is_own() {
        true => Ok(reach.account),
        false => Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "notices are in one's own account")),
    }
}

/// A number that grows with every change.
pub(crate) fn current_state(tx: &mut Tx<'_>, account: i64) -> Result<i64, Failure> {
    Ok(sharing::notice_state(tx, account)?)
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let all = sharing::list_notices(tx, account)?;
    let mut list = Vec::new();
    for notice in all.iter().filter(|it| asked.as_ref().is_none_or(|asked| asked.contains(&ids::show(it.id)))) {
        let Value::Object(mut object) = shown(tx, asker, notice)? else { continue };
        let is_wanted = |name: &str| properties.as_ref().is_none_or(|wanted| wanted.iter().any(|it| it == name));
        object.retain(|name, _| name == "id" || is_wanted(name));
        list.push(Value::Object(object));
    }
    let mut missing: Vec<String> = asked.unwrap_or_default();
    missing.retain(|id| !all.iter().any(|it| ids::show(it.id) == *id));
    Ok(answer::got(&account_id, Some(&current_state(tx, account)?.to_string()), list, missing))
}

fn shown(tx: &mut Tx<'_>, asker: &Asker, notice: &ShareNotice) -> Result<Value, Failure> {
    let name = mailbox::mailboxes::open_name(tx, notice.owner, notice.mailbox, &notice.sealed_name)?;
    let rights =
        |share: Share| if share.is_nothing() { Value::Null } else { rights_of(share, name.is_inbox(), Some(false)) };
    Ok(json!({
        "id": ids::show(notice.id),
        "created": notice.created.to_string(),
        "changedBy": entity(tx, notice.changed_by, asker.principal.language)?,
        "objectType": OBJECT_TYPE,
        "objectAccountId": ids::show(notice.owner),
        "objectId": ids::show(notice.mailbox),
        "oldRights": rights(notice.old),
        "newRights": rights(notice.new),
        "name": name.as_str(),
    }))
}

/// Who made a change (RFC 9670 section 3, `Entity`).
fn entity(tx: &mut Tx<'_>, by: Option<i64>, language: Language) -> Result<Value, Failure> {
    let nameless = |name: &str| json!({ "name": name, "email": null, "principalId": null });
    let Some(by) = by else {
        return Ok(nameless(match language {
            Language::Chinese => "系统管理员",
            Language::English => "Administrator of the system",
        }));
    };
    let account = match identity::load_account(tx, by) {
        Ok(account) => account,
        Err(IdentityError::NoAccount(_)) => {
            return Ok(nameless(match language {
                Language::Chinese => "已删除的账户",
                Language::English => "An account that is gone",
            }));
        }
        Err(error) => return Err(error.into()),
    };
    let email = identity::list_addresses(tx, by)?.into_iter().next();
    Ok(json!({ "name": account.name, "email": email, "principalId": principals::show(by) }))
}

/// A state that a client names.
fn read_state(tx: &mut Tx<'_>, account: i64, since: &str) -> Result<(i64, i64), Failure> {
    let (low, now) = (sharing::low_notice_state(tx, account)?, current_state(tx, account)?);
    let from = since.parse().ok().filter(|from| (low..=now).contains(from));
    Ok((from.ok_or(mailbox::MailboxError::CannotCalculate)?, now))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let (from, now) = read_state(tx, account, &since)?;
    let told = sharing::changed_since(tx, account, from)?.into_iter().filter_map(|it| {
        let fate = match (it.is_gone, it.created > from) {
            (true, true) => return None,
            (true, false) => Fate::Destroyed,
            (false, true) => Fate::Created,
            (false, false) => Fate::Updated,
        };
        Some((it.changed, (it.id, fate)))
    });
    let (told, state, more) = cut(told.collect(), max, now)?;
    Ok(answer_changes(&account_id, &since, state, more, &told))
}

/// `ShareNotification/set`: they are only destroyed (RFC 9670 section 3.3).
pub(crate) async fn set(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let who = asker.clone();
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?;
        store::account::next_modseq(tx, account)?;
        let old = current_state(tx, account)?;
        asked.check_state(old)?;
        let mut made = ChangesMade::default();
        for name in asked.create.keys() {
            made.refuse_create(name, &only_destroyed());
        }
        for id in asked.update.keys() {
            made.refuse_update(id, &only_destroyed());
        }
        for id in &asked.destroy {
            let is_gone = match ids::read(id) {
                Some(number) => sharing::dismiss(tx, account, number)?,
                None => false,
            };
            made.note_destroy(id, if is_gone { Ok(()) } else { Err(not_found()) });
        }
        let new = current_state(tx, account)?;
        Ok::<_, Failure>(made.answer(&asked.account_id, &old.to_string(), &new.to_string()))
    };
    Ok(Answers::one(server.store.write(change).await?))
}

fn only_destroyed() -> SetError {
    SetError::new(SetErrorKind::Forbidden, "the server makes notices; they can be destroyed")
}

enum Condition {
    After(i64),
    Before(i64),
    ObjectType(String),
    Account(String),
}

fn read_condition(name: &str, value: &Value) -> Result<Condition, Failure> {
    let wrong = || Failure::invalid(format!("the condition {name} has a value of the wrong kind"));
    let date = || value.as_str().and_then(parse_date).map(|moment| moment.millis()).ok_or_else(wrong);
    let text = || value.as_str().map(str::to_owned).ok_or_else(wrong);
    match name {
        "after" => Ok(Condition::After(date()?)),
        "before" => Ok(Condition::Before(date()?)),
        "objectType" => Ok(Condition::ObjectType(text()?)),
        "objectAccountId" => Ok(Condition::Account(text()?)),
        _ => Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {name:?}"))),
    }
}

struct Question {
    filter: Tree<Condition>,
    is_rising: bool,
}

impl Question {
    fn take(args: &mut Args) -> Result<Self, Failure> {
        let filter = Tree::read(args.take("filter").as_ref(), &read_condition)?;
        let order = read_sort(args.take("sort"), &["created"])?;
        Ok(Self { filter, is_rising: order.first().is_none_or(|(_, is_rising)| *is_rising) })
    }

    fn result(&self, tx: &mut Tx<'_>, account: i64) -> Result<Vec<i64>, Failure> {
        let holds = |it: &ShareNotice, condition: &Condition| match condition {
            Condition::After(moment) => it.created.millis() >= *moment,
            Condition::Before(moment) => it.created.millis() < *moment,
            Condition::ObjectType(wanted) => wanted == OBJECT_TYPE,
            Condition::Account(wanted) => ids::show(it.owner) == *wanted,
        };
        let all = sharing::list_notices(tx, account)?;
        let mut found: Vec<i64> =
            all.iter().filter(|it| self.filter.matches(&|one| holds(it, one))).map(|it| it.id).collect();
        if !self.is_rising {
            found.reverse();
        }
        Ok(found)
    }
}

pub(crate) fn query(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, window) = (Question::take(&mut args)?, Window::take(&mut args)?);
    args.finish()?;
    let result = question.result(tx, account)?;
    window.answer(&account_id, current_state(tx, account)?, &result, |id| ids::show(*id), ids::read)
}

pub(crate) fn query_changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (question, wanted) = (Question::take(&mut args)?, ChangesWanted::take(&mut args)?);
    args.finish()?;
    let (from, now) = read_state(tx, account, &wanted.since)?;
    let changed: HashSet<i64> = sharing::changed_since(tx, account, from)?.into_iter().map(|it| it.id).collect();
    let result = question.result(tx, account)?;
    wanted.answer(&account_id, now, &result, &changed, |id| ids::show(*id))
}

impl Server {
    /// Takes notices away that are older than they are kept.
    pub(crate) async fn expire_share_notices(&self) -> Result<(), Failure> {
        while self.store.write(|tx| sharing::expire(tx, EXPIRED_AT_ONCE)).await? == EXPIRED_AT_ONCE as usize {}
        Ok(())
    }
}
