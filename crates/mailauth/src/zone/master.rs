//! Master files (RFC 1035 section 5).

use super::{Data, Fault, Kind, ZoneFile, data};

pub(super) const REMEDY: &str = "write a map of names in YAML, or lines as `name IN TXT \"text\"` (RFC 1035 section 5)";

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    is_quoted: bool,
}

/// The words of one entry, which may span lines by parentheses.
struct Entry {
    line: usize,
    starts_with_space: bool,
    words: Vec<Word>,
}

pub(super) fn read(text: &str) -> Result<ZoneFile, Fault> {
    let mut zone = ZoneFile::default();
    let mut origin = String::new();
    let mut owner: Option<String> = None;
    for entry in entries(text)? {
        let fault = |what: String| Fault { line: entry.line, what };
        let Some(first) = entry.words.first() else { continue };
        match first.text.to_ascii_uppercase().as_str() {
            "$ORIGIN" => {
                let name = entry.words.get(1).ok_or_else(|| fault("$ORIGIN lacks a name".to_owned()))?;
                origin = absolute(&name.text, &origin);
                continue;
            }
            "$TTL" => continue,
            directive if directive.starts_with('$') => {
                return Err(fault(format!("`{directive}` is not understood")));
            }
            _ => {}
        }
        let mut words = entry.words.as_slice();
        if !entry.starts_with_space {
            owner = Some(absolute(&first.text, &origin));
            words = words.get(1..).unwrap_or_default();
        }
        let name = owner.as_deref().ok_or_else(|| fault("the first record has no name".to_owned()))?;
        record(&mut zone, name, words, &origin).map_err(fault)?;
    }
    if zone.names.is_empty() {
        return Err(Fault { line: 1, what: "holds no record".to_owned() });
    }
    zone.complete();
    Ok(zone)
}

fn record(zone: &mut ZoneFile, name: &str, words: &[Word], origin: &str) -> Result<(), String> {
    // Time to live and class stand before the type in either order, and may both be missing.
    let is_between = |word: &&Word| {
        word.text.eq_ignore_ascii_case("IN") || word.text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
    };
    let skipped = words.iter().take(2).take_while(is_between).count();
    let kind_word = words.get(skipped).ok_or("a record lacks its type")?;
    let rest = words.get(skipped + 1..).unwrap_or_default();
    let Some(kind) = Kind::named(&kind_word.text) else {
        if Kind::is_passed_over(&kind_word.text) {
            return Ok(());
        }
        return Err(format!("`{}` is no record type", kind_word.text));
    };
    let parts: Vec<String> = rest.iter().map(|word| word.text.clone()).collect();
    let found = match data(kind, &parts)? {
        Data::Name(target) => Data::Name(absolute(&target, origin)),
        Data::Exchanger(mut mx) => {
            // The final dot is gone from `mx`; look at the word itself.
            mx.exchange = absolute(parts.get(1).map_or("", String::as_str), origin);
            Data::Exchanger(mx)
        }
        other => other,
    };
    if parts.is_empty() {
        return Err("a record lacks its value".to_owned());
    }
    zone.add(name, kind, found);
    Ok(())
}

/// A name without its final dot; relative ones are completed.
fn absolute(name: &str, origin: &str) -> String {
    match name.strip_suffix('.') {
        Some(name) => name.to_owned(),
        None if name == "@" => origin.to_owned(),
        None if origin.is_empty() => name.to_owned(),
        None => format!("{name}.{origin}"),
    }
}

fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut found: Vec<Entry> = Vec::new();
    let mut depth = 0usize;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        if depth == 0 {
            let starts_with_space = line.starts_with([' ', '\t']);
            found.push(Entry { line: number, starts_with_space, words: Vec::new() });
        }
        let Some(entry) = found.last_mut() else { continue };
        depth = words(line, depth, &mut entry.words).map_err(|what| Fault { line: number, what })?;
    }
    if depth > 0 {
        return Err(Fault { line: text.lines().count().max(1), what: "a parenthesis is not closed".to_owned() });
    }
    Ok(found)
}

/// Splits a line; returns how many parentheses stay open.
fn words(line: &str, depth: usize, found: &mut Vec<Word>) -> Result<usize, String> {
    let mut depth = depth;
    let mut rest = line.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            ' ' | '\t' => {}
            ';' => break,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a parenthesis closes that was not opened")?,
            '"' => found.push(Word { text: string(&mut rest)?, is_quoted: true }),
            _ => {
                let mut text = String::new();
                let mut next = Some(first);
                while let Some(c) = next {
                    text.push(if c == '\\' { escaped(&mut rest)? } else { c });
                    next = rest.next_if(|c| !matches!(c, ' ' | '\t' | ';' | '(' | ')' | '"'));
                }
                found.push(Word { text, is_quoted: false });
            }
        }
    }
    Ok(depth)
}

fn string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(text),
            '\\' => text.push(escaped(rest)?),
            _ => text.push(c),
        }
    }
    Err("a quotation mark is not closed".to_owned())
}

/// The character after a backslash: itself, or the octet that three digits name.
fn escaped(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, String> {
    let first = rest.next().ok_or("a backslash ends the line")?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let digits: String = std::iter::once(first).chain(rest.by_ref().take(2)).collect();
    digits.parse::<u8>().map(char::from).map_err(|_| format!("`\\{digits}` names no octet"))
}
