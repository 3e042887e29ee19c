//! One mailbox, read strictly (RFC 5322 section 3.4 without its obsolete forms).

use super::Ambiguity;

/// Comments in comments.
const COMMENT_DEPTH_MAX: usize = 8;

/// Octets of a local part (RFC 5321 section 4.5.3.1.1).
const LOCAL_OCTETS_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Space,
    Comment,
    /// Quotation marks taken off, escapes left in.
    Quoted(&'a str),
    Literal,
    /// A run of characters that are no specials; dots are part of it.
    Word(&'a str),
    Special(char),
}

/// The domain of the one address in `text`.
pub(super) fn domain_of_one(text: &str) -> Result<String, Ambiguity> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Ambiguity::Control);
    }
    let tokens = tokens(text)?;
    check_shape(&tokens)?;
    let tokens = trimmed(&tokens);
    let Some(open) = tokens.iter().position(|token| *token == Token::Special('<')) else {
        return address(tokens);
    };
    let (phrase, rest) = tokens.split_at(open);
    let (address_tokens, after) = match rest.iter().position(|token| *token == Token::Special('>')) {
        Some(close) => (rest.get(1..close).unwrap_or_default(), rest.get(close + 1..).unwrap_or_default()),
        None => return Err(Ambiguity::Malformed),
    };
    if !trimmed(after).is_empty() {
        return Err(Ambiguity::Malformed);
    }
    check_phrase(phrase)?;
    address(address_tokens)
}

