//! The sender rewriting scheme: an envelope sender of another domain becomes one of ours, so that SPF holds for mail that is passed
//! on, and a bounce to it finds its way back. `SRS0` names the sender, `SRS1` the first forwarder of a message that was passed on
//! before, whose own address the rest is.

use aws_lc_rs::hmac;
use env::Timestamp;
use subtle::ConstantTimeEq;

/// Days for which a bounce finds its way back: longer than a queue keeps a message.
const VALID_DAYS: i64 = 21;

/// Days after which the date in an address begins anew: two characters of five bits.
const DAYS_CYCLE: i64 = 1 << 10;

/// Characters of the proof in an address, five bits each.
const PROOF_CHARS: usize = 8;

/// Octets of an address (RFC 5321 section 4.5.3.1.3, less the angle brackets). A local part may grow beyond 64, as everywhere with this scheme.
const ADDRESS_OCTETS_MAX: usize = 254;

/// Digits of base 32 that survive servers that change the case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// An address that cannot be rewritten, or not back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrsError {
    /// It has no local part or domain, or signs that need quotation marks.
    #[error("the address cannot be rewritten")]
    Unfit,
    /// The rewritten address would be longer than an address may be.
    #[error("the rewritten address would be too long")]
    TooLong,
    /// It is not a rewritten address.
    #[error("the address is not a rewritten one")]
    NotRewritten,
    /// It was not made with our key, or changed since.
    #[error("the rewritten address is not of ours")]
    Forged,
    /// It was made too long ago.
    #[error("the rewritten address has expired")]
    Expired,
}

impl SrsError {
    /// The same address will never do.
    #[must_use]
    pub const fn outlook(self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// Rewrites addresses for one domain of ours.
pub struct Rewriter {
    key: hmac::Key,
    domain: String,
}

impl Rewriter {
    /// A rewriter for `domain`, whose proofs need `secret`.
    #[must_use]
    pub fn new(secret: &[u8; 32], domain: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), domain: domain.to_ascii_lowercase() }
    }

    /// The address of ours that stands for `sender` while its message is passed on. The null sender and senders of our own domain stay.
    ///
    /// # Errors
    /// [`SrsError::Unfit`] or [`SrsError::TooLong`].
    pub fn rewrite(&self, sender: &str, now: Timestamp) -> Result<String, SrsError> {
        if sender.is_empty() {
            return Ok(String::new());
        }
        let (local, domain) = halves(sender)?;
        if domain.eq_ignore_ascii_case(&self.domain) {
            return Ok(sender.to_owned());
        }
        let rewritten = match scheme(local) {
            Some((Scheme::First, rest)) => self.second(domain, rest),
            Some((Scheme::Second, rest)) => {
                let (_, first, rest) = three(rest.get(1..).unwrap_or_default()).ok_or(SrsError::Unfit)?;
                self.second(first, rest)
            }
            None => {
                let stamp = stamp(now);
                let proof = self.proof(&[&stamp, domain, local]);
                format!("SRS0={proof}={stamp}={domain}={local}@{}", self.domain)
            }
        };
        if rewritten.len() > ADDRESS_OCTETS_MAX { Err(SrsError::TooLong) } else { Ok(rewritten) }
    }

    /// `rest` is the first forwarder's own local part behind `SRS0`, with its separator.
    fn second(&self, first: &str, rest: &str) -> String {
        format!("SRS1={}={first}={rest}@{}", self.proof(&[first, rest]), self.domain)
    }

    /// The address that a bounce to `address` is for.
    ///
    /// # Errors
    /// [`SrsError`] if it is not one that we made lately.
    pub fn restore(&self, address: &str, now: Timestamp) -> Result<String, SrsError> {
        let (local, domain) = halves(address)?;
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return Err(SrsError::NotRewritten);
        }
        let (scheme, rest) = scheme(local).ok_or(SrsError::NotRewritten)?;
        let (proof, second, rest) = three(rest.get(1..).unwrap_or_default()).ok_or(SrsError::NotRewritten)?;
        if scheme == Scheme::Second {
            self.check(proof, &[second, rest])?;
            return Ok(format!("SRS0{rest}@{second}"));
        }
        let (host, user) = rest.split_once('=').ok_or(SrsError::NotRewritten)?;
        self.check(proof, &[second, host, user])?;
        if age_days(second, now).is_none_or(|age| age > VALID_DAYS) {
            return Err(SrsError::Expired);
        }
        Ok(format!("{user}@{host}"))
    }

    fn check(&self, proof: &str, parts: &[&str]) -> Result<(), SrsError> {
        let wanted = self.proof(parts);
        let is_ours: bool = wanted.as_bytes().ct_eq(proof.to_ascii_lowercase().as_bytes()).into();
        if is_ours { Ok(()) } else { Err(SrsError::Forged) }
    }

    /// Covers the parts without regard to case, as servers on the way may change it.
    fn proof(&self, parts: &[&str]) -> String {
        let tag = hmac::sign(&self.key, parts.join("=").to_ascii_lowercase().as_bytes());
        tag.as_ref().iter().take(PROOF_CHARS).map(|byte| digit(usize::from(*byte))).collect()
    }
}

/// Whether the address has the form of a rewritten one, by whomever.
#[must_use]
pub fn has_form(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, _)| scheme(local).is_some())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    First,
    Second,
}

/// The scheme of a local part, and what follows its name: a separator and the rest.
fn scheme(local: &str) -> Option<(Scheme, &str)> {
    let (name, rest) = local.split_at_checked(4)?;
    let is_separated = rest.starts_with(['=', '+', '-']);
    match name.to_ascii_uppercase().as_str() {
        "SRS0" if is_separated => Some((Scheme::First, rest)),
        "SRS1" if is_separated => Some((Scheme::Second, rest)),
        _ => None,
    }
}

