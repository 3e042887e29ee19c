//! DKIM signatures of our own (RFC 6376; Ed25519 as RFC 8463 says). The keys and hashes are the library's; fields, order and time are ours,
//! as its own signer reads the machine's clock and does not name a field once more than it occurs.

use env::Timestamp;
use mail::header::{Field, fields, split_header_body};
use mail_auth::common::crypto::{Algorithm, DkimKey, Ed25519Key, RsaKey, SigningKey as _};
use mail_auth::dkim::Canonicalization;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::signature::{Body, body_hash};

/// Seconds for which a signature holds after the message leaves: longer than any queue keeps a message, shorter than a replay stays worth its while.
const VALID_SECONDS: i64 = 14 * 86_400;

/// Characters of a line of our field after which it is folded (RFC 5322 section 2.1.1).
const LINE_CHARS: usize = 76;

/// Occurrences of one field that are named. More would make the signature's own field too long; such a message is not signed.
const OCCURRENCES_MAX: usize = 64;

/// What is signed wherever it occurs, and named once more than it occurs, so that none can be added (RFC 6376 section 8.15).
const SIGNED: [&str; 25] = [
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Autocrypt",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Content-Description",
    "Content-Language",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// A private key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The bytes are no such key.
    #[error("the private key of {selector} cannot be read: {cause}")]
    Key {
        /// Its selector.
        selector: String,
        /// What the library said.
        cause: String,
    },
    /// A message that cannot be signed as it is.
    #[error("the message cannot be signed: {cause}")]
    Message {
        /// Why.
        cause: &'static str,
    },
    /// The library refused to sign.
    #[error("signing failed: {cause}")]
    Library {
        /// What it said.
        cause: String,
    },
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with SHA-256, which every receiver knows.
    Rsa,
    /// Ed25519 with SHA-256 (RFC 8463).
    Ed25519,
}

impl KeyKind {
    /// The word in a key's record (RFC 6376 section 3.6.1, RFC 8463 section 4).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A key that signs for one domain under one selector.
pub struct SigningKey {
    domain: String,
    selector: String,
    key: DkimKey,
}

impl SigningKey {
    /// The key whose PKCS #8 form `der` is; `domain` in A-labels.
    ///
    /// # Errors
    /// [`SignError::Key`] if it is no key of that kind.
    pub fn new(kind: KeyKind, domain: &str, selector: &str, der: &[u8]) -> Result<Self, SignError> {
        let failed =
            |error: mail_auth::Error| SignError::Key { selector: selector.to_owned(), cause: error.to_string() };
        let key = match kind {
            KeyKind::Rsa => {
                DkimKey::Rsa(RsaKey::from_key_der(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der))).map_err(failed)?)
            }
            KeyKind::Ed25519 => DkimKey::Ed25519(Ed25519Key::from_pkcs8_maybe_unchecked_der(der).map_err(failed)?),
        };
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_owned(), key })
    }

    /// The signing domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The selector.
    #[must_use]
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self.key {
            DkimKey::Rsa(_) => KeyKind::Rsa,
            DkimKey::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    pub(crate) const fn algorithm(&self) -> &'static str {
        match self.key {
            DkimKey::Rsa(_) => "rsa-sha256",
            DkimKey::Ed25519(_) => "ed25519-sha256",
        }
    }

    pub(crate) fn sign_bytes(&self, data: &[u8]) -> Result<Vec<u8>, SignError> {
        debug_assert!(self.key.algorithm() != Algorithm::RsaSha1, "SHA-1 is never used (RFC 8301)");
        self.key.sign(data).map_err(|error| SignError::Library { cause: error.to_string() })
    }
}

