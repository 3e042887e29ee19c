//! Evidence: live checks, what they show of standards and laws, signed reports, and the overview.

use std::time::Duration;

use ::access::Via;
use ::audit::public_key;
use ::evidence::frameworks::{self, Listed};
use ::evidence::report::{self, Report};
use ::evidence::world::{self, DOMAINS_MAX};
use ::evidence::{
    BackupFacts, Check, EvidenceError, Known, Rehearsed, Sight, State, SubjectFigures, Surroundings, Within, changes,
    forget, keep, keep_sights, name_of, numbers, overview, sentences, stand,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::rights::{self, Event, Outcome};
use identity::{Language, Level, Organisation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::{Controls, Refused, audit as log, backup, rehearse};

/// Rows of a page where the request names no number.
const PAGE: u32 = 50;

/// Steps of summing up that one request makes where nobody did before: a day.
const SUMMING_STEPS_MAX: usize = 150;

/// How old the last look at the world may be before a server looks again.
const LOOK_EVERY: Duration = Duration::from_secs(6 * 3600);

/// What is listed of the evidence.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceWanted {
    /// Standard or law: iso27001, gdpr, csl, pipl, mlps3; the checks themselves if none is named.
    #[serde(default)]
    pub framework: Option<String>,
    /// Language of texts: zh or en.
    pub language: String,
    /// Only what is passed, failed, or needs-a-person.
    #[serde(default)]
    pub state: Option<String>,
    /// Where a page goes on, as the one before says.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Rows of a page, 200 at most; 50 if it is left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

fn language_of(word: &str) -> Result<Language, Refused> {
    word.parse().map_err(Refused::because)
}

const fn within(by: &Bounds) -> Within {
    Within { organisation: by.organisation }
}

/// Everything that is known beyond the store.
pub(super) async fn surroundings(controls: &Controls) -> Result<Surroundings, Refused> {
    let elsewhere = std::sync::Arc::clone(&controls.elsewhere);
    let blocking = move || elsewhere.surroundings();
    let mut around = tokio::task::spawn_blocking(blocking).await.map_err(Refused::because)?;
    let (organisations, figures) = controls.store.read(registers).await.map_err(Refused::because)?;
    around.subjects = Some(figures);
    if let (Ok(plan), Ok(points)) = (controls.elsewhere.backups(), controls.elsewhere.points()) {
        let level = organisations.iter().map(|one| one.level).max().unwrap_or(Level::Basic);
        around.backups = BackupFacts {
            repositories: plan.targets.iter().map(|target| target.location.clone()).collect(),
            every: plan.every,
            lacks: backup::lacking(&plan, points.wanted, level),
            may_not_cross: backup::may_not_cross(controls, &plan).await,
            points: points.wanted.is_wanted(level),
            step_every: points.every,
        };
    }
    if let Ok(plan) = controls.elsewhere.rehearsals() {
        around.rehearsal = Rehearsed { every: plan.every, last: rehearse::last(&plan.directory) };
    }
    Ok(around)
}

/// The organisations, and how their registers of what people ask about their data stand.
fn registers(tx: &mut Tx<'_>) -> Result<(Vec<Organisation>, Vec<SubjectFigures>), EvidenceError> {
    let organisations = identity::list_organisations(tx)?;
    let mut all = Vec::with_capacity(organisations.len());
    for one in &organisations {
        let ::subjects::Figures { open, overdue, answered } = ::subjects::figures(tx, one.id)?;
        all.push(SubjectFigures { organisation: one.id, open, overdue, answered });
    }
    Ok((organisations, all))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, wanted: EvidenceWanted) -> Result<Value, Refused> {
    let language = language_of(&wanted.language)?;
    let listed = Listed::parse(wanted.framework.as_deref()).map_err(Refused::because)?;
    let state: Option<State> = wanted.state.as_deref().map(str::parse).transpose().map_err(Refused::because)?;
    let stand = look(controls, by).await?;
    let page = (wanted.cursor.as_deref(), wanted.limit.unwrap_or(PAGE));
    frameworks::page(listed, &stand, (state, language), page).map_err(Refused::because)
}

/// How all checks come out now.
async fn look(controls: &Controls, by: &Bounds) -> Result<Vec<(Check, Known)>, Refused> {
    let (around, within) = (surroundings(controls).await?, within(by));
    let work = move |tx: &mut Tx<'_>| stand(tx, &around, within, true);
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) async fn show(
    controls: &Controls,
    by: &Bounds,
    framework: String,
    item: String,
    language: String,
) -> Result<Value, Refused> {
    let language = language_of(&language)?;
    let listed = Listed::parse(Some(&framework)).map_err(Refused::because)?;
    let stand = look(controls, by).await?;
    let (mut shown, checks) = match listed {
        Listed::Checks => {
            let unknown =
                || Refused::because(EvidenceError::NoItem { framework: framework.clone(), item: item.clone() });
            let one = stand.iter().find(|(check, _)| check.as_str() == item.trim()).ok_or_else(unknown)?;
            (frameworks::shown_check(one, language), vec![one.0])
        }
        Listed::Items(framework) => {
            let item = frameworks::item(framework, &item).map_err(Refused::because)?;
            (frameworks::shown_item(item, &stand, language), item.checks.clone())
        }
    };
    let within = within(by);
    let work = move |tx: &mut Tx<'_>| {
        let mut all = Vec::new();
        for check in checks {
            for change in changes(tx, within.key(check), check)? {
                all.push(json!({
                    "check": check.as_str(), "title": name_of(check, language), "at": change.at.to_string(),
                    "state": change.outcome.state().as_str(), "why": sentences(check, &change.outcome, language),
                }));
            }
        }
        Ok::<_, EvidenceError>(all)
    };
    let history = controls.store.read(work).await.map_err(Refused::because)?;
    if let Value::Object(fields) = &mut shown {
        fields.insert("history".to_owned(), json!(history));
    }
    Ok(shown)
}

pub(super) async fn make_report(
    controls: &Controls,
    by: &Bounds,
    (framework, language, format): (Option<String>, String, String),
) -> Result<Value, Refused> {
    let language = language_of(&language)?;
    let listed = Listed::parse(framework.as_deref()).map_err(Refused::because)?;
    let wants_pdf = match format.as_str() {
        "json" => false,
        "pdf" => true,
        other => return Err(Refused(format!("{other:?} is no form of a report; use one of: pdf, json"))),
    };
    // So that the log has its key, and a checkpoint over what was done until now.
    log::seal_now(controls).await?;
    let around = surroundings(controls).await?;
    let report = gather(controls, by, listed, around.clone()).await?;
    let name = format!("evidence-{}-{}", listed.word(), report.made.replace(':', ""));
    let document = report.json(&around, language).map_err(Refused::because)?;
    let bytes = serde_json::to_vec_pretty(&document).map_err(Refused::because)?;
    let mut documents = vec![(format!("{name}.json"), bytes)];
    if wants_pdf {
        let paper = paper(&report, &around, language).map_err(Refused::because)?;
        documents.push((format!("{name}.{}.pdf", language.as_str()), review::write_pdf(&paper)));
    }
    let (note, key) = sign(controls, by, report, &documents).await?;
    let files = documents.iter().map(|(file, bytes)| json!({ "file": file, "base64": STANDARD.encode(bytes) }));
    Ok(json!({
        "name": name,
        "counts": document.get("counts"),
        "files": files.collect::<Vec<_>>(),
        "note": { "file": format!("{name}.note"), "text": note },
        "key": key,
    }))
}

/// Looks at everything for a report.
async fn gather(controls: &Controls, by: &Bounds, listed: Listed, around: Surroundings) -> Result<Report, Refused> {
    let (by, within) = (*by, within(by));
    let work = move |tx: &mut Tx<'_>| {
        let mut organisations = identity::list_organisations(tx)?;
        organisations.retain(|one| by.hold(one.id));
        let organisation = match organisations.as_slice() {
            [only] => Some(only.name.clone()),
            _ => None,
        };
        Ok::<_, EvidenceError>(Report {
            listed,
            organisation,
            made: tx.now().to_string(),
            checkpoint: report::checkpoint(tx)?,
            stand: stand(tx, &around, within, true)?,
        })
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// The report as it is printed.
fn paper(report: &Report, around: &Surroundings, language: Language) -> Result<review::Report, EvidenceError> {
    let table = |table: report::Table| review::Table { title: table.title, head: table.head, rows: table.rows };
    Ok(review::Report {
        language: language.as_str(),
        title: report.title(language)?,
        paragraphs: report.paragraphs(around, language)?,
        charts: Vec::new(),
        tables: report.tables(language)?.into_iter().map(table).collect(),
    })
}

/// Signs a note over the documents and records that they were made, with how everything stood, at once. Gives the note and the key that verifies it.
async fn sign(
    controls: &Controls,
    by: &Bounds,
    report: Report,
    documents: &[(String, Vec<u8>)],
) -> Result<(String, Option<String>), Refused> {
    let (by, within) = (*by, within(by));
    let (host, documents) = (controls.mailer.hostname().to_owned(), documents.to_vec());
    let work = move |tx: &mut Tx<'_>| {
        let note = report::sign(tx, (by.organisation.unwrap_or(0), by.account), &host, &documents)?;
        keep_all(tx, within, &report.stand)?;
        let files: Vec<&String> = documents.iter().map(|(file, _)| file).collect();
        let event = Event {
            organisation: by.organisation.unwrap_or(0),
            account: by.account,
            via: if by.account.is_some() { Via::Http } else { Via::Local },
            address: None,
            action: "evidence-report-made".to_owned(),
            object: json!({ "framework": report.listed.word(), "files": files, "note": note }).to_string(),
            outcome: Outcome::Done,
            row: String::new(),
        };
        rights::record(tx, &event)?;
        Ok::<_, EvidenceError>((note, public_key(tx)?.map(|key| key.to_string())))
    };
    controls.store.write(work).await.map_err(Refused::because)
}

fn keep_all(tx: &mut Tx<'_>, within: Within, stand: &[(Check, Known)]) -> Result<(), EvidenceError> {
    for (check, known) in stand {
        keep(tx, within.key(*check), *check, &known.outcome)?;
    }
    Ok(())
}

/// The first page of a console.
pub(super) async fn overview(controls: &Controls, by: &Bounds, language: String) -> Result<Value, Refused> {
    let language = language_of(&language)?;
    sum_up(controls).await?;
    let (around, within) = (surroundings(controls).await?, within(by));
    let work = move |tx: &mut Tx<'_>| overview::shown(tx, &around, within, language);
    controls.store.read(work).await.map_err(Refused::because)
}

/// Sums up what is left of what went by; of a long time, as much as one request may.
async fn sum_up(controls: &Controls) -> Result<(), Refused> {
    for _ in 0..SUMMING_STEPS_MAX {
        if !numbers::sum_up(&controls.store).await.map_err(Refused::because)? {
            break;
        }
    }
    Ok(())
}

/// Looks at the world and the machine now, and keeps what was seen.
pub(super) async fn look_at_world(controls: &Controls) -> Result<Value, Refused> {
    let mut sights = see_domains(controls).await?;
    sights.extend(controls.elsewhere.look_at_machine().await);
    let seen = sights.clone();
    controls.store.write(move |tx| keep_sights(tx, &sights)).await.map_err(Refused::because)?;
    Ok(json!({ "at": controls.store.context().clock.now().to_string(), "sights": seen }))
}

async fn see_domains(controls: &Controls) -> Result<Vec<Sight>, Refused> {
    let dns = controls.elsewhere.resolver()?;
    let hostname = controls.mailer.hostname().to_owned();
    let policy = controls.elsewhere.surroundings().transport.mta_sts_id;
    let work = |tx: &mut Tx<'_>| {
        let domains = identity::list_domains(tx, None)?;
        Ok::<_, EvidenceError>((domains, signing::list(tx, None)?))
    };
    let (domains, keys) = controls.store.read(work).await.map_err(Refused::because)?;
    let mut names: Vec<String> = domains.into_iter().map(|domain| domain.name).take(DOMAINS_MAX).collect();
    if names.is_empty() {
        // A system without domains is about to take mail for that of its host.
        names.push(hostname.split_once('.').map_or(hostname.as_str(), |(_, domain)| domain).to_owned());
    }
    let mut sights = world::host(&*dns, &hostname).await;
    for name in names {
        sights.extend(world::domain(&*dns, &name, &hostname, &policy, &keys).await);
    }
    Ok(sights)
}

