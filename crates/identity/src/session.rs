//! Web sessions: what a browser holds after its person signed in.
//!
//! The browser holds a random token in a cookie; its keyed hash rests here. The token is exchanged for another at every change of
//! what it may do (sign-in, second factor, step-up) and every half hour beside. One that was exchanged is taken for a minute
//! more, for requests under way; later it can only be a copy, and the session ends.
//!
//! A session is bound to what the browser calls itself, versions aside. The address is not part of it: telephones change theirs
//! all day. TLS exports nothing that lasts beyond one connection.

mod rows;

use std::time::Duration;

use env::{Secret, Timestamp};
use store::{Notice, Store, Tx, params};

use crate::secret_token::{hash_token, make_token};
use crate::sign_in::login::load_login_of;
use crate::{AuthFailure, Client, IdentityError, Level, Method, Principal, Scope};

use rows::{Detail, Row, load_by_token, seal_detail};
pub use rows::{Session, list_sessions};

/// The token is exchanged after this time.
const ROTATED_EVERY: Duration = Duration::from_secs(1_800);

/// How long the token before is still taken.
const ROTATION_GRACE: Duration = Duration::from_secs(60);

/// The last use is written again only after this time.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Time to answer for a second factor after the password.
const STEP_LIFE: Duration = Duration::from_secs(600);

/// Wrong answers to a challenge after which signing in begins anew.
pub const TRIES_MAX: i64 = 5;

/// Whole sessions of one account; beyond it the one that was not used for longest ends.
const SESSIONS_MAX: i64 = 50;

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; a second factor is to be shown.
    Factor,
    /// The password was right; a second factor is required and none is enrolled.
    Enrol,
    /// Everything was shown that is asked for.
    Whole,
}

impl Stage {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Factor => "factor",
            Self::Enrol => "enrol",
            Self::Whole => "whole",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "whole" => Self::Whole,
            "enrol" => Self::Enrol,
            // What is unknown opens nothing.
            _ => Self::Factor,
        }
    }
}

/// How long sessions last at a level: without use, and at most. One place says so.
#[must_use]
pub const fn life(level: Level) -> (Duration, Duration) {
    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    match level {
        Level::Basic => (Duration::from_secs(7 * DAY), Duration::from_secs(30 * DAY)),
        Level::Enhanced => (Duration::from_secs(12 * HOUR), Duration::from_secs(7 * DAY)),
        Level::Trade => (Duration::from_secs(HOUR), Duration::from_secs(12 * HOUR)),
    }
}

/// A session that has just begun or gone on under a new token.
#[derive(Debug)]
pub struct Begun {
    /// Its number.
    pub id: i64,
    /// The token for the browser.
    pub token: Secret<String>,
}

/// A session as a request finds it.
#[derive(Debug)]
pub struct Resumed {
    /// Who it belongs to.
    pub principal: Principal,
    /// How far the sign-in has come.
    pub stage: Stage,
    /// What forms of this session carry, so that no other page can make the browser send them.
    pub form_token: String,
    /// The token to be held from now on, if it has changed.
    pub new_token: Option<Secret<String>>,
}

/// Begins a session for an account whose password was right, or for which all was shown. `strong_at`: when a second factor was
/// shown.
///
/// # Errors
/// [`IdentityError`] if there is no such account.
pub fn begin(
    tx: &mut Tx<'_>,
    account: i64,
    stage: Stage,
    strong_at: Option<Timestamp>,
    client: &Client,
) -> Result<Begun, IdentityError> {
    let login = load_login_of(tx, account)?.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    make_room(tx, account)?;
    let id = tx.next_id();
    let token = make_token(&*tx.context().entropy);
    let (hash, agent) = (hash_token(tx, KIND, &token), agent_hash(tx, client));
    let detail = Detail { agent: client.agent.clone(), address: Some(client.address) };
    let detail = seal_detail(tx, account, id, &detail)?;
    let now = tx.now();
    let life = if stage == Stage::Whole { life(login.level).1 } else { STEP_LIFE };
    tx.execute(
        "INSERT INTO session (account, id, token, token_before, rotated, stage, tries, agent, detail, strong_at, created,
                              seen, expires)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $5, $5, $10)",
        params![
            account,
            id,
            hash.as_slice(),
            [0_u8; 0].as_slice(),
            now.millis(),
            stage.as_str(),
            agent.as_slice(),
            &detail,
            strong_at.map_or(0, Timestamp::millis),
            now.plus(life).millis()
        ],
    )?;
    Ok(Begun { id, token })
}

