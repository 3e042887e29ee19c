//! The words of the rule language, and what each looks at.

mod files;
mod links;
mod message;

use std::borrow::Cow;

use super::condition::{Amount, Hit, Likeness, PLAIN, bare};
use super::seen::Seen;
use super::syntax::{Fault, Test};

pub(super) use files::{FILE, shown as shown_file};
pub(super) use links::{LINK, shown as shown_link, shows_other};
pub(super) use message::{MESSAGE, Message};

type Flag<T> = fn(&T, &Seen<'_>) -> bool;
type Text<T> = for<'a> fn(&'a T, &'a Seen<'_>) -> Cow<'a, str>;
type Number<T> = fn(&T, &Seen<'_>) -> u32;

/// What can be asked of one kind of thing: whether something is so, what something says, how much there is of something.
pub(super) struct Vocabulary<T: 'static> {
    /// What it is called in errors.
    pub(super) of: &'static str,
    pub(super) flags: &'static [(&'static str, Flag<T>)],
    pub(super) texts: &'static [(&'static str, Text<T>)],
    pub(super) numbers: &'static [(&'static str, Number<T>)],
}

/// A test of one thing.
pub(super) enum Asked<T: 'static> {
    Flag(Flag<T>),
    Text(Text<T>, Likeness),
    Number(Number<T>, Amount),
}

impl<T> std::fmt::Debug for Asked<T> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(_) => write!(to, "flag"),
            Self::Text(_, likeness) => write!(to, "text {likeness:?}"),
            Self::Number(_, amount) => write!(to, "number {amount:?}"),
        }
    }
}

impl<T> Asked<T> {
    pub(super) fn look<'a>(&self, thing: &'a T, seen: &'a Seen<'_>) -> Hit<'a> {
        let holds = match self {
            Self::Text(text, likeness) => return likeness.find(text(thing, seen)),
            Self::Flag(is) => is(thing, seen),
            Self::Number(number, amount) => amount.fits(number(thing, seen)),
        };
        if holds { PLAIN } else { None }
    }
}

impl<T> Vocabulary<T> {
    /// The test by its name; none if nothing is called so.
    pub(super) fn find(&self, test: &Test) -> Option<Result<Asked<T>, Fault>> {
        let name = test.name.as_str();
        if let Some((_, flag)) = self.flags.iter().find(|(known, _)| *known == name) {
            return Some(bare(test).map(|()| Asked::Flag(*flag)));
        }
        if !test.arguments.is_empty() {
            return None;
        }
        if let Some((_, text)) = self.texts.iter().find(|(known, _)| *known == name) {
            return Some(Likeness::of(test).map(|likeness| Asked::Text(*text, likeness)));
        }
        let (_, number) = self.numbers.iter().find(|(known, _)| *known == name)?;
        Some(Amount::of(test).map(|amount| Asked::Number(*number, amount)))
    }

    /// As [`Self::find`]; that nothing is called so is an error.
    pub(super) fn read(&self, test: &Test) -> Result<Asked<T>, Fault> {
        self.find(test).unwrap_or_else(|| {
            Fault::new(
                test.at,
                format!("`{}` is no test of {}; there are: {}", test.name, self.of, self.names().join(", ")),
            )
        })
    }

    /// All names, in order.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let flags = self.flags.iter().map(|(name, _)| *name);
        let mut names: Vec<_> = flags
            .chain(self.texts.iter().map(|(name, _)| *name))
            .chain(self.numbers.iter().map(|(name, _)| *name))
            .collect();
        names.sort_unstable();
        names
    }
}

/// A count as the language has it.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
