//! Tells senders what will protect a message before they send it: by the rules, keys and decisions that hold when it leaves.

use std::sync::Arc;

use certbook::{Inquirer, Manner};
use env::Timestamp;
use identity::{IdentityError, Resolution};
use keybook::{Custody, KeybookError, directory};
use letters::foresight::{Asked, Basis, Connection, Foreseen, Foresight, Hindrance, Intent, Protection, Voucher};
use mail::Address;
use mail::message::ContentEncryption;
use mailauth::mta_sts::{Mode, Policy};
use queue::QueueError;
use store::{StoreError, Tx};

use super::Deliverer;
use super::route::Way;
use super::security::{Dane, Facts, Reason, decide};
use crate::protection::{Content, Form, Gateway, KeptBack, Keys, Plan, Terms, plan};
use crate::settings::TlsDemand;
use crate::transport::{Seen, kept_policy, last_seen};

/// Why it would not go, and whether it would wait.
type Hindered = (Hindrance, bool);

/// A recipient elsewhere, with the rules for him.
struct Partner {
    domain: String,
    way: Way,
    terms: Terms,
}

impl Foresight for Deliverer {
    fn foresee(&self, tx: &mut Tx<'_>, asked: Asked<'_>) -> Result<Foreseen, StoreError> {
        let partner = self.partner(tx, asked)?;
        let demands = partner.iter().flat_map(|partner| &partner.terms.demands);
        let demands = demands.map(|demand| demand.means().to_vec()).collect();
        let mut foreseen = Foreseen {
            protection: Protection::KeptBack,
            is_signed: false,
            connection: None,
            hindrance: None,
            demands,
            offers: Vec::new(),
        };
        for intent in [Intent::EndToEnd, Intent::Portal] {
            let may = intent != asked.intent && (intent != Intent::Portal || (self.has_portal && partner.is_some()));
            if may && self.would_plan(tx, asked, intent, partner.as_ref())?.is_ok() {
                foreseen.offers.push(intent);
            }
        }
        let plan = match self.would_plan(tx, asked, asked.intent, partner.as_ref())? {
            Ok(plan) => plan,
            Err(hindered) => return Ok(Foreseen { hindrance: Some(hindered), ..foreseen }),
        };
        foreseen.is_signed = plan.signs;
        let Some(Partner { domain, mut way, .. }) = partner else {
            foreseen.protection = of_content(plan.content).unwrap_or(Protection::Here);
            return Ok(foreseen);
        };
        if plan.verified_tls {
            way.tls = TlsDemand::Required;
        }
        match connection(tx, &domain, &way, asked.require_tls)? {
            Ok(connection) => {
                foreseen.protection = of_content(plan.content).unwrap_or_else(|| of_connection(&connection));
                foreseen.connection = Some(connection);
            }
            Err(hindrance) => foreseen.hindrance = Some((hindrance, true)),
        }
        Ok(foreseen)
    }
}

impl Deliverer {
    /// The rules for the recipient; none if he is here.
    fn partner(&self, tx: &mut Tx<'_>, asked: Asked<'_>) -> Result<Option<Partner>, StoreError> {
        self.connectors.refresh(tx)?;
        let mut abroad = None;
        match identity::resolve(tx, asked.recipient) {
            Ok(Resolution::NotOurs) => {}
            Ok(Resolution::Abroad(found)) => abroad = Some(found),
            Ok(_) => return Ok(None),
            Err(IdentityError::Store(error)) => return Err(error),
            // What is no address goes nowhere, and has no rules of its own.
            Err(_) => {}
        }
        let domain = Address::parse(asked.recipient).map(|address| address.domain_ascii()).unwrap_or_default();
        let way = match abroad {
            Some(abroad) => self.way_abroad(&domain, &abroad),
            None => self.way(&domain),
        };
        let mut terms = way.terms.clone();
        let recipients = [asked.recipient.to_owned()];
        terms.demands.extend(queue::demands::of(tx, asked.organisation, &recipients).map_err(of_queue)?);
        Ok(Some(Partner { domain, way, terms }))
    }

    /// What would be done with a message of this form.
    fn would_plan(
        &self,
        tx: &mut Tx<'_>,
        asked: Asked<'_>,
        intent: Intent,
        partner: Option<&Partner>,
    ) -> Result<Result<Plan, Hindered>, StoreError> {
        let free = Terms::default();
        let terms = partner.map_or(&free, |partner| &partner.terms);
        let mut form = Form { is_of_ours: true, ..Form::default() };
        match intent {
            Intent::Usual => {}
            Intent::Portal => form.calls_to_portal = true,
            Intent::EndToEnd if keeps_key(tx, asked)? => form.encrypted = Some(ContentEncryption::OpenPgp),
            Intent::EndToEnd => return Ok(Err((Hindrance::NoDirectoryKey, false))),
        }
        let keys = if intent == Intent::Usual {
            known_keys(&self.inquirer, tx, asked, terms.gateway)?
        } else {
            Keys::default()
        };
        Ok(plan(terms, form, &keys).map_err(|kept| (hindrance(&kept), kept.waits())))
    }
}

/// Whether the directory of keys has a key of the recipient that he keeps himself.
fn keeps_key(tx: &mut Tx<'_>, asked: Asked<'_>) -> Result<bool, StoreError> {
    match directory::look_up(tx, asked.organisation, asked.recipient) {
        Ok(found) => Ok(found.and_then(|it| it.key).is_some_and(|key| key.custody == Custody::Owner)),
        Err(KeybookError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "the directory of keys cannot be asked for a recipient");
            Ok(false)
        }
    }
}

