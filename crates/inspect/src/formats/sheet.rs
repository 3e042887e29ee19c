//! Sheets of OOXML tables (ECMA-376 part 1 section 18.3): their rows as lines, their cells divided by tabs, numbers as they are shown.

use super::markup::{Piece, attribute, pieces, unescape};

/// Texts that sheets share.
const STRINGS_MAX: usize = 100_000;

/// Octets of the texts that sheets share.
const STRINGS_OCTETS_MAX: usize = 4 << 20;

/// Octets of formulas of one sheet that are read.
const FORMULAS_OCTETS_MAX: usize = 1 << 20;

/// Digits of a number that a table keeps.
const NUMBER_DIGITS_MAX: f64 = 1e15;

/// Texts that sheets name by their numbers.
#[derive(Debug, Default)]
pub(super) struct Strings {
    texts: Vec<String>,
    is_used: Vec<bool>,
}

impl Strings {
    /// Reads all texts.
    pub(super) fn read(&mut self, markup: &str) {
        let mut octets = 0;
        let mut text: Option<String> = None;
        let mut is_text = false;
        // How a text is pronounced stands in it, too, and is not shown.
        let mut is_phonetic = false;
        for piece in pieces(markup) {
            match piece {
                Piece::Open { name: "si", is_empty, .. } => text = (!is_empty).then(String::new),
                Piece::Open { name: "rPh", is_empty: false, .. } => is_phonetic = true,
                Piece::Open { name: "t", is_empty: false, .. } => is_text = true,
                Piece::Close("rPh") => is_phonetic = false,
                Piece::Close("t") => is_text = false,
                Piece::Close("si") => {
                    self.texts.push(text.take().unwrap_or_default());
                    self.is_used.push(false);
                }
                Piece::Text(written) if is_text && !is_phonetic && octets < STRINGS_OCTETS_MAX => {
                    if let Some(text) = &mut text {
                        octets += written.len();
                        text.push_str(&unescape(written));
                    }
                }
                _ => {}
            }
            if self.texts.len() >= STRINGS_MAX {
                return;
            }
        }
    }

    fn take(&mut self, number: &str) -> &str {
        let number: usize = number.trim().parse().unwrap_or(usize::MAX);
        if let Some(is_used) = self.is_used.get_mut(number) {
            *is_used = true;
        }
        self.texts.get(number).map_or("", String::as_str)
    }

    /// Texts that no sheet names.
    pub(super) fn unused(&self) -> String {
        let unused = self.texts.iter().zip(&self.is_used).filter(|(_, is_used)| !**is_used);
        unused.map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Rows of a sheet, at most about `octets_max` of them, and its formulas.
pub(super) fn read(markup: &str, strings: &mut Strings, octets_max: usize) -> (String, String) {
    let (mut rows, mut formulas) = (String::new(), String::new());
    let mut kind = String::new();
    let (mut value, mut is_text, mut is_value, mut is_formula) = (String::new(), false, false, false);
    for piece in pieces(markup) {
        match piece {
            Piece::Open { name: "c", attributes, is_empty: false } => {
                kind = attribute(attributes, "t").unwrap_or_default();
                value.clear();
            }
            Piece::Open { name: "v", is_empty: false, .. } => is_value = true,
            Piece::Open { name: "t", is_empty: false, .. } => is_text = true,
            Piece::Open { name: "f", is_empty: false, .. } => is_formula = true,
            Piece::Close("v") => is_value = false,
            Piece::Close("t") => is_text = false,
            Piece::Close("f") => is_formula = false,
            Piece::Close("c") => {
                let shown = match kind.as_str() {
                    "s" => strings.take(&value).to_owned(),
                    "" | "n" => number(&value),
                    _ => value.clone(),
                };
                push_cell(&shown, &mut rows);
            }
            Piece::Close("row") => end_row(&mut rows),
            Piece::Text(written) if is_value || is_text => value.push_str(&unescape(written)),
            Piece::Text(written) if is_formula && formulas.len() < FORMULAS_OCTETS_MAX => {
                formulas.push_str(&unescape(written));
                formulas.push('\n');
            }
            _ => {}
        }
        if rows.len() > octets_max {
            break;
        }
    }
    end_row(&mut rows);
    (rows, formulas)
}

fn push_cell(shown: &str, rows: &mut String) {
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if !shown.is_empty() {
        if !rows.is_empty() && !rows.ends_with('\n') {
            rows.push('\t');
        }
        rows.push_str(&shown);
    }
}

fn end_row(rows: &mut String) {
    // One empty line tells that there was at least one empty row.
    if !rows.is_empty() && !rows.ends_with("\n\n") {
        rows.push('\n');
    }
}

/// A number as a table shows it: long ones are kept with an exponent.
fn number(written: &str) -> String {
    match written.trim().parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < NUMBER_DIGITS_MAX => format!("{number:.0}"),
        Ok(number) if written.contains(['E', 'e']) => format!("{number}"),
        _ => written.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_texts_by_number_and_numbers_as_shown() {
        let mut strings = Strings::default();
        strings.read("<sst><si><t>Bank</t></si><si><r><t>A &amp; </t></r><r><t>B</t></r><rPh><t>x</t></rPh></si><si><t>unseen</t></si></sst>");
        let sheet = "<sheetData><row><c t='s'><v>0</v></c><c/><c t=\"s\"><v>1</v></c></row><row/><row></row>
            <row><c t='inlineStr'><is><t>Account</t></is></c><c><v>1.23456789012E+11</v></c></row>
            <row><c><f>1+1</f><v>2.5</v></c><c t='str'><f>cmd|x</f><v>IBAN DE89</v></c></row></sheetData>";
        let (rows, formulas) = read(sheet, &mut strings, 10_000);
        assert_eq!(rows.trim(), "Bank\tA & B\n\nAccount\t123456789012\n2.5\tIBAN DE89");
        assert_eq!(formulas, "1+1\ncmd|x\n");
        assert_eq!(strings.unused(), "unseen");
    }
}
