//! Recovery codes: kept as hashes under the account's key.

use ::factors::recovery;
use env::Secret;
use store::{Tx, params};

use crate::IdentityError;
use crate::account::take_account;

/// Makes a new sheet of codes, to be shown this once. Those of an earlier sheet no longer count.
///
/// # Errors
/// [`IdentityError::NoFactorToRecover`] if the account has no factor that they could stand in for.
pub fn make_recovery_codes(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Secret<String>>, IdentityError> {
    take_account(tx, account)?;
    let factor = tx.row("SELECT id FROM factor WHERE account = $1 LIMIT 1", params![account], |row| row.int(0))?;
    factor.ok_or(IdentityError::NoFactorToRecover)?;
    let codes = recovery::generate(&*tx.context().entropy);
    tx.execute("DELETE FROM recovery_code WHERE account = $1", params![account])?;
    for code in &codes {
        let Some(hash) = hash(tx, account, code.expose())? else { continue };
        tx.execute(
            "INSERT INTO recovery_code (account, code, created) VALUES ($1, $2, $3) ON CONFLICT (account, code) DO NOTHING",
            params![account, &hash[..], tx.now().millis()],
        )?;
    }
    Ok(codes)
}

/// How many codes of the account are left.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn count_recovery_codes(tx: &mut Tx<'_>, account: i64) -> Result<u32, IdentityError> {
    let count =
        tx.row("SELECT COUNT(*) FROM recovery_code WHERE account = $1", params![account], |row| row.uint32(0))?;
    Ok(count.unwrap_or(0))
}

/// Uses a code up; whether it was one.
pub(super) fn use_code(tx: &mut Tx<'_>, account: i64, typed: &str) -> Result<bool, IdentityError> {
    let Some(hash) = hash(tx, account, typed)? else { return Ok(false) };
    let used = tx.execute("DELETE FROM recovery_code WHERE account = $1 AND code = $2", params![account, &hash[..]])?;
    Ok(used == 1)
}

fn hash(tx: &mut Tx<'_>, account: i64, typed: &str) -> Result<Option<[u8; 32]>, IdentityError> {
    let Some(code) = recovery::canonical(typed) else { return Ok(None) };
    let key = tx.context().keys.account(tx, account)?;
    let text = Secret::new([b"recovery code ", code.expose().as_bytes()].concat());
    Ok(Some(key.hashing().hash(text.expose())))
}
