//! What people do on their pages is carried out as the actions of the API.

use axum::http::StatusCode;
use identity::session::Resumed;
use serde_json::Value;

use super::Portal;
use super::request::Visitor;
use crate::actions::{Action, Refused};

/// What became of a change.
pub(super) enum Outcome {
    Done(Value),
    /// A strong factor is to be shown first.
    #[allow(dead_code)]
    StepUp,
    /// A second person has to approve it.
    #[allow(dead_code)]
    Waiting,
    Failed(StatusCode, String),
}

/// Carries out what somebody asks for on a page.
pub(super) async fn carry_out(portal: &Portal, _: &Visitor, _: &Resumed, action: Action) -> Outcome {
    match portal.controls.carry_out(action).await {
        Ok(value) => Outcome::Done(value),
        Err(Refused(words)) => Outcome::Failed(StatusCode::BAD_REQUEST, words),
    }
}
