//! Groups as JSON and back (RFC 7643 section 4.2).

use std::collections::BTreeSet;

use identity::groups::{self, Group, Member};
use serde_json::{Value, json};
use store::Tx;

use super::{GROUP, MAIL_GROUP, ScimError, member};
use crate::people::GroupWanted;

/// The group's attributes, without `meta`.
pub(super) fn render(tx: &mut Tx<'_>, group: &Group, external: Option<&str>) -> Result<Value, ScimError> {
    let mut members = Vec::new();
    for member in groups::list_members(tx, group.id)? {
        let display = groups::name_of_member(tx, &member)?;
        members.push(match member {
            Member::Account(id) => json!({ "value": id.to_string(), "type": "User", "display": display }),
            Member::Group(id) => json!({ "value": id.to_string(), "type": "Group", "display": display }),
            Member::Outside(address) => json!({ "value": address, "type": "Outside", "display": display }),
        });
    }
    let mut value = json!({
        "schemas": [GROUP, MAIL_GROUP],
        "id": group.id.to_string(),
        "displayName": group.name,
        "members": members,
        MAIL_GROUP: { "address": group.address, "senders": group.senders.as_str() },
    });
    if let (Some(external), Some(fields)) = (external, value.as_object_mut()) {
        fields.insert("externalId".to_owned(), external.into());
    }
    Ok(value)
}

/// What a group in JSON says. Members elsewhere stay or go; none comes this way, for mail would leave the company by it.
pub(super) fn parse(
    tx: &mut Tx<'_>,
    organisation: i64,
    value: &Value,
    now: Option<&Group>,
) -> Result<GroupWanted, ScimError> {
    let name = member(value, "displayName").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ScimError::value("displayName is required"))?.to_owned();
    let before: BTreeSet<Member> = match now {
        Some(now) => groups::list_members(tx, now.id)?.into_iter().collect(),
        None => BTreeSet::new(),
    };
    let mut members = BTreeSet::new();
    for one in member(value, "members").and_then(Value::as_array).into_iter().flatten() {
        let id = member(one, "value").and_then(Value::as_str).unwrap_or_default();
        members.insert(find(tx, organisation, id, &before)?);
    }
    let mail = member(value, MAIL_GROUP);
    let part = |name| mail.and_then(|mail| member(mail, name)).and_then(Value::as_str).map(str::to_owned);
    let senders = part("senders").map(|senders| senders.parse()).transpose();
    let senders = senders.map_err(|error: identity::UnknownWord| ScimError::value(error.to_string()))?;
    let address = mail.map(|_| part("address").unwrap_or_default());
    Ok(GroupWanted { name: Some(name), address, senders, members: Some(members), owners: None })
}

fn find(tx: &mut Tx<'_>, organisation: i64, id: &str, before: &BTreeSet<Member>) -> Result<Member, ScimError> {
    let outside = Member::Outside(id.to_owned());
    if before.contains(&outside) {
        return Ok(outside);
    }
    let missing = || ScimError::value(format!("{id:?} in members is neither a user nor a group here"));
    let id: i64 = id.parse().map_err(|_| missing())?;
    if identity::load_account(tx, id).is_ok_and(|account| account.organisation == organisation) {
        return Ok(Member::Account(id));
    }
    match groups::load_group(tx, id) {
        Ok(group) if group.organisation == organisation => Ok(Member::Group(id)),
        _ => Err(missing()),
    }
}
