//! Mailbox names on the wire (RFC 9051 section 5.1, RFC 3501 section 5.1.3) and the patterns of LIST.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::limits::MAILBOX_NAME_BYTES_MAX;

/// The character between the levels of a name.
pub const SEPARATOR: char = '/';

const MODIFIED_BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// A name in UTF-8, `INBOX` in capitals. Whether it exists, or may, is for others to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxName(String);

/// Why bytes are no mailbox name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not UTF-8, where UTF-8 is in use.
    #[error("mailbox name is not UTF-8")]
    NotUtf8,
    /// Not modified UTF-7, where that is in use.
    #[error("mailbox name is not modified UTF-7")]
    NotUtf7,
    /// Control characters.
    #[error("mailbox name holds control characters")]
    Control,
    /// Longer than the bound.
    #[error("mailbox name too long")]
    TooLong,
}

impl MailboxName {
    /// A name in UTF-8 from inside the program.
    pub fn new(name: impl Into<String>) -> Self {
        let mut name: String = name.into();
        // "INBOX" is the same in any case, also as the first level of a longer name (RFC 9051 section 5.1).
        if name.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("INBOX"))
            && name[5..].chars().next().is_none_or(|next| next == SEPARATOR)
        {
            name.replace_range(..5, "INBOX");
        }
        Self(name)
    }

    /// The name in UTF-8.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in UTF-8.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Whether this is the INBOX.
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// Reads a name: UTF-8 once the client has enabled it, modified UTF-7 before.
    pub fn decode(bytes: &[u8], utf8: bool) -> Result<Self, NameError> {
        decode_text(bytes, utf8).map(Self::new)
    }
}

impl std::fmt::Display for MailboxName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a name or a LIST pattern. `*` and `%` mean the same in both encodings.
pub(super) fn decode_text(bytes: &[u8], utf8: bool) -> Result<String, NameError> {
    let name = if utf8 {
        String::from_utf8(bytes.to_vec()).map_err(|_| NameError::NotUtf8)?
    } else {
        decode_utf7(bytes).ok_or(NameError::NotUtf7)?
    };
    if name.len() > MAILBOX_NAME_BYTES_MAX {
        return Err(NameError::TooLong);
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Ok(name)
}

/// Decodes modified UTF-7 (RFC 3501 section 5.1.3), `None` for anything that the encoder would not have written.
pub fn decode_utf7(bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'&' {
            if !(0x20..=0x7e).contains(first) {
                return None;
            }
            out.push(char::from(*first));
            continue;
        }
        let end = memchr::memchr(b'-', rest)?;
        let (run, tail) = (&rest[..end], &rest[end + 1..]);
        rest = tail;
        if run.is_empty() {
            out.push('&');
            continue;
        }
        let units = MODIFIED_BASE64.decode(run).ok()?;
        if !units.len().is_multiple_of(2) || tail.first() == Some(&b'&') && tail.get(1) != Some(&b'-') {
            return None;
        }
        let units = units.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        for decoded in char::decode_utf16(units) {
            let decoded = decoded.ok()?;
            if (' '..='~').contains(&decoded) {
                return None;
            }
            out.push(decoded);
        }
    }
    Some(out)
}

/// Writes a name in modified UTF-7 (RFC 3501 section 5.1.3).
pub fn encode_utf7(name: &str, out: &mut Vec<u8>) {
    let mut run: Vec<u8> = Vec::new();
    for char in name.chars() {
        if (' '..='~').contains(&char) {
            end_run(&mut run, out);
            out.push(char as u8);
            if char == '&' {
                out.push(b'-');
            }
        } else {
            let mut units = [0_u16; 2];
            run.extend(char.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    end_run(&mut run, out);
}

fn end_run(run: &mut Vec<u8>, out: &mut Vec<u8>) {
    if run.is_empty() {
        return;
    }
    out.push(b'&');
    out.extend_from_slice(MODIFIED_BASE64.encode(&run[..]).as_bytes());
    out.push(b'-');
    run.clear();
}

/// Whether a LIST pattern matches a name: `*` stands for anything, `%` for anything within a level
/// (RFC 9051 section 6.3.9). INBOX matches in any case. Takes at most pattern length times name length steps.
pub fn pattern_matches(pattern: &str, name: &str) -> bool {
    let folded;
    let pattern = match pattern.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("INBOX") && name.starts_with("INBOX") => {
            folded = format!("INBOX{}", &pattern[5..]);
            folded.as_str()
        }
        _ => pattern,
    };
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let separator = SEPARATOR as u8;
    // reached[i]: the pattern read so far matches the first i bytes of the name.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for symbol in pattern {
        match symbol {
            b'*' => {
                let mut any = false;
                for here in &mut reached {
                    any |= *here;
                    *here = any;
                }
            }
            b'%' => {
                let mut any = false;
                for (at, here) in reached.iter_mut().enumerate() {
                    any = *here || any && at > 0 && name[at - 1] != separator;
                    *here = any;
                }
            }
            literal => {
                for at in (0..name.len()).rev() {
                    reached[at + 1] = reached[at] && name[at] == *literal;
                }
                reached[0] = false;
            }
        }
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
#[path = "mailbox_name_tests.rs"]
mod tests;
