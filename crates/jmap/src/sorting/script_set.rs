//! `SieveScript/set` (RFC 9661 section 2.4).

use std::collections::BTreeMap;

use scripts::{Change, Kept, Outside, ScriptsError};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind};

use super::scripts::{read, shown};
use super::{own, refusal, script_state};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::run::{Answers, Created};
use crate::{Asker, Server, ids};

/// Texts of the blobs that are named.
type Texts = BTreeMap<String, Result<String, SetError>>;

/// What becomes active if all goes well.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Activation {
    Stays,
    None,
    Script(String),
}

pub(crate) async fn script_set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    let activation = match (args.text("onSuccessActivateScript")?, args.flag("onSuccessDeactivateScript")?) {
        // RFC 9661 section 2.4: the one that is activated counts.
        (Some(id), _) => Activation::Script(id),
        (None, true) => Activation::None,
        (None, false) => Activation::Stays,
    };
    args.finish()?;
    let texts = texts(server, asker, &asked).await?;
    let (who, account_id, outside) = (asker.clone(), asked.account_id.clone(), server.outside.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let (before, old) = (scripts::list(tx, account)?, script_state(tx, account)?);
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        let changing = Changing { account, texts: &texts, outside: &outside };
        changing.apply(tx, &asked, &mut made)?;
        if made.not_created.is_empty() && made.not_updated.is_empty() && made.not_destroyed.is_empty() {
            changing.activate(tx, &activation, &mut made)?;
        }
        let after = scripts::list(tx, account)?;
        tell(&before, &after, &mut made);
        Ok::<_, Failure>((made, old, script_state(tx, account)?))
    };
    let (made, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

/// Reads all blobs that are named, before the transaction that changes anything.
async fn texts(server: &Server, asker: &Asker, asked: &ChangesAsked) -> Result<Texts, Failure> {
    let named = asked.create.values().chain(asked.update.values());
    let named: Vec<String> = named.filter_map(|it| Some(it.get("blobId")?.as_str()?.to_owned())).collect();
    let (who, account_id) = (asker.clone(), asked.account_id.clone());
    let store = server.store.clone();
    let reading = move |tx: &mut Tx<'_>| {
        let reach = own(tx, &who, &account_id)?;
        let mut texts = Texts::new();
        for id in named {
            let text = read(&store, tx, &reach, &id)?;
            texts.insert(id, text);
        }
        Ok::<_, Failure>(texts)
    };
    server.store.read(reading).await
}

/// What was done to `isActive` is told, as the server did it (RFC 9661 section 2.4).
fn tell(before: &[Kept], after: &[Kept], made: &mut ChangesMade) {
    for kept in after {
        let id = ids::show(kept.id);
        if let Some(object) = made.created.values_mut().find(|it| it.get("id").and_then(Value::as_str) == Some(&id)) {
            *object = Value::Object(shown(kept));
            continue;
        }
        let was_active = before.iter().any(|old| old.id == kept.id && old.is_active);
        if was_active != kept.is_active {
            made.updated.insert(id, json!({ "isActive": kept.is_active }));
        }
    }
}

struct Changing<'a> {
    account: i64,
    texts: &'a Texts,
    outside: &'a Outside,
}

