//! Sizes of files and functions. A function fits on a screen, a file is read at one sitting.

use crate::Untidy;
use crate::tree::{Source, Tree};

/// Lines of a source file; tests, generated data and [`TABLES`] are exempt.
const FILE_LINES_MAX: usize = 600;

/// Tables in which one looks up a row, and which nobody reads through.
const TABLES: [&str; 1] = ["crates/api/src/actions/list.rs"];

/// Lines of a function from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 85;

/// Names that say nothing of what a module is for.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "manager"];

pub(crate) fn check(tree: &Tree) -> Vec<Untidy> {
    tree.sources.iter().filter(|source| !is_test(&source.path)).flat_map(check_source).collect()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs") || path.contains("/testing/")
}

fn check_source(source: &Source) -> Vec<Untidy> {
    let mut found = Vec::new();
    let stem = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    if EMPTY_NAMES.contains(&stem) {
        found.push(Untidy {
            place: source.path.clone(),
            what: format!("`{stem}` names nothing; say what the module is for"),
        });
    }
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX && !TABLES.contains(&source.path.as_str()) {
        found.push(Untidy {
            place: source.path.clone(),
            what: format!("has {lines} lines, at most {FILE_LINES_MAX}: look for the seam"),
        });
    }
    for (name, first, length) in functions(&source.text) {
        if length > FUNCTION_LINES_MAX {
            found.push(Untidy {
                place: format!("{}:{first}", source.path),
                what: format!("`{name}` has {length} lines, at most {FUNCTION_LINES_MAX}"),
            });
        }
    }
    found
}

/// Name, first line and length of each function, found by the indentation that rustfmt gives its closing brace.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let Some(name) = function_name(body) else { continue };
        let closing = lines.iter().skip(at).position(|end| {
            end.len() - end.trim_start().len() == indent
                && (end.trim_start() == "}" || end.ends_with(';') && end.trim_start().starts_with(')'))
        });
        if line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        if let Some(length) = closing {
            found.push((name, at + 1, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let before = line.split("fn ").next()?;
    let modifiers = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "unsafe" | "extern")
            || word.starts_with("pub(")
            || word.starts_with('"')
    });
    let rest = line.strip_prefix(before)?.strip_prefix("fn ")?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (modifiers && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured() {
        let text = "impl A {\n    pub fn one(&self) -> u8 {\n        1\n    }\n}\nfn two() {}\nasync fn three(\n    a: u8,\n) {\n    a;\n}\n";
        assert_eq!(functions(text), vec![("one".to_owned(), 2, 3), ("three".to_owned(), 7, 5)]);
    }

    #[test]
    fn long_functions_are_found() {
        let body = "    let a = 1;\n".repeat(FUNCTION_LINES_MAX);
        let source = Source { path: "crates/a/src/b.rs".to_owned(), text: format!("fn long() {{\n{body}}}\n") };
        assert_eq!(check_source(&source).len(), 1);
    }
}
