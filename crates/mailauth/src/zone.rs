//! DNS answers from a file, to check a message without a server: YAML in the form of the public SPF tests' `zonedata`, or the master
//! file format of RFC 1035 section 5.

mod master;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;
use env::dns::{DnsError, Mx, Resolver};

/// Aliases followed for one question.
const ALIASES_MAX: usize = 8;

/// Kinds of record that a check asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    A,
    Aaaa,
    Mx,
    Ptr,
    Txt,
    /// Type 99, which RFC 7208 section 3.1 abolished: only stands in for texts that are not there.
    Spf,
    Cname,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "MX" => Self::Mx,
            "PTR" => Self::Ptr,
            "TXT" => Self::Txt,
            "SPF" => Self::Spf,
            "CNAME" => Self::Cname,
            _ => return None,
        })
    }

    /// Types that a zone may hold and no check asks for.
    fn is_passed_over(name: &str) -> bool {
        const OTHERS: [&str; 12] =
            ["SOA", "NS", "SRV", "CAA", "TLSA", "DS", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "HTTPS", "NAPTR"];
        OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
    }
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Exchanger(Mx),
    Name(String),
    Text(String),
    /// The question is not answered.
    Timeout,
    /// There is no such record, though another rule would make one.
    Nothing,
}

/// A file that is no zone: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}; {remedy}")]
pub struct ZoneError {
    /// Name of the file as given.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What is wrong in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    line: usize,
    what: String,
}

/// The answers of a zone file. What is not in it does not exist.
#[derive(Debug, Clone, Default)]
pub struct ZoneFile {
    /// By name in lowercase without the final dot.
    names: HashMap<String, Vec<(Kind, Data)>>,
    /// Names for which no other question is answered.
    silent: Vec<String>,
}

impl ZoneFile {
    /// Reads `text`, the content of the file called `file`, in whichever of the two forms it is.
    ///
    /// # Errors
    /// [`ZoneError`] when it is neither or both, with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, ZoneError> {
        let fail =
            |fault: Fault, remedy| ZoneError { file: file.to_owned(), line: fault.line, what: fault.what, remedy };
        let is_called_yaml =
            [".yaml", ".yml", ".json"].iter().any(|ending| file.to_ascii_lowercase().ends_with(ending));
        match yaml::read(text) {
            Ok(zone) => match master::read(text) {
                Ok(other) if !is_called_yaml && !other.names.is_empty() && !zone.names.is_empty() => Err(fail(
                    Fault { line: 1, what: "reads as YAML and as a master file".to_owned() },
                    "give a YAML file the ending .yaml",
                )),
                _ => Ok(zone),
            },
            Err(yaml::Unread::Faulty(fault)) => Err(fail(fault, yaml::REMEDY)),
            Err(yaml::Unread::OtherForm(fault)) if is_called_yaml || begins_like_a_map(text) => {
                Err(fail(fault, yaml::REMEDY))
            }
            Err(yaml::Unread::OtherForm(_)) => master::read(text).map_err(|fault| fail(fault, master::REMEDY)),
        }
    }

    fn add(&mut self, name: &str, kind: Kind, data: Data) {
        self.names.entry(key(name)).or_default().push((kind, data));
    }

    /// Makes text records of SPF records where there is no text (the rule of the public tests).
    fn complete(&mut self) {
        for records in self.names.values_mut() {
            if records.iter().any(|(kind, _)| *kind == Kind::Txt) {
                continue;
            }
            let texts: Vec<(Kind, Data)> = records
                .iter()
                .filter(|(kind, _)| *kind == Kind::Spf)
                .map(|(_, data)| (Kind::Txt, data.clone()))
                .collect();
            records.extend(texts);
        }
    }

    fn ask<T>(&self, name: &str, kind: Kind, pick: impl Fn(&Data) -> Option<T>) -> Result<Vec<T>, DnsError> {
        let asked = name;
        let temporary = |cause: &str| DnsError::Temporary { name: asked.to_owned(), cause: cause.to_owned() };
        let mut name = key(name);
        for _ in 0..=ALIASES_MAX {
            let records = self.names.get(&name).map(Vec::as_slice).unwrap_or_default();
            let found: Vec<&Data> = records.iter().filter(|(other, _)| *other == kind).map(|(_, data)| data).collect();
            if found.contains(&&Data::Timeout) {
                return Err(temporary("no answer"));
            }
            let picked: Vec<T> = found.iter().filter_map(|data| pick(data)).collect();
            if !picked.is_empty() {
                return Ok(picked);
            }
            if let Some((_, Data::Name(target))) = records.iter().find(|(other, _)| *other == Kind::Cname) {
                name = key(target);
                continue;
            }
            if self.silent.contains(&name) {
                return Err(temporary("no answer"));
            }
            return Err(DnsError::NotFound { name: asked.to_owned() });
        }
        Err(temporary("the chain of aliases is too long"))
    }
}

/// Whether the first line that says anything is one that only YAML has.
fn begins_like_a_map(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first_word = lines.next().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    first_word.ends_with(':') || first_word.starts_with(['{', '-', '['])
}

fn key(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The name under which host names of an address are found (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = format!("{:032x}", address.to_bits());
            let reversed: Vec<String> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa", reversed.join("."))
        }
    }
}

#[async_trait]
impl Resolver for ZoneFile {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        let mut found =
            self.ask(name, Kind::Mx, |data| if let Data::Exchanger(mx) = data { Some(mx.clone()) } else { None })?;
        found.sort();
        Ok(found)
    }

    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.ask(name, Kind::A, |data| if let Data::Ip4(address) = data { Some(*address) } else { None })
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.ask(name, Kind::Aaaa, |data| if let Data::Ip6(address) = data { Some(*address) } else { None })
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.ask(name, Kind::Txt, |data| if let Data::Text(text) = data { Some(text.clone()) } else { None })
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        self.ask(
            &reverse_name(address),
            Kind::Ptr,
            |data| {
                if let Data::Name(name) = data { Some(key(name)) } else { None }
            },
        )
    }
}

/// Reads what stands behind the type of a record, in either form. `parts` are its words or strings.
fn data(kind: Kind, parts: &[String]) -> Result<Data, String> {
    let only = || match parts {
        [one] => Ok(one.as_str()),
        _ => Err(format!("{kind:?} takes one value, not {}", parts.len())),
    };
    match kind {
        Kind::A => only()?.parse().map(Data::Ip4).map_err(|_| format!("`{}` is no IPv4 address", parts.join(" "))),
        Kind::Aaaa => only()?.parse().map(Data::Ip6).map_err(|_| format!("`{}` is no IPv6 address", parts.join(" "))),
        Kind::Ptr | Kind::Cname => Ok(Data::Name(only()?.to_owned())),
        Kind::Txt | Kind::Spf => Ok(Data::Text(parts.concat())),
        Kind::Mx => match parts {
            [preference, exchange] => {
                let preference =
                    preference.parse().map_err(|_| format!("`{preference}` is no preference of 16 bits"))?;
                Ok(Data::Exchanger(Mx { preference, exchange: key(exchange) }))
            }
            _ => Err(format!("MX takes a preference and a host, not {} values", parts.len())),
        },
    }
}
