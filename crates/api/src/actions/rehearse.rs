//! Rehearsing a restore: a server is built from the newest backup beside this one, compared with it, and a signed report is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ::audit::{export, public_key, verify};
use ::backup::{Backup, Chosen, Target, list};
use ::store::check::Report as StoreReport;
use ::store::{Context, Place, Store, StoreError, Tx, params};
use crypto::hash::sha256;
use identity::{Language, rights};
use letters::Texts;
use mailbox::MailboxError;
use mailbox::search::{Budget, Needle, Query};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::scrub::record;
use super::{Controls, Refused, audit as log, letters as post};

/// Messages that are searched for; each search may read a whole mailbox.
const SEARCHES_MAX: usize = 10;

/// Things that are named of one kind that does not fit.
const NAMED_MAX: usize = 10;

/// How restores are rehearsed.
#[derive(Debug, Clone)]
pub struct RehearsalPlan {
    /// Time between two; zero for none but those that are asked for.
    pub every: Duration,
    /// Where reports are kept.
    pub directory: PathBuf,
    /// Where the server is built; it is deleted at the end.
    pub scratch: PathBuf,
    /// Messages that are compared one by one; 0 for all.
    pub sample: u32,
    /// Time in which everything must be back; zero for no goal.
    pub recovery_max: Duration,
    /// How old the newest backup may be; zero for no goal.
    pub age_max: Duration,
    /// Number of this node.
    pub node: u16,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Check {
    /// Name, also of its text in the catalogue.
    check: &'static str,
    sound: bool,
    /// Figures and what does not fit.
    detail: String,
}

/// What a rehearsal showed.
#[derive(Debug, Clone, Serialize)]
struct Rehearsal {
    host: String,
    program: &'static str,
    begun: String,
    sound: bool,
    repository: String,
    backup: String,
    /// The moment that the backup shows.
    taken: String,
    /// From the beginning of the restore to the end of its checks.
    recovery_seconds: f64,
    /// What would be missing had everything been lost when the rehearsal began.
    data_age_seconds: f64,
    checks: Vec<Check>,
}

impl Rehearsal {
    fn note(&mut self, check: &'static str, sound: bool, detail: impl Into<String>) {
        self.checks.push(Check { check, sound, detail: detail.into() });
    }
}

/// Rehearses if the last rehearsal is longer ago than the plan says. Says whether it did.
///
/// # Errors
/// [`Refused`] if one is due and cannot be held; administrators are told.
pub async fn rehearse_when_due(controls: &Controls) -> Result<bool, Refused> {
    let plan = controls.elsewhere.rehearsals()?;
    if plan.every.is_zero() || controls.elsewhere.backups()?.targets.is_empty() {
        return Ok(false);
    }
    let millis = controls.store.context().clock.now().millis().max(0).unsigned_abs();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let is_recent = |last: SystemTime| now.duration_since(last).is_ok_and(|age| age < plan.every);
    if last_report(&plan.directory).is_some_and(is_recent) {
        return Ok(false);
    }
    let outcome = run(controls).await;
    if let Err(Refused(why)) = &outcome {
        let values =
            |language| vec![("word", say(language, "rehearsal-failed")), ("why", why.clone()), ("file", String::new())];
        post::tell_administrators_each(controls, "letter-rehearsal", values).await;
    }
    outcome.map(|_| true)
}

/// When the newest report was written.
fn last_report(directory: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(directory).ok()?.filter_map(Result::ok);
    let reports = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json"));
    reports.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()
}

/// The newest report: when the rehearsal began, and whether everything was as it should be.
pub(super) fn last(directory: &Path) -> Option<(env::Timestamp, bool)> {
    let entries = std::fs::read_dir(directory).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let reports = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    // Names begin with the moment, so the last name is that of the newest.
    let newest = reports.max()?;
    let report: Value = serde_json::from_slice(&std::fs::read(newest).ok()?).ok()?;
    let begun = ::backup::parse_moment(report.get("begun")?.as_str()?)?;
    Some((begun, report.get("sound")?.as_bool()?))
}

/// Rehearses now.
pub(super) async fn run(controls: &Controls) -> Result<Value, Refused> {
    let (plan, backups) = (controls.elsewhere.rehearsals()?, controls.elsewhere.backups()?);
    if backups.targets.is_empty() {
        return Err(Refused("no backups are set up; name a directory in backup.repositories".to_owned()));
    }
    log::seal_now(controls).await?;
    let (now, begun) = (controls.store.context().clock.now(), Instant::now());
    let mut told = Rehearsal {
        host: controls.mailer.hostname().to_owned(),
        program: env!("CARGO_PKG_VERSION"),
        begun: now.to_string(),
        sound: true,
        repository: String::new(),
        backup: String::new(),
        taken: String::new(),
        recovery_seconds: 0.0,
        data_age_seconds: 0.0,
        checks: Vec::new(),
    };
    // What an earlier one left behind when it was killed.
    clear(&plan.scratch)?;
    match newest(backups.targets).await {
        Err(why) => told.note("repositories", false, why),
        Ok((target, backup, unread)) => {
            told.note("repositories", unread.is_empty(), unread.join("; "));
            told.repository.clone_from(&target.location);
            told.backup.clone_from(&backup.id);
            told.taken.clone_from(&backup.taken);
            let age = Duration::from_millis((now.millis() - backup.taken_millis).max(0).unsigned_abs());
            if let Err(Refused(why)) = restore_and_compare(controls, &plan, target, backup, &mut told).await {
                told.note("restore", false, why);
            }
            let recovery = begun.elapsed();
            told.recovery_seconds = recovery.as_secs_f64();
            told.data_age_seconds = age.as_secs_f64();
            let is_within = |span: Duration, most: Duration| most.is_zero() || span <= most;
            let figures = |span: Duration, most: Duration| format!("{} s, goal {} s", span.as_secs(), most.as_secs());
            told.note("recovery", is_within(recovery, plan.recovery_max), figures(recovery, plan.recovery_max));
            told.note("age", is_within(age, plan.age_max), figures(age, plan.age_max));
        }
    }
    clear(&plan.scratch)?;
    told.sound = told.checks.iter().all(|check| check.sound);
    let files = write_report(controls, &plan.directory, &told).await?;
    let object = json!({ "sound": told.sound, "backup": told.backup, "report": files.first() });
    record(&controls.store, "backup-rehearsal", &object, told.sound).await;
    if told.sound {
        tracing::info!(backup = told.backup, seconds = told.recovery_seconds, "a restore was rehearsed");
    } else {
        let wrong: Vec<&Check> = told.checks.iter().filter(|check| !check.sound).collect();
        let plain = wrong.iter().map(|one| format!("{}: {}", one.check, one.detail)).collect::<Vec<_>>().join("; ");
        tracing::error!(backup = told.backup, what = plain, "a rehearsed restore was not as it should be");
        let file = files.first().cloned().unwrap_or_default();
        let values = |language: Language| {
            let line = |one: &&Check| format!("- {}: {}", name_of(language, one), one.detail);
            let why = wrong.iter().map(line).collect::<Vec<_>>().join("\n");
            vec![("word", say(language, "rehearsal-differs")), ("why", why), ("file", file.clone())]
        };
        post::tell_administrators_each(controls, "letter-rehearsal", values).await;
    }
    let mut answer = serde_json::to_value(&told).map_err(Refused::because)?;
    if let Value::Object(fields) = &mut answer {
        fields.insert("files".to_owned(), json!(files));
    }
    Ok(answer)
}

fn clear(scratch: &Path) -> Result<(), Refused> {
    match std::fs::remove_dir_all(scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Refused(format!("rehearsal.scratch {}: {error}", scratch.display())))
        }
        _ => Ok(()),
    }
}

