//! Paths and mailboxes, as RFC 5321 section 4.1.2 and RFC 6531 section 3.3 spell them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Octets of a local part as written. RFC 5321 section 4.5.3.1.1 names 64 as the least to support and asks for no
/// limit where possible; mailing lists do write longer ones.
pub(crate) const LOCAL_BYTES_MAX: usize = 255;
/// Octets of a domain (RFC 5321 section 4.5.3.1.2).
pub(crate) const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of one label of a domain (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// `local@domain`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The local part without quotes: what it means, not how it was written.
    pub local: String,
    /// A domain as written, or an address literal with its brackets.
    pub domain: String,
}

/// Where failures go: `MAIL FROM:<..>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: a notification; nobody is to be told of its failure.
    Null,
    /// A mailbox.
    Mailbox(Mailbox),
}

/// Where mail goes: `RCPT TO:<..>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<Postmaster>` without domain, in any letter case (RFC 5321 section 4.5.1).
    Postmaster,
    /// A mailbox.
    Mailbox(Mailbox),
}

/// Why text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No `<` at the start or no `>` after the address.
    #[error("address must stand in angle brackets")]
    Brackets,
    /// The part before `@`.
    #[error("malformed local part")]
    Local,
    /// The part after `@`, or a missing `@`.
    #[error("malformed or missing domain")]
    Domain,
    /// `[..]` that is neither IPv4 nor `IPv6:` and IPv6.
    #[error("malformed address literal")]
    Literal,
    /// `@relay,@relay:` before the mailbox.
    #[error("malformed source route")]
    Route,
    /// Longer than the bounds.
    #[error("address too long")]
    TooLong,
}

impl Mailbox {
    /// Reads a whole `Mailbox` (RFC 5321 section 4.1.2), UTF-8 allowed (RFC 6531 section 3.3).
    ///
    /// # Errors
    /// If `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (mailbox, rest) = take_mailbox(text)?;
        if rest.is_empty() { Ok(mailbox) } else { Err(PathError::Domain) }
    }

    /// Whether local part or domain need SMTPUTF8.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        !(self.local.is_ascii() && self.domain.is_ascii())
    }
}

impl ReversePath {
    /// Reads `<>` or a path at the head of `text`; also returns what follows the bracket.
    ///
    /// # Errors
    /// If there is no path.
    pub fn take(text: &str) -> Result<(Self, &str), PathError> {
        if let Some(rest) = text.strip_prefix("<>") {
            return Ok((Self::Null, rest));
        }
        let (mailbox, rest) = take_path(text)?;
        Ok((Self::Mailbox(mailbox), rest))
    }

    /// The mailbox, if it is not the null path.
    #[must_use]
    pub const fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether the path needs SMTPUTF8.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        self.mailbox().is_some_and(Mailbox::needs_utf8)
    }
}

impl ForwardPath {
    /// Reads a path at the head of `text`; also returns what follows the bracket.
    ///
    /// # Errors
    /// If there is no path; `<>` is none here.
    pub fn take(text: &str) -> Result<(Self, &str), PathError> {
        const POSTMASTER: &str = "<postmaster>";
        match text.split_at_checked(POSTMASTER.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(POSTMASTER) => Ok((Self::Postmaster, rest)),
            _ => take_path(text).map(|(mailbox, rest)| (Self::Mailbox(mailbox), rest)),
        }
    }

    /// The mailbox, unless it is the bare postmaster.
    #[must_use]
    pub const fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Postmaster => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether the path needs SMTPUTF8.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        self.mailbox().is_some_and(Mailbox::needs_utf8)
    }
}

fn take_path(text: &str) -> Result<(Mailbox, &str), PathError> {
    let mut rest = text.strip_prefix('<').ok_or(PathError::Brackets)?;
    if rest.starts_with('@') {
        // RFC 5321 section 4.1.1.3: source routes are accepted and ignored.
        let (route, mailbox) = rest.split_once(':').ok_or(PathError::Route)?;
        for hop in route.split(',') {
            let domain = hop.strip_prefix('@').ok_or(PathError::Route)?;
            check_domain(domain).map_err(|_| PathError::Route)?;
        }
        rest = mailbox;
    }
    let (mailbox, rest) = take_mailbox(rest)?;
    Ok((mailbox, rest.strip_prefix('>').ok_or(PathError::Brackets)?))
}

