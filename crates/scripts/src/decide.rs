//! What is to be done with a message that comes in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crypto::keys::{Account, Key};
use env::Timestamp;
use mailbox::{Mailbox, Name, SpecialUse, keywords};
use sieve::{Action, Letter, Reply, Script, Seen, Surroundings};
use store::Tx;

use crate::{AutoReply, ScriptsError, auto_reply, kept, memory};

/// A message that comes in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The message.
    pub raw: &'a [u8],
    /// Header fields of ours that stand before it.
    pub trace: &'a [u8],
    /// Sender of the envelope; empty for the null sender.
    pub sender: &'a str,
    /// The address that it is for, as it was written.
    pub recipient: &'a str,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// INBOX.
    Inbox,
    /// The mailbox with this identifier.
    Mailbox(i64),
    /// The mailbox of this name, which is to be made.
    New(Name),
}

/// Where a message goes, and with which flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The mailbox.
    pub target: Target,
    /// Bits of its system flags.
    pub system: u8,
    /// Its keywords.
    pub keywords: Vec<String>,
}

impl Place {
    /// INBOX, without flags.
    #[must_use]
    pub const fn inbox() -> Self {
        Self { target: Target::Inbox, system: 0, keywords: Vec::new() }
    }
}

/// What is to be done with a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Mailboxes that it goes into; none: it is not kept.
    pub places: Vec<Place>,
    /// Addresses that it is sent on to.
    pub redirects: Vec<String>,
    /// Why it is refused, if it is.
    pub reject: Option<String>,
    /// What its sender is told.
    pub reply: Option<Reply>,
    /// What is to be remembered once it is delivered.
    pub seen: Vec<Seen>,
    /// What is wrong with the script: to be told to its owner.
    pub trouble: Option<String>,
}

impl Decision {
    /// The message goes into INBOX, as if there were no script.
    fn keep() -> Self {
        Self { places: vec![Place::inbox()], ..Self::default() }
    }

    /// Remembers that the message was seen, in the transaction that delivers it.
    ///
    /// # Errors
    /// [`ScriptsError::Store`] if the store fails.
    pub fn remember(&self, tx: &mut Tx<'_>, account: i64) -> Result<(), ScriptsError> {
        for seen in &self.seen {
            memory::remember(tx, account, &seen.name, Duration::from_secs(seen.seconds))?;
        }
        Ok(())
    }
}

/// What an account has set, taken out of the store.
pub struct Desk {
    script: Option<String>,
    auto_reply: AutoReply,
    mailboxes: Vec<Mailbox>,
    seen: HashSet<Vec<u8>>,
    key: Arc<Key<Account>>,
    now: Timestamp,
}

impl Desk {
    /// What the account has set; `None` if nothing is to be done for its mail.
    ///
    /// # Errors
    /// [`ScriptsError`] if the store fails.
    pub fn load(tx: &mut Tx<'_>, account: i64) -> Result<Option<Self>, ScriptsError> {
        let script = kept::active(tx, account)?;
        let (auto_reply, now) = (auto_reply(tx, account)?, tx.now());
        if script.is_none() && auto_reply.at(now).is_none() {
            return Ok(None);
        }
        let seen = match &script {
            Some(text) if text.contains("duplicate") => memory::seen(tx, account)?,
            _ => HashSet::new(),
        };
        let (mailboxes, key) = (mailbox::mailboxes::list(tx, account)?, tx.context().keys.account(tx, account)?);
        Ok(Some(Self { script, auto_reply, mailboxes, seen, key, now }))
    }

    /// What is to be done with the message. Takes time: not for a thread that must not block.
    #[must_use]
    pub fn decide(mut self, incoming: Incoming<'_>) -> Decision {
        let mut decision = match self.script.take() {
            None => Decision::keep(),
            Some(text) => self.run(&text, incoming).unwrap_or_else(|trouble| Decision {
                // RFC 5228 section 2.10.6: a message is never lost to a script that fails.
                trouble: Some(trouble),
                ..Decision::keep()
            }),
        };
        // What the script throws away or refuses, nobody is told of; what it replies to itself, once is enough.
        if decision.reply.is_none() && decision.reject.is_none() && !decision.is_thrown_away() {
            decision.reply = self.auto_reply.at(self.now);
        }
        decision
    }

