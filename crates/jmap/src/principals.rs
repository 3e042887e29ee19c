//! `Principal/get`, `/changes`, `/set`, `/query` and `/queryChanges` (RFC 9670 section 2): who there is that something can be shared with.
//!
//! Principals are in one's own account: the people, programs and shared mailboxes of one's organisation if the table of rights lets one read
//! its directory, the groups that one is in, and always oneself.

use std::cmp::Ordering;

use access::{Action, Decision, Via};
use identity::rights::decide_for;
use identity::{AccountKind, IdentityError, groups};
use mail::message::casemap;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object};

use crate::answer;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden};
use crate::email::take_max;
use crate::error::Failure;
use crate::reach::Reach;
use crate::session::{account_object, seen_by};
use crate::state::word_of;
use crate::tree::{Tree, read_sort};
use crate::window::{ChangesWanted, Window};
use crate::{Asker, Server, ids};

/// The properties of a principal.
const PROPERTIES: [&str; 8] = ["id", "type", "name", "description", "email", "timeZone", "capabilities", "accounts"];

/// Who or what can be shared with.
#[derive(Debug, Clone)]
struct Principal {
    /// The account; none for a group.
    account: Option<i64>,
    id: String,
    kind: &'static str,
    name: String,
    email: Option<String>,
}

/// What a client calls the principal of an account.
pub(crate) fn show(account: i64) -> String {
    ids::show(account)
}

const fn kind_of(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Person => "individual",
        AccountKind::Service | AccountKind::Shared => "other",
    }
}

/// Whether who asks may see who else there is.
pub(crate) fn may_see_others(server: &Server, tx: &mut Tx<'_>, asker: &Asker) -> Result<bool, IdentityError> {
    let who = (asker.account(), Via::Jmap, asker.principal.strong_at);
    let decision = decide_for(tx, who, Action::DirectoryRead, asker.account(), &server.access.now())?;
    Ok(matches!(decision, Decision::Allow { .. }))
}

/// Principals are in one's own account.
fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<(), Failure> {
    match Reach::of(tx, asker.account(), account_id)?.is_own() {
        true => Ok(()),
        false => Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "principals are in one's own account")),
    }
}

/// Everybody whom who asks may see, by identifier.
fn all(server: &Server, tx: &mut Tx<'_>, asker: &Asker) -> Result<Vec<Principal>, Failure> {
    let organisation = asker.principal.organisation;
    let listed = identity::sharing::people(tx, organisation)?;
    let may_see_others = may_see_others(server, tx, asker)?;
    let is_seen = |account: i64| may_see_others || account == asker.account();
    let mut all: Vec<Principal> = listed
        .into_iter()
        .filter(|person| is_seen(person.account))
        .map(|person| Principal {
            account: Some(person.account),
            id: show(person.account),
            kind: kind_of(person.kind),
            name: person.name,
            email: Some(person.address),
        })
        .collect();
    for group in groups::groups_of(tx, asker.account())? {
        let group = groups::load_group(tx, group)?;
        let (id, email) = (format!("g{}", group.id), group.address);
        all.push(Principal { account: None, id, kind: "group", name: group.name, email });
    }
    Ok(all)
}

/// A word that is another when anything is told of anybody.
fn state_of(all: &[Principal]) -> String {
    let told = all.iter().flat_map(|it| [&it.id, it.kind, &it.name, it.email.as_deref().unwrap_or("")]);
    word_of(told.flat_map(|text| text.bytes().chain(std::iter::once(0))))
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    own(tx, asker, &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let all = all(server, tx, asker)?;
    let wanted: Vec<&Principal> =
        all.iter().filter(|it| asked.as_ref().is_none_or(|asked| asked.contains(&it.id))).collect();
    if wanted.len() > server.limits().objects_get_max {
        return Err(Failure::say(MethodErrorKind::RequestTooLarge, "there are more; ask for them by Principal/query"));
    }
    let needs_accounts = properties.as_ref().is_none_or(|wanted| wanted.iter().any(|it| it == "accounts"));
    let seen = if needs_accounts { seen_by(tx, asker.account())? } else { Vec::new() };
    let shown = wanted.iter().map(|it| {
        let account = it.account.and_then(|account| seen.iter().find(|seen| seen.id == account));
        let accounts = account.map(|seen| json!({ ids::show(seen.id): account_object(server, seen, asker.account()) }));
        let all = [
            ("type", Value::from(it.kind)),
            ("name", it.name.clone().into()),
            ("description", Value::Null),
            ("email", it.email.clone().into()),
            ("timeZone", Value::Null),
            ("capabilities", json!({})),
            ("accounts", accounts.unwrap_or(Value::Null)),
        ];
        let mut object = Object::from_iter([("id".to_owned(), it.id.clone().into())]);
        let is_wanted = |name: &str| properties.as_ref().is_none_or(|wanted| wanted.iter().any(|it| it == name));
        object.extend(all.into_iter().filter(|(name, _)| is_wanted(name)).map(|(name, it)| (name.to_owned(), it)));
        Value::Object(object)
    });
    let list = shown.collect();
    let mut missing: Vec<String> = asked.clone().unwrap_or_default();
    missing.retain(|id| !all.iter().any(|it| it.id == *id));
    Ok(answer::got(&account_id, Some(&state_of(&all)), list, missing))
}

pub(crate) fn changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    own(tx, asker, &account_id)?;
    let since = args.need_text("sinceState")?;
    take_max(&mut args)?;
    args.finish()?;
    // The directory keeps no record of its changes that would say what who asks could see before (RFC 9670 section 2.2).
    if since != state_of(&all(server, tx, asker)?) {
        return Err(mailbox::MailboxError::CannotCalculate.into());
    }
    Ok(json!({
        "accountId": account_id, "oldState": since, "newState": since, "hasMoreChanges": false,
        "created": [], "updated": [], "destroyed": [],
    }))
}

