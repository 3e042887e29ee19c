//! SCIM 2.0 (RFC 7643, RFC 7644): an HR system or identity provider makes, changes and disables people and groups here.
//!
//! Resources are JSON: [`operations`] reads and writes them over a store transaction for one [`Client`](crate::client::Client), and the
//! routes in `api` bring them to HTTP. A PATCH is applied to the JSON of the resource as it is, and the result is taken over like a PUT:
//! whatever dialect of PATCH a client speaks, there is one way in.

mod filter;
mod groups;
mod operations;
mod patch;
mod schema;
mod users;

pub use filter::Filter;
pub use operations::{Answer, Query, create, delete, get, patch, replace, search};
pub use schema::{resource_type, resource_types, schema, schemas, service_provider_config};

use serde_json::{Value, json};

/// Schema of users (RFC 7643 section 4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Schema of groups (RFC 7643 section 4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Our extension of groups: their mail address and who may write to it.
pub const MAIL_GROUP: &str = "urn:tradewind:params:scim:schemas:extension:mail:1.0:Group";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Resources that one answer lists at most.
pub const RESULTS_MAX: usize = 200;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `/Users`
    Users,
    /// `/Groups`
    Groups,
}

impl Resource {
    /// Its path below the base.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Groups => "Groups",
        }
    }

    const fn schema(self) -> &'static str {
        match self {
            Self::Users => USER,
            Self::Groups => GROUP,
        }
    }
}

/// A refusal (RFC 7644 section 3.12).
#[derive(Debug, thiserror::Error)]
#[error("{status} {}: {detail}", .kind.unwrap_or("error"))]
pub struct ScimError {
    /// HTTP status code.
    pub status: u16,
    /// `scimType`, where the RFC has one.
    pub kind: Option<&'static str>,
    /// For people. Says nothing of what the client may not know.
    pub detail: String,
}

impl ScimError {
    fn new(status: u16, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    /// A value that cannot be used.
    fn value(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidValue"), detail)
    }

    /// A request whose form is wrong.
    #[must_use]
    pub fn syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some("invalidSyntax"), detail)
    }

    /// No token, or one that does not hold.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, None, "a valid bearer token is needed")
    }

    /// There is no such resource.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(404, None, "there is no such resource")
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR], "status": self.status.to_string(), "detail": self.detail });
        if let (Some(kind), Some(fields)) = (self.kind, body.as_object_mut()) {
            fields.insert("scimType".to_owned(), kind.into());
        }
        body
    }
}

impl From<crate::ProvisionError> for ScimError {
    fn from(error: crate::ProvisionError) -> Self {
        use crate::ProvisionError as P;
        use identity::IdentityError as I;
        match error {
            P::Identity(I::Store(error)) | P::Store(error) => {
                tracing::error!(%error, "provisioning fails for now");
                Self::new(503, None, "this does not work now, try again later")
            }
            P::Identity(error @ (I::AddressTaken(_) | I::ForeignDomain(_))) => {
                Self::new(409, Some("uniqueness"), error.to_string())
            }
            P::Identity(error @ (I::NoAccount(_) | I::NoGroup(_))) => Self::value(error.to_string()),
            P::Mailbox(error) => {
                tracing::error!(%error, "provisioning fails for now");
                Self::new(503, None, "this does not work now, try again later")
            }
            other => Self::value(other.to_string()),
        }
    }
}

impl From<identity::IdentityError> for ScimError {
    fn from(error: identity::IdentityError) -> Self {
        crate::ProvisionError::from(error).into()
    }
}

impl From<store::StoreError> for ScimError {
    fn from(error: store::StoreError) -> Self {
        crate::ProvisionError::from(error).into()
    }
}

/// The value of an attribute, whatever the case of its name (RFC 7643 section 2.1).
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
