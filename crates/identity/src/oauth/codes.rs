//! The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Secret;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::grants::{end_grant, give};
use super::tokens::{Issued, Kind, Row, issue, keep, load, mark_used};
use super::{Answer, OAuthClient, OAuthError, OAuthScope};
use crate::secret_token::make_token;
use crate::{Client, Principal, sealed};

/// How long a code is good.
const CODE_LIFE: Duration = Duration::from_secs(60);

/// A used code is remembered for this long, so that a second use is noticed.
const CODE_REMEMBERED: Duration = Duration::from_secs(3_600);

/// Bytes of a nonce that are kept.
const NONCE_BYTES_MAX: usize = 500;

const DETAIL: &str = "oauth_token.code";

/// What a person agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Where the code goes.
    pub redirect_uri: String,
    /// What is allowed.
    pub scope: OAuthScope,
    /// PKCE challenge, method S256.
    pub challenge: String,
    /// OpenID Connect's nonce.
    pub nonce: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    /// When the code itself stops to be good, in milliseconds since 1970; its row is kept longer.
    good_until: i64,
}

/// Gives a code for what `principal` has allowed `client`.
///
/// # Errors
/// [`OAuthError`] for the client: the challenge must be one of S256 (43 letters of base64url), the redirect URI a registered one, the
/// scope not more than the client may ask for.
pub fn issue_code(
    tx: &mut Tx<'_>,
    principal: &Principal,
    client: &OAuthClient,
    wanted: &Authorization,
    from: &Client,
) -> Answer<Secret<String>> {
    if client.organisation.is_some_and(|organisation| organisation != principal.organisation) {
        return Ok(Err(OAuthError::AccessDenied));
    }
    if !client.may_redirect_to(&wanted.redirect_uri) {
        return Ok(Err(OAuthError::InvalidRequest("the redirect_uri is not registered")));
    }
    if !is_challenge(&wanted.challenge) {
        return Ok(Err(OAuthError::InvalidRequest("code_challenge must be that of S256")));
    }
    if wanted.nonce.as_ref().is_some_and(|nonce| nonce.len() > NONCE_BYTES_MAX) {
        return Ok(Err(OAuthError::InvalidRequest("the nonce is too long")));
    }
    if wanted.scope.is_empty() || !wanted.scope.is_within(client.scope) {
        return Ok(Err(OAuthError::InvalidScope));
    }
    let grant = give(tx, principal, &client.id, wanted.scope, from)?;
    let code = make_token(&*tx.context().entropy);
    let detail = Detail {
        redirect_uri: wanted.redirect_uri.clone(),
        challenge: wanted.challenge.clone(),
        nonce: wanted.nonce.clone(),
        good_until: tx.now().plus(CODE_LIFE).millis(),
    };
    let detail = sealed::seal(tx, principal.account, DETAIL, grant, &detail)?;
    keep(tx, Kind::Code, &code, (principal.account, grant), wanted.scope, CODE_REMEMBERED, &detail)?;
    Ok(Ok(code))
}

/// Exchanges a code for tokens. Whoever shows a code a second time ends the grant: one of the two has stolen it (RFC 6749 section
/// 4.1.2).
///
/// # Errors
/// [`OAuthError::InvalidGrant`] for the client.
pub fn exchange_code(
    tx: &mut Tx<'_>,
    client: &OAuthClient,
    code: &Secret<String>,
    redirect_uri: Option<&str>,
    verifier: &Secret<String>,
) -> Answer<Issued> {
    let Some(row) = load(tx, Kind::Code, code)? else { return Ok(Err(OAuthError::InvalidGrant)) };
    if row.client != client.id {
        return Ok(Err(OAuthError::InvalidGrant));
    }
    if row.used {
        tracing::warn!(account = row.account, client = client.id, "an authorization code came twice: its grant ends");
        end_grant(tx, row.account, row.grant)?;
        return Ok(Err(OAuthError::InvalidGrant));
    }
    // Whatever is wrong with the rest: the code has been shown and is good no more.
    mark_used(tx, Kind::Code, code)?;
    let detail: Detail = sealed::open(tx, row.account, DETAIL, row.grant, &row.detail)?;
    let fits = tx.now().millis() < detail.good_until
        && redirect_uri.is_none_or(|given| given == detail.redirect_uri)
        && proves(&detail.challenge, verifier.expose());
    if !fits {
        end_grant(tx, row.account, row.grant)?;
        return Ok(Err(OAuthError::InvalidGrant));
    }
    let Row { account, grant, scope, .. } = row;
    issue(tx, account, grant, scope, detail.nonce).map(Ok)
}

/// RFC 7636 section 4.6 with the method S256; `plain` is not taken (RFC 9700 section 2.1.1).
fn proves(challenge: &str, verifier: &str) -> bool {
    let is_verifier = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    is_verifier && URL_SAFE_NO_PAD.encode(crypto::hash::sha256(verifier.as_bytes())) == challenge
}

fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_verifier_of_the_standard_proves_its_challenge() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(challenge));
        assert!(proves(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!proves(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!proves(challenge, challenge), "plain");
        assert!(!is_challenge("short"));
    }
}
