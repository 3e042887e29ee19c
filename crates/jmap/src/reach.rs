//! What who asks may do in an account.

use std::collections::HashSet;

use identity::delegation::{self, Deed};
use store::Tx;
use wire::jmap::MethodErrorKind;

use crate::error::Failure;
use crate::ids;

/// What who asks may do in an account: everything in one's own, in another's what is permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Who asks.
    pub(crate) actor: i64,
    /// The account.
    pub(crate) account: i64,
    /// None: everything, as it is one's own.
    limits: Option<Limits>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Limits {
    readable: HashSet<i64>,
    writable: HashSet<i64>,
    may_arrange: bool,
    may_send: bool,
}

impl Reach {
    /// What `actor` may do in the account that the client calls `id`.
    ///
    /// # Errors
    /// `accountNotFound` also where nothing of it may be read: it does not exist for who asks.
    pub(crate) fn of(tx: &mut Tx<'_>, actor: i64, id: &str) -> Result<Self, Failure> {
        let unknown =
            || Failure::say(MethodErrorKind::AccountNotFound, "no such account; the session names those there are");
        let account = ids::read(id).ok_or_else(unknown)?;
        if account == actor {
            return Ok(Self { actor, account, limits: None });
        }
        if !delegation::reachable(tx, actor)?.iter().any(|it| it.account == account) {
            return Err(unknown());
        }
        let mut limits = Limits::default();
        for mailbox in mailbox::mailboxes::list(tx, account)? {
            if delegation::may(tx, actor, Deed::Read(mailbox.id), account)? {
                limits.readable.insert(mailbox.id);
                if delegation::may(tx, actor, Deed::Write(mailbox.id), account)? {
                    limits.writable.insert(mailbox.id);
                }
            }
        }
        if limits.readable.is_empty() {
            return Err(unknown());
        }
        limits.may_arrange = delegation::may(tx, actor, Deed::Arrange, account)?;
        limits.may_send = delegation::may(tx, actor, Deed::SendOnBehalf, account)?;
        Ok(Self { actor, account, limits: Some(limits) })
    }

    /// Whether it is one's own account.
    pub(crate) const fn is_own(&self) -> bool {
        self.limits.is_none()
    }

    pub(crate) fn may_read(&self, mailbox: i64) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.readable.contains(&mailbox))
    }

    pub(crate) fn may_write(&self, mailbox: i64) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.writable.contains(&mailbox))
    }

    pub(crate) fn may_arrange(&self) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.may_arrange)
    }

    pub(crate) fn may_send(&self) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.may_send)
    }

    /// Refuses to change what may only be read (RFC 8620 section 5.3).
    ///
    /// # Errors
    /// `accountReadOnly`.
    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        match self.is_read_only() {
            true => Err(Failure::say(MethodErrorKind::AccountReadOnly, "the account may only be read")),
            false => Ok(()),
        }
    }

    /// Whether nothing in it may be changed.
    pub(crate) fn is_read_only(&self) -> bool {
        self.limits.as_ref().is_some_and(|limits| limits.writable.is_empty() && !limits.may_arrange)
    }
}
