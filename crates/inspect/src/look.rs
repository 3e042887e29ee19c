//! One look at a part and at all that is in it, within one set of limits for all of it.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::formats;
use crate::kind::kind_of;
use crate::names::{escapes, is_deceptive, kind_by_name};
use crate::report::{
    EVIDENCE_CHARS_MAX, FILES_MAX, File, Kind, LABEL_CHARS_MAX, LIKENESSES_MAX, LINKS_MAX, Likeness, Link,
    NAME_CHARS_MAX, PICTURES_MAX, PICTURES_OCTETS_MAX, Picture, Place, Reason, Report, SIGNS_MAX, Sign,
    TEXT_OCTETS_MAX, Text, Trait, URL_CHARS_MAX, Unlooked, cut, cut_octets,
};

/// Files in files that are followed.
const DEPTH_MAX: u32 = 6;

/// Octets that all files in one part may unpack to.
const UNPACKED_OCTETS_MAX: u64 = 160 << 20;

/// Octets that one file may unpack to.
const FILE_OCTETS_MAX: u64 = 64 << 20;

/// Octets that may come of one, for what unpacks to more than [`RATIO_FREE_OCTETS`].
const RATIO_MAX: u64 = 250;

/// Octets up to which nobody counts the ratio: a table of zeros packs well.
const RATIO_FREE_OCTETS: u64 = 8 << 20;

/// Where one is: the number of a file, and how many are above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) file: u32,
    pub(crate) depth: u32,
}

/// The look at one part.
pub(crate) struct Looker<'a> {
    report: Report,
    words: &'a [String],
    until: Instant,
    unpacked_left: u64,
    text_left: usize,
    part_octets: u64,
    /// Only names files in files; for a part that a closer look did not survive.
    pub(crate) names_only: bool,
    /// Keeps the pictures in which there may be text.
    pub(crate) wants_pictures: bool,
    /// Tried out: the reader of texts does not end.
    pub(crate) hangs_on_texts: bool,
}

/// Calls a parser; none where it panicked.
pub(crate) fn guarded<T>(parser: impl FnOnce() -> T) -> Option<T> {
    // What a parser leaves half done is the report, which stays a list of what was found.
    catch_unwind(AssertUnwindSafe(parser)).ok()
}

impl<'a> Looker<'a> {
    /// Begins a look that ends at a point in time.
    pub(crate) fn new(words: &'a [String], until: Instant) -> Self {
        Self {
            report: Report::default(),
            words,
            until,
            unpacked_left: UNPACKED_OCTETS_MAX,
            text_left: TEXT_OCTETS_MAX,
            part_octets: 0,
            names_only: false,
            wants_pictures: false,
            hangs_on_texts: false,
        }
    }

    /// Looks at the part itself.
    pub(crate) fn look_at_part(&mut self, name: &str, declared: &str, octets: &[u8]) {
        let kind = kind_of(name, declared, octets);
        self.part_octets = octets.len() as u64;
        let Some(at) = self.add(None, name, kind, self.part_octets) else { return };
        self.dispatch(at, kind, octets);
    }

    /// What was found.
    pub(crate) fn into_report(self) -> Report {
        self.report
    }

