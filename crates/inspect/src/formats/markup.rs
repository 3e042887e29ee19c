//! Tags, attributes and text of XML and its relatives, as they come. Nothing is ever refused: what is broken is skipped.

/// One piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// An opening or empty tag: its name and what follows it.
    Open {
        /// The name without its prefix.
        name: &'a str,
        /// Attributes as written.
        attributes: &'a str,
        /// Closes itself.
        is_empty: bool,
    },
    /// A closing tag: its name without its prefix.
    Close(&'a str),
    /// Text between tags, as written.
    Text(&'a str),
}

/// The pieces of `markup`.
pub(super) fn pieces(markup: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = markup;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let Some(after) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                let (text, behind) = rest.split_at(end);
                rest = behind;
                return Some(Piece::Text(text));
            };
            if let Some(data) = after.strip_prefix("![CDATA[") {
                let (text, behind) = data.split_once("]]>").unwrap_or((data, ""));
                rest = behind;
                return Some(Piece::Text(text));
            }
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
                continue;
            }
            let (tag, behind) = after.split_at(tag_end(after));
            rest = behind.strip_prefix('>').unwrap_or(behind);
            let is_empty = tag.ends_with('/');
            let tag = tag.trim_end_matches('/');
            if let Some(name) = tag.strip_prefix('/') {
                return Some(Piece::Close(local(name.trim())));
            }
            if !tag.starts_with(['!', '?']) {
                let end = tag.find(char::is_whitespace).unwrap_or(tag.len());
                let (name, attributes) = tag.split_at(end);
                return Some(Piece::Open { name: local(name), attributes, is_empty });
            }
        }
    })
}

/// Where a tag ends: the first `>` that is in no quotes.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, octet) in tag.bytes().enumerate() {
        match (octet, quote) {
            (b'"' | b'\'', None) => quote = Some(octet),
            (_, Some(open)) if octet == open => quote = None,
            (b'>', None) => return at,
            _ => {}
        }
    }
    // A quote that never closes: the next bracket will do.
    tag.find('>').unwrap_or(tag.len())
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Names and values of attributes, names without their prefix, values unescaped.
pub(super) fn attributes(written: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = written;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let name = name.rsplit(char::is_whitespace).next().unwrap_or_default().trim();
        let after = after.trim_start();
        let (value, behind) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        rest = behind;
        Some((local(name), unescape(value)))
    })
}

/// The value of one attribute.
pub(super) fn attribute(written: &str, name: &str) -> Option<String> {
    attributes(written).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Text with its character references resolved.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let reference = after.get(..after.len().min(12)).and_then(|near| near.split_once(';')).map(|(name, _)| name);
        let resolved = reference.and_then(resolve);
        match (resolved, reference) {
            (Some(c), Some(name)) => {
                out.push(c);
                rest = after.get(name.len() + 1..).unwrap_or_default();
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn resolve(reference: &str) -> Option<char> {
    Some(match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = reference.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)?
        }
    })
}

/// Octets of markup as text: UTF-16 by its mark, else UTF-8.
pub(super) fn decoded(octets: &[u8]) -> String {
    let (text, _, _) = encoding_rs::UTF_8.decode(octets);
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_attributes_and_texts() {
        let found: Vec<_> =
            pieces("<?xml?><!-- <a> --><w:p a:b='1>2' c=\"x&amp;y\">t<br/><![CDATA[<z>]]></w:p><x").collect();
        assert_eq!(
            found,
            [
                Piece::Open { name: "p", attributes: " a:b='1>2' c=\"x&amp;y\"", is_empty: false },
                Piece::Text("t"),
                Piece::Open { name: "br", attributes: "", is_empty: true },
                Piece::Text("<z>"),
                Piece::Close("p"),
                Piece::Open { name: "x", attributes: "", is_empty: false },
            ]
        );
        let all: Vec<_> = attributes(" a:b='1>2' c=\"x&amp;y\" d=e f").collect();
        assert_eq!(all, [("b", "1>2".to_owned()), ("c", "x&y".to_owned()), ("d", "e".to_owned())]);
    }

    #[test]
    fn broken_markup_ends() {
        for broken in ["<", "<a b='", "<![CDATA[", "<!--", "</", "<a b=", "&#x;", "<a 'b>c", "=", "<é"] {
            let _ = pieces(broken).count();
            let _ = attributes(broken).count();
        }
        assert_eq!(unescape("a&#x41;&#66;&bogus;&amp"), "aAB&bogus;&amp");
    }
}
