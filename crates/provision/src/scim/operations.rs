//! What clients do (RFC 7644 section 3), each in one transaction.

use aws_lc_rs::digest::{SHA256, digest};
use identity::groups as directory;
use identity::{AccountKind, PAGE_MAX};
use serde_json::{Value, json};
use store::Tx;

use super::{Filter, LIST, RESULTS_MAX, Resource, ScimError, groups, patch as patching, users};
use crate::client::Client;
use crate::link::{self, Kind, Link};
use crate::people;

/// A resource as it is told.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The resource.
    pub body: Value,
    /// Its entity tag.
    pub version: String,
    /// Its address.
    pub location: String,
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Which resources; all of them without.
    pub filter: Option<Filter>,
    /// The first result that is told, from 1.
    pub start_index: usize,
    /// How many are told; as many as possible without.
    pub count: Option<usize>,
    /// Attributes that are left out, in lower case.
    pub excluded: Vec<String>,
}

/// One that is there for the client.
enum Found {
    User(identity::Account, Option<Link>),
    Group(directory::Group, Option<Link>),
}

fn kind(resource: Resource) -> Kind {
    match resource {
        Resource::Users => Kind::Person,
        Resource::Groups => Kind::Group,
    }
}

/// Finds what fits (RFC 7644 section 3.4.2).
///
/// # Errors
/// [`ScimError`] if the store fails.
pub fn search(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    query: &Query,
    base: &str,
) -> Result<Value, ScimError> {
    let mut all = Vec::new();
    for found in candidates(tx, client, resource, query.filter.as_ref())? {
        let answer = render(tx, &found, base)?;
        if query.filter.as_ref().is_none_or(|filter| filter.fits(&answer.body)) {
            all.push(answer.body);
        }
    }
    let total = all.len();
    let start = query.start_index.max(1);
    let count = query.count.unwrap_or(RESULTS_MAX).min(RESULTS_MAX);
    let mut page: Vec<Value> = all.into_iter().skip(start - 1).take(count).collect();
    for one in page.iter_mut().filter_map(Value::as_object_mut) {
        one.retain(|name, _| !query.excluded.contains(&name.to_ascii_lowercase()));
    }
    Ok(json!({
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    }))
}

/// Those that can fit: found by name or identifier where the filter gives one, else all.
fn candidates(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    filter: Option<&Filter>,
) -> Result<Vec<Found>, ScimError> {
    let by_external = filter.and_then(|filter| filter.equals("externalId"));
    let by_id = filter.and_then(|filter| filter.equals("id"));
    let by_name = filter.and_then(|filter| filter.equals("userName")).filter(|_| resource == Resource::Users);
    let single = match (by_id, by_name, by_external) {
        (Some(id), ..) => Some(id.parse().ok()),
        (None, Some(name), _) => Some(identity::find_by_address(tx, name).ok().flatten()),
        (None, None, Some(external)) => {
            Some(link::find(tx, &client.source(), kind(resource), external)?.map(|link| link.object))
        }
        (None, None, None) => None,
    };
    if let Some(single) = single {
        let Some(id) = single else { return Ok(Vec::new()) };
        return Ok(find(tx, client, resource, id)?.into_iter().collect());
    }
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let ids: Vec<i64> = match resource {
            Resource::Users => {
                let page = identity::list_accounts(tx, Some(client.organisation), after, PAGE_MAX)?;
                page.iter().map(|account| account.id).collect()
            }
            Resource::Groups => {
                let page = directory::list_groups(tx, client.organisation, after, PAGE_MAX)?;
                page.iter().map(|group| group.id).collect()
            }
        };
        let Some(last) = ids.last() else { return Ok(all) };
        after = *last;
        for id in ids {
            all.extend(find(tx, client, resource, id)?);
        }
    }
}

