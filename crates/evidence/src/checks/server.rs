//! Connections, certificates, the queue, room, clock, versions.

use store::params;

use super::{DAY, HOUR, text_list};
use crate::EvidenceError;
use crate::look::Look;
use crate::sight::{self, SightState};
use identity::Level;

/// A certificate that ends sooner is wrong: renewal should have come long before.
const CERTIFICATE_DAYS_MIN: i64 = 14;

/// How long a recipient may be due before the queue is taken for stuck.
const DUE_MILLIS_MAX: i64 = HOUR;

/// Recipients of the queue that are counted; more are told as so many.
const COUNTED_MAX: i64 = 10_000;

/// Free room below this, in bytes, is too little.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// As is less than such a part of all: one in so many.
const FREE_PART: u64 = 20;

/// Hundredths of a quota from which an account is nearly full.
const QUOTA_FULL: i64 = 95;

/// A look at the machine that is older counts no more.
const SIGHT_MILLIS_MAX: i64 = 2 * DAY;

pub(crate) fn transport(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let facts = &look.around().transport;
    let level = look.level();
    look.read("level", "organisation", level.as_str());
    look.setting("tls.version_min", facts.version_min.as_str());
    look.setting("http.mta_sts_mode", facts.mta_sts.as_str());
    look.read("services", "listen", text_list(&facts.services));
    look.count("partners-encrypted", "partner_demand", "SELECT COUNT(*) FROM partner_demand", &[])?;
    if level > Level::Basic && facts.version_min != "1.3" {
        look.wrong("tls-old", &[("version", facts.version_min.clone()), ("level", level.to_string())]);
    }
    if facts.mta_sts != "enforce" {
        look.person("mta-sts-testing", &[("mode", facts.mta_sts.clone())]);
    }
    Ok(())
}

pub(crate) fn certificates(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    for found in &look.around().certificates {
        let Some(until) = found.until.filter(|_| found.fault.is_empty()) else {
            look.read("certificate", found.setting, found.fault.as_str());
            look.wrong(
                "certificate-unusable",
                &[("setting", found.setting.to_owned()), ("cause", found.fault.clone())],
            );
            continue;
        };
        let days = (until.millis() - now.millis()).div_euclid(DAY);
        look.read("certificate-days", found.setting, days);
        if days < CERTIFICATE_DAYS_MIN {
            look.wrong("certificate-ends", &[("setting", found.setting.to_owned()), ("until", until.to_string())]);
        }
    }
    Ok(())
}

pub(crate) fn queue(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let waiting = look.count(
        "queued",
        "queue_message",
        "SELECT COUNT(*) FROM (SELECT 1 FROM queue_message LIMIT $1) AS q",
        params![COUNTED_MAX],
    )?;
    // Whoever is due and tried by nobody: the first that became due tells how long nothing was done.
    let earliest = look.number(
        "SELECT due FROM queue_recipient WHERE state = 'due' AND lease_until <= $1 ORDER BY due LIMIT 1",
        params![now],
    )?;
    let late = if earliest == 0 { 0 } else { (now - earliest).max(0) };
    look.read("due-minutes", "queue_recipient", late / 60_000);
    if late > DUE_MILLIS_MAX {
        look.wrong("queue-stuck", &[("minutes", (late / 60_000).to_string()), ("messages", waiting.to_string())]);
    }
    Ok(())
}

pub(crate) fn storage(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    if let Some(disk) = look.around().disk {
        look.read("free-bytes", "statvfs", disk.free_bytes);
        look.read("total-bytes", "statvfs", disk.total_bytes);
        if disk.free_bytes < FREE_BYTES_MIN.max(disk.total_bytes / FREE_PART) {
            look.wrong("disk-full", &[("mib", (disk.free_bytes >> 20).to_string())]);
        }
    }
    let (mut bytes, mut full) = (0, 0);
    for organisation in look.organisations() {
        bytes += look.number(
            "SELECT CAST(SUM(bytes) AS BIGINT) FROM account WHERE organisation = $1",
            params![organisation.id],
        )?;
        full += look.number(
            "SELECT COUNT(*) FROM account WHERE organisation = $1 AND quota_bytes > 0 AND bytes >= quota_bytes / 100 * $2",
            params![organisation.id, QUOTA_FULL],
        )?;
    }
    look.read("mail-bytes", "account", bytes);
    look.read("accounts-full", "account", full);
    if full > 0 {
        look.wrong("quota-full", &[("accounts", full.to_string())]);
    }
    Ok(())
}

pub(crate) fn clock(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let Some(seen) = sight::of_kind(look.tx(), "clock")?.into_iter().find(|seen| now - seen.at < SIGHT_MILLIS_MAX)
    else {
        look.person("clock-unseen", &[]);
        return Ok(());
    };
    look.read("clock", "timedatectl", seen.found.as_str());
    match seen.state {
        SightState::Sound => {}
        SightState::Wrong => look.wrong("clock-wrong", &[("found", seen.found)]),
        SightState::Unknown => look.person("clock-unknown", &[("found", seen.found)]),
    }
    Ok(())
}

pub(crate) fn versions(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    look.read("program", "program", look.around().program);
    let known = store::newest_schema();
    let schema = look.count("schema", "schema_version", "SELECT MAX(version) FROM schema_version", &[])?;
    if schema != known {
        look.wrong("schema-old", &[("schema", schema.to_string()), ("known", known.to_string())]);
    }
    look.count("nodes", "settings_seen", "SELECT COUNT(*) FROM settings_seen", &[])?;
    Ok(())
}