/// What keys there are for the gateway, by what is known now.
fn known_keys(
    inquirer: &Arc<Inquirer>,
    tx: &mut Tx<'_>,
    asked: Asked<'_>,
    gateway: Option<Gateway>,
) -> Result<Keys, StoreError> {
    let Some(gateway) = gateway else { return Ok(Keys::default()) };
    let to = if gateway.rule().encrypts() { vec![asked.recipient.to_owned()] } else { Vec::new() };
    let Asked { organisation, account, author, .. } = asked;
    match gateway {
        Gateway::Smime(_, Manner { status, .. }) => {
            match certbook::Means::known(tx, organisation, Some(account), author, (&to, status)) {
                Ok(means) => {
                    // Whoever asks again is told what was found.
                    if means.lacking().is_some() {
                        inquirer.look_up_soon(organisation, asked.recipient);
                    }
                    Ok(Keys::of_certificates(author, &means))
                }
                Err(certbook::CertbookError::Store(error)) => Err(error),
                Err(error) => Ok(unreadable(author, asked.recipient, &error.to_string())),
            }
        }
        Gateway::OpenPgp(_) => match keybook::Means::known(tx, organisation, Some(account), author, &to) {
            Ok(means) => Ok(Keys::of_keys(author, &means)),
            Err(KeybookError::Store(error)) => Err(error),
            Err(error) => Ok(unreadable(author, asked.recipient, &error.to_string())),
        },
    }
}

/// Keys that cannot be read are none.
fn unreadable(author: &str, recipient: &str, cause: &str) -> Keys {
    tracing::error!(cause, "keys for a message cannot be read");
    Keys { author: author.to_owned(), lacking: Some((recipient.to_owned(), Some(cause.to_owned()))), ..Keys::default() }
}

const fn hindrance(kept: &KeptBack) -> Hindrance {
    match kept {
        KeptBack::NoOwnKey { .. } => Hindrance::NoOwnKey,
        KeptBack::NoKey { .. } => Hindrance::NoRecipientKey,
        KeptBack::Demand(_) => Hindrance::NotProtected,
    }
}

const fn of_content(content: Content) -> Option<Protection> {
    Some(match content {
        Content::Readable => return None,
        Content::Author(_) => Protection::EndToEnd,
        Content::Server(ContentEncryption::Smime, false) => Protection::Smime,
        Content::Server(ContentEncryption::Smime, true) => Protection::SmimeGm,
        Content::Server(ContentEncryption::OpenPgp, _) => Protection::OpenPgp,
        Content::Portal => Protection::Portal,
    })
}

fn of_connection(connection: &Connection) -> Protection {
    match (connection.voucher, &connection.last) {
        (Some(_), _) => Protection::VerifiedTls,
        (None, Some((_, None, _))) => Protection::None,
        (None, _) => Protection::OpportunisticTls,
    }
}

/// What the connection will have, by the same decision as when the message leaves: of the domain's zone what the last message found, of its policy
/// what is kept.
fn connection(
    tx: &mut Tx<'_>,
    domain: &str,
    way: &Way,
    requiretls: bool,
) -> Result<Result<Connection, Hindrance>, StoreError> {
    let seen = last_seen(tx, domain)?;
    let has_policy = way.relay.is_none() && way.pinned.is_none() && !domain.starts_with('[');
    let policy = if has_policy { kept_policy(tx, domain)? } else { None };
    let host = host_of(domain, seen.as_ref(), policy.as_deref());
    let dane = match &seen {
        Some((seen, _)) if seen.by_dane => Dane::Usable { base: host.clone(), records: Vec::new() },
        _ => Dane::Absent,
    };
    let policy = policy.as_deref();
    let facts = Facts { way, host: &host, requiretls, tls_optional: false, is_named: true, dane, policy };
    let Ok(security) = decide(facts) else { return Ok(Err(Hindrance::NoVerifiedTls)) };
    let last = seen.map(|(seen, at)| (at, seen.tls, seen.is_verified));
    let (voucher, basis) = match security.reason {
        Reason::Route => (Some(Voucher::Rule), Basis::Rule),
        Reason::RequireTls => (Some(Voucher::RequireTls), Basis::Rule),
        Reason::Dane => (Some(Voucher::Dane), Basis::LastDelivery),
        Reason::MtaSts => (Some(Voucher::MtaSts), Basis::Policy),
        Reason::Nothing if last.is_some() => (None, Basis::LastDelivery),
        Reason::Nothing => (None, Basis::Unknown),
    };
    Ok(Ok(Connection { voucher, basis, last }))
}

/// The server that is thought of: the one that took the last message, unless a policy has others.
fn host_of(domain: &str, seen: Option<&(Seen, Timestamp)>, policy: Option<&Policy>) -> String {
    let last = seen.map(|(seen, _)| seen.host.clone());
    match policy.filter(|policy| policy.mode == Mode::Enforce) {
        Some(policy) => match last.filter(|host| policy.allows(host)) {
            Some(host) => host,
            None => policy.hosts.first().map(|pattern| pattern.replace('*', "mx")).unwrap_or_default(),
        },
        None => last.unwrap_or_else(|| domain.to_owned()),
    }
}

fn of_queue(error: QueueError) -> StoreError {
    match error {
        QueueError::Store(error) => error,
        other => StoreError::Corrupt { what: other.to_string() },
    }
}
