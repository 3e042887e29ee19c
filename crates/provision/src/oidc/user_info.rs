//! What a provider tells of a person beside the identity token (OpenID Connect Core 1.0 section 5.3), as those do that keep tokens thin.

use serde_json::Value;

use super::{Fetch, unexpected};
use crate::{OidcProvider, ProvisionError};

/// Adds to the `claims` of a token who the person is, if it does not name the address. It is the provider's word for the same subject, or none.
pub(super) async fn complete(
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    address: &str,
    access_token: &str,
    mut claims: Value,
) -> Result<Value, ProvisionError> {
    let body = fetch.get(provider, address, Some(access_token)).await?;
    let told: Value = serde_json::from_slice(&body)
        .map_err(|error| unexpected(provider, format!("what it tells of the person cannot be read: {error}")))?;
    // Core 1.0 section 5.3.2: else it may be anybody's.
    if told.get("sub").is_none() || told.get("sub") != claims.get("sub") {
        return Err(unexpected(provider, "it tells of another person than the token names".to_owned()));
    }
    // The address and what is said of it belong together.
    for name in [provider.address_claim.as_str(), "email_verified", provider.name_claim.as_str()] {
        claims[name] = told.get(name).cloned().unwrap_or(Value::Null);
    }
    Ok(claims)
}
