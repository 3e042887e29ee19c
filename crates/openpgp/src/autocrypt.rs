//! The header field of Autocrypt (Autocrypt Level 1 sections 2.1 and 2.2): a sender's key on each of his messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{Certificate, PgpError, certificate};

/// Octets of a header field that is written (section 2.1.1 recommends no more).
const FIELD_OCTETS_MAX: usize = 10 << 10;

/// Octets of key data in a header field that are read.
const KEYDATA_OCTETS_MAX: usize = 32 << 10;

env::words! {
    /// What a correspondent wishes for answers (Autocrypt Level 1 section 2.1).
    PreferEncrypt "wish for encryption" allowed "mutual, nopreference" {
        /// Encrypt if both sides wish it.
        Mutual = "mutual",
        /// Only when somebody asks for it.
        NoPreference = "nopreference",
    }
}

/// A header field that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutocryptHeader {
    /// Whose key it is, in canonical form.
    pub address: String,
    /// What the sender wishes.
    pub prefer: PreferEncrypt,
    /// The key.
    pub certificate: Certificate,
}

impl AutocryptHeader {
    /// The key in the header of `raw`, a message of `author`. `None` if there is none, there are several, or it is not the author's
    /// (section 2.3): then nothing is to be learned.
    #[must_use]
    pub fn of_message(raw: &[u8], author: &str) -> Option<Self> {
        let mut found = mail::header::fields(raw).filter(|field| field.is("Autocrypt"));
        let field = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let read = Self::parse(std::str::from_utf8(&field.value()).ok()?)?;
        certificate::is_same_address(&read.address, author).then_some(read)
    }

    /// Reads a value; `None` if it is not one that counts.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (mut address, mut prefer, mut data) = (None, PreferEncrypt::NoPreference, None);
        for attribute in value.split(';').filter(|it| !it.trim().is_empty()) {
            let (name, value) = attribute.split_once('=')?;
            match name.trim() {
                "addr" => address = Some(mail::Address::parse(value.trim()).ok()?.canonical()),
                "prefer-encrypt" if value.trim() == "mutual" => prefer = PreferEncrypt::Mutual,
                "prefer-encrypt" => {}
                "keydata" => data = Some(value.chars().filter(|it| !it.is_whitespace()).collect::<String>()),
                // Attributes that begin with `_` may be unknown; with others unknown the whole does not count.
                other if other.starts_with('_') => {}
                _ => return None,
            }
        }
        let octets =
            data.filter(|it| it.len() <= KEYDATA_OCTETS_MAX * 4 / 3).and_then(|it| STANDARD.decode(it).ok())?;
        Some(Self { address: address?, prefer, certificate: Certificate::parse(&octets).ok()? })
    }

    /// The field for mail of `address`, folded, with its line break. Of the certificate it has what is needed to encrypt to it, and no more.
    ///
    /// # Errors
    /// If the certificate does not name the address, nothing can be encrypted to it, or the field would have more than ten kibibytes.
    pub fn field(
        certificate: &Certificate,
        address: &str,
        prefer: PreferEncrypt,
        now: env::Timestamp,
    ) -> Result<String, PgpError> {
        let octets = certificate.minimal_for(address, now)?.to_bytes();
        let wish = if prefer == PreferEncrypt::Mutual { " prefer-encrypt=mutual;" } else { "" };
        let mut field = format!("Autocrypt: addr={address};{wish} keydata=");
        for line in STANDARD.encode(octets).as_bytes().chunks(76) {
            field.push_str("\r\n ");
            field.push_str(&String::from_utf8_lossy(line));
        }
        field.push_str("\r\n");
        if field.len() > FIELD_OCTETS_MAX {
            return Err(PgpError::TooLarge {
                what: "header field of Autocrypt",
                limit: FIELD_OCTETS_MAX,
                unit: "octets",
            });
        }
        Ok(field)
    }
}
