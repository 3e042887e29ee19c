//! Answers on standard output: JSON for scripts, aligned text for people.

use serde_json::Value;

/// Prints `answer` in one line of JSON, or as people read it.
pub(crate) fn print(answer: &Value, json: bool) {
    if json {
        println!("{answer}");
    } else {
        print!("{}", text(answer));
    }
}

/// Prints a list of objects as comma-separated values (RFC 4180).
pub(crate) fn print_csv(answer: &Value) {
    print!("{}", csv(answer));
}

fn csv(answer: &Value) -> String {
    let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(names) = rows.first().and_then(Value::as_object).map(|first| first.keys().cloned().collect::<Vec<_>>())
    else {
        return String::new();
    };
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let head = line(names.iter().map(|name| csv_cell(name)).collect());
    let body = rows
        .iter()
        .map(|row| line(names.iter().map(|name| csv_cell(&row.get(name).map_or_else(String::new, plain))).collect()));
    head + &body.collect::<String>()
}

fn plain(value: &Value) -> String {
    if value.is_null() { String::new() } else { cell(value) }
}

/// A cell, quoted where needed. One that a spreadsheet would take for a formula begins with an apostrophe.
fn csv_cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

fn text(answer: &Value) -> String {
    match answer {
        Value::Array(rows) => table(rows),
        Value::Object(fields) => fields.iter().map(|(name, value)| field(name, value)).collect(),
        other => format!("{}\n", cell(other)),
    }
}

/// One field; a list of objects below its name as a table.
fn field(name: &str, value: &Value) -> String {
    let name = name.replace('_', " ");
    match value {
        Value::Array(rows) if rows.iter().any(Value::is_object) => format!("{name}:\n{}", table(rows)),
        Value::Array(lines) if lines.len() > 1 => {
            lines.iter().fold(format!("{name}:\n"), |text, line| text + "  " + &cell(line) + "\n")
        }
        other => format!("{name}: {}\n", cell(other)),
    }
}

fn table(rows: &[Value]) -> String {
    let Some(names) = rows.first().and_then(Value::as_object).map(|first| first.keys().cloned().collect::<Vec<_>>())
    else {
        return rows.iter().fold(String::new(), |text, row| text + &cell(row) + "\n");
    };
    let mut lines = vec![names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| names.iter().map(|name| cell(row.get(name).unwrap_or(&Value::Null))).collect()));
    let widths: Vec<usize> = (0..names.len())
        .map(|column| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    lines.iter().fold(String::new(), |text, line| {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text + cells.join("  ").trim_end() + "\n"
    })
}

pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{csv, text};

    #[test]
    fn values_stay_values_in_a_spreadsheet() {
        let list = json!([{ "a": "x,\"y\"", "b": "=1+1", "c": null, "d": ["p", "q"] }]);
        assert_eq!(csv(&list), "a,b,c,d\r\n\"x,\"\"y\"\"\",'=1+1,,p q\r\n");
    }

    #[test]
    fn lists_become_tables_and_objects_lines() {
        let list = json!([{ "address": "a@b", "bytes": 5 }, { "address": "long@b", "bytes": null }]);
        assert_eq!(text(&list), "address  bytes\na@b      5\nlong@b   -\n");
        assert_eq!(text(&json!({ "quota_bytes": 5, "left_out": ["x", "y"] })), "quota bytes: 5\nleft out:\n  x\n  y\n");
    }
}
