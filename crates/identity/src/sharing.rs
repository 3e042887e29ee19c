//! Mailboxes that are shared: who may do what in one of them, and what those are told whose rights change.
//!
//! The truth is in what was given ([`crate::delegation`]); this is how people and protocols look at one mailbox of it.

mod notices;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use access::{Action, Decision, Via};
use env::Timestamp;
use store::{Tx, params};

use crate::account::take_account;
use crate::delegation::{Deed, Delegation, allows, give, list_delegates, take_back};
use crate::rights::{AccessSettings, Event, Outcome, decide_for, is_denied, record};
use crate::{AccountKind, IdentityError, Permission, list_addresses, load_account};

pub use notices::{
    ChangedNotice, NOTICES_MAX, ShareNotice, changed_since, dismiss, expire, list as list_notices,
    low_state as low_notice_state, state as notice_state,
};

/// Accounts of one organisation that its people are told of.
const PEOPLE_MAX: i64 = 100_000;

/// What somebody may do in one mailbox of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Reads it.
    pub read: bool,
    /// Changes what is in it.
    pub write: bool,
    /// Makes mailboxes below it, renames and deletes it.
    pub arrange: bool,
    /// Sends in the owner's name.
    pub send: bool,
}

impl Share {
    /// What `given` lets its delegate do in a mailbox.
    fn of(given: &[Delegation], mailbox: i64) -> Self {
        let may = |deed| given.iter().any(|one| allows(one, deed));
        Self {
            read: may(Deed::Read(mailbox)),
            write: may(Deed::Write(mailbox)),
            arrange: may(Deed::Arrange),
            send: may(Deed::SendOnBehalf),
        }
    }

    /// Whether it lets nothing be done in the mailbox.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        !self.read
    }

    /// Its letters in the store; sending is about the account and not the mailbox.
    fn letters(self) -> String {
        [(self.read, 'r'), (self.write, 'w'), (self.arrange, 'a')]
            .into_iter()
            .filter_map(|(has, letter)| has.then_some(letter))
            .collect()
    }

    fn from_letters(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        Self { read: has('r'), write: has('w'), arrange: has('a'), send: false }
    }
}

/// Everybody who may do something in an account at a moment, but for its owner and those who read by a grant.
#[derive(Debug, Clone)]
pub struct Sharing(BTreeMap<i64, Given>);

#[derive(Debug, Clone, Default)]
struct Given {
    held: Vec<Delegation>,
    is_denied: [bool; 3],
}

impl Sharing {
    /// Who may do something in `account` now.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub fn load(tx: &mut Tx<'_>, account: i64) -> Result<Self, IdentityError> {
        let now = tx.now();
        let mut all: BTreeMap<i64, Given> = BTreeMap::new();
        for given in list_delegates(tx, account)?.into_iter().filter(|it| it.holds(now)) {
            all.entry(given.delegate).or_default().held.push(given);
        }
        for (delegate, given) in &mut all {
            for (denied, action) in
                given.is_denied.iter_mut().zip([Action::MailRead, Action::MailChange, Action::MailSend])
            {
                *denied = is_denied(tx, *delegate, action, account)?;
            }
        }
        Ok(Self(all))
    }

    /// Who may do what in one mailbox, by account.
    pub fn of(&self, mailbox: i64) -> impl Iterator<Item = (i64, Share)> {
        self.0.iter().filter_map(move |(delegate, given)| {
            let share = Share::of(&given.held, mailbox);
            let [no_reading, no_changing, no_sending] = given.is_denied;
            let share = Share {
                read: share.read && !no_reading,
                write: share.write && !no_changing,
                arrange: share.arrange && !no_changing,
                send: share.send && !no_sending,
            };
            (!share.is_nothing()).then_some((*delegate, share))
        })
    }

    /// What somebody may do in every mailbox, because the whole account is opened to him.
    #[must_use]
    pub fn of_whole(&self, delegate: i64) -> Share {
        let whole = self.0.get(&delegate).map(|given| given.held.iter().filter(|it| it.mailbox.is_none()).cloned());
        Share::of(&whole.map(Iterator::collect::<Vec<_>>).unwrap_or_default(), 0)
    }
}

/// Who gives rights to a mailbox of his own, and how he comes.
#[derive(Debug, Clone, Copy)]
pub struct Sharer {
    /// Whose mailbox; who asks.
    pub account: i64,
    /// By which way.
    pub via: Via,
    /// From where.
    pub address: Option<IpAddr>,
    /// When a strong factor was shown.
    pub strong_at: Option<Timestamp>,
}

/// A change of what somebody may do in one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToShare {
    /// Who may.
    pub delegate: i64,
    /// Of what mailbox.
    pub mailbox: i64,
    /// What is given of this one mailbox: reading, or writing with it; none takes it back. What holds for the whole account stays.
    pub permission: Option<Permission>,
}

