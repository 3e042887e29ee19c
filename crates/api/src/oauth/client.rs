//! Which client sends a request (RFC 6749 section 2.3).

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Secret;
use identity::oauth::{self, Answer, OAuthClient, OAuthError};
use store::Tx;

use crate::web::Params;

/// Identifier and secret as a request shows them.
#[derive(Clone)]
pub(super) struct Shown {
    id: String,
    secret: Option<Secret<String>>,
}

impl Shown {
    /// Reads what the request shows: in the header or in the form, not both.
    pub(super) fn read(headers: &HeaderMap, params: &Params) -> Result<Self, OAuthError> {
        let id = params.get("client_id")?;
        let secret = params.get("client_secret")?;
        let Some(line) = headers.get(header::AUTHORIZATION) else {
            let id = id.ok_or(OAuthError::InvalidClient)?.to_owned();
            return Ok(Self { id, secret: secret.map(|secret| Secret::new(secret.to_owned())) });
        };
        if secret.is_some() {
            return Err(OAuthError::InvalidRequest("the client shows its secret in two ways"));
        }
        let shown = line.to_str().ok().and_then(read_basic).ok_or(OAuthError::InvalidClient)?;
        match id {
            Some(id) if id != shown.id => Err(OAuthError::InvalidClient),
            _ => Ok(shown),
        }
    }

    /// The client, if it is what it says.
    pub(super) fn authenticate(&self, tx: &mut Tx<'_>) -> Answer<OAuthClient> {
        oauth::authenticate_client(tx, &self.id, self.secret.as_ref())
    }
}

/// RFC 6749 section 2.3.1: both are form-encoded inside.
fn read_basic(line: &str) -> Option<Shown> {
    let (scheme, encoded) = line.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = Secret::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
    let (id, secret) = text.expose().split_once(':')?;
    Some(Shown { id: decode(id)?, secret: Some(Secret::new(decode(secret)?)) })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_inside() {
        let line = format!("Basic {}", STANDARD.encode("c%3A1:se%2Fcret+%2b"));
        let shown = read_basic(&line).unwrap();
        assert_eq!((shown.id.as_str(), shown.secret.unwrap().expose().as_str()), ("c:1", "se/cret +"));
        for bad in ["Basic !", "Bearer YTpi", "Basic YQ==", "Basic"] {
            assert!(read_basic(bad).is_none(), "{bad}");
        }
    }
}