/// One `DKIM-Signature` field for each key, each with its final line break, to be put before the message as it is.
///
/// It holds for two weeks from the moment at which the message is to leave, which may be later than now.
///
/// Relaxed canonicalisation of both parts, the whole body, every field of the list, each named once more than it occurs.
///
/// # Errors
/// [`SignError`] if the message has no single From field, too many of one field, or a key fails.
pub fn sign(keys: &[SigningKey], message: &[u8], now: Timestamp, leaves: Timestamp) -> Result<String, SignError> {
    let (header, body) = split_header_body(message);
    let signed = SignedFields::choose(header)?;
    let hash = encode(&body_hash(&mut Body::new(body), Canonicalization::Relaxed));
    let mut out = String::new();
    for key in keys {
        let mut field = Folded::new("DKIM-Signature:");
        let (signed_at, expires) = (now.seconds(), leaves.max(now).seconds().saturating_add(VALID_SECONDS));
        for tag in [
            "v=1;".to_owned(),
            format!("a={};", key.algorithm()),
            "c=relaxed/relaxed;".to_owned(),
            format!("d={};", key.domain),
            format!("s={};", key.selector),
            format!("t={signed_at};"),
            format!("x={expires};"),
        ] {
            field.word(&tag);
        }
        field.list("h=", &signed.names);
        field.word(&format!("bh={hash};"));
        field.word("b=");
        let mut data = signed.canonical.clone();
        relax(field.text.as_bytes(), &mut data);
        field.chopped(&encode(&key.sign_bytes(&data)?));
        out.push_str(&field.text);
        out.push_str("\r\n");
    }
    Ok(out)
}

/// The fields that a signature covers.
pub(crate) struct SignedFields {
    /// For `h=`, in order.
    pub(crate) names: Vec<&'static str>,
    /// The fields in that order, relaxed (RFC 6376 section 3.4.2).
    pub(crate) canonical: Vec<u8>,
}

impl SignedFields {
    /// What of `header` is signed. Of several fields with a name the lowest comes first (RFC 6376 section 5.4.2).
    pub(crate) fn choose(header: &[u8]) -> Result<Self, SignError> {
        let found: Vec<Field<'_>> = fields(header).collect();
        let refused = |cause| Err(SignError::Message { cause });
        if found.iter().filter(|field| field.is("From")).count() != 1 {
            return refused("it does not have exactly one From field");
        }
        let (mut names, mut canonical) = (Vec::new(), Vec::new());
        for name in SIGNED {
            let mut occurrences = 0;
            for field in found.iter().rev().filter(|field| field.is(name)) {
                names.push(name);
                relax(header.get(field.start..field.end).unwrap_or_default(), &mut canonical);
                canonical.extend_from_slice(b"\r\n");
                occurrences += 1;
            }
            if occurrences > OCCURRENCES_MAX {
                return refused("a field occurs too often");
            }
            names.push(name);
        }
        Ok(Self { names, canonical })
    }
}

/// Appends a header field in relaxed form, without its line break (RFC 6376 section 3.4.2).
pub(crate) fn relax(field: &[u8], out: &mut Vec<u8>) {
    let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    out.extend(name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut is_first = true;
    for word in value.get(1..).unwrap_or_default().split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        if word.is_empty() {
            continue;
        }
        if !is_first {
            out.push(b' ');
        }
        out.extend_from_slice(word);
        is_first = false;
    }
}

/// A field that is folded as it grows.
pub(crate) struct Folded {
    pub(crate) text: String,
    column: usize,
}

impl Folded {
    pub(crate) fn new(name: &str) -> Self {
        Self { text: name.to_owned(), column: name.len() }
    }

    /// A word after a blank, on a new line if it does not fit.
    pub(crate) fn word(&mut self, word: &str) {
        if self.column + 1 + word.len() > LINE_CHARS {
            self.text.push_str("\r\n\t");
            self.column = 1;
        } else {
            self.text.push(' ');
            self.column += 1;
        }
        self.text.push_str(word);
        self.column += word.len();
    }

    /// A list of names with colons between, ended by a semicolon. Lines break after a colon, where blanks count for nothing.
    pub(crate) fn list(&mut self, tag: &str, names: &[&str]) {
        let last = names.len().saturating_sub(1);
        for (at, name) in names.iter().enumerate() {
            let end = if at == last { ";" } else { ":" };
            if at == 0 {
                self.word(&format!("{tag}{name}{end}"));
                continue;
            }
            if self.column + name.len() + 1 > LINE_CHARS {
                self.text.push_str("\r\n\t");
                self.column = 1;
            }
            self.text.push_str(name);
            self.text.push_str(end);
            self.column += name.len() + 1;
        }
    }

    /// Base64, broken wherever a line is full.
    pub(crate) fn chopped(&mut self, encoded: &str) {
        for c in encoded.chars() {
            if self.column >= LINE_CHARS {
                self.text.push_str("\r\n\t");
                self.column = 1;
            }
            self.text.push(c);
            self.column += 1;
        }
    }
}

/// Base64 without line breaks.
pub(crate) fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
