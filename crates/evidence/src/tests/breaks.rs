//! One thing is broken at a time; what was broken in the store is undone again.

use std::collections::BTreeSet;
use std::time::Duration;

use env::Timestamp;
use store::testing::TestStore;
use store::{StoreError, Tx, params};

use super::healthy::Healthy;
use super::{ALL, Undone, look, told};
use crate::checks::DAY;
use crate::{Check, FeedFound, Outcome, State, Surroundings, look_at};

/// How something is broken.
#[derive(Clone, Copy)]
enum Broken {
    /// By a statement.
    Sql(&'static str),
    /// By work on the store.
    Work(fn(&mut Tx<'_>) -> Result<(), StoreError>),
    /// In what is known beyond the store.
    Around(fn(&mut Surroundings)),
}

use Broken::{Around, Sql, Work};
use State::{Failed, NeedsPerson};

type Case = (Check, &'static str, State, Broken);

fn server() -> Vec<Case> {
    vec![
        (Check::Transport, "tls-old", Failed, Around(|it| it.transport.version_min = "1.2".to_owned())),
        (Check::Transport, "mta-sts-testing", NeedsPerson, Around(|it| it.transport.mta_sts = "testing".to_owned())),
        (
            Check::Certificates,
            "certificate-ends",
            Failed,
            Around(|it| it.certificates[0].until = Some(Timestamp::from_seconds(1_800_000_000 + 3 * 86_400))),
        ),
        (
            Check::Certificates,
            "certificate-unusable",
            Failed,
            Around(|it| it.certificates[0].fault = "none".to_owned()),
        ),
        (Check::Queue, "queue-stuck", Failed, Work(stuck)),
        (Check::Storage, "disk-full", Failed, Around(|it| it.disk.as_mut().unwrap().free_bytes = 1 << 20)),
        (
            Check::Storage,
            "quota-full",
            Failed,
            Sql("UPDATE account SET quota_bytes = 1000, bytes = 990 WHERE role = 'sales'"),
        ),
        (Check::Clock, "clock-unseen", NeedsPerson, Sql("UPDATE evidence_sight SET at = 1 WHERE kind = 'clock'")),
        (Check::Clock, "clock-wrong", Failed, Sql("UPDATE evidence_sight SET state = 'wrong' WHERE kind = 'clock'")),
        (
            Check::Clock,
            "clock-unknown",
            NeedsPerson,
            Sql("UPDATE evidence_sight SET state = 'unknown' WHERE kind = 'clock'"),
        ),
        (Check::Versions, "schema-old", Failed, Sql("DELETE FROM schema_version WHERE version >= 52")),
        (Check::AtRest, "key-exposed", Failed, Around(|it| it.keys.exposed = vec!["tls.key"])),
        (Check::AtRest, "key-closed", Failed, Work(close_account_key)),
        (Check::KeyRotation, "key-old", Failed, Sql("UPDATE organisation SET created = 1")),
        (Check::EndToEnd, "end-to-end-lacking", Failed, Sql("DELETE FROM pgp_key")),
        (Check::Gm, "gm-off", NeedsPerson, Around(|it| it.transport.gm = false)),
    ]
}

fn people() -> Vec<Case> {
    vec![
        (Check::Factors, "factor-lacking", Failed, Sql("DELETE FROM factor WHERE kind = 'totp'")),
        (Check::Factors, "factor-lacking", Failed, Sql("UPDATE factor SET kind = 'sms'")),
        (Check::Passwords, "leaked-list", Failed, Around(|it| it.passwords.breached_file = String::new())),
        (Check::Duties, "duty-nobody", Failed, Sql("UPDATE account SET role = 'sales' WHERE role = 'auditor'")),
        (Check::Duties, "duty-nobody", Failed, Sql("UPDATE account SET state = 'disabled' WHERE role = 'security'")),
        (Check::Duties, "duty-joined", Failed, Work(join_duties)),
        (Check::SecondPerson, "second-person-off", Failed, Work(no_second_person)),
        (Check::Grants, "grant-untold", Failed, Work(untold_grant)),
        (Check::AccessReview, "review-late", Failed, Work(no_review)),
        (Check::IdleAccounts, "accounts-idle", NeedsPerson, Sql("UPDATE account SET created = 1 WHERE role = 'sales'")),
        (Check::SignInWatch, "countries-unknown", Failed, Around(|it| it.knows_countries = false)),
        (Check::SignInWatch, "sign-ins-short", Failed, Around(|it| it.watch.keep_days = 90)),
        (Check::SignInWatch, "letters-waiting", Failed, Work(untold_sign_in)),
    ]
}

fn mail() -> Vec<Case> {
    vec![
        (Check::Judging, "judging-off", Failed, Around(|it| it.judging.incoming = false)),
        (Check::Judging, "judging-off", Failed, Around(|it| it.judging.outgoing = false)),
        (Check::Judging, "judging-departs", NeedsPerson, Work(depart)),
        (Check::Malware, "no-scanner", Failed, Around(|it| it.scanners.clear())),
        (
            Check::Malware,
            "confinement-unseen",
            NeedsPerson,
            Sql("DELETE FROM evidence_sight WHERE kind = 'attachments'"),
        ),
        (
            Check::Malware,
            "confinement-broken",
            Failed,
            Sql("UPDATE evidence_sight SET state = 'wrong' WHERE kind = 'attachments'"),
        ),
        (
            Check::Malware,
            "confinement-partial",
            NeedsPerson,
            Sql("UPDATE evidence_sight SET state = 'unknown' WHERE kind = 'attachments'"),
        ),
        (Check::Blocklists, "blocklists-none", NeedsPerson, Around(|it| it.blocklists.lists = 0)),
        (Check::Blocklists, "blocklists-unseen", NeedsPerson, Sql("UPDATE blocklist_look SET done = 1")),
        (
            Check::Blocklists,
            "blocklisted",
            Failed,
            Sql("INSERT INTO blocklist_listing (list, object, since, seen, gone, told, codes, said)
                 VALUES ('bl.example', '192.0.2.7', 1, 1, 0, 1, '127.0.0.2', 'spam')"),
        ),
        (Check::Feeds, "no-feed", Failed, Around(|it| it.feeds.clear())),
        (Check::Feeds, "feed-stale", Failed, Around(|it| it.feeds[0].checked = None)),
        (Check::Feeds, "feed-stale", Failed, Around(|it| it.feeds[0].fault = "no route".to_owned())),
        (Check::Feeds, "feed-stale", Failed, Around(|it| it.feeds.push(old_feed()))),
        (Check::Feeds, "feed-waits", NeedsPerson, Around(|it| it.feeds[0].waits = true)),
        (Check::FraudGuard, "fraud-off", Failed, Around(|it| it.judging.fraud_warn[2] = 1.1)),
        (Check::FraudGuard, "cases-old", Failed, Work(old_case)),
        (
            Check::SenderRecords,
            "records-wrong",
            Failed,
            Sql("UPDATE evidence_sight SET state = 'wrong' WHERE kind = 'SPF'"),
        ),
        (
            Check::SenderRecords,
            "records-wrong",
            Failed,
            Sql("UPDATE evidence_sight SET state = 'wrong' WHERE kind = 'DKIM'"),
        ),
        (
            Check::SenderRecords,
            "records-unknown",
            NeedsPerson,
            Sql("UPDATE evidence_sight SET state = 'unknown' WHERE kind = 'MX'"),
        ),
        (
            Check::SenderRecords,
            "records-unseen",
            NeedsPerson,
            Sql("UPDATE evidence_sight SET at = 1 WHERE kind = 'MTA-STS'"),
        ),
        (
            Check::SenderRecords,
            "dmarc-none",
            NeedsPerson,
            Sql("UPDATE evidence_sight SET found = 'v=DMARC1; p=none' WHERE kind = 'DMARC'"),
        ),
        (Check::Signing, "signing-off", Failed, Around(|it| it.signing.sign = false)),
        (Check::Signing, "unchecked-without-dns", Failed, Around(|it| it.without_dns = "accept".to_owned())),
        (Check::Signing, "domain-unsigned", Failed, Sql("UPDATE dkim_key SET state = 'retired'")),
        (Check::Signing, "signing-key-old", Failed, Sql("UPDATE dkim_key SET changed = 1")),
        (Check::Outbound, "no-outbound-rule", Failed, Sql("DELETE FROM outbound_rule")),
        (Check::Outbound, "outbound-late", Failed, Work(waits_long)),
    ]
}

fn backups() -> Vec<Case> {
    vec![
        (Check::Backups, "no-backup", Failed, Around(|it| it.backups.repositories.clear())),
        (Check::Backups, "backup-never", Failed, Sql("DELETE FROM backup_standing")),
        (
            Check::Backups,
            "backup-failing",
            Failed,
            Sql("UPDATE backup_standing SET failing_since = 1, failure = 'no route'"),
        ),
        (Check::Backups, "backup-late", Failed, Sql("UPDATE backup_standing SET good = 1000")),
        (Check::BackupPlaces, "no-backup", Failed, Around(|it| it.backups.lacks = vec!["none"])),
        (Check::BackupPlaces, "backup-local", Failed, Around(|it| it.backups.lacks = vec!["local"])),
        (Check::BackupPlaces, "backup-one-region", Failed, Around(|it| it.backups.lacks = vec!["one-region"])),
        (Check::BackupPlaces, "backup-deletable", Failed, Around(|it| it.backups.lacks = vec!["deletable"])),
        (Check::BackupPlaces, "backup-short", Failed, Around(|it| it.backups.lacks = vec!["short"])),
        (Check::BackupPlaces, "backup-by-hand", Failed, Around(|it| it.backups.lacks = vec!["by-hand"])),
        (Check::BackupPlaces, "backup-no-points", Failed, Around(|it| it.backups.lacks = vec!["no-points"])),
        (Check::BackupPlaces, "backup-crosses", Failed, Around(|it| it.backups.may_not_cross = 1)),
        (Check::Points, "backup-no-points", Failed, Around(|it| it.backups.points = false)),
        (Check::Points, "points-never", Failed, Sql("DELETE FROM journal_reached")),
        (Check::Points, "points-late", Failed, Sql("UPDATE journal_reached SET clean = 1")),
        (
            Check::Points,
            "points-late",
            Failed,
            Sql("UPDATE journal_reached SET failing_since = 1, failure = 'no route'"),
        ),
        (Check::Rehearsal, "rehearsal-never", Failed, Around(|it| it.rehearsal.last = None)),
        (Check::Rehearsal, "rehearsal-unsound", Failed, Around(|it| it.rehearsal.last.as_mut().unwrap().1 = false)),
        (
            Check::Rehearsal,
            "rehearsal-late",
            Failed,
            Around(|it| it.rehearsal.last = Some((Timestamp::from_seconds(1_800_000_000 - 60 * 86_400), true))),
        ),
        (Check::ContentWhole, "walk-off", Failed, Around(|it| it.scrub_days = 0)),
        (Check::ContentWhole, "walk-never", NeedsPerson, Sql("DELETE FROM scrub")),
        (Check::ContentWhole, "walk-late", Failed, Sql("UPDATE scrub SET begun = 1, finished = 1")),
        (
            Check::ContentWhole,
            "content-damaged",
            Failed,
            Sql("INSERT INTO damaged_blob (id, found, told) VALUES (1, 1, 0)"),
        ),
    ]
}

fn records() -> Vec<Case> {
    vec![
        (Check::AuditSealed, "log-none", Failed, Sql("DELETE FROM audit_checkpoint")),
        (Check::AuditSealed, "log-behind", Failed, Work(behind)),
        (Check::AuditProved, "log-none", Failed, Sql("UPDATE audit_log SET size = 0")),
        (Check::AuditProved, "log-broken", Failed, Work(alter_record)),
        (Check::AuditProved, "log-broken", Failed, Work(alter_checkpoint)),
        (Check::AuditWitnesses, "no-witness", Failed, Around(|it| it.audit.witnesses.clear())),
        (Check::AuditWitnesses, "witness-never", Failed, Sql("DELETE FROM audit_handed")),
        (Check::AuditWitnesses, "witness-late", Failed, Sql("UPDATE audit_handed SET at = 1")),
        (Check::AuditRetained, "records-short", Failed, Around(|it| it.access.refusal_days = 30)),
        (Check::AuditRetained, "records-short", Failed, Around(|it| it.watch.keep_days = 30)),
        (Check::SettingsRecorded, "settings-unseen", Failed, Sql("DELETE FROM settings_seen")),
        (Check::Retention, "rule-late", Failed, Sql("UPDATE retention_rule SET last_run = 1")),
        (Check::Retention, "no-rule", NeedsPerson, Sql("DELETE FROM retention_rule")),
        (Check::Retention, "removed-left", Failed, Work(leave_removed)),
        (Check::Holds, "hold-old", NeedsPerson, Work(old_hold)),
        (Check::Erasure, "erasure-left", Failed, Work(half_erased)),
        (Check::SubjectRequests, "no-register", NeedsPerson, Around(|it| it.subjects = None)),
        (Check::SubjectRequests, "requests-overdue", Failed, Around(|it| it.subjects.as_mut().unwrap()[0].overdue = 1)),
        (Check::Residency, "no-region", NeedsPerson, Around(|it| it.region = residence::RegionSettings::default())),
    ]
}

pub(super) async fn each_check_fails_when_its_thing_is_broken(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let mut cases = server();
    cases.extend(people());
    cases.extend(mail());
    cases.extend(backups());
    cases.extend(records());
    for (check, key, state, broken) in &cases {
        let outcome = broken_look(&store, &healthy.around, *check, *broken).await;
        assert!(outcome.why().iter().any(|why| why.key == *key), "{check} does not tell {key}: {:?}", outcome);
        assert_eq!(outcome.state(), *state, "{check} {key}");
        told(*check, &outcome);
    }
    let broken: BTreeSet<Check> = cases.iter().map(|(check, ..)| *check).collect();
    let unbroken: Vec<_> = Check::ALL.iter().filter(|check| !broken.contains(check)).collect();
    assert!(unbroken.is_empty(), "nothing breaks {unbroken:?}");
    // All of it was undone.
    for check in Check::ALL {
        assert_eq!(look(&store, &healthy.around, *check).await.state(), State::Passed, "{check}");
    }
}

async fn broken_look(store: &TestStore, around: &Surroundings, check: Check, broken: Broken) -> Outcome {
    let mut around = around.clone();
    if let Around(change) = broken {
        change(&mut around);
    }
    let work = move |tx: &mut Tx<'_>| {
        match broken {
            Sql(statement) => assert!(tx.execute(statement, &[])? > 0, "{statement} changes nothing"),
            Work(work) => work(tx)?,
            Around(_) => {}
        }
        tx.context().keys.forget_all();
        let outcome = look_at(tx, &around, ALL, check)?;
        Err::<(), _>(Undone(Some(outcome)))
    };
    let Err(Undone(outcome)) = store.write(work).await else { panic!("the work gives an error") };
    store.context().keys.forget_all();
    outcome.unwrap()
}

pub(super) async fn rules_of_crossings_end(store: TestStore) {
    let mut healthy = Healthy::new(&store).await;
    let (organisation, here) = (healthy.organisation, healthy.around.region.clone());
    let rule = residence::NewRule {
        name: "partner".to_owned(),
        kind: Some("view".to_owned()),
        to: Some("country:DE".to_owned()),
        class: Some("secret".to_owned()),
        basis: Some("scc".to_owned()),
        reference: Some("2026-7".to_owned()),
        ends: Some("2027-06-30".to_owned()),
        by: "security".to_owned(),
        ..residence::NewRule::default()
    };
    store.write(move |tx| residence::set_rule(tx, &here, organisation, &rule)).await.unwrap();
    assert_eq!(look(&store, &healthy.around, Check::Residency).await.state(), State::Passed);
    store.clock.advance(Duration::from_secs(200 * 86_400));
    healthy.around.rehearsal.last = None;
    let outcome = look(&store, &healthy.around, Check::Residency).await;
    assert_eq!((outcome.state(), outcome.why()[0].key.as_str()), (State::Failed, "crossing-over"));
    told(Check::Residency, &outcome);
}

fn old_feed() -> FeedFound {
    FeedFound {
        name: "old".to_owned(),
        checked: Some(Timestamp::from_seconds(1_800_000_000 - 5 * 86_400)),
        every: Duration::from_secs(3_600),
        waits: false,
        fault: String::new(),
    }
}

fn stuck(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO queue_recipient (message, number, destination, state, due, attempts, lease_until, lease_fence, recipient)
         VALUES (1, 0, 1, 'due', $1, 0, 0, 0, $2)",
        params![tx.now().millis() - 2 * 3_600_000, &Vec::new()],
    )
    .map(drop)
}

fn close_account_key(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let key = vec![7_u8; 60];
    tx.execute("UPDATE account SET key_wrapped = $1 WHERE role = 'sales'", params![&key]).map(drop)
}

fn own(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx.row("SELECT id FROM organisation ORDER BY id LIMIT 1", &[], |row| row.int(0))?.unwrap_or(0))
}

fn join_duties(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO duty_exception (organisation, account, detail, given_by, created) VALUES ($1, 1, $2, 0, 1)",
        params![organisation, &Vec::new()],
    )
    .map(drop)
}

fn no_second_person(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO approval_rule (organisation, action, wanted) VALUES ($1, 'account.delete', 0)",
        params![organisation],
    )
    .map(drop)
}

