//! How a standby stands, for whoever asks: over HTTP, and in a file.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use api::actions::Refused;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use backup::moment_text;
use env::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Beyond this a standby that could not look is not ready to take over with what there is.
const LATE_SECONDS: i64 = 180;

#[derive(Debug, Clone, Default)]
struct Standing {
    moment: Option<Timestamp>,
    looked: Option<Timestamp>,
    steps: u64,
    failure: Option<String>,
}

impl Standing {
    fn behind_seconds(&self, now: Timestamp) -> Option<i64> {
        self.looked.map(|looked| (now.millis() - looked.millis()) / 1000)
    }

    fn told(&self, now: Timestamp) -> Value {
        json!({
            "state": "standby",
            "moment": self.moment.map(|moment| moment_text(moment.millis())),
            "moment_millis": self.moment.map(Timestamp::millis),
            "age_seconds": self.moment.map(|moment| (now.millis() - moment.millis()) / 1000),
            "caught_up": self.looked.map(|looked| looked.to_string()),
            "behind_seconds": self.behind_seconds(now),
            "steps": self.steps,
            "failure": self.failure,
        })
    }
}

/// How a standby stands.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Standing>>);

impl Told {
    /// Notes what came of a look at `now`; gives how it stands.
    pub(super) fn note(&self, moment: Option<Timestamp>, outcome: Result<usize, Refused>, now: Timestamp) -> Value {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.moment = moment;
        match outcome {
            Ok(steps) => {
                if steps > 0 {
                    tracing::info!(steps, moment = moment.map(|it| it.to_string()), "steps carried out");
                }
                standing.steps += steps as u64;
                standing.looked = Some(now);
                standing.failure = None;
            }
            Err(Refused(why)) => {
                tracing::warn!(why, "this standby could not follow; it is tried again");
                standing.failure = Some(why);
            }
        }
        standing.told(now)
    }

    /// Answers at `address`: /health, and /metrics for a program that gathers figures.
    pub(super) async fn serve(&self, address: SocketAddr) -> Result<JoinHandle<()>, Refused> {
        let failed = |error: std::io::Error| Refused(format!("cannot listen at {address}: {error}"));
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        let router =
            Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(self.clone());
        Ok(tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "nobody is told any more how this standby stands");
            }
        }))
    }

    fn now(&self) -> (Standing, Timestamp) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner).clone(), SystemClock.now())
    }
}

async fn health(State(told): State<Told>) -> impl IntoResponse {
    let (standing, now) = told.now();
    let is_ready = standing.behind_seconds(now).is_some_and(|behind| behind <= LATE_SECONDS);
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(standing.told(now)))
}

async fn metrics(State(told): State<Told>) -> String {
    let (standing, now) = told.now();
    let age = standing.moment.map_or(-1, |moment| (now.millis() - moment.millis()) / 1000);
    let behind = standing.behind_seconds(now).unwrap_or(-1);
    let figures = [
        ("behind_seconds", "gauge", "Since the last look at which nothing was missing; -1 before the first.", behind),
        ("age_seconds", "gauge", "Since the moment that is here; -1 where there is none.", age),
        ("steps_total", "counter", "Steps carried out since the start.", i64::try_from(standing.steps).unwrap_or(-1)),
    ];
    let line = |(name, kind, meaning, value): (&str, &str, &str, i64)| {
        let name = format!("tradewind_standby_{name}");
        format!("# HELP {name} {meaning}\n# TYPE {name} {kind}\n{name} {value}\n")
    };
    figures.map(line).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_failed_lets_it_fall_behind() {
        let (told, at) = (Told::default(), |seconds: i64| Timestamp::from_millis(seconds * 1_000));
        let first = told.note(None, Err(Refused("gone".to_owned())), at(100));
        assert_eq!((&first["behind_seconds"], &first["failure"]), (&Value::Null, &json!("gone")));
        let good = told.note(Some(at(90)), Ok(2), at(110));
        assert_eq!((&good["behind_seconds"], &good["age_seconds"], &good["steps"]), (&json!(0), &json!(20), &json!(2)));
        assert_eq!(good["failure"], Value::Null);
        let later = told.note(Some(at(90)), Err(Refused("gone".to_owned())), at(140));
        assert_eq!((&later["behind_seconds"], &later["age_seconds"]), (&json!(30), &json!(50)));
    }
}
