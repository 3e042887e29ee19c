//! Connectors: by which servers mail leaves and who may hand mail in, beside the routes of the settings.

use std::net::IpAddr;

use ::queue::connectors::{self, Connector, ConnectorError, Encryption, In, Out, Way};
use env::Secret;
use identity::{AccountKind, IdentityError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::{Controls, Refused};

/// Position of a connector where none is given: behind those that have one.
const USUAL_POSITION: i64 = 100;

/// A connector that is to hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorToSet {
    /// Number of the one that is changed, as the list gives it; a new one if it is left out.
    #[serde(default)]
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// out (mail that leaves) or in (mail that comes in).
    pub direction: String,
    /// Whether it holds.
    pub enabled: bool,
    /// Of several that match, the one with the lowest position counts; 100 if it is left out.
    #[serde(default)]
    pub position: Option<i64>,
    /// Domains, as example.com, *.ir or *: of recipients (out), or that the partner sends from (in).
    pub domains: Vec<String>,
    /// Out: the server, as host, host:port or address:port; without one, the domains' own mail exchangers.
    #[serde(default)]
    pub relay: Option<String>,
    /// Out: opportunistic, required or required-1.3.
    #[serde(default)]
    pub encryption: Option<String>,
    /// Out: name to sign in with at the server.
    #[serde(default)]
    pub user: Option<String>,
    /// Out: password. Of a connector that is changed it stays as it is if it is left out.
    #[serde(default)]
    pub password: Option<String>,
    /// Out: address of this machine to send from.
    #[serde(default)]
    pub source: Option<String>,
    /// In: networks of the partner's servers, as 192.0.2.0/24.
    #[serde(default)]
    pub networks: Vec<String>,
    /// In: SHA-256 of certificates that its servers show, in hexadecimal.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// In: mail from these servers and domains comes over TLS, or not at all.
    #[serde(default)]
    pub needs_tls: bool,
    /// In: mail from these domains comes from these servers, or not at all.
    #[serde(default)]
    pub only_from: bool,
    /// In: address of a program's account in whose name these servers may send anywhere.
    #[serde(default)]
    pub account: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(
        "account {0} is no program's; make one with tradewind service add, and give it the networks of the servers"
    )]
    NoService(String),
}

fn number(id: &str) -> Result<i64, Refused> {
    i64::from_str_radix(id, 16)
        .map_err(|_| Refused(format!("id {id:?} is no number of a connector; take it from the list")))
}

fn row(tx: &mut Tx<'_>, of: &Connector) -> Result<Value, Fault> {
    let mut row = json!({
        "id": format!("{:x}", of.id), "name": of.name, "enabled": of.enabled, "position": of.position,
        "from_settings": false,
    });
    let said = match &of.way {
        Way::Out(out) => json!({
            "direction": "out", "domains": out.domains, "relay": out.relay, "encryption": out.encryption.as_str(),
            "user": out.credentials.as_ref().map(|(user, _)| user),
            "source": out.source.map(|source| source.to_string()),
        }),
        Way::In(inward) => {
            let account = match inward.account {
                Some(account) => identity::list_addresses(tx, account)?.into_iter().next(),
                None => None,
            };
            json!({
                "direction": "in", "domains": inward.domains,
                "networks": inward.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "certificates": inward.certificates, "needs_tls": inward.needs_tls, "only_from": inward.only_from,
                "account": account,
            })
        }
    };
    if let (Value::Object(row), Value::Object(said)) = (&mut row, said) {
        row.extend(said);
    }
    Ok(row)
}

/// The routes of the settings, which go before, and the connectors in the order in which they are tried.
pub(super) async fn list(controls: &Controls) -> Result<Value, Refused> {
    let mut all = controls.elsewhere.routes();
    let work = |tx: &mut Tx<'_>| {
        let found = connectors::list(tx)?;
        found.iter().map(|one| row(tx, one)).collect::<Result<Vec<Value>, Fault>>()
    };
    all.extend(controls.store.read(work).await.map_err(Refused::because)?);
    Ok(Value::Array(all))
}

