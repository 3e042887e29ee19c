//! Labels with what they announce: behind them, in the next cell, in the next line, or below them in a table.

use std::ops::Range;

use crate::fold::Letter;
use crate::labels::{self, Hit, Role, is_ideograph};
use crate::layout::{Line, trimmed};

/// Letters within brackets behind a label that are passed over: `Account (USD)`.
const BRACKET_LETTERS_MAX: usize = 40;

/// Letters in a cell before the label that is all of it else.
const BEFORE_LABEL_MAX: usize = 8;

/// Rows of a table below one row of labels.
const ROWS_MAX: usize = 24;

/// Services that pay whoever is named with them.
const SERVICES: [Role; 2] = [Role::WesternUnion, Role::MoneyGram];

/// What stands as a heading over others.
const BEGINS_PART: [Role; 3] = [Role::Intermediary, Role::WesternUnion, Role::MoneyGram];

/// A label and what it announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) roles: Vec<Role>,
    pub(crate) language: &'static str,
    /// The letters of the label, with its brackets and fillers.
    pub(crate) label: Range<usize>,
    /// The letters of the value, within one cell; a number may go on behind it.
    pub(crate) value: Range<usize>,
    /// Number of the value's line.
    pub(crate) line: usize,
    /// Number of the value's cell in its line.
    pub(crate) cell: usize,
}

/// A label in its cell.
#[derive(Debug, Clone)]
struct Labelled {
    hit: Hit,
    /// Where what it announces begins.
    after: usize,
}

/// The labels of one cell.
#[derive(Debug, Clone, Default)]
struct Cell {
    range: Range<usize>,
    labels: Vec<Labelled>,
}

impl Cell {
    /// Nothing but a label.
    fn is_label(&self) -> bool {
        matches!(self.labels.as_slice(), [only] if only.hit.range.start == self.range.start && only.after >= self.range.end)
    }

    fn begins_with_label(&self) -> bool {
        self.labels.first().is_some_and(|first| first.hit.range.start == self.range.start)
    }
}

/// All fields of a text, in the order in which a reader takes them.
pub(crate) fn read(letters: &[Letter], lines: &[Line]) -> Vec<Field> {
    let cells = cells(letters, lines);
    let mut fields = Vec::new();
    let mut number = 0;
    while number < cells.len() {
        number += match transposed(&cells, number) {
            Some((height, width)) => {
                take_transposed(&cells, number, height, width, &mut fields);
                height
            }
            None => match header(&cells, number) {
                Some(rows) => {
                    take_table(&cells, number, rows, &mut fields);
                    1 + rows
                }
                None => {
                    take_line(&cells, number, &mut fields);
                    1
                }
            },
        };
    }
    side_by_side(fields, lines)
}

/// The cells of each line with the labels that are meant as such.
fn cells(letters: &[Letter], lines: &[Line]) -> Vec<Vec<Cell>> {
    let hits = labels::find(letters);
    let mut hits = hits.into_iter().peekable();
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let mut row = Vec::with_capacity(line.cells.len());
        for range in &line.cells {
            let mut found = Vec::new();
            while let Some(hit) = hits.next_if(|hit| hit.range.start < range.end) {
                if hit.range.start >= range.start && hit.range.end <= range.end {
                    found.push(hit);
                }
            }
            let labels = meant(letters, range, merged(letters, found));
            row.push(Cell { range: range.clone(), labels });
        }
        rows.push(row);
    }
    rows
}

/// Labels that stand together as one: in two languages, or "BIC/SWIFT".
fn merged(letters: &[Letter], hits: Vec<Hit>) -> Vec<Hit> {
    let mut out: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        if let Some(last) = out.last_mut() {
            let between = letters.get(last.range.end..hit.range.start).unwrap_or_default();
            let is_bound = between.iter().any(|letter| matches!(letter.plain, '/' | '(' | '&' | '+' | '[' | '\\'));
            let joins = between.len() <= 4
                && between
                    .iter()
                    .all(|letter| matches!(letter.plain, ' ' | '/' | '(' | '&' | '+' | '[' | '\\' | '.' | '-'));
            let is_same = last.roles.iter().any(|role| hit.roles.contains(role));
            // "Western Union receiver name".
            let is_service = last.roles.iter().any(|role| SERVICES.contains(role));
            if joins && (is_bound || is_same || is_service) {
                last.range.end = hit.range.end;
                last.words += hit.words;
                last.roles
                    .extend(hit.roles.iter().filter(|role| !last.roles.contains(role)).copied().collect::<Vec<_>>());
                continue;
            }
        }
        out.push(hit);
    }
    out
}

