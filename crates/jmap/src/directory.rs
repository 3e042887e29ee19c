//! The directory of keys (our own, `docs/jmap.md`): which key each colleague has, with what proves that the audit log says so.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keybook::directory::{self, Entry, Listed};
use serde_json::{Value, json};
use store::Tx;

use crate::args::Args;
use crate::error::Failure;
use crate::keys::{own, trouble};
use crate::{Asker, Server};

/// `DirectoryKey/get`: by addresses of one's own organisation. `knownSize` is of the checkpoint that the asker kept: it is told that the log goes on from it.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name addresses"))?;
    let known_size = args.count("knownSize")?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let organisation = identity::load_account(tx, account).map_err(|error| trouble(error.into()))?.organisation;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for address in asked.into_iter().collect::<BTreeSet<String>>() {
        match directory::look_up(tx, organisation, &address).map_err(trouble)? {
            Some(found) => list.push(shown(&address, &found)),
            None => missing.push(address),
        }
    }
    let checkpoint = audit::checkpoint(tx)?.map(|(_, note)| note);
    let key = audit::public_key(tx)?.map(|key| key.to_string());
    let growth = match known_size {
        // A log that never had so many records proves nothing, which is for the asker to be alarmed at.
        Some(size) if size > 0 => audit::prove_growth(tx, size).ok(),
        _ => None,
    };
    Ok(json!({
        "accountId": account_id,
        "list": list,
        "notFound": missing,
        "organisation": format!("{organisation:x}"),
        "logKey": key,
        "checkpoint": checkpoint,
        "growth": growth,
    }))
}

fn shown(address: &str, found: &Listed) -> Value {
    json!({
        "id": address,
        "certificate": found.key.as_ref().map(|key| STANDARD.encode(key.certificate.to_bytes())),
        "entries": found.entries.iter().map(entry).collect::<Vec<Value>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    let (record, proof) = match &entry.proven {
        Some((record, proof)) => {
            (json!(record), json!({ "place": proof.place, "size": proof.size, "path": proof.path }))
        }
        None => (Value::Null, Value::Null),
    };
    json!({ "record": record, "proof": proof, "salt": entry.disclosed.salt, "text": entry.disclosed.text })
}