fn three(text: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = text.split_once('=')?;
    let (second, rest) = rest.split_once('=')?;
    (!second.is_empty() && !rest.is_empty()).then_some((first, second, rest))
}

fn halves(address: &str) -> Result<(&str, &str), SrsError> {
    let (local, domain) = address.rsplit_once('@').ok_or(SrsError::Unfit)?;
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"\\<>()[],;:@".contains(c);
    let is_fit = !local.is_empty() && !domain.is_empty() && local.chars().all(is_plain);
    if is_fit && !domain.contains('=') { Ok((local, domain)) } else { Err(SrsError::Unfit) }
}

fn digit(value: usize) -> char {
    DIGITS.get(value % DIGITS.len()).copied().map_or('a', char::from)
}

fn stamp(now: Timestamp) -> String {
    let day = usize::try_from(now.seconds().div_euclid(86_400).rem_euclid(DAYS_CYCLE)).unwrap_or(0);
    [digit(day / DIGITS.len()), digit(day)].into_iter().collect()
}

/// Days since the day that `stamp` names, the latest that it can mean.
fn age_days(stamp: &str, now: Timestamp) -> Option<i64> {
    let value = |c: u8| DIGITS.iter().position(|known| *known == c.to_ascii_lowercase());
    let [high, low] = stamp.as_bytes() else { return None };
    let day = i64::try_from(value(*high)? * DIGITS.len() + value(*low)?).ok()?;
    Some((now.seconds().div_euclid(86_400) - day).rem_euclid(DAYS_CYCLE))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_600_000);

    fn ours() -> Rewriter {
        Rewriter::new(&[7; 32], "trade.test")
    }

    #[test]
    fn a_bounce_finds_its_way_back() {
        for sender in ["anna@acme.example", "a=b+c@acme.example", "SRS0x@acme.example", "订单@acme.example"] {
            let address = ours().rewrite(sender, NOW).unwrap();
            assert!(address.starts_with("SRS0=") && address.ends_with("@trade.test"), "{address}");
            assert_eq!(ours().restore(&address, NOW).unwrap(), sender);
            // Servers on the way may change the case; local parts come back as they are then.
            let shouted = address.to_uppercase();
            assert!(ours().restore(&shouted, NOW).unwrap().eq_ignore_ascii_case(sender) || !sender.is_ascii());
        }
        assert_eq!(ours().rewrite("", NOW).unwrap(), "");
        assert_eq!(ours().rewrite("sales@Trade.test", NOW).unwrap(), "sales@Trade.test");
    }

    #[test]
    fn a_second_forwarder_leads_back_to_the_first() {
        let first = Rewriter::new(&[1; 32], "first.example");
        let by_first = first.rewrite("anna@acme.example", NOW).unwrap();
        let by_second = Rewriter::new(&[2; 32], "second.example").rewrite(&by_first, NOW).unwrap();
        let by_us = ours().rewrite(&by_second, NOW).unwrap();
        assert!(by_us.starts_with("SRS1=") && by_us.contains("=first.example=="), "{by_us}");
        let back = ours().restore(&by_us, NOW).unwrap();
        assert_eq!(back, by_first);
        assert_eq!(first.restore(&back, NOW).unwrap(), "anna@acme.example");
        // Others write other separators behind the name.
        let theirs = ours().rewrite("SRS0+abcd=xy=acme.example=anna@first.example", NOW).unwrap();
        assert_eq!(ours().restore(&theirs, NOW).unwrap(), "SRS0+abcd=xy=acme.example=anna@first.example");
    }

    #[test]
    fn what_is_old_forged_or_unfit_is_refused() {
        let address = ours().rewrite("anna@acme.example", NOW).unwrap();
        let later = |days: u64| NOW.plus(Duration::from_secs(days * 86_400));
        assert!(ours().restore(&address, later(21)).is_ok());
        assert_eq!(ours().restore(&address, later(22)), Err(SrsError::Expired));
        // A date ahead of ours is one of the last cycle.
        assert_eq!(ours().restore(&address, Timestamp::from_seconds(NOW.seconds() - 86_400)), Err(SrsError::Expired));
        assert_eq!(ours().restore(&address.replace("anna", "hanna"), NOW), Err(SrsError::Forged));
        assert_eq!(ours().restore(&address.replace("acme", "evil"), NOW), Err(SrsError::Forged));
        assert_eq!(Rewriter::new(&[8; 32], "trade.test").restore(&address, NOW), Err(SrsError::Forged));
        assert!(has_form("SRS0=a=b=c=d@x") && has_form("srs1+a==b=c=d@x"));
        assert!(!has_form("anna@trade.test") && !has_form("SRS0") && !has_form("srs0x@trade.test"));
        for other in ["anna@trade.test", "SRS0=x@trade.test", "SRS0@trade.test", "SRS0=a=b=c@elsewhere.test"] {
            assert_eq!(ours().restore(other, NOW), Err(SrsError::NotRewritten), "{other}");
        }
        for unfit in ["anna", "@acme.example", "\"a b\"@acme.example", "a\r\nb@acme.example"] {
            assert_eq!(ours().rewrite(unfit, NOW), Err(SrsError::Unfit), "{unfit}");
        }
        assert_eq!(ours().rewrite(&format!("{}@acme.example", "a".repeat(240)), NOW), Err(SrsError::TooLong));
    }
}
