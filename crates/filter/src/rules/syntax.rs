//! The condition of a rule as it is written: words, brackets, comparisons.
//!
//! ```text
//! way and short and says(quota, verify|click) and not answer
//! link(free-host and place = anchor) and text-length < 400
//! subject ~ /voice ?mail/ or many(medicine, 3)
//! ```
//!
//! `and` binds closer than `or`; `|` is `or`. A test is a name, perhaps with arguments, perhaps compared with a value.

/// Octets of one condition.
pub(super) const CONDITION_OCTETS_MAX: usize = 4096;

/// Brackets within brackets.
const DEPTH_MAX: usize = 16;

/// A condition as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// One test: a name, what stands in its brackets, what it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) arguments: Vec<Tree>,
    pub(super) comparison: Option<(Relation, Value)>,
    /// Octet at which it begins.
    pub(super) at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// `=`: is one of the values.
    Is,
    /// `~`: a pattern is found in it.
    Has,
    /// `>=`
    Least,
    /// `<=`
    Most,
    /// `>`
    More,
    /// `<`
    Less,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `word`, `"words"`, or several in brackets.
    Words(Vec<String>),
    Number(u32),
    /// `/pattern/`
    Pattern(String),
}

/// What is wrong with a condition, and at which octet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new<T>(at: usize, what: impl Into<String>) -> Result<T, Self> {
        Err(Self { at, what: what.into() })
    }
}

/// Reads a condition.
pub(super) fn read(text: &str) -> Result<Tree, Fault> {
    if text.len() > CONDITION_OCTETS_MAX {
        return Fault::new(0, format!("is longer than {CONDITION_OCTETS_MAX} octets; make several rules of it"));
    }
    let mut reader = Reader { tokens: tokens(text)?, at: 0, end: text.len() };
    let tree = reader.any(0)?;
    match reader.tokens.get(reader.at) {
        None => Ok(tree),
        Some((at, found)) => Fault::new(*at, format!("{found} stands where `and`, `or` or the end was awaited")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Pattern(String),
    Number(u32),
    Relation(Relation),
    And,
    Or,
    Not,
    Open,
    Close,
    Comma,
}

impl std::fmt::Display for Token {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) | Self::Quoted(word) => write!(to, "`{word}`"),
            Self::Pattern(pattern) => write!(to, "`/{pattern}/`"),
            Self::Number(number) => write!(to, "`{number}`"),
            Self::Relation(_) => write!(to, "a comparison"),
            Self::And => write!(to, "`and`"),
            Self::Or => write!(to, "`or`"),
            Self::Not => write!(to, "`not`"),
            Self::Open => write!(to, "`(`"),
            Self::Close => write!(to, "`)`"),
            Self::Comma => write!(to, "`,`"),
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (token, length) = match c {
            _ if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '|' => (Token::Or, 1),
            '~' => (Token::Relation(Relation::Has), 1),
            '=' => (Token::Relation(Relation::Is), 1),
            '>' if rest.starts_with(">=") => (Token::Relation(Relation::Least), 2),
            '<' if rest.starts_with("<=") => (Token::Relation(Relation::Most), 2),
            '>' => (Token::Relation(Relation::More), 1),
            '<' => (Token::Relation(Relation::Less), 1),
            '"' | '/' => enclosed(rest, c, at)?,
            _ if is_of_word(c) => word(rest),
            _ => return Fault::new(at, format!("`{c}` has no meaning here; a value with signs stands in quotes")),
        };
        found.push((at, token));
        at += length;
    }
    Ok(found)
}

/// What stands between two of `mark`; `\/` is a slash within a pattern.
fn enclosed(rest: &str, mark: char, at: usize) -> Result<(Token, usize), Fault> {
    let mut inner = String::new();
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if c == mark && !escaped {
            let token = if mark == '/' { Token::Pattern(inner) } else { Token::Quoted(inner) };
            return Ok((token, offset + 1));
        }
        if escaped && c == mark {
            inner.pop();
        }
        escaped = c == '\\' && !escaped;
        inner.push(c);
    }
    Fault::new(at, format!("the {mark} that opens here is never closed"))
}

