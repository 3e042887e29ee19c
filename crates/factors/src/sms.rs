//! A code to a telephone.
//!
//! Each provider is a profile: it makes the request to be sent over HTTPS and reads the answer. Who sends it is the caller's matter.

mod aliyun;
mod number;
mod settings;
mod tencent;
mod twilio;

use aws_lc_rs::digest;
use env::{Entropy, Outlook, Secret, Timestamp};
use subtle::ConstantTimeEq;

pub use number::{NumberError, PhoneNumber};
pub use settings::{SmsProvider, SmsSettings};

/// Digits of a code.
pub const CODE_DIGITS: usize = 6;

/// A message to be handed to a provider: POST over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsRequest {
    /// Host, for the connection, its certificate and the field Host.
    pub host: String,
    /// Path with query.
    pub path: String,
    /// Fields of the header beside Host.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Why a code did not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmsError {
    /// No provider is set.
    #[error("no provider of SMS is set; set sms.provider and its keys")]
    NoProvider,
    /// A setting that the provider needs is empty.
    #[error("sms.{0} is empty; the provider needs it")]
    Setting(&'static str),
    /// The provider refused the message.
    #[error("the provider of SMS refused the message ({code}): {message}")]
    Refused {
        /// Its code, or the status of HTTP.
        code: String,
        /// What it says.
        message: String,
        /// Whether trying again can help.
        outlook: Outlook,
    },
    /// The provider was not reached.
    #[error("the provider of SMS cannot be reached: {0}")]
    Unreachable(String),
}

impl SmsError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::NoProvider | Self::Setting(_) => Outlook::Permanent,
            Self::Refused { outlook, .. } => *outlook,
            Self::Unreachable(_) => Outlook::Temporary,
        }
    }
}

/// What there is to tell: the code, and the text around it for providers that do not have a template of their own.
#[derive(Debug, Clone, Copy)]
pub struct SmsMessage<'a> {
    /// To whom.
    pub to: &'a PhoneNumber,
    /// The code.
    pub code: &'a Secret<String>,
    /// The whole text with the code.
    pub text: &'a Secret<String>,
}

/// A provider with its keys.
#[derive(Debug, Clone)]
pub struct Provider {
    settings: SmsSettings,
    key: Secret<String>,
}

impl Provider {
    /// The provider that the settings name; `key` is its secret.
    ///
    /// # Errors
    /// [`SmsError`] if there is none or a setting that it needs is missing.
    pub fn new(settings: SmsSettings, key: Secret<String>) -> Result<Self, SmsError> {
        if settings.provider == SmsProvider::None {
            return Err(SmsError::NoProvider);
        }
        if let Some((name, _)) = settings.needed().into_iter().find(|(_, value)| value.is_empty()) {
            return Err(SmsError::Setting(name));
        }
        if key.expose().is_empty() {
            return Err(SmsError::Setting("key_file"));
        }
        Ok(Self { settings, key })
    }

    /// The request that sends `message`.
    ///
    /// # Errors
    /// [`SmsError::NoProvider`].
    pub fn request(
        &self,
        message: SmsMessage<'_>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<SmsRequest, SmsError> {
        match self.settings.provider {
            SmsProvider::None => Err(SmsError::NoProvider),
            SmsProvider::Aliyun => Ok(aliyun::request(&self.settings, &self.key, message, now, entropy)),
            SmsProvider::Tencent => Ok(tencent::request(&self.settings, &self.key, message, now)),
            SmsProvider::Twilio => Ok(twilio::request(&self.settings, &self.key, message)),
        }
    }

    /// Whether the provider has taken the message.
    ///
    /// # Errors
    /// [`SmsError::Refused`] with what it says.
    pub fn read_answer(&self, status: u16, body: &[u8]) -> Result<(), SmsError> {
        let parsed = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
        let verdict = match self.settings.provider {
            SmsProvider::None => return Err(SmsError::NoProvider),
            SmsProvider::Aliyun => aliyun::verdict(&parsed),
            SmsProvider::Tencent => tencent::verdict(&parsed),
            SmsProvider::Twilio => twilio::verdict(&parsed),
        };
        let taken = (200..300).contains(&status) && verdict.taken;
        if taken {
            return Ok(());
        }
        let is_passing = status == 429 || status >= 500 || verdict.passing;
        Err(SmsError::Refused {
            code: if verdict.code.is_empty() { format!("status {status}") } else { verdict.code },
            message: verdict.message,
            outlook: if is_passing { Outlook::Temporary } else { Outlook::Permanent },
        })
    }
}

/// What a provider's answer says.
struct Verdict {
    taken: bool,
    /// Refused because of too many requests.
    passing: bool,
    code: String,
    message: String,
}

/// Text at a JSON pointer; empty if there is none.
fn text_at(value: &serde_json::Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A fresh code of [`CODE_DIGITS`] digits, each equally likely.
#[must_use]
pub fn generate_code(entropy: &dyn Entropy) -> Secret<String> {
    const CODES: u64 = 1_000_000;
    let fair = u64::MAX - u64::MAX % CODES;
    loop {
        let number = entropy.next_u64();
        if number < fair {
            return Secret::new(format!("{:06}", number % CODES));
        }
    }
}

/// Digest of a code under a secret of its own, for comparing later. Codes are short: keep the digest sealed and short-lived.
#[must_use]
pub fn code_digest(code: &str) -> Vec<u8> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    digest::digest(&digest::SHA256, digits.as_bytes()).as_ref().to_vec()
}

/// Whether `typed` is the code with this digest.
#[must_use]
pub fn fits(typed: &str, digest: &[u8]) -> bool {
    code_digest(typed).ct_eq(digest).into()
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 section 2.3).
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&crate::hex::lower(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
