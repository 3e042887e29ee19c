//! Splits a message into its parts.
//!
//! Own code, not `mail-parser`: IMAP sections need the line break before a boundary kept out of a body, empty parts,
//! parts behind a missing final boundary and attached messages at their exact place, and the same answer for the same
//! octets for ever, because clients keep what they fetched by section. `mail-parser` resolves HTML's character references
//! for us.
//!
//! Each level is searched for its own boundary within the limits that the level above has set, so a child can never
//! reach over its parent's end. Work is bounded by size times [`DEPTH_MAX`].

use memchr::{memchr, memchr_iter, memmem};

use super::heads::{Heads, header_text, some_text};
use super::{Disposition, Envelope, Part, Structure, params};

/// Levels of multiparts and attached messages; what lies deeper is one part of `application/octet-stream`.
pub const DEPTH_MAX: usize = 32;

/// Parts of one message; the last one holds everything that follows.
pub const PARTS_MAX: usize = 2000;

/// Octets of a boundary. RFC 2046 section 5.1.1 allows 70; longer ones are met.
const BOUNDARY_OCTETS_MAX: usize = 256;

/// Languages of one part that are kept.
const LANGUAGES_MAX: usize = 16;

/// Finds the parts of `raw`.
pub(super) fn split(raw: &[u8]) -> Structure {
    let (heads, body_start) = Heads::read(raw);
    split_read(raw, &heads, body_start)
}

/// As [`split`], the header of the message having been read.
pub(super) fn split_read(raw: &[u8], heads: &Heads<'_>, body_start: usize) -> Structure {
    let end = raw.len().min(u32::MAX as usize);
    let mut splitter = Splitter { raw, parts: Vec::new(), truncated: end < raw.len() };
    let entity = Entity { header_start: 0, body_start: body_start.min(end), end, in_digest: false };
    splitter.push_entity(&entity, heads, 0);
    Structure { parts: splitter.parts, truncated: splitter.truncated }
}

struct Splitter<'a> {
    raw: &'a [u8],
    parts: Vec<Part>,
    truncated: bool,
}

/// Where a part stands, and whether its default type is that of a digest (RFC 2046 section 5.1.5).
struct Entity {
    header_start: usize,
    body_start: usize,
    end: usize,
    in_digest: bool,
}

impl<'a> Splitter<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.raw.get(start..end).unwrap_or_default()
    }

    fn read_entity(&mut self, start: usize, end: usize, in_digest: bool, depth: usize) {
        let (heads, body) = Heads::read(self.slice(start, end));
        self.push_entity(&Entity { header_start: start, body_start: start + body, end, in_digest }, &heads, depth);
    }

    /// Adds the part and everything below it.
    fn push_entity(&mut self, entity: &Entity, heads: &Heads<'_>, depth: usize) {
        let mut part = describe(heads, entity.in_digest);
        part.header_start = entity.header_start as u32;
        part.body_start = entity.body_start as u32;
        part.body_end = entity.end as u32;
        let room = depth < DEPTH_MAX && self.parts.len() < PARTS_MAX - 1;
        let boundary = boundary_of(&part);
        if part.is_multipart() && boundary.is_none() {
            // Without a boundary it is no multipart; readers then show it as the text it may be (RFC 2045 section 5.2).
            part.media_type = "text".to_owned();
            part.subtype = "plain".to_owned();
        } else if (part.is_multipart() || holds_message(&part)) && !room {
            self.truncated = true;
            part.media_type = "application".to_owned();
            part.subtype = "octet-stream".to_owned();
        }
        let body = self.slice(entity.body_start, entity.end);
        if part.media_type == "text" || holds_message(&part) {
            part.lines = count_lines(body);
        }
        let index = self.parts.len();
        if holds_message(&part) {
            part.children = 1;
            let (heads, inner_body) = Heads::read(body);
            part.envelope = Some(Box::new(Envelope::from_heads(&heads)));
            self.parts.push(part);
            let inner = Entity {
                header_start: entity.body_start,
                body_start: entity.body_start + inner_body,
                end: entity.end,
                in_digest: false,
            };
            self.push_entity(&inner, &heads, depth + 1);
        } else if let (true, Some(boundary)) = (part.is_multipart(), boundary) {
            let in_digest = part.subtype == "digest";
            self.parts.push(part);
            let children = self.push_children(entity, boundary.as_bytes(), in_digest, depth + 1);
            if let Some(part) = self.parts.get_mut(index) {
                part.children = children;
            }
        } else {
            self.parts.push(part);
        }
    }

    /// Adds the parts between boundary lines (RFC 2046 section 5.1.1); says how many.
    fn push_children(&mut self, entity: &Entity, boundary: &[u8], in_digest: bool, depth: usize) -> u32 {
        let body = self.slice(entity.body_start, entity.end);
        let mut lines = Delimiters::new(body, boundary);
        let mut children = 0;
        let mut open = lines.next().filter(|line| !line.closes);
        while let Some(line) = open {
            let start = line.content;
            // The last part that fits holds everything that follows.
            let full = self.parts.len() + 1 >= PARTS_MAX;
            let next = if full { None } else { lines.next() };
            let end = match &next {
                Some(next) => next.start.max(start),
                None => body.len(),
            };
            self.truncated |= full;
            self.read_entity(entity.body_start + start, entity.body_start + end, in_digest, depth);
            children += 1;
            open = next.filter(|next| !next.closes);
        }
        if children == 0 {
            // A multipart has a part (RFC 9051 section 9, `body-type-mpart`): an empty one where none is found.
            self.read_entity(entity.end, entity.end, false, depth);
            children = 1;
        }
        children
    }
}

