//! An installation in which everything is as it must be.

use std::time::Duration;

use access::Via;
use env::Timestamp;
use identity::rights::{self, Event, Outcome};
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use store::testing::TestStore;
use store::{Tx, params};

use crate::{
    BackupFacts, BlocklistFacts, CertificateFound, Disk, EvidenceError, FeedFound, JudgingFacts, KeysFound, Rehearsed,
    Sight, SightState, SubjectFigures, Surroundings, TransportFacts, keep_sights, world,
};

pub(super) const REPOSITORY: &str = "s3:https://s3.example/mail";
pub(super) const WITNESS: &str = "https://notary.example/keep";
const DAY: u64 = 86_400;

pub(super) struct Healthy {
    pub(super) organisation: i64,
    pub(super) around: Surroundings,
}

impl Healthy {
    pub(super) async fn new(store: &TestStore) -> Self {
        let organisation = store.write(fill).await.unwrap();
        while store.write(|tx| audit::seal(tx, "mail.trade.test/audit")).await.unwrap().records > 0 {}
        let note = |tx: &mut Tx<'_>| {
            let size = audit::size(tx)?;
            audit::witness::note_handed(tx, WITNESS, size)
        };
        store.write(note).await.unwrap();
        let now = store.clock_now();
        Self { organisation, around: around(organisation, now) }
    }
}

/// The clock of a test store.
pub(super) trait Now {
    fn clock_now(&self) -> Timestamp;
}

impl Now for TestStore {
    fn clock_now(&self) -> Timestamp {
        self.context().clock.now()
    }
}

fn add(tx: &mut Tx<'_>, organisation: i64, domain: &str, role: Role) -> Result<i64, IdentityError> {
    let address = format!("{role}@{domain}");
    identity::create_account(
        tx,
        &NewAccount {
            organisation,
            address: &address,
            name: &address,
            role,
            language: Language::English,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        },
    )
}

fn fill(tx: &mut Tx<'_>) -> Result<i64, EvidenceError> {
    let organisation = identity::create_organisation(tx, "Trade Test", Level::Trade)?;
    identity::create_domain(tx, organisation, "trade.test")?;
    let now = tx.now().millis();
    for role in Role::ALL {
        let account = add(tx, organisation, "trade.test", *role)?;
        let kind = if *role == Role::Sales { "totp" } else { "hardware-key" };
        tx.execute(
            "INSERT INTO factor (account, id, kind, label, detail, mark, step, created, used) VALUES ($1, 1, $2, $3, $3, $3, 0, $4, 0)",
            params![account, kind, &Vec::new(), now],
        )?;
        tx.execute(
            "INSERT INTO pgp_key (account, id, state, custody, published, created, expires, changed, detail, private)
             VALUES ($1, 1, 'active', 'owner', 0, $2, 0, 1, $3, $3)",
            params![account, now, &Vec::new()],
        )?;
    }
    tx.execute(
        "INSERT INTO dkim_key (domain, selector, kind, state, private, record, created, changed, remove_after)
         VALUES ('trade.test', 'tw1', 'ed25519', 'signing', $1, 'v=DKIM1; p=AAAA', $2, $2, 0)",
        params![&Vec::new(), now],
    )?;
    tx.execute(
        "INSERT INTO outbound_rule (organisation, id, detail) VALUES ($1, 1, $2)",
        params![organisation, &Vec::new()],
    )?;
    let rule = retention::Rule {
        name: "old-junk".to_owned(),
        folder: Some("Junk".to_owned()),
        days: 30,
        enabled: true,
        ..retention::Rule::default()
    };
    retention::set(tx, organisation, &rule)?;
    tx.execute("UPDATE retention_rule SET last_run = $1", params![now])?;
    backups(tx)?;
    tx.execute("INSERT INTO blocklist_look (id, begun, done, detail) VALUES (1, $1, $1, '{}')", params![now])?;
    tx.execute("INSERT INTO settings_seen (node, content) VALUES (0, '{}')", &[])?;
    tx.execute(
        "INSERT INTO sign_in_review (organisation, kind, period, made) VALUES ($1, 'access', '2026-Q4', $2)",
        params![organisation, now],
    )?;
    sights(tx)?;
    let event = Event {
        organisation,
        account: None,
        via: Via::Local,
        address: None,
        action: "domain-add".to_owned(),
        object: "{}".to_owned(),
        outcome: Outcome::Done,
        row: String::new(),
    };
    for _ in 0..3 {
        rights::record(tx, &event)?;
    }
    Ok(organisation)
}

