//! One attempt to deliver a message to its recipients at one domain.

use std::time::Duration;

use env::Outlook;
use queue::{Lease, LeasedRecipient};
use wire::smtp::client::{Answer, Recipient, Transaction, TransactionOutcome};
use wire::smtp::{Notify, Ret};

use super::Deliverer;
use super::abroad::Home;
use super::content::Content;
use super::exchangers::{Exchanger, Finder, NoExchanger};
use super::failures::{Failed, Failures};
use super::fared::Fared;
use super::link::{LinkError, Sent};
use super::route::Way;
use super::security::{Inquiry, Security};
use super::settle::{Fate, Verdict};
use crate::transport::Ends;

impl Deliverer {
    /// What becomes of each recipient. May be dropped at any moment; once `sent` is marked, that may cost
    /// the recipient a second copy.
    pub(super) async fn attempt(&self, lease: &Lease, sent: &Sent) -> Vec<Verdict> {
        self.look_at_connectors().await;
        let parts = match self.parts(lease).await {
            Ok(parts) => parts,
            Err(error) => {
                let answer = Answer::ours(451, (4, 3, 0), format!("the directory does not answer: {error}"));
                return all(lease, "", &answer);
            }
        };
        let mut verdicts = Vec::with_capacity(lease.recipients.len());
        for (home, part) in &parts {
            verdicts.extend(match home {
                Home::Away => self.send_away(part, sent).await,
                Home::Here => self.deliver_here(part).await,
                Home::Abroad(abroad) => self.send_abroad(part, sent, abroad).await,
            });
        }
        verdicts
    }

    async fn send_away(&self, lease: &Lease, sent: &Sent) -> Vec<Verdict> {
        let domain = mail::domain::canonical(&lease.domain).unwrap_or_else(|_| lease.domain.clone());
        let mut way = self.way(&domain);
        match self.protect(lease, &domain, &mut way).await {
            Ok(made) => self.send_content(lease, sent, &domain, &way, made).await,
            Err(verdicts) => verdicts,
        }
    }

    /// Sends the message, or what was made of it.
    pub(super) async fn send_content(
        &self,
        lease: &Lease,
        sent: &Sent,
        domain: &str,
        way: &Way,
        made: Option<Content>,
    ) -> Vec<Verdict> {
        let entropy = &*self.store.context().entropy;
        let finder = Finder { dns: &*self.dns, entropy, hostname: &self.hostname, port: self.settings.now().port };
        let exchangers = match finder.find(domain, way).await {
            Ok(exchangers) => exchangers,
            Err(none) => return all(lease, "", &no_exchanger(&none)),
        };
        let content = match made {
            Some(content) => content,
            None => match Content::open(&self.store, lease).await {
                Ok(content) => content,
                Err(error) => {
                    tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                    return all(lease, "", &unreadable());
                }
            },
        };
        let wishes = &lease.envelope;
        let inquiry = Inquiry::new(&*self.dns, &self.policies, domain, way, self.settings.now().port)
            .wished(wishes.requiretls, wishes.tls_optional);
        let errand = Errand { lease, domain, way, inquiry: &inquiry, content: &content, sent };
        self.try_exchangers(&errand, &exchangers).await
    }

    /// Tries each exchanger until one has given an answer, or may have the message.
    async fn try_exchangers(&self, errand: &Errand<'_>, exchangers: &[Exchanger]) -> Vec<Verdict> {
        let lease = errand.lease;
        let mut failures = Failures::new(lease.envelope.requiretls);
        for exchanger in exchangers {
            let tried = match errand.inquiry.security(&exchanger.host).await {
                Ok(security) => self.try_exchanger(errand, exchanger, &security, &mut failures).await,
                Err(barred) => {
                    let error = LinkError::from(barred);
                    self.note(errand, &exchanger.host, Ends::default(), None, &Fared::Failed(&error)).await;
                    tracing::debug!(message = lease.message, host = exchanger.host, %error, "no delivery");
                    failures.note(&exchanger.host, None, &error);
                    None
                }
            };
            if let Some(verdicts) = tried {
                return verdicts;
            }
        }
        let Failed { host, answer, is_unprotected } = failures.into_failed();
        if answer.outlook() == Outlook::Temporary {
            let pause = Duration::from_secs(self.settings.now().unreachable_pause_seconds);
            self.busy.pause(lease.destination, self.store.context().clock.now().plus(pause));
        }
        let mut verdicts = all(lease, &host, &answer);
        for verdict in verdicts.iter_mut().filter(|verdict| is_unprotected && verdict.fate == Fate::Deferred) {
            verdict.fate = Fate::Unprotected;
        }
        verdicts
    }

