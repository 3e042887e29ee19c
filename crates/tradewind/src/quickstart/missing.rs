//! What a new system lacks for the real world.

use mailauth::WithoutDns;

use crate::settings::Settings;
use crate::system::home_domain;
use crate::texts::Texts;

/// Each thing that is missing, a text of the catalogue.
const MISSING: [&str; 6] =
    ["missing-dns", "missing-ptr", "missing-port", "missing-certificate", "missing-key-copy", "missing-dkim"];

/// People who are named; of more the number is told.
const NAMED_MAX: usize = 10;

/// Each thing that is missing, with what to do. `without_factor` are those who must have a second factor and have none.
pub(super) fn lines(texts: &Texts, settings: &Settings, without_factor: &[String]) -> Vec<String> {
    let without_dns = settings.without_dns() == WithoutDns::Accept;
    let without_backup = settings.backup.repositories.is_empty();
    let missing = MISSING.into_iter().chain(without_backup.then_some("missing-backup"));
    let missing = missing.chain(without_dns.then_some("missing-authentication"));
    let mut lines: Vec<String> =
        missing.map(|key| texts.say(key, &[("domain", home_domain(&settings.server.hostname))])).collect();
    lines.push(second_factors(texts, without_factor));
    lines
}

fn second_factors(texts: &Texts, without_factor: &[String]) -> String {
    if without_factor.is_empty() {
        return texts.say("missing-mfa", &[]);
    }
    let mut named: Vec<String> = without_factor.iter().take(NAMED_MAX).cloned().collect();
    if let Some(more) = without_factor.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        named.push(format!("+{more}"));
    }
    texts.say("missing-factors", &[("people", &named.join(", "))])
}