/// The second factor was shown: the step ends, and a whole session begins under another number and token, so that nobody who
/// planted or saw the first one has anything of the second.
///
/// # Errors
/// [`IdentityError::NoSession`] if the step is over.
pub fn complete(tx: &mut Tx<'_>, account: i64, step: i64, client: &Client) -> Result<Begun, IdentityError> {
    let deleted = tx.execute(
        "DELETE FROM session WHERE account = $1 AND id = $2 AND stage <> 'whole' AND expires > $3",
        params![account, step, tx.now().millis()],
    )?;
    if deleted == 0 {
        return Err(IdentityError::NoSession(step));
    }
    let now = tx.now();
    begin(tx, account, Stage::Whole, Some(now), client)
}

/// A second factor was shown again in a whole session: it counts from now, under a new token.
///
/// # Errors
/// [`IdentityError::NoSession`] if the session has ended.
pub fn strengthen(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Begun, IdentityError> {
    let token = make_token(&*tx.context().entropy);
    let hash = hash_token(tx, KIND, &token);
    let now = tx.now().millis();
    let changed = tx.execute(
        "UPDATE session SET token_before = token, token = $1, rotated = $2, strong_at = $2, tries = 0
         WHERE account = $3 AND id = $4 AND stage = 'whole'",
        params![hash.as_slice(), now, account, id],
    )?;
    if changed == 0 {
        return Err(IdentityError::NoSession(id));
    }
    Ok(Begun { id, token })
}

/// An answer to a challenge was wrong: after [`TRIES_MAX`] of them the session ends. Says whether it goes on.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn count_failure(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<bool, IdentityError> {
    let tries = tx.row(
        "UPDATE session SET tries = tries + 1 WHERE account = $1 AND id = $2 RETURNING tries",
        params![account, id],
        |row| row.int(0),
    )?;
    let Some(tries) = tries else { return Ok(false) };
    if tries >= TRIES_MAX {
        end_session(tx, account, id)?;
    }
    Ok(tries < TRIES_MAX)
}

/// Ends a session, on all nodes at once.
///
/// # Errors
/// [`IdentityError::NoSession`] if there is none with this number.
pub fn end_session(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), IdentityError> {
    let deleted = tx.execute("DELETE FROM session WHERE account = $1 AND id = $2", params![account, id])?;
    tx.notify(Notice::SignIns(account));
    if deleted == 1 { Ok(()) } else { Err(IdentityError::NoSession(id)) }
}

/// Ends every session of the account but `kept`.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn end_other_sessions(tx: &mut Tx<'_>, account: i64, kept: Option<i64>) -> Result<u64, IdentityError> {
    let ended =
        tx.execute("DELETE FROM session WHERE account = $1 AND id <> $2", params![account, kept.unwrap_or(0)])?;
    tx.notify(Notice::SignIns(account));
    Ok(ended)
}

/// Forgets sessions, tokens and device codes whose time is over.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_expired(tx: &mut Tx<'_>) -> Result<u64, IdentityError> {
    let now = tx.now().millis();
    let mut forgotten = tx.execute("DELETE FROM session WHERE expires <= $1", params![now])?;
    forgotten += tx.execute("DELETE FROM oauth_token WHERE expires <= $1", params![now])?;
    forgotten += tx.execute("DELETE FROM oauth_device WHERE expires <= $1", params![now])?;
    forgotten += tx.execute(
        "DELETE FROM oauth_grant WHERE NOT EXISTS (
             SELECT 1 FROM oauth_token t WHERE t.account = oauth_grant.account AND t.grant_id = oauth_grant.id)
         AND NOT EXISTS (
             SELECT 1 FROM oauth_device d WHERE d.account = oauth_grant.account AND d.grant_id = oauth_grant.id)",
        params![],
    )?;
    Ok(forgotten)
}

