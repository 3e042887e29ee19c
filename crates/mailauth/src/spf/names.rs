//! Domain names as SPF wants them.

/// Octets of a domain name in text without the final dot (RFC 1035 section 2.3.4).
const NAME_OCTETS_MAX: usize = 253;

/// Octets of a label (RFC 1035 section 2.3.4).
const LABEL_OCTETS_MAX: usize = 63;

/// The domain that a check starts with (RFC 7208 section 4.3): A-labels, no final dot, two labels or more. `None` if it is malformed.
/// The case stays, for macros show it.
pub(crate) fn initial(domain: &str) -> Option<String> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let ascii = if domain.is_ascii() { domain.to_owned() } else { mail::domain::canonical(domain).ok()? };
    (is_queryable(&ascii) && ascii.contains('.') && !ascii.starts_with('[')).then_some(ascii)
}

/// Whether a name can be asked for at all: labels and the whole within their lengths, none empty.
pub(crate) fn is_queryable(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty()
        && name.len() <= NAME_OCTETS_MAX
        && name.split('.').all(|label| (1..=LABEL_OCTETS_MAX).contains(&label.len()))
}

/// An expanded name made to fit: labels are taken off on the left until it does (RFC 7208 section 7.3).
pub(crate) fn fitted(name: &str) -> &str {
    let mut name = name.strip_suffix('.').unwrap_or(name);
    while name.len() > NAME_OCTETS_MAX {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => return name,
        }
    }
    name
}

/// Whether `name` is `parent` or below it, whatever the case.
pub(crate) fn is_within(name: &str, parent: &str) -> bool {
    let (name, parent) = (name.to_ascii_lowercase(), parent.to_ascii_lowercase());
    name == parent || name.strip_suffix(parent.as_str()).is_some_and(|front| front.ends_with('.'))
}
