//! `AddressBook/get`, `/changes` and `/set` (RFC 9610 section 2).

use identity::Language;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, apply_patch};

use super::rows::{Item, Kind, changed, count, destroy, find, keep, list, read_state, state};
use super::{DEFAULT_BOOK, own, read_book, show_book};
use crate::answer;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden, not_found};
use crate::email::{Fate, cut, take_max};
use crate::error::Failure;
use crate::run::{Answers, Created};
use crate::{Asker, Server};

/// The properties of an address book.
const PROPERTIES: [&str; 8] =
    ["id", "name", "description", "sortOrder", "isDefault", "isSubscribed", "shareWith", "myRights"];

/// Longest name, in octets (RFC 9610 section 2).
const NAME_BYTES_MAX: usize = 255;

/// Longest description, in octets.
const DESCRIPTION_BYTES_MAX: usize = 4096;

type Outcome<T> = Result<Result<T, SetError>, Failure>;

/// Whose contacts are meant, and in which language the first address book is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) account: i64,
    pub(super) language: Language,
}

impl Owner {
    pub(super) fn of(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<Self, Failure> {
        Ok(Self { account: own(tx, asker, account_id)?, language: asker.principal.language })
    }

    /// The address book that every account has, until it is given other properties.
    fn first_book(self) -> Item {
        let name = match self.language {
            Language::Chinese => "通讯录",
            Language::English => "Contacts",
        };
        Item { id: 0, content: Object::from_iter([("name".to_owned(), name.into())]) }
    }
}

/// All address books, the one that everybody has first.
pub(super) fn all(tx: &mut Tx<'_>, owner: Owner) -> Result<Vec<Item>, Failure> {
    let mut books = list(tx, owner.account, Kind::Book)?;
    if !books.iter().any(|book| book.id == 0) {
        books.insert(0, owner.first_book());
    }
    Ok(books)
}

fn one(tx: &mut Tx<'_>, owner: Owner, id: &str) -> Result<Option<Item>, Failure> {
    let Some(id) = read_book(id) else { return Ok(None) };
    let found = find(tx, owner.account, Kind::Book, id)?;
    Ok(found.or_else(|| (id == 0).then(|| owner.first_book())))
}

/// The address book that new cards go to.
fn default_of(books: &[Item]) -> i64 {
    let chosen = books.iter().find(|book| book.content.get("isDefault") == Some(&Value::Bool(true)));
    chosen.map_or(0, |book| book.id)
}

fn shown(book: &Item, default: i64, wanted: Option<&[String]>) -> Value {
    let value = |name: &str, default: Value| book.content.get(name).cloned().unwrap_or(default);
    let rights = json!({ "mayRead": true, "mayWrite": true, "mayShare": false, "mayDelete": book.id != 0 });
    let all = [
        ("name", value("name", "".into())),
        ("description", value("description", Value::Null)),
        ("sortOrder", value("sortOrder", 0.into())),
        ("isDefault", (book.id == default).into()),
        ("isSubscribed", value("isSubscribed", true.into())),
        ("shareWith", Value::Null),
        ("myRights", rights),
    ];
    let mut object = Object::from_iter([("id".to_owned(), show_book(book.id).into())]);
    for (name, value) in all {
        if wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name)) {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let owner = Owner::of(tx, asker, &account_id)?;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let books = all(tx, owner)?;
    let default = default_of(&books);
    let is_wanted = |it: &&Item| asked.as_ref().is_none_or(|asked| asked.contains(&show_book(it.id)));
    let shown = books.iter().filter(is_wanted).map(|it| shown(it, default, properties.as_deref())).collect();
    let mut missing: Vec<String> = asked.clone().unwrap_or_default();
    missing.retain(|id| !books.iter().any(|it| show_book(it.id) == *id));
    let state = state(tx, owner.account, Kind::Book)?.to_string();
    Ok(answer::got(&account_id, Some(&state), shown, missing))
}

pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    changes_of(tx, asker, &mut args, Kind::Book, show_book)
}

