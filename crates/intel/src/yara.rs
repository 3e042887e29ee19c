//! Rules of YARA that the operator keeps, over the text and the files of a message. The program that knows them runs apart from this one,
//! see [`inspect::yara`]; here is what is given to it, and what its answer means.
//!
//! A rule says by itself what it weighs (`tradewind_weight`, in log odds, cut to [`WEIGHT_MAX`]) and what people read of it (`description`,
//! `description_zh`). Without a weight its tags say it: `malware` 4, `suspicious` 1; else 2.

use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use filter::{Asked, Finding, Layer, Signal};
use inspect::yara::{Match, Matcher, PARTS_MAX, Rules, YaraError};
use inspect::{InspectSettings, Program};
use mail::message::{Structure, decode_part};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::ThreatSettings;
use crate::finding::finding;

/// The most that one rule weighs: what weighs more needs no second sign ([`filter::verdict`]), and that is for scanners alone.
pub const WEIGHT_MAX: f32 = 6.0;

/// Weight of a rule that says nothing of it.
const WEIGHT: f32 = 2.0;

/// Weights by tag, for rules without one of their own.
const TAG_WEIGHTS: &[(&str, f32)] = &[("malware", 4.0), ("suspicious", 1.0)];

/// Rule files that are read.
const FILES_MAX: usize = 2_000;

/// Characters of a rule's description of itself that are kept.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// How a rule's file ends.
const ENDINGS: &[&str] = &["yar", "yara"];

/// The rules as a layer. A clone has the same rules.
#[derive(Clone)]
pub struct Yara {
    matcher: Matcher,
    directory: PathBuf,
    octets_max: usize,
    turns: Arc<Semaphore>,
    wait: Duration,
    rules: Arc<ArcSwapOption<Rules>>,
    seen: Arc<Mutex<Option<u64>>>,
}

/// What became of a look at the directory of rules.
#[derive(Debug)]
pub enum Taken {
    /// Nothing has changed.
    Same,
    /// The rules of so many files are in force.
    New(usize),
    /// They are not taken; those before stay.
    Refused(YaraError),
}

impl Yara {
    /// The layer of the settings; none where no program is set. No rules are in force before [`Self::refresh`].
    #[must_use]
    pub fn new(settings: &ThreatSettings, confined: &InspectSettings, program: Program) -> Option<Self> {
        if settings.yara.is_empty() {
            return None;
        }
        Some(Self {
            matcher: Matcher {
                program,
                command: settings.yara.clone(),
                compiler: settings.yara_compiler.clone(),
                reads: confined.recogniser_reads.clone(),
                memory_mib: confined.memory_mib,
                seconds: settings.yara_seconds.max(1),
            },
            directory: settings.yara_directory.clone(),
            octets_max: settings.yara_octets_max,
            turns: Arc::new(Semaphore::new(settings.yara_at_once.max(1))),
            wait: Duration::from_secs(settings.yara_seconds.max(1)),
            rules: Arc::default(),
            seen: Arc::default(),
        })
    }

    /// Takes up the rules of the directory if they have changed since. Blocks while they are compiled.
    pub fn refresh(&self) -> Taken {
        let found = match sources(&self.directory) {
            Ok(found) => found,
            Err(error) => return Taken::Refused(YaraError::Io(error)),
        };
        if self.seen.lock().replace(found.state) == Some(found.state) {
            return Taken::Same;
        }
        match self.matcher.compile(&self.directory, &found.files) {
            Ok(rules) => {
                self.rules.store(Some(Arc::new(rules)));
                Taken::New(found.files.len())
            }
            Err(error) => {
                if error.outlook() == env::Outlook::Temporary {
                    *self.seen.lock() = None;
                }
                Taken::Refused(error)
            }
        }
    }

