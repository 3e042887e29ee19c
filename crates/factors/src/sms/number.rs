use std::fmt;

/// Digits of a telephone number with its country code (ITU-T E.164).
const DIGITS_MIN: usize = 8;
const DIGITS_MAX: usize = 15;

/// Digits at the end that are shown of a masked number.
const SHOWN: usize = 3;

/// A text that is no telephone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no telephone number; write it with its country code, as +8613800138000")]
pub struct NumberError(pub String);

/// A telephone number with its country code (ITU-T E.164).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads `+` and digits; spaces, dashes, dots and brackets between them are left out.
    ///
    /// # Errors
    /// [`NumberError`] if it is none.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let error = || NumberError(text.to_owned());
        let digits = text.trim().strip_prefix('+').ok_or_else(error)?;
        let digits: String = digits.chars().filter(|c| !" -.()".contains(*c)).collect();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && !digits.starts_with('0');
        if is_number { Ok(Self(format!("+{digits}"))) } else { Err(error()) }
    }

    /// `+` and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as it may be shown to somebody who has given the password only: its owner knows it again by the last digits.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(1 + SHOWN);
        format!("+{}{}", "*".repeat(hidden), self.0.get(1 + hidden..).unwrap_or_default())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}
