//! The PROXY protocol, versions 1 and 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt): the address of the client
//! for whom a proxy connects. Believed only from addresses that the administrator lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Most bytes of a header: the longest version 1 line is shorter.
pub const HEADER_BYTES_MAX: usize = 16 + TLV_BYTES_MAX;

/// Most bytes after the fixed part of version 2: addresses and whatever else a proxy adds (TLS details).
const TLV_BYTES_MAX: usize = 4096;

/// Longest line of version 1 with its CRLF (section 2.1).
const V1_BYTES_MAX: usize = 107;

const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED_BYTES: usize = 16;

/// A header that makes no sense; the connection is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The connection does not begin with a header.
    #[error("the trusted proxy sent no proxy protocol header; turn it on there or do not list the proxy")]
    NoHeader,
    /// The header is malformed or longer than allowed.
    #[error("malformed proxy protocol header: {0}")]
    Malformed(&'static str),
}

/// Whom the proxy connects for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A client.
    Client {
        /// Address of the client.
        source: SocketAddr,
        /// Address that the client connected to.
        destination: SocketAddr,
    },
    /// The proxy itself (health checks) or a client without an address: the connection's own addresses hold.
    Local,
}

/// What the bytes so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All the bytes belong to the header, and there is more of it.
    Incomplete,
    /// The header ends after `bytes`; what follows is the client's.
    Complete {
        /// Length of the header.
        bytes: usize,
        /// What it says.
        origin: Origin,
    },
}

/// Reads the header that `input`, the first bytes of a connection, begins with.
///
/// # Errors
/// [`ProxyError`] if there is none or it is malformed.
pub fn parse(input: &[u8]) -> Result<Progress, ProxyError> {
    if V2_SIGNATURE.starts_with(input) || input.starts_with(V2_SIGNATURE) {
        parse_v2(input)
    } else if b"PROXY ".starts_with(input) || input.starts_with(b"PROXY ") {
        parse_v1(input)
    } else {
        Err(ProxyError::NoHeader)
    }
}

fn parse_v1(input: &[u8]) -> Result<Progress, ProxyError> {
    let within = input.get(..V1_BYTES_MAX).unwrap_or(input);
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return if input.len() >= V1_BYTES_MAX {
            Err(ProxyError::Malformed("line too long"))
        } else {
            Ok(Progress::Incomplete)
        };
    };
    let line = within.get(..end).unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Malformed("line is not ascii"))?;
    let origin = v1_origin(line).ok_or(ProxyError::Malformed("bad line"))?;
    Ok(Progress::Complete { bytes: end + 2, origin })
}

fn v1_origin(line: &str) -> Option<Origin> {
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        // Section 2.1: whatever follows is to be ignored.
        return Some(Origin::Local);
    }
    let (source, destination): (IpAddr, IpAddr) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (source_port, destination_port) = (v1_port(words.next()?)?, v1_port(words.next()?)?);
    let fits = match family {
        "TCP4" => source.is_ipv4() && destination.is_ipv4(),
        "TCP6" => source.is_ipv6() && destination.is_ipv6(),
        _ => false,
    };
    (fits && words.next().is_none()).then(|| Origin::Client {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// A port in decimal digits; `str::parse` alone would take a plus sign as well.
fn v1_port(word: &str) -> Option<u16> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
}

fn parse_v2(input: &[u8]) -> Result<Progress, ProxyError> {
    let Some(fixed) = input.first_chunk::<V2_FIXED_BYTES>() else { return Ok(Progress::Incomplete) };
    let (version_and_command, family, length) = (fixed[12], fixed[13], u16::from_be_bytes([fixed[14], fixed[15]]));
    let length = usize::from(length);
    if version_and_command >> 4 != 2 {
        return Err(ProxyError::Malformed("unknown version"));
    }
    if length > TLV_BYTES_MAX {
        return Err(ProxyError::Malformed("header too long"));
    }
    let bytes = V2_FIXED_BYTES + length;
    let Some(body) = input.get(V2_FIXED_BYTES..bytes) else { return Ok(Progress::Incomplete) };
    let origin = match version_and_command & 0x0f {
        0 => Origin::Local,
        1 => v2_origin(family, body)?,
        _ => return Err(ProxyError::Malformed("unknown command")),
    };
    Ok(Progress::Complete { bytes, origin })
}

fn v2_origin(family: u8, body: &[u8]) -> Result<Origin, ProxyError> {
    const TCP_OVER_IPV4: u8 = 0x11;
    const TCP_OVER_IPV6: u8 = 0x21;
    const SHORT: ProxyError = ProxyError::Malformed("addresses cut short");
    let (source, destination): (IpAddr, IpAddr) = match family {
        TCP_OVER_IPV4 => {
            let octets = body.first_chunk::<12>().ok_or(SHORT)?;
            let [a, b, c, d, e, f, g, h, ..] = *octets;
            (Ipv4Addr::new(a, b, c, d).into(), Ipv4Addr::new(e, f, g, h).into())
        }
        TCP_OVER_IPV6 => {
            let (source, rest) = body.split_first_chunk::<16>().ok_or(SHORT)?;
            let destination = rest.first_chunk::<16>().ok_or(SHORT)?;
            (Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into())
        }
        // Section 2.2: families that are not understood are taken as unspecified.
        _ => return Ok(Origin::Local),
    };
    let ports_at = if family == TCP_OVER_IPV4 { 8 } else { 32 };
    let ports = body.get(ports_at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(SHORT)?;
    Ok(Origin::Client {
        source: SocketAddr::new(source, u16::from_be_bytes([ports[0], ports[1]])),
        destination: SocketAddr::new(destination, u16::from_be_bytes([ports[2], ports[3]])),
    })
}

#[cfg(test)]
mod tests;