/// Gives or takes rights to one mailbox, if the table of rights lets its owner do that now. What was decided is recorded in the same
/// transaction, as on every other way.
///
/// # Errors
/// [`IdentityError`] as [`crate::delegation::grant`] has it; then the transaction must be given up.
pub fn share(tx: &mut Tx<'_>, by: &Sharer, new: ToShare, settings: &AccessSettings) -> Result<Decision, IdentityError> {
    let who = (by.account, by.via, by.strong_at);
    let decision = decide_for(tx, who, Action::DelegationChange, by.account, settings)?;
    let outcome = match decision {
        Decision::Allow { .. } => Outcome::Done,
        Decision::StepUp { .. } => Outcome::StepUp,
        Decision::Refuse { .. } => Outcome::Refused,
    };
    if outcome == Outcome::Done {
        set(tx, by.account, new, Some(by.account))?;
    }
    let row = match &decision {
        Decision::Allow { row: Some(row), .. } | Decision::StepUp { row: Some(row), .. } => {
            format!("{} {} {}", row.effect, row.action, row.scope)
        }
        Decision::Refuse { reason, .. } => reason.as_str().to_owned(),
        Decision::Allow { .. } | Decision::StepUp { .. } => "what was lent".to_owned(),
    };
    let organisation = load_account(tx, by.account)?.organisation;
    let (owner, delegate) = (main_address(tx, by.account)?, main_address(tx, new.delegate)?);
    let event = Event {
        organisation,
        account: Some(by.account),
        via: by.via,
        address: by.address,
        action: if new.permission.is_some() { "delegation-add" } else { "delegation-remove" }.to_owned(),
        object: serde_json::json!({
            "account": owner, "delegate": delegate, "mailbox": new.mailbox,
            "permission": new.permission.map(Permission::as_str),
        })
        .to_string(),
        outcome,
        row,
    };
    record(tx, &event)?;
    Ok(decision)
}

fn main_address(tx: &mut Tx<'_>, account: i64) -> Result<Option<String>, IdentityError> {
    Ok(list_addresses(tx, account)?.into_iter().next())
}

fn set(tx: &mut Tx<'_>, account: i64, new: ToShare, by: Option<i64>) -> Result<(), IdentityError> {
    let (pair, mailbox) = ((account, new.delegate), Some(new.mailbox));
    noting(tx, pair, by, |tx| {
        for permission in [Permission::Read, Permission::Write] {
            take_back(tx, pair, Some(permission), mailbox)?;
        }
        let Some(permission) = new.permission else { return Ok(()) };
        let (since, granted_by) = (tx.now(), by);
        let delegate = new.delegate;
        give(tx, &Delegation { account, delegate, permission, mailbox, since, until: None, granted_by })
    })
}

/// Does `change` to what `delegate` may do in `account`, and tells the delegate if that made a difference to what may be done now.
pub(crate) fn noting<T>(
    tx: &mut Tx<'_>,
    (account, delegate): (i64, i64),
    by: Option<i64>,
    change: impl FnOnce(&mut Tx<'_>) -> Result<T, IdentityError>,
) -> Result<T, IdentityError> {
    // In this order, so that two who share with each other do not wait for one another.
    for account in BTreeSet::from([account, delegate]) {
        take_account(tx, account)?;
    }
    let before = held_now(tx, account, delegate)?;
    let done = change(tx)?;
    let after = held_now(tx, account, delegate)?;
    let named = before.iter().chain(&after).filter_map(|it| it.mailbox);
    let mut mailboxes: BTreeSet<i64> = named.collect();
    if before.iter().chain(&after).any(|it| it.mailbox.is_none()) {
        mailboxes.extend(notices::inbox(tx, account)?);
    }
    for mailbox in mailboxes {
        let (old, new) = (Share::of(&before, mailbox), Share::of(&after, mailbox));
        if old.letters() != new.letters() {
            notices::add(tx, delegate, &notices::New { owner: account, mailbox, changed_by: by, old, new })?;
        }
    }
    Ok(done)
}

fn held_now(tx: &mut Tx<'_>, account: i64, delegate: i64) -> Result<Vec<Delegation>, IdentityError> {
    let now = tx.now();
    let all = list_delegates(tx, account)?;
    Ok(all.into_iter().filter(|it| it.delegate == delegate && it.holds(now)).collect())
}

/// Somebody of an organisation, as its people see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: i64,
    /// What kind it is.
    pub kind: AccountKind,
    /// Shown name.
    pub name: String,
    /// Main address.
    pub address: String,
}

/// The accounts of an organisation that are in use, by identifier.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn people(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Person>, IdentityError> {
    let rows = tx.rows(
        "SELECT a.id, a.kind, a.name, d.address FROM account a
         JOIN address d ON d.account = a.id AND d.kind = 'primary'
         WHERE a.organisation = $1 AND a.state = 'active' ORDER BY a.id LIMIT $2",
        params![organisation, PEOPLE_MAX],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.text(3)?.to_owned())),
    )?;
    rows.into_iter()
        .map(|(account, kind, name, address)| Ok(Person { account, kind: kind.parse()?, name, address }))
        .collect()
}
