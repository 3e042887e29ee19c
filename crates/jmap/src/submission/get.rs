//! `EmailSubmission/get` and `EmailSubmission/changes` (RFC 8621 sections 7.1 and 7.2).

use serde_json::Value;
use store::Tx;
use wire::jmap::MethodErrorKind;

use super::rows::{changed, list, state};
use crate::answer;
use crate::args::Args;
use crate::email::{Fate, answer_changes, cut, take_max};
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server, ids};

/// The properties of a submission.
const PROPERTIES: [&str; 10] = [
    "id",
    "identityId",
    "emailId",
    "threadId",
    "envelope",
    "sendAt",
    "undoStatus",
    "deliveryStatus",
    "dsnBlobIds",
    "mdnBlobIds",
];

/// Submissions are one's own.
pub(crate) fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<i64, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    match reach.is_own() {
        true => Ok(reach.account),
        false => Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "mail is sent from one's own account")),
    }
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
    let (mut shown, mut found) = (Vec::new(), Vec::new());
    for submission in list(tx, account)? {
        let id = ids::show(submission.id);
        if asked.as_ref().is_none_or(|asked| asked.contains(&id)) {
            shown.push(submission.shown(tx, properties.as_deref())?);
            found.push(id);
        }
    }
    let missing: Vec<String> = asked.into_iter().flatten().filter(|id| !found.contains(id)).collect();
    let state = state(tx, account)?.to_string();
    Ok(answer::got(&account_id, Some(&state), shown, missing))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let from: i64 = since.parse().map_err(|_| mailbox::MailboxError::CannotCalculate)?;
    let now = state(tx, account)?;
    if from > now {
        return Err(mailbox::MailboxError::CannotCalculate.into());
    }
    let told = changed(tx, account, from)?.into_iter().filter_map(|it| {
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