/// A `/changes` call about items of a kind.
pub(super) fn changes_of(
    tx: &mut Tx<'_>,
    asker: &Asker,
    args: &mut Args,
    kind: Kind,
    show: fn(i64) -> String,
) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(args)?);
    args.check_finished()?;
    let now = state(tx, account, kind)?;
    let told = changed(tx, account, kind, read_state(&since, now)?)?;
    let (told, state, more) = cut(told, max, now)?;
    let of =
        |fate: Fate| -> Vec<String> { told.iter().filter(|(_, it)| *it == fate).map(|(id, _)| show(*id)).collect() };
    Ok(json!({
        "accountId": account_id, "oldState": since, "newState": state.to_string(), "hasMoreChanges": more,
        "created": of(Fate::Created), "updated": of(Fate::Updated), "destroyed": of(Fate::Destroyed),
    }))
}

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    let removes_contents = args.flag("onDestroyRemoveContents")?;
    let new_default = args.text("onSuccessSetIsDefault")?;
    args.finish()?;
    let (who, account_id, before) = (asker.clone(), asked.account_id.clone(), created.clone());
    let change = move |tx: &mut Tx<'_>| {
        let owner = Owner::of(tx, &who, &asked.account_id)?;
        store::account::next_modseq(tx, owner.account)?;
        let old = state(tx, owner.account, Kind::Book)?;
        asked.check_state(old)?;
        let (mut made, mut names) = (ChangesMade::default(), before.clone());
        for (name, object) in &asked.create {
            match create(tx, owner, object)? {
                Ok(book) => {
                    names.note(name, &show_book(book.id));
                    made.created.insert(name.clone(), told(&book, object));
                }
                Err(error) => made.refuse_create(name, &error),
            }
        }
        for (id, patch) in &asked.update {
            let outcome = match asked.refuses_update(id) {
                Some(error) => Err(error),
                None => update(tx, owner, names.resolve(id), patch)?,
            };
            made.note_update(id, outcome.map(|()| Value::Null));
        }
        for id in &asked.destroy {
            let outcome = destroy_book(tx, owner, names.resolve(id), removes_contents)?;
            made.note_destroy(id, outcome);
        }
        let is_whole = made.not_created.is_empty() && made.not_updated.is_empty() && made.not_destroyed.is_empty();
        if let (Some(wanted), true) = (&new_default, is_whole) {
            choose_default(tx, owner, names.resolve(wanted))?;
        }
        Ok::<_, Failure>((made, old, state(tx, owner.account, Kind::Book)?))
    };
    let (made, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old.to_string(), &new.to_string())))
}

/// What the client did not set itself.
fn told(book: &Item, object: &Value) -> Value {
    let mut told = match shown(book, 0, None) {
        Value::Object(told) => told,
        _ => Object::new(),
    };
    told.retain(|name, _| object.get(name.as_str()).is_none());
    Value::Object(told)
}

fn create(tx: &mut Tx<'_>, owner: Owner, object: &Value) -> Outcome<Item> {
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "an address book must be an object")));
    };
    let mut content = object.clone();
    content.retain(|_, value| !value.is_null());
    if let Err(error) = check_fixed(&content).and_then(|()| check(&content)) {
        return Ok(Err(error));
    }
    if count(tx, owner.account, Kind::Book)? >= Kind::Book.max() {
        return Ok(Err(SetError::new(SetErrorKind::OverQuota, "there are as many address books as there may be")));
    }
    let book = Item { id: tx.next_id(), content };
    keep(tx, owner.account, Kind::Book, &book)?;
    Ok(Ok(book))
}

