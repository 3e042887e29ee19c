//! Values with parameters: Content-Type (RFC 2045 section 5.1) and Content-Disposition (RFC 2183 section 2).

use std::borrow::Cow;

use super::{charset, encoding, words};

/// Parameters of one value that are kept.
const PARAMS_MAX: usize = 64;

/// A value and its parameters as they stand: names in lowercase, quotes taken off, nothing decoded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Parameterised {
    pub(super) value: String,
    pub(super) params: Vec<(String, String)>,
}

/// Reads `value; name=value; name="quoted value"` with comments anywhere. Never fails; what cannot be read is passed over.
pub(super) fn parse(text: &str) -> Parameterised {
    let (value, mut rest) = take_plain(text);
    let value = value.to_ascii_lowercase();
    let mut params = Vec::new();
    while let Some(after) = next_section(rest) {
        let (name, after) = take_name(after);
        let Some(after) = after.trim_start().strip_prefix('=') else {
            rest = after;
            continue;
        };
        let after = after.trim_start();
        let (content, after) = match after.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted),
            None => {
                let (plain, after) = take_plain(after);
                (Cow::Borrowed(plain), after)
            }
        };
        rest = after;
        if !name.is_empty() && params.len() < PARAMS_MAX {
            params.push((name.to_ascii_lowercase(), content.into_owned()));
        }
    }
    Parameterised { value, params }
}

/// What follows the next `;`.
fn next_section(text: &str) -> Option<&str> {
    text.split_once(';').map(|(_, after)| skip_comments(after))
}

fn skip_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('(') {
        rest = comment_end(rest).trim_start();
    }
    rest
}

/// What follows the comment at the front of `text`.
fn comment_end(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or("");
        }
    }
    ""
}

fn take_name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c == '=' || c == ';' || c.is_whitespace()).unwrap_or(text.len());
    text.split_at(end)
}

/// An unquoted value up to `;` or a comment. Spaces within are kept: `name=price list.pdf` is often sent.
fn take_plain(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    for (at, byte) in bytes.iter().enumerate() {
        let comment = *byte == b'(' && at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace);
        if *byte == b';' || comment {
            end = at;
            break;
        }
    }
    let (plain, rest) = text.split_at(end);
    let rest = if rest.starts_with('(') { comment_end(rest) } else { rest };
    (plain.trim(), rest)
}

/// The content of a quoted string behind its opening quote.
fn take_quoted(text: &str) -> (Cow<'_, str>, &str) {
    let Some(stop) = text.find(['"', '\\']) else { return (Cow::Borrowed(text.trim_end()), "") };
    if text.as_bytes().get(stop) == Some(&b'"') {
        return (Cow::Borrowed(text.get(..stop).unwrap_or("")), text.get(stop + 1..).unwrap_or(""));
    }
    let mut content = String::with_capacity(text.len().min(256));
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Cow::Owned(content), text.get(at + 1..).unwrap_or("")),
            '\\' => content.extend(chars.next().map(|(_, quoted)| quoted)),
            other => content.push(other),
        }
    }
    (Cow::Owned(content), "")
}

/// A parameter decoded: continuations and character sets of RFC 2231, else encoded words, which RFC 2047 section 5
/// forbids here and which most senders of Chinese file names write.
pub(super) fn decoded(params: &[(String, String)], name: &str) -> Option<String> {
    extended(params, name).or_else(|| {
        let (_, value) = params.iter().find(|(found, _)| found == name)?;
        Some(words::decode(value).into_owned())
    })
}

/// `name*=charset'language'text`, or `name*0`, `name*1*` ... put together (RFC 2231 sections 3 and 4).
fn extended(params: &[(String, String)], name: &str) -> Option<String> {
    let suffixes = || {
        params.iter().filter_map(|(found, value)| Some((found.strip_prefix(name)?.strip_prefix('*')?, value.as_str())))
    };
    if let Some((_, value)) = suffixes().find(|(suffix, _)| suffix.is_empty()) {
        let (charset, text) = split_charset(value);
        return Some(charset::decode(&encoding::decode_percent(text.as_bytes()), charset).into_owned());
    }
    let mut octets = Vec::new();
    let mut charset = None;
    for number in 0..PARAMS_MAX {
        let found = suffixes().find_map(|(suffix, value)| {
            let (digits, encoded) = suffix.strip_suffix('*').map_or((suffix, false), |digits| (digits, true));
            (digits.parse() == Ok(number)).then_some((value, encoded))
        });
        match found {
            Some((value, true)) => {
                let (named, text) = if number == 0 { split_charset(value) } else { (None, value) };
                charset = charset.or(named);
                octets.extend_from_slice(&encoding::decode_percent(text.as_bytes()));
            }
            Some((value, false)) => octets.extend_from_slice(value.as_bytes()),
            None if number == 0 => return None,
            None => break,
        }
    }
    Some(charset::decode(&octets, charset).into_owned())
}

fn split_charset(value: &str) -> (Option<&str>, &str) {
    let mut fields = value.splitn(3, '\'');
    match (fields.next(), fields.next(), fields.next()) {
        (Some(charset), Some(_), Some(text)) => (Some(charset), text),
        _ => (None, value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, value: &str, params: &[(&str, &str)]) {
        let found = parse(text);
        let found_params: Vec<_> = found.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((found.value.as_str(), found_params.as_slice()), (value, params), "{text}");
    }

    #[test]
    fn reads_parameters() {
        check("text/plain", "text/plain", &[]);
        check("Text/Plain; Charset=UTF-8; format=flowed", "text/plain", &[("charset", "UTF-8"), ("format", "flowed")]);
        check("text/plain; charset=us-ascii (Plain; text)", "text/plain", &[("charset", "us-ascii")]);
        check("text/plain (x) ; a = \"b;\\\"c\" ;; d", "text/plain", &[("a", "b;\"c")]);
        check(
            "attachment; filename=price list.pdf;size=3",
            "attachment",
            &[("filename", "price list.pdf"), ("size", "3")],
        );
        check("multipart/mixed; boundary=\"=_x (1)\"", "multipart/mixed", &[("boundary", "=_x (1)")]);
        check("multipart/mixed; boundary=\"open", "multipart/mixed", &[("boundary", "open")]);
        check("", "", &[]);
    }

    #[test]
    fn decodes_file_names() {
        for (text, wanted) in [
            ("attachment; filename=\"a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"=?gb2312?B?1tC5+g==?=.pdf\"", Some("中国.pdf")),
            ("attachment; filename*=UTF-8''%E4%B8%AD.pdf; filename=x", Some("中.pdf")),
            ("attachment; filename*1=\"b.pdf\"; filename*0*=utf-8'zh'%E4%B8%AD", Some("中b.pdf")),
            ("attachment", None),
        ] {
            assert_eq!(decoded(&parse(text).params, "filename").as_deref(), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "(;|=|\"|\\\\|\\(|\\)|\\*|'|%|filename|.){0,40}") {
            let _ = decoded(&parse(&text).params, "filename");
        }
    }
}
