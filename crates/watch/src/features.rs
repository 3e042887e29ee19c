//! What of an attempt is counted and compared.

use std::net::IpAddr;

use env::Timestamp;

use crate::agent::Agent;
use crate::attempt::{Attempt, Device};
use crate::place::Place;

/// What a feature tells of. Features of one dimension are levels of one thing, from narrow to wide; dimensions count as
/// independent of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Where from: address, network, operator, country.
    Network,
    /// With what program: whole description, version, program and system, kind of device.
    Agent,
    /// What the TLS handshake agreed on.
    Tls,
    /// By which protocol and with which credential.
    Way,
    /// At what time of the day.
    Hour,
    /// On which device.
    Device,
}

impl Dimension {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 6] = [Self::Network, Self::Agent, Self::Device, Self::Way, Self::Hour, Self::Tls];

    /// The word in answers and in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Agent => "agent",
            Self::Tls => "tls",
            Self::Way => "way",
            Self::Hour => "hour",
            Self::Device => "device",
        }
    }
}

/// One level of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Single address.
    Address,
    /// /24 or /48 around it.
    Network,
    /// Autonomous system, in its country.
    Operator,
    /// Country.
    Country,
    /// Whole description of the client.
    Agent,
    /// Program with main version, and system.
    Version,
    /// Program and system.
    Program,
    /// Kind of device: desktop, mobile, ...
    DeviceKind,
    /// TLS version and cipher suite.
    Tls,
    /// Protocol and credential.
    Way,
    /// Protocol.
    Protocol,
    /// Three hours of the day (UTC).
    Hours,
    /// Half of the day (UTC).
    HalfDay,
    /// The device, or that there was none.
    Device,
}

impl Kind {
    /// All kinds; a kind's place here is its number in the database.
    pub const ALL: [Self; 14] = [
        Self::Address,
        Self::Network,
        Self::Operator,
        Self::Country,
        Self::Agent,
        Self::Version,
        Self::Program,
        Self::DeviceKind,
        Self::Tls,
        Self::Way,
        Self::Protocol,
        Self::Hours,
        Self::HalfDay,
        Self::Device,
    ];

    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The dimension that it is a level of.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Address | Self::Network | Self::Operator | Self::Country => Dimension::Network,
            Self::Agent | Self::Version | Self::Program | Self::DeviceKind => Dimension::Agent,
            Self::Tls => Dimension::Tls,
            Self::Way | Self::Protocol => Dimension::Way,
            Self::Hours | Self::HalfDay => Dimension::Hour,
            Self::Device => Dimension::Device,
        }
    }
}

/// A value of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Feature {
    /// What it is.
    pub kind: Kind,
    /// What was seen.
    pub value: String,
}

/// Value of [`Kind::Device`] where the client showed none.
pub const NO_DEVICE: &str = "none";

/// The features of an attempt, levels of a dimension together, the narrow ones first.
#[must_use]
pub fn features(attempt: &Attempt, place: &Place) -> Vec<Feature> {
    let mut features = Vec::with_capacity(Kind::ALL.len());
    let mut push = |kind, value: String| features.push(Feature { kind, value });
    let country = place.country.as_deref().unwrap_or("?");
    push(Kind::Address, attempt.address.to_canonical().to_string());
    push(Kind::Network, network(attempt.address));
    if let Some(operator) = place.operator {
        push(Kind::Operator, format!("{country} {operator}"));
    }
    push(Kind::Country, country.to_owned());
    if let Some(text) = &attempt.agent {
        let Agent { program, version, system, kind } = Agent::read(text);
        push(Kind::Agent, text.clone());
        push(Kind::Version, format!("{program} {version} {system} {kind}"));
        push(Kind::Program, format!("{program} {system} {kind}"));
        push(Kind::DeviceKind, kind.to_owned());
    }
    if let Some(tls) = &attempt.tls {
        push(Kind::Tls, tls.clone());
    }
    push(Kind::Way, format!("{} {}", attempt.protocol, attempt.method));
    push(Kind::Protocol, attempt.protocol.clone());
    let hour = attempt.at.civil().hour;
    push(Kind::Hours, (hour / 3).to_string());
    push(Kind::HalfDay, (hour / 12).to_string());
    push(Kind::Device, device_value(&attempt.device).to_owned());
    features
}

fn device_value(device: &Device) -> &str {
    device.name().unwrap_or(NO_DEVICE)
}

/// The network that an address stands for: /24 of IPv4, /48 of IPv6, a site's usual allotment.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The hour of the day, 0 to 23, that clocks showed `offset_minutes` east of UTC.
#[must_use]
pub fn hour_there(at: Timestamp, offset_minutes: i32) -> u8 {
    let minutes = at.seconds().div_euclid(60) + i64::from(offset_minutes);
    u8::try_from(minutes.rem_euclid(1_440) / 60).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_hours() {
        assert_eq!(network("203.0.113.9".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.9".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:7:1::5".parse().unwrap()), "2001:db8:7::/48");
        let night = Timestamp::from_seconds(1_800_000_000);
        assert_eq!(night.civil().hour, 8);
        assert_eq!(hour_there(night, 480), 16);
        assert_eq!(hour_there(night, -600), 22);
    }

    #[test]
    fn kinds_are_numbered_by_their_place() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), place);
        }
    }
}
