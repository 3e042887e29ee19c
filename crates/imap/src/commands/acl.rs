//! Who may do what with a mailbox (RFC 4314). The rights come in two bundles: to look (`lr`) and to change (`swite`), which are what a
//! delegation gives. Making and deleting mailboxes (`kx`) goes with a delegation of the whole account.

use access::{Action, Decision, Via};
use identity::delegation::{self, Deed};
use identity::rights::{AccessSettings, decide_for};
use identity::sharing::{Sharer, Sharing, ToShare, share};
use identity::{IdentityError, Permission};
use store::Tx;
use wire::imap::{AclChange, Code, MailboxName};

use super::Outcome;
use crate::answer::{Answer, ImapError};
use crate::connection::Connection;
use crate::place::{Place, PlaceError};

/// What looking takes.
const LOOK: &str = "lr";

/// What changing takes.
const CHANGE: &str = "swite";

/// Every right, with the virtual ones of RFC 4314 section 2.1.1.
const ALL: &str = "lrswipkxteacd";

/// Rights in words of the protocol.
fn letters(read: bool, write: bool, arrange: bool) -> &'static str {
    match (read, write, arrange) {
        (_, true, true) => "lrswikxtecd",
        (_, true, false) => "lrswited",
        (true, false, _) => LOOK,
        (false, false, _) => "",
    }
}

/// What SETACL makes of the bundles that somebody has: a bundle is given only whole, and taken with any of its rights.
fn changed((read, write): (bool, bool), change: AclChange, rights: &str) -> (bool, bool) {
    // RFC 4314 section 2.1.1: the former right d stands for e and t (x is not given here).
    let rights: String = rights.chars().flat_map(|one| if one == 'd' { vec!['e', 't'] } else { vec![one] }).collect();
    let before = letters(read, write, false).to_owned();
    let names = match change {
        AclChange::Replace => rights.clone(),
        AclChange::Add => before + &rights,
        AclChange::Remove => before.chars().filter(|right| !rights.contains(*right)).collect(),
    };
    let has = |bundle: &str| bundle.chars().all(|right| names.contains(right));
    (has(LOOK), has(LOOK) && has(CHANGE))
}

impl Connection<'_> {
    /// MYRIGHTS (RFC 4314 section 3.5).
    pub(super) async fn my_rights(&mut self, mailbox: &MailboxName) -> Outcome {
        let place = self.place(mailbox).await?;
        let rights = self.server.store.read(move |tx| rights(tx, &place)).await?;
        self.writer().my_rights(mailbox.as_str(), rights);
        Ok(Answer::ok("done"))
    }

    /// GETACL (RFC 4314 section 3.3).
    pub(super) async fn get_acl(&mut self, mailbox: &MailboxName) -> Outcome {
        let place = self.own_place(mailbox).await?;
        let entries = self.server.store.read(move |tx| list(tx, &place)).await?;
        let owner = self.principal.as_ref().map(|principal| principal.address.clone()).unwrap_or_default();
        let entries = entries.iter().map(|(address, rights)| (address.as_str(), *rights));
        let entries: Vec<(&str, &str)> = std::iter::once((owner.as_str(), ALL)).chain(entries).collect();
        self.writer().acl(mailbox.as_str(), entries);
        Ok(Answer::ok("done"))
    }

    /// LISTRIGHTS (RFC 4314 section 3.4).
    pub(super) async fn list_rights(&mut self, mailbox: &MailboxName, identifier: &str) -> Outcome {
        let place = self.own_place(mailbox).await?;
        self.server.store.read(move |tx| place.find(tx)).await?;
        let is_owner = self.principal.as_ref().is_some_and(|principal| principal.address == identifier);
        let (required, tied): (&str, &[&str]) = if is_owner { (ALL, &[]) } else { ("", &[LOOK, CHANGE]) };
        self.writer().list_rights(mailbox.as_str(), identifier, required, tied);
        Ok(Answer::ok("done"))
    }

    /// SETACL (RFC 4314 section 3.1).
    pub(super) async fn set_acl(
        &mut self,
        mailbox: &MailboxName,
        identifier: String,
        change: AclChange,
        given: String,
    ) -> Outcome {
        let place = self.own_place(mailbox).await?;
        let by = self.may_delegate().await?;
        let settings = self.server.access.now();
        let work = move |tx: &mut Tx<'_>| set(tx, &place, &by, (&identifier, change, &given), &settings);
        match self.server.store.write(work).await {
            Err(PlaceError::Identity(IdentityError::NoAccount(_) | IdentityError::Address { .. })) => {
                Ok(Answer::no(Code::Cannot, "no such account; name one by its address"))
            }
            outcome => {
                permitted(&outcome?)?;
                Ok(Answer::ok("done"))
            }
        }
    }

    /// Rights are told to and given by the owner alone (the right `a`).
    async fn own_place(&self, mailbox: &MailboxName) -> Result<Place, ImapError> {
        let place = self.place(mailbox).await?;
        if place.is_foreign() { Err(PlaceError::NotPermitted.into()) } else { Ok(place) }
    }

    /// Whether the one who has signed in may give others rights over their mailboxes: the table of rights says so, and what it asks for
    /// beyond a row (a fresh strong factor) is asked for here as on every other way.
    async fn may_delegate(&self) -> Result<Sharer, ImapError> {
        let Some(principal) = &self.principal else { return Err(PlaceError::NotPermitted.into()) };
        let (account, strong_at, settings) = (principal.account, principal.strong_at, self.server.access.now());
        let decide = move |tx: &mut Tx<'_>| {
            decide_for(tx, (account, Via::Imap, strong_at), Action::DelegationChange, account, &settings)
        };
        permitted(&self.server.store.read(decide).await.map_err(PlaceError::from)?)?;
        Ok(Sharer { account, via: Via::Imap, address: Some(self.stream.peer().ip()), strong_at })
    }
}

