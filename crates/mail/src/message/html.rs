//! HTML reduced to the text that a reader sees: enough for search and preview, never for display.

use mail_parser::decoders::html::add_html_token;

/// Elements whose content is not text of the message.
const HIDDEN: [&str; 6] = ["head", "style", "script", "template", "title", "noscript"];

/// Elements that stand within a line; all others part words.
const INLINE: [&str; 22] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "code", "em", "font", "i", "ins", "mark", "s", "small", "span",
    "strike", "strong", "sub", "sup", "u", "wbr",
];

/// Characters of a character reference that are looked at, `&` and `;` included.
const REFERENCE_CHARS_MAX: usize = 34;

/// Octets of an attribute value behind a `>` in it; bounds the search for the end of a tag.
const QUOTED_OCTETS_MAX: usize = 1024;

/// Rows in rows of tables that are followed, and cells of one.
const ROWS_DEPTH_MAX: usize = 64;
const CELLS_MAX: usize = 64;

/// Octets and lines of a cell that is a table's and not a page's.
const CELL_OCTETS_MAX: usize = 240;
const CELL_LINES_MAX: usize = 3;

/// Rows of tables while the text of a page grows: the cells of a row of short texts come into one line, divided by tabs. Rows that only
/// serve to place things on the page stay as they are.
#[derive(Debug, Default)]
pub struct Rows {
    /// Rows that are open: where the text of each of their cells begins.
    open: Vec<Vec<usize>>,
}

impl Rows {
    /// An element begins, at the end of `text`.
    pub fn start(&mut self, element: &str, text: &str) {
        if element.eq_ignore_ascii_case("tr") {
            if self.open.len() < ROWS_DEPTH_MAX {
                self.open.push(Vec::new());
            }
        } else if (element.eq_ignore_ascii_case("td") || element.eq_ignore_ascii_case("th"))
            && let Some(row) = self.open.last_mut().filter(|row| row.len() < CELLS_MAX)
        {
            row.push(text.len());
        }
    }

    /// An element ends, at the end of `text`.
    pub fn end(&mut self, element: &str, text: &mut String) {
        if element.eq_ignore_ascii_case("tr")
            && let Some(cells) = self.open.pop()
        {
            join(&cells, text);
        }
    }
}

/// Brings the cells that begin at these places into one line.
fn join(cells: &[usize], text: &mut String) {
    let Some(first) = cells.first() else { return };
    let ends = cells.iter().skip(1).copied().chain([text.len()]);
    let shown: Vec<&str> =
        cells.iter().zip(ends).filter_map(|(begin, end)| text.get(*begin..end)).map(str::trim).collect();
    let is_short =
        |cell: &&str| cell.len() <= CELL_OCTETS_MAX && cell.lines().count() <= CELL_LINES_MAX && !cell.contains('\t');
    if !shown.iter().all(is_short) {
        return;
    }
    let filled: Vec<String> =
        shown.iter().filter(|cell| !cell.is_empty()).map(|cell| cell.replace('\n', " ")).collect();
    if filled.len() >= 2 {
        text.truncate(*first);
        text.push_str(&filled.join("\t"));
        text.push('\n');
    }
}

/// Text of `html` with one space or line break between blocks, and a tab between the cells of a row. Takes any input, in time linear
/// in its length.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rows = Rows::default();
    let mut hidden: Option<&str> = None;
    let mut rest = html;
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let (text, from) = rest.split_at(at);
        if hidden.is_none() {
            push_text(&mut out, text);
        }
        let tag = split_tag(from);
        rest = tag.after;
        let Some((name, closes)) = tag.name else {
            if tag.is_text && hidden.is_none() {
                out.push('<');
            }
            continue;
        };
        match hidden {
            Some(element) if closes && name.eq_ignore_ascii_case(element) => hidden = None,
            // A body begins where a head was never closed.
            Some("head") if name.eq_ignore_ascii_case("body") => hidden = None,
            Some(_) => {}
            None if !closes => hidden = HIDDEN.into_iter().find(|element| name.eq_ignore_ascii_case(element)),
            None => {}
        }
        if hidden.is_none() && !INLINE.iter().any(|element| name.eq_ignore_ascii_case(element)) {
            part(&mut out, name);
            if closes { rows.end(name, &mut out) } else { rows.start(name, &out) }
        }
    }
    out
}