/// The resource of that identifier, if it is there for the client: of its organisation, a person's or a group, not deleted by it.
fn find(tx: &mut Tx<'_>, client: &Client, resource: Resource, id: i64) -> Result<Option<Found>, ScimError> {
    let link = link::of_object(tx, &client.source(), kind(resource), id)?;
    if link.as_ref().is_some_and(|link| !link.is_present) {
        return Ok(None);
    }
    match resource {
        Resource::Users => match identity::load_account(tx, id) {
            Ok(account) if account.organisation == client.organisation && account.kind == AccountKind::Person => {
                Ok(Some(Found::User(account, link)))
            }
            Ok(_) | Err(identity::IdentityError::NoAccount(_)) => Ok(None),
            Err(error) => Err(error.into()),
        },
        Resource::Groups => match directory::load_group(tx, id) {
            Ok(group) if group.organisation == client.organisation => Ok(Some(Found::Group(group, link))),
            Ok(_) | Err(identity::IdentityError::NoGroup(_)) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

fn require(tx: &mut Tx<'_>, client: &Client, resource: Resource, id: &str) -> Result<Found, ScimError> {
    let id = id.parse().map_err(|_| ScimError::not_found())?;
    find(tx, client, resource, id)?.ok_or_else(ScimError::not_found)
}

/// An external identifier that the client gave; one that we made for it is ours alone.
fn shown(link: Option<&Link>) -> Option<&str> {
    link.map(|link| link.external.as_str()).filter(|external| !external.starts_with("id:"))
}

fn render(tx: &mut Tx<'_>, found: &Found, base: &str) -> Result<Answer, ScimError> {
    let (mut body, resource, id, created) = match found {
        Found::User(account, link) => {
            (users::render(account, shown(link.as_ref())), Resource::Users, account.id, account.created)
        }
        Found::Group(group, link) => {
            (groups::render(tx, group, shown(link.as_ref()))?, Resource::Groups, group.id, group.created)
        }
    };
    let hash: String = digest(&SHA256, body.to_string().as_bytes())
        .as_ref()
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let version = format!("W/\"{hash}\"");
    let location = format!("{base}/{}/{id}", resource.path());
    let kind = resource.path().trim_end_matches('s');
    if let Some(fields) = body.as_object_mut() {
        let meta = json!({
            "resourceType": kind, "created": created.to_string(), "location": location, "version": version,
        });
        fields.insert("meta".to_owned(), meta);
    }
    Ok(Answer { body, version, location })
}

/// The resource of that identifier.
///
/// # Errors
/// [`ScimError::not_found`] if there is none for the client.
pub fn get(tx: &mut Tx<'_>, client: &Client, resource: Resource, id: &str, base: &str) -> Result<Answer, ScimError> {
    let found = require(tx, client, resource, id)?;
    render(tx, &found, base)
}

/// Makes a resource (RFC 7644 section 3.3). Somebody whom the client deleted before comes back with all their mail.
///
/// # Errors
/// [`ScimError`]: 409 if there is one already.
pub fn create(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    body: &Value,
    base: &str,
) -> Result<Answer, ScimError> {
    check_schema(body, resource)?;
    let source = client.source();
    let external = external_id(body);
    if let Some(external) = &external
        && link::find(tx, &source, kind(resource), external)?.is_some_and(|link| link.is_present)
    {
        return Err(ScimError::new(409, Some("uniqueness"), "there is one with this externalId already"));
    }
    let id = match resource {
        Resource::Users => {
            let mut person = users::parse(tx, body, None, false)?;
            person.is_active = person.is_active.or(Some(true));
            match identity::find_by_address(tx, &person.address)? {
                None => people::create(tx, client.organisation, AccountKind::Person, &person)?.id,
                Some(id) => {
                    let gone = link::of_object(tx, &source, Kind::Person, id)?.is_some_and(|link| !link.is_present);
                    if !gone {
                        return Err(ScimError::new(409, Some("uniqueness"), "there is one with this userName already"));
                    }
                    people::update_from_outside(tx, id, &person)?.id
                }
            }
        }
        Resource::Groups => {
            let wanted = groups::parse(tx, client.organisation, body, None)?;
            people::create_group(tx, client.organisation, &wanted)?.id
        }
    };
    put_link(tx, &source, resource, id, external)?;
    get(tx, client, resource, &id.to_string(), base)
}

/// Puts a resource in the place of the one there (RFC 7644 section 3.5.1).
///
/// # Errors
/// [`ScimError`]: 404 if there is none, 412 if it is no longer of version `if_match`.
pub fn replace(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    id: &str,
    body: &Value,
    if_match: Option<&str>,
    base: &str,
) -> Result<Answer, ScimError> {
    check_schema(body, resource)?;
    let found = require(tx, client, resource, id)?;
    check_version(tx, &found, if_match, base)?;
    take_over(tx, client, resource, &found, body, false)?;
    get(tx, client, resource, id, base)
}

/// Changes a resource in parts (RFC 7644 section 3.5.2).
///
/// # Errors
/// As [`replace`].
pub fn patch(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    id: &str,
    body: &Value,
    if_match: Option<&str>,
    base: &str,
) -> Result<Answer, ScimError> {
    let found = require(tx, client, resource, id)?;
    check_version(tx, &found, if_match, base)?;
    let now = render(tx, &found, base)?.body;
    let wanted = patching::apply(&now, body)?;
    take_over(tx, client, resource, &found, &wanted, true)?;
    get(tx, client, resource, id, base)
}

fn take_over(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    found: &Found,
    body: &Value,
    exact: bool,
) -> Result<(), ScimError> {
    let (id, link) = match found {
        Found::User(account, link) => {
            let wanted = users::parse(tx, body, Some(&account.name), exact)?;
            people::update_from_outside(tx, account.id, &wanted)?;
            (account.id, link)
        }
        Found::Group(group, link) => {
            let wanted = groups::parse(tx, client.organisation, body, Some(group))?;
            people::update_group(tx, group.id, &wanted)?;
            (group.id, link)
        }
    };
    let external = external_id(body).or_else(|| link.as_ref().map(|link| link.external.clone()));
    if let Some(external) = &external
        && link::find(tx, &client.source(), kind(resource), external)?.is_some_and(|link| link.object != id)
    {
        return Err(ScimError::new(409, Some("uniqueness"), "another has this externalId"));
    }
    put_link(tx, &client.source(), resource, id, external)
}

/// Deletes a resource (RFC 7644 section 3.6): a group goes, a person is disabled and gone for the client; their mail stays until
/// somebody here deletes the account.
///
/// # Errors
/// [`ScimError`]: 404 if there is none, 403 if it is a group that the client has not made.
pub fn delete(
    tx: &mut Tx<'_>,
    client: &Client,
    resource: Resource,
    id: &str,
    if_match: Option<&str>,
    base: &str,
) -> Result<(), ScimError> {
    let found = require(tx, client, resource, id)?;
    check_version(tx, &found, if_match, base)?;
    match found {
        Found::User(account, link) => {
            let address = account.addresses.first().cloned().unwrap_or_default();
            let disabled = people::Person { address, is_active: Some(false), ..people::Person::default() };
            people::update(tx, account.id, &disabled)?;
            let external = link.map_or_else(|| format!("id:{}", account.id), |link| link.external);
            let gone = Link {
                source: client.source(),
                kind: Kind::Person,
                external,
                object: account.id,
                is_present: false,
                fingerprint: Vec::new(),
            };
            Ok(link::put(tx, &gone)?)
        }
        Found::Group(group, Some(_)) => Ok(directory::delete_group(tx, group.id)?),
        Found::Group(_, None) => {
            Err(ScimError::new(403, None, "this group was not made by this client; delete it here"))
        }
    }
}

fn check_version(tx: &mut Tx<'_>, found: &Found, if_match: Option<&str>, base: &str) -> Result<(), ScimError> {
    let Some(wanted) = if_match else { return Ok(()) };
    let now = render(tx, found, base)?.version;
    if wanted == "*" || wanted.split(',').any(|one| one.trim() == now) {
        return Ok(());
    }
    Err(ScimError::new(412, None, "the resource has changed meanwhile; read it again"))
}

fn check_schema(body: &Value, resource: Resource) -> Result<(), ScimError> {
    let schemas = super::member(body, "schemas").and_then(Value::as_array);
    let fits = |one: &Value| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(resource.schema()));
    if schemas.is_some_and(|all| all.iter().any(fits)) {
        return Ok(());
    }
    Err(ScimError::syntax(format!("schemas must name {}", resource.schema())))
}

fn external_id(body: &Value) -> Option<String> {
    let external = super::member(body, "externalId").and_then(Value::as_str)?;
    Some(external.chars().take(255).collect::<String>()).filter(|external| !external.is_empty())
}

fn put_link(
    tx: &mut Tx<'_>,
    source: &str,
    resource: Resource,
    id: i64,
    external: Option<String>,
) -> Result<(), ScimError> {
    let external = external.unwrap_or_else(|| format!("id:{id}"));
    let link = Link {
        source: source.to_owned(),
        kind: kind(resource),
        external,
        object: id,
        is_present: true,
        fingerprint: Vec::new(),
    };
    Ok(link::put(tx, &link)?)
}
