//! Schema versions. A migration that has been released is never edited.

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    /// In the dialect that both engines share.
    pub(crate) sql: &'static str,
}

/// All steps, oldest first.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "first", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "transport", sql: include_str!("../migrations/0002_transport.sql") },
    Migration { version: 3, name: "dkim", sql: include_str!("../migrations/0003_dkim.sql") },
    Migration { version: 4, name: "reports", sql: include_str!("../migrations/0004_reports.sql") },
    Migration { version: 5, name: "lists", sql: include_str!("../migrations/0005_lists.sql") },
    Migration { version: 6, name: "forward", sql: include_str!("../migrations/0006_forward.sql") },
    Migration { version: 7, name: "access", sql: include_str!("../migrations/0007_access.sql") },
    Migration { version: 8, name: "directory", sql: include_str!("../migrations/0008_directory.sql") },
    Migration { version: 9, name: "factors", sql: include_str!("../migrations/0009_factors.sql") },
    Migration { version: 10, name: "sessions", sql: include_str!("../migrations/0010_sessions.sql") },
    Migration { version: 11, name: "sign-ins", sql: include_str!("../migrations/0011_sign_ins.sql") },
    Migration { version: 12, name: "refusals", sql: include_str!("../migrations/0012_refusals.sql") },
    Migration { version: 13, name: "judged", sql: include_str!("../migrations/0013_judged.sql") },
    Migration { version: 14, name: "reports-of-people", sql: include_str!("../migrations/0014_reports_of_people.sql") },
    Migration { version: 15, name: "token-algorithms", sql: include_str!("../migrations/0015_token_algorithms.sql") },
    Migration { version: 16, name: "reputation", sql: include_str!("../migrations/0016_reputation.sql") },
    Migration { version: 17, name: "judging-policy", sql: include_str!("../migrations/0017_judging_policy.sql") },
    Migration { version: 18, name: "complaints", sql: include_str!("../migrations/0018_complaints.sql") },
    Migration { version: 19, name: "jmap", sql: include_str!("../migrations/0019_jmap.sql") },
    Migration { version: 20, name: "submissions", sql: include_str!("../migrations/0020_submissions.sql") },
    Migration { version: 21, name: "guard", sql: include_str!("../migrations/0021_guard.sql") },
    Migration { version: 22, name: "opinions", sql: include_str!("../migrations/0022_opinions.sql") },
    Migration { version: 23, name: "contacts", sql: include_str!("../migrations/0023_contacts.sql") },
    Migration { version: 24, name: "guard-watch", sql: include_str!("../migrations/0024_guard_watch.sql") },
    Migration { version: 25, name: "scripts", sql: include_str!("../migrations/0025_scripts.sql") },
    Migration { version: 26, name: "labels", sql: include_str!("../migrations/0026_labels.sql") },
    Migration { version: 27, name: "portal", sql: include_str!("../migrations/0027_portal.sql") },
    Migration { version: 28, name: "pictures", sql: include_str!("../migrations/0028_pictures.sql") },
    Migration { version: 29, name: "audit", sql: include_str!("../migrations/0029_audit.sql") },
    Migration { version: 30, name: "push", sql: include_str!("../migrations/0030_push.sql") },
    Migration { version: 31, name: "smime", sql: include_str!("../migrations/0031_smime.sql") },
    Migration { version: 32, name: "openpgp", sql: include_str!("../migrations/0032_openpgp.sql") },
    Migration { version: 33, name: "audit_witness", sql: include_str!("../migrations/0033_audit_witness.sql") },
    Migration { version: 34, name: "share_notices", sql: include_str!("../migrations/0034_share_notices.sql") },
    Migration { version: 35, name: "holds", sql: include_str!("../migrations/0035_holds.sql") },
    Migration { version: 36, name: "key_directory", sql: include_str!("../migrations/0036_key_directory.sql") },
    Migration { version: 37, name: "retention-rules", sql: include_str!("../migrations/0037_retention_rules.sql") },
    Migration { version: 38, name: "settings-seen", sql: include_str!("../migrations/0038_settings_seen.sql") },
    Migration { version: 39, name: "erasures", sql: include_str!("../migrations/0039_erasures.sql") },
    Migration { version: 41, name: "protection", sql: include_str!("../migrations/0041_protection.sql") },
    Migration { version: 42, name: "on-receipt", sql: include_str!("../migrations/0042_on_receipt.sql") },
    Migration { version: 43, name: "backups", sql: include_str!("../migrations/0043_backups.sql") },
    Migration { version: 44, name: "scrub", sql: include_str!("../migrations/0044_scrub.sql") },
    Migration { version: 45, name: "key-statements", sql: include_str!("../migrations/0045_key_statements.sql") },
    Migration {
        version: 46,
        name: "certificate-status",
        sql: include_str!("../migrations/0046_certificate_status.sql"),
    },
    Migration { version: 47, name: "journal", sql: include_str!("../migrations/0047_journal.sql") },
    Migration { version: 48, name: "moves", sql: include_str!("../migrations/0048_moves.sql") },
    Migration { version: 49, name: "regions", sql: include_str!("../migrations/0049_regions.sql") },
    Migration { version: 50, name: "outbound", sql: include_str!("../migrations/0050_outbound.sql") },
    Migration { version: 51, name: "investigation", sql: include_str!("../migrations/0051_investigation.sql") },
    Migration { version: 52, name: "evidence", sql: include_str!("../migrations/0052_evidence.sql") },
    Migration { version: 53, name: "trace", sql: include_str!("../migrations/0053_trace.sql") },
    Migration { version: 54, name: "pages", sql: include_str!("../migrations/0054_pages.sql") },
    Migration { version: 55, name: "subjects", sql: include_str!("../migrations/0055_subjects.sql") },
    Migration { version: 57, name: "settings", sql: include_str!("../migrations/0057_settings.sql") },
    Migration { version: 59, name: "quota-told", sql: include_str!("../migrations/0059_quota_told.sql") },
    Migration { version: 60, name: "key-use", sql: include_str!("../migrations/0060_key_use.sql") },
    Migration { version: 61, name: "mail-journal", sql: include_str!("../migrations/0061_mail_journal.sql") },
    Migration { version: 62, name: "audit-cosigner", sql: include_str!("../migrations/0062_audit_cosigner.sql") },
    Migration { version: 63, name: "subjects-unproved", sql: include_str!("../migrations/0063_subjects_unproved.sql") },
    Migration { version: 66, name: "overview-reports", sql: include_str!("../migrations/0066_overview_reports.sql") },
    Migration { version: 67, name: "blocklists", sql: include_str!("../migrations/0067_blocklists.sql") },
    Migration { version: 68, name: "connectors", sql: include_str!("../migrations/0068_connectors.sql") },
];

/// The newest schema that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Names the schema by the text of all migrations.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> String {
    let all: String = MIGRATIONS.iter().map(|migration| migration.sql).collect();
    crypto::hash::sha256(all.as_bytes()).iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

/// Where each engine keeps what was applied.
pub(crate) const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, name TEXT NOT NULL, applied BIGINT NOT NULL)";
