//! One test of a rule: made of what is written, and looked at in a message.

use std::borrow::Cow;

use super::code::{self, Code};
use super::condition::{Amount, Condition, Hit, Likeness, PLAIN, bare, only_name};
use super::seen::Seen;
use super::syntax::{Fault, Test, Tree};
use super::vocabulary::{Asked, FILE, LINK, MESSAGE, Message, shown_file, shown_link};
use super::words::Words;
use crate::facts::{Attachment, Link, Place};
use crate::lexicon::Concept;

/// A test of a message.
#[derive(Debug)]
pub(super) enum Check {
    /// What the message says of itself.
    Asked(Asked<Message>),
    /// Speaks of each of these, of one of the alternatives at least.
    Says(Vec<Vec<Spoken>>, Where),
    /// Has so many different words of one of these.
    Many(Spoken, u32),
    /// Links for which all holds, and how many there must be; pictures too if the condition asks for the place.
    Links { which: Condition<Asked<Link>>, amount: Amount, with_pictures: bool },
    /// Files for which all holds.
    Files { which: Condition<Asked<Attachment>>, amount: Amount },
    /// How many fields of a name the header has.
    Fields(String, Amount),
    /// What a field of the header says.
    Header(String, Likeness),
    /// The header lacks a field.
    Lacks(String),
    /// Another rule, by its name until the book is whole, then by its number.
    Found(String, Option<usize>),
    /// A sentence of code.
    Code(Code),
}

/// Something that a text speaks of: of the lexicon, or of the lists of rule files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spoken {
    Concept(Concept),
    List(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Anywhere,
    Subject,
}

impl Check {
    /// Makes a test of what is written.
    pub(super) fn of(test: &Test, words: &Words) -> Result<Self, Fault> {
        Ok(match test.name.as_str() {
            "says" => Self::Says(all_spoken(test, words)?, Where::Anywhere),
            "subject-says" => Self::Says(all_spoken(test, words)?, Where::Subject),
            "many" => many(test, words)?,
            "link" | "links" => links(test)?,
            "file" | "files" => {
                let which = inner(test, |tree| Condition::of(tree, &mut |test| FILE.read(test)))?;
                Self::Files { which, amount: Amount::of(test)? }
            }
            "has" => Self::Fields(only_name(test)?.to_lowercase(), Amount::of(test)?),
            "lacks" => Self::Lacks(only_name(test)?.to_lowercase()),
            "field" => Self::Header(only_name(test)?.to_lowercase(), Likeness::of(test)?),
            "found" => Self::Found(only_name(test)?.to_owned(), None),
            name => {
                if let Some(asked) = MESSAGE.find(test) {
                    Self::Asked(asked?)
                } else if let Some(found) = code::find(name) {
                    bare(test)?;
                    Self::Code(found)
                } else {
                    return unknown(test);
                }
            }
        })
    }

    /// Looks at a message; `found` says what other rules found.
    pub(super) fn look<'a>(&self, seen: &'a Seen<'_>, found: &dyn Fn(usize) -> Option<&'a str>) -> Hit<'a> {
        let plain = |holds: bool| if holds { PLAIN } else { None };
        match self {
            Self::Asked(asked) => asked.look(&Message, seen),
            Self::Says(wanted, place) => says(seen, wanted, *place),
            Self::Many(spoken, least) => {
                (spoken.count(seen, Where::Anywhere) >= *least).then(|| spoken.word(seen).into())
            }
            Self::Links { which, amount, with_pictures } => links_hit(seen, which, *amount, *with_pictures),
            Self::Files { which, amount } => {
                let is = |file: &&'a Attachment| which.holds(&mut |asked| asked.look(file, seen)).is_some();
                counted(seen.facts.attachments.iter().filter(is).map(|file| Cow::Borrowed(shown_file(file))), *amount)
            }
            Self::Fields(name, amount) => plain(amount.fits(seen.facts.form.count(name))),
            Self::Header(name, likeness) => likeness.find(Cow::Borrowed(seen.facts.form.value(name))),
            Self::Lacks(name) => plain(seen.facts.has_header && seen.facts.form.count(name) == 0),
            Self::Found(_, number) => number.and_then(found).map(Cow::Borrowed),
            Self::Code(holds) => holds(seen),
        }
    }
}

/// Everything that may be tested, for errors and for documentation.
pub(super) fn names() -> Vec<&'static str> {
    let mut names = MESSAGE.names();
    names.extend(["says", "subject-says", "many", "link", "links", "file", "files", "has", "lacks", "field", "found"]);
    names.extend(code::names());
    names.sort_unstable();
    names
}

fn unknown<T>(test: &Test) -> Result<T, Fault> {
    Fault::new(test.at, format!("`{}` is no test; there are: {}", test.name, names().join(", ")))
}

