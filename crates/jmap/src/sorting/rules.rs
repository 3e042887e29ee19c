//! `Rules` (our own, `docs/jmap.md`): rules that people click together, one object for each account.

use scripts::RulesState;
use serde_json::{Value, json};
use sieve::form::Rules;
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind};

use super::{Single, get_single, own, refusal, script_state};
use crate::answer::SINGLETON;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::run::Answers;
use crate::{Asker, Server, ids};

const PROPERTIES: &[&str] = &["id", "rules", "isActive", "scriptId", "handWrittenScriptId"];

fn shown(state: &RulesState) -> Object {
    let id = |kept: &Option<scripts::Kept>| kept.as_ref().map(|kept| ids::show(kept.id));
    Object::from_iter([
        ("id".to_owned(), SINGLETON.into()),
        ("rules".to_owned(), json!(state.rules)),
        ("isActive".to_owned(), state.script.as_ref().is_some_and(|kept| kept.is_active).into()),
        ("scriptId".to_owned(), id(&state.script).into()),
        ("handWrittenScriptId".to_owned(), id(&state.by_hand).into()),
    ])
}

const SINGLE: Single = Single {
    properties: PROPERTIES,
    read: |tx, account| Ok(shown(&scripts::rules(tx, account)?)),
    state: script_state,
};

pub(crate) fn rules_get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, args: Args) -> Result<Value, Failure> {
    get_single(server, tx, asker, args, SINGLE)
}

pub(crate) async fn rules_set(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id, outside) = (asker.clone(), asked.account_id.clone(), server.outside.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let old = script_state(tx, account)?;
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        let single = || SetError::new(SetErrorKind::Singleton, "there is one, which stays");
        asked.create.keys().for_each(|name| made.refuse_create(name, &single()));
        for (id, patch) in &asked.update {
            let outcome = match id.as_str() {
                SINGLETON => update(tx, account, patch, &outside)?,
                _ => Err(not_found()),
            };
            // What the server set beside is told.
            let outcome = match outcome {
                Ok(()) => {
                    let mut now = shown(&scripts::rules(tx, account)?);
                    now.retain(|name, _| !matches!(name.as_str(), "id" | "rules"));
                    Ok(Value::Object(now))
                }
                Err(error) => Err(error),
            };
            made.note_update(id, outcome);
        }
        asked.destroy.iter().for_each(|id| made.refuse_destroy(id, &single()));
        let new = script_state(tx, account)?;
        Ok::<_, Failure>((made, old, new))
    };
    let (made, old, new) = server.store.write(change).await?;
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

fn update(
    tx: &mut Tx<'_>,
    account: i64,
    patch: &Value,
    outside: &scripts::Outside,
) -> Result<Result<(), SetError>, Failure> {
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let (mut rules, mut wants_active) = (None, None);
    for (name, value) in patch {
        match (name.as_str(), value) {
            ("rules", value) => match serde_json::from_value::<Rules>(value.clone()) {
                Ok(read) => rules = Some(read),
                Err(error) => return Ok(Err(SetError::property("rules", format!("they do not read: {error}")))),
            },
            ("isActive", Value::Bool(wanted)) => wants_active = Some(*wanted),
            ("isActive", _) => return Ok(Err(SetError::property("isActive", "must be true or false"))),
            _ => return Ok(Err(SetError::property(name.clone(), "this cannot be set"))),
        }
    }
    let now = scripts::rules(tx, account)?;
    // The first rules are in force at once, unless a script by hand is.
    let activate = wants_active.unwrap_or(now.script.is_none() && now.by_hand.is_none());
    let rules = match (rules, &now.script) {
        (None, None) if !activate => return Ok(Ok(())),
        (rules, _) => rules.unwrap_or(now.rules),
    };
    if let Err(error) = scripts::set_rules(tx, account, &rules, activate, outside) {
        return Ok(Err(refusal(error)?));
    }
    if wants_active == Some(false) && now.script.as_ref().is_some_and(|kept| kept.is_active) {
        scripts::activate(tx, account, None)?;
    }
    tracing::info!(account, rules = rules.0.len(), "rules were changed");
    Ok(Ok(()))
}