fn backups(tx: &mut Tx<'_>) -> Result<(), EvidenceError> {
    let now = tx.now().millis();
    let taken = backup::Backup {
        id: "1".to_owned(),
        host: String::new(),
        taken: String::new(),
        taken_millis: now - 3_600_000,
        bytes: 7,
        added_bytes: 3,
    };
    backup::note_good(tx, REPOSITORY, &taken)?;
    tx.execute(
        "INSERT INTO journal_reached (location, chain, number, mark, taken, clean, based, failing_since, failure, told)
         VALUES ($1, 1, 1, '1', $2, $2, $2, 0, '', '')",
        params![REPOSITORY, now],
    )?;
    tx.execute(
        "INSERT INTO scrub (id, begun, finished, step, after_owner, after_id, blobs, bytes) VALUES (1, $1, $1, 0, 0, 0, 5, 5)",
        params![now],
    )?;
    Ok(())
}

fn sights(tx: &mut Tx<'_>) -> Result<(), EvidenceError> {
    let records = world::records_of("trade.test").into_iter().map(|(kind, object)| {
        let found = if kind == "DMARC" { "v=DMARC1; p=reject" } else { "" };
        Sight::new(kind, object, SightState::Sound, found)
    });
    let mut all: Vec<Sight> = records.collect();
    all.push(Sight::new("DKIM", "tw1._domainkey.trade.test", SightState::Sound, "signing"));
    all.push(Sight::new("clock", "system", SightState::Sound, "kept by NTP"));
    all.push(Sight::new("attachments", "processes", SightState::Sound, "Landlock, seccomp, limits"));
    keep_sights(tx, &all)?;
    Ok(())
}

/// An organisation that has nothing.
pub(super) fn add_poor(tx: &mut Tx<'_>) -> Result<i64, EvidenceError> {
    let organisation = identity::create_organisation(tx, "Poor", Level::Trade)?;
    identity::create_domain(tx, organisation, "poor.test")?;
    add(tx, organisation, "poor.test", Role::Sales)?;
    Ok(organisation)
}

fn around(organisation: i64, now: Timestamp) -> Surroundings {
    let mut around = Surroundings {
        program: "0.1.0",
        hostname: "mail.trade.test".to_owned(),
        transport: TransportFacts {
            version_min: "1.3".to_owned(),
            services: vec!["smtp", "imaps"],
            mta_sts: "enforce".to_owned(),
            mta_sts_id: "1".to_owned(),
            gm: true,
        },
        certificates: vec![CertificateFound {
            setting: "tls.certificate",
            until: Some(now.plus(Duration::from_secs(60 * DAY))),
            fault: String::new(),
        }],
        keys: KeysFound { cipher: "sm4-gcm".to_owned(), holder: "file", exposed: Vec::new(), files: 2 },
        knows_countries: true,
        without_dns: "defer".to_owned(),
        judging: JudgingFacts { incoming: true, outgoing: true, fraud_warn: [1.1, 0.5, 0.5], quarantine_days: 30 },
        blocklists: BlocklistFacts { lists: 1, every: Duration::from_secs(DAY) },
        scanners: vec!["clamd"],
        feeds: vec![FeedFound {
            name: "bad".to_owned(),
            checked: Some(now),
            every: Duration::from_secs(3_600),
            waits: false,
            fault: String::new(),
        }],
        backups: BackupFacts {
            repositories: vec![REPOSITORY.to_owned()],
            every: Some(Duration::from_secs(DAY)),
            lacks: Vec::new(),
            may_not_cross: 0,
            points: true,
            step_every: Duration::from_secs(45),
        },
        rehearsal: Rehearsed { every: Duration::from_secs(30 * DAY), last: Some((now, true)) },
        scrub_days: 7,
        disk: Some(Disk { free_bytes: 50 << 30, total_bytes: 100 << 30 }),
        subjects: Some(vec![SubjectFigures { organisation, open: 1, overdue: 0, answered: 3 }]),
        ..Surroundings::default()
    };
    around.passwords.breached_file = "leaked.txt".to_owned();
    around.audit.seal_every = Duration::from_secs(60);
    around.audit.witnesses = vec![WITNESS.to_owned()];
    around.audit.witness_every = Duration::from_secs(DAY);
    around.region.name = "cn".to_owned();
    around.region.country = "CN".to_owned();
    around
}
