//! Codes of an authenticator app: time-based one-time passwords (RFC 6238) of six digits, thirty seconds and HMAC-SHA-1, the one form that
//! every app knows.

use aws_lc_rs::hmac;
use env::{Entropy, Secret, Timestamp};
use subtle::ConstantTimeEq;

/// Length of a fresh secret: that of the hash's output (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;

/// Time step in seconds (RFC 6238 section 5.2).
const STEP_SECONDS: i64 = 30;

/// Steps before and after the present one whose codes are taken: delay and a clock that is a little wrong (RFC 6238 section 5.2).
const WINDOW_STEPS: u64 = 1;

/// Steps within which a code that is not taken is still recognised, to tell the log of a clock that is wrong: half an hour.
const SKEW_STEPS: u64 = 60;

const DIGITS: usize = 6;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Why a code does not count. Only the log may know which: to the person each is "the code is wrong".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    /// Not six digits.
    #[error("the code is not {DIGITS} digits")]
    Malformed,
    /// No code of this secret near the present time.
    #[error("the code is wrong")]
    Wrong,
    /// It, or a later one, has been used before.
    #[error("the code was used before")]
    Replayed,
    /// Right for another time.
    #[error("the code is that of {seconds} seconds from now; set the clock of the person's device or of this server")]
    ClockSkew {
        /// How far the device's clock is ahead.
        seconds: i64,
    },
}

/// A secret that an authenticator app shares with us.
#[derive(Debug, Clone)]
pub struct Totp(Secret<Vec<u8>>);

impl Totp {
    /// A fresh secret.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = vec![0; SECRET_BYTES];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// The secret whose bytes these are.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// The secret's bytes, to be kept sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// The secret as people type it into an app (base32, RFC 4648 section 6, without padding).
    #[must_use]
    pub fn base32(&self) -> Secret<String> {
        let mut text = String::with_capacity(32);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for &byte in self.0.expose() {
            bits = bits << 8 | u32::from(byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                text.push(base32_digit(bits >> held));
            }
            bits &= (1 << held) - 1;
        }
        if held > 0 {
            text.push(base32_digit(bits << (5 - held)));
        }
        Secret::new(text)
    }

    /// What the app reads from a QR code: the secret, with `issuer` and the account's name for its list.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Secret<String> {
        let encode = |text: &str| crate::sms::percent_encode(text);
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            issuer = encode(issuer),
            account = encode(account),
            secret = self.base32().expose(),
        ))
    }

    /// Whether `code` is one of now, later than that of `last_step`, the step of the last code taken. Gives its step, to be kept.
    ///
    /// # Errors
    /// [`TotpError`] with the reason for the log.
    pub fn verify(&self, code: &str, now: Timestamp, last_step: Option<u64>) -> Result<u64, TotpError> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TotpError::Malformed);
        }
        let present = step_of(now);
        let Some(step) = self.find(&code, present, WINDOW_STEPS) else {
            return Err(match self.find(&code, present, SKEW_STEPS) {
                Some(step) => TotpError::ClockSkew { seconds: seconds_between(present, step) },
                None => TotpError::Wrong,
            });
        };
        // RFC 6238 section 5.2: a code must not be accepted a second time.
        if last_step.is_some_and(|last| step <= last) { Err(TotpError::Replayed) } else { Ok(step) }
    }

    /// The step nearest to `present`, at most `steps` away, whose code this is. Every step is looked at, so that the time tells nothing.
    fn find(&self, code: &str, present: u64, steps: u64) -> Option<u64> {
        let mut found: Option<u64> = None;
        for step in present.saturating_sub(steps)..=present.saturating_add(steps) {
            let fits: bool = self.code_at_step(step).as_bytes().ct_eq(code.as_bytes()).into();
            if fits && found.is_none_or(|before| step.abs_diff(present) < before.abs_diff(present)) {
                found = Some(step);
            }
        }
        found
    }

    /// The code that an app shows at `moment`.
    #[must_use]
    pub fn code_at(&self, moment: Timestamp) -> String {
        self.code_at_step(step_of(moment))
    }

    /// RFC 4226 section 5.3 with the step as counter.
    fn code_at_step(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let mac = hmac::sign(&key, &step.to_be_bytes());
        let mac = mac.as_ref();
        let offset = usize::from(mac.last().copied().unwrap_or(0) & 0x0f);
        let four = mac.get(offset..offset + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).unwrap_or_default();
        let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000;
        format!("{number:06}")
    }
}

fn step_of(moment: Timestamp) -> u64 {
    u64::try_from(moment.seconds() / STEP_SECONDS).unwrap_or(0)
}

fn seconds_between(present: u64, step: u64) -> i64 {
    i64::try_from(step).unwrap_or(0).saturating_sub(i64::try_from(present).unwrap_or(0)) * STEP_SECONDS
}

fn base32_digit(bits: u32) -> char {
    let index = usize::try_from(bits & 31).unwrap_or(0);
    BASE32.get(index).copied().map_or('A', char::from)
}

#[cfg(test)]
mod tests {
    use env::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, the last six of eight digits.
        let totp = Totp::from_bytes(b"12345678901234567890".to_vec());
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(totp.code_at(Timestamp::from_seconds(seconds)), code);
        }
        assert_eq!(totp.base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Totp::from_bytes(b"foob".to_vec()).base32().expose(), "MZXW6YQ");
    }

    #[test]
    fn a_code_is_taken_in_its_window_and_once() {
        let totp = Totp::generate(&SeededEntropy::new(1));
        let at = |seconds: i64| Timestamp::from_seconds(NOW.seconds() + seconds);
        let code = totp.code_at(NOW);
        let step = totp.verify(&code, NOW, None).unwrap();
        for seconds in [-30, 0, 29, 30, 59] {
            assert_eq!(totp.verify(&code, at(seconds), None), Ok(step), "{seconds}");
            assert_eq!(totp.verify(&code, at(seconds), Some(step)), Err(TotpError::Replayed), "{seconds}");
        }
        // An earlier code after a later one is a replay too.
        assert_eq!(totp.verify(&totp.code_at(at(-30)), NOW, Some(step)), Err(TotpError::Replayed));
        assert_eq!(totp.verify(&totp.code_at(at(30)), NOW, Some(step)), Ok(step + 1));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(totp.verify(&spaced, NOW, None), Ok(step), "as apps show it");
    }

    #[test]
    fn what_is_no_code_of_now_is_refused_with_its_reason() {
        let totp = Totp::generate(&SeededEntropy::new(2));
        let late = totp.code_at(Timestamp::from_seconds(NOW.seconds() - 300));
        assert_eq!(totp.verify(&late, NOW, None), Err(TotpError::ClockSkew { seconds: -300 }));
        let other = Totp::generate(&SeededEntropy::new(3)).code_at(NOW);
        assert_eq!(totp.verify(&other, NOW, None), Err(TotpError::Wrong));
        for text in ["", "12345", "1234567", "12345x", "１２３４５６", "-12345"] {
            assert_eq!(totp.verify(text, NOW, None), Err(TotpError::Malformed), "{text}");
        }
    }

    #[test]
    fn the_uri_names_the_account() {
        let uri = Totp::from_bytes(b"12345678901234567890".to_vec()).uri("信风 Mail", "li@trade.test");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/%E4%BF%A1%E9%A3%8E%20Mail:li%40trade.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=%E4%BF%A1%E9%A3%8E%20Mail&algorithm=SHA1&digits=6&period=30"
        );
    }
}
