//! The provisioning interface: SCIM 2.0 (RFC 7644) under `/scim/v2`, for clients with a token of their own. What is done is
//! [`provision::scim`]'s.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query as QueryOf, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use identity::Directory;
use provision::client::{self, Client};
use provision::scim::{self, Answer, Filter, Query, Resource, ScimError};
use serde::Deserialize;
use serde_json::Value;
use store::Store;

/// Media type of everything here (RFC 7644 section 3.1).
const MEDIA_TYPE: &str = "application/scim+json";

/// What the interface works on.
#[derive(Clone)]
pub struct ScimParts {
    /// Everything that is kept.
    pub store: Store,
    /// Whose addresses are whose; forgets what it remembers after each change.
    pub directory: Arc<Directory>,
    /// Our host name, where a request names none.
    pub hostname: String,
}

/// The routes under `/scim/v2`.
pub fn scim_router(parts: ScimParts) -> Router {
    Router::new()
        .route("/scim/v2/{kind}", any(all))
        .route("/scim/v2/{kind}/{id}", any(one))
        .layer(middleware::from_fn(crate::harden))
        .with_state(parts)
}

/// The parameters of a search.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    excluded_attributes: Option<String>,
}

impl Wanted {
    fn query(self) -> Result<Query, ScimError> {
        let filter = self.filter.as_deref().map(Filter::parse).transpose()?;
        let excluded = self.excluded_attributes.unwrap_or_default();
        let excluded = excluded.split(',').map(|name| name.trim().to_ascii_lowercase());
        // RFC 7644 section 3.4.2.4: below one counts as one, and a negative number as none.
        let at_least_zero = |number: i64| usize::try_from(number).unwrap_or(0);
        Ok(Query {
            filter,
            start_index: self.start_index.map_or(1, at_least_zero).max(1),
            count: self.count.map(at_least_zero),
            excluded: excluded.filter(|name| !matches!(name.as_str(), "" | "id" | "schemas")).collect(),
        })
    }
}

fn resource(kind: &str) -> Result<Resource, ScimError> {
    match kind {
        "Users" => Ok(Resource::Users),
        "Groups" => Ok(Resource::Groups),
        _ => Err(ScimError::not_found()),
    }
}

/// `/Users`, `/Groups`, and what the server says of itself.
async fn all(
    State(parts): State<ScimParts>,
    method: Method,
    Path(kind): Path<String>,
    QueryOf(wanted): QueryOf<Wanted>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let outcome = async {
        let client = parts.authenticate(&headers).await?;
        let base = parts.base(&headers);
        if method == Method::GET {
            let about = match kind.as_str() {
                "ServiceProviderConfig" => Some(scim::service_provider_config(&base)),
                "ResourceTypes" => Some(scim::resource_types(&base)),
                "Schemas" => Some(scim::schemas(&base)),
                _ => None,
            };
            if let Some(about) = about {
                return Ok(json(StatusCode::OK, &about));
            }
        }
        let resource = resource(&kind)?;
        match method {
            Method::GET => {
                let query = wanted.query()?;
                let work = move |tx: &mut store::Tx<'_>| scim::search(tx, &client, resource, &query, &base);
                Ok(json(StatusCode::OK, &parts.store.read(work).await?))
            }
            Method::POST => {
                let body = read(&body)?;
                let made = parts.change(move |tx| scim::create(tx, &client, resource, &body, &base)).await?;
                Ok(answer(StatusCode::CREATED, &made))
            }
            _ => Err(not_allowed()),
        }
    };
    finish(outcome.await)
}

/// `/Users/ID`, `/Groups/ID`, and one thing that the server says of itself.
async fn one(
    State(parts): State<ScimParts>,
    method: Method,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let outcome = async {
        let client = parts.authenticate(&headers).await?;
        let base = parts.base(&headers);
        if method == Method::GET && matches!(kind.as_str(), "ResourceTypes" | "Schemas") {
            let about = if kind == "Schemas" { scim::schema(&id, &base) } else { scim::resource_type(&id, &base) };
            return about.map(|about| json(StatusCode::OK, &about)).ok_or_else(ScimError::not_found);
        }
        let resource = resource(&kind)?;
        let condition = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let if_match = condition(header::IF_MATCH);
        match method {
            Method::GET => {
                let found = parts.store.read(move |tx| scim::get(tx, &client, resource, &id, &base)).await?;
                let known = condition(header::IF_NONE_MATCH);
                let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == found.version));
                Ok(if is_known { StatusCode::NOT_MODIFIED.into_response() } else { answer(StatusCode::OK, &found) })
            }
            Method::PUT | Method::PATCH => {
                let (body, whole) = (read(&body)?, method == Method::PUT);
                let changed = parts
                    .change(move |tx| {
                        let change = if whole { scim::replace } else { scim::patch };
                        change(tx, &client, resource, &id, &body, if_match.as_deref(), &base)
                    })
                    .await?;
                Ok(answer(StatusCode::OK, &changed))
            }
            Method::DELETE => {
                parts.change(move |tx| scim::delete(tx, &client, resource, &id, if_match.as_deref(), &base)).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(not_allowed()),
        }
    };
    finish(outcome.await)
}

impl ScimParts {
    /// The client whose token the request bears (RFC 6750 section 2.1).
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Client, ScimError> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            given.and_then(|given| given.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, token)) = token else { return Err(ScimError::unauthorized()) };
        let token = token.trim().to_owned();
        let found = self.store.read(move |tx| client::find(tx, &token)).await?;
        let Some(client) = found else {
            tracing::info!("a provisioning client with no valid token is refused");
            return Err(ScimError::unauthorized());
        };
        let used = client.clone();
        self.store.write(move |tx| client::note_use(tx, &used)).await?;
        Ok(client)
    }

    /// Does something that changes the directory, all of it or nothing.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut store::Tx<'_>) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, ScimError> {
        let outcome = self.store.write(work).await;
        self.directory.forget();
        outcome
    }

    fn base(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or(&self.hostname);
        format!("https://{host}/scim/v2")
    }
}

fn read(body: &Bytes) -> Result<Value, ScimError> {
    serde_json::from_slice(body).map_err(|error| ScimError::syntax(format!("the body is no JSON: {error}")))
}

fn not_allowed() -> ScimError {
    ScimError { status: 405, kind: None, detail: "this cannot be done to this address".to_owned() }
}

fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

fn answer(status: StatusCode, told: &Answer) -> Response {
    let mut response = json(status, &told.body);
    let headers = response.headers_mut();
    for (name, value) in [(header::ETAG, &told.version), (header::LOCATION, &told.location)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

fn finish(outcome: Result<Response, ScimError>) -> Response {
    outcome.unwrap_or_else(|error| {
        tracing::info!(%error, "a provisioning request is refused");
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, &error.body());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    })
}