fn untold_grant(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (organisation, ended) = (own(tx)?, tx.now().millis() - 8 * DAY);
    tx.execute(
        "INSERT INTO access_grant (organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told)
         VALUES ($1, 1, 1, 2, 3, 'approved', $2, 1, 1, $3, 0, 0)",
        params![organisation, &Vec::new(), ended],
    )
    .map(drop)
}

fn no_review(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sign_in_review", &[])?;
    tx.execute("UPDATE organisation SET created = 1", &[]).map(drop)
}

fn untold_sign_in(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO sign_in_event (id, organisation, account, at, outcome, answer, said, login, network, fresh, told, detail)
         VALUES (1, $1, 1, 1, 'accepted', 'tell', '', $2, $2, 0, 1, $2)",
        params![organisation, &Vec::new()],
    )
    .map(drop)
}

fn depart(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO judging_policy (organisation, id, setting, at, ended, changed_by, detail) VALUES ($1, 1, 'warn', 1, 0, 0, $2)",
        params![organisation, &Vec::new()],
    )
    .map(drop)
}

fn old_case(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (organisation, at) = (own(tx)?, tx.now().millis() - 4 * DAY);
    tx.execute(
        "INSERT INTO guard_case (id, organisation, at, direction, action, state, told, version, detail)
         VALUES (1, $1, $2, 'in', 'hold', 'open', 1, 1, $3)",
        params![organisation, at, &Vec::new()],
    )
    .map(drop)
}

