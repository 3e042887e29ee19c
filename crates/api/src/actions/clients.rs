//! Who is signed in where: web sessions, app passwords, connected programs, and the clients of the OAuth server.

use env::Timestamp;
use identity::oauth::{self, NewOAuthClient, OAuthClient, OAuthGrant, TokenAlgorithm};
use identity::session::{self, Session};
use identity::{AppPassword, IdentityError, NewAppPassword, PreparedAppPassword, Protocol, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::{change_account, pick_organisation};
use super::{Controls, Refused};

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// An app password to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// An address of the account.
    pub address: String,
    /// The device that it is for.
    pub label: String,
    /// What it may be used for: "imap", "smtp"; both if none is named.
    #[serde(default)]
    pub protocols: Vec<String>,
    /// Days until it expires; never if none are given.
    #[serde(default)]
    pub days: Option<u32>,
}

/// An OAuth client to be registered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgram {
    /// Its name as people read it.
    pub name: String,
    /// Where it may have people sent back to.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// What it may ask for, divided by spaces.
    pub scope: String,
    /// Whether it cannot keep a secret, as programs on people's own machines.
    #[serde(default)]
    pub public: bool,
    /// How its identity tokens are signed: ES256 (if none is named) or RS256, for clients that know nothing else.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// Whose people may use it.
    #[serde(default)]
    pub organisation: Option<String>,
}

pub(super) async fn list_sessions(controls: &Controls, address: String) -> Result<Value, Refused> {
    let found = look(controls, address, session::list_sessions).await?;
    let row = |it: &Session| {
        json!({
            "id": it.id,
            "since": it.created.to_string(),
            "seen": it.seen.to_string(),
            "expires": it.expires.to_string(),
            "strong_at": it.strong_at.map(|at| at.to_string()),
            "from": it.address.map(|address| address.to_string()),
            "agent": it.agent,
        })
    };
    Ok(found.iter().map(row).collect())
}

/// Ends one web session; without number everything that anybody is signed in with.
pub(super) async fn end_session(controls: &Controls, address: String, id: Option<i64>) -> Result<Value, Refused> {
    let name = address.clone();
    change_account(controls, address, move |tx, account| match id {
        Some(id) => session::end_session(tx, account, id),
        None => identity::end_sign_ins(tx, account),
    })
    .await?;
    Ok(json!({ "address": name, "ended": id.map_or_else(|| json!("all"), |id| json!(id)) }))
}

pub(super) async fn add_app_password(controls: &Controls, new: NewDevice) -> Result<Value, Refused> {
    let protocols: Result<Vec<Protocol>, _> = new.protocols.iter().map(|word| word.parse()).collect();
    let protocols = protocols.map_err(Refused::because)?;
    let both = [Protocol::Imap, Protocol::Smtp];
    let scope = Scope::of(if protocols.is_empty() { &both } else { &protocols });
    let now = controls.store.context().clock.now();
    let expires = new.days.map(|days| Timestamp::from_millis(now.millis() + i64::from(days) * DAY_MILLIS));
    let what = NewAppPassword { label: new.label, scope, expires };
    let salt = look(controls, new.address.clone(), identity::scram_salt).await?;
    let entropy = controls.store.context().entropy.clone();
    let prepared = tokio::task::spawn_blocking(move || PreparedAppPassword::new(&salt, &*entropy))
        .await
        .map_err(Refused::because)?
        .map_err(Refused::because)?;
    let shown = prepared.secret().expose().clone();
    let kept = what.clone();
    let add = move |tx: &mut Tx<'_>, account| identity::add_app_password(tx, account, &kept, &prepared);
    let id = change_account(controls, new.address.clone(), add).await?;
    Ok(
        json!({ "address": new.address, "id": id, "label": what.label, "scope": scope.to_string(), "app_password": shown }),
    )
}

pub(super) async fn list_app_passwords(controls: &Controls, address: String) -> Result<Value, Refused> {
    let found = look(controls, address, identity::list_app_passwords).await?;
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let row = |it: &AppPassword| {
        json!({
            "id": it.id,
            "label": it.what.label,
            "scope": it.what.scope.to_string(),
            "since": it.created.to_string(),
            "expires": moment(it.what.expires),
            "used": moment(it.used),
            "from": it.used_from.map(|address| address.to_string()),
            "agent": it.used_by,
        })
    };
    Ok(found.iter().map(row).collect())
}

pub(super) async fn revoke_app_password(controls: &Controls, address: String, id: i64) -> Result<Value, Refused> {
    change_account(controls, address, move |tx, account| identity::revoke_app_password(tx, account, id)).await?;
    Ok(json!({ "revoked": id }))
}

pub(super) async fn list_programs(controls: &Controls, address: String) -> Result<Value, Refused> {
    let found = look(controls, address, oauth::list_grants).await?;
    let row = |it: &OAuthGrant| {
        json!({
            "id": it.id,
            "client": it.client,
            "scope": it.scope.to_string(),
            "since": it.created.to_string(),
            "used": it.used.to_string(),
            "from": it.address.map(|address| address.to_string()),
            "agent": it.agent,
        })
    };
    Ok(found.iter().map(row).collect())
}

pub(super) async fn revoke_program(controls: &Controls, address: String, id: i64) -> Result<Value, Refused> {
    change_account(controls, address, move |tx, account| oauth::end_grant(tx, account, id)).await?;
    Ok(json!({ "revoked": id }))
}

pub(super) async fn list_clients(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        oauth::list_clients(tx, Some(organisation))
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    let row = |it: &OAuthClient| {
        json!({
            "client_id": it.id,
            "name": it.name,
            "public": it.is_public,
            "redirects": it.redirects,
            "scope": it.scope.to_string(),
            "algorithm": it.algorithm.as_str(),
            "shipped": it.organisation.is_none(),
        })
    };
    Ok(found.iter().map(row).collect())
}

pub(super) async fn add_client(controls: &Controls, by: &Bounds, new: NewProgram) -> Result<Value, Refused> {
    let scope = new.scope.parse().map_err(Refused::because)?;
    let algorithm = match &new.algorithm {
        Some(word) => word.parse().map_err(Refused::because)?,
        None => TokenAlgorithm::Es256,
    };
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, new.organisation.as_deref())?;
        let client = NewOAuthClient {
            organisation,
            name: new.name.clone(),
            is_public: new.public,
            redirects: new.redirects.clone(),
            scope,
            algorithm,
        };
        oauth::register_client(tx, &client)
    };
    let made = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "client_id": made.id, "client_secret": made.secret.map(|secret| secret.expose().clone()) }))
}

/// Takes away a client of the organisation that is named, or of the only one.
pub(super) async fn remove_client(
    controls: &Controls,
    by: &Bounds,
    client_id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let id = client_id.clone();
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let found = oauth::find_client(tx, &id)?.filter(|client| client.organisation == Some(organisation));
        if found.is_none() {
            return Err(oauth::OAuthError::NoClient(id.clone()).into());
        }
        oauth::remove_client(tx, &id)
    };
    controls.store.write(work).await.map_err(|error: IdentityError| Refused::because(error))?;
    Ok(json!({ "removed": client_id }))
}

/// Reads something of the account that `address` belongs to.
async fn look<T: Send + 'static>(
    controls: &Controls,
    address: String,
    read: impl FnOnce(&mut Tx<'_>, i64) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let found = identity::find_by_address(tx, &address)?;
        let account = found.ok_or_else(|| IdentityError::NoAccount(address.clone()))?;
        read(tx, account)
    };
    controls.store.read(work).await.map_err(Refused::because)
}
