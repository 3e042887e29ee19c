//! `shareWith` of mailboxes (RFC 9670 section 4, draft-ietf-jmap-mail-sharing): who else may do what in one of one's own mailboxes. What is
//! given and taken back here are the permissions that the API and IMAP give, by the same table of rights and into the same record.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::{Action, Decision, Via};
use identity::rights::{AccessSettings, decide_for};
use identity::sharing::{self, Share, Sharer, Sharing, ToShare};
use identity::{AccountKind, Permission};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, apply_patch};

use super::get::rights_of;
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server, ids, principals};

/// The property, and what begins paths into it.
const PROPERTY: &str = "shareWith";

/// Rights to what is in a mailbox, which are given together.
const CHANGING: [&str; 4] = ["mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords"];

/// Rights that come with a permission over a whole account.
const WHOLE: [&str; 5] = ["mayCreateChild", "mayRename", "mayDelete", "maySubmit", "mayShare"];

type Outcome<T> = Result<Result<T, SetError>, Failure>;

/// Who shares, and what it is decided by.
#[derive(Debug, Clone)]
pub(super) struct Giver {
    by: Sharer,
    access: Arc<AccessSettings>,
    sees_others: bool,
    organisation: i64,
    /// Whether the client uses the capability.
    pub(super) shares: bool,
}

impl Giver {
    pub(super) fn of(server: &Server, tx: &mut Tx<'_>, asker: &Asker, shares: bool) -> Result<Self, Failure> {
        let (account, address, strong_at) = (asker.account(), Some(asker.peer), asker.principal.strong_at);
        Ok(Self {
            by: Sharer { account, via: Via::Jmap, address, strong_at },
            access: server.access.now(),
            sees_others: principals::may_see_others(server, tx, asker)?,
            organisation: asker.principal.organisation,
            shares,
        })
    }
}

