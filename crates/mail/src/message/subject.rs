//! The base subject, by which IMAP sorts and threads (RFC 5256 section 2.1), and the collation it is compared under.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::words;

/// Marks of answers and forwards, in lowercase. RFC 5256 knows the first three; Chinese mail programs write the others,
/// and threads fall apart where they are not known.
const MARKS: [&str; 9] = ["re", "fwd", "fw", "回复", "答复", "转发", "回覆", "回信", "轉寄"];

/// A subject without the marks of answers and forwards.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BaseSubject {
    /// What remains, under [`casemap`]; equal subjects are equal octets.
    pub text: String,
    /// Whether there were such marks.
    pub is_reply_or_forward: bool,
}

/// The base subject of an unfolded Subject value.
#[must_use]
pub fn base_subject(value: &str) -> BaseSubject {
    // Step 1: decode, one space for each run of white space.
    let decoded = words::decode(value);
    let collapsed = decoded.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = collapsed.as_str();
    let mut marked = false;
    loop {
        // Step 2: trailers.
        while let Some(shorter) = without_trailer(rest) {
            marked |= shorter.len() + 1 < rest.len();
            rest = shorter;
        }
        // Steps 3 to 5: leaders, and blobs as long as something stays.
        loop {
            if let Some(shorter) = without_leader(rest) {
                marked = true;
                rest = shorter;
            } else if let Some(shorter) = without_blob(rest).filter(|shorter| !shorter.is_empty()) {
                rest = shorter;
            } else {
                break;
            }
        }
        // Step 6: the whole of it wrapped as a forward.
        match without_wrap(rest) {
            Some(inner) => {
                marked = true;
                rest = inner;
            }
            None => break,
        }
    }
    BaseSubject { text: casemap(rest).into_owned(), is_reply_or_forward: marked }
}

fn without_trailer(text: &str) -> Option<&str> {
    let trimmed = text.trim_end();
    if trimmed.len() < text.len() {
        return Some(trimmed);
    }
    let at = text.len().checked_sub(5)?;
    let tail = text.get(at..)?;
    tail.eq_ignore_ascii_case("(fwd)").then(|| text.get(..at)).flatten()
}

/// `subj-leader`: blobs, a mark, perhaps one blob, a colon.
fn without_leader(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    if rest.len() < text.len() {
        return Some(rest);
    }
    while let Some(shorter) = without_blob(rest) {
        rest = shorter;
    }
    let rest = MARKS.iter().find_map(|mark| without_mark(rest, mark))?;
    let rest = rest.trim_start();
    let rest = without_blob(rest).unwrap_or(rest);
    let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix('：'))?;
    Some(rest.trim_start())
}

fn without_mark<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let head = text.get(..mark.len())?;
    let rest = text.get(mark.len()..)?;
    (head.eq_ignore_ascii_case(mark) && !rest.starts_with(|c: char| c.is_alphanumeric())).then_some(rest)
}

/// `subj-blob`: `[...]` without brackets in it, and the white space behind.
fn without_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    inner.get(end..)?.strip_prefix(']').map(str::trim_start)
}

fn without_wrap(text: &str) -> Option<&str> {
    let head = text.get(..5)?;
    if !head.eq_ignore_ascii_case("[fwd:") {
        return None;
    }
    text.get(5..)?.strip_suffix(']')
}

/// i;unicode-casemap (RFC 5051 section 2): texts equal but for case become equal octets, whose order is the collation's.
#[must_use]
pub fn casemap(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Cow::Owned(text.to_ascii_uppercase());
        }
        return Cow::Borrowed(text);
    }
    // Titlecase of a character is its uppercase but for a few digraphs; those decompose to the same letters.
    Cow::Owned(text.chars().flat_map(char::to_uppercase).nfkd().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_base_subjects() {
        for (subject, wanted, marked) in [
            ("Order 17", "ORDER 17", false),
            ("Re: Order 17", "ORDER 17", true),
            ("RE[2]: Fwd:  order \t 17 (fwd) (Fwd) ", "ORDER 17", true),
            ("[list] Re: [list] order", "ORDER", true),
            ("[list] order", "ORDER", false),
            ("[list]", "[LIST]", false),
            ("[fwd: Re: order]", "ORDER", true),
            ("Re: [fwd: [x] order] (fwd)", "ORDER", true),
            ("Return of goods: yes", "RETURN OF GOODS: YES", false),
            ("回复：Re: 订单", "订单", true),
            ("=?utf-8?q?Re:_caf=C3=A9?=", "CAFE\u{301}", true),
            ("Re:", "", true),
            ("", "", false),
        ] {
            let found = base_subject(subject);
            assert_eq!((found.text.as_str(), found.is_reply_or_forward), (wanted, marked), "{subject}");
        }
    }

    proptest! {
        #[test]
        fn any_subject(text in "(re|fwd|\\[|\\]|:|\\(fwd\\)| |回复|.){0,30}") {
            let _ = base_subject(&text);
        }
    }
}
