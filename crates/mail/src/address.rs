//! Addresses of mail: `local@domain`.

use std::fmt;
use std::str::FromStr;

use env::Outlook;
use unicode_normalization::UnicodeNormalization;

use crate::domain::{self, DomainError};

/// Octets of a local part. RFC 5321 section 4.5.3.1.1 has every server take 64 and none refuse more for its length alone: senders of
/// forwarded mail and of mailing lists are longer.
pub const LOCAL_OCTETS_MAX: usize = 240;

/// Octets of a whole address: a path of 256 less its angle brackets (RFC 5321 section 4.5.3.1.3).
pub const ADDRESS_OCTETS_MAX: usize = 254;

/// A mailbox as RFC 5321 section 4.1.2 has it, with UTF-8 in either half (RFC 6531 section 3.3).
///
/// Both halves are kept as they were given, except that the quotes of a quoted local part are taken off:
/// `"a"@x` and `a@x` are the same address. Compare by [`Address::canonical`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The part before the `@`, without quotes.
    pub local: String,
    /// The part after the `@`, in A-labels, U-labels or as an address literal.
    pub domain: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@`, or nothing on one side of it.
    #[error("address has no `@` between a local part and a domain")]
    Incomplete,
    /// Longer than [`ADDRESS_OCTETS_MAX`].
    #[error("address has more than {ADDRESS_OCTETS_MAX} octets")]
    TooLong,
    /// Longer than [`LOCAL_OCTETS_MAX`], or than the directory allows.
    #[error("local part is too long")]
    LocalTooLong,
    /// Characters or dots where they may not be.
    #[error("local part `{0}` is neither atoms with single dots nor quoted")]
    Local(String),
    /// The part after the `@` is wrong.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

impl AddressError {
    /// The same text will never be an address.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }
}

impl Address {
    /// Reads `local@domain`; no angle brackets, no display name, no source route.
    ///
    /// # Errors
    /// When `text` is not a mailbox.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Incomplete)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Incomplete);
        }
        if local.len() > LOCAL_OCTETS_MAX {
            return Err(AddressError::LocalTooLong);
        }
        let wrong = || AddressError::Local(local.to_owned());
        let local = if local.starts_with('"') {
            unquote(local).ok_or_else(wrong)?
        } else if is_dot_string(local) {
            local.to_owned()
        } else {
            return Err(wrong());
        };
        domain::canonical(domain)?;
        Ok(Self { local, domain: domain.to_owned() })
    }

    /// The key of this address in the directory: local part in NFC and lowercase, domain in lowercase A-labels.
    ///
    /// RFC 5321 section 2.4 leaves the meaning of a local part to the domain's own host. In domains that Tradewind
    /// hosts, local parts do not distinguish case or normalisation form.
    #[must_use]
    pub fn canonical(&self) -> String {
        let local = canonical_local(&self.local);
        let mut key = String::with_capacity(local.len() + self.domain.len() + 1);
        push_local(&mut key, &local);
        key.push('@');
        key.push_str(&self.domain_ascii());
        key
    }

    /// The domain in lowercase A-labels.
    #[must_use]
    pub fn domain_ascii(&self) -> String {
        domain::canonical(&self.domain).unwrap_or_else(|_| self.domain.to_ascii_lowercase())
    }

    /// The domain as people write it, in U-labels.
    #[must_use]
    pub fn domain_unicode(&self) -> String {
        domain::unicode(&self.domain)
    }

    /// Whether it can travel without SMTPUTF8: an ASCII local part (the domain can always be put in A-labels).
    #[must_use]
    pub fn is_ascii_capable(&self) -> bool {
        self.local.is_ascii()
    }

    /// Splits the local part at the first `separator`: `sales+beijing` gives `sales` and `beijing`.
    /// An address that begins with the separator has no detail.
    #[must_use]
    pub fn split_detail(&self, separator: char) -> (&str, Option<&str>) {
        match self.local.split_once(separator) {
            Some((base, detail)) if !base.is_empty() => (base, Some(detail)),
            _ => (&self.local, None),
        }
    }
}

impl fmt::Display for Address {
    /// As it goes on the wire: the local part is quoted where it must be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut local = String::with_capacity(self.local.len() + 2);
        push_local(&mut local, &self.local);
        write!(f, "{local}@{}", self.domain)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn canonical_local(local: &str) -> String {
    if local.is_ascii() {
        return local.to_ascii_lowercase();
    }
    local.to_lowercase().nfc().collect()
}

/// `Dot-string` of RFC 5321 section 4.1.2, with RFC 6531 section 3.3 adding every non-ASCII character.
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) } else { !c.is_control() }
}

/// The content of `Quoted-string` of RFC 5321 section 4.1.2.
fn unquote(local: &str) -> Option<String> {
    let inner = local.strip_prefix('"')?.strip_suffix('"')?;
    let mut content = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '"' => return None,
            '\\' => chars.next().filter(|quoted| matches!(quoted, ' '..='~'))?,
            other => other,
        };
        if c.is_control() {
            return None;
        }
        content.push(c);
    }
    (!content.is_empty()).then_some(content)
}

fn push_local(out: &mut String, local: &str) {
    if is_dot_string(local) {
        out.push_str(local);
        return;
    }
    out.push('"');
    for c in local.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
