//! The index of RFC sections: where each is kept in the code, written from the comments that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use crate::Untidy;
use crate::tree::Tree;

const INDEX: &str = "docs/rfc-index.md";

/// What is said of each RFC beside the places found: `docs/rfc-status.tsv` with RFC number, state (Yes, Partly, No) and remark.
const STATUS: &str = "docs/rfc-status.tsv";

pub(crate) fn check(tree: &Tree) -> Vec<Untidy> {
    let untidy = |what: String| vec![Untidy { place: INDEX.to_owned(), what }];
    let wanted = match index(tree) {
        Ok(wanted) => wanted,
        Err(error) => return untidy(error),
    };
    match fs::read_to_string(tree.root.join(INDEX)) {
        Ok(found) if found == wanted => Vec::new(),
        _ => untidy("is out of date: run `cargo xtask rfc-index`".to_owned()),
    }
}

pub(crate) fn write(tree: &Tree) -> Result<(), String> {
    fs::write(tree.root.join(INDEX), index(tree)?).map_err(|error| format!("{INDEX}: {error}"))
}

fn index(tree: &Tree) -> Result<String, String> {
    let status = fs::read_to_string(tree.root.join(STATUS)).map_err(|error| format!("{STATUS}: {error}"))?;
    let mut places: BTreeMap<u32, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in &tree.sources {
        for (number, section) in mentions(&source.text) {
            places.entry(number).or_default().entry(source.path.clone()).or_default().insert(section);
        }
    }
    let mut text = String::from(
        "# RFC index\n\nWritten by `cargo xtask rfc-index` from the comments at the code and from `rfc-status.tsv`; do not edit.\n",
    );
    let mut told = BTreeSet::new();
    for line in status.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (Some(number), Some(state), Some(title)) = (columns.next(), columns.next(), columns.next()) else {
            return Err(format!("{STATUS}: `{line}` lacks a column: number, state, title, remark"));
        };
        let number: u32 = number.parse().map_err(|_| format!("{STATUS}: `{number}` is no RFC number"))?;
        if !matches!(state, "Yes" | "Partly" | "No") {
            return Err(format!("{STATUS}: state of RFC {number} is `{state}`; say Yes, Partly or No"));
        }
        told.insert(number);
        let remark = columns.next().unwrap_or_default();
        let _ = writeln!(text, "\n## RFC {number}: {title}\n\n{state}. {remark}");
        for (path, sections) in places.get(&number).into_iter().flatten() {
            let sections: Vec<&str> =
                sections.iter().map(String::as_str).filter(|section| !section.is_empty()).collect();
            let sections = if sections.is_empty() { String::new() } else { format!(": {}", sections.join(", ")) };
            let _ = writeln!(text, "- `{path}`{sections}");
        }
    }
    let untold: Vec<String> = places.keys().filter(|number| !told.contains(number)).map(u32::to_string).collect();
    if untold.is_empty() { Ok(text) } else { Err(format!("{STATUS} says nothing of RFC {}", untold.join(", "))) }
}

/// RFC number and section (may be empty) of each mention such as `RFC 5321 section 4.1`.
fn mentions(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for rest in text.split("RFC ").skip(1) {
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = number.parse::<u32>() else { continue };
        let after = rest.get(number.to_string().len()..).unwrap_or_default();
        let after = after.trim_start_matches([',', ' ']);
        let section = after.strip_prefix("section ").unwrap_or_default();
        let section: String = section.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        found.push((number, section.trim_end_matches('.').to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn mentions_are_found() {
        let text = "see RFC 5321 section 4.1.1.4. And RFC 3207, section 4.2; RFC 9051.";
        let expected = [(5321, "4.1.1.4"), (3207, "4.2"), (9051, "")];
        assert_eq!(mentions(text), expected.map(|(number, section)| (number, section.to_owned())));
    }
}
