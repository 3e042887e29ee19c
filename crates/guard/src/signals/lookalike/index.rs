//! Finds the known domains that a domain may be like, without looking at each.
//!
//! Every known domain is entered under its shape, its shape with any one letter left out, its consonants and its name without added words.
//! A domain that differs by one slip meets it under one of these; then the two are compared.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::{Likeness, Parts, core, likeness, shape};

/// Known domains that one domain is compared with.
const COMPARED_MAX: usize = 48;

/// Of those under one key: more share a key only where it says nothing.
const OF_ONE_KEY_MAX: u32 = 16;

/// Letters of a shape that is entered with one letter left out, too.
const LEFT_OUT_MIN: usize = 5;

/// Consonants by which a name is known.
const CONSONANTS_MIN: usize = 5;

/// Letters of the beginning or the end of a name that may be a known name by itself.
const PIECE_MIN: usize = 8;

/// No further entry.
const NONE: u32 = u32::MAX;

/// Known domains, by what they may be mistaken for.
#[derive(Debug, Clone, Default)]
pub struct DomainIndex {
    /// Registered domains; empty for one that was taken out.
    domains: Vec<Box<str>>,
    /// The latest entry under a key.
    heads: HashMap<u64, u32>,
    /// Domain of an entry, and the entry before it under the same key.
    pub(super) entries: Vec<(u32, u32)>,
    /// Where a domain stands.
    places: HashMap<Box<str>, u32>,
}

impl DomainIndex {
    /// How many domains it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Enters a registered domain; again changes nothing.
    pub fn insert(&mut self, domain: &str) {
        let Ok(place) = u32::try_from(self.domains.len()) else { return };
        if domain.is_empty() || self.places.contains_key(domain) || self.entries.len() > (NONE / 2) as usize {
            return;
        }
        self.domains.push(domain.into());
        self.places.insert(domain.into(), place);
        for key in keys_of_known(domain) {
            let before = self.heads.get(&key).copied().unwrap_or(NONE);
            let entry = u32::try_from(self.entries.len()).unwrap_or(NONE);
            self.entries.push((place, before));
            self.heads.insert(key, entry);
        }
    }

    /// Takes a domain out.
    pub fn remove(&mut self, domain: &str) {
        if let Some(place) = self.places.remove(domain)
            && let Some(slot) = self.domains.get_mut(place as usize)
        {
            *slot = "".into();
        }
    }

    /// Known domains that `host` is like, the likest first; never its own.
    #[must_use]
    pub fn near(&self, host: &str) -> Vec<(&str, Likeness)> {
        let mut seen: HashSet<u32> = HashSet::new();
        let mut found: Vec<(&str, Likeness)> = Vec::new();
        for key in keys_of_asked(host) {
            let mut entry = self.heads.get(&key).copied().unwrap_or(NONE);
            let mut of_key = 0;
            while let Some((place, before)) = self.entries.get(entry as usize).copied() {
                entry = before;
                of_key += 1;
                if of_key > OF_ONE_KEY_MAX || seen.len() >= COMPARED_MAX {
                    break;
                }
                if !seen.insert(place) {
                    continue;
                }
                let known = self.domains.get(place as usize).map_or("", |known| known);
                if !known.is_empty()
                    && let Some(like) = likeness(host, known)
                {
                    found.push((known, like));
                }
            }
        }
        found.sort_by(|one, two| two.1.closeness.total_cmp(&one.1.closeness));
        found
    }
}

fn key(kind: char, text: &str) -> u64 {
    let mut octets = String::with_capacity(text.len() + 1);
    octets.push(kind);
    octets.push_str(text);
    xxh3_64(octets.as_bytes())
}

/// Letters of a name by what they look like, without hyphens, doubled ones once.
fn folded(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = shape::letters(&name.replace('-', "")).chars().collect();
    letters.dedup();
    letters
}

fn text(letters: &[char]) -> String {
    letters.iter().collect()
}

/// Keys that both sides have.
fn keys_of_label(label: &str) -> Vec<u64> {
    let letters = folded(label);
    let mut keys = vec![key('=', &text(&letters)), key('s', &shape::of(&label.replace('-', "")))];
    if letters.len() >= LEFT_OUT_MIN {
        for left_out in 0..letters.len() {
            let rest = letters.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, letter)| *letter);
            keys.push(key('-', &rest.collect::<String>()));
        }
        keys.push(key('-', &text(&letters)));
    }
    let consonants: String = letters.iter().filter(|letter| !matches!(letter, 'a' | 'e' | 'o' | 'u' | 'y')).collect();
    if consonants.chars().count() >= CONSONANTS_MIN {
        keys.push(key('c', &consonants));
    }
    keys.push(key('w', &core(label)));
    keys
}

fn keys_of_known(domain: &str) -> Vec<u64> {
    let parts = Parts::of(domain);
    let mut keys = keys_of_label(&parts.label);
    keys.push(key('=', &text(&folded(&core(&parts.label)))));
    keys.push(key('.', &parts.label));
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn keys_of_asked(host: &str) -> Vec<u64> {
    let parts = Parts::of(host);
    let mut keys = keys_of_label(&parts.label);
    let letters = folded(&parts.label);
    for at in PIECE_MIN..letters.len() {
        let (front, back) = (letters.get(..at).unwrap_or_default(), letters.len() - at);
        keys.push(key('=', &text(front)));
        keys.push(key('=', &text(letters.get(back..).unwrap_or_default())));
    }
    // The known name among the labels before the registered one, or between its hyphens.
    let before = parts.below.split('.').chain(parts.label.split('-')).filter(|label| label.len() >= 3);
    for label in before.take(12) {
        keys.push(key('.', label));
    }
    let pieces: Vec<&str> = parts.label.split('-').collect();
    for at in 1..pieces.len().min(8) {
        keys.push(key('.', &pieces.get(..at).unwrap_or_default().join("-")));
    }
    keys.dedup();
    keys
}
