//! `KeyStatements` (our own, `docs/jmap.md`): what the account's owner has said of keys, signed and encrypted in the browser. Nothing here reads
//! or vouches for it.

use keybook::KeybookError;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{SetError, SetErrorKind};

use crate::answer::{SINGLETON, got_single};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::keys::{own, trouble};
use crate::run::Answers;
use crate::state::word_of;
use crate::{Asker, Server};

fn shown(tx: &mut Tx<'_>, account: i64) -> Result<Value, Failure> {
    Ok(json!({ "id": SINGLETON, "content": keybook::statements(tx, account).map_err(trouble)? }))
}

fn state_of(object: &Value) -> String {
    word_of(object.to_string().into_bytes())
}

/// `KeyStatements/get`.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let asked = args.texts("ids")?;
    args.finish()?;
    server.check_get(asked.as_deref())?;
    let object = shown(tx, account)?;
    let state = state_of(&object);
    Ok(got_single(&account_id, &state, object, asked.as_deref()))
}

/// `KeyStatements/set`. It needs no strong factor: what counts is the signature, which the server cannot make.
pub(crate) async fn set(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id) = (asker.clone(), asked.account_id.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let old = state_of(&shown(tx, account)?);
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        let single = || SetError::new(SetErrorKind::Singleton, "there is one, which stays");
        asked.create.keys().for_each(|name| made.refuse_create(name, &single()));
        asked.destroy.iter().for_each(|id| made.refuse_destroy(id, &single()));
        for (id, patch) in &asked.update {
            let outcome = if id == SINGLETON { update(tx, account, patch)? } else { Err(not_found()) };
            made.note_update(id, outcome);
        }
        Ok::<_, Failure>((made, old, state_of(&shown(tx, account)?)))
    };
    let (made, old, new) = server.store.write(change).await?;
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

fn update(tx: &mut Tx<'_>, account: i64, patch: &Value) -> Result<Result<Value, SetError>, Failure> {
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    if let Some(unknown) = patch.keys().find(|name| *name != "content") {
        return Ok(Err(SetError::property(unknown.clone(), "this cannot be set")));
    }
    let Some(content) = patch.get("content").and_then(Value::as_str) else {
        return Ok(Err(SetError::property("content", "must be a string")));
    };
    match keybook::keep_statements(tx, account, content) {
        Ok(()) => Ok(Ok(Value::Null)),
        Err(error @ KeybookError::TooMuchSaid { .. }) => Ok(Err(SetError::property("content", error.to_string()))),
        Err(error) => Err(trouble(error)),
    }
}