struct Tag<'a> {
    /// Element and whether this is its end tag; none for a comment, a declaration or no tag at all.
    name: Option<(&'a str, bool)>,
    is_text: bool,
    after: &'a str,
}

/// Reads what begins with `<`.
fn split_tag(from: &str) -> Tag<'_> {
    let Some(inner) = from.strip_prefix('<') else { return Tag { name: None, is_text: false, after: "" } };
    let skip = |at: Option<usize>, length: usize| at.and_then(|at| inner.get(at + length..)).unwrap_or("");
    if let Some(comment) = inner.strip_prefix("!--") {
        return Tag { name: None, is_text: false, after: skip(comment.find("-->").map(|at| at + 3), 3) };
    }
    let closes = inner.starts_with('/');
    let body = if closes { inner.get(1..).unwrap_or("") } else { inner };
    let length = body.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(body.len());
    let name = body.get(..length).unwrap_or("");
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        if closes || inner.starts_with(['!', '?']) {
            return Tag { name: None, is_text: false, after: skip(inner.find('>'), 1) };
        }
        return Tag { name: None, is_text: true, after: inner };
    }
    Tag { name: Some((name, closes)), is_text: false, after: skip(tag_end(inner), 1) }
}

/// The `>` that ends a tag, not one in a quoted attribute value; with an open quote the first one.
fn tag_end(inner: &str) -> Option<usize> {
    let mut quote = None;
    let mut first = None;
    for (at, byte) in inner.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return Some(at),
            (b'>', Some(_)) if first.is_none() => first = Some(at),
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            // The quote was never closed.
            _ if first.is_some_and(|first| at > first + QUOTED_OCTETS_MAX) => break,
            _ => {}
        }
    }
    first
}

/// A line break or space where a block begins or ends.
fn part(out: &mut String, name: &str) {
    let mark = if ["td", "th", "img", "input", "label"].iter().any(|cell| name.eq_ignore_ascii_case(cell)) {
        ' '
    } else {
        '\n'
    };
    while out.ends_with(' ') {
        out.pop();
    }
    if !out.is_empty() && !out.ends_with(['\n', '\t']) {
        out.push(mark);
    }
}

/// Adds text with white space collapsed and character references resolved.
fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '&' || c.is_ascii_whitespace()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with('&') {
            let head: &str = from.get(..REFERENCE_CHARS_MAX).unwrap_or_else(|| short(from));
            let taken = head.find(';').map_or(1, |end| end + 1);
            let token = from.get(..taken).unwrap_or("&");
            if token == "&nbsp;" || token == "&#160;" {
                push_space(out);
            } else {
                add_html_token(out, token.as_bytes(), false);
            }
            rest = from.get(taken..).unwrap_or("");
        } else {
            push_space(out);
            rest = from.trim_start_matches(|c: char| c.is_ascii_whitespace());
        }
    }
    out.push_str(rest);
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

/// The beginning of a text, cut between characters.
fn short(text: &str) -> &str {
    let mut end = REFERENCE_CHARS_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_a_reader_sees() {
        for (html, wanted) in [
            ("<p>a</p><p>b</p>", "a\nb\n"),
            ("<div>a</div><div>b <b>c</b>d</div>", "a\nb cd\n"),
            ("<td>a</td><td>b</td>", "a b "),
            (
                "x<table><tr><th>Bank:</th><td><p>A</p><p>B</p></td></tr><tr><td>c<td></tr></table>",
                "x\nBank:\tA B\nc\n",
            ),
            ("<tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td><td>d</td></tr>", "a\nb\tc\nd\n"),
            ("a&amp;b &lt;x&gt; &#20013;&nbsp;&eacute; &bogus; & c", "a&b <x> 中 é &bogus; & c"),
            ("<html><head><title>t</title><style>p{}</style></head><body>x<!-- y > --> z</body>", "x z\n"),
            ("<style>never closed", ""),
            ("<head><body>x", "\nx"),
            ("1 < 2 <img alt='a>b'> 3", "1 < 2 3"),
            ("<script>if (a < b) x();</script>y", "\ny"),
        ] {
            assert_eq!(html_to_text(html).trim_start(), wanted.trim_start(), "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_text(html in "(<|>|/|!--|-->|head|&|;|\"|'|style|中|.){0,40}") {
            let _ = html_to_text(&html);
        }
    }
}
