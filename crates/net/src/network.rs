//! Ranges of addresses, as administrators write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses that share a prefix, such as `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// Text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no address and no network; write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32")]
pub struct NetworkError(String);

impl Network {
    /// The network of `prefix_bits` that `address` is in; an IPv4 address that is mapped into IPv6 counts as IPv4. All bits of a
    /// family if it has fewer.
    #[must_use]
    pub fn around(address: IpAddr, prefix_bits: u8) -> Self {
        let address = address.to_canonical();
        let (number, width) = bits(address);
        let prefix_bits = u32::from(prefix_bits).min(width);
        let host_bits = width - prefix_bits;
        let kept = number.checked_shr(host_bits).and_then(|kept| kept.checked_shl(host_bits)).unwrap_or(0);
        let address = match address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(kept).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(kept.into()),
        };
        Self { address, prefix_bits: u8::try_from(prefix_bits).unwrap_or_default() }
    }

    /// The same range, its address with all bits behind the prefix 0.
    #[must_use]
    pub fn normalised(self) -> Self {
        Self::around(self.address, self.prefix_bits)
    }

    /// The first address of the range, as it was written.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Bits that all addresses of the range share.
    #[must_use]
    pub const fn prefix_bits(&self) -> u8 {
        self.prefix_bits
    }

    /// Whether `address` is in this range. An IPv4 address that is mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (ours, width) = bits(self.address);
        let (theirs, their_width) = bits(address.to_canonical());
        let host_bits = width - u32::from(self.prefix_bits);
        width == their_width && (ours ^ theirs).checked_shr(host_bits).unwrap_or(0) == 0
    }
}

/// An address as a number and its width in bits.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let refused = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| refused())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| refused())?,
            None => width,
        };
        if prefix_bits > width { Err(refused()) } else { Ok(Self { address, prefix_bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

/// Networks whose hosts are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedNetworks(Vec<Network>);

impl TrustedNetworks {
    /// Reads networks as the settings have them.
    ///
    /// # Errors
    /// [`NetworkError`] that names the first one that cannot be read.
    pub fn parse<S: AsRef<str>>(networks: &[S]) -> Result<Self, NetworkError> {
        networks.iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `address` is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn membership() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().contains(address.parse().unwrap()), inside, "{network}");
        }
    }

    #[test]
    fn the_network_around_an_address() {
        for (address, prefix_bits, network) in [
            ("192.0.2.77", 24, "192.0.2.0/24"),
            ("::ffff:192.0.2.77", 24, "192.0.2.0/24"),
            ("192.0.2.77", 64, "192.0.2.77/32"),
            ("192.0.2.77", 0, "0.0.0.0/0"),
            ("2001:db8:1:2:3::4", 64, "2001:db8:1:2::/64"),
            ("2001:db8::4", 0, "::/0"),
            ("2001:db8::4", 128, "2001:db8::4/128"),
        ] {
            assert_eq!(Network::around(address.parse().unwrap(), prefix_bits).to_string(), network);
        }
        assert_eq!("10.9.8.7/8".parse::<Network>().unwrap().normalised().to_string(), "10.0.0.0/8");
    }

    #[test]
    fn bad_text_is_named() {
        for text in ["", "10.0.0.0/33", "::/129", "host", "10.0.0.0/x", "10.0.0/8"] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{text}\"")), "{error}");
        }
    }
}
