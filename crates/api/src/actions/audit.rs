//! The audit log.

use std::path::PathBuf;

use ::audit::{
    AuditError, checkpoint, cosign, cosigned, cosigners, export, leaf_at, place_of, prove, public_key, seal, size,
};
use identity::{IdentityError, rights};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::ruling::organisations_of;
use super::{Controls, Refused};

/// Name of the log, which is the first line of its checkpoints.
fn name(controls: &Controls) -> String {
    format!("{}/audit", controls.mailer.hostname())
}

pub(super) async fn seal_now(controls: &Controls) -> Result<Value, Refused> {
    let name = name(controls);
    let mut records = 0;
    loop {
        let name = name.clone();
        let sealed = controls.store.write(move |tx| seal(tx, &name)).await.map_err(Refused::because)?;
        records += sealed.records;
        if sealed.records == 0 {
            return Ok(json!({ "records": records, "size": sealed.size }));
        }
    }
}

/// The public key and the newest checkpoint; all that an outsider needs to hold the log to.
pub(super) async fn head(controls: &Controls) -> Result<Value, Refused> {
    seal_now(controls).await?;
    let read = |tx: &mut Tx<'_>| {
        cosign(tx)?;
        Ok::<_, AuditError>((public_key(tx)?, checkpoint(tx)?, cosigned(tx)?, cosigners(tx)?))
    };
    let (key, checkpoint, cosigned, cosigners) = controls.store.write(read).await.map_err(Refused::because)?;
    Ok(json!({
        "key": key.map(|key| key.to_string()),
        "time": checkpoint.as_ref().map(|(at, _)| at.to_string()),
        "checkpoint": checkpoint.map(|(_, note)| note),
        "cosigned": cosigned,
        "cosigners": cosigners.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

pub(super) async fn export_to(controls: &Controls, directory: PathBuf) -> Result<Value, Refused> {
    seal_now(controls).await?;
    controls.store.write(cosign).await.map_err(Refused::because)?;
    let told = directory.display().to_string();
    let exported = controls.store.read(move |tx| export::write(tx, &directory)).await.map_err(Refused::because)?;
    Ok(json!({ "directory": told, "records": exported.size, "files": exported.files }))
}

/// One record with its proof, and what it tells in full as long as that is kept. Of the newest record, if none is named.
pub(super) async fn prove_one(controls: &Controls, event: Option<String>) -> Result<Value, Refused> {
    seal_now(controls).await?;
    let event = match &event {
        Some(text) => Some(i64::from_str_radix(text.trim(), 16).map_err(|_| {
            Refused(format!("event {text}: give the number as `tradewind access log` lists it, such as 4f0c2a1b"))
        })?),
        None => None,
    };
    let work = move |tx: &mut Tx<'_>| -> Result<Value, IdentityError> {
        let place = match event {
            Some(event) => place_of(tx, event)?,
            None => size(tx)?.checked_sub(1).ok_or(AuditError::NoRecord("the newest".to_owned()))?,
        };
        let record = leaf_at(tx, place)?;
        let record = String::from_utf8_lossy(&record).into_owned();
        let proof = prove(tx, place)?;
        let (_, checkpoint) = checkpoint(tx)?.ok_or(StoreError::Missing { what: "checkpoint" })?;
        let disclosed = disclosed(tx, &record)?;
        Ok(json!({ "record": record, "proof": proof, "checkpoint": checkpoint, "disclosed": disclosed }))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn disclosed(tx: &mut Tx<'_>, record: &str) -> Result<Option<::audit::Disclosed>, IdentityError> {
    let Ok(leaf) = serde_json::from_str::<::audit::Leaf>(record) else { return Ok(None) };
    let number = |text: &str| i64::from_str_radix(text, 16).unwrap_or(0);
    let known = organisations_of(tx, None)?.contains(&number(&leaf.organisation)) || leaf.organisation == "0";
    if !known {
        return Ok(None);
    }
    if leaf.action == watch::AUDITED_AS {
        return Ok(watch::disclose(tx, number(&leaf.id))?);
    }
    rights::disclose(tx, number(&leaf.organisation), number(&leaf.id))
}
