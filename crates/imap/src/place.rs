//! Whose mailbox a name means: one's own, or in the namespaces of RFC 2342 another's that one may read.
//!
//! `Other Users/li@trade.test/Orders` is the mailbox Orders of a person, `Shared/office@trade.test/INBOX` that of a shared mailbox. Both
//! exist for those alone who may read them; for all others they are names that do not exist (RFC 4314 section 6).

use identity::IdentityError;
use identity::delegation::{self, Deed};
use mailbox::{Mailbox, MailboxError, Name};
use store::{StoreError, Tx};
use wire::imap::{Code, MailboxName, SEPARATOR};

use crate::answer::{Answer, ImapError};
use crate::connection::Connection;

/// Above the mailboxes of other people.
pub(crate) const OTHERS: &str = "Other Users";

/// Above shared mailboxes.
pub(crate) const SHARED: &str = "Shared";

/// A mailbox by its owner and its name there. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Who asks.
    pub(crate) actor: i64,
    /// Whose it is.
    pub(crate) account: i64,
    /// Its name in that account.
    pub(crate) name: Name,
}

/// Why something could not be done at a place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("no right to do this in another's mailbox")]
    NotPermitted,
    #[error("a fresh strong factor is needed")]
    StepUp,
}

impl From<StoreError> for PlaceError {
    fn from(error: StoreError) -> Self {
        Self::Mailbox(error.into())
    }
}

impl From<PlaceError> for ImapError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Mailbox(error) => error.into(),
            PlaceError::Identity(IdentityError::Store(error)) => error.into(),
            PlaceError::StepUp => Self::Refused(Answer::no(
                Code::NoPerm,
                "sign in on the web page with your second factor to change this",
            )),
            PlaceError::Identity(error @ IdentityError::Condition(_)) => {
                tracing::debug!(%error, "refused");
                Self::Refused(Answer::no(Code::Cannot, "this cannot be permitted to that account"))
            }
            PlaceError::Identity(error) => {
                tracing::error!(%error, "cannot look up who may do what with a mailbox");
                Self::Refused(Answer::no(Code::Unavailable, "this does not work now, try again later"))
            }
            PlaceError::NotPermitted => {
                Self::Refused(Answer::no(Code::NoPerm, "the owner of the mailbox has not permitted this"))
            }
        }
    }
}

impl Place {
    /// Whether it is in another's account.
    pub(crate) fn is_foreign(&self) -> bool {
        self.account != self.actor
    }

    /// The mailbox, if it is there for the one who asks.
    pub(crate) fn find(&self, tx: &mut Tx<'_>) -> Result<Mailbox, PlaceError> {
        let found = mailbox::mailboxes::find(tx, self.account, &self.name)?.ok_or(MailboxError::NoSuchMailbox)?;
        if !delegation::may(tx, self.actor, Deed::Read(found.id), self.account)? {
            return Err(MailboxError::NoSuchMailbox.into());
        }
        Ok(found)
    }

    /// The mailbox, if the one who asks may change what is in it.
    pub(crate) fn find_to_write(&self, tx: &mut Tx<'_>) -> Result<Mailbox, PlaceError> {
        let found = self.find(tx)?;
        self.require(tx, Deed::Write(found.id))?;
        Ok(found)
    }

    /// Refuses what the one who asks may not do in this account.
    pub(crate) fn require(&self, tx: &mut Tx<'_>, deed: Deed) -> Result<(), PlaceError> {
        if delegation::may(tx, self.actor, deed, self.account)? { Ok(()) } else { Err(PlaceError::NotPermitted) }
    }
}

impl Connection<'_> {
    /// The place that `name` means.
    pub(crate) async fn place(&self, name: &MailboxName) -> Result<Place, ImapError> {
        let actor = self.account();
        let Some((is_shared, rest)) = in_namespace(name.as_str()) else {
            return Ok(Place { actor, account: actor, name: Name::parse(name.as_str())? });
        };
        let (address, below) = rest.split_once(SEPARATOR).unwrap_or((rest, ""));
        let reachable = self.server.store.read(move |tx| delegation::reachable(tx, actor)).await;
        let reachable = reachable.map_err(PlaceError::from)?;
        let owner = reachable.into_iter().find(|it| it.is_shared == is_shared && it.address == address);
        match owner {
            Some(owner) if !below.is_empty() => Ok(Place { actor, account: owner.account, name: Name::parse(below)? }),
            _ => Err(MailboxError::NoSuchMailbox.into()),
        }
    }

    /// The place that `name` means where a mailbox may be made: what begins like a namespace is not one's own to use.
    pub(crate) async fn new_place(&self, name: &MailboxName) -> Result<Place, ImapError> {
        let reserved = || Answer::no(Code::Cannot, "mailboxes of others are below this name; choose another");
        match self.place(name).await {
            Err(ImapError::Refused(_)) if in_namespace(name.as_str()).is_some() => Err(ImapError::Refused(reserved())),
            place => place,
        }
    }
}

/// Whether a name is in the namespace of shared mailboxes (or else of other people), with what stands below that.
fn in_namespace(name: &str) -> Option<(bool, &str)> {
    let below = |namespace: &str| match name.strip_prefix(namespace)? {
        "" => Some(""),
        rest => rest.strip_prefix(SEPARATOR),
    };
    below(SHARED).map(|rest| (true, rest)).or_else(|| below(OTHERS).map(|rest| (false, rest)))
}

#[cfg(test)]
mod tests {
    use super::in_namespace;

    #[test]
    fn namespaces_are_whole_levels() {
        assert_eq!(in_namespace("Shared/office@trade.test/INBOX"), Some((true, "office@trade.test/INBOX")));
        assert_eq!(in_namespace("Other Users/li@trade.test"), Some((false, "li@trade.test")));
        assert_eq!(in_namespace("Shared"), Some((true, "")));
        assert_eq!(in_namespace("SharedFiles"), None);
        assert_eq!(in_namespace("INBOX/Shared/x"), None);
    }
}
