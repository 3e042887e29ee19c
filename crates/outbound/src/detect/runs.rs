//! Runs of digits: groups of them that single spaces, dashes or dots part.

use std::ops::Range;

/// Groups of one run that are looked at together.
const GROUPS_MAX: usize = 64;

/// Digits of the longest group in which a number is looked for.
const DIGITS_MAX: usize = 24;

/// Groups of digits that belong together.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// Where each group stands.
    pub(super) groups: Vec<Range<usize>>,
}

impl Run {
    /// The digits of the groups from `at` on, if these have the lengths of `layout`.
    pub(super) fn digits(&self, text: &[char], at: usize, layout: &[usize]) -> Option<String> {
        let groups = self.groups.get(at..at + layout.len())?;
        let fits = groups.iter().zip(layout).all(|(group, length)| group.len() == *length);
        fits.then(|| groups.iter().flat_map(|group| text.get(group.clone()).unwrap_or_default()).collect())
    }

    /// The character behind the group at `at`.
    pub(super) fn behind(&self, text: &[char], at: usize) -> Option<char> {
        text.get(self.groups.get(at)?.end).copied()
    }
}

const fn parts(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '\u{a0}')
}

/// All runs. A group that touches a letter, or is a part of an address or of an amount, is in none.
pub(super) fn runs(text: &[char]) -> Vec<Run> {
    let (mut all, mut run) = (Vec::new(), Run::default());
    let mut at = 0;
    while at < text.len() {
        if !text.get(at).is_some_and(char::is_ascii_digit) {
            at += 1;
            continue;
        }
        let digits = text.iter().skip(at).take_while(|c| c.is_ascii_digit()).count();
        let group = at..at + digits;
        at += digits;
        let follows = run.groups.last().is_some_and(|last| {
            last.end + 1 == group.start
                && text.get(last.end).is_some_and(|c| parts(*c))
                && run.groups.len() < GROUPS_MAX
        });
        if !follows && !run.groups.is_empty() {
            all.push(std::mem::take(&mut run));
        }
        if stands_alone(text, &group) && group.len() <= DIGITS_MAX {
            run.groups.push(group);
        } else if !run.groups.is_empty() {
            all.push(std::mem::take(&mut run));
        }
    }
    if !run.groups.is_empty() {
        all.push(run);
    }
    all
}

fn stands_alone(text: &[char], group: &Range<usize>) -> bool {
    let before = group.start.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or(' ');
    let after = text.get(group.end).copied().unwrap_or(' ');
    let touches = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '=' | '@' | '%');
    let goes_on = |c: char| c == ',' && text.get(group.end + 1).is_some_and(char::is_ascii_digit);
    // The check character of an identity number may be a letter.
    let is_x = matches!(after, 'x' | 'X') && !text.get(group.end + 1).is_some_and(char::is_ascii_alphanumeric);
    !touches(before) && before != ',' && (is_x || !touches(after)) && !goes_on(after)
}
