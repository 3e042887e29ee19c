//! `ContactCard/get`, `/changes`, `/set` and `/copy` (RFC 9610 section 3).

use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind, apply_patch, format_utc_date};

use super::books::{Owner, changes_of, check_books};
use super::card::check;
use super::own;
use super::rows::{Item, Kind, count, destroy, find, keep, list, state};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server, answer, ids};

type Outcome<T> = Result<Result<T, SetError>, Failure>;

fn shown(card: Item, wanted: Option<&[String]>) -> Value {
    let mut object = Object::from_iter([("id".to_owned(), ids::show(card.id).into())]);
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name));
    object.extend(card.content.into_iter().filter(|(name, _)| is_wanted(name)));
    Value::Object(object)
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    server.check_get(asked.as_deref())?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    match asked {
        None => {
            found = list(tx, account, Kind::Card)?;
            let max = server.limits().objects_get_max;
            if found.len() > max {
                return Err(Failure::say(MethodErrorKind::RequestTooLarge, format!("at most {max} cards at once")));
            }
        }
        Some(asked) => {
            for text in asked {
                let card = match ids::read(&text) {
                    Some(id) if found.iter().any(|known: &Item| known.id == id) => continue,
                    Some(id) => find(tx, account, Kind::Card, id)?,
                    None => None,
                };
                match card {
                    Some(card) => found.push(card),
                    None => missing.push(text),
                }
            }
        }
    }
    let state = state(tx, account, Kind::Card)?.to_string();
    let shown = found.into_iter().map(|card| shown(card, properties.as_deref())).collect();
    Ok(answer::got(&account_id, Some(&state), shown, missing))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    changes_of(tx, asker, &mut args, Kind::Card, ids::show)
}

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id, before) = (asker.clone(), asked.account_id.clone(), created.clone());
    let change = move |tx: &mut Tx<'_>| {
        let owner = Owner::of(tx, &who, &asked.account_id)?;
        store::account::next_modseq(tx, owner.account)?;
        let old = state(tx, owner.account, Kind::Card)?;
        asked.check_state(old)?;
        let (mut made, mut names) = (ChangesMade::default(), before.clone());
        for (name, object) in &asked.create {
            match create(tx, owner, object, &names)? {
                Ok(told) => {
                    if let Some(id) = told.get("id").and_then(Value::as_str) {
                        names.note(name, id);
                    }
                    made.created.insert(name.clone(), told);
                }
                Err(error) => made.refuse_create(name, &error),
            }
        }
        for (id, patch) in &asked.update {
            let outcome = match asked.refuses_update(id) {
                Some(error) => Err(error),
                None => update(tx, owner, names.resolve(id), patch, &names)?,
            };
            made.note_update(id, outcome);
        }
        for id in &asked.destroy {
            let found = match ids::read(names.resolve(id)) {
                Some(id) => find(tx, owner.account, Kind::Card, id)?,
                None => None,
            };
            let outcome = match found {
                Some(card) => Ok(destroy(tx, owner.account, card.id)?),
                None => Err(not_found()),
            };
            made.note_destroy(id, outcome);
        }
        Ok::<_, Failure>((made, old, state(tx, owner.account, Kind::Card)?))
    };
    let (made, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old.to_string(), &new.to_string())))
}

/// Makes a card; gives what the client did not set itself.
fn create(tx: &mut Tx<'_>, owner: Owner, object: &Value, names: &Created) -> Outcome<Value> {
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a card must be an object")));
    };
    let mut content = object.clone();
    content.retain(|_, value| !value.is_null());
    if let Some(books) = content.get_mut("addressBookIds") {
        *books = names.resolve_keys(books);
    }
    let now = format_utc_date(tx.now());
    let mut told = Object::new();
    let given = [
        ("@type", json!("Card")),
        ("version", json!("1.0")),
        ("uid", new_uid(tx).into()),
        ("created", json!(now)),
        ("updated", json!(now)),
    ];
    for (name, value) in given {
        if !content.contains_key(name) {
            content.insert(name.to_owned(), value.clone());
            told.insert(name.to_owned(), value);
        }
    }
    if let Err(error) = check_books(tx, owner, &content)?.and_then(|()| check(&content)) {
        return Ok(Err(error));
    }
    if count(tx, owner.account, Kind::Card)? >= Kind::Card.max() {
        return Ok(Err(SetError::new(SetErrorKind::OverQuota, "there are as many cards as there may be")));
    }
    let card = Item { id: tx.next_id(), content };
    keep(tx, owner.account, Kind::Card, &card)?;
    told.insert("id".to_owned(), ids::show(card.id).into());
    Ok(Ok(Value::Object(told)))
}

/// A UUID of version 4 (RFC 9562 section 5.4) as a URN.
fn new_uid(tx: &Tx<'_>) -> String {
    let mut octets = [0_u8; 16];
    tx.context().entropy.fill(&mut octets);
    let number = u128::from_be_bytes(octets) & !(0xf000 << 64 | 0xc000 << 48) | 0x4000 << 64 | 0x8000 << 48;
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Changes a card; gives what the client did not set itself.
fn update(tx: &mut Tx<'_>, owner: Owner, id: &str, patch: &Value, names: &Created) -> Outcome<Value> {
    let found = match ids::read(id) {
        Some(id) => find(tx, owner.account, Kind::Card, id)?,
        None => None,
    };
    let Some(mut card) = found else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let resolved = |(path, value): (&String, &Value)| match path.as_str() {
        "addressBookIds" => (path.clone(), names.resolve_keys(value)),
        path if path.starts_with("addressBookIds/") => (names.resolve_path(path), value.clone()),
        path => (path.to_owned(), value.clone()),
    };
    let patch: Object = patch.iter().map(resolved).collect();
    if let Err(error) = apply_patch(&mut card.content, &patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    let mut told = Value::Null;
    if !patch.contains_key("updated") && !patch.is_empty() {
        let now = format_utc_date(tx.now());
        card.content.insert("updated".to_owned(), now.clone().into());
        told = json!({ "updated": now });
    }
    if card.content.get("uid").is_none() {
        return Ok(Err(SetError::property("uid", "a card keeps its uid")));
    }
    if let Err(error) = check_books(tx, owner, &card.content)?.and_then(|()| check(&card.content)) {
        return Ok(Err(error));
    }
    keep(tx, owner.account, Kind::Card, &card)?;
    Ok(Ok(told))
}

/// `ContactCard/copy` (RFC 9610 section 3.6): contacts are in one's own account, so that there is no other to copy from.
pub(crate) fn copy(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let (from, account_id) = (args.need_text("fromAccountId")?, args.need_text("accountId")?);
    own(tx, asker, &account_id)?;
    if from == account_id {
        return Err(Failure::invalid("within one account cards are put into address books by ContactCard/set"));
    }
    Reach::of(tx, asker.account(), &from).map_err(|failure| match failure {
        Failure::Method(error) if error.kind == MethodErrorKind::AccountNotFound => {
            Failure::say(MethodErrorKind::FromAccountNotFound, error.description)
        }
        other => other,
    })?;
    Err(Failure::say(MethodErrorKind::FromAccountNotSupportedByMethod, "contacts are in one's own account"))
}
