//! A message as rules see it, with what each of them would have to find out again.

use super::words::{Found, Words};
use crate::facts::{Facts, FileKind, Link, Place};
use crate::lexicon::{Concept, Concepts, concepts};

/// What rules look at.
pub(crate) struct Seen<'a> {
    pub(crate) facts: &'a Facts,
    /// What subject and text speak of.
    pub(crate) spoken: Concepts,
    /// What the subject alone speaks of.
    pub(crate) spoken_in_subject: Concepts,
    pub(super) words: &'a Words,
    pub(super) found: Found,
    pub(super) found_in_subject: Found,
    /// There is something to follow: a link, a form, or a file that opens a page.
    pub(crate) has_way: bool,
}

/// Octets of text in its one form that make one thought.
const SHORT_OCTETS: usize = 1500;

/// What thieves want of a reader, or say to make him do it.
const WISHES: [Concept; 14] = [
    Concept::Credential,
    Concept::Verify,
    Concept::Threat,
    Concept::Urgent,
    Concept::Security,
    Concept::Quota,
    Concept::Crypto,
    Concept::Prize,
    Concept::Parcel,
    Concept::Refund,
    Concept::Billing,
    Concept::Document,
    Concept::Account,
    Concept::Boss,
];

impl<'a> Seen<'a> {
    pub(super) fn new(facts: &'a Facts, words: &'a Words) -> Self {
        Self {
            spoken: concepts([&facts.normal_subject, &facts.normal_text]),
            spoken_in_subject: concepts([&facts.normal_subject, ""]),
            found: words.search(&[&facts.normal_subject, &facts.normal_text]),
            found_in_subject: words.search(&[&facts.normal_subject]),
            words,
            has_way: facts.links.iter().any(|link| link.place != Place::Picture)
                || facts.attachments.iter().any(|file| file.kind == FileKind::Html)
                || facts.inside.as_ref().is_some_and(|inside| !inside.links.is_empty()),
            facts,
        }
    }

    /// The text is short enough to be one thought.
    pub(crate) const fn is_short(&self) -> bool {
        self.facts.normal_text.len() < SHORT_OCTETS
    }

    /// How many of the things that thieves want the text speaks of.
    pub(crate) fn wishes(&self) -> usize {
        WISHES.into_iter().filter(|wish| self.spoken.has(*wish)).count()
    }

    /// Links that a reader may follow.
    pub(crate) fn followed(&self) -> impl Iterator<Item = &'a Link> {
        self.facts.links.iter().filter(|link| link.place != Place::Picture)
    }
}
