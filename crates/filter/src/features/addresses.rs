//! Where links lead and who says to write, in words: parts of hosts, words of paths, runs of letters, and how a name is put together.

use crate::facts::{Facts, Link, Place, Sender};

use super::{Group, Recorder, hashed};

/// Links that are looked at.
const LINKS_MAX: usize = 60;

/// Letters of a word of a path; what is longer is no word.
const PATH_WORD_MAX: usize = 20;

/// Names that are set aside for tests and examples. Made mail uses them and real mail does not, so they say nothing.
const RESERVED: [&str; 4] = ["test", "example", "invalid", "localhost"];

/// Tells `recorder` the words of addresses.
pub(super) fn record(facts: &Facts, recorder: &mut dyn Recorder) {
    for link in facts.links.iter().take(LINKS_MAX) {
        target(link, recorder);
    }
    if let Some(from) = facts.from.as_ref().filter(|_| facts.has_header) {
        sender(from, recorder);
    }
}

fn target(link: &Link, recorder: &mut dyn Recorder) {
    let kind = if link.place == Place::Picture { b'P' } else { b'L' };
    let mut note = |first: &str, second: &str, name: &dyn Fn() -> String| {
        recorder.note(Group::Links, hashed(kind, first, second), name);
    };
    if let Some(suffix) = suffix(&link.domain) {
        note("tld", suffix, &|| format!("link to .{suffix}"));
    }
    let host = link.host.to_lowercase();
    let own = unreserved(&host);
    for word in letters(own).filter(|word| word.len() > 1) {
        note("h", word, &|| format!("link to {word}"));
    }
    let mut before = "";
    let path = link.path.to_lowercase();
    for word in letters(&path).filter(|word| word.len() > 1 && word.len() < PATH_WORD_MAX) {
        note("p", word, &|| format!("link with {word}"));
        if !before.is_empty() {
            note(before, word, &|| format!("link with {before} {word}"));
        }
        before = word;
    }
    // What somebody registered, be it below one label or two.
    let registered = if own.len() < host.len() { own.rsplit('.').next() } else { own.rsplit('.').nth(1) };
    runs(registered.unwrap_or_default(), &mut |run| note("g", run, &|| format!("link to \u{2026}{run}\u{2026}")));
}

fn sender(from: &Sender, recorder: &mut dyn Recorder) {
    let mut note = |first: &str, second: &str| {
        recorder.note(Group::Sender, hashed(b'f', first, second), &|| format!("sender {second}"));
    };
    let name = from.name.to_lowercase();
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        note("n", word);
    }
    if let Some(suffix) = suffix(&from.domain) {
        note("tld", suffix);
    }
    let local = from.address.split('@').next().unwrap_or_default();
    let local = local.to_lowercase();
    for word in letters(&local).filter(|word| word.len() > 1) {
        note("l", word);
    }
    note("shape", &shape(&local, true));
    note("nshape", &shape(&from.name, false));
    let host = from.host.to_lowercase();
    for text in [local.as_str(), unreserved(&host)] {
        runs(text, &mut |run| note("g", run));
    }
}

/// The last label of a domain, unless it is set aside.
fn suffix(domain: &str) -> Option<&str> {
    domain.rsplit('.').next().filter(|label| !label.is_empty() && !RESERVED.contains(label))
}

/// A host without the labels at its end that are set aside.
fn unreserved(host: &str) -> &str {
    let mut rest = host;
    loop {
        let (before, last) = rest.rsplit_once('.').unwrap_or(("", rest));
        if !RESERVED.contains(&last) {
            return rest;
        }
        rest = before;
    }
}

fn letters(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphabetic())
}

/// Each three letters in a row, with marks where the text begins and ends.
fn runs(text: &str, note: &mut dyn FnMut(&str)) {
    if text.is_empty() {
        return;
    }
    let marked = format!("^{text}$");
    let starts: Vec<usize> = marked.char_indices().map(|(at, _)| at).chain([marked.len()]).collect();
    for window in starts.windows(4) {
        let (Some(from), Some(to)) = (window.first(), window.last()) else { continue };
        note(marked.get(*from..*to).unwrap_or_default());
    }
}

/// What kinds of characters follow one another; each digit counts if `counts_digits`, a row of letters is one.
fn shape(text: &str, counts_digits: bool) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        let kind = match c {
            _ if c.is_ascii_digit() => '0',
            _ if !counts_digits && c.is_uppercase() => 'A',
            _ if c.is_alphabetic() => 'a',
            _ => c,
        };
        if !shape.ends_with(kind) || counts_digits && kind == '0' {
            shape.push(kind);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_set_aside_say_nothing() {
        assert_eq!(
            ["shop.example.test", "a.b.example", "example.test", "bank.co.uk", "test.com"].map(unreserved),
            ["shop", "a.b", "", "bank.co.uk", "test.com"]
        );
        assert_eq!([suffix("x.example"), suffix("x.top"), suffix("")], [None, Some("top"), None]);
    }

    #[test]
    fn shapes_of_names() {
        assert_eq!(shape("j.smith42", true), "a.a00");
        assert_eq!([shape("Anna Becker", false), shape("WIN1000$", false)], ["Aa Aa", "A0$"]);
    }

    #[test]
    fn runs_of_letters() {
        let mut found = Vec::new();
        runs("abc", &mut |run| found.push(run.to_owned()));
        assert_eq!(found, ["^ab", "abc", "bc$"]);
    }
}
