//! What is in attached files: looked into by confined processes, and what they tell brought into the form of facts.

mod passwords;

use std::time::{Duration, Instant};

use inspect::{Kind, Pool, Reason, Report, Trait};
use mail::message::{Part, Structure, decode_part};

use super::attachments::{ATTACHMENTS_MAX, files, is_file};
use super::html::{self, Counts};
use super::links::{self, Link, Place};
use super::{Facts, Received, push_bounded};
use crate::normal::normal;

/// Time for all files of one message, less than half of what judging a message may take; those that come later are told as not
/// looked into.
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(12);

/// Octets of a part below which nothing can be in it.
const PART_OCTETS_MIN: u32 = 8;

/// Files in all attachments that are kept.
const FILES_MAX: usize = 512;

/// Signs in all attachments that are kept.
const SIGNS_MAX: usize = 128;

/// Pictures in all attachments whose look is kept.
const PICTURES_MAX: usize = 16;

/// Octets of text in files that are brought to their one form.
const NORMAL_OCTETS_MAX: usize = 24 * 1024;

/// A file in an attached file, or the attached file itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InnerFile {
    /// Its name, behind those of the files that it is in.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Files above it; 0 for the attached file itself.
    pub depth: u32,
    /// It is in an archive or disk image.
    pub is_packed: bool,
    /// Needs a password that the message does not name.
    pub is_locked: bool,
    /// The name hides what it is.
    pub has_deceptive_name: bool,
}

/// What is remarkable about a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InnerSign {
    /// Name of the file.
    pub file: String,
    /// What it is.
    #[serde(rename = "trait")]
    pub what: Trait,
    /// What shows it.
    pub evidence: String,
}

/// A file that could not be looked into.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unlooked {
    /// Name of the file.
    pub file: String,
    /// Why.
    pub why: Reason,
}

/// What is in attached files.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Inside {
    /// All files, those in others too.
    pub files: Vec<InnerFile>,
    /// Addresses of pages in them.
    pub links: Vec<Link>,
    /// Their text.
    pub text: String,
    /// What HTML in them holds.
    pub html: Counts,
    /// What is remarkable about them.
    pub signs: Vec<InnerSign>,
    /// What could not be looked into.
    pub unlooked: Vec<Unlooked>,
    /// What pictures look like, as [`inspect::Likeness`] says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<u64>,
    /// Text in its one form.
    pub(crate) normal_text: String,
}

/// Has the attached files of a message looked into. Blocks; gives one report for each file, also for those that nobody could look into.
#[must_use]
pub fn inspect(raw: &[u8], pool: &Pool) -> Vec<Report> {
    let structure = Structure::parse(raw);
    let parts: Vec<&Part> = files(&structure.parts).filter(|part| part.size_octets() >= PART_OCTETS_MIN).collect();
    if parts.is_empty() {
        return Vec::new();
    }
    let words = passwords::candidates(&Facts::read(Received { raw, ..Received::default() }));
    let until = Instant::now() + MESSAGE_TIME_MAX;
    let look = |(number, part): (usize, &&Part)| {
        let name = part.file_name().unwrap_or_default();
        let unlooked = |why| Report::unlooked(&name, u64::from(part.size_octets()), why);
        if number >= ATTACHMENTS_MAX {
            return unlooked(Reason::TooMany);
        }
        if Instant::now() >= until {
            return unlooked(Reason::TimedOut);
        }
        let Ok(octets) = decode_part(raw, part) else { return unlooked(Reason::Damaged) };
        let declared = format!("{}/{}", part.media_type, part.subtype);
        let part = inspect::Part { name: &name, declared: &declared, octets: &octets, words: &words };
        pool.inspect_until(part, Some(until))
    };
    // One beyond the limit tells that there were more.
    parts.iter().enumerate().take(ATTACHMENTS_MAX + 1).map(look).collect()
}

/// Numbers of the parts that [`inspect`] gives reports of, in the same order.
#[must_use]
pub fn inspected_parts(structure: &Structure) -> Vec<usize> {
    let is_inspected = |part: &Part| is_file(part) && part.size_octets() >= PART_OCTETS_MIN;
    let parts = structure.parts.iter().enumerate().filter(|(_, part)| is_inspected(part));
    parts.map(|(number, _)| number).take(ATTACHMENTS_MAX + 1).collect()
}

/// The facts of all reports.
pub(super) fn read(reports: &[Report]) -> Inside {
    let mut inside = Inside::default();
    reports.iter().for_each(|report| inside.add(report));
    let text = links::without(super::cut(&inside.text, NORMAL_OCTETS_MAX));
    inside.normal_text = normal(&text).text;
    inside
}

impl Inside {
    fn add(&mut self, report: &Report) {
        let names = names(report);
        let name = |file: u32| names.get(file as usize).cloned().unwrap_or_default();
        for (file, name) in report.files.iter().zip(&names).take(FILES_MAX.saturating_sub(self.files.len())) {
            let above = file.inside.and_then(|above| report.files.get(above as usize));
            self.files.push(InnerFile {
                name: name.clone(),
                kind: file.kind,
                depth: file.depth,
                is_packed: above.is_some_and(|above| above.kind.is_container()),
                is_locked: file.is_locked,
                has_deceptive_name: file.has_deceptive_name,
            });
        }
        for text in &report.texts {
            if text.is_page {
                self.add_page(&text.text);
            } else {
                links::in_text_at(&text.text, Place::File, &mut self.links);
                push_bounded(&mut self.text, &text.text);
            }
        }
        for link in &report.links {
            let place = if link.place == inspect::Place::Code { Place::Code } else { Place::File };
            let label = Some(link.label.as_str()).filter(|label| !label.is_empty());
            if self.links.len() < links::LINKS_MAX
                && let Some(link) = links::parse(&link.url, place, label)
            {
                links::add(link, &mut self.links);
            }
        }
        for sign in report.signs.iter().take(SIGNS_MAX.saturating_sub(self.signs.len())) {
            let evidence = sign.evidence.clone();
            self.signs.push(InnerSign { file: name(sign.file), what: sign.what, evidence });
        }
        for likeness in report.likenesses.iter().take(PICTURES_MAX.saturating_sub(self.pictures.len())) {
            self.pictures.push(likeness.bits);
        }
        for unlooked in report.unlooked.iter().take(FILES_MAX.saturating_sub(self.unlooked.len())) {
            self.unlooked.push(Unlooked { file: name(unlooked.file), why: unlooked.why });
        }
    }

    fn add_page(&mut self, text: &str) {
        let page = html::read(text);
        let mut found = Vec::new();
        links::in_page(&page.references, &mut found);
        for link in found.into_iter().filter(|link| link.place != Place::Picture) {
            if self.links.len() < links::LINKS_MAX {
                links::add(Link { place: Place::File, ..link }, &mut self.links);
            }
        }
        push_bounded(&mut self.text, &page.text);
        self.html.add(page.counts);
    }
}

/// The name of each file with those that it is in: `bills.zip/bill.exe`.
fn names(report: &Report) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(report.files.len());
    for file in &report.files {
        let own = if file.name.is_empty() { "(unnamed)" } else { &file.name };
        let above = file.inside.and_then(|above| names.get(above as usize));
        let name = above.map_or_else(|| own.to_owned(), |above| format!("{above}/{own}"));
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests;
