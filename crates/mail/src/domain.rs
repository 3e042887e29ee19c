//! Domain names of mail: one spelling to compare and store, another to show to people.

use std::borrow::Cow;

use env::Outlook;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Octets of a domain in a mailbox (RFC 5321 section 4.5.3.1.2).
pub const DOMAIN_OCTETS_MAX: usize = 255;

/// Why a text is no domain of mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing there.
    #[error("domain is empty")]
    Empty,
    /// Longer than [`DOMAIN_OCTETS_MAX`].
    #[error("domain has more than {DOMAIN_OCTETS_MAX} octets")]
    TooLong,
    /// Labels that no domain name may have.
    #[error("`{0}` is not a domain name")]
    Invalid(String),
    /// Brackets that hold no address.
    #[error("`{0}` is not an address literal")]
    Literal(String),
}

impl DomainError {
    /// The same text will never be a domain.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }
}

/// The one spelling under which a domain is stored and compared: lowercase A-labels (RFC 5890 section 2.3.2.1)
/// without a final dot, or an address literal in lowercase (RFC 5321 section 4.1.3).
///
/// # Errors
/// When `domain` is neither.
pub fn canonical(domain: &str) -> Result<String, DomainError> {
    if domain.is_empty() {
        return Err(DomainError::Empty);
    }
    if domain.len() > DOMAIN_OCTETS_MAX {
        return Err(DomainError::TooLong);
    }
    if domain.starts_with('[') {
        return literal(domain);
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    if is_plain_ascii(domain) {
        return Ok(domain.to_ascii_lowercase());
    }
    // STD3 keeps letters, digits and hyphens only (RFC 5321 section 4.1.2, `sub-domain`); labels and name must fit DNS.
    Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map(Cow::into_owned)
        .map_err(|_| DomainError::Invalid(domain.to_owned()))
}

/// The spelling for people: U-labels where the domain has them. What cannot be converted is returned as it is.
#[must_use]
pub fn unicode(domain: &str) -> String {
    if domain.starts_with('[') {
        return domain.to_owned();
    }
    let (shown, outcome) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    if outcome.is_ok() { shown.into_owned() } else { domain.to_owned() }
}

/// Labels of letters, digits and inner hyphens within the lengths of DNS, none of which claims to be an A-label.
fn is_plain_ascii(domain: &str) -> bool {
    domain.len() <= 253
        && domain.split('.').all(|label| {
            matches!(label.len(), 1..=63)
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
                && !label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
        })
}

fn literal(text: &str) -> Result<String, DomainError> {
    let wrong = || DomainError::Literal(text.to_owned());
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or_else(wrong)?;
    let lower = inner.to_ascii_lowercase();
    if let Some(address) = lower.strip_prefix("ipv6:") {
        let address: std::net::Ipv6Addr = address.parse().map_err(|_| wrong())?;
        return Ok(format!("[ipv6:{address}]"));
    }
    let address: std::net::Ipv4Addr = lower.parse().map_err(|_| wrong())?;
    Ok(format!("[{address}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_domain() {
        for (given, wanted) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("贸易。中国", "xn--7hv548f.xn--fiqs8s"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("[IPv6:2001:DB8:0::1]", "[ipv6:2001:db8::1]"),
        ] {
            assert_eq!(canonical(given).as_deref(), Ok(wanted), "{given}");
        }
        assert_eq!(unicode("xn--bcher-kva.example"), "bücher.example");
    }

    #[test]
    fn refuses_what_is_no_domain() {
        for given in ["", "a..b", "-a.example", "a_b.example", "a b", "[]", "[1.2.3]", "[IPv6:zz]", "xn--\u{0}", "."] {
            assert!(canonical(given).is_err(), "{given}");
        }
        assert!(canonical(&format!("{}.example", "a".repeat(64))).is_err());
        assert_eq!(canonical(&"a.".repeat(200)), Err(DomainError::TooLong));
    }
}
