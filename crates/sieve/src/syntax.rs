//! Commands and tests as they stand, whatever they are called (RFC 5228 section 8.2).

use std::iter::Peekable;
use std::vec::IntoIter;

use crate::ScriptError;
use crate::lex::{Placed, Token};
use crate::limits::{COMMANDS_MAX, DEPTH_MAX, LIST_MAX};

/// A command or a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) line: u32,
    pub(crate) args: Vec<Arg>,
    pub(crate) tests: Vec<Node>,
    pub(crate) block: Option<Vec<Node>>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    Tag(String),
    Number(u64),
    Text(String),
    List(Vec<String>),
}

/// The commands of a script.
pub(crate) fn nodes(words: Vec<Placed>) -> Result<Vec<Node>, ScriptError> {
    let mut parser = Parser { words: words.into_iter().peekable(), line: 1, count: 0 };
    let commands = parser.commands(0)?;
    match parser.words.peek() {
        None => Ok(commands),
        Some(_) => Err(parser.error("this } closes nothing; remove it")),
    }
}

struct Parser {
    words: Peekable<IntoIter<Placed>>,
    line: u32,
    count: usize,
}

impl Parser {
    fn error(&self, what: impl Into<String>) -> ScriptError {
        ScriptError::new(self.line, what)
    }

    fn next(&mut self) -> Option<Token> {
        let placed = self.words.next()?;
        self.line = placed.line;
        Some(placed.token)
    }

    fn is_next(&mut self, sign: char) -> bool {
        self.words.peek().is_some_and(|placed| placed.token == Token::Sign(sign))
    }

    /// Takes the sign if it is next.
    fn take(&mut self, sign: char) -> bool {
        let is_next = self.is_next(sign);
        if is_next {
            self.next();
        }
        is_next
    }

    /// Commands up to a `}` or the end.
    fn commands(&mut self, depth: usize) -> Result<Vec<Node>, ScriptError> {
        let mut commands = Vec::new();
        while self.words.peek().is_some() && !self.is_next('}') {
            let mut node = self.head(depth, true)?;
            if self.take('{') {
                node.block = Some(self.commands(depth + 1)?);
                if !self.take('}') {
                    return Err(ScriptError::new(node.line, "the block of this command has no end; close it with }"));
                }
            } else if !self.take(';') {
                let what = format!("a semicolon is missing behind {:?}", node.name);
                return Err(self.error(what));
            }
            commands.push(node);
        }
        Ok(commands)
    }

    /// A name with its arguments and tests.
    fn head(&mut self, depth: usize, is_command: bool) -> Result<Node, ScriptError> {
        if depth > DEPTH_MAX {
            return Err(self.error(format!("blocks and tests are nested deeper than {DEPTH_MAX}")));
        }
        self.count += 1;
        if self.count > COMMANDS_MAX {
            return Err(self.error(format!("the script has more than {COMMANDS_MAX} commands and tests")));
        }
        let what = if is_command { "a command" } else { "a test" };
        let Some(Token::Word(name)) = self.next() else { return Err(self.error(format!("{what} must stand here"))) };
        let line = self.line;
        let mut node = Node { name, line, args: Vec::new(), tests: Vec::new(), block: None };
        while let Some(arg) = self.arg()? {
            node.args.push(arg);
        }
        if self.take('(') {
            loop {
                node.tests.push(self.head(depth + 1, false)?);
                if !self.take(',') {
                    break;
                }
            }
            if !self.take(')') {
                return Err(self.error("the list of tests has no end; close it with )"));
            }
        } else if matches!(self.words.peek(), Some(Placed { token: Token::Word(_), .. })) {
            node.tests.push(self.head(depth + 1, false)?);
        }
        Ok(node)
    }

    fn arg(&mut self) -> Result<Option<Arg>, ScriptError> {
        let is_arg = match self.words.peek().map(|placed| &placed.token) {
            Some(Token::Tag(_) | Token::Number(_) | Token::Text(_)) => true,
            Some(Token::Sign(sign)) => *sign == '[',
            _ => false,
        };
        if !is_arg {
            return Ok(None);
        }
        Ok(match self.next() {
            Some(Token::Tag(tag)) => Some(Arg::Tag(tag)),
            Some(Token::Number(number)) => Some(Arg::Number(number)),
            Some(Token::Text(text)) => Some(Arg::Text(text)),
            _ => Some(Arg::List(self.list()?)),
        })
    }

    /// Strings up to `]`.
    fn list(&mut self) -> Result<Vec<String>, ScriptError> {
        let mut list = Vec::new();
        loop {
            match self.next() {
                Some(Token::Text(text)) => list.push(text),
                Some(Token::Sign(']')) if list.is_empty() => return Ok(list),
                _ => return Err(self.error("a list has strings between quotation marks, with commas between them")),
            }
            if list.len() > LIST_MAX {
                return Err(self.error(format!("the list has more than {LIST_MAX} strings")));
            }
            match self.next() {
                Some(Token::Sign(',')) => {}
                Some(Token::Sign(']')) => return Ok(list),
                _ => return Err(self.error("the list has no end; close it with ]")),
            }
        }
    }
}
