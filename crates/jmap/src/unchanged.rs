//! Whole objects sent back in an update (RFC 8620 section 5.3): what of them is as it was is no change, also where only the server may
//! set it.

use serde_json::{Value, json};
use store::{StoreError, Tx};
use wire::jmap::Object;

use crate::args::Args;
use crate::run::{Created, Read};
use crate::{Asker, Server};

/// How often objects are read again whose snapshot turned out too old.
const TRIES_MAX: usize = 4;

/// How objects of a type are read, and which properties a client may set in an update anyway.
pub(crate) struct Kind {
    pub(crate) get: Read,
    pub(crate) settable: &'static [&'static str],
}

/// Takes out of the updates of a `/set` call those properties that have the value already.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub(crate) async fn leave_out(
    server: &std::sync::Arc<Server>,
    asker: &std::sync::Arc<Asker>,
    created: &Created,
    kind: Kind,
    arguments: &mut Object,
) -> Result<(), StoreError> {
    let account = arguments.get("accountId").cloned().unwrap_or(Value::Null);
    let Some(Value::Object(updates)) = arguments.get_mut("update") else { return Ok(()) };
    for (id, patch) in updates.iter_mut().take(server.limits().objects_set_max) {
        let Value::Object(patch) = patch else { continue };
        let fixed = |name: &&String| !name.contains('/') && !kind.settable.contains(&name.as_str());
        let names: Vec<String> = patch.keys().filter(fixed).cloned().collect();
        if names.is_empty() {
            continue;
        }
        let asked = json!({ "accountId": account, "ids": [created.resolve(id)], "properties": names });
        let known = read(server, asker, kind.get, asked).await?;
        patch.retain(|name, value| !names.contains(name) || known.get(name.as_str()) != Some(value));
    }
    Ok(())
}

async fn read(
    server: &std::sync::Arc<Server>,
    asker: &std::sync::Arc<Asker>,
    get: Read,
    asked: Value,
) -> Result<Object, StoreError> {
    for _ in 0..TRIES_MAX {
        let (handle, asker, asked) = (std::sync::Arc::clone(server), std::sync::Arc::clone(asker), asked.clone());
        let work = move |tx: &mut Tx<'_>| {
            let Value::Object(asked) = asked else { return Ok(None) };
            Ok::<_, StoreError>(get(&handle, tx, &asker, Args::new(asked)).ok())
        };
        // What cannot be read is left to the change itself to refuse.
        if let Some(mut answer) = server.store.read(work).await?
            && let Some(Value::Object(known)) = answer.get_mut("list").and_then(|list| list.get_mut(0)).map(Value::take)
        {
            return Ok(known);
        }
    }
    Ok(Object::new())
}
