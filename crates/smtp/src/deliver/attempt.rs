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
use super::link::{Door, Link, LinkError, Sent};
use super::pool::Key;
use super::route::{Credentials, Way};
use super::settle::{Fate, Verdict};
use crate::settings::TlsDemand;

impl Deliverer {
    /// What becomes of each recipient, in the lease's order. May be dropped at any moment; once `sent` is marked, that may cost
    /// the recipient a second copy.
    pub(super) async fn attempt(&self, lease: &Lease, sent: &Sent) -> Vec<Verdict> {
        let Some(first) = lease.recipients.first() else { return Vec::new() };
        match self.directory.resolve(&first.address).await {
            Ok(Resolution::NotOurs) => self.send_away(lease, sent).await,
            Ok(_) => self.deliver_here(lease).await,
            Err(error) => {
                let answer = Answer::ours(451, (4, 3, 0), format!("the directory does not answer: {error}"));
                all(lease, "", &answer)
            }
        }
    }

    async fn send_away(&self, lease: &Lease, sent: &Sent) -> Vec<Verdict> {
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
                return all(lease, "", &unreadable());
            }
        };
        self.try_exchangers(&Errand { lease, way: &way, content: &content, sent }, &exchangers).await
    }

    /// Tries each address of each exchanger until one has given an answer, or may have the message.
    async fn try_exchangers(&self, errand: &Errand<'_>, exchangers: &[Exchanger]) -> Vec<Verdict> {
        let lease = errand.lease;
        let mut failures = Failures::new(lease.envelope.requiretls);
        for exchanger in exchangers {
            for address in &exchanger.addresses {
                match self.try_address(errand, exchanger, *address).await {
                    Ok(outcome) => return results(lease, exchanger, outcome),
                    Err(LinkError::Store(error)) => {
                        tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                        return all(lease, &exchanger.host, &unreadable());
                    }
                    Err(error) => {
                        tracing::debug!(message = lease.message, host = exchanger.host, %address, %error, "no delivery");
                        failures.note(&exchanger.host, *address, &error);
                    }
                }
            }
        }
        let (host, answer) = failures.into_answer();
        if answer.outlook() == Outlook::Temporary {
            let pause = Duration::from_secs(self.settings.unreachable_pause_seconds);
            self.busy.pause(lease.destination, self.store.context().clock.now().plus(pause));
        }
        all(lease, &host, &answer)
    }

    async fn try_address(
        &self,
        errand: &Errand<'_>,
        exchanger: &Exchanger,
        address: SocketAddr,
    ) -> Result<TransactionOutcome, LinkError> {
        let Errand { lease, way, content, sent } = errand;
        let credentials = way.relay.as_ref().and_then(|relay| relay.credentials.as_ref());
        let must_verify = way.tls == TlsDemand::Required || lease.envelope.requiretls || credentials.is_some();
        let source = way.source.filter(|source| source.is_ipv4() == address.is_ipv4());
        let key = Key {
            host: exchanger.host.clone(),
            address,
            source,
            user: credentials.map(|it| it.user.clone()),
            verified: must_verify,
        };
        let mut link = match self.kept(&key).await {
            Some(link) => link,
            None => self.open(&key, credentials).await?,
        };
        let transaction = transaction(lease, content);
        let trace = lease.envelope.trace.as_bytes();
        loop {
            if lease.envelope.requiretls && !link.keeps_require_tls() {
                // RFC 8689 section 4.2.1: another exchanger may keep it, other messages may go here.
                self.keep(key, link);
                return Err(LinkError::NoRequireTls);
            }
            let was_kept = link.sent > 0;
            match link.send_message(transaction.clone(), trace, content, sent).await {
                Ok(outcome) => {
                    self.keep(key, link);
                    return Ok(outcome);
                }
                Err(error) if was_kept => {
                    // The server was tired of the connection; nothing of the message's end has gone out.
                    tracing::debug!(%error, "a kept connection was of no use");
                    link = self.open(&key, credentials).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A connection of the pool that can still be used.
    async fn kept(&self, key: &Key) -> Option<Link> {
        while let Some(mut link) = self.pool.take(key) {
            match link.wake().await {
                Ok(()) => return Some(link),
                Err(error) => tracing::debug!(%error, "a kept connection is of no use any more"),
            }
        }
        None
    }

    async fn open(&self, key: &Key, credentials: Option<&Credentials>) -> Result<Link, LinkError> {
        let credentials =
            credentials.map(|it| ClientCredentials { user: it.user.clone(), password: it.password.clone() });
        let mut door = Door {
            host: &key.host,
            address: key.address,
            source: key.source,
            hello: &self.hostname,
            credentials,
            tls: Some(if key.verified { &self.verified } else { &self.opportunistic }),
            tls_required: key.verified,
            connect_wait: Duration::from_secs(self.settings.connect_seconds),
            answer_wait: Duration::from_secs(self.settings.answer_seconds),
        };
        let context = self.store.context();
        match Link::open(&door, &*context.clock, &*context.entropy).await {
            // RFC 7435 section 3: if TLS does not work and need not, the message goes in clear.
            Err(LinkError::Handshake(_)) if !key.verified => {
                door.tls = None;
                Link::open(&door, &*context.clock, &*context.entropy).await
            }
            opened => opened,
        }
    }

    fn keep(&self, key: Key, link: Link) {
        if link.sent < self.settings.messages_per_connection_max && link.is_reusable() {
            self.pool.keep(key, link, self.store.context().clock.now());
        } else {
            link.quit();
        }
    }
}

/// What is brought, and how.
struct Errand<'a> {
    lease: &'a Lease,
    way: &'a Way,
    content: &'a Content,
    sent: &'a Sent,
}

/// Why no exchanger took the message so far.
struct Failures {
    host: String,
    answer: Answer,
    /// The message needs REQUIRETLS, and none that was tried could keep it.
    is_final: bool,
}

impl Failures {
    fn new(requiretls: bool) -> Self {
        let answer = Answer::ours(450, (4, 4, 1), "no server was reached");
        Self { host: String::new(), answer, is_final: requiretls }
    }

    fn note(&mut self, host: &str, address: SocketAddr, error: &LinkError) {
        // What only a later attempt can tell goes before what is for good: that server may keep REQUIRETLS.
        let is_later = !error.lacks_protection();
        if !is_later && !self.is_final && !self.host.is_empty() {
            return;
        }
        self.is_final &= !is_later;
        host.clone_into(&mut self.host);
        let text = format!("{host} [{}]: {error}", address.ip());
        self.answer = Answer::ours(450, status_of(error), text);
    }

    /// Who failed last, and the answer for the recipients. RFC 5321 section 4.2.4.1 leaves what a refusal to talk means open;
    /// another server, or this one later, may talk. For RFC 8689 section 4.2.1 there is no later.
    fn into_answer(self) -> (String, Answer) {
        let Self { host, mut answer, is_final } = self;
        if is_final && !host.is_empty() {
            answer.code = 550;
        }
        (host, answer.consistent())
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

fn unreadable() -> Answer {
    Answer::ours(451, (4, 3, 0), "the message cannot be read now")
}

fn status_of(error: &LinkError) -> (u8, u16, u16) {
    match error {
        LinkError::Connect(_) => (4, 4, 1),
        LinkError::Stream(_) | LinkError::Protocol(_) => (4, 4, 2),
        // RFC 8689 section 4.2.1
        LinkError::Handshake(_) | LinkError::NoTls => (4, 7, 10),
        LinkError::NoRequireTls => (4, 7, 30),
        LinkError::Refused(answer) => answer.enhanced.map_or((4, 4, 0), |it| (4, it.subject, it.detail)),
        LinkError::Store(_) => (4, 3, 0),
    }
}
