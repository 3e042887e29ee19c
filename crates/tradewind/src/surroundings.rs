//! What evidence is looked at with beyond the store: settings in force, certificates, files of keys, feeds, room on the disk.

use std::path::Path;
use std::time::Duration;

use certs::CertificateFacts;
use crypto::tls::key_exposure;
use env::Timestamp;
use evidence::{
    AuditFacts, BlocklistFacts, CertificateFound, Disk, FeedFound, JudgingFacts, KeysFound, Sight, SightState,
    Surroundings, TransportFacts,
};
use judgement::JudgingSettings;
use mailauth::WithoutDns;
use mailauth::mta_sts::Mode;

use crate::doctor::{self, Finding, State};
use crate::feeds::library;
use crate::settings::Settings;

/// Everything that `settings` and the files that they name tell.
pub(crate) fn of(settings: &Settings) -> Surroundings {
    let without_dns = if settings.without_dns() == WithoutDns::Accept { "accept" } else { "defer" };
    Surroundings {
        program: env!("CARGO_PKG_VERSION"),
        hostname: settings.server.hostname.clone(),
        transport: transport(settings),
        certificates: certificates(settings),
        keys: keys(settings),
        passwords: settings.passwords.clone(),
        factors: settings.factors.clone(),
        access: settings.access.clone(),
        watch: settings.watch.clone(),
        knows_countries: settings.watch.country_database.is_file(),
        audit: audit(settings),
        signing: settings.dkim.clone(),
        without_dns: without_dns.to_owned(),
        blocklists: blocklists(settings),
        judging: judging(&settings.judging),
        scanners: scanners(settings),
        feeds: feeds(settings),
        region: settings.region.clone(),
        scrub_days: settings.store.scrub_days,
        disk: disk(settings),
        ..Surroundings::default()
    }
}

fn blocklists(settings: &Settings) -> BlocklistFacts {
    let of = &settings.blocklists;
    BlocklistFacts {
        lists: of.address_lists.len() + of.domain_lists.len(),
        every: Duration::from_secs(u64::from(of.every_hours) * 3_600),
    }
}

fn transport(settings: &Settings) -> TransportFacts {
    let listen = &settings.listen;
    let services = [
        ("smtp", &listen.smtp),
        ("submission", &listen.submission),
        ("submissions", &listen.submissions),
        ("imap", &listen.imap),
        ("imaps", &listen.imaps),
        ("http", &listen.http),
        ("https", &listen.https),
    ];
    let policy = settings.http.mta_sts_policy(&settings.server.hostname);
    TransportFacts {
        version_min: settings.tls.version_min.clone(),
        services: services.into_iter().filter(|(_, addresses)| !addresses.is_empty()).map(|(name, _)| name).collect(),
        mta_sts: match policy.mode {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        }
        .to_owned(),
        mta_sts_id: policy.id(),
        gm: settings.gm.enabled,
    }
}

fn certificates(settings: &Settings) -> Vec<CertificateFound> {
    let mut named = vec![("tls.certificate", &settings.tls.certificate)];
    if settings.gm.enabled {
        named.push(("gm.certificate", &settings.gm.certificate));
    }
    let found = |(setting, path): (&'static str, &std::path::PathBuf)| {
        let read = std::fs::read(path).map_err(|error| error.to_string());
        match read.and_then(|pem| CertificateFacts::read(&pem).map_err(|error| error.to_string())) {
            Ok(facts) => CertificateFound { setting, until: Some(facts.not_after), fault: String::new() },
            Err(fault) => CertificateFound { setting, until: None, fault },
        }
    };
    named.into_iter().map(found).collect()
}

fn keys(settings: &Settings) -> KeysFound {
    let mut files = vec![("server.region_key", &settings.server.region_key), ("tls.key", &settings.tls.key)];
    if settings.gm.enabled {
        files.push(("gm.key", &settings.gm.key));
    }
    let further = [
        ("backup.password_file", &settings.backup.password_file),
        ("backup.credentials_file", &settings.backup.credentials_file),
    ];
    files.extend(further.into_iter().filter(|(_, path)| path.exists()));
    let is_exposed = |path: &Path| !matches!(key_exposure(path), Ok(None));
    KeysFound {
        cipher: settings.keys.cipher.clone(),
        holder: holder(&settings.server.region_key),
        files: files.len(),
        exposed: files.into_iter().filter(|(_, path)| is_exposed(path)).map(|(setting, _)| setting).collect(),
    }
}

