//! Messages to groups: who gets one, each once, and what leaves for members elsewhere.
//!
//! Members here get the message as it is. What leaves for members elsewhere is a message of the group (RFC 5321 section 3.9.2): its
//! failures are reported to those who answer for the group, and the author's wishes about notifications end here
//! (RFC 3461 section 5.2.7). Content and signatures stay as they are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use identity::{GroupAddress, IdentityError};
use mail::{Address, header, trace};
use queue::{Envelope, NewRecipient};
use store::Tx;

/// The field that names the groups which a message has been through.
const DELIVERED_TO: &str = "Delivered-To";

/// Who gets a message to groups.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    /// Accounts here with the group that each is reached through, by identifier.
    pub(crate) members: Vec<(i64, usize)>,
    /// What leaves, for each group at its place.
    pub(crate) parcels: Vec<Parcel>,
}

/// What goes through the queue for one group.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// The group.
    pub(crate) group: Arc<GroupAddress>,
    /// Members elsewhere, and members here whose mailbox does not take the message now.
    pub(crate) recipients: Vec<NewRecipient>,
}

impl Spread {
    /// Whom a message to `groups` reaches besides the accounts and canonical addresses in `reached`. Junk stays here.
    pub(crate) fn find(
        tx: &mut Tx<'_>,
        groups: &[Arc<GroupAddress>],
        reached: &Reached,
        junk: bool,
    ) -> Result<Self, IdentityError> {
        let mut spread = Self::default();
        let (mut accounts, mut addresses) = (reached.accounts.clone(), reached.addresses.clone());
        for (place, group) in groups.iter().enumerate() {
            let mut found = if group.is_for_owners {
                identity::groups::expand_owners(tx, group.group)?
            } else {
                identity::groups::expand(tx, group.group)?
            };
            if found.accounts.is_empty() && (found.outside.is_empty() || junk) {
                // Nobody would have it, and it was accepted.
                found = identity::groups::expand_owners(tx, group.group)?;
            }
            let outside = found.outside.into_iter().filter(|address| !junk && addresses.insert(address.clone()));
            let recipients = outside.map(NewRecipient::new).collect();
            spread.parcels.push(Parcel { group: Arc::clone(group), recipients });
            for account in found.accounts.into_iter().filter(|account| accounts.insert(*account)) {
                let may_go_on = !identity::forward::list(tx, account)?.is_empty() || identity::sorts(tx, account)?;
                if (!junk && may_go_on) || identity::encrypts(tx, account)? {
                    // The queue passes on what is forwarded, sorts, and encrypts to keys of owners.
                    spread.try_again(tx, account, place)?;
                } else {
                    spread.members.push((account, place));
                }
            }
        }
        spread.members.sort_unstable();
        Ok(spread)
    }

    /// Has a member here, whose mailbox does not take the message now, be tried again through the queue.
    pub(crate) fn try_again(&mut self, tx: &mut Tx<'_>, account: i64, group: usize) -> Result<(), IdentityError> {
        if let Some(address) = identity::list_addresses(tx, account)?.into_iter().next()
            && let Some(parcel) = self.parcels.get_mut(group)
        {
            parcel.recipients.push(NewRecipient::new(address));
        }
        Ok(())
    }

    /// What goes through the queue.
    pub(crate) fn to_send(&self) -> impl Iterator<Item = &Parcel> {
        self.parcels.iter().filter(|parcel| !parcel.recipients.is_empty())
    }

    /// Messages that go through the queue.
    pub(crate) fn parcels_to_send(&self) -> usize {
        self.to_send().count()
    }
}

/// Who gets the message anyway.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    pub(crate) accounts: BTreeSet<i64>,
    pub(crate) addresses: BTreeSet<String>,
}

impl Reached {
    /// Notes an address, in whatever spelling.
    pub(crate) fn note(&mut self, address: &str) {
        if let Ok(address) = Address::parse(address) {
            self.addresses.insert(address.canonical());
        }
    }
}

impl Parcel {
    /// The envelope of what leaves. The null sender stays null, so that no notification ever causes another.
    pub(crate) fn envelope(&self, arrived: &Envelope) -> Envelope {
        let null = arrived.reverse_path.is_empty();
        let utf8 = self.recipients.iter().any(|recipient| !recipient.address.is_ascii());
        Envelope {
            reverse_path: if null { String::new() } else { self.group.bounces() },
            ret: None,
            envid: None,
            smtputf8: arrived.smtputf8 || utf8,
            trace: fields(&self.group) + &arrived.trace,
            ..arrived.clone().traced_by(self.group.organisation)
        }
    }
}

/// What a copy through the group says of it: where it has been, and a name that people file it by (RFC 2919 section 2).
pub(crate) fn fields(group: &GroupAddress) -> String {
    let mut text = format!("{DELIVERED_TO}: {}\r\n", group.address);
    let list_id = group.address.replacen('@', ".", 1);
    if !group.is_for_owners && list_id.is_ascii() {
        let _ = write!(text, "List-Id: <{list_id}>\r\n");
    }
    text
}

/// Our fields before a member's copy here, for whom the author stays the one to whom failures are reported.
pub(crate) fn local_trace(group: &GroupAddress, arrived: &Envelope) -> String {
    trace::return_path(Address::parse(&arrived.reverse_path).ok().as_ref()) + &fields(group) + &arrived.trace
}

/// The first of `groups` that the message has been through already: it goes round in circles.
pub(crate) fn been_through<'g>(
    message: &[u8],
    mut groups: impl Iterator<Item = &'g Arc<GroupAddress>>,
) -> Option<&'g Arc<GroupAddress>> {
    let been: BTreeSet<String> = header::fields(message)
        .filter(|field| field.is(DELIVERED_TO))
        .filter_map(|field| {
            Some(Address::parse(std::str::from_utf8(field.value().trim_ascii()).ok()?).ok()?.canonical())
        })
        .collect();
    groups.find(|group| been.contains(&group.address))
}