/// What stands in the brackets; without brackets, everything.
fn inner<T>(test: &Test, make: impl FnOnce(&Tree) -> Result<Condition<T>, Fault>) -> Result<Condition<T>, Fault> {
    match test.arguments.as_slice() {
        [] => Ok(Condition::All(Vec::new())),
        [tree] => make(tree),
        _ => Fault::new(test.at, format!("`{0}` has one condition in its brackets: `{0}(this and that)`", test.name)),
    }
}

fn links(test: &Test) -> Result<Check, Fault> {
    let mut with_pictures = false;
    let which = inner(test, |tree| {
        Condition::of(tree, &mut |test| {
            with_pictures |= test.name == "place";
            LINK.read(test)
        })
    })?;
    Ok(Check::Links { which, amount: Amount::of(test)?, with_pictures })
}

fn links_hit<'a>(seen: &'a Seen<'_>, which: &Condition<Asked<Link>>, amount: Amount, with_pictures: bool) -> Hit<'a> {
    let links = seen.facts.links.iter().filter(|link| with_pictures || link.place != Place::Picture);
    let fitting = links.filter(|link| which.holds(&mut |asked| asked.look(*link, seen)).is_some());
    counted(fitting.map(|link| Cow::Owned(shown_link(link))), amount)
}

/// Whether there are as many as wanted; the first is shown.
fn counted<'a>(mut things: impl Iterator<Item = Cow<'a, str>>, amount: Amount) -> Hit<'a> {
    let first = things.next();
    let number = first.as_ref().map_or(0, |_| super::vocabulary::count(things.count()).saturating_add(1));
    amount.fits(number).then(|| first.unwrap_or_default())
}

fn says<'a>(seen: &'a Seen<'_>, wanted: &[Vec<Spoken>], place: Where) -> Hit<'a> {
    let mut shown = String::new();
    for alternatives in wanted {
        let spoken = alternatives.iter().find(|spoken| spoken.count(seen, place) > 0)?;
        if !shown.is_empty() {
            shown.push_str(", ");
        }
        shown.push_str(spoken.word(seen));
    }
    Some(shown.into())
}

impl Spoken {
    fn count(self, seen: &Seen<'_>, place: Where) -> u32 {
        u32::from(match (self, place) {
            (Self::Concept(concept), Where::Anywhere) => seen.spoken.count(concept),
            (Self::Concept(concept), Where::Subject) => seen.spoken_in_subject.count(concept),
            (Self::List(list), Where::Anywhere) => seen.found.count(list),
            (Self::List(list), Where::Subject) => seen.found_in_subject.count(list),
        })
    }

    fn word<'a>(self, seen: &'a Seen<'_>) -> &'a str {
        match self {
            Self::Concept(concept) => seen.spoken.word(concept),
            Self::List(list) => seen.words.phrase(&seen.found, list),
        }
    }

    fn named(name: &str, at: usize, words: &Words) -> Result<Self, Fault> {
        let concept = Concept::ALL.iter().find(|(_, known)| *known == name).map(|(concept, _)| Self::Concept(*concept));
        concept.or_else(|| words.list(name).map(Self::List)).map_or_else(
            || {
                let mut known: Vec<&str> = Concept::ALL.iter().map(|(_, name)| *name).collect();
                known.extend(words.names().iter().map(String::as_str));
                known.sort_unstable();
                Fault::new(at, format!("there is no list of words `{name}`; there are: {}", known.join(", ")))
            },
            Ok,
        )
    }
}

/// Names in brackets: all by commas, alternatives by `|`.
fn all_spoken(test: &Test, words: &Words) -> Result<Vec<Vec<Spoken>>, Fault> {
    if test.arguments.is_empty() || test.comparison.is_some() {
        return Fault::new(
            test.at,
            format!("`{0}` needs lists of words in brackets: `{0}(account, verify|click)`", test.name),
        );
    }
    let one = |tree: &Tree| match tree {
        Tree::Test(inner) if inner.arguments.is_empty() && inner.comparison.is_none() => {
            Spoken::named(&inner.name, inner.at, words)
        }
        _ => Fault::new(test.at, format!("in the brackets of `{}` stand names alone", test.name)),
    };
    let alternatives = |tree: &Tree| match tree {
        Tree::Any(trees) => trees.iter().map(one).collect(),
        tree => Ok(vec![one(tree)?]),
    };
    test.arguments.iter().map(alternatives).collect()
}

fn many(test: &Test, words: &Words) -> Result<Check, Fault> {
    let [Tree::Test(list), Tree::Test(number)] = test.arguments.as_slice() else {
        return Fault::new(test.at, "`many` needs a list of words and a number: `many(medicine, 3)`");
    };
    let Ok(least) = number.name.parse() else {
        return Fault::new(number.at, format!("`{}` is no number", number.name));
    };
    Ok(Check::Many(Spoken::named(&list.name, list.at, words)?, least))
}
