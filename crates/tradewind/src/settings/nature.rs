//! What the wiring makes of each setting: when a change of it takes effect, and by which change it protects less.
//!
//! A line belongs here once a running server takes the newest value wherever it uses the setting. What is not listed is taken to need a
//! restart and to protect less by any change; names of files, and lists of tables, which name files and programs, stand in the file alone.

use configuration::{Applies, Kind, Nature, Weaker};

use Applies::{File, Live, Restart};
use Weaker::{Any, Less, Longer, More, MoreOrNone, Never, Shorter, Words};

/// Settings whose values are told nobody: they hold passwords, or tokens in addresses.
const SECRETS: &[&str] =
    &["store.place", "delivery.route", "provision.ldap", "provision.oidc", "threats.feed", "audit.witness_urls"];

/// Sections that stand in the file alone.
const FILE_SECTIONS: &[&str] = &["listen", "keys", "web"];

type Line = (&'static str, Applies, Weaker);

/// What is needed before the store is open, names programs, or says where the machine connects to with what it keeps secret.
const IN_FILE: &[&str] = &[
    "server.hostname",
    "server.directory",
    "server.region_key",
    "server.node",
    "store.place",
    "backup.recover",
    "acme.dns_hook",
    "delivery.port",
    "delivery.policy_port",
    "openpgp.wkd_port",
    "inspect.recogniser",
    "inspect.recogniser_reads",
    "threats.yara",
    "threats.yara_compiler",
    "threats.clamd",
    "threats.icap",
    "opinion.address",
    "passwords.breached_file",
    "passwords.breached_form",
    "passwords.systems_file",
    "passwords.systems_form",
    "sms.host",
    "sms.address",
    "sms.key_file",
    "webauthn.attestation_roots",
];

/// The machine and its copies.
const OF_THE_MACHINE: &[Line] = &[
    ("server.stop_seconds", Restart, Never),
    ("audit.seal_seconds", Live, More),
    ("audit.witness_buckets", Live, Shorter),
    ("audit.witness_urls", Live, Shorter),
    ("audit.witness_addresses", Live, Shorter),
    ("audit.witness_hours", Live, More),
    ("audit.stamp_url", Live, Any),
    ("store.scrub_days", Live, MoreOrNone),
    ("store.scrub_mib_per_second", Live, Never),
    ("region.name", Restart, Any),
    ("region.country", Restart, Any),
    ("backup.repositories", Live, Shorter),
    ("backup.every_minutes", Live, MoreOrNone),
    ("backup.points_in_time", Live, Words(&["off", "by-level", "on"])),
    ("backup.step_seconds", Live, More),
    ("backup.step_days", Live, Less),
    ("backup.step_changes_max", Live, Less),
    ("backup.keep_days", Live, Less),
    ("backup.keep_weeks", Live, Less),
    ("backup.keep_months", Live, Less),
    ("backup.prune", Live, More),
    ("backup.read_back_parts", Live, MoreOrNone),
    ("backup.mib_per_second", Live, Never),
    ("rehearsal.every_days", Live, MoreOrNone),
    ("rehearsal.sample", Live, Any),
    ("rehearsal.recovery_minutes_max", Live, MoreOrNone),
    ("rehearsal.age_minutes_max", Live, MoreOrNone),
    ("tls.version_min", Live, Words(&["1.2", "1.3"])),
    ("tls.client_certificates", Live, Less),
    ("gm.enabled", Live, Less),
    ("gm.prefer", Live, Never),
    ("gm.names", Live, Never),
    ("acme.enabled", Restart, Never),
    ("acme.directory_url", Restart, Any),
    ("acme.contact", Restart, Never),
    ("acme.names", Restart, Never),
    ("acme.challenge", Restart, Never),
    ("dns.servers", Restart, Any),
    ("dns.validate", Restart, Less),
    ("dns.timeout_seconds", Restart, Never),
    ("dns.cache_entries", Restart, Never),
    ("http.public_url", Restart, Any),
    ("http.metrics_from", Live, Longer),
    ("http.mta_sts_mode", Live, Words(&["none", "testing", "enforce"])),
    ("http.mta_sts_max_age_seconds", Live, Never),
    ("log.level", Live, Never),
    ("log.format", Restart, Never),
];

/// Mail that comes in, and what is thought of it.
const OF_MAIL_IN: &[Line] = &[
    ("authentication.trusted_sealers", Restart, Longer),
    ("authentication.check_seconds", Restart, Never),
    ("authentication.without_dns", Restart, Words(&["accept", "defer"])),
    ("reports.dmarc", Restart, Never),
    ("reports.read_dmarc", Restart, Never),
    ("reports.failures", Restart, More),
    ("reports.failure_per_hour", Restart, Never),
    ("reports.failure_redacted", Restart, Less),
    ("blocklists.address_lists", Live, Shorter),
    ("blocklists.domain_lists", Live, Shorter),
    ("blocklists.addresses", Live, Shorter),
    ("blocklists.every_hours", Live, More),
    ("trace.keep_days", Live, Less),
    ("trace.refused_per_day_max", Restart, Less),
    ("smtp.message_bytes_max", Live, Never),
    ("smtp.header_bytes_max", Live, Never),
    ("smtp.mime_depth_max", Live, Never),
    ("smtp.mime_parts_max", Live, Never),
    ("smtp.recipients_max", Live, Never),
    ("smtp.messages_per_connection_max", Live, Never),
    ("smtp.in_flight_bytes_max", Restart, Never),
    ("smtp.idle_seconds", Live, Never),
    ("smtp.data_idle_seconds", Live, Never),
    ("smtp.data_bytes_per_second_min", Live, Less),
    ("smtp.connections_max", Live, Never),
    ("smtp.connections_per_address_max", Live, More),
    ("smtp.connections_per_network_minute_max", Live, MoreOrNone),
    ("smtp.messages_per_network_minute_max", Live, MoreOrNone),
    ("smtp.dns_lists", Live, Shorter),
    ("smtp.greylist_seconds", Live, Less),
    ("smtp.greeting_pause_seconds", Live, Less),
    ("smtp.exempt_networks", Live, Longer),
    ("smtp.hops_max", Live, Never),
    ("inspect.workers", Restart, Never),
    ("inspect.seconds", Restart, Less),
    ("inspect.wait_seconds", Restart, Less),
    ("inspect.memory_mib", Restart, Never),
    ("inspect.recogniser_seconds", Restart, Never),
    ("threats.entries_max", Restart, Less),
    ("threats.never", Restart, Longer),
    ("threats.link_lists", Restart, Shorter),
    ("threats.scan_seconds", Restart, Less),
    ("threats.scan_octets_max", Restart, Less),
    ("threats.yara_seconds", Restart, Less),
    ("threats.yara_octets_max", Restart, Less),
    ("threats.yara_at_once", Restart, Never),
    ("judging.enabled", Live, Less),
    ("judging.milliseconds_max", Live, Less),
    ("judging.at_once_max", Restart, Never),
    ("judging.basic", Live, More),
    ("judging.enhanced", Live, More),
    ("judging.trade", Live, More),
    ("judging.keep_days", Live, Less),
    ("judging.quarantine_days", Live, Less),
    ("judging.digest_minutes", Live, Never),
    ("judging.pull_hours", Live, Less),
    ("judging.outgoing", Live, Less),
    ("judging.complaints_to", Live, Shorter),
    ("judging.sent_per_hour", Live, MoreOrNone),
    ("judging.sent_fresh_per_hour", Live, MoreOrNone),
    ("judging.people_release", Live, More),
    ("opinion.model", Restart, Never),
    ("opinion.region", Restart, Any),
    ("opinion.allowed", Restart, Longer),
    ("opinion.doubt_min", Restart, Never),
    ("opinion.doubt_max", Restart, Never),
    ("opinion.seconds_max", Restart, Never),
    ("opinion.per_day_max", Restart, More),
];

/// Mail that goes out, and its protection.
const OF_MAIL_OUT: &[Line] = &[
    ("dkim.sign", Live, Less),
    ("dkim.watch_seconds", Live, Never),
    ("dkim.overlap_days", Live, Never),
    ("delivery.deliveries_max", Restart, Never),
    ("delivery.connections_per_destination_max", Live, Never),
    ("delivery.messages_per_connection_max", Live, Never),
    ("delivery.lease_seconds", Live, Never),
    ("delivery.connect_seconds", Live, Never),
    ("delivery.answer_seconds", Live, Never),
    ("delivery.unreachable_pause_seconds", Live, Never),
    ("delivery.retry_minutes", Live, Never),
    ("delivery.expire_hours", Live, Never),
    ("delivery.delay_notice_hours", Live, Never),
    ("delivery.schedule_days_max", Live, Never),
    ("delivery.tls_reports", Restart, Less),
    ("openpgp.wkd_lookup", Live, Less),
    ("openpgp.wkd_hours", Live, Never),
    ("openpgp.wkd_seconds", Live, Never),
    ("openpgp.wkd_networks", Restart, Longer),
    ("openpgp.autocrypt", Live, Never),
    ("openpgp.autocrypt_write", Live, Never),
    ("openpgp.autocrypt_mutual", Live, Never),
    ("openpgp.valid_days", Live, More),
    ("smime.revocation", Live, Less),
    ("smime.revocation_seconds", Live, Never),
    ("smime.revocation_minutes", Live, More),
    ("smime.networks", Restart, Longer),
    ("smime.directory_hours", Live, Never),
    ("rules.redirect_to", Restart, Longer),
    ("portal.enabled", Restart, Never),
    ("portal.public_url", Restart, Any),
    ("portal.days", Live, Never),
    ("portal.days_max", Live, More),
    ("portal.openings", Live, Never),
    ("portal.openings_max", Live, More),
    ("portal.delivery_bytes_max", Live, Never),
    ("portal.account_bytes_max", Live, Never),
    ("portal.daily_max", Live, Never),
    ("portal.replies_max", Live, Never),
    ("portal.wrong_max", Live, More),
    ("portal.wrong_minute_max", Live, More),
    ("portal.keep_days", Live, Never),
];

/// People: reading mail, signing in, who may do what.
const OF_PEOPLE: &[Line] = &[
    ("access.step_up_minutes_basic", Live, More),
    ("access.step_up_minutes_enhanced", Live, More),
    ("access.step_up_minutes_trade", Live, More),
    ("access.approval_hours", Live, Never),
    ("access.grant_hours_max", Live, More),
    ("access.refusal_days", Live, Less),
    ("watch.keep_days", Live, Less),
    ("watch.alerts_to", Live, Any),
    ("watch.reviews_to", Live, Any),
    ("imap.connections_max", Live, Never),
    ("imap.connections_per_address_max", Live, More),
    ("imap.idle_minutes", Live, Never),
    ("imap.command_seconds", Live, Never),
    ("imap.search_seconds", Live, Never),
    ("imap.summaries_mib", Restart, Never),
    ("jmap.enabled", Restart, Never),
    ("jmap.upload_bytes_max", Restart, Never),
    ("jmap.uploads_max", Live, Never),
    ("jmap.uploads_bytes_max", Live, Never),
    ("jmap.request_bytes_max", Restart, Never),
    ("jmap.requests_max", Live, Never),
    ("jmap.calls_max", Live, Never),
    ("jmap.objects_get_max", Live, Never),
    ("jmap.objects_set_max", Live, Never),
    ("jmap.search_seconds", Live, Never),
    ("jmap.index_messages_max", Restart, Never),
    ("jmap.opened_mib", Restart, Never),
    ("jmap.push_connections_max", Live, Never),
    ("jmap.push_subscriptions_max", Live, Never),
    ("jmap.push_within", Restart, Longer),
    ("jmap.receipts", Live, Never),
    ("jmap.pictures", Restart, Never),
    ("jmap.picture_bytes_max", Restart, Never),
    ("jmap.pictures_mib", Restart, Never),
    ("jmap.pictures_within", Restart, Longer),
    ("passwords.chars_min", Live, Less),
    ("passwords.history", Live, Less),
    ("passwords.age_days_max", Live, MoreOrNone),
    ("passwords.score_min", Live, Less),
    ("passwords.breached_url", Restart, Any),
    ("passwords.breached_unknown", Restart, Words(&["accept", "refuse"])),
    ("factors.required_for_all", Live, Less),
    ("factors.refused", Live, Shorter),
    ("factors.grace_days", Live, More),
    ("factors.ocsp", Restart, Words(&["off", "if_named", "required"])),
    ("factors.issuer", Restart, Never),
    ("webauthn.rp_id", Restart, Any),
    ("webauthn.origin", Restart, Any),
    ("webauthn.attestation", Restart, Words(&["none", "any", "listed"])),
    ("webauthn.aaguids", Restart, Longer),
    ("webauthn.user_verification", Restart, Words(&["preferred", "required"])),
    ("sms.provider", Restart, Any),
    ("sms.key_id", Restart, Any),
    ("sms.sign_name", Restart, Never),
    ("sms.template", Restart, Never),
    ("sms.app_id", Restart, Never),
    ("sms.region", Restart, Never),
    ("sms.sender", Restart, Never),
    ("sms.hourly_max", Live, More),
    ("sms.daily_max", Live, More),
];

/// What is said of the setting `name`, which is of that type.
pub(super) fn nature_of(name: &str, kind: Kind) -> Nature {
    let is_secret = SECRETS.contains(&name);
    let section = name.split('.').next().unwrap_or_default();
    let is_in_file = IN_FILE.contains(&name)
        || FILE_SECTIONS.contains(&section)
        || matches!(kind, Kind::File | Kind::Files | Kind::Tables);
    if is_in_file {
        return Nature { applies: File, weaker: Any, is_secret };
    }
    let line = lines().find(|(listed, ..)| *listed == name);
    let (applies, weaker) = line.map_or((Restart, Any), |(_, applies, weaker)| (*applies, *weaker));
    Nature { applies, weaker, is_secret }
}

fn lines() -> impl Iterator<Item = &'static Line> {
    [OF_THE_MACHINE, OF_MAIL_IN, OF_MAIL_OUT, OF_PEOPLE].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::layers::schema_of_all;
    use super::*;

    #[test]
    fn every_line_is_about_a_setting_and_stands_once() {
        let schema = schema_of_all();
        let mut seen = BTreeSet::new();
        let named = lines().map(|(name, ..)| *name).chain(IN_FILE.iter().copied());
        for name in named {
            assert!(schema.find(name).is_some(), "{name} is no setting");
            assert!(seen.insert(name), "{name} stands twice");
        }
        for name in SECRETS {
            assert!(schema.find(name).is_some(), "{name} is no setting");
        }
    }

    #[test]
    fn files_programs_and_addresses_of_services_stand_in_the_file_alone() {
        let schema = schema_of_all();
        for name in ["tls.key", "listen.smtp", "inspect.recogniser", "acme.dns_hook", "keys.command", "store.place"] {
            assert_eq!(schema.find(name).unwrap().nature.applies, Applies::File, "{name}");
        }
        for setting in schema.all() {
            let is_of_files = matches!(setting.kind, Kind::File | Kind::Files | Kind::Tables);
            assert!(!is_of_files || setting.nature.applies == Applies::File, "{}", setting.name);
        }
    }

    #[test]
    fn words_of_a_setting_are_those_that_it_can_have() {
        let schema = schema_of_all();
        for (name, _, weaker) in lines() {
            let Words(words) = weaker else { continue };
            let setting = schema.find(name).unwrap();
            let default = setting.default.as_ref().and_then(toml::Value::as_str).unwrap();
            assert!(words.contains(&default), "{name}: {default}");
        }
    }

    #[test]
    fn most_settings_that_may_be_changed_at_all_apply_live() {
        let schema = schema_of_all();
        let count = |applies| schema.all().iter().filter(|setting| setting.nature.applies == applies).count();
        assert!(count(Applies::Live) > count(Applies::Restart), "{} {}", count(Applies::Live), count(Applies::Restart));
    }
}