    fn run(&mut self, text: &str, incoming: Incoming<'_>) -> Result<Decision, String> {
        let script = Script::read(text).map_err(|error| error.to_string())?;
        let letter = Letter::new(incoming.raw, incoming.trace, incoming.sender, incoming.recipient, self.now);
        let outcome = script.run(&letter, self).map_err(|error| error.to_string())?;
        let mut decision = Decision { seen: outcome.seen, ..Decision::default() };
        for action in outcome.actions {
            match action {
                Action::Keep { flags } => decision.file(Target::Inbox, flags),
                Action::FileInto { mailbox, mailbox_id, special_use, create, flags } => {
                    let target = self.target(&mailbox, mailbox_id.as_deref(), special_use.as_deref(), create);
                    if target.is_none() {
                        // RFC 5228 section 4.1: what cannot be filed is kept.
                        decision.trouble = Some(format!("there is no mailbox {mailbox:?}; the message is in INBOX"));
                    }
                    decision.file(target.unwrap_or(Target::Inbox), flags);
                }
                Action::Redirect { address } => decision.redirects.push(address),
                Action::Reject { reason } => decision.reject = Some(reason),
                Action::Reply(reply) => decision.reply = Some(*reply),
            }
        }
        Ok(decision)
    }

    fn target(&self, name: &str, id: Option<&str>, special_use: Option<&str>, create: bool) -> Option<Target> {
        let by_id = |id: &str| {
            let wanted = mailbox::object_id::read(id)?;
            self.mailboxes.iter().find(|mailbox| mailbox.id == wanted)
        };
        let by_use = |word: &str| {
            let wanted = SpecialUse::parse(word)?;
            self.mailboxes.iter().find(|mailbox| mailbox.special_use == Some(wanted))
        };
        if let Some(found) = id.and_then(by_id).or_else(|| special_use.and_then(by_use)) {
            return Some(Target::Mailbox(found.id));
        }
        let name = Name::parse(name).ok()?;
        if name.is_inbox() {
            return Some(Target::Inbox);
        }
        match self.mailboxes.iter().find(|mailbox| mailbox.name == name) {
            Some(found) => Some(Target::Mailbox(found.id)),
            None => create.then_some(Target::New(name)),
        }
    }
}

impl Decision {
    fn is_thrown_away(&self) -> bool {
        self.places.is_empty() && self.redirects.is_empty()
    }

    /// Adds a place; of two that are the same the flags are joined.
    fn file(&mut self, target: Target, flags: impl IntoIterator<Item = String>) {
        let place = match self.places.iter_mut().find(|place| place.target == target) {
            Some(place) => place,
            None => {
                self.places.push(Place { target, ..Place::inbox() });
                let Some(place) = self.places.last_mut() else { return };
                place
            }
        };
        for flag in flags {
            match keywords::system_flag(&flag) {
                Some(bits) => place.system |= bits,
                None if flag.starts_with('\\') => {}
                None if place.keywords.iter().any(|known| known.eq_ignore_ascii_case(&flag)) => {}
                None => place.keywords.push(flag),
            }
        }
    }
}

impl Surroundings for Desk {
    fn has_mailbox(&mut self, name: &str) -> bool {
        Name::parse(name).is_ok_and(|name| self.mailboxes.iter().any(|mailbox| mailbox.name == name))
    }

    fn has_mailbox_id(&mut self, id: &str) -> bool {
        mailbox::object_id::read(id).is_some_and(|id| self.mailboxes.iter().any(|mailbox| mailbox.id == id))
    }

    fn has_use(&mut self, mailbox: Option<&str>, special_use: &str) -> bool {
        let Some(wanted) = SpecialUse::parse(special_use) else { return false };
        let name = mailbox.map(Name::parse);
        self.mailboxes.iter().any(|it| {
            let is_named = match &name {
                None => true,
                Some(Ok(name)) => it.name == *name,
                Some(Err(_)) => false,
            };
            is_named && it.special_use == Some(wanted)
        })
    }

    fn has_seen(&mut self, name: &str) -> bool {
        self.seen.contains(memory::hash(&self.key, name).as_slice())
    }
}
