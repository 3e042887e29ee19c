//! What `yara -m -g -s` writes: a line for each rule that matches a file, and below it one for each place of its strings.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

/// Rules of one message that are kept.
const MATCHES_MAX: usize = 64;

/// Octets of a line that are kept.
const LINE_OCTETS_MAX: u64 = 16 * 1024;

/// Characters of a value in a rule's description of itself.
const VALUE_CHARS_MAX: usize = 300;

/// A rule that matches a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Number of the part.
    pub part: usize,
    /// The rule's name: letters, digits, underscores.
    pub rule: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it says of itself (`meta`).
    pub meta: BTreeMap<String, String>,
    /// The first of its strings that was found, and its octet in the part.
    pub found: Option<(String, u64)>,
}

/// Reads an answer, in which part 0 is the file of the descriptor `first`. Lines that are neither are passed over.
pub(super) fn read(from: &mut impl BufRead, first: i32) -> io::Result<Vec<Match>> {
    let mut matches: Vec<Match> = Vec::new();
    while let Some(line) = read_line(from)? {
        if let Some(found) = place(&line) {
            if let Some(last) = matches.last_mut().filter(|last| last.found.is_none()) {
                last.found = Some(found);
            }
        } else if let Some(one) = rule(&line, first)
            && matches.len() < MATCHES_MAX
        {
            matches.push(one);
        }
    }
    Ok(matches)
}

/// The next line, cut; none at the end.
fn read_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if from.take(LINE_OCTETS_MAX).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    while line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        if from.take(LINE_OCTETS_MAX).read_until(b'\n', &mut rest)? == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

/// `0x1f:$a: text`; what was found itself is the sender's and not kept.
fn place(line: &str) -> Option<(String, u64)> {
    let (offset, rest) = line.strip_prefix("0x")?.split_once(':')?;
    let name = rest.split(':').next()?;
    let is_name = name.strip_prefix('$')?.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
    is_name.then_some(())?;
    Some((name.to_owned(), u64::from_str_radix(offset, 16).ok()?))
}

/// `Rule [tag,tag] [name="value",other =3] /proc/self/fd/4`.
fn rule(line: &str, first: i32) -> Option<Match> {
    let (rule, rest) = line.split_once(" [")?;
    let is_name = !rule.is_empty() && rule.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
    is_name.then_some(())?;
    let (tags, rest) = rest.split_once("] [")?;
    let (described, path) = rest.rsplit_once("] ")?;
    let descriptor: i32 = path.strip_prefix("/proc/self/fd/")?.parse().ok()?;
    let part = usize::try_from(descriptor - first).ok()?;
    let tags = tags.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    Some(Match { part, rule: rule.to_owned(), tags, meta: meta(described), found: None })
}

fn meta(described: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = described;
    while let Some((name, behind)) = rest.split_once('=') {
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => {
                let end = end_of_quoted(quoted);
                let value = unescaped(quoted.get(..end).unwrap_or_default());
                (value, quoted.get(end..).unwrap_or_default().trim_start_matches('"'))
            }
            None => {
                let end = behind.find(',').unwrap_or(behind.len());
                (behind.get(..end).unwrap_or_default().to_owned(), behind.get(end..).unwrap_or_default())
            }
        };
        let value = value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
        found.insert(name.trim_matches([',', ' ']).to_owned(), value);
        rest = behind;
    }
    found
}

/// Where the quote ends that began before `text`.
fn end_of_quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Undoes `\"`, `\\` and octets in three digits (`\303\251`).
fn unescaped(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        if *octet != b'\\' {
            octets.push(*octet);
            continue;
        }
        let digits = behind.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(octet) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            octets.push(octet);
            rest = behind.get(3..).unwrap_or_default();
        } else if let Some((octet, behind)) = behind.split_first() {
            octets.push(*octet);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let answer = concat!(
            "Foo_Bar [malware,dropper] [description=\"bad \\\"file\\\" \\303\\251\\\\, x=1\",tradewind_weight =4,neg =-3,b=true] /proc/self/fd/4\n",
            "0x9:$a: evil] [x=\"1\"] /proc/self/fd/9\n",
            "0x0:$a: evil\n",
            "Plain [] [] /proc/self/fd/5\n",
            "warning: [] [] /proc/self/fd/5\n",
        );
        let found = read(&mut answer.as_bytes(), 4).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].part, found[0].rule.as_str()), (0, "Foo_Bar"));
        assert_eq!(found[0].tags, ["malware", "dropper"]);
        let meta: Vec<(&str, &str)> =
            found[0].meta.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let description = ("description", "bad \"file\" é\\, x=1");
        assert_eq!(meta, [("b", "true"), description, ("neg", "-3"), ("tradewind_weight", "4")]);
        assert_eq!(found[0].found, Some(("$a".to_owned(), 9)));
        assert_eq!(found[1], Match { part: 1, rule: "Plain".to_owned(), ..Match::default() });
    }

    #[test]
    fn lines_without_end_are_cut() {
        let answer = format!("0x1:$a: {}\nPlain [] [] /proc/self/fd/4\n", "x".repeat(100_000));
        assert_eq!(read(&mut answer.as_bytes(), 4).unwrap().len(), 1);
        assert!(read(&mut [0xff; 70_000].as_slice(), 4).unwrap().is_empty());
    }
}
