//! Who handed the message over to those who tell the truth: the topmost hop from outside.

use std::net::Ipv4Addr;

use super::{Forgery, Header, Tell};
use crate::facts::registered_domain;

/// Words in names that providers give to lines of people who dial in.
const LINES: [&str; 14] = [
    "dsl",
    "adsl",
    "dial",
    "dialup",
    "ppp",
    "cable",
    "pool",
    "dyn",
    "dynamic",
    "dhcp",
    "catv",
    "broadband",
    "cpe",
    "modem",
];

/// A hop from outside.
struct Hop<'a> {
    greeting: &'a str,
    /// The name of its address, if the receiver looked it up.
    name: Option<&'a str>,
    by: &'a str,
    is_submission: bool,
}

/// Tells what is wrong with who handed it over.
pub(super) fn compare(header: &Header, tell: &mut Tell<'_>) {
    let Some(hop) = header.all("received").find_map(outer) else { return };
    if hop.is_submission {
        return;
    }
    let name = hop.name.unwrap_or(hop.greeting);
    let is_own = registered_domain(name) == registered_domain(hop.by);
    if is_line(name) && !is_own {
        tell(Forgery::DialUp, name);
    }
    if hop.greeting.parse::<Ipv4Addr>().is_ok() {
        tell(Forgery::Greeting, hop.greeting);
    }
}

/// The hop, if it came from an address that anybody can reach.
fn outer(received: &str) -> Option<Hop<'_>> {
    let rest = received.strip_prefix("from ")?;
    let (from, by) = rest.split_once(" by ").unwrap_or((rest, ""));
    let (first, behind) = from.split_once(' ').unwrap_or((from, ""));
    let is_reachable = |address: Ipv4Addr| !(address.is_private() || address.is_loopback() || address.is_link_local());
    let mut addresses = from.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|word| word.parse().ok());
    addresses.next().filter(|address| is_reachable(*address))?;
    let inner = behind.trim_start().strip_prefix('(').unwrap_or_default();
    let mut words = inner
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '='))
        .filter(|word| !word.is_empty());
    // qmail writes `from name (HELO greeting) (address)`, others `from greeting (name [address])`.
    let second = words.next().unwrap_or_default();
    let (greeting, name) = if second.eq_ignore_ascii_case("helo") {
        (words.next().unwrap_or_default(), Some(first).filter(|name| *name != "unknown"))
    } else {
        let name = second.rsplit('@').next().unwrap_or_default().trim_end_matches('.');
        (first, Some(name).filter(|name| is_name(name)))
    };
    Some(Hop {
        greeting,
        name,
        by: by.split([' ', ';']).next().unwrap_or_default(),
        is_submission: ["ESMTPA", "ESMTPSA", "HTTP", "ASMTP"].iter().any(|protocol| by.contains(protocol)),
    })
}

fn is_name(word: &str) -> bool {
    word.contains('.')
        && word
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() > 1 && last.bytes().all(|octet| octet.is_ascii_alphabetic()))
}

/// Whether a name is one that a provider gives to a line: it spells out the address, or says what kind of line it is.
fn is_line(name: &str) -> bool {
    if !is_name(name) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|number| (1..=3).contains(&number.len())).count();
    let has_long = name.split(|c: char| !c.is_ascii_digit()).any(|number| number.len() >= 8);
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    has_long || numbers >= 4 || numbers >= 1 && words.any(|word| LINES.contains(&word))
}