fn permitted(decision: &Decision) -> Result<(), PlaceError> {
    match decision {
        Decision::Allow { .. } => Ok(()),
        Decision::StepUp { .. } => Err(PlaceError::StepUp),
        Decision::Refuse { .. } => Err(PlaceError::NotPermitted),
    }
}

/// What the one who asks may do at a place.
fn rights(tx: &mut Tx<'_>, place: &Place) -> Result<&'static str, PlaceError> {
    let found = place.find(tx)?;
    if !place.is_foreign() {
        return Ok(ALL);
    }
    let mut may = |deed| delegation::may(tx, place.actor, deed, place.account);
    Ok(letters(true, may(Deed::Write(found.id))?, may(Deed::Arrange)?))
}

/// Who else has rights, by address.
fn list(tx: &mut Tx<'_>, place: &Place) -> Result<Vec<(String, &'static str)>, PlaceError> {
    let found = place.find(tx)?;
    let mut entries = Vec::new();
    for (delegate, share) in Sharing::load(tx, place.account)?.of(found.id) {
        if let Some(address) = identity::list_addresses(tx, delegate)?.into_iter().next() {
            entries.push((address, letters(share.read, share.write, share.arrange)));
        }
    }
    entries.sort();
    Ok(entries)
}

/// Gives and takes what `change` says, of this one mailbox. What holds for the whole account stays.
fn set(
    tx: &mut Tx<'_>,
    place: &Place,
    by: &Sharer,
    (identifier, change, given): (&str, AclChange, &str),
    settings: &AccessSettings,
) -> Result<Decision, PlaceError> {
    let found = place.find(tx)?;
    let delegate = identity::find_by_address(tx, identifier)?;
    let delegate = delegate.ok_or_else(|| IdentityError::NoAccount(identifier.to_owned()))?;
    let before = delegation::list_delegates(tx, place.account)?;
    let has = |permission| {
        before.iter().any(|it| it.delegate == delegate && it.mailbox == Some(found.id) && it.permission == permission)
    };
    let write = has(Permission::Write);
    let permission = match changed((write || has(Permission::Read), write), change, given) {
        (_, true) => Some(Permission::Write),
        (true, false) => Some(Permission::Read),
        (false, false) => None,
    };
    Ok(share(tx, by, ToShare { delegate, mailbox: found.id, permission }, settings)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_given_whole_and_taken_with_any_of_their_rights() {
        let none = (false, false);
        assert_eq!(changed(none, AclChange::Replace, "lr"), (true, false));
        assert_eq!(changed(none, AclChange::Replace, "l"), none);
        assert_eq!(changed(none, AclChange::Replace, "lrswi"), (true, false), "not without t and e");
        assert_eq!(changed(none, AclChange::Replace, "lrswid"), (true, true), "d stands for t and e");
        assert_eq!(changed(none, AclChange::Replace, "swite"), none, "nobody changes what they may not see");
        assert_eq!(changed((true, false), AclChange::Add, "swite"), (true, true));
        assert_eq!(changed((true, true), AclChange::Remove, "w"), (true, false));
        assert_eq!(changed((true, true), AclChange::Remove, "r"), none);
        assert_eq!(changed((true, true), AclChange::Replace, ""), none);
    }
}
