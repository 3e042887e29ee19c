//! `Mailbox/get` (RFC 8621 section 2.1).

use std::collections::{BTreeSet, HashSet};

use identity::delegation;
use mailbox::Mailbox;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::Object;

use super::{own_name, parent, role, sort_order};
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

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let subscribed = match reach.is_own() {
        true => BTreeSet::new(),
        false => delegation::subscriptions(tx, asker.account())?,
    };
    server.indexes.with(tx, reach.account, |index| {
        let counts = index.counts();
        let show = |mailbox: &Mailbox| {
            let is_subscribed = match reach.is_own() {
                true => mailbox.subscribed,
                false => subscribed.contains(&(reach.account, mailbox.id)),
            };
            let counts = counts.get(&mailbox.id).copied().unwrap_or_default();
            shown(index, &reach, mailbox, counts, is_subscribed, properties.as_deref())
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
    is_subscribed: bool,
    properties: Option<&[String]>,
) -> Value {
    let all = [
        ("name", own_name(mailbox).into()),
        ("parentId", parent(index, reach, mailbox).map(|it| ids::show(it.id)).into()),
        ("role", role(mailbox).into()),
        ("sortOrder", sort_order(mailbox).into()),
        ("totalEmails", counts.emails.into()),
        ("unreadEmails", counts.unread_emails.into()),
        ("totalThreads", counts.threads.into()),
        ("unreadThreads", counts.unread_threads.into()),
        ("myRights", rights(reach, mailbox)),
        ("isSubscribed", is_subscribed.into()),
    ];
    let mut object = Object::new();
    object.insert("id".to_owned(), ids::show(mailbox.id).into());
    for (name, value) in all {
        if properties.is_none_or(|wanted| wanted.iter().any(|it| it == name)) {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

/// RFC 8621 section 2, `MailboxRights`.
pub(super) fn rights(reach: &Reach, mailbox: &Mailbox) -> Value {
    let (may_write, may_arrange) = (reach.may_write(mailbox.id), reach.may_arrange());
    json!({
        "mayReadItems": reach.may_read(mailbox.id),
        "mayAddItems": may_write,
        "mayRemoveItems": may_write,
        "maySetSeen": may_write,
        "maySetKeywords": may_write,
        "mayCreateChild": may_arrange,
        "mayRename": may_arrange && !mailbox.name.is_inbox(),
        "mayDelete": may_arrange && !mailbox.name.is_inbox(),
        "maySubmit": reach.may_send(),
    })
}