    /// Words that may be passwords.
    pub(crate) const fn words(&self) -> &'a [String] {
        self.words
    }

    /// The name of a file.
    pub(crate) fn name(&self, at: At) -> String {
        self.report.files.get(at.file as usize).map(|file| file.name.clone()).unwrap_or_default()
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Looks at a file within the one at `above`.
    pub(crate) fn look_inside(&mut self, above: At, name: &str, declared: &str, octets: &[u8]) {
        let kind = kind_of(name, declared, octets);
        let Some(at) = self.add(Some(above), name, kind, octets.len() as u64) else { return };
        if self.is_over() {
            self.unlooked(at, Reason::TimedOut);
        } else if at.depth > DEPTH_MAX {
            self.unlooked(at, Reason::TooDeep);
        } else {
            self.dispatch(at, kind, octets);
        }
    }

    /// Names a file within the one at `above` of which nothing but the name can be seen.
    pub(crate) fn name_inside(&mut self, above: At, name: &str, size_octets: u64, why: Reason) -> Option<At> {
        let at = self.add(Some(above), name, kind_by_name(name), size_octets)?;
        if why == Reason::Locked
            && let Some(file) = self.report.files.get_mut(at.file as usize)
        {
            file.is_locked = true;
        }
        self.unlooked(at, why);
        Some(at)
    }

    fn add(&mut self, above: Option<At>, name: &str, kind: Kind, size_octets: u64) -> Option<At> {
        if self.report.files.len() >= FILES_MAX {
            self.unlooked(above.unwrap_or(At { file: 0, depth: 0 }), Reason::TooMany);
            return None;
        }
        let file = self.report.files.len() as u32;
        let depth = above.map_or(0, |above| above.depth + 1);
        self.report.files.push(File {
            name: cut(name, NAME_CHARS_MAX),
            kind,
            size_octets,
            inside: above.map(|above| above.file),
            depth,
            is_locked: false,
            has_deceptive_name: is_deceptive(name),
        });
        let at = At { file, depth };
        if above.is_some() && escapes(name) {
            self.sign(at, Trait::EscapingName, name);
        }
        let named = kind_by_name(name);
        let hides = kind.runs() || kind.is_container() || matches!(kind, Kind::Html | Kind::Svg);
        let claims = matches!(
            named,
            Kind::Pdf | Kind::Picture | Kind::Text | Kind::OldOffice | Kind::Office | Kind::Rtf | Kind::Calendar
        );
        // Office files of the new kind are ZIP; text files may be called anything.
        let is_right = named == Kind::Office && kind == Kind::Zip || named == Kind::Picture && kind == Kind::Svg;
        if hides && claims && named != kind && !is_right {
            self.sign(at, Trait::OtherThanNamed, name);
        }
        Some(at)
    }

    fn dispatch(&mut self, at: At, kind: Kind, octets: &[u8]) {
        if self.names_only && !kind.is_container() && kind != Kind::Message {
            return;
        }
        if self.hangs_on_texts && kind == Kind::Text {
            crate::worker::hang();
        }
        match guarded(|| formats::read(kind, octets, at, self)) {
            Some(Ok(())) => {}
            Some(Err(why)) => self.unlooked(at, why),
            None => self.unlooked(at, Reason::Crashed),
        }
    }

    /// Says what a file turned out to be.
    pub(crate) fn is_rather(&mut self, at: At, kind: Kind) {
        if let Some(file) = self.report.files.get_mut(at.file as usize) {
            file.kind = kind;
        }
    }

    /// Says that a file needs a password that is not known.
    pub(crate) fn lock(&mut self, at: At) {
        if let Some(file) = self.report.files.get_mut(at.file as usize) {
            file.is_locked = true;
        }
        self.unlooked(at, Reason::Locked);
    }

    /// Keeps what is remarkable, once a file.
    pub(crate) fn sign(&mut self, at: At, what: Trait, evidence: &str) {
        let signs = &mut self.report.signs;
        if signs.len() < SIGNS_MAX && !signs.iter().any(|sign| sign.file == at.file && sign.what == what) {
            signs.push(Sign { file: at.file, what, evidence: cut(evidence.trim(), EVIDENCE_CHARS_MAX) });
        }
    }

    /// Keeps where a file leads.
    pub(crate) fn link(&mut self, at: At, url: &str, label: &str, place: Place) {
        let url = url.trim();
        let links = &mut self.report.links;
        let leads = url.contains(':') || url.starts_with("//") || url.starts_with("www.") || url.starts_with("\\\\");
        if leads && links.len() < LINKS_MAX && !links.iter().any(|link| link.url == url && link.place == place) {
            let (url, label) = (cut(url, URL_CHARS_MAX), cut(label.trim(), LABEL_CHARS_MAX));
            links.push(Link { file: at.file, url, label, place });
        }
    }

    /// Keeps text of a file, as much as there is room for.
    pub(crate) fn text(&mut self, at: At, text: &str, is_page: bool) {
        let kept = cut_octets(text, self.text_left);
        if !kept.trim().is_empty() {
            self.text_left -= kept.len();
            self.report.texts.push(Text { file: at.file, text: kept.to_owned(), is_page, is_recognised: false });
        }
    }

    /// Keeps a picture in which there may be text, if anybody wants it and there is room.
    pub(crate) fn picture(&mut self, at: At, jpeg: &[u8]) {
        let kept = self.report.pictures.iter().map(|picture| picture.octets.len()).sum::<usize>() / 4 * 3;
        if self.report.pictures.len() < PICTURES_MAX && kept + jpeg.len() <= PICTURES_OCTETS_MAX {
            self.report.pictures.push(Picture { file: at.file, octets: STANDARD.encode(jpeg) });
        }
    }

    /// Keeps what a picture looks like.
    pub(crate) fn likeness(&mut self, at: At, bits: u64) {
        let known = &mut self.report.likenesses;
        if known.len() < LIKENESSES_MAX && !known.iter().any(|likeness| likeness.bits == bits) {
            known.push(Likeness { file: at.file, bits });
        }
    }

    /// Drops the pictures of a file whose text was found without them.
    pub(crate) fn drop_pictures(&mut self, at: At) {
        self.report.pictures.retain(|picture| picture.file != at.file);
    }

    /// Octets of text that there is room for.
    pub(crate) const fn text_left(&self) -> usize {
        self.text_left
    }

    /// Says that a file could not be looked into, once for each reason.
    pub(crate) fn unlooked(&mut self, at: At, why: Reason) {
        let unlooked = Unlooked { file: at.file, why };
        if why == Reason::Bomb {
            self.sign(at, Trait::Bomb, "");
        }
        if self.report.unlooked.len() < FILES_MAX && !self.report.unlooked.contains(&unlooked) {
            self.report.unlooked.push(unlooked);
        }
    }

    /// What unpacks to too much is a bomb if little octets made much: of one file, or of the whole part by many in a row.
    const fn why_too_much(&self, by_ratio: bool) -> Reason {
        let of_all = self.part_octets.saturating_mul(RATIO_MAX) < UNPACKED_OCTETS_MAX - self.unpacked_left;
        if by_ratio || of_all { Reason::Bomb } else { Reason::TooLarge }
    }

    /// Reads what unpacks from `packed_octets`, within the limits of one file, of all, and of the ratio.
    pub(crate) fn unpack(&mut self, from: &mut dyn Read, packed_octets: u64) -> Result<Vec<u8>, Reason> {
        let by_ratio = packed_octets.saturating_mul(RATIO_MAX).max(RATIO_FREE_OCTETS);
        let most = FILE_OCTETS_MAX.min(by_ratio).min(self.unpacked_left);
        let mut octets = Vec::new();
        let mut block = vec![0; 64 * 1024];
        loop {
            if self.is_over() {
                return Err(Reason::TimedOut);
            }
            let got = match from.read(&mut block) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                // What came before the damage is worth a look; a reader of files shows it, too.
                Err(_) if !octets.is_empty() => break,
                Err(_) => return Err(Reason::Damaged),
            };
            if octets.len() as u64 + got as u64 > most {
                self.unpacked_left = self.unpacked_left.saturating_sub(octets.len() as u64);
                return Err(self.why_too_much(most == by_ratio));
            }
            octets.extend_from_slice(block.get(..got).unwrap_or_default());
        }
        self.unpacked_left -= octets.len() as u64;
        Ok(octets)
    }
}
