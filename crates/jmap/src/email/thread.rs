//! `Thread/get` and `Thread/changes` (RFC 8621 section 3).

use serde_json::{Value, json};
use store::Tx;
use wire::jmap::MethodErrorKind;

use super::changes::{answer as answer_changes, changed_since, changed_threads, cut, read_state, take_max};
use crate::answer;
use crate::args::Args;
use crate::error::Failure;
use crate::ids;
use crate::reach::Reach;
use crate::{Asker, Server};

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?;
    let properties = args.texts("properties")?;
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !matches!(it.as_str(), "id" | "emailIds")) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    let shows_emails = properties.is_none_or(|it| it.iter().any(|property| property == "emailIds"));
    let max = server.limits().objects_get_max;
    let too_many = || Failure::say(MethodErrorKind::RequestTooLarge, format!("at most {max} threads at once"));
    server.indexes.with(tx, reach.account, |index| {
        let asked = match asked {
            Some(asked) => asked,
            None if index.threads.len() > max => return Err(too_many()),
            None => index.threads.keys().map(|id| ids::show(*id)).collect(),
        };
        if asked.len() > max {
            return Err(too_many());
        }
        let (mut list, mut missing) = (Vec::new(), Vec::new());
        let mut seen = std::collections::HashSet::new();
        for text in asked {
            if !seen.insert(text.clone()) {
                continue;
            }
            let thread = ids::read(&text);
            let emails: Vec<String> = thread
                .map(|thread| index.thread(&reach, thread).map(|email| ids::show(email.id)).collect())
                .unwrap_or_default();
            match emails.is_empty() {
                true => missing.push(text),
                false if shows_emails => list.push(json!({ "id": text, "emailIds": emails })),
                false => list.push(json!({ "id": text })),
            }
        }
        let state = index.email_state().to_string();
        Ok(answer::got(&account_id, Some(&state), list, missing))
    })
}

pub(crate) fn changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let (threads, now) = server.indexes.with_tx(tx, reach.account, |tx, index| {
        let from = read_state(&since, index)?;
        let changed = changed_since(tx, index, &reach, from)?;
        Ok((changed_threads(index, &reach, from, &changed), index.email_state()))
    })?;
    let (changed, state, more) = cut(threads, max, now)?;
    Ok(answer_changes(&account_id, &since, state, more, &changed))
}
