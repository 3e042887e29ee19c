//! OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2: an access token in the place of a password.

use env::Secret;

use super::server::Failure;
use super::{Mechanism, prepare, scram};

/// Divides the fields of both mechanisms' messages.
const DIVIDER: char = '\u{1}';

/// An access token, and whose the client says it is.
#[derive(Debug, Clone)]
pub struct TokenCredentials {
    /// The user named beside the token, prepared; none if the token alone is to tell.
    pub user: Option<String>,
    /// The token.
    pub token: Secret<String>,
}

/// RFC 7628 section 3.1: a GS2 header, then `key=value` fields.
pub(super) fn read_bearer(text: &str) -> Result<TokenCredentials, Failure> {
    let (header, fields) = text.split_once(DIVIDER).ok_or(Failure::Malformed)?;
    let (flag, rest) = header.split_once(',').ok_or(Failure::Malformed)?;
    // The mechanism binds to no channel.
    if !matches!(flag, "n" | "y") {
        return Err(Failure::Malformed);
    }
    let user = match rest.strip_suffix(',').ok_or(Failure::Malformed)? {
        "" => None,
        name => Some(name.strip_prefix("a=").and_then(scram::decode_name).ok_or(Failure::Malformed)?),
    };
    credentials(user.as_deref(), fields)
}

/// `user=NAME` and `auth=Bearer TOKEN`, each ended by the divider, then one more.
pub(super) fn read_xoauth2(text: &str) -> Result<TokenCredentials, Failure> {
    let (user, fields) = text.split_once(DIVIDER).ok_or(Failure::Malformed)?;
    let user = user.strip_prefix("user=").filter(|user| !user.is_empty()).ok_or(Failure::Malformed)?;
    credentials(Some(user), fields)
}

fn credentials(user: Option<&str>, fields: &str) -> Result<TokenCredentials, Failure> {
    let fields = fields.strip_suffix("\u{1}\u{1}").ok_or(Failure::Malformed)?;
    let auth = fields.split(DIVIDER).find_map(|field| field.strip_prefix("auth=")).ok_or(Failure::Malformed)?;
    let (scheme, token) = auth.split_once(' ').ok_or(Failure::Malformed)?;
    let token = token.trim();
    // RFC 6750 section 2.1: the characters of a token.
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    if !scheme.eq_ignore_ascii_case("bearer") || !is_token {
        return Err(Failure::Malformed);
    }
    let user = match user {
        None => None,
        Some(user) => Some(prepare(user).map_err(|_| Failure::Credentials)?.into_owned()),
    };
    Ok(TokenCredentials { user, token: Secret::new(token.to_owned()) })
}

/// What a client whose token is refused is told, as JSON: that it needs another one, and where from.
pub(super) fn refusal(mechanism: Mechanism, openid_configuration: &str) -> String {
    if mechanism == Mechanism::XOAuth2 {
        return r#"{"status":"401","schemes":"bearer","scope":"imap smtp"}"#.to_owned();
    }
    if openid_configuration.is_empty() {
        return r#"{"status":"invalid_token"}"#.to_owned();
    }
    format!(r#"{{"status":"invalid_token","openid-configuration":"{openid_configuration}"}}"#)
}
