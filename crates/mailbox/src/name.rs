//! Names of mailboxes.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::MailboxError;

/// Divides the levels of a name.
pub const SEPARATOR: char = '/';

/// Longest name, in octets of UTF-8.
pub const NAME_BYTES_MAX: usize = 512;

/// Deepest name, in levels.
pub const LEVELS_MAX: usize = 16;

const INBOX: &str = "INBOX";

/// The full path of a mailbox in the one form that is stored and compared: Unicode NFC (RFC 9051 section 5.1 has servers
/// treat names as Net-Unicode), levels divided by [`SEPARATOR`], the first level `INBOX` whatever its case was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The mailbox that every account has.
    #[must_use]
    pub fn inbox() -> Self {
        Self(INBOX.to_owned())
    }

    /// Checks `path` and brings it into its stored form.
    ///
    /// # Errors
    /// [`MailboxError::InvalidName`] with the rule that it breaks.
    pub fn parse(path: &str) -> Result<Self, MailboxError> {
        let invalid = |why| Err(MailboxError::InvalidName { why });
        if path.is_empty() {
            return invalid("it is empty");
        }
        if path.len() > NAME_BYTES_MAX {
            return invalid("it is too long");
        }
        // RFC 9051 section 5.1: wildcards would make the name impossible to list exactly.
        if path.chars().any(|c| c.is_control() || matches!(c, '*' | '%' | '\u{2028}' | '\u{2029}' | '\u{feff}')) {
            return invalid("it holds a wildcard or a control character");
        }
        let mut normal = if is_nfc(path) { path.to_owned() } else { path.nfc().collect() };
        let mut levels = 0;
        for level in normal.split(SEPARATOR) {
            levels += 1;
            if level.trim().is_empty() {
                return invalid("one of its levels is empty");
            }
        }
        if levels > LEVELS_MAX {
            return invalid("it has too many levels");
        }
        // RFC 9051 section 5.1: INBOX is case-insensitive.
        let first = normal.find(SEPARATOR).unwrap_or(normal.len());
        if normal.get(..first).is_some_and(|level| level.eq_ignore_ascii_case(INBOX)) {
            normal.replace_range(..first, INBOX);
        }
        // NFC may lengthen.
        if normal.len() > NAME_BYTES_MAX {
            return invalid("it is too long");
        }
        Ok(Self(normal))
    }

    /// Reads back what was stored.
    pub(crate) fn from_stored(stored: Vec<u8>) -> Result<Self, store::StoreError> {
        String::from_utf8(stored)
            .map(Self)
            .map_err(|_| store::StoreError::Corrupt { what: "a mailbox name is not UTF-8".to_owned() })
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is INBOX.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == INBOX
    }

    /// Whether this lies somewhere below `above`.
    #[must_use]
    pub fn is_below(&self, above: &Self) -> bool {
        self.0.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// The names of the levels above, highest first.
    pub fn superiors(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.match_indices(SEPARATOR).filter_map(|(at, _)| self.0.get(..at)).map(|path| Self(path.to_owned()))
    }

    /// This name with its beginning `above` replaced by `to`, if it is `above` or lies below it.
    #[must_use]
    pub fn rebased(&self, above: &Self, to: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(above.as_str())?;
        (rest.is_empty() || rest.starts_with(SEPARATOR)).then(|| Self(format!("{}{rest}", to.0)))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        assert_eq!(Name::parse("inbox").unwrap(), Name::inbox());
        assert_eq!(Name::parse("inBox/Orders").unwrap().as_str(), "INBOX/Orders");
        assert_eq!(Name::parse("inboxes").unwrap().as_str(), "inboxes");
        assert_eq!(Name::parse("Entwu\u{308}rfe").unwrap(), Name::parse("Entw\u{fc}rfe").unwrap());
        assert_eq!(Name::parse("订单/2026").unwrap().superiors().collect::<Vec<_>>(), [Name::parse("订单").unwrap()]);
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in
            ["", "/", "a//b", "/a", "a/", "a/ /b", "a*", "%", "a\r\nb", "a\0", &"x".repeat(513), &"a/".repeat(17)]
        {
            assert!(matches!(Name::parse(bad), Err(MailboxError::InvalidName { .. })), "{bad:?}");
        }
    }

    #[test]
    fn rebasing_keeps_what_lies_below() {
        let name = |path| Name::parse(path).unwrap();
        assert_eq!(name("a/b").rebased(&name("a"), &name("c/d")), Some(name("c/d/b")));
        assert_eq!(name("a").rebased(&name("a"), &name("c")), Some(name("c")));
        assert_eq!(name("ab").rebased(&name("a"), &name("c")), None);
        assert!(name("a/b/c").is_below(&name("a/b")) && !name("a/bc").is_below(&name("a/b")));
    }
}
