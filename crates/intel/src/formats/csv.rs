//! Tables with commas (RFC 4180), whose first line names the columns, be it behind a `#`.

use std::io::BufRead;

use super::{FormatError, Taker, each_line};

/// Columns that name what is listed, the most telling first.
const COLUMNS: &[&str] = &[
    "url",
    "domain",
    "host",
    "hostname",
    "fqdn",
    "email",
    "address",
    "sender",
    "ip",
    "ip_address",
    "src_ip",
    "dst_ip",
    "cidr",
    "network",
    "sha256_hash",
    "sha256",
    "indicator",
    "ioc",
    "ioc_value",
    "value",
];

pub(super) fn read(source: &mut dyn BufRead, taker: &mut Taker<'_>) -> Result<(), FormatError> {
    let mut column = None;
    each_line(source, |line| {
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() {
            return Ok(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            column = named(&fields(comment)).or(column);
            return Ok(());
        }
        let fields = fields(line);
        match column {
            Some(at) => taker.word(fields.get(at).map(String::as_str).unwrap_or_default()),
            None => {
                column = named(&fields);
                let cause = || format!("its first line names none of the columns {}", COLUMNS.join(", "));
                column.map(|_| ()).ok_or_else(|| FormatError::Form { form: "table with commas", cause: cause() })
            }
        }
    })
}

fn named(fields: &[String]) -> Option<usize> {
    if fields.len() < 2 && fields.first().is_none_or(|field| field.contains(' ')) {
        return None;
    }
    let is = |wanted: &&str| fields.iter().position(|field| field.trim().eq_ignore_ascii_case(wanted));
    COLUMNS.iter().find_map(is)
}

/// The fields of a line; a quoted one may hold commas, and quotes twice.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let Some(field) = fields.last_mut() else { break };
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => field.push(c),
        }
    }
    fields
}
