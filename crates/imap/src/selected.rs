//! The selected mailbox as this session has told the client of it.

use mailbox::{Changes, Entry, Flags, UidRange};
use tokio::sync::watch;
use wire::imap::{Enabled, NumberSet, SequenceSet, SystemFlags, Writer};

/// Messages by number, and what is still to be told.
pub(crate) struct Selected {
    /// Whose mailbox it is: of the one who has signed in, or of another who lets them.
    pub(crate) account: i64,
    pub(crate) mailbox: i64,
    pub(crate) read_only: bool,
    /// In the order of their UIDs; a message's number is its position plus one.
    pub(crate) entries: Vec<Entry>,
    /// Everything up to here is in `entries`.
    pub(crate) modseq: i64,
    /// Everything up to here has been told, what is gone included.
    pub(crate) told_modseq: i64,
    pub(crate) uidnext: u32,
    /// UIDs from here on are \Recent for this session.
    pub(crate) recent_from: u32,
    /// Gone from the mailbox, but not yet told (RFC 9051 section 7.5.1).
    pub(crate) expunged: Vec<UidRange>,
    pub(crate) watch: watch::Receiver<u64>,
}

impl Selected {
    /// Positions of the messages that `set` names, rising. `saved` is the result that `$` stands for.
    pub(crate) fn positions(&self, uid: bool, set: &SequenceSet, saved: &[u32]) -> Vec<usize> {
        match set {
            SequenceSet::Saved => saved.iter().filter_map(|uid| self.position(*uid)).collect(),
            SequenceSet::Ranges(_) if uid => {
                let last = self.entries.last().map_or(0, |entry| entry.uid);
                self.spans(&set.resolve(last)).flatten().collect()
            }
            SequenceSet::Ranges(_) => {
                let count = self.count();
                let numbers = set.resolve(count);
                let within = numbers.ranges().map(|range| *range.start()..=(*range.end()).min(count));
                within.flatten().map(|number| number as usize - 1).collect()
            }
        }
    }

    fn spans<'a>(&'a self, uids: &'a NumberSet) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        uids.ranges().map(|range| {
            let start = self.entries.partition_point(|entry| entry.uid < *range.start());
            let end = self.entries.partition_point(|entry| entry.uid <= *range.end());
            start..end
        })
    }

    /// Whether a set of message numbers names one that there is not (RFC 9051 section 9, `seq-number`).
    pub(crate) fn is_beyond(&self, set: &SequenceSet) -> bool {
        set.largest() > self.count() && matches!(set, SequenceSet::Ranges(_))
    }

    /// Position of the message with this UID.
    pub(crate) fn position(&self, uid: u32) -> Option<usize> {
        self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok()
    }

    /// Whether one of the messages at these positions is gone, though the client has not been told yet.
    pub(crate) fn is_any_gone(&self, positions: &[usize]) -> bool {
        let mut uids = positions.iter().filter_map(|at| self.entries.get(*at)).map(|entry| entry.uid);
        !self.expunged.is_empty()
            && uids.any(|uid| self.expunged.iter().any(|range| (range.first..=range.last).contains(&uid)))
    }

    /// Number of messages.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// UIDs of the messages at these positions, as ranges.
    pub(crate) fn ranges(&self, positions: &[usize]) -> Vec<UidRange> {
        UidRange::collect(positions.iter().filter_map(|at| self.entries.get(*at)).map(|entry| entry.uid))
    }

    pub(crate) fn recent_count(&self) -> u32 {
        let first = self.entries.partition_point(|entry| entry.uid < self.recent_from);
        self.count().saturating_sub(u32::try_from(first).unwrap_or(u32::MAX))
    }

    /// The flags of an entry as the client sees them.
    pub(crate) fn system_flags(&self, entry: &Entry) -> SystemFlags {
        let flags = SystemFlags::from_bits(entry.flags().system);
        if entry.uid >= self.recent_from { flags.with(SystemFlags::RECENT) } else { flags }
    }

    /// Takes flags that this session itself has set.
    pub(crate) fn set_flags(&mut self, uid: u32, flags: Flags, modseq: i64) {
        if let Some(entry) = self.position(uid).and_then(|at| self.entries.get_mut(at)) {
            entry.set_flags(flags);
            entry.modseq = modseq;
        }
    }

    /// Takes `changes` in. Gives the positions whose flags the client does not know yet, and whether messages have come.
    pub(crate) fn apply(&mut self, changes: Changes) -> (Vec<usize>, bool) {
        self.modseq = changes.highestmodseq.max(self.modseq);
        self.uidnext = changes.uidnext.max(self.uidnext);
        self.expunged.extend(changes.expunged);
        let (mut changed, mut arrived) = (Vec::new(), false);
        for entry in changes.changed {
            match self.entries.binary_search_by_key(&entry.uid, |known| known.uid) {
                Ok(at) => {
                    if let Some(known) = self.entries.get_mut(at)
                        && (known.flags() != entry.flags() || known.modseq != entry.modseq)
                    {
                        *known = entry;
                        changed.push(at);
                    }
                }
                Err(at) if at == self.entries.len() => {
                    self.entries.push(entry);
                    arrived = true;
                }
                // Before the last one known: it has been told as gone.
                Err(_) => {}
            }
        }
        (changed, arrived)
    }

    /// Drops the messages in `gone` and tells their going, as VANISHED where the client knows QRESYNC (RFC 7162 section 3.2.10).
    pub(crate) fn tell_expunged(&mut self, gone: &[UidRange], enabled: Enabled, out: &mut Vec<u8>) {
        let mut uids = Vec::new();
        for range in gone {
            let start = self.entries.partition_point(|entry| entry.uid < range.first);
            let end = self.entries.partition_point(|entry| entry.uid <= range.last);
            uids.extend(self.entries.get(start..end).unwrap_or_default().iter().map(|entry| entry.uid));
        }
        if uids.is_empty() {
            return;
        }
        uids.sort_unstable();
        uids.dedup();
        let mut writer = Writer::new(out, enabled.utf8());
        if enabled.qresync {
            writer.vanished(&NumberSet::from_ascending(uids.iter().copied()), false);
        } else {
            // From the end, so that no number shifts before it is told.
            for uid in uids.iter().rev() {
                if let Some(at) = self.position(*uid) {
                    writer.expunge(u32::try_from(at + 1).unwrap_or(u32::MAX));
                }
            }
        }
        self.entries.retain(|entry| uids.binary_search(&entry.uid).is_err());
    }
}
