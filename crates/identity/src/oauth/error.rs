/// What a client of the OAuth server is told (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5), and what an administrator is
/// told who registers one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// A parameter is missing, given twice or cannot be.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// No such client, or it did not show its secret.
    #[error("the client is unknown or did not authenticate")]
    InvalidClient,
    /// The code, device code or refresh token is not good (any more) or was given to another client.
    #[error("the code or token is not valid, has been used, or belongs to another client")]
    InvalidGrant,
    /// The client may not do this.
    #[error("the client may not use this kind of grant")]
    UnauthorizedClient,
    /// An unknown kind of grant.
    #[error("this kind of grant is not known")]
    UnsupportedGrantType,
    /// A scope that is unknown or that the client may not ask for.
    #[error("the scope is unknown or the client may not ask for it")]
    InvalidScope,
    /// The person said no.
    #[error("access was denied")]
    AccessDenied,
    /// Nobody has decided yet about the device.
    #[error("nobody has allowed the device yet")]
    AuthorizationPending,
    /// The device asks too often.
    #[error("the device asks too often")]
    SlowDown,
    /// The device code is too old.
    #[error("the device code has expired")]
    ExpiredToken,
    /// The access token is unknown, expired or revoked.
    #[error("the access token is not valid")]
    InvalidToken,
    /// A client to be registered cannot be so.
    #[error("{what} {given:?} cannot be registered: {cause}")]
    Registration {
        /// What.
        what: &'static str,
        /// The input.
        given: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// No such client.
    #[error("OAuth client {0} does not exist; see tradewind oauth client list")]
    NoClient(String),
    /// No such grant.
    #[error("OAuth grant {0} does not exist; see tradewind user session list")]
    NoGrant(i64),
}

impl OAuthError {
    /// The word in the answer's `error` field.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::Registration { .. } | Self::NoGrant(_) => "invalid_request",
            Self::InvalidClient | Self::NoClient(_) => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::InvalidToken => "invalid_token",
        }
    }
}