/// The newest backup of all repositories, and which of them could not be read.
async fn newest(targets: Vec<Target>) -> Result<(Target, Backup, Vec<String>), String> {
    let work = move || {
        let (mut best, mut unread): (Option<(Target, Backup)>, Vec<String>) = (None, Vec::new());
        for target in targets {
            match list(&target) {
                Ok(mut backups) => {
                    if let Some(last) = backups.pop()
                        && best.as_ref().is_none_or(|(_, best)| best.taken_millis < last.taken_millis)
                    {
                        best = Some((target, last));
                    }
                }
                Err(error) => unread.push(error.to_string()),
            }
        }
        match best {
            Some((target, backup)) => Ok((target, backup, unread)),
            None if unread.is_empty() => Err("there is no backup yet; run: tradewind backup run".to_owned()),
            None => Err(unread.join("; ")),
        }
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
}

async fn restore_and_compare(
    controls: &Controls,
    plan: &RehearsalPlan,
    target: Target,
    backup: Backup,
    told: &mut Rehearsal,
) -> Result<(), Refused> {
    let id = backup.id.clone();
    let chosen = blocking(move || Chosen::open(&target, Some(&id), None).map_err(Refused::because)).await?;
    let live = &controls.store;
    let region = controls.elsewhere.region_key()?;
    chosen.manifest().opens_with(&region, live.context().clock.now()).map_err(Refused::because)?;
    let (clock, entropy) = (Arc::clone(&live.context().clock), Arc::clone(&live.context().entropy));
    let context = Context::new(clock, entropy, plan.node, region);
    let directory = plan.scratch.join("store");
    std::fs::create_dir_all(&directory).map_err(Refused::because)?;
    let restored = Store::open(Place::Embedded(directory), context).await.map_err(Refused::because)?;
    let outcome = compare(controls, plan, chosen, &restored, told).await;
    restored.close().await;
    outcome
}

async fn compare(
    controls: &Controls,
    plan: &RehearsalPlan,
    chosen: Chosen,
    restored: &Store,
    told: &mut Rehearsal,
) -> Result<(), Refused> {
    let (filling, runtime) = (restored.clone(), Handle::current());
    let wanted = chosen.manifest().store.clone();
    let files = plan.scratch.join("files");
    let filled = blocking(move || {
        chosen.write_files(&files).map_err(Refused::because)?;
        let keys = chosen.account_keys().map_err(Refused::because)?;
        chosen.fill(&filling, keys, &runtime).map_err(Refused::because)
    })
    .await?;
    let detail = format!(
        "{} accounts, {} messages, {} blobs, {} rows",
        filled.accounts, filled.messages, filled.blobs, filled.rows
    );
    told.note("restore", true, detail);

    let erased = identity::erase_restored(restored).await.map_err(Refused::because)?;
    let StoreReport { findings, accounts, messages } =
        ::store::check::run(restored, true).await.map_err(Refused::because)?;
    let is_same = accounts + erased == wanted.accounts && (messages == wanted.messages || erased > 0);
    let counts = format!("{accounts} of {} accounts, {messages} of {} messages", wanted.accounts, wanted.messages);
    told.note("counts", is_same, counts);
    let named: Vec<String> = findings.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    told.note("contents", findings.is_empty(), named.join("; "));

    let sample = restored
        .read({
            let most = plan.sample;
            move |tx| sample_of(tx, most)
        })
        .await
        .map_err(Refused::because)?;
    compare_texts(&controls.store, restored, &sample, told).await?;
    search_for(restored, &sample, told).await?;
    look_at_sign_in(restored, told).await?;
    verify_log(&controls.store, restored, &plan.scratch, told).await
}

/// A copy of a message in a mailbox.
#[derive(Debug, Clone, Copy)]
struct Sampled {
    account: i64,
    mailbox: i64,
    uid: u32,
    message: i64,
}

/// Messages spread evenly over all.
fn sample_of(tx: &mut Tx<'_>, most: u32) -> Result<Vec<Sampled>, StoreError> {
    let total = tx.row("SELECT COUNT(*) FROM mailbox_message", &[], |row| row.int(0))?.unwrap_or(0);
    let stride = if most == 0 { 1 } else { (total / i64::from(most)).max(1) };
    let (mut sample, mut at) = (Vec::new(), 0_i64);
    tx.for_each("SELECT account, mailbox, uid, message FROM mailbox_message", params![], |row| {
        if at % stride == 0 {
            let (account, mailbox, uid, message) = (row.int(0)?, row.int(1)?, row.uint32(2)?, row.int(3)?);
            sample.push(Sampled { account, mailbox, uid, message });
        }
        at += 1;
        Ok(())
    })?;
    Ok(sample)
}

/// The whole text of a message; none if it is not there.
async fn text_of(store: &Store, account: i64, message: i64) -> Result<Option<Vec<u8>>, MailboxError> {
    let reading = store.clone();
    let work = move |tx: &mut Tx<'_>| match mailbox::source(tx, account, message) {
        Ok(source) => source.reader(reading.blobs()).read_all().map(Some),
        Err(MailboxError::NoSuchMessage) => Ok(None),
        Err(error) => Err(error),
    };
    store.read(work).await
}

