//! A message that waits, as whoever must allow it reads it: whom it goes to, its fields, its text and the names of its files, with what rules found in them.
//!
//! Text alone is given, whatever the message is made of, and no file. Numbers that a rule found are masked here as everywhere.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use mail::header;
use mail::message::words;
use store::{StoreError, Tx};

use crate::content::{Content, File, Place};
use crate::detect;
use crate::keywords::{is_whole, words_of};
use crate::look::Outbound;
use crate::plain;
use crate::rule::{Condition, Detector, FileKind, Rule};
use crate::waiting::Waiting;
use crate::{OutboundError, rules};

/// Octets of a message beyond which it is not shown.
const MESSAGE_OCTETS_MAX: u64 = 64 << 20;

/// Characters of the text that are shown.
const CHARS_MAX: usize = 100_000;

/// Header fields that are shown.
const FIELDS_MAX: usize = 60;

/// Characters of a header field that are shown.
const FIELD_CHARS_MAX: usize = 500;

/// A run of text, and the rules that found something in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The text; of a number that a rule found its ends.
    pub text: String,
    /// The rules.
    pub rules: Vec<String>,
}

/// A file as it is named: what is in it is not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedFile {
    /// Its name.
    pub name: Vec<Stretch>,
    /// What it is, and what files in it are.
    pub kinds: Vec<FileKind>,
    /// Octets.
    pub size_octets: u64,
    /// It, or a file in it, needs a password.
    pub is_locked: bool,
}

/// A message that waits, to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Address that failures are reported to.
    pub reverse_path: String,
    /// Header fields but the subject, decoded, in their order.
    pub fields: Vec<(String, String)>,
    /// The subject.
    pub subject: Vec<Stretch>,
    /// What is written.
    pub body: Vec<Stretch>,
    /// There is more than is shown.
    pub is_cut: bool,
    /// Its files, in their order.
    pub files: Vec<NamedFile>,
    /// Something in it could not be read: encrypted by its author, locked, damaged.
    pub is_unreadable: bool,
}

impl Outbound {
    /// What waits, to be read by somebody who may decide on it.
    ///
    /// # Errors
    /// [`OutboundError::NotYours`] if there is nothing to be read any more or it is too large, or the store fails.
    pub async fn reading(self: &Arc<Self>, waiting: &Waiting) -> Result<Reading, OutboundError> {
        let asked = waiting.clone();
        let find = move |tx: &mut Tx<'_>| {
            let queued = asked.detail.queued.first().copied();
            let found = queued.map(|queued| queue::content(tx, queued)).transpose()?.flatten();
            let found = found.ok_or(OutboundError::NotYours("it waits no more, so there is nothing to be read"))?;
            Ok::<_, OutboundError>((found, rules::in_force(tx, asked.organisation)?))
        };
        let (found, all) = self.store().read(find).await?;
        if found.size > MESSAGE_OCTETS_MAX {
            return Err(OutboundError::NotYours("it is too large to be shown; ask its sender for it"));
        }
        let names: BTreeSet<&str> = waiting.detail.outcome.matched.iter().map(|it| it.rule.as_str()).collect();
        let held: Vec<Rule> = all.into_iter().filter(|rule| names.contains(rule.name.as_str())).collect();
        let (store, pool) = (self.store().clone(), self.pool());
        let work = move || {
            let raw = found.read(store.blobs())?;
            let reports = pool.map(|pool| filter::inspect_files(&raw, &pool));
            let content = Content::read(&raw, reports.as_deref());
            let reverse_path = found.envelope.reverse_path;
            Ok::<_, OutboundError>(Reading { reverse_path, fields: fields(&raw), ..read(&content, &held) })
        };
        let working = tokio::task::spawn_blocking(work).await;
        working.map_err(|_| StoreError::Abandoned("reading a message panicked"))?
    }
}

fn fields(raw: &[u8]) -> Vec<(String, String)> {
    let shown = header::fields(header::split_header_body(raw).0).filter(|field| !field.is("Subject"));
    let decoded = shown.map(|field| {
        let value = String::from_utf8_lossy(&field.value()).into_owned();
        let value: String = words::decode(value.trim()).chars().filter(|c| !c.is_control()).collect();
        (String::from_utf8_lossy(field.name).into_owned(), value.chars().take(FIELD_CHARS_MAX).collect())
    });
    decoded.take(FIELDS_MAX).collect()
}