/// Only those that announce something; a word in running text does not.
fn meant(letters: &[Letter], cell: &Range<usize>, hits: Vec<Hit>) -> Vec<Labelled> {
    let labelled = |mut hit: Hit| {
        let (after, is_separated) = pass_fillers(letters, hit.range.end, cell.end);
        let value = letters.get(after..cell.end).unwrap_or_default();
        let first = value.first().map(|letter| letter.cased);
        let is_numeric = first.is_some_and(|c| c.is_ascii_digit())
            || hit.roles.iter().any(|role| matches!(role, Role::Iban | Role::Bic | Role::Ifsc | Role::Account))
                && has_digits_soon(value);
        let begins_cell = hit.range.start == cell.start;
        let begins_part = begins_cell || follows_division(letters, hit.range.start);
        let is_words = hit.roles.iter().any(|role| role.is_words());
        let is_capital = first.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || is_ideograph(c));
        let is_ideographic = letters.get(hit.range.start).is_some_and(|letter| is_ideograph(letter.plain));
        // "… 123456 예금주 ACME": no sign stands around it, and nothing but a name can follow.
        let is_between_spaces = is_ideographic
            && hit.roles.contains(&Role::Holder)
            && [hit.range.start.wrapping_sub(1), hit.range.end]
                .into_iter()
                .all(|at| letters.get(at).is_some_and(|letter| letter.plain == ' '));
        // A branch stands in the name of its bank, too.
        if hit.roles == [Role::BranchName] && !is_separated && !begins_cell {
            return None;
        }
        let is_meant = is_separated
            || begins_part && value.is_empty()
            || is_between_spaces && is_capital
            || !is_words && is_numeric
            || begins_part && (hit.words >= 2 || is_ideographic && hit.range.len() > 1) && is_capital;
        // "N.º de cuenta": little else stands in the cell.
        let is_nearly_all = !is_words && value.is_empty() && hit.range.start - cell.start <= BEFORE_LABEL_MAX;
        if is_nearly_all {
            hit.range.start = cell.start;
        }
        (is_meant || is_nearly_all).then_some(Labelled { hit, after })
    };
    hits.into_iter().filter_map(labelled).collect()
}

/// A digit among the next letters, before anything but capitals.
fn has_digits_soon(value: &[Letter]) -> bool {
    let word =
        value.iter().take(14).take_while(|letter| letter.cased.is_ascii_uppercase() || letter.cased.is_ascii_digit());
    let (mut digits, mut length) = (0, 0);
    for letter in word {
        digits += usize::from(letter.cased.is_ascii_digit());
        length += 1;
    }
    digits > 0 || matches!(length, 8 | 11)
}

/// Whether a comma, a dash or the like stands before `at`.
fn follows_division(letters: &[Letter], at: usize) -> bool {
    let before = letters.get(..at).unwrap_or_default();
    let divides = |letter: &Letter| {
        matches!(letter.plain, ',' | ';' | '-' | '/' | '*' | '•' | '·' | '.' | ')' | '、' | '。' | '，')
    };
    before.iter().rev().take(4).find(|letter| letter.plain != ' ').is_none_or(divides)
}

/// Where the value begins behind a label: past signs, brackets, and words that say nothing. Tells whether one of them divides.
fn pass_fillers(letters: &[Letter], mut at: usize, end: usize) -> (usize, bool) {
    let plain = |at: usize| letters.get(at).filter(|_| at < end).map(|letter| letter.plain);
    let mut is_separated = false;
    while let Some(c) = plain(at) {
        match c {
            ':' | '=' | '#' | '：' | '→' | '>' => {
                is_separated = true;
                at += 1;
            }
            '-' | '.' | '*' | '_' | ' ' | '°' | '»' | '/' | ')' | ']' | '】' | '\'' | '"' => {
                is_separated |= c == '-' && plain(at + 1) == Some(' ');
                at += 1;
            }
            '(' | '[' | '【' | '<' => match bracket_end(letters, at, end) {
                Some(behind) if !is_separated => at = behind,
                _ => break,
            },
            _ if is_separated => break,
            _ => match filler(letters, at, end) {
                Some((length, separates)) => {
                    is_separated |= separates;
                    at += length;
                }
                None => break,
            },
        }
    }
    (at, is_separated)
}

