//! Which way a domain's mail goes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crypto::tls::{ClientTls, GmClient, GmRoots, PemError, Roots, TlsSetupError, load_gm_chain};
use env::Secret;

use crate::protection::Terms;
use crate::settings::{GmDemand, Route, TlsDemand, TlsFloor};

/// Port of a relay that names none: submission with STARTTLS (RFC 6409).
const RELAY_PORT: u16 = 587;

/// A route that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// It matches nothing.
    #[error("delivery.route {number} names no recipients; say for example recipients = [\"*.ir\"]")]
    NoRecipients {
        /// Its place among the routes, from 1.
        number: usize,
    },
    /// A pattern is none.
    #[error("delivery.route {number}: `{pattern}` is no domain, `*.domain` or `*`")]
    Pattern {
        /// Its place among the routes, from 1.
        number: usize,
        /// The pattern.
        pattern: String,
    },
    /// The relay's port is none.
    #[error("delivery.route {number}: relay `{relay}` is not host or host:port")]
    Relay {
        /// Its place among the routes, from 1.
        number: usize,
        /// The relay.
        relay: String,
    },
    /// The password cannot be read.
    #[error("delivery.route {number}: cannot read password file {}: {cause}", path.display())]
    Password {
        /// Its place among the routes, from 1.
        number: usize,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file of the partner's authority cannot be used.
    #[error("delivery.route {number}: ca: {cause}")]
    Authority {
        /// Its place among the routes, from 1.
        number: usize,
        /// What is wrong with it.
        cause: PemError,
    },
    /// There is no TLS with that authority.
    #[error("delivery.route {number}: ca: {cause}")]
    Tls {
        /// Its place among the routes, from 1.
        number: usize,
        /// What is wrong with it.
        cause: TlsSetupError,
    },
    /// Two ways to encrypt.
    #[error("delivery.route {number}: smime and openpgp exclude one another; name one")]
    TwoWays {
        /// Its place among the routes, from 1.
        number: usize,
    },
    /// Two demands.
    #[error("delivery.route {number}: content and protection exclude one another; name one")]
    TwoDemands {
        /// Its place among the routes, from 1.
        number: usize,
    },
    /// What the route says of SM2 cannot be used.
    #[error("delivery.route {number}: {setting}: {cause}")]
    Gm {
        /// Its place among the routes, from 1.
        number: usize,
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// A name without a password or the other way about.
    #[error("delivery.route {number}: user and password_file go together")]
    HalfCredentials {
        /// Its place among the routes, from 1.
        number: usize,
    },
}

/// The ways of all domains.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<(Vec<Pattern>, Way)>);

/// How mail to a domain travels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Way {
    /// Fixed next host instead of the domain's exchangers.
    pub(crate) relay: Option<Relay>,
    pub(crate) tls: TlsDemand,
    /// TLS 1.3, or nothing.
    pub(crate) tls13: bool,
    /// The one authority that vouches for this partner.
    pub(crate) pinned: Option<Pinned>,
    /// Address of this machine to send from.
    pub(crate) source: Option<IpAddr>,
    /// What must protect messages, and what is done with them here.
    pub(crate) terms: Terms,
}

/// A partner's own authority.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// Number of the route that names it, from 1.
    pub(crate) number: usize,
    /// Trusts nobody else.
    pub(crate) tls: ClientTls,
}

/// A fixed next host.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<Credentials>,
}

/// What is shown to a relay.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Secret<String>,
}

/// Domains that a route is for.
#[derive(Debug)]
pub(crate) enum Pattern {
    All,
    Domain(String),
    Below(String),
}

impl Routes {
    /// Decides the settings' routes once; relative files lie in `directory`, and partners without an authority of their own are vouched for by
    /// `roots`.
    pub(crate) fn resolve(routes: &[Route], directory: &Path, roots: &Roots) -> Result<Self, RouteError> {
        let resolved =
            routes.iter().enumerate().map(|(index, route)| resolve_route(index + 1, route, directory, roots));
        resolved.collect::<Result<_, _>>().map(Self)
    }