async fn compare_texts(
    live: &Store,
    restored: &Store,
    sample: &[Sampled],
    told: &mut Rehearsal,
) -> Result<(), Refused> {
    let (mut same, mut gone, mut other) = (0_u64, 0_u64, Vec::new());
    for one in sample {
        let ours = text_of(live, one.account, one.message).await;
        let theirs = text_of(restored, one.account, one.message).await;
        match (ours, theirs) {
            (Ok(None), Ok(_)) => gone += 1,
            (Ok(Some(ours)), Ok(Some(theirs))) if sha256(&ours) == sha256(&theirs) => same += 1,
            // What is damaged here is not the backup's fault; the walk over all content tells of it.
            (Err(_), Ok(Some(_))) => gone += 1,
            _ => other.push(format!("message {:x}", one.message)),
        }
    }
    let mut detail = format!("{same} the same, {gone} deleted since");
    for name in other.iter().take(NAMED_MAX) {
        detail.push_str(", ");
        detail.push_str(name);
    }
    told.note("hashes", other.is_empty(), detail);
    Ok(())
}

/// Looks for messages by their Message-ID, as a client would.
async fn search_for(restored: &Store, sample: &[Sampled], told: &mut Rehearsal) -> Result<(), Refused> {
    let (mut found, mut missed) = (0_u64, Vec::new());
    for one in sample.iter().step_by((sample.len() / SEARCHES_MAX).max(1)).take(SEARCHES_MAX).copied() {
        let text = match text_of(restored, one.account, one.message).await {
            Ok(Some(text)) => text,
            Ok(None) | Err(_) => continue,
        };
        let Some(id) = message_id(&text) else { continue };
        let reading = restored.clone();
        let work = move |tx: &mut Tx<'_>| {
            let query = Query::Header("message-id".to_owned(), Needle::new(&id));
            mailbox::search::search(tx, reading.blobs(), one.account, one.mailbox, &query, &Budget::default())
        };
        match restored.read(work).await {
            Ok(uids) if uids.contains(&one.uid) => found += 1,
            Ok(_) | Err(_) => missed.push(format!("message {:x}", one.message)),
        }
    }
    let detail = if missed.is_empty() { found.to_string() } else { format!("{found}; {}", missed.join(", ")) };
    told.note("searches", missed.is_empty(), detail);
    Ok(())
}