/// Behind a short bracket without a number in it.
fn bracket_end(letters: &[Letter], at: usize, end: usize) -> Option<usize> {
    let inner = letters.get(at + 1..end.min(at + 1 + BRACKET_LETTERS_MAX))?;
    let close = inner.iter().position(|letter| matches!(letter.plain, ')' | ']' | '】' | '>'))?;
    let digits = inner.iter().take(close).filter(|letter| letter.plain.is_ascii_digit()).count();
    (digits < 5).then_some(at + 2 + close)
}

/// Words between a label and its value, and whether they say that one follows.
const FILLERS: &[(&str, bool)] = &[
    ("number", false),
    ("numero", false),
    ("nummer", false),
    ("num", false),
    ("nbr", false),
    ("no", false),
    ("nr", false),
    ("n", false),
    ("code", false),
    ("codes", false),
    ("id", false),
    ("details", false),
    ("is", true),
    ("are", true),
    ("ist", true),
    ("lautet", true),
    ("est", true),
    ("es", true),
    ("sera", true),
    ("with", false),
    ("in", false),
    ("for", false),
];

/// The same where words stand together.
const IDEOGRAPH_FILLERS: &[(&str, bool)] = &[
    ("如下", true),
    ("是", true),
    ("为", true),
    ("為", true),
    ("は", true),
    ("号码", false),
    ("番号", false),
    ("コード", false),
    ("코드", false),
    ("번호", false),
    ("号", false),
    ("號", false),
    ("은", true),
    ("는", true),
];

fn filler(letters: &[Letter], at: usize, end: usize) -> Option<(usize, bool)> {
    let rest = letters.get(at..end)?;
    let starts = |word: &str| {
        word.chars()
            .zip(rest.iter().map(|letter| letter.plain).chain(std::iter::repeat('\0')))
            .all(|(one, other)| one == other)
    };
    if let Some((word, separates)) = IDEOGRAPH_FILLERS.iter().find(|(word, _)| starts(word)) {
        return Some((word.chars().count(), *separates));
    }
    let length = rest.iter().take_while(|letter| letter.plain.is_ascii_alphabetic()).count();
    let ends = rest.get(length).is_none_or(|letter| !letter.plain.is_alphanumeric());
    let word: String = rest.iter().take(length).map(|letter| letter.plain).collect();
    let capitals: String = rest.iter().take(length).map(|letter| letter.cased).collect();
    if !ends || word.is_empty() {
        return None;
    }
    if crate::currency::code(&capitals).is_some() {
        return Some((length, false));
    }
    // "n.º"
    let is_ordinal =
        word == "o" && at.checked_sub(1).and_then(|at| letters.get(at)).is_some_and(|before| before.plain == '.');
    if is_ordinal {
        return Some((1, false));
    }
    FILLERS.iter().find(|(filler, _)| *filler == word).map(|(_, separates)| (length, *separates))
}

/// The fields of one line that are no row of a table.
fn take_line(cells: &[Vec<Cell>], number: usize, fields: &mut Vec<Field>) {
    let Some(row) = cells.get(number) else { return };
    for (place, cell) in row.iter().enumerate() {
        for (at, label) in cell.labels.iter().enumerate() {
            let until = cell.labels.get(at + 1).map_or(cell.range.end, |next| next.hit.range.start);
            if label.after < until {
                fields.push(field(label, label.after..until, number, place));
            } else if at + 1 == cell.labels.len() {
                match beside(row, place).map(|next| (next, number, place + 1)).or_else(|| below(cells, number, cell)) {
                    Some((value, line, place)) => fields.push(field(label, value, line, place)),
                    // Begins a part of its own, with or without a name behind it.
                    None if label.hit.roles.iter().any(|role| BEGINS_PART.contains(role)) => {
                        fields.push(field(label, label.after..label.after, number, place));
                    }
                    None => {}
                }
            }
        }
    }
}

fn field(label: &Labelled, value: Range<usize>, line: usize, cell: usize) -> Field {
    Field {
        roles: label.hit.roles.clone(),
        language: label.hit.language,
        label: label.hit.range.start..label.after,
        value,
        line,
        cell,
    }
}