pub(super) async fn set(controls: &Controls, new: ConnectorToSet) -> Result<Value, Refused> {
    let id = new.id.as_deref().map(number).transpose()?;
    if !matches!(new.direction.as_str(), "out" | "in") {
        return Err(Refused(format!("direction {:?} is none; give out or in", new.direction)));
    }
    let work = move |tx: &mut Tx<'_>| {
        let way = if new.direction == "out" { Way::Out(out(tx, id, &new)?) } else { Way::In(inward(tx, &new)?) };
        let place = (new.name.as_str(), new.enabled, new.position.unwrap_or(USUAL_POSITION));
        let kept = connectors::set(tx, id, place, way)?;
        row(tx, &kept)
    };
    let asked = |error: Fault| Refused::because(error);
    controls.store.write(work).await.map_err(asked)
}

/// What is asked for of mail that leaves; the password that is known stays as long as the name and the server do: whoever names another server must not be
/// shown it there.
fn out(tx: &mut Tx<'_>, id: Option<i64>, new: &ConnectorToSet) -> Result<Out, Fault> {
    let text =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (relay, user, password) = (text(&new.relay), text(&new.user), new.password.clone().filter(|it| !it.is_empty()));
    let known = connectors::list(tx)?.into_iter().find(|one| Some(one.id) == id).and_then(|one| match one.way {
        Way::Out(out) if out.relay == relay => out.credentials,
        _ => None,
    });
    let known = known.filter(|(name, _)| Some(name) == user.as_ref()).map(|(_, password)| password);
    let credentials = match (user, password.map(Secret::new).or(known)) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => return Err(ConnectorError::HalfCredentials.into()),
    };
    let encryption = new.encryption.as_deref().unwrap_or("opportunistic");
    let source = text(&new.source);
    let address =
        source.as_deref().map(|text| text.parse::<IpAddr>().map_err(|_| ConnectorError::Source(text.to_owned())));
    Ok(Out {
        domains: new.domains.clone(),
        relay,
        encryption: encryption.parse::<Encryption>().map_err(ConnectorError::from)?,
        credentials,
        source: address.transpose()?,
    })
}

fn inward(tx: &mut Tx<'_>, new: &ConnectorToSet) -> Result<In, Fault> {
    let account = match new.account.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(address) => {
            let none = || Fault::NoService(address.to_owned());
            let account = identity::find_by_address(tx, address)?.ok_or_else(none)?;
            if identity::load_account(tx, account)?.kind != AccountKind::Service {
                return Err(none());
            }
            Some(account)
        }
        None => None,
    };
    Ok(In {
        networks: connectors::networks(&new.networks)?,
        certificates: new.certificates.clone(),
        domains: new.domains.clone(),
        needs_tls: new.needs_tls,
        only_from: new.only_from,
        account,
    })
}

pub(super) async fn remove(controls: &Controls, id: String) -> Result<Value, Refused> {
    let number = number(&id)?;
    controls.store.write(move |tx| connectors::remove(tx, number)).await.map_err(Refused::because)?;
    Ok(json!({ "id": id, "removed": true }))
}

/// Opens a connection as for a message to `domain` and sends none.
pub(super) async fn test(controls: &Controls, id: String, domain: Option<String>) -> Result<Value, Refused> {
    let number = number(&id)?;
    let all = controls.store.read(connectors::list).await.map_err(Refused::because)?;
    let found =
        all.into_iter().find(|one| one.id == number).ok_or_else(|| Refused::because(ConnectorError::Missing))?;
    let Way::Out(out) = found.way else {
        return Err(Refused(
            "a connector for mail that comes in opens no connection; have the partner send a message".to_owned(),
        ));
    };
    let plain = out.domains.iter().find(|domain| !domain.starts_with('*')).cloned();
    let domain = match domain.map(|text| mail::domain::canonical(text.trim()).map_err(Refused::because)).transpose()? {
        Some(domain) => domain,
        None => match (plain, &out.relay) {
            (Some(domain), _) => domain,
            // A relay is the same for all of them.
            (None, Some(_)) => "example.invalid".to_owned(),
            (None, None) => return Err(Refused("domain: name one of those that the connector is for".to_owned())),
        },
    };
    if !out.has_domain(&domain) && out.relay.is_none() {
        return Err(Refused(format!("domain {domain} does not go by this connector")));
    }
    let steps = controls.elsewhere.try_connector(&out, &domain).await?;
    Ok(json!({ "id": id, "domain": domain, "steps": steps }))
}

#[cfg(test)]
mod tests;
