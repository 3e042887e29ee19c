//! `Mailbox/get` (RFC 8621 section 2.1).

use std::collections::{BTreeSet, HashSet};

use identity::delegation;
use identity::sharing::{Share, Sharing};
use mailbox::Mailbox;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::Object;

use super::{own_name, parent, role, share, sort_order};
use crate::answer;
use crate::args::Args;
use crate::error::Failure;
use crate::index::{Counts, Index};
use crate::reach::Reach;
use crate::{Asker, Server, ids};

/// The properties of a mailbox.
const PROPERTIES: &[&str] = &[
    "id",
    "name",
    "parentId",
    "role",
    "sortOrder",
    "totalEmails",
    "unreadEmails",
    "totalThreads",
    "unreadThreads",
    "myRights",
    "isSubscribed",
];

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, args: Args) -> Result<Value, Failure> {
    look(server, tx, asker, args, false)
}

/// `Mailbox/get` of a client that uses the capability for sharing.
pub(crate) fn get_shared(server: &Server, tx: &mut Tx<'_>, asker: &Asker, args: Args) -> Result<Value, Failure> {
    look(server, tx, asker, args, true)
}

fn look(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args, shares: bool) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    let is_known = |name: &str| PROPERTIES.contains(&name) || (shares && name == "shareWith");
    if let Some(unknown) = properties.iter().flatten().find(|it| !is_known(it)) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let subscribed = match reach.is_own() {
        true => BTreeSet::new(),
        false => delegation::subscriptions(tx, asker.account())?,
    };
    let wants_sharing = properties.as_ref().is_none_or(|wanted| wanted.iter().any(|it| it == "shareWith"));
    let sharing = match shares && wants_sharing && reach.is_own() {
        true => Some(Sharing::load(tx, reach.account)?),
        false => None,
    };
    server.indexes.with(tx, reach.account, |index| {
        let counts = index.counts();
        let show = |mailbox: &Mailbox| {
            let is_subscribed = match reach.is_own() {
                true => mailbox.subscribed,
                false => subscribed.contains(&(reach.account, mailbox.id)),
            };
            let counts = counts.get(&mailbox.id).copied().unwrap_or_default();
            let mut object = shown(index, &reach, mailbox, counts, (is_subscribed, shares), properties.as_deref());
            if shares && wants_sharing {
                let with = share::shown(sharing.as_ref(), mailbox.id, mailbox.name.is_inbox());
                object.insert("shareWith".to_owned(), with);
            }
            Value::Object(object)
        };
        let readable = || index.mailboxes.iter().filter(|mailbox| reach.may_read(mailbox.id));
        let (mut list, mut missing) = (Vec::new(), Vec::new());
        match &asked {
            None => list.extend(readable().map(show)),
            Some(asked) => {
                let mut seen = HashSet::new();
                for text in asked.iter().filter(|text| seen.insert(text.as_str())) {
                    match readable().find(|mailbox| ids::read(text) == Some(mailbox.id)) {
                        Some(mailbox) => list.push(show(mailbox)),
                        None => missing.push(text.clone()),
                    }
                }
            }
        }
        let state = index.mailbox_state().to_string();
        Ok(answer::got(&account_id, Some(&state), list, missing))
    })
}

fn shown(
    index: &Index,
    reach: &Reach,
    mailbox: &Mailbox,
    counts: Counts,
    (is_subscribed, shares): (bool, bool),
    properties: Option<&[String]>,
) -> Object {
    let all = [
        ("name", own_name(mailbox).into()),
        ("parentId", parent(index, reach, mailbox).map(|it| ids::show(it.id)).into()),
        ("role", role(mailbox).into()),
        ("sortOrder", sort_order(mailbox).into()),
        ("totalEmails", counts.emails.into()),
        ("unreadEmails", counts.unread_emails.into()),
        ("totalThreads", counts.threads.into()),
        ("unreadThreads", counts.unread_threads.into()),
        ("myRights", rights(reach, mailbox, shares)),
        ("isSubscribed", is_subscribed.into()),
    ];
    let mut object = Object::new();
    object.insert("id".to_owned(), ids::show(mailbox.id).into());
    for (name, value) in all {
        if properties.is_none_or(|wanted| wanted.iter().any(|it| it == name)) {
            object.insert(name.to_owned(), value);
        }
    }
    object
}

/// RFC 8621 section 2, `MailboxRights`; `mayShare` is told to clients that use the capability for sharing.
pub(super) fn rights(reach: &Reach, mailbox: &Mailbox, shares: bool) -> Value {
    let share = Share {
        read: reach.may_read(mailbox.id),
        write: reach.may_write(mailbox.id),
        arrange: reach.may_arrange(),
        send: reach.may_send(),
    };
    rights_of(share, mailbox.name.is_inbox(), shares.then(|| reach.is_own()))
}

/// The same of what somebody may do in a mailbox.
pub(crate) fn rights_of(share: Share, is_inbox: bool, may_share: Option<bool>) -> Value {
    let mut rights = json!({
        "mayReadItems": share.read,
        "mayAddItems": share.write,
        "mayRemoveItems": share.write,
        "maySetSeen": share.write,
        "maySetKeywords": share.write,
        "mayCreateChild": share.arrange,
        "mayRename": share.arrange && !is_inbox,
        "mayDelete": share.arrange && !is_inbox,
        "maySubmit": share.send,
    });
    if let (Some(may_share), Value::Object(members)) = (may_share, &mut rights) {
        members.insert("mayShare".to_owned(), may_share.into());
    }
    rights
}
