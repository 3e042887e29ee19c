//! Command lines as typed commands, by the grammar of RFC 5321 section 4.1 and of each extension.

use super::address::{ForwardPath, PathError, ReversePath, check_domain, check_literal};
use super::params::{MailParams, RcptParams};
use super::reply::Reply;

/// One command of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `EHLO name` (RFC 5321 section 4.1.1.1).
    Ehlo(String),
    /// `HELO name`.
    Helo(String),
    /// `MAIL FROM:<..> ..` (RFC 5321 section 4.1.1.2).
    Mail {
        /// Where failures go.
        from: ReversePath,
        /// What extensions say.
        params: MailParams,
    },
    /// `RCPT TO:<..> ..` (RFC 5321 section 4.1.1.3).
    Rcpt {
        /// Where mail goes.
        to: ForwardPath,
        /// What extensions say.
        params: RcptParams,
    },
    /// `DATA`
    Data,
    /// `BDAT octets [LAST]` (RFC 3030 section 2).
    Bdat {
        /// Octets that follow the line.
        size: u64,
        /// Whether they end the message.
        last: bool,
    },
    /// `RSET`
    Rset,
    /// `NOOP`, with any words.
    Noop,
    /// `QUIT`
    Quit,
    /// `VRFY words`
    Vrfy(String),
    /// `EXPN words`
    Expn(String),
    /// `HELP`, with any words.
    Help,
    /// `STARTTLS` (RFC 3207 section 4).
    StartTls,
    /// `AUTH mechanism [initial-response]` (RFC 4954 section 4).
    Auth {
        /// Name of the mechanism as sent.
        mechanism: String,
        /// The initial response as sent, still base64; `=` stands for an empty one.
        initial: Option<String>,
    },
}

/// Why a line is no command. [`CommandError::reply`] says it on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No verb of ours.
    #[error("unrecognized command")]
    Unrecognized,
    /// CR that no LF follows, or NUL or another control character.
    #[error("control character in a command line")]
    ControlCharacter,
    /// Bytes beyond ASCII that are no UTF-8, or outside an address.
    #[error("bytes beyond ASCII where none may be")]
    NotAscii,
    /// The verb is known, what follows it is not as it should be.
    #[error("syntax error; usage: {0}")]
    Usage(&'static str),
    /// `BDAT` whose size cannot be told: what follows cannot be told from commands.
    #[error("syntax error; usage: BDAT octets [LAST]")]
    ChunkSize,
    /// The address of `MAIL`.
    #[error("bad sender address: {0}")]
    Sender(PathError),
    /// The address of `RCPT`.
    #[error("bad recipient address: {0}")]
    Recipient(PathError),
    /// A parameter that no extension of ours has.
    #[error("parameter {0} is not recognized")]
    UnknownParameter(String),
    /// A parameter with a value that its extension does not allow.
    #[error("bad value of parameter {0}")]
    BadParameter(&'static str),
    /// A parameter that is there twice.
    #[error("parameter {0} given twice")]
    RepeatedParameter(&'static str),
}

impl CommandError {
    /// Code and enhanced code by RFC 5321 section 4.2.2 and RFC 3463.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let (code, enhanced) = match self {
            Self::Unrecognized => (500, (5, 5, 1)),
            Self::ControlCharacter | Self::NotAscii => (500, (5, 5, 2)),
            Self::Usage(_) | Self::ChunkSize | Self::BadParameter(_) | Self::RepeatedParameter(_) => (501, (5, 5, 4)),
            Self::Sender(_) => (501, (5, 1, 7)),
            Self::Recipient(_) => (501, (5, 1, 3)),
            Self::UnknownParameter(_) => (555, (5, 5, 4)),
        };
        let text = self.to_string();
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        Reply::new(code, enhanced, first.into_iter().chain(letters).collect::<String>())
    }
}

