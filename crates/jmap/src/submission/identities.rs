//! As whom somebody may send (RFC 8621 section 6): every address of the account, and what clients add to that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{list_addresses, load_account, sending_right};
use mail::Address;
use serde_json::{Value, json};
use store::{Tx, params};
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind, apply_patch};

use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden, not_found};
use crate::error::Failure;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::state::word_of;
use crate::{Asker, Server};

/// Identities that an account may have.
const IDENTITIES_MAX: i64 = 1_000;

/// The properties of an identity.
const PROPERTIES: [&str; 8] = ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"];

/// An identity.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) email: String,
    content: Object,
    /// It stands for an address of the account and stays as long as that does.
    is_own_address: bool,
}

impl Identity {
    fn shown(&self, wanted: Option<&[String]>) -> Value {
        let text = |name: &str| self.content.get(name).cloned().unwrap_or_else(|| "".into());
        let list = |name: &str| self.content.get(name).cloned().unwrap_or(Value::Null);
        let all = [
            ("name", text("name")),
            ("email", self.email.clone().into()),
            ("replyTo", list("replyTo")),
            ("bcc", list("bcc")),
            ("textSignature", text("textSignature")),
            ("htmlSignature", text("htmlSignature")),
            ("mayDelete", (!self.is_own_address).into()),
        ];
        let mut object = Object::new();
        object.insert("id".to_owned(), self.id.clone().into());
        for (name, value) in all {
            if wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name)) {
                object.insert(name.to_owned(), value);
            }
        }
        Value::Object(object)
    }
}

/// What the content of an identity is sealed for.
fn sealed_for(id: &str) -> Vec<u8> {
    [b"jmap identity ", id.as_bytes()].concat()
}

/// Identities that clients have made or changed: identifier and content.
fn stored(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(String, Object)>, Failure> {
    let key = tx.context().keys.account(tx, account)?;
    let rows = tx.rows(
        "SELECT id, content FROM jmap_identity WHERE account = $1 ORDER BY id LIMIT $2",
        params![account, IDENTITIES_MAX],
        |row| {
            let plain = key.sealing().open("identity", &sealed_for(row.text(0)?), row.bytes(1)?)?;
            Ok((row.text(0)?.to_owned(), plain))
        },
    )?;
    let read = |plain: &[u8]| match serde_json::from_slice(plain) {
        Ok(Value::Object(content)) => Ok(content),
        _ => Err(Failure::from(store::StoreError::Corrupt { what: "an identity does not read".to_owned() })),
    };
    rows.into_iter().map(|(id, plain)| Ok((id, read(&plain)?))).collect()
}

fn keep(tx: &mut Tx<'_>, account: i64, id: &str, content: &Object) -> Result<(), Failure> {
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let plain = Value::Object(content.clone()).to_string();
    let sealed = key.sealing().seal(context.entropy.as_ref(), &sealed_for(id), plain.as_bytes());
    tx.execute(
        "INSERT INTO jmap_identity (account, id, content) VALUES ($1, $2, $3)
         ON CONFLICT (account, id) DO UPDATE SET content = $3",
        params![account, id, &sealed],
    )?;
    Ok(())
}

/// All identities of the account.
pub(super) fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Identity>, Failure> {
    let mut stored = stored(tx, account)?;
    let name = load_account(tx, account)?.name;
    let mut all = Vec::new();
    for email in list_addresses(tx, account)? {
        let id = format!("A{}", URL_SAFE_NO_PAD.encode(&email));
        let changed = stored.iter().position(|(known, _)| *known == id).map(|at| stored.remove(at).1);
        let content = changed.unwrap_or_else(|| Object::from_iter([("name".to_owned(), name.clone().into())]));
        all.push(Identity { id, email, content, is_own_address: true });
    }
    for (id, content) in stored.into_iter().filter(|(id, _)| id.starts_with('N')) {
        let email = content.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
        all.push(Identity { id, email, content, is_own_address: false });
    }
    Ok(all)
}

/// All identities of the account, as clients see them.
pub(crate) fn all_identities(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Value>, Failure> {
    Ok(list(tx, account)?.iter().map(|it| it.shown(None)).collect())
}

/// Address and shown name of an identity, if it is there.
pub(crate) fn sender(tx: &mut Tx<'_>, account: i64, id: &str) -> Result<Option<(String, String)>, Failure> {
    let found = list(tx, account)?.into_iter().find(|it| it.id == id);
    let name = |it: &Identity| it.content.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(found.map(|it| (it.email.clone(), name(&it))))
}

/// A word that is another when anything of the identities is.
fn state(all: &[Identity]) -> String {
    word_of(all.iter().flat_map(|it| it.shown(None).to_string().into_bytes()))
}

/// The state of the identities as they are now.
pub(crate) fn state_now(tx: &mut Tx<'_>, account: i64) -> Result<String, Failure> {
    Ok(state(&list(tx, account)?))
}

/// Identities are one's own: others see none.
fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<i64, Failure> {
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
    let all = list(tx, account)?;
    let is_wanted = |it: &&Identity| asked.as_ref().is_none_or(|asked| asked.contains(&it.id));
    let shown: Vec<Value> = all.iter().filter(is_wanted).map(|it| it.shown(properties.as_deref())).collect();
    let missing: Vec<&String> = asked.iter().flatten().filter(|id| !all.iter().any(|it| it.id == **id)).collect();
    Ok(json!({ "accountId": account_id, "state": state(&all), "list": shown, "notFound": missing }))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let since = args.need_text("sinceState")?;
    args.count("maxChanges")?;
    args.finish()?;
    let now = state(&list(tx, account)?);
    if since != now {
        return Err(mailbox::MailboxError::CannotCalculate.into());
    }
    Ok(json!({
        "accountId": account_id, "oldState": since, "newState": now, "hasMoreChanges": false,
        "created": [], "updated": [], "destroyed": [],
    }))
}

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id) = (asker.clone(), asked.account_id.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?;
        store::account::next_modseq(tx, account)?;
        let old = state(&list(tx, account)?);
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        for (name, object) in &asked.create {
            match create(tx, account, object)? {
                Ok(identity) => drop(made.created.insert(name.clone(), told(&identity, object))),
                Err(error) => made.refuse_create(name, &error),
            }
        }
        for (id, patch) in &asked.update {
            if let Some(error) = asked.refuses_update(id) {
                made.refuse_update(id, &error);
                continue;
            }
            let outcome = update(tx, account, id, patch)?;
            made.note_update(id, outcome.map(|()| Value::Null));
        }
        for id in &asked.destroy {
            let outcome = destroy(tx, account, id)?;
            made.note_destroy(id, outcome);
        }
        let new = state(&list(tx, account)?);
        tx.notify(store::Notice::Account(account));
        Ok::<_, Failure>((made, old, new))
    };
    let (made, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

/// What the client did not set itself.
fn told(id: &str, object: &Value) -> Value {
    let mut told = Object::from_iter([("id".to_owned(), id.into()), ("mayDelete".to_owned(), true.into())]);
    for (name, default) in [
        ("name", json!("")),
        ("replyTo", Value::Null),
        ("bcc", Value::Null),
        ("textSignature", json!("")),
        ("htmlSignature", json!("")),
    ] {
        if object.get(name).is_none() {
            told.insert(name.to_owned(), default);
        }
    }
    Value::Object(told)
}

fn create(tx: &mut Tx<'_>, account: i64, object: &Value) -> Result<Result<String, SetError>, Failure> {
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "an identity must be an object")));
    };
    if let Err(error) = check(object) {
        return Ok(Err(error));
    }
    let Some(email) = object.get("email").and_then(Value::as_str).and_then(|email| Address::parse(email).ok()) else {
        return Ok(Err(SetError::property("email", "must be an address")));
    };
    if sending_right(tx, account, &email)?.is_none() {
        let why = "this is not one of your addresses, and its owner has not permitted it";
        return Ok(Err(SetError::new(SetErrorKind::ForbiddenFrom, why)));
    }
    let id = format!("N{}", tx.next_id());
    keep(tx, account, &id, object)?;
    Ok(Ok(id))
}

