//! Sequence sets (RFC 9051 section 9, `sequence-set`) and the number sets they come to.

use std::ops::{Range, RangeInclusive};

/// A message number or UID in a sequence set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceNumber {
    /// A number, never 0.
    Number(u32),
    /// `*`: the largest in use.
    Last,
}

impl SequenceNumber {
    fn resolve(self, last: u32) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Last => last,
        }
    }
}

/// A sequence set as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceSet {
    /// `$`: the result that the last `SEARCH RETURN (SAVE)` kept (RFC 9051 section 6.4.4.1).
    Saved,
    /// Ranges in the client's order; each may run backwards.
    Ranges(Vec<(SequenceNumber, SequenceNumber)>),
}

impl SequenceSet {
    /// The numbers meant when `last` is the largest in use, 0 in an empty mailbox. `$` resolves to nothing: whoever
    /// keeps the saved result substitutes it.
    pub fn resolve(&self, last: u32) -> NumberSet {
        let Self::Ranges(ranges) = self else { return NumberSet::default() };
        let mut resolved: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(from, to)| (from.resolve(last), to.resolve(last)))
            .map(|(from, to)| (from.min(to), from.max(to)))
            .filter(|(_, high)| *high > 0)
            .collect();
        if !resolved.is_sorted() {
            resolved.sort_unstable();
        }
        let mut set = NumberSet::default();
        for (low, high) in resolved {
            set.push_range(low.max(1), high);
        }
        set
    }

    /// The largest number written out, without `*`; a message number above the count of messages is an error
    /// (RFC 9051 section 6.4.5 says nothing of UIDs: there it is none).
    pub fn largest(&self) -> u32 {
        let Self::Ranges(ranges) = self else { return 0 };
        ranges.iter().flat_map(|(from, to)| [from.resolve(0), to.resolve(0)]).max().unwrap_or(0)
    }
}

/// Ascending, disjoint, non-adjacent ranges of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberSet {
    ranges: Vec<(u32, u32)>,
}

impl NumberSet {
    /// Adds a range that starts no lower than any before it.
    fn push_range(&mut self, low: u32, high: u32) {
        match self.ranges.last_mut() {
            Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
            _ => self.ranges.push((low, high)),
        }
    }

    /// Adds a number that is no lower than any before it.
    pub fn push(&mut self, number: u32) {
        self.push_range(number, number);
    }

    /// A set of numbers that already ascend.
    pub fn from_ascending(numbers: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        for number in numbers {
            set.push(number);
        }
        set
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers it spans.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(low, high)| u64::from(high - low) + 1).sum()
    }

    /// Whether `number` is in it.
    pub fn contains(&self, number: u32) -> bool {
        let at = self.ranges.partition_point(|(_, high)| *high < number);
        self.ranges.get(at).is_some_and(|(low, _)| *low <= number)
    }

    /// Its ranges, ascending.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> + '_ {
        self.ranges.iter().map(|(low, high)| *low..=*high)
    }

    /// Every number, ascending. May be 4 billion of them: prefer [`NumberSet::positions`] against what exists.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges().flatten()
    }

    /// The spans of `sorted` (ascending UIDs) whose members are in the set: by binary search, one step per range.
    pub fn spans<'a>(&'a self, sorted: &'a [u32]) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        self.ranges.iter().filter_map(move |(low, high)| {
            let rest = sorted.get(from..)?;
            let start = from + rest.partition_point(|uid| uid < low);
            let end = start + sorted.get(start..)?.partition_point(|uid| uid <= high);
            from = end;
            (start < end).then_some(start..end)
        })
    }

    /// The positions in `sorted` (ascending UIDs) whose members are in the set.
    pub fn positions<'a>(&'a self, sorted: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        self.spans(sorted).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberSet, SequenceNumber, SequenceSet};

    fn set(ranges: &[(u32, u32)]) -> SequenceSet {
        let number = |n| if n == 0 { SequenceNumber::Last } else { SequenceNumber::Number(n) };
        SequenceSet::Ranges(ranges.iter().map(|(from, to)| (number(*from), number(*to))).collect())
    }

    #[test]
    fn resolves_merges_and_turns_ranges() {
        let resolve = |ranges: &[(u32, u32)], last| set(ranges).resolve(last).ranges;
        assert_eq!(resolve(&[(5, 2), (3, 9), (10, 10), (20, 20)], 30), [(2, 10), (20, 20)]);
        assert_eq!(resolve(&[(1, 0)], 7), [(1, 7)]);
        assert_eq!(resolve(&[(9, 0)], 7), [(7, 9)]);
        assert_eq!(resolve(&[(0, 0)], 0), []);
        assert_eq!(resolve(&[(1, 0)], 0), [(1, 1)]);
        assert_eq!(resolve(&[(u32::MAX, u32::MAX), (1, u32::MAX)], 5), [(1, u32::MAX)]);
        assert_eq!(set(&[(3, 0), (8, 8)]).largest(), 8);
    }

    #[test]
    fn finds_members_among_uids() {
        let uids = [2, 3, 5, 8, 13, 21];
        let numbers = set(&[(3, 8), (21, 0)]).resolve(21);
        assert_eq!(numbers.positions(&uids).collect::<Vec<_>>(), [1, 2, 3, 5]);
        assert!(numbers.contains(8) && numbers.contains(4) && !numbers.contains(9));
        assert_eq!(numbers.len(), 7);
        assert_eq!(NumberSet::from_ascending([1, 2, 3, 9]).ranges, [(1, 3), (9, 9)]);
        assert_eq!(NumberSet::default().positions(&uids).count(), 0);
    }
}
