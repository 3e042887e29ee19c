//! Input that has come and is not yet used, and the lines in it.

use memchr::memchr;

/// Octets that wait. Holds at most what the driver feeds between two `Read` steps and one line's bound.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    start: usize,
    /// Octets of the present line that were dropped as it is too long.
    dropped: usize,
    dropped_last: u8,
}

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// No line end has come yet.
    Incomplete,
    /// A line, its CRLF taken off.
    Whole(&'a [u8]),
    /// A line longer than the bound; it is gone.
    TooLong,
    /// A line that ends with LF alone.
    BareLineFeed,
    /// A line without end.
    Endless,
}

impl Input {
    pub(super) fn push(&mut self, more: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(more);
    }

    pub(super) fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the next line. What comes out depends on the octets alone, never on how they were split: a line of more
    /// than `line_bytes_max` octets with its CRLF is too long, of more than `endless_bytes_max` without end.
    pub(super) fn take_line(&mut self, line_bytes_max: usize, endless_bytes_max: usize) -> Line<'_> {
        let pending = self.bytes.get(self.start..).unwrap_or_default();
        let Some(feed) = memchr(b'\n', pending) else {
            let length = self.dropped.saturating_add(pending.len());
            if length > endless_bytes_max {
                return Line::Endless;
            }
            if length > line_bytes_max {
                self.dropped_last = pending.last().copied().unwrap_or(self.dropped_last);
                self.dropped = length;
                self.bytes.clear();
                self.start = 0;
            }
            return Line::Incomplete;
        };
        let before = feed.checked_sub(1).and_then(|before| pending.get(before).copied());
        let before = before.unwrap_or(if self.dropped > 0 { self.dropped_last } else { 0 });
        let length = self.dropped.saturating_add(feed + 1);
        let line = self.start..self.start + feed.saturating_sub(1);
        self.start += feed + 1;
        self.dropped = 0;
        if length > endless_bytes_max {
            Line::Endless
        } else if before != b'\r' {
            Line::BareLineFeed
        } else if length > line_bytes_max {
            Line::TooLong
        } else {
            Line::Whole(self.bytes.get(line).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut input = Input::default();
        let mut found = Vec::new();
        for piece in pieces {
            input.push(piece);
            loop {
                match input.take_line(8, 20) {
                    Line::Incomplete => break,
                    Line::Endless => {
                        found.push("Endless".to_owned());
                        return found;
                    }
                    other => found.push(format!("{other:?}")),
                }
            }
        }
        found
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(lines(&[b"abc\r\n\r\n"]), ["Whole([97, 98, 99])", "Whole([])"]);
        assert_eq!(lines(&[b"123456\r\n1234567\r\n"]), ["Whole([49, 50, 51, 52, 53, 54])", "TooLong"]);
        assert_eq!(lines(&[b"a\n\n"]), ["BareLineFeed", "BareLineFeed"]);
        assert_eq!(lines(&[b"123456789012345678901234567890"]), ["Endless"]);
    }

    proptest! {
        #[test]
        fn splits_do_not_matter(text in "[a\r\n]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(lines(&pieces), lines(&[bytes]));
        }
    }
}
