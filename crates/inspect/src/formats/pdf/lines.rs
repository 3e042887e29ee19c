//! Pieces of text by their places on a page, as lines and cells: what stands side by side comes together, whatever order the file has.

use std::cmp::Ordering;

/// Share of its size by which a piece may stand higher or lower than its line.
const SHIFT_MAX: f64 = 0.4;

/// Share of the size that is a space between two pieces, and that divides two cells.
const SPACE_MIN: f64 = 0.14;
const CELL_MIN: f64 = 1.0;

/// Lines apart, in sizes, between which an empty line is told.
const PARAGRAPH_MIN: f64 = 2.6;

/// A piece of text at its place; `x` grows in the direction of reading, `y` upwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Quarter turns of the text.
    pub(super) turn: u8,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) end: f64,
    pub(super) size: f64,
    pub(super) text: String,
}

/// The text of a page: one line each, its cells divided by tabs.
pub(super) fn text(mut pieces: Vec<Piece>) -> String {
    pieces.retain(|piece| !piece.text.trim().is_empty());
    let order = |one: f64, other: f64| one.partial_cmp(&other).unwrap_or(Ordering::Equal);
    pieces.sort_by(|one, other| one.turn.cmp(&other.turn).then(order(other.y, one.y)).then(order(one.x, other.x)));
    let mut out = String::new();
    let mut line: Vec<Piece> = Vec::new();
    let mut above: Option<(u8, f64)> = None;
    for piece in pieces {
        if line.first().is_some_and(|first| !is_beside(first, &piece)) {
            put(std::mem::take(&mut line), &mut above, &mut out);
        }
        line.push(piece);
    }
    put(line, &mut above, &mut out);
    out
}

fn is_beside(first: &Piece, piece: &Piece) -> bool {
    first.turn == piece.turn && (first.y - piece.y).abs() <= first.size.max(piece.size) * SHIFT_MAX
}

/// Puts one line down.
fn put(mut line: Vec<Piece>, above: &mut Option<(u8, f64)>, out: &mut String) {
    line.sort_by(|one, other| one.x.partial_cmp(&other.x).unwrap_or(Ordering::Equal));
    let Some(first) = line.first() else { return };
    let size = line.iter().map(|piece| piece.size).fold(first.size, f64::max);
    if let Some((turn, y)) = *above {
        out.push('\n');
        if turn != first.turn || (y - first.y).abs() > size * PARAGRAPH_MIN {
            out.push('\n');
        }
    }
    *above = Some((first.turn, first.y));
    let mut before: Option<&Piece> = None;
    for piece in &line {
        if let Some(before) = before {
            // Bold letters are made of the same ones twice.
            if before.text == piece.text && (before.x - piece.x).abs() < piece.size * 0.3 {
                continue;
            }
            let gap = (piece.x - before.end) / piece.size.max(before.size).max(0.1);
            let has_space = before.text.ends_with(' ') || piece.text.starts_with(' ');
            if gap > CELL_MIN {
                out.push('\t');
            } else if gap > SPACE_MIN && !has_space {
                out.push(' ');
            }
        }
        out.push_str(&piece.text);
        before = Some(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(x: f64, y: f64, text: &str) -> Piece {
        Piece { turn: 0, x, y, end: x + 5.0 * text.len() as f64, size: 10.0, text: text.to_owned() }
    }

    #[test]
    fn cells_of_a_row_come_together() {
        let pieces = vec![
            piece(0.0, 700.0, "Bank"),
            piece(0.0, 686.0, "IBAN"),
            piece(100.0, 700.5, "ACME"),
            piece(100.0, 686.0, "DE89"),
            piece(122.0, 686.0, "3704"),
        ];
        assert_eq!(text(pieces), "Bank\tACME\nIBAN\tDE89 3704");
        assert_eq!(text(vec![piece(0.0, 9.0, "bold"), piece(0.4, 9.0, "bold")]), "bold");
        assert_eq!(text(vec![piece(0.0, 99.0, "a"), piece(0.0, 9.0, "b")]), "a\n\nb");
    }
}
