//! Who may send from where, and whose mail is taken.

use std::sync::Arc;

use identity::{Abroad, GroupAddress, IdentityError, Level, Principal, Resolution};
use mail::Address;
use queue::NewRecipient;
use trace::Stage;
use wire::smtp::server::Verdict;
use wire::smtp::{ForwardPath, Hold, MailParams, Mailbox, RcptParams, ReversePath};

use super::conversation::Conversation;
use super::traced::text_of;
use crate::rewriting::{self, Restored};

/// A recipient that was taken, with what was found out about it.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) address: Address,
    pub(super) home: Home,
    /// The group that is written to.
    pub(super) group: Option<Arc<GroupAddress>>,
    /// The region that is the recipient's home, if it is another than ours.
    pub(super) abroad: Option<Arc<Abroad>>,
}

/// Where a recipient's mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// A mailbox here; `forwards` if its mail may go on elsewhere or is sorted by rules of its own, `encrypts` if it is encrypted to a key of
    /// its owner.
    Here { account: i64, organisation: i64, level: Level, forwards: bool, encrypts: bool },
    /// The mailboxes of a group's members, and members elsewhere.
    Group { organisation: i64, level: Level },
    /// The sender of a message that was forwarded from here, who is told of it.
    Returning { organisation: i64 },
    /// A mailbox in another region: a stranger's message is passed on there while he waits.
    Abroad { organisation: i64, level: Level },
    /// Another server.
    Elsewhere,
}

