//! Brings an index up to the state of a transaction.

use std::collections::{BTreeSet, HashSet};

use mailbox::overview::{AccountState, DestroyedKind, MessageCopy, copies_since, destroyed_since};
use store::Tx;

use super::{Email, Index, Place};
use crate::error::Failure;

/// Messages that leave the order one by one; more are taken out in one pass.
const SINGLE_MAX: usize = 64;

impl Index {
    /// Reads what changed up to `to`. After a failure the index is empty, so that the next use reads everything.
    pub(crate) fn advance(&mut self, tx: &mut Tx<'_>, account: i64, to: AccountState) -> Result<(), Failure> {
        if to.low_modseq > self.modseq {
            *self = Self::default();
        }
        let outcome = self.read_changes(tx, account, to);
        if outcome.is_err() {
            *self = Self::default();
        }
        outcome
    }

    fn read_changes(&mut self, tx: &mut Tx<'_>, account: i64, to: AccountState) -> Result<(), Failure> {
        let since = self.modseq;
        self.forget_answers();
        self.mailboxes = mailbox::mailboxes::list(tx, account)?;
        self.keywords = mailbox::keywords::list(tx, account)?;
        let mut emptied = BTreeSet::new();
        // Also at the first reading, for the states.
        for gone in destroyed_since(tx, account, since)? {
            match gone.kind {
                DestroyedKind::Message(_) => {
                    self.message_destroyed = self.message_destroyed.max(gone.modseq);
                    self.take_places(gone.id, &mut emptied);
                }
                DestroyedKind::Mailbox => self.mailbox_destroyed = self.mailbox_destroyed.max(gone.modseq),
                DestroyedKind::Thread => {}
            }
        }
        let changed: Vec<i64> =
            self.mailboxes.iter().filter(|it| it.highestmodseq > since).map(|mailbox| mailbox.id).collect();
        if since > 0 {
            self.leave_lost_mailboxes(&mut emptied);
            for mailbox in &changed {
                for range in mailbox::expunged_since(tx, account, *mailbox, since)? {
                    self.leave(*mailbox, range, &mut emptied);
                }
            }
        }
        let mut arrived = Vec::new();
        for mailbox in changed {
            copies_since(tx, account, mailbox, since, |copy| self.put(mailbox, copy, &mut arrived))?;
        }
        self.order(arrived, emptied);
        (self.modseq, self.low_modseq) = (to.modseq, to.low_modseq);
        Ok(())
    }

    fn put(&mut self, mailbox: i64, copy: &MessageCopy, arrived: &mut Vec<(i64, i64)>) {
        let place = Place { mailbox, uid: copy.uid, flags: copy.flags };
        let email = self.emails.entry(copy.message).or_insert_with(|| {
            arrived.push((copy.received.millis(), copy.message));
            Email {
                id: copy.message,
                thread: copy.thread,
                received: copy.received.millis(),
                size: copy.size,
                created: copy.created_modseq,
                changed: copy.created_modseq,
                places: smallvec::SmallVec::new(),
            }
        });
        email.changed = email.changed.max(copy.modseq);
        match email.places.iter_mut().find(|known| known.mailbox == mailbox && known.uid == copy.uid) {
            Some(known) => *known = place,
            None => email.places.push(place),
        }
        self.by_place.insert((mailbox, copy.uid), copy.message);
    }

    /// Takes a message out of the range of a mailbox.
    fn leave(&mut self, mailbox: i64, range: mailbox::UidRange, emptied: &mut BTreeSet<i64>) {
        for uid in range.first..=range.last {
            let Some(message) = self.by_place.remove(&(mailbox, uid)) else { continue };
            if let Some(email) = self.emails.get_mut(&message) {
                email.places.retain(|place| !(place.mailbox == mailbox && place.uid == uid));
                if email.places.is_empty() {
                    emptied.insert(message);
                }
            }
        }
    }

    fn take_places(&mut self, message: i64, emptied: &mut BTreeSet<i64>) {
        let Some(email) = self.emails.get_mut(&message) else { return };
        for place in email.places.drain(..) {
            self.by_place.remove(&(place.mailbox, place.uid));
        }
        emptied.insert(message);
    }

    fn leave_lost_mailboxes(&mut self, emptied: &mut BTreeSet<i64>) {
        let there: HashSet<i64> = self.mailboxes.iter().map(|mailbox| mailbox.id).collect();
        if self.by_place.keys().all(|(mailbox, _)| there.contains(mailbox)) {
            return;
        }
        self.by_place.retain(|(mailbox, _), _| there.contains(mailbox));
        for email in self.emails.values_mut() {
            email.places.retain(|place| there.contains(&place.mailbox));
            if email.places.is_empty() {
                emptied.insert(email.id);
            }
        }
    }

    /// Puts what arrived into threads and order, and takes out what is nowhere any more.
    fn order(&mut self, arrived: Vec<(i64, i64)>, emptied: BTreeSet<i64>) {
        let mut gone: HashSet<i64> = HashSet::new();
        for id in emptied {
            let Some(email) = self.emails.get(&id).filter(|email| email.places.is_empty()) else { continue };
            let (thread, key) = (email.thread, (email.received, id));
            self.emails.remove(&id);
            self.details.get_mut().remove(&id);
            if let Some(ids) = self.threads.get_mut(&thread) {
                ids.retain(|it| *it != id);
                if ids.is_empty() {
                    self.threads.remove(&thread);
                }
            }
            if gone.len() < SINGLE_MAX
                && let Ok(at) = self.by_receipt.binary_search(&key)
            {
                self.by_receipt.remove(at);
            } else {
                gone.insert(id);
            }
        }
        if !gone.is_empty() {
            self.by_receipt.retain(|(_, id)| !gone.contains(id));
        }
        for (received, id) in &arrived {
            let Some(thread) = self.emails.get(id).map(|email| email.thread) else { continue };
            let ids = self.threads.entry(thread).or_default();
            let at = ids.partition_point(|other| {
                self.emails.get(other).is_some_and(|other| (other.received, other.id) < (*received, *id))
            });
            ids.insert(at, *id);
        }
        if arrived.len() <= SINGLE_MAX {
            for key in arrived {
                let at = self.by_receipt.partition_point(|known| *known < key);
                self.by_receipt.insert(at, key);
            }
        } else {
            self.by_receipt.extend(arrived);
            self.by_receipt.sort_unstable();
        }
    }
}
