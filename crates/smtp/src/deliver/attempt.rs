//! One attempt to deliver a message to its recipients at one domain.

use std::net::SocketAddr;
use std::time::Duration;

use env::Outlook;
use identity::Resolution;
use queue::{Lease, LeasedRecipient};
use wire::sasl::ClientCredentials;
use wire::smtp::client::{Answer, Recipient, Transaction, TransactionOutcome};
use wire::smtp::{Notify, Ret};

use super::Deliverer;
use super::content::Content;
use super::exchangers::{Exchanger, Finder, NoExchanger};
use super::link::{Door, Link, LinkError};
use super::pool::Key;
use super::route::Way;
use super::settle::{Fate, Verdict};
use crate::settings::TlsDemand;

impl Deliverer {
    /// What becomes of each recipient, in the lease's order.
    pub(super) async fn attempt(&self, lease: &Lease) -> Vec<Verdict> {
        let Some(first) = lease.recipients.first() else { return Vec::new() };
        match self.directory.resolve(&first.address).await {
            Ok(Resolution::NotOurs) => self.send_away(lease).await,
            Ok(_) => self.deliver_here(lease).await,
            Err(error) => {
                let answer = Answer::ours(451, (4, 3, 0), format!("the directory does not answer: {error}"));
                all(lease, "", &answer)
            }
        }
    }

    async fn send_away(&self, lease: &Lease) -> Vec<Verdict> {
        let domain = mail::domain::canonical(&lease.domain).unwrap_or_else(|_| lease.domain.clone());
        let way = self.routes.way(&domain);
        let entropy = &*self.store.context().entropy;
        let finder = Finder { dns: &*self.dns, entropy, hostname: &self.hostname, port: self.settings.port };
        let exchangers = match finder.find(&domain, &way).await {
            Ok(exchangers) => exchangers,
            Err(none) => return all(lease, "", &no_exchanger(&none)),
        };
        let content = match Content::open(&self.store, lease).await {
            Ok(content) => content,
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                return all(lease, "", &Answer::ours(451, (4, 3, 0), "the message cannot be read now"));
            }
        };
        self.try_exchangers(lease, &way, &exchangers, &content).await
    }

    /// Tries each address of each exchanger until one has given an answer.
    async fn try_exchangers(
        &self,
        lease: &Lease,
        way: &Way,
        exchangers: &[Exchanger],
        content: &Content,
    ) -> Vec<Verdict> {
        let mut last = (String::new(), Answer::ours(450, (4, 4, 1), "no server was reached"));
        for exchanger in exchangers {
            for address in &exchanger.addresses {
                match self.try_address(lease, way, exchanger, *address, content).await {
                    Ok(outcome) => return results(lease, exchanger, outcome),
                    Err(LinkError::Refused(answer)) => last = (exchanger.host.clone(), answer),
                    Err(error) => {
                        tracing::debug!(message = lease.message, host = exchanger.host, %address, %error, "no delivery");
                        let text = format!("{} [{}]: {error}", exchanger.host, address.ip());
                        last = (exchanger.host.clone(), Answer::ours(450, status_of(&error), text));
                    }
                }
            }
        }
        let pause = Duration::from_secs(self.settings.unreachable_pause_seconds);
        self.busy.pause(lease.destination, self.store.context().clock.now().plus(pause));
        let (host, mut answer) = last;
        // RFC 5321 section 4.2.4.1 leaves what a refusal to talk means open; another server, or this one later, may talk.
        answer.code = 450;
        all(lease, &host, &answer)
    }

    async fn try_address(
        &self,
        lease: &Lease,
        way: &Way,
        exchanger: &Exchanger,
        address: SocketAddr,
        content: &Content,
    ) -> Result<TransactionOutcome, LinkError> {
        let credentials = way.relay.as_ref().and_then(|relay| relay.credentials.as_ref());
        let must_verify = way.tls == TlsDemand::Required || lease.envelope.requiretls || credentials.is_some();
        let key = Key {
            host: exchanger.host.clone(),
            address,
            user: credentials.map(|it| it.user.clone()),
            verified: must_verify,
        };
        let transaction = transaction(lease, content);
        if let Some(mut link) = self.pool.take(&key) {
            match link.send_message(transaction.clone(), lease.envelope.trace.as_bytes(), content).await {
                Ok(outcome) => {
                    self.keep(key, link).await;
                    return Ok(outcome);
                }
                // The server had closed it; a new one is made.
                Err(error) => tracing::debug!(%error, "a kept connection was of no use"),
            }
        }
        let credentials =
            credentials.map(|it| ClientCredentials { user: it.user.clone(), password: it.password.clone() });
        let mut door = Door {
            host: &exchanger.host,
            address,
            source: way.source.filter(|source| source.is_ipv4() == address.is_ipv4()),
            hello: &self.hostname,
            credentials,
            tls: Some(if must_verify { &self.verified } else { &self.opportunistic }),
            tls_required: must_verify,
            connect_wait: Duration::from_secs(self.settings.connect_seconds),
            answer_wait: Duration::from_secs(self.settings.answer_seconds),
        };
        let context = self.store.context();
        let opened = match Link::open(&door, &*context.clock, &*context.entropy).await {
            // RFC 7435 section 3: if TLS does not work and need not, the message goes in clear.
            Err(LinkError::Handshake(_)) if !must_verify => {
                door.tls = None;
                Link::open(&door, &*context.clock, &*context.entropy).await
            }
            opened => opened,
        };
        let mut link = opened?;
        let outcome = link.send_message(transaction, lease.envelope.trace.as_bytes(), content).await?;
        self.keep(key, link).await;
        Ok(outcome)
    }

    async fn keep(&self, key: Key, mut link: Link) {
        if link.sent < self.settings.messages_per_connection_max && link.is_ready().await {
            self.pool.keep(key, link, self.store.context().clock.now());
        } else {
            link.quit();
        }
    }
}

fn transaction(lease: &Lease, content: &Content) -> Transaction {
    let envelope = &lease.envelope;
    Transaction {
        from: envelope.reverse_path.clone(),
        size: content.bytes() + envelope.trace.len() as u64,
        eight_bit: envelope.body_8bit,
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
            Verdict { number: recipient.number, fate, host: exchanger.host.clone(), answer }
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

fn status_of(error: &LinkError) -> (u8, u16, u16) {
    match error {
        LinkError::Connect(_) => (4, 4, 1),
        LinkError::Stream(_) | LinkError::Protocol(_) => (4, 4, 2),
        LinkError::Handshake(_) | LinkError::NoTls => (4, 7, 5),
        LinkError::Refused(_) => (4, 4, 0),
        LinkError::Store(_) => (4, 3, 0),
    }
}