/// A line that parts the parts.
struct Delimiter {
    /// Where the line break before it begins: that belongs to the line.
    start: usize,
    /// Where the next part begins.
    content: usize,
    /// Whether it is the last one.
    closes: bool,
}

struct Delimiters<'a, 'b> {
    body: &'a [u8],
    boundary: &'b [u8],
    finder: memmem::Finder<'static>,
    /// Where to go on: at the line break before the next line.
    at: usize,
    begun: bool,
}

impl<'a, 'b> Delimiters<'a, 'b> {
    fn new(body: &'a [u8], boundary: &'b [u8]) -> Self {
        let finder = memmem::Finder::new(&[b"\n--", boundary].concat()).into_owned();
        Self { body, boundary, finder, at: 0, begun: false }
    }

    /// Reads the delimiter whose `--` stands at `dashes`, if the line is one.
    fn read(&self, dashes: usize, start: usize) -> Option<Delimiter> {
        let rest = self.body.get(dashes + 2 + self.boundary.len()..)?;
        let length = memchr(b'\n', rest).map_or(rest.len(), |line| line + 1);
        let tail = rest.get(..length)?;
        let closing = tail.strip_prefix(b"--");
        // White space may follow (RFC 2046 section 5.1.1); anything else makes it another, longer boundary.
        if !closing.unwrap_or(tail).iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        let content = dashes + 2 + self.boundary.len() + length;
        Some(Delimiter { start, content, closes: closing.is_some() })
    }
}

impl Iterator for Delimiters<'_, '_> {
    type Item = Delimiter;

    fn next(&mut self) -> Option<Delimiter> {
        if !self.begun {
            self.begun = true;
            let first = self.body.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(self.boundary));
            if let Some(line) = first.then(|| self.read(0, 0)).flatten() {
                self.at = line.content.saturating_sub(1);
                return Some(line);
            }
        }
        loop {
            let newline = self.at + self.finder.find(self.body.get(self.at..)?)?;
            let before = newline.checked_sub(1).and_then(|before| self.body.get(before));
            let start = if before == Some(&b'\r') { newline - 1 } else { newline };
            if let Some(line) = self.read(newline + 1, start) {
                // Its line break may begin the next delimiter: an empty part.
                self.at = line.content.saturating_sub(1).max(newline + 1);
                return Some(line);
            }
            self.at = newline + 1;
        }
    }
}

/// The part as its header describes it, without offsets.
fn describe(heads: &Heads<'_>, in_digest: bool) -> Part {
    let given = heads.content_type.map(|value| params::parse(&header_text(value))).unwrap_or_default();
    let (media_type, subtype, params) = match given.value.split_once('/') {
        Some((media_type, subtype)) if is_token(media_type.trim()) && is_token(subtype.trim()) => {
            (media_type.trim().to_owned(), subtype.trim().to_owned(), given.params)
        }
        // `Content-Type: text` of early mail; anything else unreadable is text too (RFC 2045 section 5.2).
        _ if in_digest && heads.content_type.is_none() => ("message".to_owned(), "rfc822".to_owned(), Vec::new()),
        _ => ("text".to_owned(), "plain".to_owned(), given.params),
    };
    Part {
        media_type,
        subtype,
        params,
        id: some_text(heads.content_id),
        description: some_text(heads.description),
        encoding: heads
            .encoding
            .map(|value| params::parse(&header_text(value)).value)
            .filter(|encoding| !encoding.is_empty()),
        disposition: heads.disposition.map(|value| params::parse(&header_text(value))).and_then(|found| {
            (!found.value.is_empty()).then_some(Disposition { kind: found.value, params: found.params })
        }),
        language: heads.language.map(languages).unwrap_or_default(),
        location: some_text(heads.location),
        md5: some_text(heads.md5),
        ..Part::default()
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

fn languages(value: &[u8]) -> Vec<String> {
    let text = header_text(value);
    let tags = text.split([',', ' ', '\t']).filter(|tag| !tag.is_empty() && !tag.starts_with('('));
    tags.take(LANGUAGES_MAX).map(str::to_owned).collect()
}

fn boundary_of(part: &Part) -> Option<String> {
    let boundary = part.param("boundary")?.trim_end();
    (matches!(boundary.len(), 1..=BOUNDARY_OCTETS_MAX)).then(|| boundary.to_owned())
}

/// Whether the body is a message whose parts IMAP numbers. `message/global` may be encoded (RFC 6532 section 3.7) and is
/// then opaque; `message/rfc822` may not (RFC 2046 section 5.2.1), so an encoding it claims is not believed.
fn holds_message(part: &Part) -> bool {
    let identity = || matches!(part.encoding.as_deref(), None | Some("7bit" | "8bit" | "binary"));
    part.is("message", "rfc822") || part.is("message", "global") && identity()
}

fn count_lines(body: &[u8]) -> u32 {
    let ended = memchr_iter(b'\n', body).count();
    let open = usize::from(!body.is_empty() && !body.ends_with(b"\n"));
    u32::try_from(ended + open).unwrap_or(u32::MAX)
}
