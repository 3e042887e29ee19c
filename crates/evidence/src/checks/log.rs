//! The record of what was done.

use std::time::Duration;

use audit::{AuditError, checkpoint, leaf_at, prove, public_key, verify, witness};
use env::Timestamp;
use store::StoreError;

use super::{DAY, RECORD_DAYS_MIN};
use crate::EvidenceError;
use crate::look::Look;
use identity::Level;

/// Records may wait so long for their place; more where they are given it more seldom.
const WAIT_MIN: Duration = Duration::from_secs(600);

/// So many times the time between two sealings.
const WAIT_TIMES: u32 = 10;

/// So many times the time between two checkpoints for a witness may pass.
const WITNESS_TIMES: u32 = 3;

/// Records that wait and are counted.
const COUNTED_MAX: i64 = 10_000;

pub(crate) fn sealed(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let every = look.around().audit.seal_every;
    look.setting("audit.seal_seconds", every.as_secs());
    look.count(
        "records-waiting",
        "audit_pending",
        "SELECT COUNT(*) FROM (SELECT 1 FROM audit_pending LIMIT $1) AS p",
        store::params![COUNTED_MAX],
    )?;
    let oldest = look
        .tx()
        .row("SELECT leaf FROM audit_pending ORDER BY event LIMIT 1", &[], |row| Ok(row.bytes(0)?.to_vec()))?;
    let oldest = oldest.and_then(|leaf| moment_of(&leaf));
    let Some((at, _)) = checkpoint(look.tx())? else {
        look.wrong("log-none", &[]);
        return Ok(());
    };
    look.read("checkpoint", "audit_checkpoint", at.to_string());
    let size = audit::size(look.tx())?;
    look.read("records", "audit_log", size);
    let most = every.saturating_mul(WAIT_TIMES).max(WAIT_MIN);
    if let Some(oldest) = oldest.filter(|oldest| now.since(*oldest) > most) {
        look.wrong("log-behind", &[("since", oldest.to_string())]);
    }
    Ok(())
}

/// The moment that a record tells.
fn moment_of(leaf: &[u8]) -> Option<Timestamp> {
    let leaf: audit::Leaf = serde_json::from_slice(leaf).ok()?;
    backup::parse_moment(&leaf.at)
}

pub(crate) fn proved(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let size = audit::size(look.tx())?;
    look.read("records", "audit_log", size);
    let Some(last) = size.checked_sub(1) else {
        look.wrong("log-none", &[]);
        return Ok(());
    };
    match proof(look, last) {
        Ok(None) => look.wrong("log-none", &[]),
        Ok(Some(Ok(()))) => look.read("record-proved", "audit_bundle, audit_tile, audit_checkpoint", last),
        Ok(Some(Err(fault))) => look.wrong("log-broken", &[("cause", fault)]),
        Err(AuditError::Store(error @ StoreError::Corrupt { .. })) => {
            look.wrong("log-broken", &[("cause", error.to_string())]);
        }
        Err(AuditError::Store(error)) => return Err(error.into()),
        Err(error) => look.wrong("log-broken", &[("cause", error.to_string())]),
    }
    Ok(())
}

/// Proves the record at `place` as an outsider would, and the first one, too.
fn proof(look: &mut Look<'_, '_>, place: u64) -> Result<Option<Result<(), String>>, AuditError> {
    let tx = look.tx();
    let (Some(key), Some((_, head))) = (public_key(tx)?, checkpoint(tx)?) else { return Ok(None) };
    for place in [0, place] {
        let (record, proof) = (leaf_at(tx, place)?, prove(tx, place)?);
        if let Err(fault) = verify::record(head.as_bytes(), &key, &record, &proof) {
            return Ok(Some(Err(fault.to_string())));
        }
    }
    Ok(Some(Ok(())))
}

pub(crate) fn witnesses(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let facts = &look.around().audit;
    look.read("witnesses", "audit", facts.witnesses.len() + usize::from(facts.has_directory));
    if facts.witnesses.is_empty() && !facts.has_directory {
        let level = look.level();
        if level == Level::Trade {
            look.wrong("no-witness", &[("level", level.to_string())]);
        } else {
            look.person("no-witness", &[("level", level.to_string())]);
        }
        return Ok(());
    }
    let most = facts.witness_every.saturating_mul(WITNESS_TIMES);
    for place in &facts.witnesses {
        match witness::handed(look.tx(), place)? {
            Some((size, at)) => {
                look.read("witness-records", "audit_handed", size);
                if now.since(at) > most {
                    look.wrong("witness-late", &[("since", at.to_string())]);
                }
            }
            None => look.wrong("witness-never", &[]),
        }
    }
    Ok(())
}

pub(crate) fn retained(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let (refusals, sign_ins) = (look.around().access.refusal_days, look.around().watch.keep_days);
    for (setting, days) in [("access.refusal_days", refusals), ("watch.keep_days", sign_ins)] {
        look.setting(setting, days);
        if days < RECORD_DAYS_MIN {
            let values =
                [("setting", setting.to_owned()), ("days", days.to_string()), ("min", RECORD_DAYS_MIN.to_string())];
            look.wrong("records-short", &values);
        }
    }
    for organisation in look.organisations() {
        let earliest = look.number(
            "SELECT at FROM access_event WHERE organisation = $1 ORDER BY at LIMIT 1",
            store::params![organisation.id],
        )?;
        let days = if earliest == 0 { 0 } else { (now - earliest) / DAY };
        look.read("record-days", "access_event", days);
    }
    Ok(())
}

pub(crate) fn settings(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let nodes = look.count("nodes", "settings_seen", "SELECT COUNT(*) FROM settings_seen", &[])?;
    if nodes == 0 {
        look.wrong("settings-unseen", &[]);
    }
    Ok(())
}
