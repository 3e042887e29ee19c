//! Access and refresh tokens (RFC 6749 sections 5 and 6, RFC 7009, RFC 7662).

use std::time::Duration;

use env::{Secret, Timestamp};
use store::{Tx, params};

use super::grants::end_grant;
use super::{Answer, OAuthClient, OAuthError, OAuthScope};
use crate::secret_token::{hash_token, make_token};
use crate::sign_in::login::load_login_of;
use crate::{AuthFailure, IdentityError, Method, Principal, Protocol};

/// How long an access token is good.
pub const ACCESS_LIFE: Duration = Duration::from_secs(1_800);

/// How long a refresh token waits for its use. Each use gives another.
const REFRESH_LIFE: Duration = Duration::from_secs(90 * 86_400);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Access,
    Refresh,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// Tokens for a client, and what an identity token is made from.
#[derive(Debug)]
pub struct Issued {
    /// The access token, good for [`ACCESS_LIFE`].
    pub access: Secret<String>,
    /// The refresh token, if one is given.
    pub refresh: Option<Secret<String>>,
    /// What they are good for.
    pub scope: OAuthScope,
    /// Whose they are.
    pub bearer: Bearer,
    /// The nonce of the request.
    pub nonce: Option<String>,
}

/// Whose an access token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The account.
    pub account: i64,
    /// Its main address.
    pub address: String,
    /// Its name.
    pub name: String,
    /// Identifier of the client that has the token.
    pub client: String,
    /// What it is good for.
    pub scope: OAuthScope,
    /// When the person had signed in.
    pub signed_in: Timestamp,
    /// When a second factor was shown before.
    pub strong_at: Option<Timestamp>,
    /// When the token expires.
    pub expires: Timestamp,
}

/// A token as it rests.
pub(super) struct Row {
    pub(super) account: i64,
    pub(super) grant: i64,
    pub(super) scope: OAuthScope,
    pub(super) used: bool,
    pub(super) client: String,
    pub(super) detail: Vec<u8>,
    expires: i64,
    strong_at: i64,
    signed_in: i64,
}

/// The token of this kind, if it is there, its time is not over, and its grant lasts.
pub(super) fn load(tx: &mut Tx<'_>, kind: Kind, token: &Secret<String>) -> Result<Option<Row>, IdentityError> {
    let hash = hash_token(tx, kind.as_str(), token);
    let row = tx.row(
        "SELECT t.account, t.grant_id, t.scope, t.used, g.client, t.detail, t.expires, g.strong_at, g.signed_in
         FROM oauth_token t JOIN oauth_grant g ON g.account = t.account AND g.id = t.grant_id
         WHERE t.token = $1 AND t.kind = $2 AND t.expires > $3",
        params![hash.as_slice(), kind.as_str(), tx.now().millis()],
        |row| {
            let numbers = [row.int(0)?, row.int(1)?, row.int(3)?, row.int(6)?, row.int(7)?, row.int(8)?];
            Ok((numbers, [row.text(2)?.to_owned(), row.text(4)?.to_owned()], row.bytes(5)?.to_vec()))
        },
    )?;
    let Some(([account, grant, used, expires, strong_at, signed_in], [scope, client], detail)) = row else {
        return Ok(None);
    };
    let scope = scope.parse()?;
    Ok(Some(Row { account, grant, scope, used: used != 0, client, detail, expires, strong_at, signed_in }))
}

pub(super) fn keep(
    tx: &mut Tx<'_>,
    kind: Kind,
    token: &Secret<String>,
    (account, grant): (i64, i64),
    scope: OAuthScope,
    life: Duration,
    detail: &[u8],
) -> Result<(), IdentityError> {
    let hash = hash_token(tx, kind.as_str(), token);
    tx.execute(
        "INSERT INTO oauth_token (token, kind, account, grant_id, scope, detail, used, expires)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
        params![
            hash.as_slice(),
            kind.as_str(),
            account,
            grant,
            scope.to_string().as_str(),
            detail,
            tx.now().plus(life).millis()
        ],
    )?;
    Ok(())
}

pub(super) fn mark_used(tx: &mut Tx<'_>, kind: Kind, token: &Secret<String>) -> Result<(), IdentityError> {
    let hash = hash_token(tx, kind.as_str(), token);
    tx.execute("UPDATE oauth_token SET used = $1 WHERE token = $2", params![tx.now().millis(), hash.as_slice()])?;
    Ok(())
}

/// Gives the tokens of a grant.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    account: i64,
    grant: i64,
    scope: OAuthScope,
    nonce: Option<String>,
) -> Result<Issued, IdentityError> {
    let entropy = std::sync::Arc::clone(&tx.context().entropy);
    let access = make_token(&*entropy);
    keep(tx, Kind::Access, &access, (account, grant), scope, ACCESS_LIFE, &[])?;
    let refresh = scope.goes_on().then(|| make_token(&*entropy));
    if let Some(refresh) = &refresh {
        keep(tx, Kind::Refresh, refresh, (account, grant), scope, REFRESH_LIFE, &[])?;
    }
    tx.execute(
        "UPDATE oauth_grant SET used = $1 WHERE account = $2 AND id = $3",
        params![tx.now().millis(), account, grant],
    )?;
    let bearer = bearer(tx, &access)?.map_err(IdentityError::from)?;
    Ok(Issued { access, refresh, scope, bearer, nonce })
}

