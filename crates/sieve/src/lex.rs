//! Words of a script (RFC 5228 section 8.1).

use crate::ScriptError;
use crate::limits::SCRIPT_BYTES_MAX;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name, in lowercase.
    Word(String),
    /// A tag without its colon, in lowercase.
    Tag(String),
    Number(u64),
    Text(String),
    /// One of `( ) { } [ ] , ;`.
    Sign(char),
}

/// A word, and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) line: u32,
}

/// The words of `script`.
pub(crate) fn words(script: &str) -> Result<Vec<Placed>, ScriptError> {
    if script.len() > SCRIPT_BYTES_MAX {
        let what = format!("the script has {} octets, at most {SCRIPT_BYTES_MAX} may be; shorten it", script.len());
        return Err(ScriptError::new(1, what));
    }
    let mut lexer = Lexer { rest: script.strip_prefix('\u{feff}').unwrap_or(script), line: 1 };
    let mut found = Vec::new();
    while let Some(placed) = lexer.next()? {
        found.push(placed);
    }
    Ok(found)
}

struct Lexer<'a> {
    rest: &'a str,
    line: u32,
}

impl Lexer<'_> {
    fn error(&self, what: impl Into<String>) -> ScriptError {
        ScriptError::new(self.line, what)
    }

    /// Passes over `octets`, which end at a character, counting lines.
    fn skip(&mut self, octets: usize) {
        let (passed, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, ""));
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
    }

    fn skip_blank(&mut self) -> Result<(), ScriptError> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.skip(blank);
            if self.rest.starts_with('#') {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(end);
            } else if self.rest.starts_with("/*") {
                let end = self.rest.get(2..).and_then(|it| it.find("*/"));
                let end = end.ok_or_else(|| self.error("the comment has no end; close it with */"))?;
                self.skip(end + 4);
            } else {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Option<Placed>, ScriptError> {
        self.skip_blank()?;
        let line = self.line;
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let token = match first {
            '(' | ')' | '{' | '}' | '[' | ']' | ',' | ';' => {
                self.skip(1);
                Token::Sign(first)
            }
            '"' => self.quoted()?,
            ':' => {
                self.skip(1);
                Token::Tag(self.name().ok_or_else(|| self.error("a name must stand behind a colon"))?)
            }
            '0'..='9' => self.number()?,
            _ => {
                let wrong = format!("{first:?} cannot stand here; strings stand between quotation marks");
                let name = self.name().ok_or_else(|| self.error(wrong))?;
                match name.as_str() {
                    "text" if self.rest.starts_with(':') => self.multi_line()?,
                    _ => Token::Word(name),
                }
            }
        };
        Ok(Some(Placed { token, line }))
    }

    /// An identifier, in lowercase.
    fn name(&mut self) -> Option<String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        let name = self.rest.get(..end)?.to_ascii_lowercase();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.skip(end);
        Some(name)
    }

    fn number(&mut self) -> Result<Token, ScriptError> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let too_large = "the number is too large; at most 2147483647 with K, M or G behind it";
        let digits = self.rest.get(..end).unwrap_or_default();
        let number: u64 = digits.parse().map_err(|_| self.error(too_large))?;
        self.skip(end);
        let shift = match self.rest.chars().next() {
            Some('k' | 'K') => 10,
            Some('m' | 'M') => 20,
            Some('g' | 'G') => 30,
            Some(c) if c.is_ascii_alphanumeric() => {
                return Err(self.error(format!("{c:?} cannot stand behind a number; K, M or G can")));
            }
            _ => 0,
        };
        if shift > 0 {
            self.skip(1);
        }
        let number = number.checked_mul(1 << shift).filter(|it| *it < 1 << 53);
        number.map(Token::Number).ok_or_else(|| self.error(too_large))
    }

    fn quoted(&mut self) -> Result<Token, ScriptError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.skip(at + 1);
                    return Ok(Token::Text(text));
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                '\0' => break,
                c => text.push(c),
            }
        }
        Err(self.error("the string has no end; close it with a quotation mark"))
    }

    /// `text:` and the lines behind it (RFC 5228 section 2.4.2).
    fn multi_line(&mut self) -> Result<Token, ScriptError> {
        let line_end = self.rest.find('\n').unwrap_or(self.rest.len());
        let behind = self.rest.get(1..line_end).unwrap_or_default().trim();
        if !(behind.is_empty() || behind.starts_with('#')) {
            return Err(self.error("the text begins on the line behind text:"));
        }
        let start = (line_end + 1).min(self.rest.len());
        let mut text = String::new();
        let mut at = start;
        for line in self.rest.get(start..).unwrap_or_default().split_inclusive('\n') {
            at += line.len();
            let plain = line.trim_end_matches(['\r', '\n']);
            if plain == "." {
                self.skip(at);
                return Ok(Token::Text(text));
            }
            text.push_str(plain.strip_prefix('.').filter(|it| it.starts_with('.')).unwrap_or(plain));
            text.push_str("\r\n");
        }
        Err(self.error("the text has no end; close it with a line that has a dot alone"))
    }
}