fn read(content: &Content, held: &[Rule]) -> Reading {
    let sought = Sought::of(content, held);
    let of = |place: Place| {
        let pieces = content.pieces.iter().filter(move |piece| piece.place == place);
        pieces.map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\n\n")
    };
    let body = of(Place::Body);
    let end = body.char_indices().nth(CHARS_MAX).map_or(body.len(), |(at, _)| at);
    let named = |file: &File| NamedFile {
        name: sought.marked(&file.name),
        kinds: file.kinds.clone(),
        size_octets: file.size_octets,
        is_locked: file.is_locked,
    };
    Reading {
        subject: sought.marked(&of(Place::Subject)),
        body: sought.marked(body.get(..end).unwrap_or_default()),
        is_cut: end < body.len(),
        files: content.files.iter().map(named).collect(),
        is_unreadable: content.is_unreadable,
        ..Reading::default()
    }
}

/// What the rules that hold look for: numbers that are there, and words.
struct Sought<'r> {
    /// Letters and digits of each, and its rule.
    numbers: Vec<(String, &'r str)>,
    /// Each folded, and its rule.
    words: Vec<(String, &'r str)>,
}

impl<'r> Sought<'r> {
    fn of(content: &Content, held: &'r [Rule]) -> Self {
        let mut sought = Self { numbers: Vec::new(), words: Vec::new() };
        for rule in held {
            let mut wanted = BTreeSet::new();
            sought.take(&rule.when, &rule.name, &mut wanted);
            let values = detect::values(&content.pieces, &wanted);
            let bare = |value: String| value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
            sought.numbers.extend(values.into_iter().map(bare).map(|value| (value, rule.name.as_str())));
        }
        sought
    }

    fn take(&mut self, condition: &Condition, rule: &'r str, wanted: &mut BTreeSet<Detector>) {
        match condition {
            Condition::All(list) | Condition::Any(list) => list.iter().for_each(|it| self.take(it, rule, wanted)),
            Condition::Detect(detect) => drop(wanted.insert(detect.what)),
            Condition::Keywords(keywords) => {
                self.words.extend(words_of(keywords).map(|word| (plain::words(word), rule)));
            }
            _ => {}
        }
    }

    /// The text with what is sought marked, and numbers masked.
    fn marked(&self, text: &str) -> Vec<Stretch> {
        let mut found: Vec<(Range<usize>, &str, bool)> = Vec::new();
        let numbers = Folded::of(text, true);
        for (value, rule) in &self.numbers {
            found.extend(numbers.find(value, false).map(|place| (place, *rule, true)));
        }
        let spoken = Folded::of(text, false);
        for (word, rule) in &self.words {
            found.extend(spoken.find(word, true).map(|place| (place, *rule, false)));
        }
        // Of two that begin together the longer, and a number before a word.
        found.sort_by_key(|(place, _, is_number)| (place.start, usize::MAX - place.end, !is_number));
        stretches(text, &found)
    }
}

fn stretches(text: &str, found: &[(Range<usize>, &str, bool)]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    let mut at = 0;
    for (place, rule, is_number) in found {
        if place.start < at {
            // Another rule found the same.
            if let Some(last) = all.last_mut().filter(|last| place.end <= at && !last.rules.iter().any(|it| it == rule))
            {
                last.rules.push((*rule).to_owned());
            }
            continue;
        }
        let plain = text.get(at..place.start).unwrap_or_default();
        if !plain.is_empty() {
            all.push(Stretch { text: plain.to_owned(), rules: Vec::new() });
        }
        let said = text.get(place.clone()).unwrap_or_default();
        let shown = if *is_number { detect::masked(said) } else { said.to_owned() };
        all.push(Stretch { text: shown, rules: vec![(*rule).to_owned()] });
        at = place.end;
    }
    let rest = text.get(at..).unwrap_or_default();
    if !rest.is_empty() {
        all.push(Stretch { text: rest.to_owned(), rules: Vec::new() });
    }
    all
}

/// A text in the form in which something is looked for, and where each of its octets comes from.
struct Folded {
    text: String,
    places: Vec<Range<usize>>,
}

impl Folded {
    /// For numbers, letters and digits alone; for words, as [`plain::words`] folds them.
    fn of(text: &str, for_numbers: bool) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        for (at, c) in text.char_indices() {
            let place = at..at + c.len_utf8();
            if for_numbers {
                let digits = plain::digits(c.encode_utf8(&mut [0; 4]));
                digits
                    .into_iter()
                    .filter(|c| c.is_alphanumeric())
                    .flat_map(char::to_uppercase)
                    .for_each(|c| folded.push(c, &place));
            } else if c.is_whitespace() {
                if !folded.text.is_empty() && !folded.text.ends_with(' ') {
                    folded.push(' ', &place);
                }
            } else {
                plain::words(c.encode_utf8(&mut [0; 4])).chars().for_each(|c| folded.push(c, &place));
            }
        }
        folded
    }

    fn push(&mut self, c: char, place: &Range<usize>) {
        self.text.push(c);
        self.places.extend(std::iter::repeat_n(place.clone(), c.len_utf8()));
    }

    /// Where it stands in the text.
    fn find<'f>(&'f self, sought: &'f str, whole: bool) -> impl Iterator<Item = Range<usize>> + 'f {
        let found = (!sought.is_empty()).then(|| self.text.match_indices(sought));
        found.into_iter().flatten().filter_map(move |(start, found)| {
            let end = start + found.len();
            if whole && !is_whole(&self.text, start, end) {
                return None;
            }
            Some(self.places.get(start)?.start..self.places.get(end.checked_sub(1)?)?.end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(name: &str, when: serde_json::Value) -> Rule {
        Rule::read(&json!({ "name": name, "when": when, "actions": ["record"] }).to_string()).unwrap()
    }

    fn shown(stretches: &[Stretch]) -> String {
        let one = |it: &Stretch| {
            if it.rules.is_empty() { it.text.clone() } else { format!("<{}:{}>", it.rules.join("+"), it.text) }
        };
        stretches.iter().map(one).collect()
    }

    #[test]
    fn what_rules_found_is_marked_and_numbers_are_masked() {
        let raw = "Subject: Contract\r\nFrom: =?UTF-8?B?5p2O?= <li@trade.test>\r\nTo: bo@far.test\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
            The sales CONTRACT, card 4111 1111 1111 1111 and\r\naccount DE89 3704 0044 0532 0130 00. Ten pieces.\r\n\
            --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"contract 4111111111111111.txt\"\r\n\r\nNothing.\r\n--b--\r\n";
        let content = Content::read(raw.as_bytes(), None);
        let held = [
            rule(
                "cards",
                json!({ "any": [{ "detect": { "what": "payment-card" } }, { "detect": { "what": "iban" } }] }),
            ),
            rule("words", json!({ "keywords": { "words": ["contract", "sales contract"] } })),
        ];
        let reading = read(&content, &held);
        assert_eq!(shown(&reading.subject), "<words:Contract>");
        let body = shown(&reading.body);
        assert!(body.starts_with("The <words:sales CONTRACT>, card <cards:41•••••••••••••••11> and"), "{body}");
        assert!(body.contains("account <cards:DE•••••••••••••••••••••••00>. Ten pieces."), "{body}");
        assert_eq!(shown(&reading.files[0].name), "<words:contract> <cards:41••••••••••••11>.txt");
        let fields = fields(raw.as_bytes());
        assert_eq!(fields[0], ("From".to_owned(), "李 <li@trade.test>".to_owned()));
        assert!(!fields.iter().any(|(name, _)| name == "Subject"));
        for secret in ["1111 1111", "3704"] {
            assert!(!body.contains(secret), "{body}");
        }
    }

    #[test]
    fn words_of_other_scripts_are_found_where_they_stand() {
        let held = [rule("words", json!({ "keywords": { "words": ["报价单", "cotización"] } }))];
        let content = Content::read(
            "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n请见报价单。La\u{a0}COTIZACIÓN final\r\n"
                .as_bytes(),
            None,
        );
        let body = shown(&read(&content, &held).body);
        assert!(body.starts_with("请见<words:报价单>。La\u{a0}<words:COTIZACIÓN> final"), "{body}");
    }
}