fn update(tx: &mut Tx<'_>, account: i64, id: &str, patch: &Value) -> Result<Result<(), SetError>, Failure> {
    let all = list(tx, account)?;
    let Some(identity) = all.into_iter().find(|it| it.id == id) else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    if patch.contains_key("email") {
        return Ok(Err(SetError::property("email", "the address of an identity stays")));
    }
    let mut content = identity.content;
    if let Err(error) = apply_patch(&mut content, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    if let Err(error) = check(&content) {
        return Ok(Err(error));
    }
    keep(tx, account, id, &content)?;
    Ok(Ok(()))
}

fn destroy(tx: &mut Tx<'_>, account: i64, id: &str) -> Result<Result<(), SetError>, Failure> {
    match list(tx, account)?.iter().find(|it| it.id == id) {
        None => Ok(Err(not_found())),
        Some(identity) if identity.is_own_address => Ok(Err(forbidden())),
        Some(_) => {
            tx.execute("DELETE FROM jmap_identity WHERE account = $1 AND id = $2", params![account, id])?;
            Ok(Ok(()))
        }
    }
}

/// An `EmailAddress` (RFC 8621 section 4.1.2.3).
fn is_address(value: &Value) -> bool {
    let is_text = |name: &str| value.get(name).is_some_and(Value::is_string);
    is_text("email") && (is_text("name") || value.get("name").is_none_or(Value::is_null))
}

fn check(content: &Object) -> Result<(), SetError> {
    for (name, value) in content {
        let is_right = match name.as_str() {
            "name" | "email" | "textSignature" | "htmlSignature" => value.is_string(),
            "replyTo" | "bcc" => value.is_null() || value.as_array().is_some_and(|all| all.iter().all(is_address)),
            _ => false,
        };
        if !is_right {
            return Err(SetError::property(name.clone(), "this cannot be set to that"));
        }
    }
    Ok(())
}
