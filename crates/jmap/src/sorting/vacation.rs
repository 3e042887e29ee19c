//! `VacationResponse` (RFC 8621 section 8): the one automatic reply of an account.

use env::Timestamp;
use scripts::AutoReply;
use serde_json::Value;
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, apply_patch, format_utc_date, parse_date};

use super::{Single, get_single, own, refusal, vacation_state};
use crate::answer::SINGLETON;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::run::Answers;
use crate::{Asker, Server};

const PROPERTIES: &[&str] = &["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"];

fn shown(reply: &AutoReply) -> Object {
    let date = |millis: Option<i64>| millis.map(|millis| format_utc_date(Timestamp::from_millis(millis)));
    Object::from_iter([
        ("id".to_owned(), SINGLETON.into()),
        ("isEnabled".to_owned(), reply.is_enabled.into()),
        ("fromDate".to_owned(), date(reply.from).into()),
        ("toDate".to_owned(), date(reply.to).into()),
        ("subject".to_owned(), reply.subject.clone().into()),
        ("textBody".to_owned(), reply.text.clone().into()),
        ("htmlBody".to_owned(), reply.html.clone().into()),
    ])
}

const SINGLE: Single = Single {
    properties: PROPERTIES,
    read: |tx, account| Ok(shown(&scripts::auto_reply(tx, account)?)),
    state: vacation_state,
};

pub(crate) fn vacation_get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, args: Args) -> Result<Value, Failure> {
    get_single(server, tx, asker, args, SINGLE)
}

pub(crate) async fn vacation_set(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id) = (asker.clone(), asked.account_id.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let old = vacation_state(tx, account)?;
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        let single = || SetError::new(SetErrorKind::Singleton, "there is one, which stays");
        asked.create.keys().for_each(|name| made.refuse_create(name, &single()));
        for (id, patch) in &asked.update {
            let outcome = match id.as_str() {
                SINGLETON => update(tx, account, patch)?,
                _ => Err(not_found()),
            };
            made.note_update(id, outcome.map(|()| Value::Null));
        }
        asked.destroy.iter().for_each(|id| made.refuse_destroy(id, &single()));
        let new = vacation_state(tx, account)?;
        Ok::<_, Failure>((made, old, new))
    };
    let (made, old, new) = server.store.write(change).await?;
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

fn update(tx: &mut Tx<'_>, account: i64, patch: &Value) -> Result<Result<(), SetError>, Failure> {
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let mut object = shown(&scripts::auto_reply(tx, account)?);
    if let Err(error) = apply_patch(&mut object, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    let reply = match read(&object) {
        Ok(reply) => reply,
        Err(error) => return Ok(Err(error)),
    };
    match scripts::set_auto_reply(tx, account, &reply) {
        Ok(()) => {
            tracing::info!(account, is_enabled = reply.is_enabled, "the automatic reply was changed");
            Ok(Ok(()))
        }
        Err(error) => Ok(Err(refusal(error)?)),
    }
}

fn read(object: &Object) -> Result<AutoReply, SetError> {
    let mut reply = AutoReply::default();
    for (name, value) in object {
        let text = || match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(SetError::property(name.clone(), "must be a string or null")),
        };
        let date = || match text()? {
            None => Ok(None),
            Some(text) => match parse_date(&text).filter(|_| text.ends_with('Z')) {
                Some(moment) => Ok(Some(moment.millis())),
                None => Err(SetError::property(name.clone(), "must be a UTCDate, such as 2026-12-24T00:00:00Z")),
            },
        };
        match (name.as_str(), value) {
            ("id", Value::String(id)) if id == SINGLETON => {}
            ("isEnabled", Value::Bool(is_enabled)) => reply.is_enabled = *is_enabled,
            // A property that a patch takes away goes back to what it is without being set (RFC 8620 section 5.3).
            ("isEnabled", Value::Null) => {}
            ("fromDate", _) => reply.from = date()?,
            ("toDate", _) => reply.to = date()?,
            ("subject", _) => reply.subject = text()?,
            ("textBody", _) => reply.text = text()?,
            ("htmlBody", _) => reply.html = text()?,
            _ => return Err(SetError::property(name.clone(), "this cannot be set to that")),
        }
    }
    if let (Some(from), Some(to)) = (reply.from, reply.to)
        && from >= to
    {
        return Err(SetError::property("toDate", "must be later than fromDate"));
    }
    Ok(reply)
}