impl Conversation<'_> {
    /// MAIL FROM: people may use their own addresses only; other servers may use any but must not claim the impossible.
    pub(super) async fn judge_sender(&mut self, from: &ReversePath, params: &MailParams) -> Verdict {
        self.taken.clear();
        self.leave_connector();
        self.enveloped = Some(self.door.receiver.store.context().clock.now());
        let verdict = self.look_at_sender(from, params).await;
        self.tell_refused_at(Stage::Sender, None, &verdict).await;
        verdict
    }

    async fn look_at_sender(&mut self, from: &ReversePath, params: &MailParams) -> Verdict {
        if let Some(Hold::Until(_) | Hold::ForSeconds(_)) = &params.hold
            && self.principal.is_none()
        {
            return Verdict::reject(550, (5, 7, 1), "Only our own users may ask for a later delivery");
        }
        self.is_notification = from.mailbox().is_none();
        self.sender = from.mailbox().and_then(|mailbox| address_of(mailbox).ok());
        if let Err(verdict) = self.meet_connectors().await {
            return verdict;
        }
        let Some(principal) = &self.principal else {
            return self.admit_stranger().await.err().unwrap_or(Verdict::ACCEPT);
        };
        let Some(mailbox) = from.mailbox() else { return Verdict::ACCEPT };
        match self.owns(principal.clone(), mailbox).await {
            Ok(true) => Verdict::ACCEPT,
            Ok(false) => Verdict::reject(
                550,
                (5, 7, 1),
                format!(
                    "{} may not send as {mailbox}: it is not one of your addresses, and its owner has not permitted it",
                    principal.address
                ),
            ),
            Err(error) => trouble(&error),
        }
    }

    /// A stranger is not denied, and not over the rate of its network.
    async fn admit_stranger(&self) -> Result<(), Verdict> {
        self.check_lists_for_all().await?;
        self.door.receiver.admit_message(self.peer()).await
    }

    /// What becomes of a recipient that is an address of ours for the sender of forwarded mail; none if it is not of that form. It takes
    /// notifications and nothing else, each in a message of its own, so that it is of no use to those who want to send to others through us.
    async fn find_returning(&mut self, text: &str) -> Option<Verdict> {
        let found = match rewriting::restore(&self.door.receiver.store, text).await {
            Ok(found) => found?,
            Err(error) => return Some(trouble(&error)),
        };
        let (organisation, address) = match found {
            Restored::To { organisation, sender } => (organisation, sender),
            Restored::Refused(why) => {
                tracing::info!(client = %self.peer(), %why, "a notification for nobody who had mail forwarded here");
                return Some(Verdict::reject(550, (5, 1, 1), format!("There is no mailbox {text} here")));
            }
        };
        if !self.is_notification || self.principal.is_some() {
            let text = "This address takes notifications of delivery from the null sender only";
            return Some(Verdict::reject(550, (5, 7, 1), text));
        }
        if !self.taken.is_empty() {
            return Some(needs_own_message());
        }
        if let Err(verdict) = self.check_stranger(&address, organisation).await {
            return Some(verdict);
        }
        self.taken.push(Taken { address, home: Home::Returning { organisation }, group: None, abroad: None });
        Some(Verdict::ACCEPT)
    }

    /// Whether the message goes back to the sender of a forwarded one.
    pub(super) fn is_returning(&self) -> bool {
        self.taken.iter().any(|taken| matches!(taken.home, Home::Returning { .. }))
    }

    /// A stranger's recipient: not denied by its organisation, and the client has come back if it is suspicious.
    async fn check_stranger(&mut self, recipient: &Address, organisation: i64) -> Result<(), Verdict> {
        self.check_lists_of(organisation).await?;
        self.check_greylist(recipient, organisation).await
    }

    async fn owns(&self, principal: Principal, mailbox: &Mailbox) -> Result<bool, IdentityError> {
        let Ok(address) = address_of(mailbox) else { return Ok(false) };
        let right = move |tx: &mut store::Tx<'_>| identity::sending_right(tx, principal.account, &address);
        Ok(self.door.receiver.store.read(right).await?.is_some())
    }

    /// RCPT TO: ours, or anybody's for those who have signed in.
    pub(super) async fn judge_recipient(&mut self, to: &ForwardPath, _params: &RcptParams) -> Verdict {
        let verdict = self.find_recipient(to).await;
        if !matches!(verdict, Verdict::Accept { .. }) {
            self.door.receiver.figures.recipients_refused.add(1);
            self.tell_refused_at(Stage::Recipient, Some(text_of(to)), &verdict).await;
        }
        verdict
    }

    async fn find_recipient(&mut self, to: &ForwardPath) -> Verdict {
        if let ForwardPath::Mailbox(mailbox) = to
            && let Some(verdict) = self.find_returning(&mailbox.to_string()).await
        {
            return verdict;
        }
        if self.is_returning() || self.passes_on().is_some() {
            return needs_own_message();
        }
        let receiver = &self.door.receiver;
        let address = match to {
            ForwardPath::Postmaster => Address::parse(&format!("postmaster@{}", receiver.postmaster_domain)),
            ForwardPath::Mailbox(mailbox) => address_of(mailbox),
        };
        let Ok(address) = address else {
            return Verdict::reject(553, (5, 1, 3), "The address is not a valid one");
        };
        let (mut written_to, mut region) = (None, None);
        let home = match receiver.directory.resolve(&address.canonical()).await {
            Ok(Resolution::Local(recipient)) => {
                let identity::Recipient { account, organisation, level, forwards, sorts, encrypts, .. } = *recipient;
                Home::Here { account, organisation, level, forwards: forwards || sorts, encrypts }
            }
            Ok(Resolution::Group(group)) => {
                if let Err(verdict) = self.check_writer(&group).await {
                    return verdict;
                }
                let GroupAddress { organisation, level, .. } = *group;
                written_to = Some(group);
                Home::Group { organisation, level }
            }
            Ok(Resolution::UnknownLocal) => {
                return Verdict::reject(550, (5, 1, 1), format!("There is no mailbox {address} here"));
            }
            Ok(Resolution::Abroad(abroad)) if self.principal.is_some() => {
                region = Some(abroad);
                Home::Elsewhere
            }
            // Mail of strangers to domains that are hosted here comes here; what else is abroad is not ours to relay.
            Ok(Resolution::Abroad(abroad)) if abroad.server.is_some() && abroad.is_hosted => {
                if !self.taken.is_empty() {
                    return needs_own_message();
                }
                let (organisation, level) = (abroad.organisation, abroad.level);
                region = Some(abroad);
                Home::Abroad { organisation, level }
            }
            Ok(Resolution::NotOurs) if self.principal.is_some() => Home::Elsewhere,
            Ok(Resolution::NotOurs | Resolution::Abroad(_)) => {
                return Verdict::reject(
                    550,
                    (5, 7, 1),
                    format!("We do not take mail for {}: relaying is for our own users", address.domain),
                );
            }
            Err(error) => return trouble(&error),
        };
        if let Home::Here { organisation, .. } | Home::Group { organisation, .. } | Home::Abroad { organisation, .. } =
            home
            && self.principal.is_none()
            && let Err(verdict) = self.check_stranger(&address, organisation).await
        {
            return verdict;
        }
        self.taken.push(Taken { address, home, group: written_to, abroad: region });
        Verdict::ACCEPT
    }

    /// Whether this sender may write to the group. Only reports, which have the null sender, go to those who answer for it.
    async fn check_writer(&self, group: &GroupAddress) -> Result<(), Verdict> {
        let refuse = |text: String| Err(Verdict::reject(550, (5, 7, 1), text));
        if group.is_for_owners {
            let is_report = self.sender.is_none();
            return if is_report { Ok(()) } else { refuse("This address takes delivery reports only".to_owned()) };
        }
        let (id, writer) = (group.group, self.principal.as_ref().map(|principal| principal.account));
        match self.door.receiver.store.read(move |tx| identity::groups::may_write_to(tx, id, writer)).await {
            Ok(true) => Ok(()),
            Ok(false) if writer.is_none() => {
                refuse(format!("{} takes mail only from people of the company who have signed in", group.address))
            }
            Ok(false) => refuse(format!("You may not write to {}: ask one of its owners", group.address)),
            Err(IdentityError::NoGroup(_)) => {
                Err(Verdict::reject(550, (5, 1, 1), format!("There is no mailbox {} here", group.address)))
            }
            Err(error) => Err(trouble(&error)),
        }
    }

    /// The organisation of the first recipient here.
    pub(super) fn first_organisation(&self) -> Option<i64> {
        self.taken.iter().find_map(|taken| match taken.home {
            Home::Here { organisation, .. }
            | Home::Group { organisation, .. }
            | Home::Abroad { organisation, .. }
            | Home::Returning { organisation } => Some(organisation),
            Home::Elsewhere => None,
        })
    }
}

/// RFC 5321 section 4.5.3.1.10: the client sends to the others again.
fn needs_own_message() -> Verdict {
    Verdict::reject(
        452,
        (4, 5, 3),
        "A notification to a forwarded sender, or mail to another region, needs a message of its own",
    )
}

pub(super) fn address_of(mailbox: &Mailbox) -> Result<Address, mail::AddressError> {
    Address::parse(&mailbox.to_string())
}

pub(super) fn trouble(error: &IdentityError) -> Verdict {
    tracing::error!(%error, "the directory does not answer");
    Verdict::reject(451, (4, 3, 0), "The directory does not answer, try again later")
}

/// A recipient as the queue has it.
pub(super) fn new_recipient(taken: &Taken, params: &RcptParams) -> NewRecipient {
    let mut recipient = NewRecipient::new(taken.address.to_string());
    if let Some(notify) = params.notify {
        recipient.notify = queue::Notify { success: notify.success, failure: notify.failure, delay: notify.delay };
    }
    recipient.orcpt = params.original.as_ref().map(|it| format!("{};{}", it.address_type, it.address));
    recipient
}
