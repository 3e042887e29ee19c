//! Values of a PDF file, read leniently: a reader of files shows what is broken, too.

/// Depth of arrays and dictionaries that is followed.
const DEPTH_MAX: u32 = 24;

/// Octets of one string that are kept.
const STRING_OCTETS_MAX: usize = 64 * 1024;

/// Values of one array or dictionary that are kept.
const MEMBERS_MAX: usize = 4096;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A name, its escapes resolved.
    Name(String),
    /// A string.
    Text(Vec<u8>),
    /// A number.
    Number(f64),
    /// The number of another object.
    Reference(u32),
    /// An array.
    List(Vec<Value>),
    /// A dictionary.
    Map(Map),
    /// A word: `true`, `null`, an operator.
    Word(String),
}

/// A dictionary.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Map(pub(super) Vec<(String, Value)>);

impl Map {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn name(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Name(name)) => name,
            _ => "",
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<usize> {
        match self.get(key) {
            Some(Value::Number(number)) if *number >= 0.0 && *number < 1e9 => Some(*number as usize),
            _ => None,
        }
    }

    pub(super) fn map(&self, key: &str) -> Option<&Self> {
        match self.get(key) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        }
    }

    pub(super) fn reference(&self, key: &str) -> Option<u32> {
        match self.get(key) {
            Some(Value::Reference(number)) => Some(*number),
            _ => None,
        }
    }

    /// Text of a string, decoded (ISO 32000-1 section 7.9.2.2).
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.get(key) {
            Some(Value::Text(octets)) => Some(decoded(octets)),
            _ => None,
        }
    }

    /// Names of a member that is one name or a list of them.
    pub(super) fn names(&self, key: &str) -> Vec<&str> {
        let name = |value: &'_ Value| matches!(value, Value::Name(_));
        match self.get(key) {
            Some(Value::Name(one)) => vec![one],
            Some(Value::List(list)) => list
                .iter()
                .filter(|value| name(value))
                .map(|value| if let Value::Name(one) = value { one.as_str() } else { "" })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A string as text: UTF-16 by its mark, else one octet a letter.
pub(super) fn decoded(octets: &[u8]) -> String {
    match octets {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => octets.iter().map(|octet| char::from(*octet)).collect(),
    }
}

/// Reads values one after the other.
pub(super) struct Values<'a> {
    octets: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Values<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn starts(&self, what: &[u8]) -> bool {
        self.octets.get(self.at..).is_some_and(|rest| rest.starts_with(what))
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(octet) = self.peek() {
            if octet == b'%' {
                let rest = self.octets.get(self.at..).unwrap_or_default();
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            } else if is_space(octet) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The next value; none at the end.
    pub(super) fn next_value(&mut self) -> Option<Value> {
        self.value(0)
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        match self.peek()? {
            b'/' => Some(Value::Name(self.name())),
            b'(' => Some(Value::Text(self.literal())),
            b'<' if self.starts(b"<<") => {
                self.at += 2;
                Some(Value::Map(self.map(depth + 1)))
            }
            b'<' => Some(Value::Text(self.hex())),
            b'[' => {
                self.at += 1;
                Some(Value::List(self.list(depth + 1)))
            }
            b'>' | b']' | b')' | b'{' | b'}' => {
                let length = if self.starts(b">>") { 2 } else { 1 };
                let word = self.octets.get(self.at..self.at + length).unwrap_or_default();
                self.at += length;
                Some(Value::Word(String::from_utf8_lossy(word).into_owned()))
            }
            _ => Some(self.word_or_number()),
        }
    }

    fn name(&mut self) -> String {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(is_regular) && self.at - start < 256 {
            self.at += 1;
        }
        let written = self.octets.get(start..self.at).unwrap_or_default();
        let mut name = String::with_capacity(written.len());
        let mut rest = written;
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            let escaped = behind.get(..2).and_then(|hex| Some(hex_value(hex[0])? << 4 | hex_value(hex[1])?));
            match (first, escaped) {
                (b'#', Some(octet)) => {
                    name.push(char::from(octet));
                    rest = behind.get(2..).unwrap_or_default();
                }
                _ => name.push(char::from(*first)),
            }
        }
        name
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut out = Vec::new();
        let mut open = 1_u32;
        while let Some(octet) = self.peek() {
            self.at += 1;
            let kept = match octet {
                b'(' => {
                    open += 1;
                    Some(octet)
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return out;
                    }
                    Some(octet)
                }
                b'\\' => self.escape(),
                _ => Some(octet),
            };
            if out.len() < STRING_OCTETS_MAX {
                out.extend(kept);
            }
        }
        out
    }

    fn escape(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(match octet {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\n' => return None,
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
                return None;
            }
            b'0'..=b'7' => {
                let mut number = u32::from(octet - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.at += 1;
                    number = number * 8 + u32::from(digit - b'0');
                }
                number as u8
            }
            other => other,
        })
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        let digits: Vec<u8> = rest.get(..end).unwrap_or_default().iter().copied().filter_map(hex_value).collect();
        digits
            .chunks(2)
            .take(STRING_OCTETS_MAX)
            .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or_default())
            .collect()
    }

    fn map(&mut self, depth: u32) -> Map {
        let mut map = Map::default();
        loop {
            self.skip_space();
            if self.starts(b">>") {
                self.at += 2;
                return map;
            }
            match self.member(depth) {
                Some(Value::Name(key)) => {
                    self.skip_space();
                    if self.starts(b">>") {
                        continue;
                    }
                    let Some(value) = self.member(depth) else { return map };
                    if map.0.len() < MEMBERS_MAX {
                        map.0.push((key, value));
                    }
                }
                // The dictionary was never closed.
                Some(Value::Word(word)) if matches!(word.as_str(), "endobj" | "stream" | "endstream" | "obj") => {
                    self.at -= word.len();
                    return map;
                }
                Some(_) => {}
                None => return map,
            }
        }
    }

    fn list(&mut self, depth: u32) -> Vec<Value> {
        let mut list = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => return list,
                Some(b']') => {
                    self.at += 1;
                    return list;
                }
                _ => {}
            }
            match self.member(depth) {
                None => return list,
                Some(Value::Word(word)) if matches!(word.as_str(), "endobj" | "stream" | ">>") => {
                    self.at -= word.len();
                    return list;
                }
                Some(value) if list.len() < MEMBERS_MAX => list.push(value),
                Some(_) => {}
            }
        }
    }

    /// A value within another; beyond the depth that is followed, brackets are words.
    fn member(&mut self, depth: u32) -> Option<Value> {
        self.skip_space();
        if depth >= DEPTH_MAX && matches!(self.peek(), Some(b'[' | b'<')) && !self.is_hex() {
            self.at += 1;
            return Some(Value::Word(String::new()));
        }
        self.value(depth)
    }

    fn is_hex(&self) -> bool {
        self.peek() == Some(b'<') && !self.starts(b"<<")
    }

    /// A number, the reference that two numbers and an R are, or a word.
    fn word_or_number(&mut self) -> Value {
        let word = self.word();
        let Ok(number) = word.parse::<f64>() else { return Value::Word(word) };
        let after = self.at;
        if number >= 0.0 && word.bytes().all(|octet| octet.is_ascii_digit()) {
            self.skip_space();
            let generation = self.word();
            self.skip_space();
            if !generation.is_empty()
                && generation.bytes().all(|octet| octet.is_ascii_digit())
                && self.peek() == Some(b'R')
                && self.octets.get(self.at + 1).is_none_or(|next| !is_regular(*next))
            {
                self.at += 1;
                return Value::Reference(number as u32);
            }
        }
        self.at = after;
        Value::Number(number)
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(is_regular) && self.at - start < 64 {
            self.at += 1;
        }
        String::from_utf8_lossy(self.octets.get(start..self.at).unwrap_or_default()).into_owned()
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

const fn is_regular(octet: u8) -> bool {
    !is_space(octet) && !matches!(octet, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn hex_value(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_disguises() {
        let mut values =
            Values::new(b"<</S /#55R#49 /URI (http\\072//a\\(b\\)\\\n.c) /N [1 0 R -2.5 <4142> true] % no\n>> 7 0 obj");
        let Some(Value::Map(map)) = values.next_value() else { panic!() };
        assert_eq!((map.name("S"), map.text("URI").as_deref()), ("URI", Some("http://a(b).c")));
        let Some(Value::List(list)) = map.get("N") else { panic!() };
        assert_eq!(list[..3], [Value::Reference(1), Value::Number(-2.5), Value::Text(b"AB".to_vec())]);
        assert_eq!(values.next_value(), Some(Value::Number(7.0)));
    }

    #[test]
    fn broken_values_end() {
        for broken in [
            &b"<<"[..],
            b"<</A",
            b"(((",
            b"<41",
            b"[[[[",
            b"<</A [<</B (",
            b">> ] )",
            b"/",
            b"\xff\xfe",
            b"1 0",
            b"<</A>>",
        ] {
            let mut values = Values::new(broken);
            let mut count = 0;
            while values.next_value().is_some() {
                count += 1;
                assert!(count < 100, "{broken:?}");
            }
        }
        let deep = [b"[".repeat(500_000), b"<<".repeat(500_000)].concat();
        let mut values = Values::new(&deep);
        while values.next_value().is_some() {}
    }
}
