//! A message brought to one address of one exchanger, over a connection that is kept or made.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crypto::tls::{ClientTls, PeerVerdict};
use wire::sasl::ClientCredentials;
use wire::smtp::client::TransactionOutcome;

use super::attempt::{Errand, transaction};
use super::fared::{self, Fared};
use super::link::{Door, Link, LinkError};
use super::pool::Key;
use super::security::{Security, Trust, dane_tls};
use super::{Deliverer, exchangers::Exchanger};
use crate::transport::{Ends, Seen};

impl Deliverer {
    pub(super) async fn try_address(
        &self,
        errand: &Errand<'_>,
        exchanger: &Exchanger,
        address: SocketAddr,
        security: &Security,
    ) -> Result<TransactionOutcome, LinkError> {
        let Errand { lease, way, content, sent, .. } = errand;
        let credentials = way.relay.as_ref().and_then(|relay| relay.credentials.as_ref());
        let key = Key {
            host: exchanger.host.clone(),
            address,
            source: way.source.filter(|source| source.is_ipv4() == address.is_ipv4()),
            user: credentials.map(|it| it.user.clone()),
            trust: security.trust.clone(),
            tls13: security.tls13,
        };
        let mut link = match self.kept(&key).await {
            Some(link) => link,
            None => self.open(errand, &key, security).await?,
        };
        let transaction = transaction(lease, content);
        let trace = content.trace(lease).as_bytes();
        loop {
            if lease.envelope.requiretls && !link.keeps_require_tls() {
                // RFC 8689 section 4.2.1: another exchanger may keep it, other messages may go here.
                self.keep(key, link);
                return Err(LinkError::NoRequireTls);
            }
            let was_kept = link.sent > 0;
            match link.send_message(transaction.clone(), trace, content, sent).await {
                Ok(outcome) => {
                    if !lease.envelope.tls_optional {
                        self.seen.note(&self.store, errand.domain, seen(&exchanger.host, security, &link)).await;
                    }
                    self.keep(key, link);
                    return Ok(outcome);
                }
                Err(error) if was_kept => {
                    // The server was tired of the connection; nothing of the message's end has gone out.
                    tracing::debug!(%error, "a kept connection was of no use");
                    link = self.open(errand, &key, security).await?;
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

    async fn open(&self, errand: &Errand<'_>, key: &Key, security: &Security) -> Result<Link, LinkError> {
        let credentials = errand.way.relay.as_ref().and_then(|relay| relay.credentials.as_ref());
        let credentials =
            credentials.map(|it| ClientCredentials { user: it.user.clone(), password: it.password.clone() });
        let tls = self.tls(errand, key, security)?;
        let local = OnceLock::new();
        let mut door = Door {
            host: &key.host,
            address: key.address,
            source: key.source,
            hello: &self.hostname,
            credentials,
            tls: Some(&tls),
            security,
            local: &local,
            connect_wait: Duration::from_secs(self.settings.now().connect_seconds),
            answer_wait: Duration::from_secs(self.settings.now().answer_seconds),
        };
        let context = Arc::clone(self.store.context());
        let opened = Link::open(&door, &*context.clock, &*context.entropy).await;
        let fared = match &opened {
            Ok(link) => link.verdict.as_ref().map_or(Fared::Clear, Fared::Encrypted),
            Err(error) => Fared::Failed(error),
        };
        let ends = Ends { local: local.get().copied(), remote: Some(key.address.ip()) };
        self.note(errand, &key.host, ends, Some(security), &fared).await;
        match opened {
            // RFC 7435 section 3: if TLS does not work and need not, the message goes in clear.
            Err(LinkError::Handshake(_)) if !security.needs_tls() => {
                door.tls = None;
                Link::open(&door, &*context.clock, &*context.entropy).await
            }
            opened => opened,
        }
    }

    /// The TLS settings that `security` asks for.
    fn tls(&self, errand: &Errand<'_>, key: &Key, security: &Security) -> Result<ClientTls, LinkError> {
        let unusable = || LinkError::Protocol("the settings for TLS are lost");
        match &security.trust {
            Trust::Opportunistic | Trust::Anyone => Ok(self.opportunistic.clone()),
            Trust::Authorities => Ok(self.verified.clone()),
            Trust::Pinned(_) => errand.way.pinned.as_ref().map(|pinned| pinned.tls.clone()).ok_or_else(unusable),
            Trust::Dane { base, records } => dane_tls(records, [base, &key.host, errand.domain])?.ok_or_else(unusable),
        }
    }

    /// Counts a connection for the report to the domain. One to a relay of the administrator's is no matter of the domain's.
    pub(super) async fn note(
        &self,
        errand: &Errand<'_>,
        host: &str,
        ends: Ends,
        security: Option<&Security>,
        fared: &Fared<'_>,
    ) {
        if !self.settings.now().tls_reports
            || errand.way.relay.is_some()
            || errand.domain.starts_with('[')
            || errand.lease.envelope.tls_optional
        {
            return;
        }
        let by_dane = matches!(security, Some(Security { trust: Trust::Dane { .. }, .. }));
        let found =
            if by_dane { crate::transport::Found::default() } else { errand.inquiry.found_policy().await.clone() };
        if let Some((policy, wrong)) = fared::told(errand.domain, host, security, &found, fared) {
            let now = self.store.context().clock.now();
            self.results.note(now, policy, wrong, host, ends);
        }
    }

    fn keep(&self, key: Key, link: Link) {
        if link.sent < self.settings.now().messages_per_connection_max && link.is_reusable() {
            self.pool.keep(key, link, self.store.context().clock.now());
        } else {
            link.quit();
        }
    }
}

/// How a message went, for those who ask before they send the next.
fn seen(host: &str, security: &Security, link: &Link) -> Seen {
    let by_dane = matches!(security.trust, Trust::Dane { .. });
    let is_verified = match security.trust {
        Trust::Dane { .. } | Trust::Pinned(_) | Trust::Authorities => true,
        Trust::Anyone | Trust::Opportunistic => link.verdict.as_ref().is_some_and(PeerVerdict::is_verified),
    };
    Seen { host: host.to_owned(), tls: link.tls.map(str::to_owned), is_verified, by_dane }
}