    /// Tries each address of an exchanger; none if the next exchanger is to be tried.
    async fn try_exchanger(
        &self,
        errand: &Errand<'_>,
        exchanger: &Exchanger,
        security: &Security,
        failures: &mut Failures,
    ) -> Option<Vec<Verdict>> {
        let lease = errand.lease;
        for address in &exchanger.addresses {
            match self.try_address(errand, exchanger, *address, security).await {
                Ok(outcome) => return Some(results(lease, exchanger, outcome)),
                Err(LinkError::Store(error)) => {
                    tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                    return Some(all(lease, &exchanger.host, &unreadable()));
                }
                Err(error) => {
                    tracing::debug!(message = lease.message, host = exchanger.host, %address, %error, "no delivery");
                    failures.note(&exchanger.host, Some(address.ip()), &error);
                }
            }
        }
        None
    }
}

/// What is brought, and how.
pub(super) struct Errand<'a> {
    pub(super) lease: &'a Lease,
    /// The recipients' domain, in canonical form.
    pub(super) domain: &'a str,
    pub(super) way: &'a Way,
    /// What the domain asks of the way to it.
    pub(super) inquiry: &'a Inquiry<'a>,
    pub(super) content: &'a Content,
    pub(super) sent: &'a Sent,
}

pub(super) fn transaction(lease: &Lease, content: &Content) -> Transaction {
    let envelope = &lease.envelope;
    Transaction {
        from: envelope.reverse_path.clone(),
        size: content.bytes() + content.trace(lease).len() as u64,
        eight_bit: content.is_eight_bit(lease),
        utf8: envelope.smtputf8,
        require_tls: envelope.requiretls,
        ret: envelope.ret.map(|ret| match ret {
            queue::Return::Full => Ret::Full,
            queue::Return::Headers => Ret::Headers,
        }),
        envid: envelope.envid.clone(),
        recipients: lease.recipients.iter().map(|it| recipient(it, envelope.smtputf8)).collect(),
    }
}

fn recipient(leased: &LeasedRecipient, utf8: bool) -> Recipient {
    let wishes = leased.notify;
    let usual = wishes == queue::Notify::default();
    Recipient {
        to: if utf8 { leased.address.clone() } else { ascii_domain(&leased.address) },
        notify: (!usual).then_some(Notify { success: wishes.success, failure: wishes.failure, delay: wishes.delay }),
        original: leased
            .orcpt
            .as_deref()
            .and_then(|orcpt| orcpt.split_once(';'))
            .map(|(kind, address)| (kind.to_owned(), address.to_owned())),
    }
}

/// The address with its domain in A-labels, for servers that know no others (RFC 6531 section 3.2).
fn ascii_domain(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => {
            mail::domain::canonical(domain).map_or_else(|_| address.to_owned(), |domain| format!("{local}@{domain}"))
        }
        _ => address.to_owned(),
    }
}

fn results(lease: &Lease, exchanger: &Exchanger, outcome: TransactionOutcome) -> Vec<Verdict> {
    let TransactionOutcome { recipients, dsn } = outcome;
    lease
        .recipients
        .iter()
        .zip(recipients)
        .map(|(recipient, answer)| {
            let fate = match answer.code / 100 {
                2 => Fate::Relayed { tells_success: dsn },
                _ if answer.outlook() == Outlook::Permanent => Fate::Failed,
                _ => Fate::Deferred,
            };
            Verdict { number: recipient.number, fate, host: exchanger.host.clone(), answer: answer.consistent() }
        })
        .collect()
}

/// The same for every recipient.
pub(super) fn all(lease: &Lease, host: &str, answer: &Answer) -> Vec<Verdict> {
    let fate = if answer.outlook() == Outlook::Permanent { Fate::Failed } else { Fate::Deferred };
    let result = |recipient: &LeasedRecipient| Verdict {
        number: recipient.number,
        fate,
        host: host.to_owned(),
        answer: answer.clone(),
    };
    lease.recipients.iter().map(result).collect()
}

fn no_exchanger(none: &NoExchanger) -> Answer {
    let (code, status) = match none {
        // RFC 7505 section 4.1
        NoExchanger::NullMx { .. } => (556, (5, 1, 10)),
        NoExchanger::NotFound { .. } => (550, (5, 1, 2)),
        NoExchanger::Ourselves { .. } => (554, (5, 4, 6)),
        NoExchanger::Dns(_) => (450, (4, 4, 3)),
    };
    Answer::ours(code, status, none.to_string())
}

pub(super) fn unreadable() -> Answer {
    Answer::ours(451, (4, 3, 0), "the message cannot be read now")
}