fn take_mailbox(text: &str) -> Result<(Mailbox, &str), PathError> {
    let (local, rest) = if text.starts_with('"') { take_quoted(text)? } else { take_dot_string(text)? };
    let rest = rest.strip_prefix('@').ok_or(PathError::Domain)?;
    let (domain, rest) = if rest.starts_with('[') {
        let end = rest.find(']').ok_or(PathError::Literal)?;
        let (literal, rest) = rest.split_at(end + 1);
        check_literal(literal)?;
        (literal, rest)
    } else {
        let end = rest.find(['>', ' ']).unwrap_or(rest.len());
        let (domain, rest) = rest.split_at(end);
        check_domain(domain)?;
        (domain, rest)
    };
    Ok((Mailbox { local, domain: domain.to_owned() }, rest))
}

/// RFC 5321 section 4.1.2, `Dot-string`.
fn take_dot_string(text: &str) -> Result<(String, &str), PathError> {
    let end = text.find(|c: char| !(is_atext(c) || c == '.')).unwrap_or(text.len());
    let (local, rest) = text.split_at(end);
    if local.len() > LOCAL_BYTES_MAX {
        return Err(PathError::TooLong);
    }
    if is_dot_string(local) { Ok((local.to_owned(), rest)) } else { Err(PathError::Local) }
}

fn is_dot_string(local: &str) -> bool {
    !local.is_empty() && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_text_beyond_ascii(c)
}

/// RFC 6531 section 3.3 adds `UTF8-non-ascii`; the C1 controls among it are no text.
const fn is_text_beyond_ascii(c: char) -> bool {
    c as u32 >= 0xa0
}

/// RFC 5321 section 4.1.2, `Quoted-string`; returns what it means.
fn take_quoted(text: &str) -> Result<(String, &str), PathError> {
    let mut local = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if at > LOCAL_BYTES_MAX => return Err(PathError::TooLong),
            '"' => return Ok((local, text.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next() {
                Some((_, escaped @ ' '..='~')) => local.push(escaped),
                _ => return Err(PathError::Local),
            },
            ' '..='~' => local.push(c),
            _ if is_text_beyond_ascii(c) => local.push(c),
            _ => return Err(PathError::Local),
        }
    }
    Err(PathError::Local)
}

/// RFC 5321 section 4.1.2 `Domain`: labels of letters, digits and inner hyphens; with RFC 6531 section 3.3 also U-labels, whose
/// validity under IDNA is for whoever looks them up.
pub(crate) fn check_domain(domain: &str) -> Result<(), PathError> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return Err(PathError::TooLong);
    }
    if domain.split('.').all(is_label) { Ok(()) } else { Err(PathError::Domain) }
}

fn is_label(label: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_text_beyond_ascii(c);
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.chars().all(fine)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// RFC 5321 section 4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`. No other tag is registered.
pub(crate) fn check_literal(literal: &str) -> Result<(), PathError> {
    let inner = literal.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).ok_or(PathError::Literal)?;
    let (tag, address) = inner.split_at_checked("IPv6:".len()).unwrap_or(("", inner));
    let fine = if tag.eq_ignore_ascii_case("IPv6:") {
        address.parse::<Ipv6Addr>().is_ok()
    } else {
        inner.parse::<Ipv4Addr>().is_ok()
    };
    if fine { Ok(()) } else { Err(PathError::Literal) }
}

impl fmt::Display for Mailbox {
    /// As it stands in a path: the local part quoted where it must be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

impl fmt::Display for ReversePath {
    /// With angle brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    /// With angle brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<Postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reverse(text: &str) -> Result<(String, String), PathError> {
        let (path, rest) = ReversePath::take(text)?;
        Ok((path.to_string(), rest.to_owned()))
    }

