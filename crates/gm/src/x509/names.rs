//! Names of holders, and whether a host is one of them (RFC 9525).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::GeneralName;

use super::Certificate;

/// A name of a certificate's holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectName {
    /// A DNS name in lower case, possibly with `*` as its first label.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
    /// A mail address, as written.
    Email(String),
}

impl SubjectName {
    /// A DNS name or IP address as people write it.
    #[must_use]
    pub fn host(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Dns(text.to_ascii_lowercase()), Self::Ip)
    }

    pub(super) fn read(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Dns(name.to_ascii_lowercase())),
            GeneralName::RFC822Name(address) => Some(Self::Email((*address).to_owned())),
            GeneralName::IPAddress(octets) => match octets.len() {
                4 => <[u8; 4]>::try_from(*octets).ok().map(|octets| Self::Ip(Ipv4Addr::from(octets).into())),
                16 => <[u8; 16]>::try_from(*octets).ok().map(|octets| Self::Ip(Ipv6Addr::from(octets).into())),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Certificate {
    /// Whether the host `name` is one of those that the certificate names. The common name is not looked at (RFC 9525 section 2).
    #[must_use]
    pub fn is_for_host(&self, name: &SubjectName) -> bool {
        self.names.iter().any(|holder| match (holder, name) {
            (SubjectName::Dns(pattern), SubjectName::Dns(name)) => dns_matches(pattern, name.trim_end_matches('.')),
            (holder, name) => holder == name,
        })
    }
}

/// RFC 9525 section 6.3: an asterisk stands for the whole first label, and for nothing else.
fn dns_matches(pattern: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        None => !pattern.contains('*') && *pattern == name,
        Some(rest) => {
            let beneath = name.split_once('.').filter(|(label, _)| !label.is_empty());
            rest.contains('.') && !rest.contains('*') && beneath.is_some_and(|(_, beneath)| beneath == rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_one_label() {
        for (pattern, name, wanted) in [
            ("mx.trade.cn", "MX.trade.cn", true),
            ("mx.trade.cn", "a.mx.trade.cn", false),
            ("*.trade.cn", "mx.trade.cn", true),
            ("*.trade.cn", "trade.cn", false),
            ("*.trade.cn", ".trade.cn", false),
            ("*.trade.cn", "a.b.trade.cn", false),
            ("*.cn", "trade.cn", false),
            ("m*.trade.cn", "mx.trade.cn", false),
            ("*.*.cn", "mx.trade.cn", false),
        ] {
            assert_eq!(dns_matches(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
