//! Labels: our own extension `urn:tradewind:params:jmap:labels`.

use mailbox::labels::{self, Color, Label, LabelError, Look};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, apply_patch};

use crate::answer;
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden, not_found};
use crate::email::{Fate, answer_changes, cut, take_max};
use crate::error::Failure;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server, ids};

/// The properties of a label.
const PROPERTIES: [&str; 5] = ["id", "name", "color", "sortOrder", "keyword"];

/// Messages that lose the keyword of a deleted label in one transaction.
const CLEARED_AT_ONCE: u32 = 500;

/// Transactions of that kind before the answer; what is left then is done afterwards.
const CLEARINGS_BEFORE_ANSWER: usize = 4;

/// Deleted labels that are cleared in one round.
const CLEARED_LABELS: u32 = 100;

/// What the session says of them.
pub(crate) fn capability() -> Value {
    let colors: Vec<&str> = Color::ALL.iter().map(|color| color.as_str()).collect();
    json!({ "maxLabels": labels::LABELS_MAX, "maxSizeLabelName": labels::NAME_BYTES_MAX, "colors": colors })
}

fn shown(label: &Label, wanted: Option<&[String]>) -> Value {
    let all = [
        ("id", Value::from(ids::show(label.id))),
        ("name", label.look.name.clone().into()),
        ("color", label.look.color.as_str().into()),
        ("sortOrder", label.look.sort_order.into()),
        ("keyword", label.keyword.clone().into()),
    ];
    let is_wanted = |name: &str| name == "id" || wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name));
    let shown = all.into_iter().filter(|(name, _)| is_wanted(name));
    Value::Object(shown.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// `Label/get`.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = Reach::of(tx, asker.account(), &account_id)?.account;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let all = labels::list(tx, account)?;
    let is_wanted = |it: &&Label| asked.as_ref().is_none_or(|asked| asked.contains(&ids::show(it.id)));
    let list = all.iter().filter(is_wanted).map(|it| shown(it, properties.as_deref())).collect();
    let mut missing: Vec<String> = asked.clone().unwrap_or_default();
    missing.retain(|id| !all.iter().any(|it| ids::show(it.id) == *id));
    let state = labels::state(tx, account)?.to_string();
    Ok(answer::got(&account_id, Some(&state), list, missing))
}

