//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Running figures since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) commands: AtomicU64,
    pub(crate) sign_ins: AtomicU64,
    pub(crate) sign_in_failures: AtomicU64,
    pub(crate) appended: AtomicU64,
}

impl Figures {
    pub(crate) fn read(&self) -> Vec<(&'static str, &'static str, u64)> {
        let get = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        vec![
            ("commands", "Commands executed.", get(&self.commands)),
            ("sign_ins", "Sign-ins that succeeded.", get(&self.sign_ins)),
            ("sign_in_failures", "Sign-ins that failed.", get(&self.sign_in_failures)),
            ("appended", "Messages appended.", get(&self.appended)),
        ]
    }
}

/// One more.
pub(crate) fn count(figure: &AtomicU64) {
    figure.fetch_add(1, Ordering::Relaxed);
}
