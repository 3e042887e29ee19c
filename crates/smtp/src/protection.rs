//! What protects a message to a partner, decided in one place: for messages that leave, for those that our people submit, and for senders who ask
//! before they send.
//!
//! Rules ([`Terms`]), what the message is ([`Form`]) and what keys there are ([`Keys`]) go in; what is done with it and what the connection must
//! have ([`Plan`]), or why it does not go ([`KeptBack`]), comes out. Nothing is protected by less than a rule asks for.

mod kept_back;
mod rules;

use certbook::Manner;
use mail::message::{ContentEncryption, Structure};
use mail::protection::{Demand, Means, Rule};

pub(crate) use kept_back::KeptBack;
pub use rules::ContentRules;
pub(crate) use rules::refused;

use crate::RouteError;
use crate::settings::{ContentDemand, Route};

/// How this server signs and encrypts messages to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// With S/MIME, in this manner.
    Smime(Rule, Manner),
    /// With OpenPGP.
    OpenPgp(Rule),
}

impl Gateway {
    /// What is done.
    pub(crate) const fn rule(self) -> Rule {
        match self {
            Self::Smime(rule, _) | Self::OpenPgp(rule) => rule,
        }
    }

    /// How what it encrypts is encrypted.
    pub(crate) const fn kind(self) -> ContentEncryption {
        match self {
            Self::Smime(..) => ContentEncryption::Smime,
            Self::OpenPgp(_) => ContentEncryption::OpenPgp,
        }
    }
}

/// The rules for mail to a partner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Each must be met.
    pub(crate) demands: Vec<Demand>,
    /// What this server does with messages.
    pub(crate) gateway: Option<Gateway>,
}

impl Terms {
    /// Those of the route of this number.
    pub(crate) fn of(number: usize, route: &Route) -> Result<Self, RouteError> {
        let gateway = match (route.smime, route.openpgp) {
            (None, None) => None,
            (Some(rule), None) => {
                Some(Gateway::Smime(rule, Manner { names: route.smime_names, status: route.smime_status }))
            }
            (None, Some(rule)) => Some(Gateway::OpenPgp(rule)),
            (Some(_), Some(_)) => return Err(RouteError::TwoWays { number }),
        };
        let of_content = route.content.map(demand_of).transpose().map_err(|_| RouteError::TwoDemands { number })?;
        let demand = match (of_content, &route.protection) {
            (Some(_), Some(_)) => return Err(RouteError::TwoDemands { number }),
            (Some(demand), None) => Some(demand),
            (None, demand) => demand.clone(),
        };
        Ok(Self { demands: demand.into_iter().collect(), gateway })
    }

    /// Whether it matters what is in a message.
    pub(crate) fn look_inside(&self) -> bool {
        self.gateway.is_some() || self.demands.iter().any(|demand| demand.means() != [Means::VerifiedTls])
    }
}

fn demand_of(content: ContentDemand) -> Result<Demand, mail::protection::DemandError> {
    Demand::new(match content {
        ContentDemand::Pgp => &[Means::OpenPgp],
        ContentDemand::Smime => &[Means::Smime],
        ContentDemand::Either => &[Means::OpenPgp, Means::Smime],
        ContentDemand::Portal => &[Means::OpenPgp, Means::Smime, Means::Portal],
    })
}

/// What a message is before this server does something with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// How its author has encrypted it.
    pub(crate) encrypted: Option<ContentEncryption>,
    /// S/MIME has been made of it, so that it is not signed so again.
    pub(crate) is_smime: bool,
    /// It is a letter of the portal: a link, no content.
    pub(crate) calls_to_portal: bool,
    /// One of our people wrote it. What is none of theirs, as notifications and forwarded mail, has no author who could sign here.
    pub(crate) is_of_ours: bool,
}

