//! Rows of web sessions.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use super::Stage;
use crate::secret_token::hash_token;
use crate::sign_in::login::{Login, load_login_of};
use crate::{IdentityError, sealed};

const DETAIL: &str = "session.detail";

/// A web session, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to about a minute.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// When a second factor was last shown in it.
    pub strong_at: Option<Timestamp>,
    /// From where it was last used.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) agent: Option<String>,
    pub(super) address: Option<IpAddr>,
}

/// A session that was found by a token.
pub(super) struct Row {
    pub(super) account: i64,
    pub(super) id: i64,
    pub(super) login: Login,
    pub(super) is_token_before: bool,
    pub(super) rotated: Timestamp,
    pub(super) stage: Stage,
    pub(super) agent: [u8; 32],
    pub(super) strong_at: Option<Timestamp>,
    pub(super) seen: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) form_token: String,
}

/// The session whose token, or token before, has this hash.
pub(super) fn load_by_token(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Row>, IdentityError> {
    let row = tx.row(
        "SELECT account, id, token, rotated, stage, agent, strong_at, seen, expires FROM session
         WHERE token = $1 OR token_before = $1",
        params![hash.as_slice()],
        |row| {
            let bytes = [row.bytes(2)?.to_vec(), row.bytes(5)?.to_vec()];
            let numbers = [row.int(0)?, row.int(1)?, row.int(3)?, row.int(6)?, row.int(7)?, row.int(8)?];
            Ok((numbers, row.text(4)?.to_owned(), bytes))
        },
    )?;
    let Some(([account, id, rotated, strong_at, seen, expires], stage, [token, agent])) = row else {
        return Ok(None);
    };
    let Some(login) = load_login_of(tx, account)? else { return Ok(None) };
    let form_token = URL_SAFE_NO_PAD.encode(hash_token(tx, "form", &Secret::new(id.to_string())));
    Ok(Some(Row {
        account,
        id,
        login,
        is_token_before: token != hash,
        rotated: Timestamp::from_millis(rotated),
        stage: Stage::read(&stage),
        agent: agent.try_into().unwrap_or_default(),
        strong_at: (strong_at != 0).then(|| Timestamp::from_millis(strong_at)),
        seen: Timestamp::from_millis(seen),
        expires: Timestamp::from_millis(expires),
        form_token,
    }))
}

pub(super) fn load_detail(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Detail>, IdentityError> {
    let sealed = tx.row("SELECT detail FROM session WHERE account = $1 AND id = $2", params![account, id], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    sealed.map(|sealed| sealed::open(tx, account, DETAIL, id, &sealed)).transpose()
}

pub(super) fn seal_detail(tx: &mut Tx<'_>, account: i64, id: i64, detail: &Detail) -> Result<Vec<u8>, IdentityError> {
    sealed::seal(tx, account, DETAIL, id, detail)
}

/// The account's web sessions, the last used first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_sessions(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Session>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, detail, strong_at, created, seen, expires FROM session
         WHERE account = $1 AND stage = 'whole' AND expires > $2 ORDER BY seen DESC, id",
        params![account, tx.now().millis()],
        |row| {
            let numbers = [row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?];
            Ok((row.int(0)?, row.bytes(1)?.to_vec(), numbers))
        },
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, detail, [strong_at, created, seen, expires]) in rows {
        let detail: Detail = sealed::open(tx, account, DETAIL, id, &detail)?;
        found.push(Session {
            id,
            created: Timestamp::from_millis(created),
            seen: Timestamp::from_millis(seen),
            expires: Timestamp::from_millis(expires),
            strong_at: (strong_at != 0).then(|| Timestamp::from_millis(strong_at)),
            address: detail.address,
            agent: detail.agent,
        });
    }
    Ok(found)
}
