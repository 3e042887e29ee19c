//! Parameters of `MAIL` and `RCPT`, read and written.

use std::fmt;

use env::Timestamp;

use super::address::Mailbox;
use super::command::CommandError;
use super::xtext;

/// Octets of a decoded `ENVID` (RFC 3461 section 4.4).
const ENVID_BYTES_MAX: usize = 100;
/// Octets of an `ORCPT` value (RFC 3461 section 4.2).
const ORCPT_BYTES_MAX: usize = 500;

/// Parameters of `MAIL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailParams {
    /// `SIZE=`: octets of the message as the client estimates them (RFC 1870 section 5).
    pub size: Option<u64>,
    /// `BODY=` (RFC 6152 section 2, RFC 3030 section 3).
    pub body: Option<BodyKind>,
    /// `SMTPUTF8`: addresses or header hold UTF-8 (RFC 6531 section 3.4).
    pub smtputf8: bool,
    /// `RET=`: what a failure notice returns (RFC 3461 section 4.3).
    pub ret: Option<Ret>,
    /// `ENVID=`, decoded: the sender's own mark of the envelope (RFC 3461 section 4.4).
    pub envid: Option<String>,
    /// `AUTH=`: who first submitted the message, as the client says (RFC 4954 section 5).
    pub auth: Option<AuthParam>,
    /// `REQUIRETLS`: pass the message on only by verified TLS (RFC 8689 section 2).
    pub require_tls: bool,
    /// `HOLDFOR=` or `HOLDUNTIL=`: do not send before (RFC 4865 section 4).
    pub hold: Option<Hold>,
}

/// What a message's octets may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// ASCII lines.
    SevenBit,
    /// Lines of any octets.
    EightBitMime,
    /// Any octets (RFC 3030 section 3); not offered by our server.
    BinaryMime,
}

/// What a failure notice returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header.
    Headers,
}

/// Value of `AUTH=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthParam {
    /// `<>`: not known.
    Unknown,
    /// A mailbox.
    Mailbox(Mailbox),
}

/// When a message may go out (RFC 4865).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// So many seconds from now.
    ForSeconds(u32),
    /// Not before this moment.
    Until(Timestamp),
}

/// Parameters of `RCPT` (RFC 3461 sections 4.1 and 4.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RcptParams {
    /// `NOTIFY=`: what the sender wants to hear of; `None` leaves it to the server.
    pub notify: Option<Notify>,
    /// `ORCPT=`, decoded: whom the sender first named.
    pub original: Option<OriginalRecipient>,
}

/// Which notifications are wanted. All false is `NEVER`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notify {
    /// On delivery.
    pub success: bool,
    /// On failure.
    pub failure: bool,
    /// On delay.
    pub delay: bool,
}

/// The address that the sender first named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// `rfc822`, `utf-8` or another registered type, in lower case.
    pub address_type: String,
    /// The address, decoded.
    pub address: String,
}

/// Keeps a parameter's value, once.
fn keep<T>(slot: &mut Option<T>, keyword: &'static str, value: Option<T>) -> Result<(), CommandError> {
    if slot.is_some() {
        return Err(CommandError::RepeatedParameter(keyword));
    }
    *slot = Some(value.ok_or(CommandError::BadParameter(keyword))?);
    Ok(())
}

fn raise(flag: &mut bool, keyword: &'static str, value: Option<&str>) -> Result<(), CommandError> {
    let mut slot = flag.then_some(());
    keep(&mut slot, keyword, value.is_none().then_some(()))?;
    *flag = true;
    Ok(())
}

/// RFC 5321 section 4.1.2, `Mail-parameters`: keyword, and a value after `=` where there is one.
fn each_param(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    let params = if text.is_empty() { None } else { Some(text.split(' ')) };
    params.into_iter().flatten().map(|param| match param.split_once('=') {
        Some((keyword, value)) => (keyword.to_ascii_uppercase(), Some(value)),
        None => (param.to_ascii_uppercase(), None),
    })
}

impl MailParams {
    /// Reads what follows the path and a space.
    ///
    /// # Errors
    /// If a parameter is unknown, repeated, or has a bad value.
    pub(crate) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut params = Self::default();
        for (keyword, value) in each_param(text) {
            match keyword.as_str() {
                "SIZE" => keep(&mut params.size, "SIZE", value.and_then(|digits| integer(digits, 20)))?,
                "BODY" => keep(&mut params.body, "BODY", value.and_then(body_kind))?,
                "SMTPUTF8" => raise(&mut params.smtputf8, "SMTPUTF8", value)?,
                "RET" => keep(&mut params.ret, "RET", value.and_then(ret))?,
                "ENVID" => keep(&mut params.envid, "ENVID", value.and_then(envid))?,
                "AUTH" => keep(&mut params.auth, "AUTH", value.and_then(auth_param))?,
                "REQUIRETLS" => raise(&mut params.require_tls, "REQUIRETLS", value)?,
                // RFC 4865 section 4: one of the two, once.
                "HOLDFOR" => keep(&mut params.hold, "HOLDFOR", value.and_then(hold_for))?,
                "HOLDUNTIL" => keep(&mut params.hold, "HOLDUNTIL", value.and_then(hold_until))?,
                _ => return Err(CommandError::UnknownParameter(keyword)),
            }
        }
        Ok(params)
    }
}