fn word(rest: &str) -> (Token, usize) {
    let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    let token = match word {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        _ => word.parse().map_or_else(|_| Token::Word(word.to_owned()), Token::Number),
    };
    (token, length)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// Octets of the whole.
    end: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<(usize, Token)> {
        let found = self.tokens.get(self.at).cloned();
        self.at += 1;
        found
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(at, _)| *at)
    }

    fn any(&mut self, depth: usize) -> Result<Tree, Fault> {
        let mut found = vec![self.all(depth)?];
        while self.takes(&Token::Or) {
            found.push(self.all(depth)?);
        }
        Ok(if found.len() == 1 { found.remove(0) } else { Tree::Any(found) })
    }

    fn all(&mut self, depth: usize) -> Result<Tree, Fault> {
        let mut found = vec![self.one(depth)?];
        while self.takes(&Token::And) {
            found.push(self.one(depth)?);
        }
        Ok(if found.len() == 1 { found.remove(0) } else { Tree::All(found) })
    }

    fn one(&mut self, depth: usize) -> Result<Tree, Fault> {
        if depth > DEPTH_MAX {
            return Fault::new(self.place(), format!("has more than {DEPTH_MAX} brackets within one another"));
        }
        if self.takes(&Token::Not) {
            return Ok(Tree::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes(&Token::Open) {
            let inner = self.any(depth + 1)?;
            self.close()?;
            return Ok(inner);
        }
        match self.next() {
            Some((at, Token::Word(name))) => self.test(name, at, depth),
            Some((at, Token::Number(number))) => {
                Ok(Tree::Test(Test { name: number.to_string(), arguments: Vec::new(), comparison: None, at }))
            }
            Some((at, found)) => Fault::new(at, format!("{found} stands where a test was awaited")),
            None => Fault::new(self.end, "ends where a test was awaited"),
        }
    }

    fn test(&mut self, name: String, at: usize, depth: usize) -> Result<Tree, Fault> {
        let mut arguments = Vec::new();
        if self.takes(&Token::Open) {
            arguments.push(self.any(depth + 1)?);
            while self.takes(&Token::Comma) {
                arguments.push(self.any(depth + 1)?);
            }
            self.close()?;
        }
        let comparison = match self.peek() {
            Some(Token::Relation(relation)) => {
                let relation = *relation;
                self.at += 1;
                Some((relation, self.value()?))
            }
            _ => None,
        };
        Ok(Tree::Test(Test { name, arguments, comparison, at }))
    }

    fn value(&mut self) -> Result<Value, Fault> {
        match self.next() {
            Some((_, Token::Word(word) | Token::Quoted(word))) => Ok(Value::Words(vec![word])),
            Some((_, Token::Number(number))) => Ok(Value::Number(number)),
            Some((_, Token::Pattern(pattern))) => Ok(Value::Pattern(pattern)),
            Some((_, Token::Open)) => {
                let mut words = Vec::new();
                loop {
                    match self.next() {
                        Some((_, Token::Word(word) | Token::Quoted(word))) => words.push(word),
                        Some((_, Token::Number(number))) => words.push(number.to_string()),
                        _ => return Fault::new(self.place(), "values in brackets are words parted by commas"),
                    }
                    if !self.takes(&Token::Comma) {
                        break;
                    }
                }
                self.close()?;
                Ok(Value::Words(words))
            }
            _ => Fault::new(self.place(), "a comparison needs a word, a number or a /pattern/ behind it"),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.takes(&Token::Close) { Ok(()) } else { Fault::new(self.place(), "a `)` is missing here") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tree: &Tree) -> String {
        let list = |trees: &[Tree], between: &str| trees.iter().map(shown).collect::<Vec<_>>().join(between);
        match tree {
            Tree::All(trees) => format!("({})", list(trees, " & ")),
            Tree::Any(trees) => format!("({})", list(trees, " | ")),
            Tree::Not(inner) => format!("!{}", shown(inner)),
            Tree::Test(test) => {
                let arguments = if test.arguments.is_empty() {
                    String::new()
                } else {
                    format!("[{}]", list(&test.arguments, ", "))
                };
                let comparison = test.comparison.as_ref().map(|found| format!("{found:?}")).unwrap_or_default();
                format!("{}{arguments}{comparison}", test.name)
            }
        }
    }

    #[test]
    fn reads_conditions() {
        for (text, wanted) in [
            ("a and b or not c", "((a & b) | !c)"),
            ("a and (b or c) and d", "(a & (b | c) & d)"),
            ("says(x, y|z)", "says[x, (y | z)]"),
            (
                "link(numeric and place = anchor) >= 2",
                "link[(numeric & place(Is, Words([\"anchor\"])))](Least, Number(2))",
            ),
            (r#"subject ~ /a\/b( c)?/"#, r#"subject(Has, Pattern("a/b( c)?"))"#),
            (r#"suffix = (a, "b c")"#, r#"suffix(Is, Words(["a", "b c"]))"#),
        ] {
            assert_eq!(shown(&read(text).unwrap()), wanted, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, at, what) in [
            ("a and", 5, "ends where a test"),
            ("a b", 2, "`b` stands where"),
            ("a and (b", 8, "`)` is missing"),
            ("subject ~ /x", 10, "never closed"),
            ("a ~", 3, "a comparison needs"),
            ("a & b", 2, "`&` has no meaning"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.at == at && fault.what.contains(what), "{text}: {fault:?}");
        }
        assert!(read(&"(".repeat(1000)).is_err());
        assert!(read(&"a or ".repeat(1000)).is_err());
    }
}