/// What a server does for its evidence by itself, again and again: sums up what went by, looks at all checks and keeps how they came out, and at the
/// world when the last look is old.
///
/// # Errors
/// [`Refused`] if the store fails, or the world cannot be looked at.
pub async fn look_after_evidence(controls: &Controls) -> Result<(), Refused> {
    while numbers::sum_up(&controls.store).await.map_err(Refused::because)? {}
    let seen = controls.store.read(::evidence::list_sights).await.map_err(Refused::because)?;
    let now = controls.store.context().clock.now();
    let every = i64::try_from(LOOK_EVERY.as_millis()).unwrap_or(i64::MAX);
    let is_old = seen.iter().map(|sight| sight.at).max().is_none_or(|at| !(0..every).contains(&(now.millis() - at)));
    // What cannot be seen of the world must not keep the rest from being looked at.
    let looked = if is_old { look_at_world(controls).await.map(drop) } else { Ok(()) };
    let organisations = controls.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    let whole = Bounds { account: None, organisation: None };
    let each = organisations.iter().map(|one| Bounds { account: None, organisation: Some(one.id) });
    for by in std::iter::once(whole).chain(each) {
        let stand = look(controls, &by).await?;
        let work = move |tx: &mut Tx<'_>| keep_all(tx, within(&by), &stand);
        controls.store.write(work).await.map_err(Refused::because)?;
    }
    controls.store.write_freeing(forget).await.map_err(Refused::because)?;
    looked
}
