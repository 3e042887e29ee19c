//! A connector tried out: a connection is opened, greeted, encrypted and signed in to as for a message, and no message is sent.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use crypto::tls::{ClientTls, PeerVerdict, Roots};
use env::dns::Resolver;
use env::{Clock, Entropy};
use queue::connectors::Out;
use wire::sasl::ClientCredentials;

use super::connectors::way;
use super::exchangers::{Exchanger, Finder};
use super::link::{Door, Link, LinkError};
use super::route::Way;
use super::security::{Reason, Security, Trust};
use crate::settings::TlsDemand;

/// Longest wait for a connection, and for each answer: somebody sits before it.
const WAIT: Duration = Duration::from_secs(20);

env::words! {
    /// A step of a trial.
    TrialStep "step of a trial" allowed "find, connect, tls, certificate, sign-in" {
        /// The server is looked up.
        Find = "find",
        /// It takes a connection, and greets.
        Connect = "connect",
        /// It offers TLS, which begins.
        Tls = "tls",
        /// Its certificate is good.
        Certificate = "certificate",
        /// It takes the name and the password.
        SignIn = "sign-in",
    }

    /// How a step came out.
    TrialOutcome "outcome of a step" allowed "good, poor, failed" {
        /// As it must be.
        Good = "good",
        /// Not as it should be, and mail goes all the same.
        Poor = "poor",
        /// So that no mail goes.
        Failed = "failed",
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedStep {
    /// The step.
    pub step: TrialStep,
    /// How it came out.
    pub outcome: TrialOutcome,
    /// What was seen, or what the other side said.
    pub detail: String,
}

/// What a trial works with.
pub struct Trial<'a> {
    /// Looks the server up.
    pub dns: &'a dyn Resolver,
    /// Our host name.
    pub hostname: &'a str,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub entropy: &'a dyn Entropy,
    /// Files with further roots that vouch for servers.
    pub roots: &'a [PathBuf],
    /// Port of exchangers.
    pub port: u16,
}

impl Trial<'_> {
    /// Tries the connector for mail to `domain` (lowercase A-labels).
    pub async fn run(&self, out: &Out, domain: &str) -> Vec<TriedStep> {
        let mut steps = Vec::new();
        let mut note = |step, outcome, detail: String| steps.push(TriedStep { step, outcome, detail });
        let way = way(out);
        let finder = Finder { dns: self.dns, entropy: self.entropy, hostname: self.hostname, port: self.port };
        let exchangers = match finder.find(domain, &way).await {
            Ok(exchangers) => exchangers,
            Err(none) => {
                note(TrialStep::Find, TrialOutcome::Failed, none.to_string());
                return steps;
            }
        };
        let places: Vec<String> = exchangers
            .iter()
            .flat_map(|it| it.addresses.iter().map(|address| format!("{} ({address})", it.host)))
            .collect();
        note(TrialStep::Find, TrialOutcome::Good, places.join(", "));
        let security = security(&way);
        let mut failure = None;
        for exchanger in &exchangers {
            match self.open(exchanger, &way, &security).await {
                Ok(link) => {
                    tell(&link, &way, exchanger, &mut steps);
                    link.quit();
                    return steps;
                }
                Err(error) => failure = Some((exchanger, error)),
            }
        }
        if let Some((exchanger, error)) = failure {
            tell_failure(&error, exchanger, &mut steps);
        }
        steps
    }

    async fn open(&self, exchanger: &Exchanger, way: &Way, security: &Security) -> Result<Link, LinkError> {
        let roots = Roots::system(self.roots)
            .map_err(|_| LinkError::Protocol("the files of root certificates cannot be used"))?;
        let tls = if security.needs_tls() { ClientTls::verified(&roots)? } else { ClientTls::opportunistic(&roots)? };
        let credentials = way.relay.as_ref().and_then(|relay| relay.credentials.as_ref());
        let mut last = LinkError::Protocol("the server has no address");
        for address in &exchanger.addresses {
            let local = OnceLock::new();
            let mut door = Door {
                host: &exchanger.host,
                address: *address,
                source: way.source.filter(|source| source.is_ipv4() == address.is_ipv4()),
                hello: self.hostname,
                credentials: credentials
                    .map(|it| ClientCredentials { user: it.user.clone(), password: it.password.clone() }),
                tls: Some(&tls),
                security,
                local: &local,
                connect_wait: WAIT,
                answer_wait: WAIT,
            };
            let mut opened = Link::open(&door, self.clock, self.entropy).await;
            if matches!(opened, Err(LinkError::Handshake(_))) && !security.needs_tls() {
                // As for a message: what need not be encrypted goes in clear where TLS does not work.
                door.tls = None;
                opened = Link::open(&door, self.clock, self.entropy).await;
            }
            match opened {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// What the connection must have, as `security::decide` says of a relay: a password goes over proven TLS alone.
fn security(way: &Way) -> Security {
    let has_password = way.relay.as_ref().is_some_and(|relay| relay.credentials.is_some());
    if way.tls == TlsDemand::Required || has_password {
        return Security { trust: Trust::Authorities, tls13: way.tls13, reason: Reason::Route };
    }
    Security { trust: Trust::Opportunistic, tls13: way.tls13, reason: Reason::Nothing }
}

fn tell(link: &Link, way: &Way, exchanger: &Exchanger, steps: &mut Vec<TriedStep>) {
    let mut note = |step, outcome, detail: String| steps.push(TriedStep { step, outcome, detail });
    note(TrialStep::Connect, TrialOutcome::Good, exchanger.host.clone());
    match link.tls {
        Some(version) => note(TrialStep::Tls, TrialOutcome::Good, version.to_owned()),
        None => note(TrialStep::Tls, TrialOutcome::Poor, String::new()),
    }
    match &link.verdict {
        Some(PeerVerdict::Verified) => note(TrialStep::Certificate, TrialOutcome::Good, exchanger.host.clone()),
        Some(PeerVerdict::Unverified { cause, .. }) => {
            note(TrialStep::Certificate, TrialOutcome::Poor, cause.clone());
        }
        None => {}
    }
    if let Some(credentials) = way.relay.as_ref().and_then(|relay| relay.credentials.as_ref()) {
        note(TrialStep::SignIn, TrialOutcome::Good, credentials.user.clone());
    }
}

/// The step at which it failed, with those before it.
fn tell_failure(error: &LinkError, exchanger: &Exchanger, steps: &mut Vec<TriedStep>) {
    let step = match error {
        LinkError::NoTls | LinkError::OldTls(_) => TrialStep::Tls,
        LinkError::Handshake(_) => TrialStep::Certificate,
        LinkError::Refused(answer) if matches!(answer.code, 530 | 534 | 535 | 538 | 454 | 504) => TrialStep::SignIn,
        _ => TrialStep::Connect,
    };
    let mut note = |step, outcome, detail: String| steps.push(TriedStep { step, outcome, detail });
    if step != TrialStep::Connect {
        note(TrialStep::Connect, TrialOutcome::Good, exchanger.host.clone());
    }
    if step == TrialStep::SignIn {
        note(TrialStep::Tls, TrialOutcome::Good, String::new());
        note(TrialStep::Certificate, TrialOutcome::Good, exchanger.host.clone());
    }
    note(step, TrialOutcome::Failed, error.to_string());
}