fn waits_long(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (organisation, at) = (own(tx)?, tx.now().millis() - 3 * DAY);
    tx.execute(
        "INSERT INTO outbound_waiting (id, organisation, account, at, expires, state, told, detail)
         VALUES (1, $1, 1, $2, 9000000000000, 'waiting', 1, $3)",
        params![organisation, at, &Vec::new()],
    )
    .map(drop)
}

fn behind(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let leaf = br#"{"id":"1","at":"2027-01-15T07:00:00Z","organisation":"0","actor":"operator","action":"x","outcome":"done","commitment":""}"#;
    tx.execute("INSERT INTO audit_pending (event, leaf) VALUES (1, $1)", params![&leaf.to_vec()]).map(drop)
}

fn alter_record(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let entries = tx.row("SELECT entries FROM audit_bundle WHERE n = 0", &[], |row| Ok(row.bytes(0)?.to_vec()))?;
    let mut entries = entries.unwrap_or_default();
    if let Some(last) = entries.last_mut() {
        *last ^= 1;
    }
    tx.execute("UPDATE audit_bundle SET entries = $1 WHERE n = 0", params![&entries]).map(drop)
}

fn alter_checkpoint(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let note = tx.row("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1", &[], |row| {
        Ok(row.text(0)?.replace("time 2027", "time 2026"))
    })?;
    tx.execute("UPDATE audit_checkpoint SET note = $1", params![&note.unwrap_or_default()]).map(drop)
}

fn leave_removed(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO removed_message (account, id, organisation, mailbox, removed, look, blob, key_wrapped, size, received, summary, trace)
         VALUES (1, 1, $1, 1, 1, 1, 1, $2, 1, 1, $2, $2)",
        params![organisation, &Vec::new()],
    )
    .map(drop)
}

fn old_hold(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute(
        "INSERT INTO hold (organisation, id, everyone, begun, ended, detail) VALUES ($1, 1, 1, 1, 0, $2)",
        params![organisation, &Vec::new()],
    )
    .map(drop)
}

fn half_erased(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let organisation = own(tx)?;
    tx.execute("INSERT INTO erasure (account, organisation, erased) VALUES (1, $1, 1)", params![organisation])?;
    tx.execute("INSERT INTO erasure_reached (account, place, reached) VALUES (1, 'store', 2)", &[])?;
    Ok(())
}