impl Changing<'_> {
    fn apply(&self, tx: &mut Tx<'_>, asked: &ChangesAsked, made: &mut ChangesMade) -> Result<(), Failure> {
        for (name, object) in &asked.create {
            match self.create(tx, object)? {
                Ok(id) => drop(made.created.insert(name.clone(), json!({ "id": ids::show(id) }))),
                Err(error) => made.refuse_create(name, &error),
            }
        }
        for (id, patch) in &asked.update {
            let outcome = self.update(tx, id, patch)?;
            made.note_update(id, outcome.map(|()| Value::Null));
        }
        for id in &asked.destroy {
            let outcome = match ids::read(id) {
                Some(number) => settled(scripts::remove(tx, self.account, number))?,
                None => Err(not_found()),
            };
            made.note_destroy(id, outcome);
        }
        Ok(())
    }

    fn create(&self, tx: &mut Tx<'_>, object: &Value) -> Result<Result<i64, SetError>, Failure> {
        let Value::Object(object) = object else {
            return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a script must be an object")));
        };
        let wanted = match self.wanted(tx, object)? {
            Ok(wanted) => wanted,
            Err(error) => return Ok(Err(error)),
        };
        let Some(text) = wanted.text else { return Ok(Err(SetError::property("blobId", "is missing"))) };
        let name = match wanted.name {
            Some(name) => name,
            None => self.free_name(tx)?,
        };
        settled(scripts::add(tx, self.account, &name, &text))
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, patch: &Value) -> Result<Result<(), SetError>, Failure> {
        let Value::Object(patch) = patch else {
            return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
        };
        let Some(number) = ids::read(id) else { return Ok(Err(not_found())) };
        let wanted = match self.wanted(tx, patch)? {
            Ok(wanted) => wanted,
            Err(error) => return Ok(Err(error)),
        };
        let change = Change { name: wanted.name.as_deref(), text: wanted.text.as_deref() };
        settled(scripts::change(tx, self.account, number, change))
    }

    /// What a client wants a script to be.
    fn wanted(&self, tx: &mut Tx<'_>, object: &Object) -> Result<Result<Wanted, SetError>, Failure> {
        let mut wanted = Wanted::default();
        for (property, value) in object {
            match (property.as_str(), value) {
                ("name", Value::String(name)) => wanted.name = Some(name.clone()),
                ("name", Value::Null) => {}
                ("blobId", Value::String(id)) => match self.texts.get(id) {
                    Some(Ok(text)) => wanted.text = Some(text.clone()),
                    Some(Err(error)) => return Ok(Err(error.clone())),
                    None => return Ok(Err(SetError::new(SetErrorKind::BlobNotFound, "no such blob"))),
                },
                ("isActive", _) => {
                    let what = "is set by onSuccessActivateScript and onSuccessDeactivateScript";
                    return Ok(Err(SetError::property("isActive", what)));
                }
                (name, _) => return Ok(Err(SetError::property(name, "this cannot be set to that"))),
            }
        }
        if let Some(text) = &wanted.text {
            let checked = scripts::check(text).and_then(|script| scripts::check_targets(tx, &script, self.outside));
            if let Err(error) = settled(checked)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(wanted))
    }

    fn free_name(&self, tx: &mut Tx<'_>) -> Result<String, Failure> {
        let all = scripts::list(tx, self.account)?;
        let mut names = (1..=scripts::SCRIPTS_MAX + 1).map(|number| format!("script {number}"));
        Ok(names.find(|name| !all.iter().any(|kept| kept.name == *name)).unwrap_or_default())
    }

    /// An identifier that is none activates nothing (RFC 9661 section 2.4).
    fn activate(&self, tx: &mut Tx<'_>, activation: &Activation, made: &mut ChangesMade) -> Result<(), Failure> {
        let id = match activation {
            Activation::Stays => return Ok(()),
            Activation::None => None,
            Activation::Script(id) => {
                let named = id.strip_prefix('#').and_then(|name| made.created.get(name)?.get("id")?.as_str());
                match ids::read(named.unwrap_or(id)) {
                    Some(id) => Some(id),
                    None => return Ok(()),
                }
            }
        };
        match scripts::activate(tx, self.account, id) {
            Ok(()) => {
                tracing::info!(account = self.account, script = id, "the active script was changed");
                Ok(())
            }
            Err(ScriptsError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Debug, Default)]
struct Wanted {
    name: Option<String>,
    text: Option<String>,
}

/// What the client is told, or a failure of ours.
fn settled<T>(outcome: Result<T, ScriptsError>) -> Result<Result<T, SetError>, Failure> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(error) => Ok(Err(refusal(error)?)),
    }
}
