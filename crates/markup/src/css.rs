//! Styles: declarations and style sheets are read by a small grammar, and written anew from what it understood.
//!
//! The grammar is narrower than that of CSS (Syntax Module Level 3): no escapes, no functions but those that reckon, no attribute
//! selectors, no rules but those for media. Whatever else there is makes that declaration or rule go. So a browser that reads the result
//! in another way than this does still finds nothing in it that loads or tells anything.

use crate::allowed::{FUNCTIONS, PSEUDO_CLASSES, is_property};

/// Characters of a value, or of a selector, that are read.
const PIECE_BYTES_MAX: usize = 2048;

/// Put before names of elements, so that they are not mistaken for the page's own.
pub(crate) const ID_PREFIX: &str = "m-";

/// What is kept of a style.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Styled {
    pub(crate) text: String,
    /// Things that would have been loaded.
    pub(crate) remote: usize,
}

/// The declarations of a style attribute or of a rule.
pub(crate) fn declarations(style: &str) -> Styled {
    let mut styled = Styled::default();
    let style = without_comments(style);
    for declaration in split_outside(&style, ';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        let (value, important) = without_important(value.trim());
        if loads(value) {
            styled.remote += 1;
        }
        if !is_property(&name) || !is_value(value) {
            continue;
        }
        styled.text.push_str(&name);
        styled.text.push(':');
        styled.text.push_str(value);
        if important {
            styled.text.push_str(" !important");
        }
        styled.text.push(';');
    }
    styled
}

/// A style sheet.
pub(crate) fn sheet(text: &str) -> Styled {
    let text = without_comments(text).replace("<!--", " ").replace("-->", " ");
    let mut styled = Styled::default();
    rules(&text, true, &mut styled);
    styled
}

fn rules(text: &str, may_nest: bool, styled: &mut Styled) {
    let mut rest = text;
    while let Some(end) = rest.find(['{', ';']) {
        let (prelude, behind) = rest.split_at(end);
        if behind.starts_with(';') {
            // A rule without a block: @import, @charset, @namespace.
            styled.remote +=
                usize::from(prelude.trim_start().get(..7).is_some_and(|at| at.eq_ignore_ascii_case("@import")));
            rest = behind.get(1..).unwrap_or_default();
            continue;
        }
        let (block, after) = block(behind.get(1..).unwrap_or_default());
        rest = after;
        rule(prelude.trim(), block, may_nest, styled);
    }
    let last = rest.trim_start();
    styled.remote += usize::from(last.get(..7).is_some_and(|at| at.eq_ignore_ascii_case("@import")));
}

fn rule(prelude: &str, block: &str, may_nest: bool, styled: &mut Styled) {
    if let Some(at_rule) = prelude.strip_prefix('@') {
        let query = at_rule.get(..5).filter(|name| name.eq_ignore_ascii_case("media")).and_then(|_| at_rule.get(5..));
        match query {
            Some(query) if may_nest && is_query(query) => {
                let mut inner = Styled::default();
                rules(block, false, &mut inner);
                styled.remote += inner.remote;
                if !inner.text.is_empty() {
                    styled.text.push_str(&format!("@media {}{{{}}}", query.trim(), inner.text));
                }
            }
            _ => styled.remote += usize::from(loads(block)),
        }
        return;
    }
    let inner = declarations(block);
    styled.remote += inner.remote;
    if inner.text.is_empty() {
        return;
    }
    let selectors: Vec<String> = prelude.split(',').filter_map(selector).collect();
    if !selectors.is_empty() {
        styled.text.push_str(&format!("{}{{{}}}", selectors.join(","), inner.text));
    }
}

/// The text up to the brace that closes a block, and what stands behind it.
fn block(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            '}' => depth -= 1,
            _ => {}
        }
    }
    (text, "")
}

/// A selector of elements, classes, names and a few pseudo-classes; none if it has anything else.
fn selector(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > PIECE_BYTES_MAX || text.to_ascii_lowercase().contains("tradewind") {
        return None;
    }
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '*' | '>' | '+' | '~' => written.push(c),
            c if c.is_whitespace() => written.push(' '),
            '#' => {
                written.push('#');
                written.push_str(ID_PREFIX);
            }
            ':' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphabetic() || c == '-')).unwrap_or(rest.len());
                let (name, behind) = rest.split_at(end);
                if !PSEUDO_CLASSES.contains(&name.to_ascii_lowercase().as_str()) {
                    return None;
                }
                written.push(':');
                written.push_str(name);
                rest = behind;
            }
            _ => return None,
        }
    }
    Some(written)
}

/// What comes behind `@media`: words, numbers and lengths.
fn is_query(query: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "():-,.".contains(c);
    query.len() <= PIECE_BYTES_MAX && query.chars().all(is_plain)
}

