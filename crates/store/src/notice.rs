//! Wake-ups for those who wait for a change. A notice says only where to look; the truth is read from the tables.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

/// Something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Mail or mailboxes of an account.
    Account(i64),
    /// Something that somebody was signed in to an account with may have ended.
    SignIns(i64),
    /// Messages have become due in the queue.
    Queue,
    /// Background work has been added.
    Jobs,
    /// Settings have been changed.
    Settings,
}

impl Notice {
    /// Writes the notice as one word for other nodes.
    pub(crate) fn write(self, out: &mut String) {
        match self {
            Self::Account(account) => {
                out.push('a');
                out.push_str(&account.to_string());
            }
            Self::SignIns(account) => {
                out.push('s');
                out.push_str(&account.to_string());
            }
            Self::Queue => out.push('q'),
            Self::Jobs => out.push('j'),
            Self::Settings => out.push('c'),
        }
    }

    /// Reads a word that another node has written, if this program knows it.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            "q" => Some(Self::Queue),
            "j" => Some(Self::Jobs),
            "c" => Some(Self::Settings),
            _ => match word.strip_prefix('s') {
                Some(account) => account.parse().ok().map(Self::SignIns),
                None => word.strip_prefix('a')?.parse().ok().map(Self::Account),
            },
        }
    }
}

/// Distributes notices within the node.
#[derive(Default)]
pub struct Notices {
    accounts: Watched,
    sign_ins: Watched,
    queue: Arc<Notify>,
    jobs: Arc<Notify>,
    settings: Arc<Notify>,
}

impl Notices {
    /// Watches an account; `changed()` on the receiver waits for the next change. Drop it to stop.
    #[must_use]
    pub fn watch_account(&self, account: i64) -> watch::Receiver<u64> {
        self.accounts.watch(account)
    }

    /// Watches whether something that people are signed in to an account with may have ended. Drop the receiver to stop.
    #[must_use]
    pub fn watch_sign_ins(&self, account: i64) -> watch::Receiver<u64> {
        self.sign_ins.watch(account)
    }

    /// Wakes one waiter each time messages have become due. A notice that finds nobody waiting is kept.
    #[must_use]
    pub fn queue(&self) -> Arc<Notify> {
        Arc::clone(&self.queue)
    }

    /// Wakes one waiter each time background work has been added. A notice that finds nobody waiting is kept.
    #[must_use]
    pub fn jobs(&self) -> Arc<Notify> {
        Arc::clone(&self.jobs)
    }

    /// Wakes one waiter each time settings have been changed. A notice that finds nobody waiting is kept.
    #[must_use]
    pub fn settings(&self) -> Arc<Notify> {
        Arc::clone(&self.settings)
    }

    /// Tells everybody on this node who waits for `notice`.
    pub fn publish(&self, notice: Notice) {
        match notice {
            Notice::Account(account) => self.accounts.wake(account),
            Notice::SignIns(account) => self.sign_ins.wake(account),
            Notice::Queue => self.queue.notify_one(),
            Notice::Jobs => self.jobs.notify_one(),
            Notice::Settings => self.settings.notify_one(),
        }
    }

    /// Tells everybody on this node, as when notices may have been missed.
    pub(crate) fn publish_all(&self) {
        self.accounts.wake_all();
        self.sign_ins.wake_all();
        self.publish(Notice::Queue);
        self.publish(Notice::Jobs);
        self.publish(Notice::Settings);
    }
}

/// Those who watch accounts, by account.
#[derive(Default)]
struct Watched(Mutex<HashMap<i64, watch::Sender<u64>>>);

impl Watched {
    fn watch(&self, account: i64) -> watch::Receiver<u64> {
        self.0.lock().entry(account).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    fn wake(&self, account: i64) {
        let mut watched = self.0.lock();
        if let Some(sender) = watched.get(&account) {
            if sender.receiver_count() == 0 {
                watched.remove(&account);
            } else {
                sender.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }

    fn wake_all(&self) {
        let watched: Vec<i64> = self.0.lock().keys().copied().collect();
        for account in watched {
            self.wake(account);
        }
    }
}