/// Signs outside of quotation marks and comments that stand for more or other than one mailbox.
fn check_shape(tokens: &[Token<'_>]) -> Result<(), Ambiguity> {
    let count = |wanted: char| tokens.iter().filter(|token| **token == Token::Special(wanted)).count();
    if tokens.iter().all(|token| matches!(token, Token::Space | Token::Comment)) {
        return Err(Ambiguity::Malformed);
    }
    let open = tokens.iter().position(|token| *token == Token::Special('<'));
    let follows_open = open.and_then(|open| tokens.get(open + 1..)).unwrap_or_default();
    if follows_open.iter().find(|token| **token != Token::Space) == Some(&Token::Special('@')) {
        return Err(Ambiguity::Route);
    }
    if count(':') > 0 || count(';') > 0 {
        return Err(Ambiguity::Group);
    }
    if count(',') > 0 || count('<') > 1 || count('>') > 1 {
        return Err(Ambiguity::SeveralAddresses);
    }
    if count('@') > 1 || (count('@') == 1 && count('<') == 1 && at_before_bracket(tokens)) {
        return Err(Ambiguity::SeveralAddresses);
    }
    Ok(())
}

fn at_before_bracket(tokens: &[Token<'_>]) -> bool {
    let place = |wanted: char| tokens.iter().position(|token| *token == Token::Special(wanted));
    place('@') < place('<')
}

/// `local@domain` and nothing else.
fn address(tokens: &[Token<'_>]) -> Result<String, Ambiguity> {
    if tokens.contains(&Token::Comment) {
        return Err(Ambiguity::Comment);
    }
    let [local, Token::Special('@'), domain] = tokens else { return Err(Ambiguity::Malformed) };
    match local {
        Token::Word(word) => check_atoms(word)?,
        Token::Quoted(inner) => check_quoted(inner)?,
        _ => return Err(Ambiguity::Malformed),
    }
    match domain {
        Token::Word(word) if word.contains("=?") => Err(Ambiguity::EncodedWord),
        Token::Word(word) if word.ends_with('.') => Err(Ambiguity::Domain),
        Token::Word(word) => mail::domain::canonical(word).map_err(|_| Ambiguity::Domain),
        Token::Literal => Err(Ambiguity::Literal),
        _ => Err(Ambiguity::Malformed),
    }
}

fn check_atoms(word: &str) -> Result<(), Ambiguity> {
    if word.contains("=?") {
        return Err(Ambiguity::EncodedWord);
    }
    let is_dotted = word.split('.').all(|atom| !atom.is_empty());
    if is_dotted && word.len() <= LOCAL_OCTETS_MAX && !word.contains('\\') { Ok(()) } else { Err(Ambiguity::Malformed) }
}

/// A quoted local part may hold words and dots; what delimits addresses elsewhere makes it readable in two ways.
fn check_quoted(inner: &str) -> Result<(), Ambiguity> {
    let is_plain = !inner.is_empty()
        && inner.len() <= LOCAL_OCTETS_MAX
        && !inner.contains("=?")
        && inner.chars().all(|c| c.is_alphanumeric() || " .!#$%&'*+-/=?^_`{|}~".contains(c));
    if is_plain { Ok(()) } else { Err(Ambiguity::QuotedLocalPart) }
}

/// A display name may say anything, but must not be able to end itself and begin an address.
fn check_phrase(phrase: &[Token<'_>]) -> Result<(), Ambiguity> {
    for token in phrase {
        match token {
            Token::Space | Token::Comment | Token::Literal => {}
            Token::Word(word) => check_encoded_words(word)?,
            Token::Quoted(inner) => check_encoded_words(inner)?,
            Token::Special(_) => return Err(Ambiguity::Malformed),
        }
    }
    Ok(())
}

/// Decodes encoded words (RFC 2047) as far as to see whether they hide what delimits addresses.
fn check_encoded_words(text: &str) -> Result<(), Ambiguity> {
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let after = rest.get(start + 2..).unwrap_or_default();
        let mut parts = after.splitn(4, '?');
        let (charset, encoding, encoded) = (parts.next(), parts.next(), parts.next());
        let (Some(charset), Some(encoding), Some(encoded), Some(tail)) = (charset, encoding, encoded, parts.next())
        else {
            return Ok(());
        };
        let decoded = match encoding {
            "B" | "b" => mail::message::encoding::decode_base64(encoded.as_bytes()),
            "Q" | "q" => mail::message::encoding::decode_q(encoded.as_bytes()),
            _ => return Err(Ambiguity::EncodedWord),
        };
        // In these an octet is no character, so brackets could not be seen.
        let is_opaque = ["utf-7", "utf7", "utf-16", "utf-32", "unicode"]
            .iter()
            .any(|opaque| charset.to_ascii_lowercase().contains(opaque));
        if is_opaque || decoded.iter().any(|byte| *byte < b' ' || matches!(byte, b'<' | b'>' | 0x7f)) {
            return Err(Ambiguity::EncodedWord);
        }
        rest = tail;
    }
    Ok(())
}

fn trimmed<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let is_blank = |token: &Token<'_>| matches!(token, Token::Space | Token::Comment);
    let start = tokens.iter().position(|token| !is_blank(token)).unwrap_or(tokens.len());
    let end = tokens.iter().rposition(|token| !is_blank(token)).map_or(start, |last| last + 1);
    tokens.get(start..end).unwrap_or_default()
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Ambiguity> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' => {
                found.push(Token::Space);
                rest.len() - rest.trim_start_matches([' ', '\t']).len()
            }
            '(' => {
                found.push(Token::Comment);
                comment_length(rest)?
            }
            '"' => {
                let inner = quoted(rest)?;
                found.push(Token::Quoted(inner));
                inner.len() + 2
            }
            '[' => {
                found.push(Token::Literal);
                rest.find(']').ok_or(Ambiguity::Malformed)? + 1
            }
            ')' | ']' => return Err(Ambiguity::Malformed),
            '<' | '>' | '@' | ',' | ':' | ';' => {
                found.push(Token::Special(first));
                1
            }
            _ => {
                let length = rest.find(|c| " \t()\"[]<>@,:;".contains(c)).unwrap_or(rest.len());
                found.push(Token::Word(rest.get(..length).unwrap_or_default()));
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(found)
}

fn comment_length(text: &str) -> Result<usize, Ambiguity> {
    let mut depth = 0;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '(' if depth == COMMENT_DEPTH_MAX => return Err(Ambiguity::Malformed),
            '(' => depth += 1,
            ')' if depth == 1 => return Ok(at + 1),
            ')' => depth -= 1,
            _ => {}
        }
    }
    Err(Ambiguity::Malformed)
}

/// What stands between the quotation marks at the beginning.
fn quoted(text: &str) -> Result<&str, Ambiguity> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return text.get(1..at).ok_or(Ambiguity::Malformed),
            _ => {}
        }
    }
    Err(Ambiguity::Malformed)
}