impl RcptParams {
    /// Reads what follows the path and a space.
    ///
    /// # Errors
    /// If a parameter is unknown, repeated, or has a bad value.
    pub(crate) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut params = Self::default();
        for (keyword, value) in each_param(text) {
            match keyword.as_str() {
                "NOTIFY" => keep(&mut params.notify, "NOTIFY", value.and_then(notify))?,
                "ORCPT" => keep(&mut params.original, "ORCPT", value.and_then(original_recipient))?,
                _ => return Err(CommandError::UnknownParameter(keyword)),
            }
        }
        Ok(params)
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notify.is_none() && self.original.is_none()
    }
}

/// A number of at most `digits_max` digits; one that is too large for 64 bits is the largest.
fn integer(digits: &str, digits_max: usize) -> Option<u64> {
    let fine = (1..=digits_max).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    fine.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn body_kind(value: &str) -> Option<BodyKind> {
    let kinds =
        [("7BIT", BodyKind::SevenBit), ("8BITMIME", BodyKind::EightBitMime), ("BINARYMIME", BodyKind::BinaryMime)];
    kinds.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, kind)| kind)
}

fn ret(value: &str) -> Option<Ret> {
    if value.eq_ignore_ascii_case("FULL") {
        return Some(Ret::Full);
    }
    value.eq_ignore_ascii_case("HDRS").then_some(Ret::Headers)
}

fn envid(value: &str) -> Option<String> {
    let decoded = xtext::decode(value)?;
    let fine =
        (1..=ENVID_BYTES_MAX).contains(&decoded.len()) && decoded.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    fine.then_some(decoded)
}

fn auth_param(value: &str) -> Option<AuthParam> {
    match xtext::decode(value)?.as_str() {
        "<>" => Some(AuthParam::Unknown),
        mailbox => Mailbox::parse(mailbox).ok().map(AuthParam::Mailbox),
    }
}

/// RFC 4865 section 4: one to nine digits, not beginning with zero.
fn hold_for(value: &str) -> Option<Hold> {
    let seconds = integer(value, 9).filter(|_| !value.starts_with('0'))?;
    u32::try_from(seconds).ok().map(Hold::ForSeconds)
}

/// RFC 4865 section 4: `date-time` of RFC 3339 in UTC.
fn hold_until(value: &str) -> Option<Hold> {
    parse_utc(value).map(Hold::Until)
}

/// `2026-11-24T16:00:00Z`; fractions of a second are read over.
fn parse_utc(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix(['Z', 'z'])?;
    let (date, time) = text.split_once(['T', 't'])?;
    let time = match time.split_once('.') {
        Some((time, fraction)) => {
            integer(fraction, 9)?;
            time
        }
        None => time,
    };
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    let civil = civil(year, month, day, hour, minute, second)?;
    // A day that the month does not have comes back as another.
    let moment = Timestamp::from_civil(civil);
    (moment.civil().day == civil.day).then_some(moment)
}

fn civil(year: u64, month: u64, day: u64, hour: u64, minute: u64, second: u64) -> Option<env::Civil> {
    let within = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !within {
        return None;
    }
    Some(env::Civil {
        year: i64::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: u8::try_from(hour).ok()?,
        minute: u8::try_from(minute).ok()?,
        second: u8::try_from(second.min(59)).ok()?,
        weekday: 0,
    })
}

fn fields(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length)?;
        *number = integer(part, length)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// RFC 3461 section 4.1: `NEVER`, or a list of the others.
fn notify(value: &str) -> Option<Notify> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Some(notify);
    }
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

/// RFC 3461 section 4.2, and RFC 6533 section 3 for the type `utf-8`.
fn original_recipient(value: &str) -> Option<OriginalRecipient> {
    if value.len() > ORCPT_BYTES_MAX {
        return None;
    }
    let (address_type, encoded) = value.split_once(';')?;
    let address_type = address_type.to_ascii_lowercase();
    let type_fine = address_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let address = if address_type == "utf-8" {
        xtext::decode_utf8_address(encoded)?
    } else {
        // RFC 6533 wants the type utf-8 for an address like that; Postfix 3.7 sends UTF-8 octets as xtext under rfc822.
        xtext::decode(encoded).filter(|address| !address.chars().any(char::is_control))?
    };
    (type_fine && !address_type.is_empty() && !address.is_empty())
        .then_some(OriginalRecipient { address_type, address })
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut wanted = words.into_iter().filter(|(wanted, _)| *wanted).map(|(_, word)| word);
        let Some(first) = wanted.next() else { return f.write_str("NEVER") };
        f.write_str(first)?;
        wanted.try_for_each(|word| write!(f, ",{word}"))
    }
}

impl fmt::Display for OriginalRecipient {
    /// As it stands after `ORCPT=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = if self.address_type == "utf-8" {
            xtext::encode_utf8_address(&self.address)
        } else {
            xtext::encode(&self.address)
        };
        write!(f, "{};{encoded}", self.address_type)
    }
}
