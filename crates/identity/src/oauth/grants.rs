//! What people have allowed clients to do.

use std::net::IpAddr;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Notice, Tx, params};

use super::{OAuthError, OAuthScope};
use crate::{Client, IdentityError, Principal, sealed};

const DETAIL: &str = "oauth_grant.detail";

/// Something that a client was allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthGrant {
    /// Its number.
    pub id: i64,
    /// Identifier of the client.
    pub client: String,
    /// What it may do.
    pub scope: OAuthScope,
    /// When it was given.
    pub created: Timestamp,
    /// When a token of it was last got.
    pub used: Timestamp,
    /// From where it was last used.
    pub address: Option<IpAddr>,
    /// By what, in the client's own words.
    pub agent: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Detail {
    address: Option<IpAddr>,
    agent: Option<String>,
}

/// Keeps that `principal` allows `client` what `scope` says.
pub(super) fn give(
    tx: &mut Tx<'_>,
    principal: &Principal,
    client: &str,
    scope: OAuthScope,
    from: &Client,
) -> Result<i64, IdentityError> {
    let (account, id, now) = (principal.account, tx.next_id(), tx.now().millis());
    let detail = Detail { address: Some(from.address), agent: from.agent.clone() };
    let detail = sealed::seal(tx, account, DETAIL, id, &detail)?;
    let signed_in = tx.row(
        "SELECT created FROM session WHERE account = $1 AND id = $2",
        params![account, principal.session.unwrap_or(0)],
        |row| row.int(0),
    )?;
    tx.execute(
        "INSERT INTO oauth_grant (account, id, client, scope, detail, strong_at, signed_in, created, used)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        params![
            account,
            id,
            client,
            scope.to_string().as_str(),
            &detail,
            principal.strong_at.map_or(0, Timestamp::millis),
            signed_in.unwrap_or(now),
            now
        ],
    )?;
    Ok(id)
}

/// Whether the grant is still there.
pub(crate) fn grant_stands(tx: &mut Tx<'_>, account: i64, grant: i64) -> Result<bool, IdentityError> {
    let found =
        tx.row("SELECT 1 FROM oauth_grant WHERE account = $1 AND id = $2", params![account, grant], |row| row.int(0))?;
    Ok(found.is_some())
}

/// Writes down when and from where the grant was used.
pub(crate) fn note_use(tx: &mut Tx<'_>, account: i64, grant: i64, client: &Client) -> Result<(), IdentityError> {
    let detail = Detail { address: Some(client.address), agent: client.agent.clone() };
    let detail = sealed::seal(tx, account, DETAIL, grant, &detail)?;
    tx.execute(
        "UPDATE oauth_grant SET used = $1, detail = $2 WHERE account = $3 AND id = $4",
        params![tx.now().millis(), &detail, account, grant],
    )?;
    Ok(())
}

/// What the account has allowed to clients, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_grants(tx: &mut Tx<'_>, account: i64) -> Result<Vec<OAuthGrant>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, client, scope, detail, created, used FROM oauth_grant WHERE account = $1 ORDER BY id",
        params![account],
        |row| {
            let words = [row.text(1)?.to_owned(), row.text(2)?.to_owned()];
            Ok((row.int(0)?, words, row.bytes(3)?.to_vec(), [row.int(4)?, row.int(5)?]))
        },
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, [client, scope], detail, [created, used]) in rows {
        let detail: Detail = sealed::open(tx, account, DETAIL, id, &detail)?;
        found.push(OAuthGrant {
            id,
            client,
            scope: scope.parse()?,
            created: Timestamp::from_millis(created),
            used: Timestamp::from_millis(used),
            address: detail.address,
            agent: detail.agent,
        });
    }
    Ok(found)
}

/// Ends a grant with all its tokens and connections.
///
/// # Errors
/// [`OAuthError::NoGrant`], or the store's.
pub fn end_grant(tx: &mut Tx<'_>, account: i64, grant: i64) -> Result<(), IdentityError> {
    tx.execute("DELETE FROM oauth_token WHERE account = $1 AND grant_id = $2", params![account, grant])?;
    let deleted = tx.execute("DELETE FROM oauth_grant WHERE account = $1 AND id = $2", params![account, grant])?;
    tx.notify(Notice::SignIns(account));
    if deleted == 1 { Ok(()) } else { Err(OAuthError::NoGrant(grant).into()) }
}

/// Ends all grants of an account.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn revoke_all(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    for sql in [
        "DELETE FROM oauth_token WHERE account = $1",
        "DELETE FROM oauth_device WHERE account = $1",
        "DELETE FROM oauth_grant WHERE account = $1",
    ] {
        tx.execute(sql, params![account])?;
    }
    tx.notify(Notice::SignIns(account));
    Ok(())
}

/// Ends all grants of a client.
pub(super) fn revoke_client(tx: &mut Tx<'_>, client: &str) -> Result<(), IdentityError> {
    let given = tx.rows("SELECT account, id FROM oauth_grant WHERE client = $1", params![client], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    for (account, grant) in given {
        end_grant(tx, account, grant)?;
    }
    Ok(())
}
