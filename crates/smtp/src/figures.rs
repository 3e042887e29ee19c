//! What is counted while mail moves.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Running figures since the start of the process.
        #[derive(Debug, Default)]
        pub struct Figures {
            $(pub(crate) $name: Figure,)+
        }

        impl Figures {
            /// Name, meaning and present value of each figure.
            #[must_use]
            pub fn read(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($name), concat!($($doc),+), self.$name.get()),)+]
            }
        }
    };
}

figures! {
    /// Messages taken from other servers and from clients.
    messages_accepted,
    /// Messages refused after they had been sent.
    messages_refused,
    /// Bytes of messages taken.
    bytes_accepted,
    /// Recipients refused.
    recipients_refused,
    /// Connections and messages put off because their network sends too many.
    slowed_down,
    /// Recipients put off because the client is suspicious.
    greylisted,
    /// Connections refused because the client spoke before the greeting.
    spoke_first,
    /// Messages delivered with a warning.
    judged_warned,
    /// Messages that were judged to be junk, or that their author's policy asks to treat so.
    judged_junk,
    /// Messages quarantined.
    judged_quarantined,
    /// Messages refused because of what they are.
    judged_refused,
    /// Messages of our own people that wait in the queue because of what they are or how they are sent.
    stopped,
    /// Messages that could not be judged.
    unjudged,
    /// Sign-ins that succeeded.
    sign_ins,
    /// Sign-ins that failed.
    sign_in_failures,
    /// Recipients delivered to other servers.
    delivered,
    /// Recipients delivered to mailboxes here out of the queue.
    delivered_locally,
    /// Recipients whose mail was forwarded and kept no copy here.
    forwarded,
    /// Deliveries put off.
    deferred,
    /// Recipients given up.
    failed,
    /// Notifications sent to senders.
    notifications,
}

/// One running figure.
#[derive(Debug, Default)]
pub(crate) struct Figure(AtomicU64);

impl Figure {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
