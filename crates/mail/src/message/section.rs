//! Finds the part that a section of IMAP names (RFC 9051 section 6.4.5.1).

use std::ops::Range;

use super::Part;
use super::view::PartRef;

/// Where a part stands, offsets from the beginning of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRange {
    /// Its place in the order of [`super::Structure::parts`].
    pub index: usize,
    /// `n.MIME`: the part's own header with its empty line.
    pub mime: Range<usize>,
    /// `n`: the body.
    pub body: Range<usize>,
    /// `n.HEADER` and `n.TEXT`, where the part is a message (or the path was empty).
    pub message: Option<MessageRange>,
}

/// A message within its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRange {
    /// The header with its empty line.
    pub header: Range<usize>,
    /// Everything behind it.
    pub text: Range<usize>,
}

/// What numbering needs to know of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    header_start: u32,
    body_start: u32,
    body_end: u32,
    children: u32,
    is_multipart: bool,
}

impl Outline {
    pub(super) fn of(part: &Part) -> Self {
        Self {
            header_start: part.header_start,
            body_start: part.body_start,
            body_end: part.body_end,
            children: part.children,
            is_multipart: part.is_multipart(),
        }
    }

    pub(super) fn of_view(part: &PartRef<'_>) -> Self {
        Self {
            header_start: part.header_start,
            body_start: part.body_start,
            body_end: part.body_end,
            children: part.children,
            is_multipart: part.media_type == "multipart",
        }
    }

    const fn mime(&self) -> Range<usize> {
        self.header_start as usize..self.body_start as usize
    }

    const fn body(&self) -> Range<usize> {
        self.body_start as usize..self.body_end as usize
    }

    const fn as_message(&self) -> MessageRange {
        MessageRange { header: self.mime(), text: self.body() }
    }
}

/// Walks the parts in order and keeps the numbers of the one it stands at.
struct Walk<I> {
    parts: I,
    index: usize,
}

impl<I: Iterator<Item = Outline>> Walk<I> {
    fn next(&mut self) -> Option<(usize, Outline)> {
        let part = self.parts.next()?;
        self.index += 1;
        Some((self.index - 1, part))
    }

    /// Passes over everything below `part`.
    fn skip_below(&mut self, part: Outline) -> Option<()> {
        let mut left = u64::from(part.children);
        while left > 0 {
            let (_, below) = self.next()?;
            left = left - 1 + u64::from(below.children);
        }
        Some(())
    }

    /// The child numbered `number`, from 1, of a multipart that was just read.
    fn child(&mut self, parent: Outline, number: u32) -> Option<(usize, Outline)> {
        if number == 0 || number > parent.children {
            return None;
        }
        for _ in 1..number {
            let (_, sibling) = self.next()?;
            self.skip_below(sibling)?;
        }
        self.next()
    }
}

pub(super) fn find(parts: impl Iterator<Item = Outline>, path: &[u32]) -> Option<PartRange> {
    let mut walk = Walk { parts, index: 0 };
    let (mut index, mut part) = walk.next()?;
    if path.is_empty() {
        return Some(PartRange { index, mime: part.mime(), body: part.body(), message: Some(part.as_message()) });
    }
    // Whether `part` is the body of a message, to which the numbers of its parts are relative.
    let mut is_body = true;
    // Whether the next part is the message that `part` holds.
    let mut inner = None;
    for number in path {
        if let Some(body) = inner.take() {
            (index, part) = body;
            is_body = true;
        }
        if part.is_multipart {
            (index, part) = walk.child(part, *number)?;
        } else if !(is_body && *number == 1) {
            return None;
        }
        is_body = false;
        if !part.is_multipart && part.children == 1 {
            inner = Some(walk.next()?);
        }
    }
    let message = inner.map(|(_, body)| body.as_message());
    Some(PartRange { index, mime: part.mime(), body: part.body(), message })
}

pub(super) fn path_of(parts: impl Iterator<Item = Outline>, index: usize) -> Vec<u32> {
    /// A part whose children are being read.
    struct Level {
        left: u32,
        next: u32,
        /// Whether its children are numbered (a multipart) or stand for themselves (an attached message).
        numbers: bool,
        path: Vec<u32>,
    }
    let mut levels: Vec<Level> = Vec::new();
    for (at, part) in parts.enumerate() {
        while levels.last().is_some_and(|level| level.left == 0) {
            levels.pop();
        }
        let (base, number) = match levels.last_mut() {
            None => (Vec::new(), (!part.is_multipart).then_some(1)),
            Some(level) => {
                level.left -= 1;
                level.next += 1;
                let number = if level.numbers { Some(level.next) } else { (!part.is_multipart).then_some(1) };
                (level.path.clone(), number)
            }
        };
        let mut path = base;
        path.extend(number);
        if at == index {
            return if number.is_some() { path } else { Vec::new() };
        }
        if part.children > 0 {
            levels.push(Level { left: part.children, next: 0, numbers: part.is_multipart, path });
        }
    }
    Vec::new()
}
