//! Identifiers of messages, threads and mailboxes as clients see them: the same over IMAP (RFC 8474) and JMAP.

/// Begins each, as RFC 8620 section 1.2 advises: an identifier of digits alone is taken for a number somewhere.
const PREFIX: char = 'k';

/// The identifier on the wire.
#[must_use]
pub fn show(id: i64) -> String {
    let mut text = String::with_capacity(20);
    text.push(PREFIX);
    text.push_str(&id.to_string());
    text
}

/// What an identifier names; none unless it is in its one form.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(PREFIX)?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identifier_has_one_form() {
        assert_eq!(read(&show(12)), Some(12));
        assert!(show(12).starts_with(|c: char| c.is_ascii_alphabetic()));
        for bad in ["", "k", "12", "k0", "k-1", "k+1", "k01", "k1x", "K12", "k99999999999999999999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