/// What stands in the Message-ID field, if it has one.
fn message_id(text: &[u8]) -> Option<String> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(text.len());
    let header = String::from_utf8_lossy(text.get(..end)?);
    let line =
        header.lines().find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
    let id = line.get(11..)?.trim().trim_matches(['<', '>']);
    (!id.is_empty()).then(|| id.to_owned())
}

/// Whether people could sign in: every password is a hash that can be checked, and its other form opens with the account's key.
async fn look_at_sign_in(restored: &Store, told: &mut Rehearsal) -> Result<(), Refused> {
    let work = |tx: &mut Tx<'_>| {
        let (mut sound, mut broken) = (0_u64, Vec::new());
        tx.for_each("SELECT account, hash FROM credential ORDER BY account", params![], |row| {
            if row.text(1)?.starts_with("$argon2") {
                sound += 1
            } else {
                broken.push(row.int(0)?)
            }
            Ok(())
        })?;
        let accounts = tx.rows("SELECT id FROM account ORDER BY id", params![], |row| row.int(0))?;
        for account in accounts {
            if tx.context().keys.account(tx, account).is_err() {
                broken.push(account);
            }
        }
        Ok::<_, StoreError>((sound, broken))
    };
    let (sound, broken) = restored.read(work).await.map_err(Refused::because)?;
    let named: Vec<String> = broken.iter().take(NAMED_MAX).map(|account| format!("account {account:x}")).collect();
    told.note("sign-in", broken.is_empty(), format!("{sound} {}", named.join(", ")).trim_end());
    Ok(())
}

