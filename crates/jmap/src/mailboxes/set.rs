//! `Mailbox/set` (RFC 8621 section 2.5).

use std::sync::Arc;

use identity::delegation;
use mailbox::overview::mailbox_state;
use mailbox::{Mailbox, MailboxError, Name, SEPARATOR, SpecialUse, mailboxes};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind};

use super::get::rights;
use super::share::{self, Giver, Plan};
use super::{own_name, sort_order};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden, not_found};
use crate::error::Failure;
use crate::ids;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server};

type Outcome<T> = Result<Result<T, SetError>, Failure>;

pub(crate) async fn set(
    server: &Arc<Server>,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
    shares: bool,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    let removes_emails = args.flag("onDestroyRemoveEmails")?;
    args.finish()?;
    let (who, handle, before) = (asker.clone(), Arc::clone(server), created.clone());
    let account_id = asked.account_id.clone();
    let (made, old, new) = server
        .store
        .write(move |tx| {
            let reach = Reach::of(tx, who.account(), &asked.account_id)?;
            let giver = Giver::of(&handle, tx, &who, shares)?;
            // Of another's mailboxes one may subscribe to what one may only read.
            let only_subscribes = asked.create.is_empty() && asked.destroy.is_empty();
            if !only_subscribes {
                reach.check_writable()?;
            }
            let old = mailbox_state(tx, reach.account)?;
            asked.check_state(old)?;
            let mut names = before.clone();
            let mut made = ChangesMade::default();
            create_all(tx, &reach, &giver, &asked, &mut names, &mut made)?;
            for (id, patch) in &asked.update {
                if let Some(error) = asked.refuses_update(id) {
                    made.refuse_update(id, &error);
                    continue;
                }
                let outcome = update(tx, &reach, &giver, names.resolve(id), (patch, &names))?;
                made.note_update(id, outcome.map(|()| Value::Null));
            }
            for id in deepest_first(tx, &reach, &asked.destroy, &names)? {
                let outcome = destroy(tx, &reach, names.resolve(&id), removes_emails)?;
                made.note_destroy(&id, outcome);
            }
            Ok::<_, Failure>((made, old, mailbox_state(tx, reach.account)?))
        })
        .await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old.to_string(), &new.to_string())))
}

/// Makes mailboxes; one that is to stand below another new one waits for it.
fn create_all(
    tx: &mut Tx<'_>,
    reach: &Reach,
    giver: &Giver,
    asked: &ChangesAsked,
    names: &mut Created,
    made: &mut ChangesMade,
) -> Result<(), Failure> {
    let mut waiting: Vec<(&String, &Value)> = asked.create.iter().collect();
    loop {
        let count = waiting.len();
        let mut later = Vec::new();
        for (name, object) in waiting {
            let parent = object.get("parentId").and_then(Value::as_str).unwrap_or_default();
            let is_ahead = parent.strip_prefix('#').is_some_and(|it| asked.create.contains_key(it));
            if is_ahead && names.resolve(parent) == parent && later.len() + 1 < count {
                later.push((name, object));
                continue;
            }
            match create(tx, reach, giver, object, names)? {
                Ok(mailbox) => {
                    let id = ids::show(mailbox.id);
                    names.note(name, &id);
                    made.created.insert(name.clone(), shown(reach, giver, &mailbox, &id, object));
                }
                Err(error) => made.refuse_create(name, &error),
            }
        }
        if later.is_empty() {
            return Ok(());
        }
        waiting = later;
    }
}

/// What the client did not set itself.
fn shown(reach: &Reach, giver: &Giver, mailbox: &Mailbox, id: &str, object: &Value) -> Value {
    let mut told = json!({
        "id": id, "sortOrder": sort_order(mailbox), "totalEmails": 0, "unreadEmails": 0, "totalThreads": 0,
        "unreadThreads": 0, "myRights": rights(reach, mailbox, giver.shares), "isSubscribed": mailbox.subscribed,
    });
    if let Value::Object(members) = &mut told {
        for name in ["parentId", "role"].into_iter().filter(|name| object.get(name).is_none()) {
            members.insert(name.to_owned(), Value::Null);
        }
    }
    told
}

