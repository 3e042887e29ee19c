//! What connectors say of a stranger that hands mail in: that it must come over TLS, from the partner's servers, and in whose name it may go on.

use std::sync::Arc;
use std::time::Duration;

use crypto::hash::sha256;
use env::Timestamp;
use identity::{AccountKind, AccountState, IdentityError, Method, Principal, Scope, Standing};
use mail::Address;
use net::Stream;
use parking_lot::RwLock;
use queue::connectors::{self, In, Way};
use store::{Store, StoreError, Tx};
use wire::smtp::server::{Kind, Verdict};

use super::conversation::Conversation;
use super::recipients::trouble;

/// How long what was looked up holds: a change is in force after that.
const HELD: Duration = Duration::from_secs(1);

/// Connectors for mail that comes in, as they were when they were last looked at.
#[derive(Default)]
pub(crate) struct Inward(RwLock<Known>);

#[derive(Default, Clone)]
struct Known {
    looked: Option<Timestamp>,
    revision: i64,
    all: Arc<Vec<In>>,
}

impl Inward {
    async fn now(self: &Arc<Self>, store: &Store) -> Result<Arc<Vec<In>>, StoreError> {
        let (known, now) = (self.0.read().clone(), store.context().clock.now());
        if known.looked.is_some_and(|looked| now.since(looked) < HELD) {
            return Ok(known.all);
        }
        let revision = known.revision;
        let work = move |tx: &mut Tx<'_>| {
            let newest = connectors::revision(tx)?;
            if newest == revision {
                return Ok(None);
            }
            Ok::<_, StoreError>(Some((newest, connectors::list(tx)?)))
        };
        let found = store.read(work).await?;
        let mut kept = self.0.write();
        kept.looked = Some(now);
        if let Some((revision, all)) = found {
            let inward = all.into_iter().filter(|it| it.enabled).filter_map(|it| match it.way {
                Way::In(inward) => Some(inward),
                Way::Out(_) => None,
            });
            kept.revision = revision;
            kept.all = Arc::new(inward.collect());
        }
        Ok(Arc::clone(&kept.all))
    }
}

/// The SHA-256 of the certificate that a client showed, in hexadecimal.
pub(super) fn fingerprint(stream: &Stream) -> Option<String> {
    let shown = stream.peer_certificates().first()?;
    Some(sha256(shown).iter().map(|octet| format!("{octet:02x}")).collect())
}

impl Conversation<'_> {
    /// MAIL FROM of a stranger: refuses what a connector does not let in, and takes the client for the account in whose name it may send.
    pub(super) async fn meet_connectors(&mut self) -> Result<(), Verdict> {
        if self.door.config.kind != Kind::Mx || self.principal.is_some() {
            return Ok(());
        }
        let receiver = &self.door.receiver;
        let all = receiver.inward.now(&receiver.store).await.map_err(|error| trouble(&error.into()))?;
        let sender = self.sender.clone();
        let domain = sender.as_ref().map(Address::domain_ascii).unwrap_or_default();
        for connector in all.iter() {
            let is_known = connector.knows(self.peer(), self.certificate.as_deref());
            let is_its_domain = sender.is_some() && connector.has_domain(&domain);
            if connector.needs_tls && (is_known || is_its_domain) && !self.has_tls {
                let text = "Mail from here comes over TLS: issue STARTTLS first";
                return Err(Verdict::reject(530, (5, 7, 0), text));
            }
            if connector.only_from && is_its_domain && !is_known {
                let text = format!("Mail from {domain} is taken from the servers of that domain's owner only");
                return Err(Verdict::reject(550, (5, 7, 1), text));
            }
            if let (Some(account), Some(sender), true) = (connector.account, &sender, is_known) {
                let found = self.relays_for(account, sender.clone()).await.map_err(|error| trouble(&error))?;
                if found.is_some() {
                    (self.principal, self.relays) = (found, true);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The program in whose name the client may send as `sender`: one that is in use, may be used from there, and has the address.
    async fn relays_for(&self, account: i64, sender: Address) -> Result<Option<Principal>, IdentityError> {
        let peer = self.peer();
        let work = move |tx: &mut Tx<'_>| {
            let found = match identity::load_account(tx, account) {
                Ok(found) => found,
                Err(IdentityError::NoAccount(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            let may = found.kind == AccountKind::Service
                && found.state == AccountState::Active
                && identity::service::may_come_from(tx, account, peer)?
                && identity::sending_right(tx, account, &sender)?.is_some();
            Ok(may.then(|| Principal {
                account,
                organisation: found.organisation,
                address: found.addresses.first().cloned().unwrap_or_default(),
                role: found.role,
                language: found.language,
                method: Method::Connector,
                session: None,
                strong_at: None,
                scope: Scope::NONE,
                standing: Standing::default(),
            }))
        };
        self.door.receiver.store.read(work).await
    }

    /// The next message is a stranger's again, until its sender is known.
    pub(super) fn leave_connector(&mut self) {
        if std::mem::take(&mut self.relays) {
            self.principal = None;
        }
    }
}
