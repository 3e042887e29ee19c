//! The register of processing (GDPR article 30, PIPL article 55): what this system does with data of people, from what is set and in force now, and what
//! the organisation says of it in its own words.

use std::collections::BTreeMap;

use identity::{AccountKind, Language};
use review::Table;
use serde_json::{Value, json};
use store::owned::{self, Owner};
use store::{Tx, holds, params};

use crate::answer::name_of;
use crate::report::push_rows;
use crate::request::check_text;
use crate::{SubjectError, texts};

/// What the system does.
pub(crate) const ENTRIES: [&str; 10] =
    ["mail", "directory", "judging", "partners", "sign-ins", "keys", "portal", "backups", "audit", "investigations"];

/// What is said of each.
const FIELDS: [&str; 5] = ["purpose", "data", "basis", "kept", "recipients"];

/// What is said of the whole.
const WHOLE: [&str; 6] = ["controller", "representative", "officer", "recipients", "transfers", "measures"];

/// Parts that an organisation may write.
pub const PARTS_MAX: i64 = 300;

/// Octets of one part.
const PART_BYTES_MAX: usize = 8_000;

/// What begins the name of a processing that the organisation adds.
const OWN: &str = "own.";

const PLACE: &str = "processing_part.detail";

/// What is set and in force, of which only the caller knows.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Days that judged mail stays explained.
    pub judged_days: u32,
    /// Days that mail waits in quarantine.
    pub quarantine_days: u32,
    /// Days that refused requests stay in the record.
    pub refusal_days: u32,
    /// Days that an expired delivery of the portal is remembered.
    pub portal_days: u32,
    /// Where backups go.
    pub repositories: Vec<String>,
    /// Region and country of the installation; empty where there is one only.
    pub region: String,
    /// The protection level.
    pub level: String,
}

/// One processing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in requests.
    pub part: String,
    /// Its name for people.
    pub name: String,
    /// Purpose, data and people, basis, how long it is kept, recipients: each by its name.
    pub fields: BTreeMap<&'static str, String>,
}

/// The register.
#[derive(Debug, Clone)]
pub struct Register {
    /// The organisation.
    pub organisation: String,
    /// Controller, representative, officer, recipients, transfers, measures: each by its name.
    pub whole: BTreeMap<&'static str, String>,
    /// What is done.
    pub entries: Vec<Entry>,
    /// For machines.
    pub json: Value,
    /// For people, as PDF and CSV.
    pub document: review::Report,
}

/// Says something of the register in the organisation's own words: of the whole (`controller`, ...), of what the system does (`mail.purpose`, ...), or of
/// what the organisation does beside (`own.NAME`). Without text, what the program says stands again.
///
/// # Errors
/// [`SubjectError`] if there is no such part, the text is too long, or the store fails.
pub fn set_part(
    tx: &mut Tx<'_>,
    organisation: i64,
    part: &str,
    language: Language,
    text: Option<&str>,
) -> Result<(), SubjectError> {
    let known = WHOLE.contains(&part)
        || part.split_once('.').is_some_and(|(entry, field)| ENTRIES.contains(&entry) && FIELDS.contains(&field))
        || part.strip_prefix(OWN).is_some_and(|name| !name.trim().is_empty() && name.len() <= 200);
    if !known {
        let cause = format!(
            "{part:?} is none of the register: {}; one of {} with .{}; or own.NAME",
            WHOLE.join(", "),
            ENTRIES.join(", "),
            FIELDS.join(", .")
        );
        return Err(SubjectError::Part { part: "the part", cause });
    }
    let word = language.as_str();
    tx.execute(
        "DELETE FROM processing_part WHERE organisation = $1 AND part = $2 AND language = $3",
        params![organisation, part, word],
    )?;
    let Some(text) = text else { return Ok(()) };
    if text.len() > PART_BYTES_MAX {
        let cause = format!("is longer than {PART_BYTES_MAX} octets");
        return Err(SubjectError::Part { part: "the text", cause });
    }
    check_text("the text", text.get(..text.floor_char_boundary(1_000)).unwrap_or_default())?;
    let count = "SELECT COUNT(*) FROM processing_part WHERE organisation = $1";
    if tx.row(count, params![organisation], |row| row.int(0))?.is_some_and(|count| count >= PARTS_MAX) {
        let cause = format!("are {PARTS_MAX} already, which is as many as there may be");
        return Err(SubjectError::Part { part: "the parts", cause });
    }
    let id = tx.next_id();
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, &text)?;
    tx.execute(
        "INSERT INTO processing_part (organisation, part, language, id, detail) VALUES ($1, $2, $3, $4, $5)",
        params![organisation, part, word, id, &sealed],
    )?;
    Ok(())
}