/// Finds the session that a request belongs to, and keeps it going.
///
/// # Errors
/// [`AuthFailure::Temporary`] if the store fails, [`AuthFailure::Disabled`] for accounts out of use; `None` is no session.
pub async fn resume(store: &Store, token: &Secret<String>, client: &Client) -> Result<Option<Resumed>, AuthFailure> {
    let (shown, from) = (token.clone(), client.clone());
    let found = store.read(move |tx| look(tx, &shown, &from)).await?;
    let (row, due) = match found {
        Look::Nothing => return Ok(None),
        Look::Over { account, id, why } => {
            tracing::info!(account, session = id, why, "a web session ends");
            match store.write(move |tx| end_session(tx, account, id)).await {
                Ok(()) | Err(IdentityError::NoSession(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Look::Goes { row, due } => (row, due),
    };
    let new_token = if due.any() {
        let (shown, client) = (token.clone(), client.clone());
        let (account, id) = (row.account, row.id);
        store.write(move |tx| keep_up(tx, account, id, &shown, due, &client)).await?
    } else {
        None
    };
    let mut principal = row.login.principal(Method::Session, row.id, Scope::ALL)?;
    principal.session = Some(row.id);
    principal.strong_at = row.strong_at;
    Ok(Some(Resumed { principal, stage: row.stage, form_token: row.form_token, new_token }))
}

/// What is to be written of a session that goes on.
#[derive(Debug, Clone, Copy)]
struct Due {
    rotation: bool,
    seen: bool,
}

impl Due {
    const fn any(self) -> bool {
        self.rotation || self.seen
    }
}

#[allow(clippy::large_enum_variant, reason = "made and taken apart at once")]
enum Look {
    Nothing,
    Over { account: i64, id: i64, why: &'static str },
    Goes { row: Row, due: Due },
}

const KIND: &str = "session";

fn look(tx: &mut Tx<'_>, token: &Secret<String>, client: &Client) -> Result<Look, IdentityError> {
    let hash = hash_token(tx, KIND, token);
    let Some(row) = load_by_token(tx, &hash)? else { return Ok(Look::Nothing) };
    let now = tx.now();
    let over = |why| Ok(Look::Over { account: row.account, id: row.id, why });
    if row.expires <= now {
        return over("its time is over");
    }
    if row.stage == Stage::Whole && now.since(row.seen) >= life(row.login.level).0 {
        return over("it was not used for too long");
    }
    if row.is_token_before && now.since(row.rotated) >= ROTATION_GRACE {
        return over("a token came that had been exchanged long before: it may have been copied");
    }
    if row.agent != agent_hash(tx, client) {
        return over("another browser showed its token");
    }
    let rotation = row.stage == Stage::Whole && !row.is_token_before && now.since(row.rotated) >= ROTATED_EVERY;
    let seen = now.since(row.seen) >= SEEN_EVERY;
    Ok(Look::Goes { row, due: Due { rotation, seen } })
}

fn keep_up(
    tx: &mut Tx<'_>,
    account: i64,
    id: i64,
    shown: &Secret<String>,
    due: Due,
    client: &Client,
) -> Result<Option<Secret<String>>, IdentityError> {
    let now = tx.now().millis();
    if due.seen
        && let Some(mut detail) = rows::load_detail(tx, account, id)?
    {
        detail.address = Some(client.address);
        detail.agent.clone_from(&client.agent);
        let detail = seal_detail(tx, account, id, &detail)?;
        tx.execute(
            "UPDATE session SET seen = $1, detail = $2 WHERE account = $3 AND id = $4",
            params![now, &detail, account, id],
        )?;
    }
    if !due.rotation {
        return Ok(None);
    }
    let token = make_token(&*tx.context().entropy);
    let (hash, before) = (hash_token(tx, KIND, &token), hash_token(tx, KIND, shown));
    // Of two requests at once one exchanges the token; the other goes on with the one before.
    let changed = tx.execute(
        "UPDATE session SET token = $1, token_before = $2, rotated = $3 WHERE account = $4 AND id = $5 AND token = $2",
        params![hash.as_slice(), before.as_slice(), now, account, id],
    )?;
    Ok((changed == 1).then_some(token))
}

/// Ends the longest unused sessions of an account that has as many as it may.
fn make_room(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    tx.execute(
        "DELETE FROM session WHERE account = $1 AND id NOT IN (
             SELECT id FROM session WHERE account = $1 ORDER BY seen DESC LIMIT $2)",
        params![account, SESSIONS_MAX - 1],
    )?;
    Ok(())
}

/// What the browser calls itself, without the versions that change while a session lasts.
fn agent_hash(tx: &Tx<'_>, client: &Client) -> [u8; 32] {
    let agent = client.agent.as_deref().unwrap_or_default();
    let kept: String = agent.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '_')).collect();
    hash_token(tx, "session agent", &Secret::new(kept))
}
