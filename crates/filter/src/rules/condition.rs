//! A condition made ready to be tested: names resolved, patterns compiled.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use super::syntax::{Fault, Relation, Test, Tree, Value};

/// Octets that one compiled pattern may take.
const PATTERN_OCTETS_MAX: usize = 256 * 1024;

/// What a test found: nothing, or that it holds, with the words, host or name by which it does.
pub(super) type Hit<'a> = Option<Cow<'a, str>>;

/// That something holds, without anything to show for it.
pub(super) const PLAIN: Hit<'static> = Some(Cow::Borrowed(""));

/// A condition over tests of one kind.
#[derive(Debug)]
pub(super) enum Condition<T> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is(T),
}

impl<T> Condition<T> {
    /// Makes a condition of a tree, each test by `make`.
    pub(super) fn of(tree: &Tree, make: &mut dyn FnMut(&Test) -> Result<T, Fault>) -> Result<Self, Fault> {
        let mut all = |trees: &[Tree]| trees.iter().map(|tree| Self::of(tree, make)).collect::<Result<Vec<_>, _>>();
        Ok(match tree {
            Tree::All(trees) => Self::All(all(trees)?),
            Tree::Any(trees) => Self::Any(all(trees)?),
            Tree::Not(inner) => Self::Not(Box::new(Self::of(inner, make)?)),
            Tree::Test(test) => Self::Is(make(test)?),
        })
    }

    /// Whether it holds, each test looked at by `look`; what all of the parts have to show is shown.
    pub(super) fn holds<'a>(&self, look: &mut dyn FnMut(&T) -> Hit<'a>) -> Hit<'a> {
        match self {
            Self::Is(test) => look(test),
            Self::Not(inner) => inner.holds(look).map_or(PLAIN, |_| None),
            Self::Any(parts) => parts.iter().find_map(|part| part.holds(look)),
            Self::All(parts) => {
                let mut shown: Cow<'a, str> = Cow::Borrowed("");
                for part in parts {
                    let more = part.holds(look)?;
                    if shown.is_empty() {
                        shown = more;
                    } else if !more.is_empty() && !shown.contains(&*more) {
                        shown = Cow::Owned(format!("{shown}, {more}"));
                    }
                }
                Some(shown)
            }
        }
    }

    /// Hands each test to `see`.
    pub(super) fn each_mut(&mut self, see: &mut dyn FnMut(&mut T)) {
        match self {
            Self::Is(test) => see(test),
            Self::Not(inner) => inner.each_mut(see),
            Self::Any(parts) | Self::All(parts) => parts.iter_mut().for_each(|part| part.each_mut(see)),
        }
    }
}

/// How a text is compared.
#[derive(Debug)]
pub(super) enum Likeness {
    Words(Vec<String>),
    Pattern(Regex),
}

impl Likeness {
    /// The comparison of a test, which must have one.
    pub(super) fn of(test: &Test) -> Result<Self, Fault> {
        match &test.comparison {
            Some((Relation::Is, Value::Words(words))) => Ok(Self::Words(words.clone())),
            Some((Relation::Is, Value::Number(number))) => Ok(Self::Words(vec![number.to_string()])),
            Some((Relation::Has, Value::Pattern(pattern))) => Ok(Self::Pattern(compiled(pattern, test.at)?)),
            _ => Fault::new(
                test.at,
                format!(
                    "`{0}` is a text: compare it as `{0} = word`, `{0} = (one, two)` or `{0} ~ /pattern/`",
                    test.name
                ),
            ),
        }
    }

    /// What of `text` is like it.
    pub(super) fn find<'a>(&self, text: Cow<'a, str>) -> Hit<'a> {
        match (self, text) {
            (Self::Words(words), text) => words.iter().any(|word| *word == *text).then_some(text),
            (Self::Pattern(pattern), Cow::Borrowed(text)) => {
                pattern.find(text).map(|found| Cow::Borrowed(found.as_str().trim()))
            }
            (Self::Pattern(pattern), Cow::Owned(text)) => {
                pattern.find(&text).map(|found| Cow::Owned(found.as_str().trim().to_owned()))
            }
        }
    }
}

fn compiled(pattern: &str, at: usize) -> Result<Regex, Fault> {
    let built =
        RegexBuilder::new(pattern).size_limit(PATTERN_OCTETS_MAX).dfa_size_limit(4 * PATTERN_OCTETS_MAX).build();
    built.or_else(|error| Fault::new(at, format!("the pattern /{pattern}/ cannot be used: {error}")))
}

/// How a number is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    relation: Relation,
    number: u32,
}

impl Amount {
    /// At least one.
    pub(super) const SOME: Self = Self { relation: Relation::Least, number: 1 };

    /// The comparison of a test; without one, that it is not zero.
    pub(super) fn of(test: &Test) -> Result<Self, Fault> {
        match &test.comparison {
            None => Ok(Self::SOME),
            Some((relation, Value::Number(number))) if *relation != Relation::Has => {
                Ok(Self { relation: *relation, number: *number })
            }
            Some(_) => Fault::new(
                test.at,
                format!("`{0}` is a number: compare it as `{0} >= 3`, with =, <, >, <= or >=", test.name),
            ),
        }
    }

    pub(super) const fn fits(self, number: u32) -> bool {
        match self.relation {
            Relation::Is | Relation::Has => number == self.number,
            Relation::Least => number >= self.number,
            Relation::Most => number <= self.number,
            Relation::More => number > self.number,
            Relation::Less => number < self.number,
        }
    }
}

/// That a test has neither arguments nor a comparison.
pub(super) fn bare(test: &Test) -> Result<(), Fault> {
    if test.arguments.is_empty() && test.comparison.is_none() {
        Ok(())
    } else {
        Fault::new(test.at, format!("`{}` stands alone, without brackets and comparison", test.name))
    }
}

/// The one name that stands in the brackets of a test.
pub(super) fn only_name(test: &Test) -> Result<&str, Fault> {
    match test.arguments.as_slice() {
        [Tree::Test(inner)] if inner.arguments.is_empty() && inner.comparison.is_none() => Ok(&inner.name),
        _ => Fault::new(test.at, format!("`{0}` needs one name in brackets: `{0}(name)`", test.name)),
    }
}
