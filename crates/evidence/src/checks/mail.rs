//! Our domains in the eyes of others, and what people send.

use signing::KeyState;
use store::params;

use super::{DAY, HOUR, text_list};
use crate::EvidenceError;
use crate::look::Look;
use crate::sight::{self, SightState};
use crate::world;
use identity::Level;

/// A look at DNS that is older counts no more.
const SIGHT_MILLIS_MAX: i64 = 2 * DAY;

/// Days after which a key that signs should have been replaced.
const DKIM_DAYS_MAX: i64 = 400;

/// How long a message may wait for approval.
const WAITING_MILLIS_MAX: i64 = 48 * HOUR;

/// Things that are named in one sentence; of more the number is told.
const NAMED_MAX: usize = 10;

pub(crate) fn sender_records(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let domains = domains(look)?;
    let sights = sight::list(look.tx())?;
    let (mut wrong, mut unknown, mut unseen, mut lax, mut sound) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0);
    for domain in &domains {
        for (kind, object) in world::records_of(domain) {
            let seen = sights.iter().find(|seen| seen.kind == kind && seen.object == object);
            let seen = seen.filter(|seen| now - seen.at < SIGHT_MILLIS_MAX);
            if kind == "DMARC" && seen.is_some_and(|seen| is_without_force(&seen.found)) {
                lax.push(domain.clone());
            }
            match seen.map(|seen| seen.state) {
                Some(SightState::Sound) => sound += 1,
                Some(SightState::Wrong) => wrong.push(format!("{kind} {object}")),
                Some(SightState::Unknown) => unknown.push(format!("{kind} {object}")),
                None => unseen.push(format!("{kind} {object}")),
            }
        }
        // Keys and the policy's number are seen under names of their own.
        for seen in sights.iter().filter(|seen| world::is_below(seen, domain) && now - seen.at < SIGHT_MILLIS_MAX) {
            match seen.state {
                SightState::Sound => sound += 1,
                SightState::Wrong => wrong.push(format!("{} {}", seen.kind, seen.object)),
                SightState::Unknown => unknown.push(format!("{} {}", seen.kind, seen.object)),
            }
        }
    }
    look.read("domains", "domain", domains.len());
    look.read("records-sound", "DNS", sound);
    look.read("records-wrong", "DNS", wrong.len());
    if !wrong.is_empty() {
        look.wrong("records-wrong", &[("records", some(&wrong))]);
    }
    if !lax.is_empty() {
        look.person("dmarc-none", &[("domains", some(&lax))]);
    }
    if !unknown.is_empty() {
        look.person("records-unknown", &[("records", some(&unknown))]);
    }
    if !unseen.is_empty() {
        look.person("records-unseen", &[("records", some(&unseen))]);
    }
    Ok(())
}

/// Whether a DMARC record asks others to do nothing (RFC 7489 section 6.3, p=none).
fn is_without_force(record: &str) -> bool {
    let policy = record.split(';').filter_map(|tag| tag.split_once('=')).find(|(name, _)| name.trim() == "p");
    policy.is_some_and(|(_, policy)| policy.trim().eq_ignore_ascii_case("none"))
}

fn some(all: &[String]) -> String {
    let named = text_list(all.get(..NAMED_MAX.min(all.len())).unwrap_or_default());
    match all.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        Some(more) => format!("{named}, +{more}"),
        None => named,
    }
}

fn domains(look: &mut Look<'_, '_>) -> Result<Vec<String>, EvidenceError> {
    let mut names = Vec::new();
    for organisation in look.organisations() {
        let all = identity::list_domains(look.tx(), Some(organisation.id))?;
        names.extend(all.into_iter().map(|domain| domain.name));
    }
    Ok(names)
}

pub(crate) fn signing(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let signs = look.around().signing.sign;
    look.setting("dkim.sign", signs);
    if !signs {
        look.wrong("signing-off", &[]);
    }
    look.setting("authentication.without_dns", look.around().without_dns.as_str());
    if look.around().without_dns != "defer" {
        look.wrong("unchecked-without-dns", &[]);
    }
    let domains = domains(look)?;
    let keys = signing::list(look.tx(), None)?;
    let (mut unsigned, mut old) = (Vec::new(), Vec::new());
    for domain in &domains {
        let signing: Vec<_> =
            keys.iter().filter(|key| key.domain == *domain && key.state == KeyState::Signing).collect();
        if signing.is_empty() {
            unsigned.push(domain.clone());
        }
        if signing.iter().any(|key| now - key.changed.millis() > DKIM_DAYS_MAX * DAY) {
            old.push(domain.clone());
        }
    }
    look.read("domains", "domain", domains.len());
    look.read("domains-signed", "dkim_key", domains.len() - unsigned.len());
    if !unsigned.is_empty() {
        look.wrong("domain-unsigned", &[("domains", some(&unsigned))]);
    }
    if !old.is_empty() {
        look.wrong("signing-key-old", &[("domains", some(&old)), ("days", DKIM_DAYS_MAX.to_string())]);
    }
    Ok(())
}

/// Looks that are older than so many times their rhythm count no more.
const LATE_TIMES: i64 = 3;

pub(crate) fn blocklists(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let (lists, every) = (look.around().blocklists.lists, look.around().blocklists.every);
    look.setting("blocklists", lists);
    if lists == 0 {
        look.person("blocklists-none", &[]);
        return Ok(());
    }
    let listed = look.tx().rows(
        "SELECT object, list FROM blocklist_listing WHERE gone = 0 ORDER BY list, object",
        &[],
        |row| Ok(format!("{} ({})", row.text(0)?, row.text(1)?)),
    )?;
    look.read("blocklisted", "blocklist_listing", listed.len());
    if !listed.is_empty() {
        look.wrong("blocklisted", &[("listings", some(&listed))]);
    }
    let done = look.number("SELECT done FROM blocklist_look WHERE id = 1", &[])?;
    let late = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).saturating_mul(LATE_TIMES);
    if look.now().millis().saturating_sub(done) > late {
        look.person("blocklists-unseen", &[]);
    }
    Ok(())
}

pub(crate) fn outbound(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let before = look.now().millis() - WAITING_MILLIS_MAX;
    for organisation in look.organisations() {
        let rules = look.count(
            "outbound-rules",
            "outbound_rule",
            "SELECT COUNT(*) FROM outbound_rule WHERE organisation = $1",
            params![organisation.id],
        )?;
        if rules == 0 && organisation.level == Level::Trade {
            look.wrong("no-outbound-rule", &[("organisation", organisation.name.clone())]);
        }
        let late = look.count(
            "outbound-late",
            "outbound_waiting",
            "SELECT COUNT(*) FROM (SELECT 1 FROM outbound_waiting WHERE organisation = $1 AND state = 'waiting' AND at < $2 LIMIT 1000) AS w",
            params![organisation.id, before],
        )?;
        if late > 0 {
            look.wrong("outbound-late", &[("messages", late.to_string())]);
        }
    }
    Ok(())
}