impl Form {
    /// What the message `raw` is.
    pub(crate) fn of(raw: &[u8], is_of_ours: bool) -> Self {
        let encrypted = ContentEncryption::of(raw, &Structure::parse(raw));
        Self { encrypted, is_smime: certbook::is_made(raw), calls_to_portal: false, is_of_ours }
    }
}

/// What keys there are for the gateway of the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Of the author, who is `author`.
    pub(crate) signs: bool,
    /// Who wrote it.
    pub(crate) author: String,
    /// The recipient to whom nothing can be encrypted, and why his key could not be looked for.
    pub(crate) lacking: Option<(String, Option<String>)>,
    /// Certificates of recipients are of SM2.
    pub(crate) is_gm: bool,
}

impl Keys {
    /// All that could be needed: what fails with these fails whatever keys there are.
    pub(crate) fn all() -> Self {
        Self { signs: true, ..Self::default() }
    }
}

/// What protects the content of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing: whoever carries it can read it.
    Readable,
    /// Its author's encryption.
    Author(ContentEncryption),
    /// This server's, by SM4 if that is said.
    Server(ContentEncryption, bool),
    /// It is in the portal.
    Portal,
}

impl Content {
    fn meets(self, demand: &Demand) -> bool {
        let kind = |encryption| match encryption {
            ContentEncryption::OpenPgp => Means::OpenPgp,
            ContentEncryption::Smime => Means::Smime,
        };
        match self {
            Self::Readable => false,
            Self::Author(encryption) => demand.names(Means::EndToEnd) || demand.names(kind(encryption)),
            Self::Server(encryption, _) => demand.names(kind(encryption)),
            Self::Portal => demand.names(Means::Portal),
        }
    }
}

/// What is done with a message, and what its way must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What protects the content when it leaves.
    pub(crate) content: Content,
    /// This server signs it.
    pub(crate) signs: bool,
    /// It may go only over a connection whose other end is proven.
    pub(crate) verified_tls: bool,
}

impl Plan {
    /// Whether this server encrypts it.
    pub(crate) const fn encrypts(self) -> bool {
        matches!(self.content, Content::Server(..))
    }
}

/// What is done with a message under these rules.
///
/// # Errors
/// [`KeptBack`] if a rule cannot be kept: it must not go then.
pub(crate) fn plan(terms: &Terms, form: Form, keys: &Keys) -> Result<Plan, KeptBack> {
    let (content, signs) = match (form, terms.gateway) {
        (Form { calls_to_portal: true, .. }, _) => (Content::Portal, false),
        // What the author's own program has encrypted is not touched.
        (Form { encrypted: Some(encryption), .. }, _) => (Content::Author(encryption), false),
        (_, None) => (Content::Readable, false),
        (_, Some(gateway)) => gateway_plan(gateway, form, keys)?,
    };
    let mut verified_tls = false;
    for demand in terms.demands.iter().filter(|demand| !content.meets(demand)) {
        if !demand.names(Means::VerifiedTls) {
            return Err(KeptBack::Demand(demand.clone()));
        }
        verified_tls = true;
    }
    Ok(Plan { content, signs, verified_tls })
}

fn gateway_plan(gateway: Gateway, form: Form, keys: &Keys) -> Result<(Content, bool), KeptBack> {
    let rule = gateway.rule();
    let is_signed = form.is_smime && gateway.kind() == ContentEncryption::Smime;
    let signs = keys.signs && !is_signed;
    if rule.must_sign() && form.is_of_ours && !keys.signs && !is_signed {
        return Err(KeptBack::NoOwnKey { kind: gateway.kind(), address: keys.author.clone() });
    }
    match &keys.lacking {
        None if rule.encrypts() => Ok((Content::Server(gateway.kind(), keys.is_gm), signs)),
        Some((address, cause)) if rule.must_encrypt() => {
            Err(KeptBack::NoKey { kind: gateway.kind(), address: address.clone(), cause: cause.clone() })
        }
        _ => Ok((Content::Readable, signs)),
    }
}

#[cfg(test)]
mod tests;
