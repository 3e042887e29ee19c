//! Tables in Markdown.

use std::fmt::Write;

use crate::figures::{Spread, short};
use crate::imap::Line;

/// Rows of text under heads.
pub(crate) struct Table {
    text: String,
}

impl Table {
    pub(crate) fn new(heads: &[&str]) -> Self {
        let rule: Vec<&str> =
            heads.iter().enumerate().map(|(place, _)| if place == 0 { "---" } else { "---:" }).collect();
        Self { text: format!("| {} |\n| {} |\n", heads.join(" | "), rule.join(" | ")) }
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// "least / middle / greatest".
pub(crate) fn spread(values: Option<Spread>) -> String {
    values.map_or_else(
        || "-".to_owned(),
        |Spread { min, median, max }| format!("{} / **{}** / {}", short(min), short(median), short(max)),
    )
}

/// The lines of one server.
pub(crate) fn imap_lines(lines: &[Line]) -> String {
    let mut table = Table::new(&["line", "first", "least / median / greatest after it"]);
    for line in lines {
        table.row(&[format!("{} ({})", line.name, line.unit), short(line.first), spread(Some(line.warm))]);
    }
    table.finish()
}

/// The lines of two servers side by side, with the second's share of the first's time (or rate).
pub(crate) fn imap_side_by_side(one: (&str, &[Line]), two: (&str, &[Line])) -> String {
    let heads = [
        format!("{}, first", one.0),
        format!("{}, warm", one.0),
        format!("{}, first", two.0),
        format!("{}, warm", two.0),
    ];
    let mut table = Table::new(&["line", &heads[0], &heads[1], &heads[2], &heads[3], "ratio of medians"]);
    for (left, right) in one.1.iter().zip(two.1) {
        table.row(&[
            format!("{} ({})", left.name, left.unit),
            short(left.first),
            spread(Some(left.warm)),
            short(right.first),
            spread(Some(right.warm)),
            format!("{:.2}", right.warm.median / left.warm.median.max(f64::MIN_POSITIVE)),
        ]);
    }
    table.finish()
}
