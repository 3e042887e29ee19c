//! Comma-separated values (RFC 4180): read with the line and column of whatever is wrong, written so that no spreadsheet takes a value
//! for a formula.

/// Bytes of a file.
pub const FILE_BYTES_MAX: usize = 64 << 20;

/// Where a record stands and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its fields.
    pub fields: Vec<String>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Bytes that are not UTF-8.
    #[error(
        "line {line} is not UTF-8, as when a spreadsheet saved it in a Chinese or Western code page; save it as \"CSV UTF-8\", or convert \
         it: iconv -f GB18030 -t UTF-8 FILE"
    )]
    NotUtf8 {
        /// Where.
        line: usize,
    },
    /// A quote where none may be.
    #[error(
        "line {line}, column {column}: a quote within an unquoted field; write the field in quotes, and quotes in it twice"
    )]
    StrayQuote {
        /// Where.
        line: usize,
        /// Which field, from 1.
        column: usize,
    },
    /// Something between a quoted field and the next comma.
    #[error("line {line}, column {column}: text after the closing quote; write quotes within a field twice")]
    AfterQuote {
        /// Where.
        line: usize,
        /// Which field, from 1.
        column: usize,
    },
    /// The file ends within quotes.
    #[error("line {line}, column {column}: the quote that begins here never ends")]
    Unclosed {
        /// Where.
        line: usize,
        /// Which field, from 1.
        column: usize,
    },
    /// The file is too long.
    #[error("the file has more than {FILE_BYTES_MAX} bytes; divide it")]
    TooLong,
}

/// Reads a file: UTF-8, with or without byte order mark, lines ended by CRLF or LF. Empty lines are passed over.
///
/// # Errors
/// [`CsvError`] with the line and column.
pub fn read(bytes: &[u8]) -> Result<Vec<Record>, CsvError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(CsvError::TooLong);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        CsvError::NotUtf8 { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    })?;
    let mut reader = Reader { rest: text, line: 1 };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let record = reader.record()?;
        if record.fields.iter().any(|field| !field.is_empty()) {
            records.push(record);
        }
    }
    Ok(records)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Record, CsvError> {
        let line = self.line;
        let mut fields = Vec::new();
        loop {
            let column = fields.len() + 1;
            let field = if self.take("\"") { self.quoted(column)? } else { self.plain(column)? };
            fields.push(field);
            if self.take(",") {
                continue;
            }
            if self.take("\r\n") || self.take("\n") {
                self.line += 1;
            } else if !self.rest.is_empty() {
                return Err(CsvError::AfterQuote { line: self.line, column });
            }
            return Ok(Record { line, fields });
        }
    }

    fn plain(&mut self, column: usize) -> Result<String, CsvError> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        let field =
            if rest.starts_with('\n') || rest.is_empty() { field.strip_suffix('\r').unwrap_or(field) } else { field };
        if field.contains('"') {
            return Err(CsvError::StrayQuote { line: self.line, column });
        }
        self.rest = rest;
        Ok(field.to_owned())
    }

    fn quoted(&mut self, column: usize) -> Result<String, CsvError> {
        let (start, mut field) = (self.line, String::new());
        loop {
            let Some(end) = self.rest.find('"') else { return Err(CsvError::Unclosed { line: start, column }) };
            let (part, rest) = self.rest.split_at(end);
            self.line += part.matches('\n').count();
            field.push_str(part);
            self.rest = rest.get(1..).unwrap_or_default();
            if !self.take("\"") {
                return Ok(field);
            }
            field.push('"');
        }
    }

    fn take(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

/// Whether a spreadsheet would take the value for a formula.
fn is_formula(value: &str) -> bool {
    value.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The value as it is written: what a spreadsheet would take for a formula gets an apostrophe before it, which [`unguarded`] takes away.
#[must_use]
pub fn guarded(value: &str) -> String {
    let stripped = value.trim_start_matches('\'');
    if is_formula(stripped) { format!("'{value}") } else { value.to_owned() }
}

/// The value that [`guarded`] was given.
#[must_use]
pub fn unguarded(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => value,
    }
}

/// A record as a line, with CRLF, its values guarded.
#[must_use]
pub fn line<S: AsRef<str>>(fields: &[S]) -> String {
    let quoted = fields.iter().map(|field| {
        let value = guarded(field.as_ref());
        if value.contains([',', '"', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
    });
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        read(text.as_bytes()).unwrap().into_iter().map(|record| record.fields).collect()
    }

    #[test]
    fn records_are_read_as_the_rfc_has_them() {
        assert_eq!(fields("a,b\r\nc,\"d,\"\"e\"\"\r\nf\"\n\n,\n"), vec![vec!["a", "b"], vec!["c", "d,\"e\"\r\nf"]]);
        assert_eq!(fields("\u{feff}a"), vec![vec!["a"]], "byte order mark");
        assert_eq!(fields("a\rb,c"), vec![vec!["a\rb", "c"]]);
        let lines: Vec<usize> = read(b"a\n\"b\nc\"\nd").unwrap().iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, wanted) in [
            (b"a,b\"c\n".as_slice(), CsvError::StrayQuote { line: 1, column: 2 }),
            (b"a\nb,\"c\"d\n", CsvError::AfterQuote { line: 2, column: 2 }),
            (b"a\nb,\"c\nd", CsvError::Unclosed { line: 2, column: 2 }),
            (b"a\n\xc0\xee\n", CsvError::NotUtf8 { line: 2 }),
        ] {
            assert_eq!(read(text).unwrap_err(), wanted);
        }
        assert!(read(b"\xc0\xee,x\n").unwrap_err().to_string().contains("iconv -f GB18030"));
    }

    #[test]
    fn no_value_becomes_a_formula_and_every_value_comes_back() {
        for value in ["=1+1", "+49", "-x", "@sum", "\tx", "'=1", "''=1", "'quoted", "plain", "", "a,b\"c\r\nd"] {
            let written = line(&[value, "end"]);
            let first = &fields(&written)[0][0];
            assert!(!is_formula(first), "{first:?}");
            assert_eq!(unguarded(first), value);
        }
    }
}