fn update(tx: &mut Tx<'_>, owner: Owner, id: &str, patch: &Value) -> Outcome<()> {
    let Some(mut book) = one(tx, owner, id)? else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    if let Err(error) = check_fixed(patch) {
        return Ok(Err(error));
    }
    if let Err(error) = apply_patch(&mut book.content, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    if let Err(error) = check(&book.content) {
        return Ok(Err(error));
    }
    keep(tx, owner.account, Kind::Book, &book)?;
    Ok(Ok(()))
}

/// Refuses to set what the server sets.
fn check_fixed(given: &Object) -> Result<(), SetError> {
    match given.keys().find(|name| matches!(name.as_str(), "id" | "isDefault" | "myRights")) {
        Some(fixed) => Err(SetError::property(fixed.clone(), "the server sets this")),
        None => Ok(()),
    }
}

fn check(content: &Object) -> Result<(), SetError> {
    let short = |value: &Value, max: usize| value.as_str().is_some_and(|text| text.len() <= max);
    if !content.get("name").is_some_and(|name| short(name, NAME_BYTES_MAX) && name != "") {
        return Err(SetError::property("name", "must be a text of 1 to 255 octets"));
    }
    for (name, value) in content {
        let is_right = match name.as_str() {
            "name" => true,
            "description" => short(value, DESCRIPTION_BYTES_MAX),
            "sortOrder" => value.as_u64().is_some_and(|order| order < 1 << 31),
            "isSubscribed" => value.is_boolean(),
            // The server's, among what is kept.
            "isDefault" => value.is_boolean(),
            _ => false,
        };
        if !is_right {
            return Err(SetError::property(name.clone(), "this cannot be set to that"));
        }
    }
    Ok(())
}

fn destroy_book(tx: &mut Tx<'_>, owner: Owner, id: &str, removes_contents: bool) -> Outcome<()> {
    let Some(book) = one(tx, owner, id)? else { return Ok(Err(not_found())) };
    if book.id == 0 {
        return Ok(Err(forbidden()));
    }
    let id = show_book(book.id);
    let within = |card: &Item| card.content.get("addressBookIds").is_some_and(|books| books.get(&id).is_some());
    let mut cards = list(tx, owner.account, Kind::Card)?;
    cards.retain(within);
    if !cards.is_empty() && !removes_contents {
        let why = "there are cards in it; take them out, or set onDestroyRemoveContents";
        return Ok(Err(SetError::new(SetErrorKind::AddressBookHasContents, why)));
    }
    for mut card in cards {
        let Some(Value::Object(books)) = card.content.get_mut("addressBookIds") else { continue };
        books.shift_remove(&id);
        match books.is_empty() {
            true => destroy(tx, owner.account, card.id)?,
            false => keep(tx, owner.account, Kind::Card, &card)?,
        }
    }
    destroy(tx, owner.account, book.id)?;
    Ok(Ok(()))
}

/// RFC 9610 section 2.3, `onSuccessSetIsDefault`; an address book that is not there changes nothing.
fn choose_default(tx: &mut Tx<'_>, owner: Owner, id: &str) -> Result<(), Failure> {
    let books = all(tx, owner)?;
    let (Some(wanted), before) = (read_book(id), default_of(&books)) else { return Ok(()) };
    if wanted == before || !books.iter().any(|book| book.id == wanted) {
        return Ok(());
    }
    for mut book in books.into_iter().filter(|book| book.id == wanted || book.id == before) {
        book.content.insert("isDefault".to_owned(), (book.id == wanted).into());
        keep(tx, owner.account, Kind::Book, &book)?;
    }
    Ok(())
}

/// Refuses to put a card into address books that are not there.
pub(super) fn check_books(tx: &mut Tx<'_>, owner: Owner, card: &Object) -> Outcome<()> {
    let wrong = |why: &str| Ok(Err(SetError::property("addressBookIds", why)));
    let Some(Value::Object(listed)) = card.get("addressBookIds") else {
        return wrong(&format!("a card must be in an address book, such as {DEFAULT_BOOK:?}"));
    };
    if listed.is_empty() {
        return wrong("a card must be in an address book; destroy it to delete it");
    }
    let books = all(tx, owner)?;
    for (id, is_in) in listed {
        if is_in != &Value::Bool(true) {
            return wrong("must be true, or null to take the card out");
        }
        if !books.iter().any(|book| show_book(book.id) == *id) {
            return wrong("no such address book");
        }
    }
    Ok(Ok(()))
}
