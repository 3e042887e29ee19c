//! The record as written: RFC 7208 sections 4.5 to 6, by the grammar of section 12. An error anywhere makes the whole record unusable.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::expand::MacroText;

/// A record without errors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    pub(crate) directives: Vec<Directive>,
    pub(crate) redirect: Option<MacroText>,
    pub(crate) explanation: Option<MacroText>,
}

/// A mechanism and what its match means (section 4.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directive {
    pub(crate) qualifier: Qualifier,
    pub(crate) mechanism: Mechanism,
}

/// What a match means (section 4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// Section 5. Without a domain, the current one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mechanism {
    All,
    Include(MacroText),
    Address(Option<MacroText>, Prefixes),
    Exchanger(Option<MacroText>, Prefixes),
    Pointer(Option<MacroText>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(MacroText),
}

/// Bits of an address that must match (section 5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefixes {
    pub(crate) ip4: u8,
    pub(crate) ip6: u8,
}

/// A record that breaks the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Whether a text record is an SPF record (section 4.5): the version, then a space or the end.
pub(crate) fn is_spf(text: &str) -> bool {
    after_version(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn after_version(text: &str) -> Option<&str> {
    let (version, rest) = text.split_at_checked("v=spf1".len())?;
    version.eq_ignore_ascii_case("v=spf1").then_some(rest)
}

impl Record {
    /// Reads a record for which [`is_spf`] holds.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut record = Self::default();
        for term in after_version(text).ok_or(Malformed)?.split(' ').filter(|term| !term.is_empty()) {
            record.take(term)?;
        }
        Ok(record)
    }

    fn take(&mut self, term: &str) -> Result<(), Malformed> {
        if let Some((name, value)) = modifier(term) {
            return match name.to_ascii_lowercase().as_str() {
                "redirect" => set_once(&mut self.redirect, value),
                "exp" => set_once(&mut self.explanation, value),
                // Section 6: modifiers that nobody knows are passed over, but must be well written.
                _ => MacroText::parse(value).map(drop),
            };
        }
        let (qualifier, rest) =
            [("+", Qualifier::Pass), ("-", Qualifier::Fail), ("~", Qualifier::SoftFail), ("?", Qualifier::Neutral)]
                .into_iter()
                .find_map(|(sign, qualifier)| Some((qualifier, term.strip_prefix(sign)?)))
                .unwrap_or((Qualifier::Pass, term));
        self.directives.push(Directive { qualifier, mechanism: mechanism(rest)? });
        Ok(())
    }
}

fn set_once(place: &mut Option<MacroText>, value: &str) -> Result<(), Malformed> {
    if place.is_some() {
        return Err(Malformed);
    }
    *place = Some(MacroText::parse_domain(value)?);
    Ok(())
}

/// Name and value if the term has the form of a modifier.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut bytes = name.bytes();
    let is_name = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}

fn mechanism(text: &str) -> Result<Mechanism, Malformed> {
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, argument) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "all" if argument.is_empty() => Ok(Mechanism::All),
        "include" => Ok(Mechanism::Include(required_domain(argument)?)),
        "exists" => Ok(Mechanism::Exists(required_domain(argument)?)),
        "ptr" if argument.is_empty() => Ok(Mechanism::Pointer(None)),
        "ptr" => Ok(Mechanism::Pointer(Some(required_domain(argument)?))),
        "a" => domain_and_prefixes(argument).map(|(domain, prefixes)| Mechanism::Address(domain, prefixes)),
        "mx" => domain_and_prefixes(argument).map(|(domain, prefixes)| Mechanism::Exchanger(domain, prefixes)),
        "ip4" => network(argument, 32).map(|(address, bits)| Mechanism::Ip4(address, bits)),
        "ip6" => network(argument, 128).map(|(address, bits)| Mechanism::Ip6(address, bits)),
        _ => Err(Malformed),
    }
}

fn required_domain(argument: &str) -> Result<MacroText, Malformed> {
    MacroText::parse_domain(argument.strip_prefix(':').ok_or(Malformed)?)
}

fn network<A: std::str::FromStr>(argument: &str, bits_max: u8) -> Result<(A, u8), Malformed> {
    let text = argument.strip_prefix(':').ok_or(Malformed)?;
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, prefix_bits(bits, bits_max)?),
        None => (text, bits_max),
    };
    Ok((address.parse().map_err(|_| Malformed)?, bits))
}

/// `[":" domain-spec] [dual-cidr-length]`. A domain may hold slashes itself, but never end in one and digits.
fn domain_and_prefixes(argument: &str) -> Result<(Option<MacroText>, Prefixes), Malformed> {
    let (front, ip6) = match split_digits(argument, "//") {
        Some((front, bits)) => (front, prefix_bits(bits, 128)?),
        None => (argument, 128),
    };
    let (front, ip4) = match split_digits(front, "/") {
        Some((front, bits)) => (front, prefix_bits(bits, 32)?),
        None => (front, 32),
    };
    let domain = if front.is_empty() { None } else { Some(required_domain(front)?) };
    Ok((domain, Prefixes { ip4, ip6 }))
}

/// Splits off `slash` and the digits that end the text.
fn split_digits<'a>(text: &'a str, slash: &str) -> Option<(&'a str, &'a str)> {
    let front = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.get(front.len()..)?;
    let before = front.strip_suffix(slash)?;
    (!digits.is_empty()).then_some((before, digits))
}

/// Section 12, `ip4-cidr-length`: no zeros in front.
fn prefix_bits(digits: &str, bits_max: u8) -> Result<u8, Malformed> {
    let is_plain = digits == "0" || (digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'));
    let bits: u8 = if is_plain { digits.parse().map_err(|_| Malformed)? } else { return Err(Malformed) };
    if bits <= bits_max { Ok(bits) } else { Err(Malformed) }
}