    /// What the rules find in a message. Blocks.
    ///
    /// # Errors
    /// [`YaraError`] if there is no answer.
    pub fn find(&self, facts: &filter::Facts, raw: &[u8]) -> Result<Vec<Finding>, YaraError> {
        let Some(rules) = self.rules.load_full() else { return Err(YaraError::Failed("no rules in force".to_owned())) };
        let (parts, is_whole) = parts(facts, raw, self.octets_max);
        let octets: Vec<&[u8]> = parts.iter().map(|part| part.octets.as_slice()).collect();
        let found = self.matcher.scan(&rules, &octets)?;
        let mut findings: Vec<Finding> = found.iter().filter_map(|one| Some(told(one, parts.get(one.part)?))).collect();
        findings.sort_by(|one, two| one.id.cmp(&two.id));
        findings.dedup_by(|two, one| one.id == two.id);
        if !is_whole {
            findings.push(unmatched("threats.yara_octets_max"));
        }
        Ok(findings)
    }
}

#[async_trait]
impl Layer for Yara {
    fn name(&self) -> &'static str {
        "yara"
    }

    fn time_max(&self) -> Duration {
        // A turn, the run, and its start.
        self.wait * 2 + Duration::from_secs(2)
    }

    async fn look(&self, asked: Asked<'_>) -> Vec<Finding> {
        let Ok(Ok(turn)) = tokio::time::timeout(self.wait, Arc::clone(&self.turns).acquire_owned()).await else {
            tracing::error!("rules of YARA could not be run in time: raise threats.yara_at_once");
            return vec![unmatched("overloaded")];
        };
        let (layer, facts, raw) = (self.clone(), asked.facts.clone(), asked.raw.to_vec());
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            layer.find(&facts, &raw)
        });
        match work.await {
            Ok(Ok(findings)) => findings,
            Ok(Err(error)) => {
                tracing::error!(%error, "rules of YARA could not be run over a message");
                vec![unmatched(if matches!(error, YaraError::Time) { "time" } else { "program" })]
            }
            Err(_) => vec![unmatched("panic")],
        }
    }
}

/// That there is no answer, and why.
fn unmatched(why: &str) -> Finding {
    finding("yara-silent", Signal::File, (0.0, 0.0), why)
}

/// A part as it is given to the program.
struct Part {
    name: String,
    is_text: bool,
    octets: Vec<u8>,
}

/// The text that a reader sees, then each part, decoded; and whether that is all.
fn parts(facts: &filter::Facts, raw: &[u8], octets_max: usize) -> (Vec<Part>, bool) {
    let text = format!("{}\n{}", facts.subject, facts.text).into_bytes();
    let mut parts = vec![Part { name: "text".to_owned(), is_text: true, octets: text }];
    let structure = Structure::parse(raw);
    let mut left = octets_max;
    let mut is_whole = true;
    for part in structure.parts.iter().filter(|part| part.children == 0 && !part.is_multipart()) {
        let Ok(octets) = decode_part(raw, part) else { continue };
        if parts.len() >= PARTS_MAX || octets.len() > left {
            is_whole = false;
            continue;
        }
        left -= octets.len();
        let name = part.file_name().unwrap_or_else(|| format!("{}/{}", part.media_type, part.subtype));
        let is_text = part.media_type == "text" && !part.is_attachment();
        parts.push(Part { name, is_text, octets: octets.into_owned() });
    }
    (parts, is_whole)
}

/// A match as a finding.
fn told(one: &Match, part: &Part) -> Finding {
    let own = one.meta.get("tradewind_weight").and_then(|weight| weight.parse::<f32>().ok());
    let of_tag = TAG_WEIGHTS.iter().find(|(tag, _)| one.tags.iter().any(|known| known.eq_ignore_ascii_case(tag)));
    let weight = own.filter(|weight| weight.is_finite()).or(of_tag.map(|(_, weight)| *weight)).unwrap_or(WEIGHT);
    let weight = weight.clamp(0.0, WEIGHT_MAX);
    let place = one.found.as_ref().map(|(string, octet)| format!(" {string} @{octet}")).unwrap_or_default();
    let signal = if part.is_text { Signal::Text } else { Signal::File };
    let id = format!("yara-{}", one.rule);
    let made = finding(&id, signal, (weight, weight), &format!("{} ({}{place})", part.name, one.rule));
    let description = |name: &str| one.meta.get(name).filter(|text| !text.trim().is_empty());
    let key = match description("description") {
        Some(english) => {
            let cut = |text: &String| text.chars().take(DESCRIPTION_CHARS_MAX).collect::<String>();
            filter::said_key(&cut(english), &cut(description("description_zh").unwrap_or(english)))
        }
        None => "finding-yara".to_owned(),
    };
    Finding { key, ..made }
}

