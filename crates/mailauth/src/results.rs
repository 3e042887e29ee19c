//! The Authentication-Results field (RFC 8601): ours, and those that claim to be ours.

mod claims;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::check::{Connection, Facts};
use crate::dkim::DkimCheck;
use crate::spf::SpfCheck;

pub use claims::claims;

/// Characters of a value from outside that are repeated; the rest is cut off.
const VALUE_CHARS_MAX: usize = 255;

/// Our field with all results, folded, with its final line break. `authserv_id` is our host name (RFC 8601 section 2.5).
///
/// Values from outside are quoted, so none can add a result or a field.
#[must_use]
pub fn field(authserv_id: &str, connection: Connection<'_>, facts: &Facts) -> String {
    let mut results = vec![iprev(connection.client, facts)];
    results.push(spf(&facts.spf_helo, "smtp.helo", connection.helo));
    if !connection.mail_from.is_empty() {
        results.push(spf(&facts.spf, "smtp.mailfrom", connection.mail_from));
    }
    if facts.dkim.is_empty() {
        results.push("dkim=none".to_owned());
    }
    results.extend(facts.dkim.iter().map(dkim));
    results.push(dmarc(facts));
    results.push(arc(facts));
    format!("Authentication-Results: {};\r\n\t{}\r\n", value(authserv_id), results.join(";\r\n\t"))
}

fn iprev(client: IpAddr, facts: &Facts) -> String {
    // The colons of an IPv6 address are no token characters.
    let shown = value(&client.to_canonical().to_string());
    format!("iprev={}{} policy.iprev={shown}", facts.iprev.result.word(), comment(facts.iprev.name.as_deref()))
}

fn spf(check: &SpfCheck, property: &str, identity: &str) -> String {
    format!("spf={} {property}={}", check.result.word(), value(identity))
}

fn dkim(check: &DkimCheck) -> String {
    let mut text = format!("dkim={}{}", check.result.word(), reason(check.reason.as_deref()));
    for (property, found) in
        [("header.d", &check.domain), ("header.s", &check.selector), ("header.b", &check.signature_start)]
    {
        if !found.is_empty() {
            text.push_str(&format!(" {property}={}", value(found)));
        }
    }
    text
}

fn dmarc(facts: &Facts) -> String {
    let mut text = format!("dmarc={}{}", facts.dmarc.result.word(), reason(facts.dmarc.reason.as_deref()));
    if let Some(domain) = &facts.dmarc.from_domain {
        text.push_str(&format!(" header.from={}", value(domain)));
    }
    if let Some(policy) = facts.dmarc.policy {
        text.push_str(&format!(" policy.dmarc={}", policy.word()));
    }
    text
}

fn arc(facts: &Facts) -> String {
    let mut text = format!("arc={}{}", facts.arc.result.word(), reason(facts.arc.reason.as_deref()));
    if let Some(sealer) = facts.arc.sealers.last() {
        text.push_str(&format!(" policy.sealer={}", value(sealer)));
    }
    text
}

fn reason(why: Option<&str>) -> String {
    why.map(|why| format!(" reason={}", quoted(why))).unwrap_or_default()
}

fn comment(name: Option<&str>) -> String {
    // Only a host name may stand in a comment unquoted.
    let is_plain = |name: &&str| {
        name.len() <= VALUE_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    name.filter(is_plain).map(|name| format!(" ({name})")).unwrap_or_default()
}

/// A property's value (RFC 8601 section 2.2, `pvalue`): as it is if it is a token or `local@domain` of plain characters, else quoted.
fn value(text: &str) -> String {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-^_`{|}~.".contains(&byte))
    };
    let is_address = text.split_once('@').is_some_and(|(local, domain)| is_plain(local) && is_plain(domain));
    if text.len() <= VALUE_CHARS_MAX && (is_plain(text) || is_address) {
        text.to_owned()
    } else {
        quoted(&defused(text))
    }
}

/// A stranger's text without the signs that make a result, for readers that pass over quotation marks.
fn defused(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ';' | '=') { '?' } else { c }).collect()
}

/// A quoted string (RFC 5322 section 3.2.4) of printable ASCII; every other character becomes a question mark.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().take(VALUE_CHARS_MAX) {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ => quoted.push('?'),
        }
    }
    quoted.push('"');
    quoted
}