    /// The way of mail to `domain` (lowercase A-labels), if a route names one.
    pub(crate) fn find(&self, domain: &str) -> Option<&Way> {
        let found = self.0.iter().find(|(patterns, _)| patterns.iter().any(|pattern| pattern.matches(domain)));
        found.map(|(_, way)| way)
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let (below, domain) = text.strip_prefix("*.").map_or((false, text), |domain| (true, domain));
        let domain = mail::domain::canonical(domain).ok()?;
        Some(if below { Self::Below(format!(".{domain}")) } else { Self::Domain(domain) })
    }

    pub(crate) fn matches(&self, domain: &str) -> bool {
        match self {
            Self::All => true,
            Self::Domain(name) => name == domain,
            Self::Below(suffix) => domain.ends_with(suffix.as_str()),
        }
    }
}

/// Whose mail goes by the route of this number.
pub(crate) fn patterns(number: usize, route: &Route) -> Result<Vec<Pattern>, RouteError> {
    if route.recipients.is_empty() {
        return Err(RouteError::NoRecipients { number });
    }
    let pattern =
        |text: &String| Pattern::parse(text).ok_or_else(|| RouteError::Pattern { number, pattern: text.clone() });
    route.recipients.iter().map(pattern).collect()
}

fn resolve_route(
    number: usize,
    route: &Route,
    directory: &Path,
    roots: &Roots,
) -> Result<(Vec<Pattern>, Way), RouteError> {
    let patterns = patterns(number, route)?;
    let relay = match &route.relay {
        Some(relay) => {
            let (host, port) =
                host_and_port(relay, RELAY_PORT).ok_or_else(|| RouteError::Relay { number, relay: relay.clone() })?;
            Some(Relay { host, port, credentials: credentials(number, route, directory)? })
        }
        None => None,
    };
    let own = route.ca.as_ref().map(|file| own_authority(number, &directory.join(file))).transpose()?;
    let pinned = match (gm_client(number, route, directory)?, own) {
        (Some((demand, gm)), own) => Some(pinned_gm(number, demand, &gm, own.as_ref().unwrap_or(roots))?),
        (None, Some(own)) => Some(pinned(number, &own)?),
        (None, None) => None,
    };
    let tls = if route.tls_min.is_some() || pinned.is_some() { TlsDemand::Required } else { route.tls };
    let tls13 = route.tls_min == Some(TlsFloor::Tls13);
    let terms = Terms::of(number, route)?;
    Ok((patterns, Way { relay, tls, tls13, pinned, source: route.source, terms }))
}

fn own_authority(number: usize, file: &Path) -> Result<Roots, RouteError> {
    Roots::only(&[file.to_owned()]).map_err(|cause| RouteError::Authority { number, cause })
}

fn pinned(number: usize, own: &Roots) -> Result<Pinned, RouteError> {
    let tls = ClientTls::verified(own).map_err(|cause| RouteError::Tls { number, cause })?;
    Ok(Pinned { number, tls })
}

fn pinned_gm(number: usize, demand: GmDemand, gm: &GmClient, others: &Roots) -> Result<Pinned, RouteError> {
    let tls = match demand {
        GmDemand::Required => ClientTls::gm_alone(gm),
        GmDemand::Preferred => ClientTls::gm_first(gm, others, true),
    };
    Ok(Pinned { number, tls: tls.map_err(|cause| RouteError::Tls { number, cause })? })
}

/// How the route speaks SM2, if it does.
fn gm_client(number: usize, route: &Route, directory: &Path) -> Result<Option<(GmDemand, GmClient)>, RouteError> {
    let wrong = |setting, cause: &str| RouteError::Gm { number, setting, cause: cause.to_owned() };
    let unusable = |setting, cause: PemError| wrong(setting, &cause.to_string());
    let own = match (&route.gm_certificate, &route.gm_key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => {
            let chain = load_gm_chain(&directory.join(certificate), &directory.join(key));
            Some(chain.map_err(|cause| unusable("gm_certificate", cause))?)
        }
        _ => return Err(wrong("gm_certificate", "it and gm_key go together")),
    };
    match (route.gm, &route.gm_ca) {
        (None, None) if own.is_none() => Ok(None),
        (None, _) => Err(wrong("gm", "say \"required\" or \"preferred\" beside gm_ca and gm_certificate")),
        (Some(_), None) => Err(wrong("gm_ca", "name the file of the authorities that vouch for the partner")),
        (Some(demand), Some(file)) => {
            let roots = GmRoots::only(&[directory.join(file)]).map_err(|cause| unusable("gm_ca", cause))?;
            Ok(Some((demand, GmClient { roots, own })))
        }
    }
}