/// What holds the region key, as the second line of its file says; who holds it is not asked.
pub(crate) fn holder(path: &Path) -> &'static str {
    let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
    let text = text.as_ref().map(|text| text.as_str()).unwrap_or_default();
    match text.lines().nth(1).and_then(|line| line.strip_prefix("held by: ")) {
        Some("program") => "command",
        Some(other) if other.starts_with("pkcs11") => "token",
        _ => "file",
    }
}

fn audit(settings: &Settings) -> AuditFacts {
    let set = &settings.audit;
    let mut witnesses: Vec<String> =
        [&set.witness_urls, &set.witness_buckets, &set.witness_addresses].into_iter().flatten().cloned().collect();
    witnesses.extend(set.stamp_url.as_ref().map(|_| "stamp".to_owned()));
    AuditFacts {
        seal_every: Duration::from_secs(set.seal_seconds.max(1)),
        witnesses,
        has_directory: set.witness_directory.is_some(),
        witness_every: Duration::from_secs(set.witness_hours.max(1).saturating_mul(3600)),
    }
}

fn judging(set: &JudgingSettings) -> JudgingFacts {
    JudgingFacts {
        incoming: set.enabled,
        outgoing: set.outgoing,
        fraud_warn: [set.basic.fraud_warn, set.enhanced.fraud_warn, set.trade.fraud_warn],
        quarantine_days: set.quarantine_days,
    }
}

fn scanners(settings: &Settings) -> Vec<&'static str> {
    let threats = &settings.threats;
    let set =
        [("clamd", !threats.clamd.is_empty()), ("icap", !threats.icap.is_empty()), ("yara", !threats.yara.is_empty())];
    set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
}

fn feeds(settings: &Settings) -> Vec<FeedFound> {
    let library = library(settings, 0);
    let found = |source: &intel::FeedSource| {
        let state = library.state(&source.name);
        FeedFound {
            name: source.name.clone(),
            checked: (state.checked != 0).then(|| Timestamp::from_seconds(state.checked)),
            every: Duration::from_secs(source.refresh_minutes.max(1).saturating_mul(60)),
            waits: state.waiting.is_some(),
            fault: state.fault.unwrap_or_default(),
        }
    };
    library.sources().iter().map(found).collect()
}

/// The file system that the server's directory is on.
fn disk(settings: &Settings) -> Option<Disk> {
    let facts = rustix::fs::statvfs(&settings.server.directory).ok()?;
    Some(Disk {
        free_bytes: facts.f_bavail.saturating_mul(facts.f_frsize),
        total_bytes: facts.f_blocks.saturating_mul(facts.f_frsize),
    })
}

/// Looks at what takes seconds: the clock, files of keys, how processes that look into files are confined.
pub(crate) async fn look_at_machine(settings: &Settings, now: Timestamp) -> Vec<Sight> {
    let settings = settings.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let mut found = doctor::permissions(&settings);
        found.push(doctor::clock(&settings, now));
        found.push(doctor::confinement(&settings));
        found.into_iter().map(sight).collect()
    });
    looking.await.unwrap_or_default()
}

fn sight(finding: Finding) -> Sight {
    let state = match finding.state {
        State::Sound => SightState::Sound,
        State::Wrong => SightState::Wrong,
        State::Unknown => SightState::Unknown,
    };
    // The clock's object is the moment, which is no name.
    let object = if finding.check == "clock" { "system".to_owned() } else { finding.object };
    Sight::new(finding.check, object, state, finding.found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_files_are_told_as_they_are() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.server.directory = home.path().to_owned();
        settings.server.region_key = home.path().join("region.key");
        settings.tls.key = home.path().join("none.key");
        settings.tls.certificate = home.path().join("none.pem");
        settings.threats.clamd = "127.0.0.1:3310".to_owned();
        settings.audit.witness_addresses = vec!["auditor@example.org".to_owned()];
        settings.listen.imap = Vec::new();
        std::fs::write(&settings.server.region_key, "tradewind region key 2\nheld by: pkcs11 a/b\nnewest: in force\n")
            .unwrap();
        let told = of(&settings);
        assert_eq!((told.keys.holder, told.scanners.as_slice()), ("token", ["clamd"].as_slice()));
        assert!(told.keys.exposed.contains(&"tls.key"), "a key that cannot be read is told");
        assert!(told.certificates[0].until.is_none() && !told.certificates[0].fault.is_empty());
        assert_eq!(told.audit.witnesses, ["auditor@example.org"]);
        assert!(!told.transport.services.contains(&"imap") && told.transport.services.contains(&"imaps"));
        assert!(told.disk.is_some_and(|disk| disk.total_bytes >= disk.free_bytes && disk.free_bytes > 0));
        std::fs::write(&settings.server.region_key, "tradewind region key 1\nAAAA\n").unwrap();
        assert_eq!(of(&settings).keys.holder, "file");
    }
}