/// Exchanges a refresh token for new tokens, of the same scope or less. One that comes a second time ends the grant (RFC 9700
/// section 4.14.2).
///
/// # Errors
/// [`OAuthError::InvalidGrant`] or [`OAuthError::InvalidScope`] for the client.
pub fn refresh(
    tx: &mut Tx<'_>,
    client: &OAuthClient,
    token: &Secret<String>,
    scope: Option<OAuthScope>,
) -> Answer<Issued> {
    let Some(row) = load(tx, Kind::Refresh, token)? else { return Ok(Err(OAuthError::InvalidGrant)) };
    if row.client != client.id {
        return Ok(Err(OAuthError::InvalidGrant));
    }
    if row.used {
        tracing::warn!(account = row.account, client = client.id, "a refresh token came twice: its grant ends");
        end_grant(tx, row.account, row.grant)?;
        return Ok(Err(OAuthError::InvalidGrant));
    }
    let scope = scope.filter(|scope| !scope.is_empty()).unwrap_or(row.scope);
    if !scope.is_within(row.scope) {
        return Ok(Err(OAuthError::InvalidScope));
    }
    mark_used(tx, Kind::Refresh, token)?;
    issue(tx, row.account, row.grant, scope, None).map(Ok)
}

/// Ends what a token of the client stands for (RFC 7009): a refresh token ends its grant, an access token itself alone. Unknown
/// tokens are none of the client's business.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn revoke_token(tx: &mut Tx<'_>, client: &OAuthClient, token: &Secret<String>) -> Result<(), IdentityError> {
    if let Some(row) = load(tx, Kind::Refresh, token)?
        && row.client == client.id
    {
        return end_grant(tx, row.account, row.grant);
    }
    if let Some(row) = load(tx, Kind::Access, token)?
        && row.client == client.id
    {
        let hash = hash_token(tx, Kind::Access.as_str(), token);
        tx.execute("DELETE FROM oauth_token WHERE token = $1", params![hash.as_slice()])?;
    }
    Ok(())
}

/// Whose the access token is.
///
/// # Errors
/// [`OAuthError::InvalidToken`] for the client.
pub fn bearer(tx: &mut Tx<'_>, token: &Secret<String>) -> Answer<Bearer> {
    let Some(row) = load(tx, Kind::Access, token)? else { return Ok(Err(OAuthError::InvalidToken)) };
    let Some(login) = load_login_of(tx, row.account)? else { return Ok(Err(OAuthError::InvalidToken)) };
    let Ok(principal) = login.principal(Method::Token(row.grant), row.grant, row.scope.protocols()) else {
        return Ok(Err(OAuthError::InvalidToken));
    };
    let name =
        tx.row("SELECT name FROM account WHERE id = $1", params![row.account], |row| Ok(row.text(0)?.to_owned()))?;
    Ok(Ok(Bearer {
        account: row.account,
        address: principal.address,
        name: name.unwrap_or_default(),
        client: row.client,
        scope: row.scope,
        signed_in: Timestamp::from_millis(row.signed_in),
        strong_at: moment(row.strong_at),
        expires: Timestamp::from_millis(row.expires),
    }))
}

/// What a client may learn of a token that was given to it (RFC 7662): none if it is not good.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn introspect(
    tx: &mut Tx<'_>,
    client: &OAuthClient,
    token: &Secret<String>,
) -> Result<Option<Bearer>, IdentityError> {
    Ok(bearer(tx, token)?.ok().filter(|bearer| bearer.client == client.id))
}

/// Who signs in to `protocol` with an access token; `user`, if named, must be one of the account's addresses.
pub(crate) fn sign_in(
    tx: &mut Tx<'_>,
    token: &Secret<String>,
    user: Option<&str>,
    protocol: Protocol,
) -> Result<Result<Principal, AuthFailure>, IdentityError> {
    let Some(row) = load(tx, Kind::Access, token)? else { return Ok(Err(AuthFailure::Refused)) };
    if let Some(user) = user {
        let own =
            tx.row("SELECT 1 FROM address WHERE address = $1 AND account = $2", params![user, row.account], |row| {
                row.int(0)
            })?;
        if own.is_none() {
            return Ok(Err(AuthFailure::Refused));
        }
    }
    let scope = row.scope.protocols();
    if !scope.covers(protocol) {
        return Ok(Err(AuthFailure::OutOfScope));
    }
    let Some(login) = load_login_of(tx, row.account)? else { return Ok(Err(AuthFailure::Refused)) };
    // The person showed a factor to connect the program, not to let it do what asks for one.
    Ok(login.principal(Method::Token(row.grant), row.grant, scope))
}

fn moment(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}
