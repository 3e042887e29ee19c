//! Counters of mailboxes (RFC 8621 section 2), counted from the index when first asked for after a change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mailbox::SpecialUse;

use super::{Email, Index};

/// What a mailbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) emails: u32,
    pub(crate) unread_emails: u32,
    pub(crate) threads: u32,
    pub(crate) unread_threads: u32,
}

impl Index {
    /// The counters of all mailboxes.
    pub(crate) fn counts(&self) -> Arc<HashMap<i64, Counts>> {
        let mut kept = self.counts.lock();
        Arc::clone(kept.get_or_insert_with(|| Arc::new(self.count())))
    }

    fn count(&self) -> HashMap<i64, Counts> {
        let trash: HashSet<i64> =
            self.mailboxes.iter().filter(|it| it.special_use == Some(SpecialUse::Trash)).map(|it| it.id).collect();
        let mut all: HashMap<i64, Counts> = self.mailboxes.iter().map(|it| (it.id, Counts::default())).collect();
        let mut mailboxes: Vec<(i64, bool)> = Vec::new();
        for ids in self.threads.values() {
            mailboxes.clear();
            // A thread is unread for the trash by what lies there, for other mailboxes by what lies elsewhere.
            let (mut unread_in_trash, mut unread_elsewhere) = (false, false);
            for email in ids.iter().filter_map(|id| self.emails.get(id)) {
                let is_unread = email.is_unread();
                for place in email.places.iter().filter(|place| place.is_visible()) {
                    let is_trash = trash.contains(&place.mailbox);
                    unread_in_trash |= is_unread && is_trash;
                    unread_elsewhere |= is_unread && !is_trash;
                    if !mailboxes.contains(&(place.mailbox, is_trash)) {
                        mailboxes.push((place.mailbox, is_trash));
                    }
                }
                self.count_email(email, is_unread, &mut all);
            }
            for (mailbox, is_trash) in &mailboxes {
                let Some(counts) = all.get_mut(mailbox) else { continue };
                counts.threads += 1;
                counts.unread_threads += u32::from(if *is_trash { unread_in_trash } else { unread_elsewhere });
            }
        }
        all
    }

    fn count_email(&self, email: &Email, is_unread: bool, all: &mut HashMap<i64, Counts>) {
        let places = || email.places.iter().filter(|place| place.is_visible());
        for (at, place) in places().enumerate() {
            // A message that lies twice in a mailbox counts once.
            if places().take(at).any(|before| before.mailbox == place.mailbox) {
                continue;
            }
            if let Some(counts) = all.get_mut(&place.mailbox) {
                counts.emails += 1;
                counts.unread_emails += u32::from(is_unread);
            }
        }
    }
}