/// Whether a value is made of words, numbers, colours, quoted names and functions that reckon.
fn is_value(value: &str) -> bool {
    if value.is_empty() || value.len() > PIECE_BYTES_MAX {
        return false;
    }
    let mut quoted: Option<char> = None;
    let (mut word_start, mut open) = (0, 0_usize);
    for (at, c) in value.char_indices() {
        if let Some(quote) = quoted {
            match c {
                c if c == quote => quoted = None,
                // Names of fonts; nothing that ends a string or begins an escape.
                c if c.is_alphanumeric() || " -_.,+&".contains(c) => {}
                _ => return false,
            }
            continue;
        }
        match c {
            '\'' | '"' => quoted = Some(c),
            '(' => {
                let word = value.get(word_start..at).unwrap_or_default().to_ascii_lowercase();
                // Brackets alone stand within what is reckoned.
                if !(FUNCTIONS.contains(&word.as_str()) || (word.is_empty() && open > 0)) {
                    return false;
                }
                open += 1;
            }
            ')' => match open.checked_sub(1) {
                Some(less) => open = less,
                None => return false,
            },
            c if c.is_alphanumeric() || matches!(c, '-' | '_') => continue,
            ' ' | '\t' | '\n' | '\r' | '\u{c}' | ',' | '.' | '%' | '#' | '+' | '*' | '/' => {}
            _ => return false,
        }
        word_start = at + c.len_utf8();
    }
    quoted.is_none() && open == 0
}

/// Whether something would be loaded by a value.
fn loads(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["url", "image", "src"]
        .iter()
        .any(|name| value.match_indices(name).any(|(at, _)| value.get(at..).is_some_and(|from| from.contains('('))))
        && !value.contains("data:")
}

fn without_important(value: &str) -> (&str, bool) {
    match value.rsplit_once('!') {
        Some((value, word)) if word.trim().eq_ignore_ascii_case("important") => (value.trim_end(), true),
        _ => (value, false),
    }
}

/// A comment becomes a blank; one that does not end goes on to the end.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("/*") {
        out.push_str(before);
        out.push(' ');
        rest = behind.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Pieces between separators that stand in no quotes and brackets.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut quoted, mut open) = (None, 0_usize);
    for (at, c) in text.char_indices() {
        match (quoted, c) {
            (Some(quote), c) if c == quote => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quoted = Some(c),
            (None, '(') => open += 1,
            (None, ')') => open = open.saturating_sub(1),
            (None, c) if c == separator && open == 0 => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_of_honest_mail_stay() {
        for (style, expected) in [
            ("margin:0; padding : 1px 2px", "margin:0;padding:1px 2px;"),
            ("COLOR: #1F497D !important", "color:#1F497D !important;"),
            ("font-family:'Segoe UI',\"微软雅黑\",sans-serif", "font-family:'Segoe UI',\"微软雅黑\",sans-serif;"),
            (
                "width:calc(100% - (2 * 8px));background:rgba(0,0,0,.5)",
                "width:calc(100% - (2 * 8px));background:rgba(0,0,0,.5);",
            ),
            ("mso-line-height-rule:exactly;line-height:1.5", "line-height:1.5;"),
            ("color:red;/* x */ margin:0", "color:red;margin:0;"),
        ] {
            assert_eq!(declarations(style).text, expected, "{style}");
        }
    }

    #[test]
    fn declarations_that_load_or_leave_their_place_go() {
        for style in [
            "background:url(https://x.test/)",
            "background:URL( 'https://x.test/' )",
            "background:u\\72l(https://x.test/)",
            "background:\\75\\72\\6c(https://x.test/)",
            "background:url/**/(https://x.test/)",
            "background-image:image-set('https://x.test/' 1x)",
            "background:red url(x)",
            "list-style:url(x)",
            "position:fixed",
            "z-index:9",
            "content:'x'",
            "color:var(--x)",
            "--x:url(x)",
            "width:expression(alert(1))",
            "behavior:url(x)",
            "-moz-binding:url(x)",
            "color:red}p{color:blue",
            "color:red<",
            "font-family:'a\\'b'",
            "font-family:'a",
            "width:attr(x)",
            "color:env(x)",
            "unicode-bidi:bidi-override",
            "transform:translate(1px)",
            "cursor:pointer",
        ] {
            assert_eq!(declarations(style).text, "", "{style}");
        }
    }

    #[test]
    fn sheets_are_written_anew() {
        for (text, expected) in [
            ("p, #body .x > td:hover { color : red }", "p,#m-body .x > td:hover{color:red;}"),
            ("<!-- p{color:red} -->", "p{color:red;}"),
            (
                "@media only screen and (max-width:600px){.a{width:100%!important}}",
                "@media only screen and (max-width:600px){.a{width:100% !important;}}",
            ),
            ("@import url(x);p{color:red}", "p{color:red;}"),
            ("@font-face{font-family:x;src:url(y)}p{color:red}", "p{color:red;}"),
            ("a[href^=x]{color:red}", ""),
            ("a[href^=x],b{color:red}", "b{color:red;}"),
            (".tradewind-leads{display:none}", ""),
            ("p:has(a){color:red}", ""),
            ("p::before{color:red}", ""),
            ("@media (x){@media (y){p{color:red}}}", ""),
            ("p{color:red", "p{color:red;}"),
            ("p{}", ""),
            ("</style><script>{color:red}", ""),
            ("@supports (a:b){p{color:red}}b{color:blue}", "b{color:blue;}"),
            ("@keyframes x{from{color:red}to{color:blue}}", ""),
        ] {
            assert_eq!(sheet(text).text, expected, "{text}");
        }
    }

    #[test]
    fn what_would_have_been_loaded_is_counted() {
        assert_eq!(declarations("background:url(https://x.test/);background:u/**/rl(x)").remote, 1);
        assert_eq!(sheet("@import 'x';@font-face{src:url(y)}p{background:url(z)}@import 'w'").remote, 4);
    }
}