pub(super) use queue::connectors::host_and_port;

fn credentials(number: usize, route: &Route, directory: &Path) -> Result<Option<Credentials>, RouteError> {
    match (&route.user, &route.password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(file)) => {
            let path = directory.join(file);
            let text = fs::read_to_string(&path).map_err(|cause| RouteError::Password { number, path, cause })?;
            let password = text.lines().next().unwrap_or_default().to_owned();
            Ok(Some(Credentials { user: user.clone(), password: Secret::new(password) }))
        }
        _ => Err(RouteError::HalfCredentials { number }),
    }
}

#[cfg(test)]
mod tests {
    use mail::protection::{Demand, Means, Rule};

    use super::*;
    use crate::settings::ContentDemand;

    fn route(recipients: &[&str], relay: Option<&str>) -> Route {
        Route {
            recipients: recipients.iter().map(|text| (*text).to_owned()).collect(),
            relay: relay.map(str::to_owned),
            ..Route::default()
        }
    }

    #[test]
    fn the_first_matching_route_is_taken() {
        let routes = [
            route(&["partner.example"], Some("192.0.2.1:2525")),
            route(&["*.ir", "*.by"], Some("relay.example")),
            route(&["*"], Some("[2001:db8::1]:26")),
        ];
        let routes = Routes::resolve(&routes, Path::new("."), &Roots::only(&[]).unwrap()).unwrap();
        let next = |domain| routes.find(domain).unwrap().relay.clone().map(|relay| (relay.host, relay.port)).unwrap();
        assert_eq!(next("partner.example"), ("192.0.2.1".to_owned(), 2525));
        assert_eq!(next("mail.shop.ir"), ("relay.example".to_owned(), 587));
        assert_eq!(next("sub.partner.example"), ("2001:db8::1".to_owned(), 26));
        assert!(Routes::default().find("a.example").is_none());
    }

    #[test]
    fn wrong_routes_say_which_and_why() {
        let gm = |gm, ca: Option<&str>, own: Option<&str>| Route {
            gm,
            gm_ca: ca.map(PathBuf::from),
            gm_certificate: own.map(PathBuf::from),
            ..route(&["*"], None)
        };
        let mut half = route(&["*"], Some("relay.example:587"));
        half.user = Some("me".to_owned());
        let (smime, openpgp) = (Some(Rule::Both), Some(Rule::Both));
        let twice = Route { smime, openpgp, ..route(&["*"], None) };
        let (content, protection) = (Some(ContentDemand::Pgp), Demand::new(&[Means::Portal]).ok());
        let demands = Route { content, protection, ..route(&["*"], None) };
        for (route, expected) in [
            (route(&[], None), "route 1 names no recipients"),
            (route(&["a b"], None), "`a b` is no domain"),
            (route(&["*"], Some("host:port")), "relay `host:port` is not host or host:port"),
            (half, "user and password_file go together"),
            (twice, "route 1: smime and openpgp exclude one another"),
            (demands, "route 1: content and protection exclude one another"),
            (gm(Some(GmDemand::Required), None, None), "route 1: gm_ca: name the file"),
            (gm(None, Some("ca.pem"), None), "route 1: gm: say"),
            (gm(Some(GmDemand::Preferred), Some("ca.pem"), Some("own.pem")), "it and gm_key go together"),
            (gm(Some(GmDemand::Preferred), Some("absent.pem"), None), "absent.pem: "),
        ] {
            let error = Routes::resolve(&[route], Path::new("."), &Roots::only(&[]).unwrap()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
