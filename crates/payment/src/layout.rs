//! The shape of a text: lines, and cells within them.

use std::ops::Range;

use crate::fold::Letter;

/// Spaces in a row that divide two cells of a table that is set in plain text.
const COLUMN_SPACES_MIN: usize = 3;

/// What stands before a line and is none of it.
const MARKS: [char; 9] = ['>', '•', '*', '·', '-', '▪', '○', '►', '✓'];

/// One line: its cells, each without the spaces around it. An empty line has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) cells: Vec<Range<usize>>,
}

/// The lines of a text.
pub(crate) fn lines(letters: &[Letter]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut begin = 0;
    let mut spaces = 0;
    for (at, letter) in letters.iter().enumerate() {
        let next = letters.get(at + 1).map(|letter| letter.plain);
        let is_end = (letter.plain != '\r' || next != Some('\n'))
            && matches!(letter.plain, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}');
        if is_end || matches!(letter.plain, '\t' | '|' | '│' | '¦' | '┃') {
            line.push(letters, begin..at);
            begin = at + 1;
            if is_end {
                lines.push(std::mem::take(&mut line));
            }
        }
        spaces = if letter.plain == ' ' { spaces + 1 } else { 0 };
        if spaces == COLUMN_SPACES_MIN {
            line.push(letters, begin..at + 1);
            begin = at + 1;
        }
    }
    line.push(letters, begin..letters.len());
    lines.push(line);
    lines
}

impl Line {
    fn push(&mut self, letters: &[Letter], range: Range<usize>) {
        let mut cell = trimmed(letters, range);
        // Marks of quoting and of lists stand before what is written.
        while self.cells.is_empty()
            && letters.get(cell.start).is_some_and(|letter| MARKS.contains(&letter.plain))
            && !cell.is_empty()
        {
            cell = trimmed(letters, cell.start + 1..cell.end);
        }
        if !cell.is_empty() {
            self.cells.push(cell);
        }
    }
}

/// A range without the white space at its ends.
pub(crate) fn trimmed(letters: &[Letter], range: Range<usize>) -> Range<usize> {
    let is_space = |at: usize| letters.get(at).is_none_or(|letter| letter.plain.is_whitespace());
    let Range { mut start, mut end } = range;
    while start < end && is_space(start) {
        start += 1;
    }
    while end > start && is_space(end - 1) {
        end -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    #[test]
    fn cells_by_tabs_bars_and_wide_gaps() {
        let letters = fold("> Bank\t ACME  Bank \r\n\r\n| A | B |\nIBAN:      DE89 3704", 1000);
        let cells: Vec<Vec<String>> = lines(&letters)
            .iter()
            .map(|line| {
                line.cells
                    .iter()
                    .map(|cell| letters[cell.clone()].iter().map(|letter| letter.cased).collect())
                    .collect()
            })
            .collect();
        assert_eq!(cells, [vec!["Bank", "ACME  Bank"], vec![], vec!["A", "B"], vec!["IBAN:", "DE89 3704"]]);
    }
}
