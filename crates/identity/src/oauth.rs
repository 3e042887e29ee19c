//! A small OAuth 2.1 and OpenID Connect provider: clients, what people allow them, and the tokens that come of it.
//!
//! Knows no HTTP: the caller reads parameters and writes answers. Every token is random and opaque, rests as a keyed hash, and is
//! looked up when it is shown, so that what is revoked ends at once. Codes and refresh tokens are good once; one that comes a
//! second time has been copied, and everything that came of its grant ends.
//!
//! Functions that check what a client shows give `Ok(Err(..))` for what the client is told, so that what they wrote meanwhile, such
//! as the end of a grant, stays written.

mod clients;
mod codes;
mod devices;
mod error;
mod grants;
mod keys;
mod scope;
mod tokens;

pub use clients::{
    NewOAuthClient, OAuthClient, Registered, authenticate_client, find_client, list_clients, register_client,
    remove_client,
};
pub use codes::{Authorization, exchange_code, issue_code};
pub use devices::{DeviceCodes, PendingDevice, begin_device, decide_device, find_device, poll_device};
pub use error::OAuthError;
pub use grants::{OAuthGrant, end_grant, list_grants, revoke_all};
pub(crate) use grants::{grant_stands, note_use};
pub use keys::{
    FreshKey, PublicKey, SignedToken, TokenAlgorithm, keep_key, missing_keys, public_keys, sign_identity_token,
    signing_key,
};
pub use scope::{OAuthScope, ScopeWord};
pub(crate) use tokens::sign_in;
pub use tokens::{ACCESS_LIFE, Bearer, Issued, bearer, introspect, refresh, revoke_token};

use crate::IdentityError;

/// What a client is answered, beside failures of our own.
pub type Answer<T> = Result<Result<T, OAuthError>, IdentityError>;