    #[test]
    fn good_paths() {
        for (text, wanted) in [
            ("<>", "<>"),
            ("<a@b.example>", "<a@b.example>"),
            ("<a.b+c@b>", "<a.b+c@b>"),
            ("<\"a b\"@b.example>", "<\"a b\"@b.example>"),
            ("<\"ab\"@b.example>", "<ab@b.example>"),
            ("<\"a\\\"b\\\\\"@b.example>", "<\"a\\\"b\\\\\"@b.example>"),
            ("<\"a>b\"@b.example>", "<\"a>b\"@b.example>"),
            ("<\"a@b\"@b.example>", "<\"a@b\"@b.example>"),
            ("<\"\"@b.example>", "<\"\"@b.example>"),
            ("<@x.example,@y.example:a@b.example>", "<a@b.example>"),
            ("<a@[192.0.2.1]>", "<a@[192.0.2.1]>"),
            ("<a@[IPv6:2001:db8::1]>", "<a@[IPv6:2001:db8::1]>"),
            ("<\u{7528}\u{6237}@\u{4f8b}\u{5b50}.example>", "<\u{7528}\u{6237}@\u{4f8b}\u{5b50}.example>"),
        ] {
            assert_eq!(reverse(text), Ok((wanted.to_owned(), String::new())), "{text}");
        }
        assert_eq!(reverse("<a@b> SIZE=1").unwrap().1, " SIZE=1");
    }

    #[test]
    fn bad_paths() {
        for (text, wanted) in [
            ("a@b", PathError::Brackets),
            ("<a@b", PathError::Brackets),
            ("", PathError::Brackets),
            (" <a@b>", PathError::Brackets),
            ("<a>", PathError::Domain),
            ("<a@>", PathError::Domain),
            ("<@b>", PathError::Route),
            ("<@x,y:a@b>", PathError::Route),
            ("<.a@b>", PathError::Local),
            ("<a.@b>", PathError::Local),
            ("<a..b@c>", PathError::Local),
            ("<a b@c>", PathError::Domain),
            ("<\"a@c>", PathError::Local),
            ("<\"a\u{7}\"@c>", PathError::Local),
            ("<a@b..c>", PathError::Domain),
            ("<a@-b>", PathError::Domain),
            ("<a@b->", PathError::Domain),
            ("<a@b_c>", PathError::Domain),
            ("<a@b.>", PathError::Domain),
            ("<a@[1.2.3]>", PathError::Literal),
            ("<a@[1.2.3.4>", PathError::Literal),
            ("<a@[IPv6:1.2.3.4]>", PathError::Literal),
            ("<a@[X:y]>", PathError::Literal),
            ("<a\u{85}@b>", PathError::Domain),
        ] {
            assert_eq!(reverse(text), Err(wanted), "{text}");
        }
        let long = format!("<{}@b>", "a".repeat(LOCAL_BYTES_MAX + 1));
        assert_eq!(reverse(&long), Err(PathError::TooLong));
        let long = format!("<a@{}>", "b.".repeat(200));
        assert_eq!(reverse(&long), Err(PathError::TooLong));
        let long = format!("<a@{}>", "b".repeat(64));
        assert_eq!(reverse(&long), Err(PathError::Domain));
    }

    #[test]
    fn postmaster_needs_no_domain() {
        assert_eq!(ForwardPath::take("<POSTmaster>"), Ok((ForwardPath::Postmaster, "")));
        assert_eq!(ForwardPath::take("<>"), Err(PathError::Local));
    }

    proptest! {
        #[test]
        fn any_local_part_survives_writing(local in "[ -~\u{a1}-\u{ff}]{0,60}") {
            let mailbox = Mailbox { local, domain: "b.example".to_owned() };
            let text = mailbox.to_string();
            if text.len() < LOCAL_BYTES_MAX {
                prop_assert_eq!(Mailbox::parse(&text), Ok(mailbox));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = ReversePath::take(&text);
            let _ = ForwardPath::take(&text);
        }
    }
}
