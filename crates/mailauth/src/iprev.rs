//! Whether the client's host name leads back to it (RFC 8601 section 3).

use std::net::IpAddr;

use env::dns::{DnsError, Resolver};

/// Host names of one address that are looked at.
const NAMES_MAX: usize = 10;

/// RFC 8601 section 2.7.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IprevResult {
    /// A host name of the address has that address.
    Pass,
    /// Host names are there, but none leads back.
    Fail,
    /// A name server did not answer.
    TempError,
    /// The address has no host name.
    PermError,
}

impl IprevResult {
    /// The word of RFC 8601 section 2.7.3.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// The result with the name that led back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IprevCheck {
    /// The result.
    pub result: IprevResult,
    /// The first host name that leads back to the client.
    pub name: Option<String>,
}

/// Checks the client's address.
pub(crate) async fn check(client: IpAddr, resolver: &dyn Resolver) -> IprevCheck {
    let client = client.to_canonical();
    let without_name = |result| IprevCheck { result, name: None };
    let names = match resolver.ptr(client).await {
        Ok(names) => names,
        Err(DnsError::NotFound { .. }) => return without_name(IprevResult::PermError),
        Err(DnsError::Temporary { .. }) => return without_name(IprevResult::TempError),
    };
    let mut is_unsure = false;
    for name in names.into_iter().take(NAMES_MAX) {
        let leads_back = match client {
            IpAddr::V4(client) => resolver.ipv4(&name).await.map(|found| found.contains(&client)),
            IpAddr::V6(client) => resolver.ipv6(&name).await.map(|found| found.contains(&client)),
        };
        match leads_back {
            Ok(true) => return IprevCheck { result: IprevResult::Pass, name: Some(name) },
            Ok(false) | Err(DnsError::NotFound { .. }) => {}
            Err(DnsError::Temporary { .. }) => is_unsure = true,
        }
    }
    without_name(if is_unsure { IprevResult::TempError } else { IprevResult::Fail })
}