/// `Principal/set`: the directory is changed by those who administer it, not here (RFC 9670 section 2.3).
pub(crate) fn set(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    own(tx, asker, &asked.account_id)?;
    let state = state_of(&all(server, tx, asker)?);
    asked.check_state_word(&state)?;
    let mut made = ChangesMade::default();
    for name in asked.create.keys() {
        made.refuse_create(name, &forbidden());
    }
    for id in asked.update.keys() {
        made.refuse_update(id, &forbidden());
    }
    for id in &asked.destroy {
        made.refuse_destroy(id, &forbidden());
    }
    Ok(made.answer(&asked.account_id, &state, &state))
}

enum Condition {
    Accounts(Vec<String>),
    Email(String),
    Name(String),
    Text(String),
    Type(String),
    TimeZone,
}

fn read_condition(name: &str, value: &Value) -> Result<Condition, Failure> {
    let wrong = || Failure::invalid(format!("the condition {name} has a value of the wrong kind"));
    let text = || value.as_str().map(|text| casemap(text).into_owned()).ok_or_else(wrong);
    match name {
        "accountIds" => {
            let listed = value.as_array().ok_or_else(wrong)?;
            let listed = listed.iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(wrong));
            Ok(Condition::Accounts(listed.collect::<Result<_, _>>()?))
        }
        "email" => Ok(Condition::Email(text()?)),
        "name" => Ok(Condition::Name(text()?)),
        "text" => Ok(Condition::Text(text()?)),
        "type" => Ok(Condition::Type(value.as_str().ok_or_else(wrong)?.to_owned())),
        // Nobody's is told.
        "timeZone" => text().map(|_| Condition::TimeZone),
        _ => Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {name:?}"))),
    }
}

fn holds(it: &Principal, condition: &Condition) -> bool {
    let has_name = |wanted: &String| casemap(&it.name).contains(wanted.as_str());
    let has_email = |wanted: &String| it.email.as_deref().is_some_and(|email| casemap(email).contains(wanted.as_str()));
    match condition {
        Condition::Accounts(wanted) => it.account.is_some_and(|account| wanted.contains(&ids::show(account))),
        Condition::Email(wanted) => has_email(wanted),
        Condition::Name(wanted) => has_name(wanted),
        Condition::Text(wanted) => has_name(wanted) || has_email(wanted),
        Condition::Type(wanted) => it.kind == wanted,
        Condition::TimeZone => false,
    }
}

pub(crate) fn query(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    own(tx, asker, &account_id)?;
    let filter = Tree::read(args.take("filter").as_ref(), &read_condition)?;
    let order = read_sort(args.take("sort"), &["name", "email", "type"])?;
    let window = Window::take(&mut args)?;
    args.finish()?;
    let all = all(server, tx, asker)?;
    let mut found: Vec<&Principal> = all.iter().filter(|it| filter.matches(&|one| holds(it, one))).collect();
    found.sort_by(|one, other| compare(one, other, &order));
    let found: Vec<String> = found.into_iter().map(|it| it.id.clone()).collect();
    let mut answer = window.answer(&account_id, 0, &found, Clone::clone, |id| Some(id.to_owned()))?;
    if let Value::Object(members) = &mut answer {
        members.insert("queryState".to_owned(), state_of(&all).into());
        members.insert("canCalculateChanges".to_owned(), false.into());
    }
    Ok(answer)
}

fn compare(one: &Principal, other: &Principal, order: &[(String, bool)]) -> Ordering {
    for (property, is_rising) in order {
        let found = match property.as_str() {
            "name" => casemap(&one.name).cmp(&casemap(&other.name)),
            "email" => one.email.cmp(&other.email),
            _ => one.kind.cmp(other.kind),
        };
        if found != Ordering::Equal {
            return if *is_rising { found } else { found.reverse() };
        }
    }
    one.id.cmp(&other.id)
}

pub(crate) fn query_changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    own(tx, asker, &account_id)?;
    Tree::read(args.take("filter").as_ref(), &read_condition)?;
    read_sort(args.take("sort"), &["name", "email", "type"])?;
    ChangesWanted::take(&mut args)?;
    args.finish()?;
    Err(mailbox::MailboxError::CannotCalculate.into())
}
