//! What a new system lacks for the real world.

use mailauth::WithoutDns;

use crate::settings::Settings;
use crate::system::home_domain;
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
pub(super) fn lines(texts: &Texts, settings: &Settings) -> Vec<String> {
    let without_dns = settings.without_dns() == WithoutDns::Accept;
    let missing = MISSING.into_iter().chain(without_dns.then_some("missing-authentication"));
    missing.map(|key| texts.say(key, &[("domain", home_domain(&settings.server.hostname))])).collect()
}
