//! How strings are compared (RFC 5228 section 2.7, RFC 5231).

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::error::RunFault;
use crate::limits::STEPS_MAX;

/// Work that a run may still do.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(STEPS_MAX)
    }

    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), RunFault> {
        self.0 = self.0.checked_sub(steps).ok_or(RunFault::Steps)?;
        Ok(())
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) comparator: Comparator,
    pub(crate) kind: MatchKind,
}

/// RFC 4790 section 9, RFC 5051.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    Octet,
    AsciiCasemap,
    UnicodeCasemap,
    AsciiNumeric,
}

impl Comparator {
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("i;octet", Self::Octet),
        ("i;ascii-casemap", Self::AsciiCasemap),
        ("i;unicode-casemap", Self::UnicodeCasemap),
        ("i;ascii-numeric", Self::AsciiNumeric),
    ];

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, found)| *found)
    }

    /// The form in which strings are the same.
    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Octet | Self::AsciiNumeric => Cow::Borrowed(text),
            Self::AsciiCasemap => Cow::Owned(text.to_ascii_lowercase()),
            Self::UnicodeCasemap => mail::message::casemap(text),
        }
    }

    fn order(self, one: &str, other: &str) -> Ordering {
        match self {
            Self::AsciiNumeric => number(one).cmp(&number(other)),
            _ => self.fold(one).cmp(&self.fold(other)),
        }
    }
}

/// The number that a string begins with. What begins with none is more than all numbers (RFC 4790 section 9.1.1).
fn number(text: &str) -> (bool, u128) {
    let digits = text.get(..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())).unwrap_or_default();
    if digits.is_empty() { (true, 0) } else { (false, digits.parse().unwrap_or(u128::MAX)) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MatchKind {
    Is,
    Contains,
    Matches,
    Count(Relation),
    Value(Relation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    Unequal,
}

impl Relation {
    pub(crate) fn read(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            "eq" => Self::Equal,
            "ne" => Self::Unequal,
            _ => return None,
        })
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
        }
    }
}

impl Matcher {
    /// Whether one of `values` matches one of `keys`; with wildcards, what they stood for.
    pub(crate) fn any(
        self,
        values: &[String],
        keys: &[String],
        budget: &mut Budget,
    ) -> Result<Option<Vec<String>>, RunFault> {
        if let MatchKind::Count(relation) = self.kind {
            // RFC 5231 section 4.2.
            let count = values.len().to_string();
            let is_so = keys.iter().any(|key| relation.holds(Comparator::AsciiNumeric.order(&count, key)));
            return Ok(is_so.then(Vec::new));
        }
        for value in values {
            for key in keys {
                if let Some(found) = self.one(value, key, budget)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    fn one(self, value: &str, key: &str, budget: &mut Budget) -> Result<Option<Vec<String>>, RunFault> {
        budget.spend((value.len() + key.len() + 1) as u64)?;
        let is_so = match self.kind {
            MatchKind::Is => self.comparator.order(value, key).is_eq(),
            MatchKind::Contains => self.comparator.fold(value).contains(&*self.comparator.fold(key)),
            MatchKind::Value(relation) => relation.holds(self.comparator.order(value, key)),
            MatchKind::Matches => return self.wildcards(value, key, budget),
            MatchKind::Count(_) => false,
        };
        Ok(is_so.then(Vec::new))
    }

    fn wildcards(self, value: &str, key: &str, budget: &mut Budget) -> Result<Option<Vec<String>>, RunFault> {
        let value: Vec<char> = value.chars().collect();
        // Character by character, so that what a wildcard stands for is told as it was written.
        let folded: Vec<Cow<'_, str>> = value.iter().map(|c| self.fold_one(*c)).collect();
        let wanted = pattern(key, |c| self.fold_one(c).into_owned());
        let Some(stars) = glob(&folded, &wanted, budget)? else { return Ok(None) };
        let mut matches = vec![value.iter().collect::<String>()];
        let stood = stars.into_iter().map(|(from, to)| value.get(from..to).unwrap_or_default().iter().collect());
        matches.extend(stood);
        Ok(Some(matches))
    }

    fn fold_one(self, c: char) -> Cow<'static, str> {
        let mut buffer = [0; 4];
        Cow::Owned(self.comparator.fold(c.encode_utf8(&mut buffer)).into_owned())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Char(String),
    /// `?`
    One,
    /// `*`
    Any,
}

/// RFC 5228 section 2.7.1: a backslash takes a wildcard's meaning away.
fn pattern(key: &str, fold: impl Fn(char) -> String) -> Vec<Wanted> {
    let mut chars = key.chars();
    let mut wanted = Vec::new();
    while let Some(c) = chars.next() {
        wanted.push(match c {
            '*' => Wanted::Any,
            '?' => Wanted::One,
            '\\' => Wanted::Char(fold(chars.next().unwrap_or('\\'))),
            c => Wanted::Char(fold(c)),
        });
    }
    wanted
}

/// Where each wildcard begins and ends, each as short as can be (RFC 5229 section 3.2); none if the pattern does not match.
fn glob(
    value: &[Cow<'_, str>],
    wanted: &[Wanted],
    budget: &mut Budget,
) -> Result<Option<Vec<(usize, usize)>>, RunFault> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut place) = (0, 0);
    // The last star: its place in the pattern and the number of ranges before it.
    let mut star: Option<(usize, usize)> = None;
    loop {
        budget.spend(1)?;
        let step = match (wanted.get(place), value.get(at)) {
            (None, None) => return Ok(Some(ranges)),
            (Some(Wanted::Any), _) => {
                star = Some((place, ranges.len()));
                ranges.push((at, at));
                place += 1;
                continue;
            }
            (Some(Wanted::One), Some(_)) => {
                ranges.push((at, at + 1));
                true
            }
            (Some(Wanted::Char(c)), Some(found)) => c == found,
            _ => false,
        };
        if step {
            (at, place) = (at + 1, place + 1);
            continue;
        }
        // The last star takes one more. That those before it could take more never helps.
        let Some((star_place, before)) = star else { return Ok(None) };
        ranges.truncate(before + 1);
        let Some(range) = ranges.last_mut() else { return Ok(None) };
        if range.1 >= value.len() {
            return Ok(None);
        }
        range.1 += 1;
        (at, place) = (range.1, star_place + 1);
    }
}