fn create(tx: &mut Tx<'_>, reach: &Reach, giver: &Giver, object: &Value, names: &Created) -> Outcome<Mailbox> {
    if !reach.may_arrange() {
        return Ok(Err(forbidden()));
    }
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a mailbox must be an object")));
    };
    let wanted = match Wanted::read(object, names) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    let Some(name) = &wanted.name else { return Ok(Err(SetError::property("name", "a mailbox must have a name"))) };
    let path = match path_of(tx, reach, name, wanted.parent.flatten())? {
        Ok(path) => path,
        Err(error) => return Ok(Err(error)),
    };
    // A mailbox that is not there yet has the number 0, of which nobody has been given anything.
    let plan = match planned(tx, giver, reach, (0, false), &wanted.share)? {
        Ok(plan) => plan,
        Err(error) => return Ok(Err(error)),
    };
    let mailbox = match mailboxes::create(tx, reach.account, &path, wanted.role.flatten()) {
        Ok(mailbox) => mailbox,
        Err(error) => return refused(error),
    };
    share::carry_out(tx, giver, mailbox.id, &plan)?;
    match wanted.set_rest(tx, reach, mailbox.id)? {
        Ok(()) => Ok(Ok(mailboxes::get(tx, reach.account, mailbox.id)?)),
        Err(error) => Ok(Err(error)),
    }
}

/// What is to be shared, if it can and may be.
fn planned(tx: &mut Tx<'_>, giver: &Giver, reach: &Reach, mailbox: (i64, bool), share: &Object) -> Outcome<Plan> {
    let plan = match share::plan(tx, giver, reach, mailbox, share)? {
        Ok(plan) => plan,
        Err(error) => return Ok(Err(error)),
    };
    Ok(share::check(tx, giver, mailbox.0, &plan)?.map(|()| plan))
}

