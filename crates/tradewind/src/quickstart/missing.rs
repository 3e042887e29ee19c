//! What a new system lacks for the real world.

use crate::texts::Texts;

/// Each thing that is missing, a text of the catalogue.
const MISSING: [&str; 8] = [
    "missing-dns",
    "missing-ptr",
    "missing-port",
    "missing-certificate",
    "missing-key-copy",
    "missing-mfa",
    "missing-backup",
    "missing-dkim",
];

/// Each thing that is missing, with what to do.
pub(super) fn lines(texts: &Texts, domain: &str) -> Vec<String> {
    MISSING.into_iter().map(|key| texts.say(key, &[("domain", domain)])).collect()
}