/// Files of rules, each with the name of its own that the compiler keeps its rules apart by.
struct Sources {
    files: Vec<(String, PathBuf)>,
    /// Differs where a file does.
    state: u64,
}

fn sources(directory: &Path) -> std::io::Result<Sources> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)?.take(FILES_MAX) {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            files.push(path);
        }
    }
    files.sort();
    let mut state = std::hash::DefaultHasher::new();
    for path in &files {
        let metadata = path.metadata()?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        (path, metadata.len(), changed).hash(&mut state);
    }
    let named = (0..).zip(files).map(|(number, path)| (format!("file{number}"), path)).collect();
    Ok(Sources { files: named, state: state.finish() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use filter::{Facts, Received};

    use super::*;

    fn matched(tags: &[&str], meta: &[(&str, &str)]) -> Match {
        let meta: BTreeMap<String, String> =
            meta.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Match { part: 0, rule: "Made_Up".to_owned(), tags, meta, found: Some(("$a".to_owned(), 31)) }
    }

    #[test]
    fn a_rule_says_what_it_weighs_within_bounds() {
        let part = Part { name: "order.bin".to_owned(), is_text: false, octets: Vec::new() };
        let weight = |tags: &[&str], meta: &[(&str, &str)]| told(&matched(tags, meta), &part).weight();
        let own = |weight| [("tradewind_weight", weight)];
        assert_eq!([weight(&[], &[]), weight(&["x", "Malware"], &[]), weight(&["suspicious"], &[])], [2.0, 4.0, 1.0]);
        assert_eq!([weight(&["malware"], &own("2.5")), weight(&[], &own("99"))], [2.5, WEIGHT_MAX]);
        assert_eq!([weight(&[], &own("-7")), weight(&[], &own("NaN")), weight(&[], &own("much"))], [0.0, 2.0, 2.0]);
    }

    #[test]
    fn what_people_read_is_what_the_rule_says_of_itself() {
        let part = Part { name: "order.bin".to_owned(), is_text: false, octets: Vec::new() };
        let judge = filter::Judge::shipped().unwrap();
        let found =
            told(&matched(&[], &[("description", "A made up dropper"), ("description_zh", "木马下载器")]), &part);
        assert_eq!((found.id.as_str(), found.evidence.as_str()), ("yara-Made_Up", "order.bin (Made_Up $a @31)"));
        assert_eq!(judge.text(&found, "en").unwrap(), "A made up dropper: order.bin (Made_Up $a @31)");
        assert_eq!(judge.text(&found, "zh").unwrap(), "木马下载器：order.bin (Made_Up $a @31)");
        let silent = told(&matched(&[], &[]), &part);
        assert!(judge.text(&silent, "en").unwrap().contains("Made_Up"));
        assert!(judge.text(&unmatched("time"), "zh").unwrap().contains("time"));
    }

    #[test]
    fn text_and_files_are_given_within_the_octets_allowed() {
        let raw = b"Subject: Hi\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nplain\r\n--x\r\nContent-Type: text/html\r\n\r\n<b>page</b>\r\n\
            --x\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n";
        let facts = Facts::read(Received { raw, ..Received::default() });
        let (all, is_whole) = parts(&facts, raw, 1000);
        let shown: Vec<(&str, bool)> = all.iter().map(|part| (part.name.as_str(), part.is_text)).collect();
        assert_eq!(shown, [("text", true), ("text/plain", true), ("text/html", true), ("a.zip", false)]);
        assert!(is_whole && all[0].octets.starts_with(b"Hi\n") && all[3].octets == b"hello");
        let (some, is_whole) = parts(&facts, raw, 12);
        assert!(!is_whole && some.len() == 3);
    }

    #[test]
    fn where_no_program_is_set_there_is_no_layer() {
        let none = Yara::new(&ThreatSettings::default(), &InspectSettings::default(), Program::this("inspect-worker"));
        assert!(none.is_none());
    }
}