fn update(tx: &mut Tx<'_>, reach: &Reach, giver: &Giver, id: &str, (patch, names): (&Value, &Created)) -> Outcome<()> {
    let Some(mailbox) = find(tx, reach, id)? else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let wanted = match Wanted::read(patch, names) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    if wanted.arranges() && !reach.may_arrange() {
        return Ok(Err(forbidden()));
    }
    let plan = match planned(tx, giver, reach, (mailbox.id, mailbox.name.is_inbox()), &wanted.share)? {
        Ok(plan) => plan,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(Some(role)) = wanted.role
        && mailboxes::with_use(tx, reach.account, role)?.is_some_and(|other| other != mailbox.id)
    {
        return refused(MailboxError::AlreadyExists);
    }
    if wanted.name.is_some() || wanted.parent.is_some() {
        let name = wanted.name.clone().unwrap_or_else(|| own_name(&mailbox).to_owned());
        let parent = match wanted.parent {
            Some(parent) => parent,
            None => parent_id(tx, reach, &mailbox)?,
        };
        let path = match path_of(tx, reach, &name, parent)? {
            Ok(path) => path,
            Err(error) => return Ok(Err(error)),
        };
        if path != mailbox.name {
            if mailbox.name.is_inbox() {
                return Ok(Err(SetError::property("name", "INBOX keeps its name and place")));
            }
            if let Err(error) = mailboxes::rename(tx, reach.account, &mailbox.name, &path) {
                return refused(error);
            }
        }
    }
    // After what may be refused, so that a refusal has changed nothing (RFC 8620 section 5.3).
    if let Some(role) = wanted.role {
        mailboxes::set_use(tx, reach.account, mailbox.id, role)?;
    }
    share::carry_out(tx, giver, mailbox.id, &plan)?;
    wanted.set_rest(tx, reach, mailbox.id)
}

fn destroy(tx: &mut Tx<'_>, reach: &Reach, id: &str, removes_emails: bool) -> Outcome<()> {
    let Some(mailbox) = find(tx, reach, id)? else { return Ok(Err(not_found())) };
    if !reach.may_arrange() || mailbox.name.is_inbox() {
        return Ok(Err(forbidden()));
    }
    if mailbox.total > mailbox.deleted && !removes_emails {
        let why = "there are messages in it; take them out, or set onDestroyRemoveEmails";
        return Ok(Err(SetError::new(SetErrorKind::MailboxHasEmail, why)));
    }
    match mailboxes::delete(tx, reach.account, mailbox.id) {
        Ok(()) => Ok(Ok(())),
        Err(error) => refused(error),
    }
}

/// What the client is told of an error that has changed nothing.
fn refused<T>(error: MailboxError) -> Outcome<T> {
    let said = match error {
        MailboxError::AlreadyExists => {
            let why = "a mailbox of this name or role is there already";
            SetError {
                properties: vec!["name".to_owned(), "role".to_owned()],
                ..SetError::new(SetErrorKind::InvalidProperties, why)
            }
        }
        MailboxError::InvalidName { why } => SetError::property("name", why),
        MailboxError::HasChildren => SetError::new(SetErrorKind::MailboxHasChild, "there are mailboxes below it"),
        MailboxError::InboxStays => SetError::new(SetErrorKind::Forbidden, "INBOX cannot be deleted"),
        MailboxError::TooManyMailboxes => SetError::new(SetErrorKind::OverQuota, error.to_string()),
        MailboxError::NoSuchMailbox => not_found(),
        other => return Err(other.into()),
    };
    Ok(Err(said))
}

fn find(tx: &mut Tx<'_>, reach: &Reach, id: &str) -> Result<Option<Mailbox>, Failure> {
    let Some(id) = ids::read(id).filter(|id| reach.may_read(*id)) else { return Ok(None) };
    match mailboxes::get(tx, reach.account, id) {
        Ok(mailbox) => Ok(Some(mailbox)),
        Err(MailboxError::NoSuchMailbox) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn parent_id(tx: &mut Tx<'_>, reach: &Reach, mailbox: &Mailbox) -> Result<Option<i64>, Failure> {
    let Some((above, _)) = mailbox.name.as_str().rsplit_once(SEPARATOR) else { return Ok(None) };
    Ok(mailboxes::find(tx, reach.account, &Name::parse(above)?)?.map(|above| above.id))
}

/// The whole path of a mailbox that is called `name` below `parent`.
fn path_of(tx: &mut Tx<'_>, reach: &Reach, name: &str, parent: Option<i64>) -> Outcome<Name> {
    if name.contains(SEPARATOR) {
        return Ok(Err(SetError::property("name", "the name of a mailbox holds no /")));
    }
    let path = match parent {
        None => name.to_owned(),
        Some(parent) => match find(tx, reach, &ids::show(parent))? {
            Some(above) => format!("{}{SEPARATOR}{name}", above.name),
            None => return Ok(Err(SetError::property("parentId", "no such mailbox"))),
        },
    };
    Ok(Name::parse(&path).map_err(|error| SetError::property("name", error.to_string())))
}

/// Mailboxes before those above them.
fn deepest_first(tx: &mut Tx<'_>, reach: &Reach, wanted: &[String], names: &Created) -> Result<Vec<String>, Failure> {
    let mut deep = Vec::with_capacity(wanted.len());
    for id in wanted {
        let depth = find(tx, reach, names.resolve(id))?.map_or(0, |it| it.name.as_str().matches(SEPARATOR).count());
        deep.push((std::cmp::Reverse(depth), id.clone()));
    }
    deep.sort();
    deep.dedup();
    Ok(deep.into_iter().map(|(_, id)| id).collect())
}

/// What is to be set of a mailbox.
#[derive(Default)]
struct Wanted {
    name: Option<String>,
    parent: Option<Option<i64>>,
    role: Option<Option<SpecialUse>>,
    sort_order: Option<u32>,
    is_subscribed: Option<bool>,
    /// Paths about who else may do what, with their values.
    share: Object,
}

impl Wanted {
    fn read(object: &Object, names: &Created) -> Result<Self, SetError> {
        let mut wanted = Self::default();
        for (property, value) in object {
            let wrong = |why: &str| Err(SetError::property(property.clone(), why));
            match (property.as_str(), value) {
                ("name", Value::String(name)) => wanted.name = Some(name.clone()),
                ("parentId", Value::Null) => wanted.parent = Some(None),
                ("parentId", Value::String(id)) => match ids::read(names.resolve(id)) {
                    Some(id) => wanted.parent = Some(Some(id)),
                    None => return wrong("no such mailbox"),
                },
                ("role", Value::Null) => wanted.role = Some(None),
                ("role", Value::String(role)) => match SpecialUse::parse(role) {
                    Some(role) => wanted.role = Some(Some(role)),
                    // What it is already.
                    None if role == "inbox" => {}
                    None => return wrong("the role must be drafts, sent, junk, trash or archive"),
                },
                ("sortOrder", value) => match value.as_u64().and_then(|order| u32::try_from(order).ok()) {
                    Some(order) if order < 1 << 31 => wanted.sort_order = Some(order),
                    _ => return wrong("must be a whole number below 2^31"),
                },
                ("isSubscribed", Value::Bool(subscribed)) => wanted.is_subscribed = Some(*subscribed),
                (path, value) if share::is_about(path) => drop(wanted.share.insert(path.to_owned(), value.clone())),
                _ => return wrong("this cannot be set to that"),
            }
        }
        Ok(wanted)
    }

    /// Whether it changes more than the subscription.
    const fn arranges(&self) -> bool {
        self.name.is_some() || self.parent.is_some() || self.role.is_some() || self.sort_order.is_some()
    }

    fn set_rest(&self, tx: &mut Tx<'_>, reach: &Reach, mailbox: i64) -> Outcome<()> {
        if let Some(order) = self.sort_order {
            mailboxes::set_sort_order(tx, reach.account, mailbox, order)?;
        }
        match self.is_subscribed {
            None => {}
            Some(subscribed) if reach.is_own() => mailboxes::subscribe(tx, reach.account, mailbox, subscribed)?,
            Some(subscribed) => delegation::subscribe(tx, reach.actor, reach.account, mailbox, subscribed)?,
        }
        Ok(Ok(()))
    }
}
