//! What went wrong, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Unauthenticated;
use crate::schema::Misfit;

/// What every `type` begins with.
pub(super) const URN: &str = "urn:tradewind:problem:";

macro_rules! kinds {
    ($($name:ident = $status:ident $word:literal $title:literal,)+) => {
        /// A kind of failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Kind {
            $($name,)+
        }

        impl Kind {
            /// All there are.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(super) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// What its `type` ends in.
            pub(super) const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            pub(super) const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)+
                }
            }
        }
    };
}

kinds! {
    Malformed = BAD_REQUEST "malformed" "The request cannot be read",
    NotSignedIn = UNAUTHORIZED "not-signed-in" "Sign in first",
    StepUp = UNAUTHORIZED "step-up" "A strong factor is needed",
    NotAllowed = FORBIDDEN "not-allowed" "This is not there, or you may not do it",
    Forged = FORBIDDEN "not-from-our-page" "The request does not come from our own page",
    Scope = FORBIDDEN "wrong-scope" "What was shown is not good for the API",
    PasswordTooOld = FORBIDDEN "password-too-old" "Choose a new password on the account page first",
    NoSuchAction = NOT_FOUND "no-such-action" "There is no such action",
    WrongMethod = METHOD_NOT_ALLOWED "wrong-method" "This is asked for in another way",
    TooLong = PAYLOAD_TOO_LARGE "too-long" "The request is too long",
    NotJson = UNSUPPORTED_MEDIA_TYPE "not-json" "Send application/json",
    Refused = UNPROCESSABLE_ENTITY "refused" "This cannot be done",
    Throttled = TOO_MANY_REQUESTS "too-many-attempts" "Too many attempts",
    Temporary = SERVICE_UNAVAILABLE "temporary" "This does not work at the moment",
}

/// A failure as the client is told of it.
pub(super) struct Problem {
    kind: Kind,
    detail: Option<String>,
    /// The field of the request that it is about.
    field: Option<String>,
    challenge: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, detail: None, field: None, challenge: None, retry_after: None }
    }

    fn with(kind: Kind, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(kind) }
    }

    pub(super) fn unauthenticated(why: Unauthenticated) -> Self {
        match why {
            Unauthenticated::Missing => Self { challenge: Some("Bearer".to_owned()), ..Self::new(Kind::NotSignedIn) },
            Unauthenticated::Forged => Self::new(Kind::Forged),
            Unauthenticated::Scope => {
                Self { challenge: Some("Bearer error=\"insufficient_scope\"".to_owned()), ..Self::new(Kind::Scope) }
            }
            Unauthenticated::PasswordTooOld => Self::new(Kind::PasswordTooOld),
            Unauthenticated::Temporary => Self::new(Kind::Temporary),
            Unauthenticated::Throttled(wait) => Self { retry_after: Some(wait), ..Self::new(Kind::Throttled) },
        }
    }

    /// The same whether a thing is not there or is another's.
    pub(super) const fn not_allowed() -> Self {
        Self::new(Kind::NotAllowed)
    }

    /// Asks for a fresh strong factor (RFC 9470 section 3).
    pub(super) fn step_up(max_age: Duration) -> Self {
        let seconds = max_age.as_secs();
        Self {
            challenge: Some(format!(
                "Bearer error=\"insufficient_user_authentication\", error_description=\"a strong factor is needed\", max_age=\"{seconds}\""
            )),
            ..Self::with(Kind::StepUp, format!("show a strong factor first; it counts for {seconds} seconds"))
        }
    }

    pub(super) fn failed(why: String) -> Self {
        Self::with(Kind::Refused, why)
    }

    pub(super) fn temporary(why: String) -> Self {
        Self::with(Kind::Temporary, why)
    }

    pub(super) fn no_such_action(name: &str) -> Self {
        Self::with(Kind::NoSuchAction, format!("{name} is no action; see /api/v1/openapi.json"))
    }

    /// The body could not be taken in: it is longer than `bytes_max`, or its end did not come.
    pub(super) fn unread(status: StatusCode, bytes_max: usize) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::with(Kind::TooLong, format!("send at most {bytes_max} octets"));
        }
        Self::malformed("the body did not come whole")
    }

    pub(super) fn malformed(why: &str) -> Self {
        Self::with(Kind::Malformed, why)
    }

    /// A field is not as the description of the action says.
    pub(super) fn misfit(misfit: Misfit) -> Self {
        let Misfit { field, why } = misfit;
        if field.is_empty() {
            return Self::malformed(&format!("the request {why}"));
        }
        Self { field: Some(field.clone()), ..Self::malformed(&format!("`{field}`: {why}")) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let mut body = json!({
            "type": format!("{URN}{}", self.kind.word()),
            "title": self.kind.title(),
            "status": status.as_u16(),
            "detail": self.detail,
        });
        if let Some(field) = self.field {
            body["field"] = field.into();
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}