/// Whether a path of a patch is about who else may do what.
pub(super) fn is_about(path: &str) -> bool {
    path.strip_prefix(PROPERTY).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What `shareWith` is; only the owner is told.
pub(super) fn shown(sharing: Option<&Sharing>, mailbox: i64, is_inbox: bool) -> Value {
    let with = current(sharing, mailbox, is_inbox);
    if with.is_empty() { Value::Null } else { Value::Object(with) }
}

fn current(sharing: Option<&Sharing>, mailbox: i64, is_inbox: bool) -> Object {
    let with = sharing.into_iter().flat_map(|sharing| sharing.of(mailbox));
    with.map(|(delegate, share)| (principals::show(delegate), rights_of(share, is_inbox, Some(false)))).collect()
}

/// What is to be given of one mailbox, by account: none takes it back.
pub(super) type Plan = BTreeMap<i64, Option<Permission>>;

/// What a patch makes of `shareWith`, if it can be done at all. Nothing is changed yet.
pub(super) fn plan(
    tx: &mut Tx<'_>,
    giver: &Giver,
    reach: &Reach,
    (mailbox, is_inbox): (i64, bool),
    patch: &Object,
) -> Outcome<Plan> {
    let mut plan = Plan::new();
    if patch.is_empty() {
        return Ok(Ok(plan));
    }
    if !giver.shares {
        return Ok(Err(SetError::property(PROPERTY, "the capability for sharing is not used in the request")));
    }
    if !reach.is_own() {
        return Ok(Err(SetError::new(SetErrorKind::Forbidden, "only the owner shares a mailbox")));
    }
    let sharing = Sharing::load(tx, reach.account)?;
    let before = current(Some(&sharing), mailbox, is_inbox);
    let mut object = json!({ PROPERTY: before.clone() });
    let Value::Object(members) = &mut object else { return Ok(Ok(plan)) };
    if let Err(error) = apply_patch(members, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    let wanted = match members.get(PROPERTY) {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(wanted)) => wanted.clone(),
        Some(_) => return Ok(Err(wrong("it must be an object of rights by principal, or null"))),
    };
    let gone = before.keys().filter(|id| !wanted.contains_key(*id)).map(|id| (id, None));
    for (id, rights) in wanted.iter().map(|(id, rights)| (id, Some(rights))).chain(gone) {
        let old = before.get(id);
        if rights == old {
            continue;
        }
        let (Some(delegate), true) = (ids::read(id), id.starts_with('k')) else {
            return Ok(Err(wrong("mailboxes are shared with accounts; share with each member of a group")));
        };
        if old.is_none() && !can_be_given(tx, giver, delegate)? {
            return Ok(Err(wrong("there is nobody of this identifier whom a mailbox can be shared with")));
        }
        match permission(rights, old, sharing.of_whole(delegate)) {
            Ok(permission) => drop(plan.insert(delegate, permission)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(plan))
}

fn wrong(why: &str) -> SetError {
    SetError::property(PROPERTY, why)
}

/// Whether somebody is there who can be given something, as far as who gives may know.
fn can_be_given(tx: &mut Tx<'_>, giver: &Giver, delegate: i64) -> Result<bool, Failure> {
    if delegate == giver.by.account || !giver.sees_others {
        return Ok(false);
    }
    let people = identity::sharing::people(tx, giver.organisation)?;
    Ok(people.iter().any(|it| it.account == delegate && it.kind != AccountKind::Shared))
}

/// What has to be given so that the rights are these, beside what holds for the whole account.
fn permission(rights: Option<&Value>, before: Option<&Value>, whole: Share) -> Result<Option<Permission>, SetError> {
    let none = json!({});
    let Some(Value::Object(rights)) = rights.or(Some(&none)) else {
        return Err(wrong("the rights of a principal are an object of names and true or false"));
    };
    for (name, value) in rights {
        let is_known = name == "mayReadItems" || CHANGING.contains(&name.as_str()) || WHOLE.contains(&name.as_str());
        if !is_known || !value.is_boolean() {
            return Err(wrong("the rights of a principal are an object of names and true or false"));
        }
    }
    let has = |name: &str| rights.get(name) == Some(&Value::Bool(true));
    let had = |name: &str| before.and_then(|before| before.get(name)) == Some(&Value::Bool(true));
    if WHOLE.iter().any(|name| rights.contains_key(*name) && has(name) != had(name)) {
        return Err(wrong("sending, and making, renaming and deleting mailboxes, is permitted for a whole account"));
    }
    let read = has("mayReadItems");
    let write = CHANGING.iter().all(|name| has(name));
    if !write && CHANGING.iter().any(|name| has(name)) {
        return Err(wrong("adding, removing, and setting what was read and keywords are given together"));
    }
    if write && !read {
        return Err(wrong("nobody changes what may not be read"));
    }
    if (whole.read && !read) || (whole.write && !write) {
        return Err(wrong("the whole account was opened to this principal; take that back first"));
    }
    Ok(match (read, write) {
        _ if (read, write) == (whole.read, whole.write) => None,
        (_, true) => Some(Permission::Write),
        (true, false) => Some(Permission::Read),
        (false, false) => None,
    })
}

/// Whether who asks may share now; a refusal is recorded.
pub(super) fn check(tx: &mut Tx<'_>, giver: &Giver, mailbox: i64, plan: &Plan) -> Outcome<()> {
    let Some((delegate, permission)) = plan.iter().next() else { return Ok(Ok(())) };
    let by = &giver.by;
    let who = (by.account, by.via, by.strong_at);
    let decision = decide_for(tx, who, Action::DelegationChange, by.account, &giver.access)?;
    if !matches!(decision, Decision::Allow { .. }) {
        let new = ToShare { delegate: *delegate, mailbox, permission: *permission };
        sharing::share(tx, by, new, &giver.access)?;
    }
    Ok(match decision {
        Decision::Allow { .. } => Ok(()),
        Decision::StepUp { max_age, .. } => {
            let why = "show a strong factor first, in a browser that has signed in; sharing needs a fresh one";
            Err(SetError::new(SetErrorKind::Forbidden, why).with("maxAge", max_age.as_secs().into()))
        }
        Decision::Refuse { .. } => {
            Err(SetError::new(SetErrorKind::Forbidden, "who may do what lets you share nothing"))
        }
    })
}

/// Does what was planned and checked.
pub(super) fn carry_out(tx: &mut Tx<'_>, giver: &Giver, mailbox: i64, plan: &Plan) -> Result<(), Failure> {
    for (delegate, permission) in plan {
        let new = ToShare { delegate: *delegate, mailbox, permission: *permission };
        sharing::share(tx, &giver.by, new, &giver.access)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_come_in_bundles_and_what_is_given_as_a_whole_stays() {
        let none = Share::default();
        let reader = json!({ "mayReadItems": true });
        let writer = json!({
            "mayReadItems": true, "mayAddItems": true, "mayRemoveItems": true, "maySetSeen": true, "maySetKeywords": true,
        });
        assert_eq!(permission(Some(&reader), None, none).unwrap(), Some(Permission::Read));
        assert_eq!(permission(Some(&writer), None, none).unwrap(), Some(Permission::Write));
        assert_eq!(permission(None, Some(&writer), none).unwrap(), None);
        let whole = Share { read: true, ..none };
        assert_eq!(permission(Some(&reader), Some(&writer), whole).unwrap(), None, "it holds anyway");
        for (bad, whole) in [
            (json!({ "mayReadItems": true, "mayAddItems": true }), none),
            (json!({ "mayAddItems": true, "mayRemoveItems": true, "maySetSeen": true, "maySetKeywords": true }), none),
            (json!({ "mayReadItems": true, "mayDelete": true }), none),
            (json!({ "mayReadItems": true, "mayAnything": true }), none),
            (json!({ "mayReadItems": 1 }), none),
            (json!(true), none),
            (json!({}), whole),
        ] {
            assert!(permission(Some(&bad), None, whole).is_err(), "{bad}");
        }
    }
}
