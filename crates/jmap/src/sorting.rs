//! What people set for mail that comes to them: scripts (RFC 9661), the automatic reply (RFC 8621 section 8), rules (our own).

mod rules;
mod script_set;
mod scripts;
mod vacation;

use ::scripts::ScriptsError;
use serde_json::Value;
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind};

use crate::answer::got_single;
use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::state::word_of;
use crate::{Asker, Server};

pub(crate) use rules::{rules_get, rules_set};
pub(crate) use script_set::script_set;
pub(crate) use scripts::{script_get, script_query, script_validate};
pub(crate) use vacation::{vacation_get, vacation_set};

/// What people set for their mail is their own: others see nothing of it.
fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<Reach, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    match reach.is_own() {
        true => Ok(reach),
        false => {
            Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "rules are set in one's own account only"))
        }
    }
}

/// A word that is another when a script or a rule is: rules are kept as a script.
pub(crate) fn script_state(tx: &mut Tx<'_>, account: i64) -> Result<String, Failure> {
    Ok(word_of(::scripts::version(tx, account)?))
}

/// A word that is another when the automatic reply was set anew.
pub(crate) fn vacation_state(tx: &mut Tx<'_>, account: i64) -> Result<String, Failure> {
    Ok(word_of(::scripts::auto_reply_version(tx, account)?))
}

/// What there is one of: how it is read, and its state.
#[derive(Clone, Copy)]
struct Single {
    properties: &'static [&'static str],
    read: fn(&mut Tx<'_>, i64) -> Result<Object, Failure>,
    state: fn(&mut Tx<'_>, i64) -> Result<String, Failure>,
}

/// The properties of `object` that are wanted, and its identifier.
fn only(object: Object, wanted: Option<&[String]>) -> Value {
    let is_wanted = |name: &String| name == "id" || wanted.is_none_or(|wanted| wanted.contains(name));
    Value::Object(object.into_iter().filter(|(name, _)| is_wanted(name)).collect())
}

/// Answers `get` of what an account has one of (RFC 8621 section 8).
fn get_single(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args, kind: Single) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    check_properties(properties.as_deref(), kind.properties)?;
    server.check_get(asked.as_deref())?;
    let (single, state) = ((kind.read)(tx, account)?, (kind.state)(tx, account)?);
    Ok(got_single(&account_id, &state, only(single, properties.as_deref()), asked.as_deref()))
}

fn check_properties(wanted: Option<&[String]>, known: &[&str]) -> Result<(), Failure> {
    match wanted.unwrap_or_default().iter().find(|it| !known.contains(&it.as_str())) {
        Some(unknown) => Err(Failure::invalid(format!("there is no property {unknown:?}"))),
        None => Ok(()),
    }
}

/// What a client is told of what cannot be set; the rest is a failure of ours.
fn refusal(error: ScriptsError) -> Result<SetError, Failure> {
    let text = error.to_string();
    Ok(match error {
        ScriptsError::Script(_) => SetError::new(SetErrorKind::InvalidSieve, text),
        ScriptsError::NotFound => SetError::new(SetErrorKind::NotFound, text),
        ScriptsError::NameTaken(_) => SetError::new(SetErrorKind::AlreadyExists, text),
        ScriptsError::Name(_) => SetError::property("name", text),
        ScriptsError::TooMany(_) => SetError::new(SetErrorKind::OverQuota, text),
        ScriptsError::Active => SetError::new(SetErrorKind::SieveIsActive, text),
        ScriptsError::Outside(_) => SetError::new(SetErrorKind::Forbidden, text),
        ScriptsError::Form(_) | ScriptsError::NoMailbox(_) => SetError::property("rules", text),
        ScriptsError::TooLong { .. } => SetError::new(SetErrorKind::TooLarge, text),
        ScriptsError::Store(_) | ScriptsError::Identity(_) | ScriptsError::Mailbox(_) => return Err(error.into()),
    })
}
