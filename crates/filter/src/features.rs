//! Facts as numbers for the learned model: hashed words and letters, words of intent, traits of the build.
//!
//! Nothing here names a year, a mailing list or a whole address, and no trait says which language a text is in. Parts of hosts and of
//! senders' names count as words do: only if different sources use them.

mod addresses;
mod traits;

use xxhash_rust::xxh3::xxh3_64;

use crate::facts::Facts;
use crate::lexicon::{Concepts, concepts};
use crate::normal::is_ideograph;

/// Slots for hashed words and letters.
pub(crate) const HASHED_SLOTS: usize = 1 << 20;

/// Slots for words of intent and traits, apart from those of words.
pub(crate) const NAMED_SLOTS: usize = 1 << 14;

/// All slots.
pub(crate) const SLOTS: usize = HASHED_SLOTS + NAMED_SLOTS;

/// Octets of text, in its one form, whose words and letters count.
const TEXT_OCTETS_MAX: usize = 6000;

/// Letters of text whose n-grams count.
const GRAM_OCTETS_MAX: usize = 3000;

/// Groups of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Group {
    /// Words and pairs of words.
    Words,
    /// Runs of letters.
    Grams,
    /// Words of intent and their pairs.
    Intents,
    /// Traits of text and build.
    Traits,
    /// Traits of the header.
    Header,
    /// Words of where links lead.
    Links,
    /// Words and form of who says to write.
    Sender,
}

impl Group {
    /// Whether the slots of a group, by its number, are those of words and letters.
    pub(crate) const fn is_hashed(group: usize) -> bool {
        !matches!(group, 2..=4)
    }
}

/// How many groups there are.
pub(crate) const GROUPS: usize = 7;

/// The features of one message: slots by group, none twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Features {
    pub(crate) slots: [Vec<u32>; GROUPS],
}

impl Features {
    /// The weight of each slot of a group in the sum; a long text weighs no more than a short one.
    pub(crate) fn scale(&self, group: usize) -> f32 {
        let count = self.slots.get(group).map_or(0, Vec::len) as f32;
        match group {
            0 => 1.6 / count.max(12.0).sqrt(),
            1 => 1.6 / count.max(60.0).sqrt(),
            2 => 1.0 / count.max(6.0).sqrt(),
            5 => 0.8 / count.max(6.0).sqrt(),
            6 => 0.8 / count.max(12.0).sqrt(),
            _ => 0.3,
        }
    }
}

/// What a feature is called, for explanations.
pub(crate) trait Recorder {
    /// Takes note of a slot.
    fn note(&mut self, group: Group, slot: u32, name: &dyn Fn() -> String);
}

/// Keeps slots, each once.
struct Slots {
    seen: Vec<u64>,
    features: Features,
}

impl Recorder for Slots {
    fn note(&mut self, group: Group, slot: u32, _name: &dyn Fn() -> String) {
        let (word, bit) = (slot as usize / 64, slot % 64);
        if let Some(word) = self.seen.get_mut(word)
            && *word >> bit & 1 == 0
        {
            *word |= 1 << bit;
            if let Some(slots) = self.features.slots.get_mut(group as usize) {
                slots.push(slot);
            }
        }
    }
}

/// The features of a message.
pub(crate) fn features(facts: &Facts) -> Features {
    let mut slots = Slots { seen: vec![0; SLOTS.div_ceil(64)], features: Features::default() };
    record(facts, &mut slots);
    slots.features
}

/// Tells `recorder` each feature of a message.
pub(crate) fn record(facts: &Facts, recorder: &mut dyn Recorder) {
    let spoken = concepts([&facts.normal_subject, &facts.normal_text]);
    words(&facts.normal_subject, "s", recorder);
    words(head(&facts.normal_text, TEXT_OCTETS_MAX), "", recorder);
    grams(&facts.normal_subject, recorder);
    grams(head(&facts.normal_text, GRAM_OCTETS_MAX), recorder);
    intents(&spoken, recorder);
    traits::record(facts, recorder);
    addresses::record(facts, recorder);
}

/// Slot of a word or run of letters.
fn hashed(kind: u8, first: &str, second: &str) -> u32 {
    let mut octets = [0_u8; 128];
    let mut length = 0;
    for part in [&[kind], first.as_bytes(), b" ", second.as_bytes()] {
        for octet in part {
            if let Some(slot) = octets.get_mut(length) {
                *slot = *octet;
                length += 1;
            }
        }
    }
    let hash = xxh3_64(octets.get(..length).unwrap_or_default());
    (hash % HASHED_SLOTS as u64) as u32
}

/// Slot of a trait or word of intent.
fn named(name: &str) -> u32 {
    (HASHED_SLOTS as u64 + xxh3_64(name.as_bytes()) % NAMED_SLOTS as u64) as u32
}

fn words(text: &str, place: &str, recorder: &mut dyn Recorder) {
    let kind = if place.is_empty() { b'w' } else { b'S' };
    let mut before = "";
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if word.starts_with(is_ideograph) {
            pairs_of_ideographs(word, kind, recorder);
            before = "";
            continue;
        }
        let name = || format!("{place}:{word}");
        recorder.note(Group::Words, hashed(kind, word, ""), &name);
        // A word of the subject counts as one of the text, too.
        if kind == b'S' {
            recorder.note(Group::Words, hashed(b'w', word, ""), &|| word.to_owned());
        }
        if !before.is_empty() {
            recorder.note(Group::Words, hashed(b'p', before, word), &|| format!("{before} {word}"));
        }
        before = word;
    }
}

/// Scripts without spaces: each pair of characters, and each three.
fn pairs_of_ideographs(run: &str, kind: u8, recorder: &mut dyn Recorder) {
    let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    for count in [2, 3] {
        for window in starts.windows(count + 1) {
            let (Some(from), Some(to)) = (window.first(), window.last()) else { continue };
            let piece = run.get(*from..*to).unwrap_or_default();
            let kind = if count == 2 { kind } else { b'i' };
            recorder.note(Group::Words, hashed(kind, piece, ""), &|| piece.to_owned());
        }
    }
}

/// Runs of four letters and of six, over the borders of words.
fn grams(text: &str, recorder: &mut dyn Recorder) {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    for (count, kind) in [(4, b'4'), (6, b'6')] {
        for window in starts.windows(count + 1) {
            let (Some(from), Some(to)) = (window.first(), window.last()) else { continue };
            let piece = text.get(*from..*to).unwrap_or_default();
            recorder.note(Group::Grams, hashed(kind, piece, ""), &|| format!("\u{2026}{piece}\u{2026}"));
        }
    }
}

fn intents(spoken: &Concepts, recorder: &mut dyn Recorder) {
    let all: Vec<(usize, &'static str, u8)> = spoken.all().collect();
    for (at, (_, name, count)) in all.iter().enumerate() {
        let mut note = |text: String| recorder.note(Group::Intents, named(&text), &|| text.clone());
        note(format!("intent {name}"));
        if *count > 1 {
            note(format!("intent {name} {}", if *count > 3 { "often" } else { "again" }));
        }
        for (_, other, _) in all.iter().skip(at + 1) {
            note(format!("intents {name} and {other}"));
        }
    }
}

fn head(text: &str, octets_max: usize) -> &str {
    let mut end = text.len().min(octets_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
