//! `EncryptionOnReceipt` (our own, `docs/jmap.md`): whether, and to which key, mail of the account is encrypted as it comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keycare::{Choice, KeycareError, Method};
use serde_json::{Value, json};
use smime::Certificate;
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, format_utc_date};

use crate::answer::{SINGLETON, got_single};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::keys::{check_change, own, record_change};
use crate::run::Answers;
use crate::state::word_of;
use crate::{Asker, Server};

fn shown(tx: &mut Tx<'_>, account: i64) -> Result<Value, Failure> {
    let switch = keycare::show(tx, account).map_err(trouble)?;
    Ok(json!({
        "id": SINGLETON,
        "method": switch.as_ref().map(|it| it.method.as_str()),
        "fingerprint": switch.as_ref().map(|it| it.fingerprint.clone()),
        "since": switch.as_ref().map(|it| format_utc_date(it.since)),
        "expiresAt": switch.as_ref().and_then(|it| it.expires).map(format_utc_date),
        "trouble": switch.as_ref().and_then(|it| it.trouble).map(|it| it.as_str()),
    }))
}

fn trouble(error: KeycareError) -> Failure {
    match error {
        KeycareError::Store(error) => error.into(),
        other => Failure::say(wire::jmap::MethodErrorKind::ServerFail, other.to_string()),
    }
}

fn state_of(object: &Value) -> String {
    word_of(object.to_string().into_bytes())
}

/// `EncryptionOnReceipt/get`.
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

/// `EncryptionOnReceipt/set`, with a fresh strong factor.
pub(crate) async fn set(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id, access) = (asker.clone(), asked.account_id.clone(), server.access.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let old = state_of(&shown(tx, account)?);
        asked.check_state_word(&old)?;
        let allowed = check_change(tx, &who, &access)?;
        let mut made = ChangesMade::default();
        let single = || SetError::new(SetErrorKind::Singleton, "there is one, which stays");
        asked.create.keys().for_each(|name| made.refuse_create(name, &single()));
        asked.destroy.iter().for_each(|id| made.refuse_destroy(id, &single()));
        for (id, patch) in &asked.update {
            let outcome = match (&allowed, id.as_str()) {
                (_, id) if id != SINGLETON => Err(not_found()),
                (Err(error), _) => Err(error.clone()),
                (Ok(()), _) => update(tx, account, patch)?,
            };
            if outcome.is_ok() {
                let object = json!({ "method": patch.get("method"), "fingerprint": patch.get("fingerprint") });
                record_change(tx, &who, "EncryptionOnReceipt/set", &object)?;
            }
            made.note_update(id, outcome);
        }
        Ok::<_, Failure>((made, old, state_of(&shown(tx, account)?)))
    };
    let (made, old, new) = server.store.write(change).await?;
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

/// Switches on with `method` and `fingerprint` or `certificate`, off where the method is null; what the server has set is the answer.
fn update(tx: &mut Tx<'_>, account: i64, patch: &Value) -> Result<Result<Value, SetError>, Failure> {
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let choice = match choice(patch) {
        Ok(choice) => choice,
        Err(error) => return Ok(Err(error)),
    };
    let done = match choice {
        None => keycare::switch_off(tx, account).map(drop),
        Some(choice) => keycare::switch_on(tx, account, &choice).map(drop),
    };
    match done {
        Ok(()) => Ok(Ok(shown(tx, account)?)),
        Err(KeycareError::Store(error)) => Err(error.into()),
        Err(error) => {
            let name = if patch.contains_key("certificate") { "certificate" } else { "fingerprint" };
            Ok(Err(SetError::property(name, error.to_string())))
        }
    }
}

fn choice(patch: &Object) -> Result<Option<Choice>, SetError> {
    let known = |name: &String| matches!(name.as_str(), "method" | "fingerprint" | "certificate");
    if let Some(unknown) = patch.keys().find(|name| !known(name)) {
        return Err(SetError::property(unknown.clone(), "this cannot be set"));
    }
    let text = |name: &str| match patch.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(SetError::property(name, "must be a string or null")),
    };
    let (fingerprint, certificate) = (text("fingerprint")?, text("certificate")?);
    if !patch.contains_key("method") {
        return Err(SetError::property("method", "must be openpgp, smime or null"));
    }
    let Some(method) = text("method")? else { return Ok(None) };
    match method.parse::<Method>().map_err(|error| SetError::property("method", error.to_string()))? {
        Method::OpenPgp if certificate.is_none() => {
            Ok(Some(Choice::OpenPgp(fingerprint.unwrap_or_default().to_owned())))
        }
        Method::OpenPgp => Err(SetError::property("certificate", "openpgp takes the fingerprint of one of your keys")),
        Method::Smime => {
            let must = || SetError::property("certificate", "must be one certificate (PEM or DER) in base64");
            let octets = certificate.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(must)?;
            let mut found = Certificate::read_file(&octets)
                .map_err(|error| SetError::property("certificate", error.to_string()))?;
            match (found.pop(), found.is_empty()) {
                (Some(certificate), true) => Ok(Some(Choice::Smime(Box::new(certificate)))),
                _ => Err(must()),
            }
        }
    }
}