fn parts(tx: &mut Tx<'_>, organisation: i64, language: Language) -> Result<BTreeMap<String, String>, SubjectError> {
    let rows = tx.rows(
        "SELECT part, id, detail FROM processing_part WHERE organisation = $1 AND language = $2 ORDER BY part LIMIT $3",
        params![organisation, language.as_str(), PARTS_MAX],
        |row| Ok((row.text(0)?.to_owned(), row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let mut parts = BTreeMap::new();
    for (part, id, sealed) in rows {
        parts.insert(part, owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?);
    }
    Ok(parts)
}

/// The register as it is now.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub fn register(tx: &mut Tx<'_>, organisation: i64, language: Language, live: &Live) -> Result<Register, SubjectError> {
    let texts = texts::of(language);
    let own = parts(tx, organisation, language)?;
    let values = values(tx, organisation, live)?;
    let given: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let say = |part: &str, key: &str| own.get(part).cloned().unwrap_or_else(|| texts.say(key, &given));
    let whole: BTreeMap<&'static str, String> =
        WHOLE.iter().map(|part| (*part, say(part, &format!("processing-{part}")))).collect();
    let mut entries: Vec<Entry> = ENTRIES
        .iter()
        .map(|entry| {
            let field = |field: &&'static str| {
                let key = match *field {
                    "recipients" => "processing-recipients".to_owned(),
                    field => format!("processing-{entry}-{field}"),
                };
                (*field, say(&format!("{entry}.{field}"), &key))
            };
            let name = texts.say(&format!("processing-{entry}-name"), &[]);
            Entry { part: (*entry).to_owned(), name, fields: FIELDS.iter().map(field).collect() }
        })
        .collect();
    entries.extend(own.iter().filter_map(|(part, text)| {
        let name = part.strip_prefix(OWN)?.to_owned();
        Some(Entry { part: part.clone(), name, fields: BTreeMap::from([("purpose", text.clone())]) })
    }));
    let name = name_of(tx, organisation)?;
    let made = crate::error::day(tx.now());
    let json = json!({
        "organisation": name, "made": made, "whole": whole,
        "processing": entries.iter().map(|it| json!({ "part": it.part, "name": it.name, "says": it.fields })).collect::<Vec<_>>(),
    });
    let title = texts.say("processing-title", &[("organisation", &name), ("made", &made)]);
    let document = document(language, title, &whole, &entries);
    Ok(Register { organisation: name, whole, entries, json, document })
}

/// What texts are filled with: settings and rules in force, and how many people and things there are.
fn values(tx: &mut Tx<'_>, organisation: i64, live: &Live) -> Result<Vec<(&'static str, String)>, SubjectError> {
    let window = holds::window_days(tx, organisation)?;
    let rules = retention::list(tx, organisation)?;
    let named: Vec<String> = rules
        .iter()
        .filter(|kept| kept.rule.enabled)
        .map(|kept| format!("{} ({})", kept.rule.name, kept.rule.days))
        .collect();
    let in_force = holds::list(tx, organisation)?.iter().filter(|hold| hold.ended.is_none()).count();
    let crossings = residence::list_rules(tx, organisation)?;
    let crossings: Vec<String> = crossings
        .iter()
        .map(|kept| format!("{} ({}, {})", kept.rule.to, kept.rule.basis.as_str(), kept.rule.reference))
        .collect();
    let people = tx.row(
        "SELECT COUNT(*) FROM account WHERE organisation = $1 AND kind = $2",
        params![organisation, AccountKind::Person.as_str()],
        |row| row.int(0),
    )?;
    let or_none = |list: Vec<String>| if list.is_empty() { "-".to_owned() } else { list.join("; ") };
    Ok(vec![
        ("people", people.unwrap_or(0).to_string()),
        ("window", window.to_string()),
        ("rules", or_none(named)),
        ("holds", in_force.to_string()),
        ("judged", live.judged_days.to_string()),
        ("quarantine", live.quarantine_days.to_string()),
        ("refusals", live.refusal_days.to_string()),
        ("portal", live.portal_days.to_string()),
        ("repositories", or_none(live.repositories.clone())),
        ("region", if live.region.is_empty() { "-".to_owned() } else { live.region.clone() }),
        ("level", live.level.clone()),
        ("crossings", or_none(crossings)),
    ])
}

fn document(
    language: Language,
    title: String,
    whole: &BTreeMap<&'static str, String>,
    entries: &[Entry],
) -> review::Report {
    let texts = texts::of(language);
    let head = vec![texts.say("head-what", &[]), texts.say("head-told", &[])];
    let table = |title: String, fields: &BTreeMap<&'static str, String>, order: &[&'static str]| {
        let mut rows = Vec::new();
        for field in order {
            if let Some(text) = fields.get(field) {
                push_rows(&mut rows, &texts.say(&format!("field-{field}"), &[]), text);
            }
        }
        Table { title, head: head.clone(), rows }
    };
    let first = table(texts.say("processing-whole", &[]), whole, &WHOLE);
    let rest = entries.iter().map(|entry| table(entry.name.clone(), &entry.fields, &FIELDS));
    review::Report {
        language: if language == Language::Chinese { "zh" } else { "en" },
        title,
        paragraphs: Vec::new(),
        charts: Vec::new(),
        tables: std::iter::once(first).chain(rest).collect(),
    }
}