impl Command {
    /// Reads one line, its CRLF taken off. Verbs and keywords may be in any letter case; white space before CRLF is
    /// ignored (RFC 5321 section 4.1.1), space elsewhere must be as the grammar has it.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(CommandError::ControlCharacter);
        }
        let line = std::str::from_utf8(line).map_err(|_| CommandError::NotAscii)?.trim_end_matches([' ', '\t']);
        let end = line.find(' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at(end);
        let command = Self::parse_verb(verb, rest)?;
        let may_be_utf8 = matches!(command, Self::Mail { .. } | Self::Rcpt { .. });
        if line.is_ascii() || may_be_utf8 { Ok(command) } else { Err(CommandError::NotAscii) }
    }

    /// `rest` is empty or begins with a space.
    fn parse_verb(verb: &str, rest: &str) -> Result<Self, CommandError> {
        // Verbs of RFC 5321 have four letters; folding them into an array spares a chain of comparisons.
        let mut folded = [0; 8];
        for (to, from) in folded.iter_mut().zip(verb.bytes()) {
            *to = from.to_ascii_uppercase();
        }
        match folded.get(..verb.len()).unwrap_or_default() {
            b"MAIL" => mail(rest),
            b"RCPT" => rcpt(rest),
            b"DATA" => bare(rest, Self::Data, "DATA"),
            b"BDAT" => bdat(rest),
            b"EHLO" => hello(rest, "EHLO domain").map(Self::Ehlo),
            b"HELO" => hello(rest, "HELO domain").map(Self::Helo),
            b"RSET" => bare(rest, Self::Rset, "RSET"),
            b"NOOP" => Ok(Self::Noop),
            b"QUIT" => bare(rest, Self::Quit, "QUIT"),
            b"VRFY" => words(rest, "VRFY address").map(Self::Vrfy),
            b"EXPN" => words(rest, "EXPN list").map(Self::Expn),
            b"HELP" => Ok(Self::Help),
            b"STARTTLS" => bare(rest, Self::StartTls, "STARTTLS"),
            b"AUTH" => auth(rest),
            _ => Err(CommandError::Unrecognized),
        }
    }
}

fn bare(rest: &str, command: Command, usage: &'static str) -> Result<Command, CommandError> {
    if rest.is_empty() { Ok(command) } else { Err(CommandError::Usage(usage)) }
}

fn words(rest: &str, usage: &'static str) -> Result<String, CommandError> {
    let words = rest.trim_start_matches(' ');
    if words.is_empty() { Err(CommandError::Usage(usage)) } else { Ok(words.to_owned()) }
}

/// RFC 5321 section 4.1.1.1. Underscores are let through here alone: machines with such names greet us every day, and
/// nothing is decided by the name.
fn hello(rest: &str, usage: &'static str) -> Result<String, CommandError> {
    let name = rest.strip_prefix(' ').unwrap_or_default();
    let fine = if name.starts_with('[') {
        check_literal(name).is_ok()
    } else if name.contains('_') {
        check_domain(&name.replace('_', "x")).is_ok()
    } else {
        check_domain(name).is_ok()
    };
    if fine && name.is_ascii() { Ok(name.to_owned()) } else { Err(CommandError::Usage(usage)) }
}

/// What follows `keyword` at the head of `text`, in any letter case.
fn after_keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then_some(rest)
}

/// RFC 5321 section 3.3: no space on either side of the colon.
fn mail(rest: &str) -> Result<Command, CommandError> {
    let path = after_keyword(rest, " FROM:").ok_or(CommandError::Usage("MAIL FROM:<address> [parameters]"))?;
    let (from, rest) = ReversePath::take(path).map_err(CommandError::Sender)?;
    let rest = params_text(rest).ok_or(CommandError::Sender(PathError::Brackets))?;
    Ok(Command::Mail { from, params: MailParams::parse(rest)? })
}

fn rcpt(rest: &str) -> Result<Command, CommandError> {
    let path = after_keyword(rest, " TO:").ok_or(CommandError::Usage("RCPT TO:<address> [parameters]"))?;
    let (to, rest) = ForwardPath::take(path).map_err(CommandError::Recipient)?;
    let rest = params_text(rest).ok_or(CommandError::Recipient(PathError::Brackets))?;
    Ok(Command::Rcpt { to, params: RcptParams::parse(rest)? })
}

/// Parameters are set off from the path by a space.
fn params_text(rest: &str) -> Option<&str> {
    if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
}

/// RFC 3030 section 2. A size beyond 64 bits counts as the largest number: too much in any case.
fn bdat(rest: &str) -> Result<Command, CommandError> {
    let rest = rest.strip_prefix(' ').ok_or(CommandError::ChunkSize)?;
    let (digits, last) = match rest.split_once(' ') {
        None => (rest, false),
        Some((digits, last)) if last.eq_ignore_ascii_case("LAST") => (digits, true),
        Some(_) => return Err(CommandError::ChunkSize),
    };
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(CommandError::ChunkSize);
    }
    Ok(Command::Bdat { size: digits.parse().unwrap_or(u64::MAX), last })
}

/// RFC 4954 section 4.
fn auth(rest: &str) -> Result<Command, CommandError> {
    const USAGE: CommandError = CommandError::Usage("AUTH mechanism [initial-response]");
    let rest = rest.strip_prefix(' ').ok_or(USAGE)?;
    let (mechanism, initial) = match rest.split_once(' ') {
        None => (rest, None),
        Some((mechanism, initial)) => (mechanism, Some(initial)),
    };
    let name_fine = (1..=20).contains(&mechanism.len())
        && mechanism.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !name_fine || initial.is_some_and(|initial| initial.contains(' ')) {
        return Err(USAGE);
    }
    Ok(Command::Auth { mechanism: mechanism.to_owned(), initial: initial.map(str::to_owned) })
}