/// Verifies the restored audit log by itself, and that the live one goes on from it.
async fn verify_log(live: &Store, restored: &Store, scratch: &Path, told: &mut Rehearsal) -> Result<(), Refused> {
    let (theirs, ours) = (scratch.join("log-restored"), scratch.join("log-live"));
    let write = |store: &Store, directory: PathBuf| {
        let store = store.clone();
        async move {
            let key = store.read(public_key).await.map_err(Refused::because)?;
            let written = store.read(move |tx| export::write(tx, &directory)).await;
            match written {
                Err(export::ExportError::Empty) => Ok(None),
                Ok(_) => Ok(key),
                Err(error) => Err(Refused::because(error)),
            }
        }
    };
    let key = write(live, ours.clone()).await?;
    let is_there = write(restored, theirs.clone()).await?.is_some();
    let (Some(key), true) = (key, is_there) else {
        told.note("audit-log", true, "0");
        return Ok(());
    };
    let outcome = blocking(move || {
        let was = verify::log(&theirs, &key, &[]).map_err(Refused::because)?;
        let head = std::fs::read(theirs.join("checkpoint")).map_err(Refused::because)?;
        verify::log(&ours, &key, &[("the backup's checkpoint".to_owned(), head)]).map_err(Refused::because)?;
        Ok(was.size)
    })
    .await;
    match outcome {
        Ok(records) => told.note("audit-log", true, records.to_string()),
        Err(Refused(why)) => told.note("audit-log", false, why),
    }
    Ok(())
}

fn say(language: Language, key: &str) -> String {
    Texts::of(language).say(key, &[])
}

fn name_of(language: Language, check: &Check) -> String {
    say(language, &format!("rehearsal-{}", check.check))
}

/// The report for people.
fn report(told: &Rehearsal, language: Language) -> review::Report {
    let word = |sound: bool| say(language, if sound { "rehearsal-sound" } else { "rehearsal-unsound" });
    let texts = Texts::of(language);
    let figures = [
        ("host", told.host.as_str()),
        ("begun", &told.begun),
        ("repository", &told.repository),
        ("backup", &told.backup),
        ("taken", &told.taken),
    ];
    let paragraphs = texts.say("rehearsal-facts", &figures);
    let times = texts.say(
        "rehearsal-times",
        &[("recovery", &format!("{:.1}", told.recovery_seconds)), ("age", &format!("{:.0}", told.data_age_seconds))],
    );
    let rows = told.checks.iter().map(|check| vec![name_of(language, check), word(check.sound), check.detail.clone()]);
    review::Report {
        language: if language == Language::Chinese { "zh" } else { "en" },
        title: texts.say("rehearsal-title", &[("word", &word(told.sound))]),
        paragraphs: paragraphs.lines().map(str::to_owned).chain([times]).collect(),
        charts: Vec::new(),
        tables: vec![review::Table {
            title: say(language, "rehearsal-table"),
            head: ["rehearsal-head-check", "rehearsal-head-result", "rehearsal-head-detail"]
                .map(|key| say(language, key))
                .to_vec(),
            rows: rows.collect(),
        }],
    }
}

/// Writes the report as JSON and, in both languages, as PDF, with a note that is signed by the audit log's key and has their digests. Gives the
/// files, the JSON first.
async fn write_report(controls: &Controls, directory: &Path, told: &Rehearsal) -> Result<Vec<String>, Refused> {
    let name = format!("rehearsal-{}", told.begun.replace(':', ""));
    let documents = [
        (format!("{name}.en.pdf"), review::write_pdf(&report(told, Language::English))),
        (format!("{name}.zh.pdf"), review::write_pdf(&report(told, Language::Chinese))),
        (format!("{name}.json"), serde_json::to_vec_pretty(told).map_err(Refused::because)?),
    ];
    let mut text = format!("tradewind rehearsal\n{}\n{}\n", told.host, if told.sound { "sound" } else { "not sound" });
    for (file, bytes) in &documents {
        let digest: String = sha256(bytes).iter().map(|octet| format!("{octet:02x}")).collect();
        text.push_str(&format!("sha256 {digest} {file}\n"));
    }
    let about = name.clone();
    let sign = move |tx: &mut Tx<'_>| rights::sign_paper(tx, (0, None), &about, &text);
    let note = controls.store.write(sign).await.map_err(Refused::because)?;
    let failed = |error: std::io::Error| Refused(format!("rehearsal.directory {}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let mut files = Vec::new();
    let note = note.map(|note| (format!("{name}.note"), note.into_bytes()));
    // The JSON comes last: by it a rehearsal is known to be through.
    for (file, bytes) in note.into_iter().chain(documents) {
        let path = directory.join(file);
        std::fs::write(&path, bytes).map_err(failed)?;
        files.insert(0, path.display().to_string());
    }
    Ok(files)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refused> + Send + 'static) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.map_err(Refused::because)?
}