/// The cell behind one that ends with a label.
fn beside(row: &[Cell], place: usize) -> Option<Range<usize>> {
    row.get(place + 1).filter(|next| !next.begins_with_label()).map(|next| next.range.clone())
}

/// The first line below a label that stands alone in its line, over one empty line.
fn below(cells: &[Vec<Cell>], number: usize, cell: &Cell) -> Option<(Range<usize>, usize, usize)> {
    let is_last = cells.get(number)?.last().is_some_and(|last| last.range == cell.range);
    let next =
        (number + 1..cells.len().min(number + 3)).find(|next| cells.get(*next).is_some_and(|row| !row.is_empty()))?;
    let row = cells.get(next)?;
    let first = row.first().filter(|first| !first.begins_with_label() && is_last)?;
    let end = first.labels.first().map_or(first.range.end, |label| label.hit.range.start);
    Some((first.range.start..end, next, 0))
}

/// Rows below a row of labels: those that hold values.
fn header(cells: &[Vec<Cell>], number: usize) -> Option<usize> {
    let row = cells.get(number)?;
    let neighbours = row.windows(2).filter(|pair| pair.iter().all(Cell::is_label)).count();
    if neighbours == 0 {
        return None;
    }
    let is_row = |row: &&Vec<Cell>| {
        row.len() >= 2 && row.iter().filter(|cell| cell.begins_with_label()).count() * 2 < row.len().max(2)
    };
    let rows = cells.iter().skip(number + 1).take(ROWS_MAX).take_while(is_row).count();
    (rows > 0).then_some(rows)
}

fn take_table(cells: &[Vec<Cell>], number: usize, rows: usize, fields: &mut Vec<Field>) {
    let Some(head) = cells.get(number) else { return };
    for (line, row) in cells.iter().enumerate().skip(number + 1).take(rows) {
        for (place, (label, cell)) in head.iter().zip(row).enumerate() {
            if let [label] = label.labels.as_slice() {
                fields.push(field(label, cell.range.clone(), line, place));
            }
        }
    }
}

/// Height and width of a table that has its labels in the first column and several columns of values.
fn transposed(cells: &[Vec<Cell>], number: usize) -> Option<(usize, usize)> {
    let width = cells.get(number).map(Vec::len).filter(|width| *width >= 3)?;
    let is_row = |row: &&Vec<Cell>| {
        row.len() == width
            && row.first().is_some_and(Cell::is_label)
            && row.iter().skip(1).all(|cell| !cell.begins_with_label())
    };
    let height = cells.iter().skip(number).take(ROWS_MAX).take_while(is_row).count();
    (height >= 2).then_some((height, width))
}

fn take_transposed(cells: &[Vec<Cell>], number: usize, height: usize, width: usize, fields: &mut Vec<Field>) {
    for place in 1..width {
        for (line, row) in cells.iter().enumerate().skip(number).take(height) {
            let label = row.first().and_then(|cell| cell.labels.first());
            if let (Some(label), Some(cell)) = (label, row.get(place)) {
                fields.push(field(label, cell.range.clone(), line, place));
            }
        }
    }
}

/// Parts that stand beside one another are read one after the other: two accounts in two columns, a label in each cell.
fn side_by_side(mut fields: Vec<Field>, lines: &[Line]) -> Vec<Field> {
    let mut part = 0;
    let parts: Vec<usize> = lines
        .iter()
        .map(|line| {
            part += usize::from(line.cells.is_empty());
            part
        })
        .collect();
    let part_of = |field: &Field| parts.get(field.line).copied().unwrap_or_default();
    let mut start = 0;
    while start < fields.len() {
        let first = fields.get(start).map_or(0, part_of);
        let length = fields.iter().skip(start).take_while(|field| part_of(field) == first).count().max(1);
        if let Some(part) = fields.get_mut(start..start + length) {
            let doubled = part
                .windows(2)
                .filter(|pair| matches!(pair, [one, other] if one.line == other.line && one.cell != other.cell && one.roles == other.roles && one.label != other.label))
                .count();
            // Labels that are one for several values are those of tables, which have their order.
            if doubled >= 2 {
                part.sort_by_key(|field| (field.cell, field.line));
            }
        }
        start += length;
    }
    fields
}

/// A value without what surrounds it.
pub(crate) fn value_of(letters: &[Letter], field: &Field) -> Range<usize> {
    trimmed(letters, field.value.clone())
}

#[cfg(test)]
mod tests;
