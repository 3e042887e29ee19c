//! Rows of cosignatures: the keys of this server's cosigners, and the lines that they gave.

use crypto::seal::Suite;
use store::{StoreError, Tx, params};

use crate::cosigner::{Cosigner, CosignerKey, CosignerKind};
use crate::log::AuditError;
use crate::{public_key, witness};

/// Place of a cosigner's seed, bound into its sealing; its kind follows.
const SEED_PLACE: &str = "audit_cosigner.seed ";

/// Seeds that are tried for a key: nearly every one makes one.
const SEEDS_MAX: usize = 16;

/// Cosigns the newest checkpoint, unless it is: by ML-DSA-44, and by SM2 where what rests is sealed under SM4. Makes the keys the first time.
///
/// # Errors
/// [`AuditError`] if the store fails or a key does not open.
pub fn cosign(tx: &mut Tx<'_>) -> Result<(), AuditError> {
    let (Some((size, note)), Some(key)) = (witness::newest(tx)?, public_key(tx)?) else { return Ok(()) };
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let known = tx.row("SELECT 1 FROM audit_cosigned WHERE size = $1", params![size], |row| row.int(0))?;
    if known.is_some() {
        return Ok(());
    }
    let broken = || StoreError::Corrupt { what: "the audit log's newest checkpoint".to_owned() };
    let text = note.split_once("\n\n").map(|(text, _)| format!("{text}\n")).ok_or_else(broken)?;
    let (now, context, mut lines) = (tx.now(), tx.context(), String::new());
    for kind in kinds(tx) {
        let cosigner = take(tx, key.name(), kind)?;
        lines.push_str(&cosigner.line(text.as_bytes(), now, &*context.entropy).ok_or_else(broken)?);
    }
    tx.execute(
        "INSERT INTO audit_cosigned (size, at, lines) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING",
        params![size, now.millis(), &lines],
    )?;
    Ok(())
}

/// Who cosigns now.
fn kinds(tx: &Tx<'_>) -> Vec<CosignerKind> {
    let mut kinds = vec![CosignerKind::MlDsa];
    if tx.context().keys.suite() == Suite::Sm4 {
        kinds.push(CosignerKind::Sm2);
    }
    kinds
}

fn place(kind: CosignerKind) -> Vec<u8> {
    format!("{SEED_PLACE}{kind}").into_bytes()
}

/// The cosigner of that kind; it is made if there is none.
fn take(tx: &mut Tx<'_>, log: &str, kind: CosignerKind) -> Result<Cosigner, AuditError> {
    if let Some(known) = load(tx, log, kind)? {
        return Ok(known);
    }
    let context = tx.context();
    let seeds = std::iter::repeat_with(|| Cosigner::seed(&*context.entropy)).take(SEEDS_MAX);
    let fit = seeds.into_iter().find(|seed| Cosigner::of_seed(log, kind, seed).is_some());
    let seed = fit.ok_or_else(|| StoreError::Setup(format!("no key of the kind {kind} can be made")))?;
    let sealed = context.keys.region().sealing().seal(&*context.entropy, &place(kind), &seed);
    // Another node may have been faster: then its key is the one.
    tx.execute(
        "INSERT INTO audit_cosigner (kind, seed) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING",
        params![kind.as_str(), &sealed],
    )?;
    load(tx, log, kind)?.ok_or(AuditError::Store(StoreError::Missing { what: "cosigner of the audit log" }))
}

fn load(tx: &mut Tx<'_>, log: &str, kind: CosignerKind) -> Result<Option<Cosigner>, StoreError> {
    let sealed = tx.row("SELECT seed FROM audit_cosigner WHERE kind = $1", params![kind.as_str()], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    let Some(sealed) = sealed else { return Ok(None) };
    let region = tx.context().keys.region();
    let seed = zeroize::Zeroizing::new(region.sealing().open("cosigner of the audit log", &place(kind), &sealed)?);
    let damaged = || StoreError::Corrupt { what: format!("the key of the audit log's cosigner {kind}") };
    Cosigner::of_seed(log, kind, &seed).map(Some).ok_or_else(damaged)
}

/// The newest checkpoint with the lines of its cosigners; none where it has none.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn cosigned(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    tx.row(
        "SELECT c.note, s.lines FROM audit_checkpoint c JOIN audit_cosigned s ON s.size = c.size
         WHERE c.size = (SELECT MAX(size) FROM audit_checkpoint)",
        &[],
        |row| Ok(format!("{}{}", row.text(0)?, row.text(1)?)),
    )
}

/// The public keys of the cosigners that there have been.
///
/// # Errors
/// [`AuditError`] if the store fails or a key does not open.
pub fn cosigners(tx: &mut Tx<'_>) -> Result<Vec<CosignerKey>, AuditError> {
    let Some(key) = public_key(tx)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for kind in CosignerKind::ALL {
        found.extend(load(tx, key.name(), *kind)?.map(|cosigner| cosigner.public().clone()));
    }
    Ok(found)
}