/// `Label/changes`.
pub(crate) fn changes(_: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = Reach::of(tx, asker.account(), &account_id)?.account;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let now = labels::state(tx, account)?;
    let from: i64 = since.parse().ok().filter(|from| (0..=now).contains(from)).ok_or_else(unknown_state)?;
    let told = labels::changed_since(tx, account, from)?.into_iter().filter_map(|it| {
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

fn unknown_state() -> Failure {
    mailbox::MailboxError::CannotCalculate.into()
}

/// `Label/set`. A label that is destroyed is taken from its messages, the first of them before the answer.
pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (actor, account_id, names) = (asker.account(), asked.account_id.clone(), created.clone());
    let change = move |tx: &mut Tx<'_>| {
        let reach = Reach::of(tx, actor, &asked.account_id)?;
        reach.check_writable()?;
        store::account::next_modseq(tx, reach.account)?;
        let old = labels::state(tx, reach.account)?;
        asked.check_state(old)?;
        let mut made = ChangesMade::default();
        change_all(tx, &reach, &asked, &names, &mut made)?;
        Ok::<_, Failure>((made, reach.account, old, labels::state(tx, reach.account)?))
    };
    let (made, account, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    for id in made.destroyed.iter().filter_map(|id| ids::read(id)) {
        server.clear_label(account, id, CLEARINGS_BEFORE_ANSWER).await?;
    }
    Ok(Answers::one(made.answer(&account_id, &old.to_string(), &new.to_string())))
}

fn change_all(
    tx: &mut Tx<'_>,
    reach: &Reach,
    asked: &ChangesAsked,
    names: &Created,
    made: &mut ChangesMade,
) -> Result<(), Failure> {
    let may = reach.may_arrange();
    for (name, object) in &asked.create {
        match if may { create(tx, reach.account, object)? } else { Err(forbidden()) } {
            Ok(label) => drop(made.created.insert(name.clone(), told(&label, object))),
            Err(error) => made.refuse_create(name, &error),
        }
    }
    for (id, patch) in &asked.update {
        if let Some(error) = asked.refuses_update(id) {
            made.refuse_update(id, &error);
            continue;
        }
        let outcome = if may { update(tx, reach.account, names.resolve(id), patch)? } else { Err(forbidden()) };
        made.note_update(id, outcome.map(|()| Value::Null));
    }
    for id in &asked.destroy {
        let outcome = match ids::read(names.resolve(id)) {
            _ if !may => Err(forbidden()),
            Some(id) => settled(labels::destroy(tx, reach.account, id))?,
            None => Err(not_found()),
        };
        made.note_destroy(names.resolve(id), outcome);
    }
    Ok(())
}

/// What the client did not set itself.
fn told(label: &Label, object: &Value) -> Value {
    let mut told = shown(label, None);
    if let Value::Object(members) = &mut told {
        members.retain(|name, value| object.get(name) != Some(value));
    }
    told
}

fn create(tx: &mut Tx<'_>, account: i64, object: &Value) -> Result<Result<Label, SetError>, Failure> {
    let look = match object.as_object().map(read) {
        Some(Ok(look)) => look,
        Some(Err(error)) => return Ok(Err(error)),
        None => return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a label must be an object"))),
    };
    settled(labels::create(tx, account, look))
}

fn update(tx: &mut Tx<'_>, account: i64, id: &str, patch: &Value) -> Result<Result<(), SetError>, Failure> {
    let all = labels::list(tx, account)?;
    let found = ids::read(id).and_then(|id| all.into_iter().find(|label| label.id == id));
    let Some(label) = found else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let mut object = match shown(&label, None) {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    object.retain(|name, _| !["id", "keyword"].contains(&name.as_str()));
    if let Err(error) = apply_patch(&mut object, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    match read(&object) {
        Ok(look) => settled(labels::update(tx, account, label.id, look)),
        Err(error) => Ok(Err(error)),
    }
}

fn read(object: &Object) -> Result<Look, SetError> {
    let mut look = Look { name: String::new(), color: Color::Grey, sort_order: 0 };
    for (name, value) in object {
        match (name.as_str(), value) {
            ("name", Value::String(text)) => look.name = text.trim().to_owned(),
            ("color", Value::String(word)) => {
                look.color =
                    word.parse().map_err(|error: env::UnknownWord| SetError::property("color", error.to_string()))?;
            }
            ("sortOrder", value) if value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()) => {
                look.sort_order = value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
            }
            // A property that is taken away goes back to what it is without being set (RFC 8620 section 5.3).
            ("color" | "sortOrder", Value::Null) => {}
            ("id" | "keyword", _) => return Err(SetError::property(name.clone(), "the server sets this")),
            _ => return Err(SetError::property(name.clone(), "this cannot be set to that")),
        }
    }
    Ok(look)
}

/// What a client is told of what cannot be done; the rest is a failure of ours.
fn settled<T>(outcome: Result<T, LabelError>) -> Result<Result<T, SetError>, Failure> {
    let error = match outcome {
        Ok(done) => return Ok(Ok(done)),
        Err(LabelError::Mailbox(error)) => return Err(error.into()),
        Err(error) => error,
    };
    let why = error.to_string();
    Ok(Err(match error {
        LabelError::NotFound => not_found(),
        LabelError::NameTaken(id) => {
            SetError::new(SetErrorKind::AlreadyExists, why).with("existingId", ids::show(id).into())
        }
        LabelError::TooMany | LabelError::NoKeyword => SetError::new(SetErrorKind::OverQuota, why),
        LabelError::Name | LabelError::Mailbox(_) => SetError::property("name", why),
    }))
}

impl Server {
    /// Takes the keyword of a deleted label from its messages, in so many transactions at most.
    async fn clear_label(&self, account: i64, id: i64, rounds: usize) -> Result<(), Failure> {
        for _ in 0..rounds {
            let clear = move |tx: &mut Tx<'_>| labels::clear_some(tx, account, id, CLEARED_AT_ONCE);
            if self.store.write(clear).await? {
                return Ok(());
            }
        }
        self.labels_left.notify_one();
        Ok(())
    }

    /// Takes keywords of deleted labels from the messages that still have them.
    pub(crate) async fn clear_labels(&self) -> Result<(), Failure> {
        for (account, id) in self.store.read(|tx| labels::uncleared(tx, CLEARED_LABELS)).await? {
            self.clear_label(account, id, usize::MAX).await?;
        }
        Ok(())
    }
}
