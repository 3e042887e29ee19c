//! What the server does beside serving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::portal::PortalSettings;
use api::Challenges;
use api::actions::{Controls, tell_of_deadlines, tell_of_full_accounts, tell_owners as tell_owners_now};
use async_trait::async_trait;
use certs::acme::{AcmeOrder, Challenge, ChallengePublisher};
use certs::{CertificateFacts, CertsError};
use crypto::tls::ServerTls;
use env::dns::{DnsError, Resolver};
use env::{Outlook, Watched};
use identity::Directory;
use identity::rights::{AccessSettings, forget_refusals};
use keybook::OpenPgpSettings;
use letters::Mailer;
use rustls::sign::CertifiedKey;
use signing::{Signer, SigningSettings};
use store::Store;
use store::collect::Budget;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use trace::TraceSettings;

use super::steady::Steady;
use crate::settings::{Live, Settings};
use crate::system::reload_certificates;
use crate::tlsa::tlsa_name;

/// How often room is given back.
const COLLECT_EVERY: Duration = Duration::from_secs(600);

/// How often it is looked for letters about keys that are due.
const KEY_LETTERS_EVERY: Duration = Duration::from_secs(900);

/// How often what was learned of relays is written.
const LEARN_EVERY: Duration = Duration::from_secs(60);

/// Memories of scripts that are forgotten at once.
const MEMORIES_MAX: u32 = 2_000;

/// Deliveries of the portal that are forgotten at once.
const DELIVERIES_MAX: u32 = 100;

/// Steps of retention rules of one organisation in one round; what is left waits for the next.
const RULE_STEPS_MAX: usize = 50;

/// Removed messages of one organisation that go for good in one transaction.
const REMOVED_MAX: u32 = 500;

/// Transactions of one round in which they do; what is left waits for the next.
const REMOVED_ROUNDS_MAX: usize = 20;

/// Transactions of one round in which old traces go; what is left waits for the next.
const TRACE_ROUNDS_MAX: usize = 500;

/// How often owners are told of grants that are over, and of accounts that fill up.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// How often certificate files are looked at.
const WATCH_EVERY: Duration = Duration::from_secs(30);

/// How often the certificate's age is looked at.
const RENEWAL_LOOK_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Wait after an order that failed: authorities limit how many may.
const RENEWAL_RETRY: Duration = Duration::from_secs(3600);

/// Longest run of the administrator's DNS hook, which returns when the record can be seen.
const HOOK_WAIT: Duration = Duration::from_secs(300);

/// Renews keys of OpenPGP that are kept here before they end.
pub(super) async fn renew_pgp_keys(store: Store, settings: Watched<OpenPgpSettings>, stop: CancellationToken) {
    while !wait(RENEWAL_LOOK_EVERY, &stop).await {
        let span = Duration::from_secs(settings.now().valid_days.saturating_mul(86_400));
        match store.write(move |tx| keybook::renew_due(tx, span)).await {
            Ok(0) => {}
            Ok(renewed) => tracing::info!(renewed, "keys of OpenPGP were renewed"),
            Err(error) => tracing::error!(%error, "keys of OpenPGP cannot be renewed; they end as they say"),
        }
    }
}

/// Tells people before keys of theirs end, and when those of correspondents have changed.
pub(super) async fn tell_of_keys(store: Store, mailer: Mailer, stop: CancellationToken) {
    while !wait(KEY_LETTERS_EVERY, &stop).await {
        match keycare::tell_of_ends(&store, &mailer).await {
            Ok(sent) => tracing::debug!(sent, "owners told of keys that end"),
            Err(error) => tracing::error!(%error, "owners cannot be told of keys that end"),
        }
        match keycare::tell_of_changes(&store, &mailer, judgement::outbound::writers_to).await {
            Ok(sent) => tracing::debug!(sent, "people told of keys of correspondents that have changed"),
            Err(error) => tracing::error!(%error, "people cannot be told of keys of correspondents that have changed"),
        }
        if let Err(error) = store.write(keycare::forget_letters).await {
            tracing::error!(%error, "cannot forget letters about keys that are long over");
        }
    }
}

/// Gives back the room of messages that are gone and of list entries that have expired, from time to time.
pub(super) async fn collect(
    store: Store,
    access: Watched<AccessSettings>,
    portal: Watched<PortalSettings>,
    trace: Watched<TraceSettings>,
    stop: CancellationToken,
) {
    let begun = Instant::now();
    let mut steady = Steady::new(store.context().clock.now(), Duration::ZERO);
    while !wait(COLLECT_EVERY, &stop).await {
        let now = store.context().clock.now();
        if let Some(ahead) = steady.ahead(now, begun.elapsed()) {
            let hours = ahead.as_secs() / 3_600;
            tracing::error!(
                hours,
                "the clock has jumped ahead: nothing is removed because of its age before it is set right, or a day has passed"
            );
            continue;
        }
        carry_out_rules(&store).await;
        purge_removed(&store).await;
        purge_journal(&store).await;
        forget_traces(&store, trace.now().keep_days).await;
        match store::collect::run(&store, Budget::default(), now).await {
            Ok(collected) => tracing::debug!(?collected, "room given back"),
            Err(error) => tracing::error!(%error, "cannot give back room"),
        }
        match store.write(identity::forget_attempts).await {
            Ok(forgotten) => tracing::debug!(forgotten, "old attempts forgotten"),
            Err(error) => tracing::error!(%error, "cannot forget old attempts"),
        }
        if let Err(error) = store.write(identity::factors::forget_expired).await {
            tracing::error!(%error, "cannot forget what is over of second factors");
        }
        match store.write(identity::session::forget_expired).await {
            Ok(forgotten) => tracing::debug!(forgotten, "sessions and tokens forgotten whose time is over"),
            Err(error) => tracing::error!(%error, "cannot forget sessions and tokens whose time is over"),
        }
        let portal_keeps = portal.now().keeps();
        match store.write_freeing(move |tx| portal::forget_expired(tx, portal_keeps, DELIVERIES_MAX)).await {
            Ok(forgotten) => tracing::debug!(forgotten, "deliveries of the portal forgotten whose time is over"),
            Err(error) => tracing::error!(%error, "cannot forget deliveries of the portal whose time is over"),
        }
        let kept = access.now().refusals_kept();
        match store.write(move |tx| forget_refusals(tx, kept)).await {
            Ok(forgotten) => tracing::debug!(forgotten, "old refusals taken out of the record"),
            Err(error) => tracing::error!(%error, "cannot take old refusals out of the record"),
        }
        match store.write(identity::groups::forget_sent).await {
            Ok(forgotten) => tracing::debug!(forgotten, "old deliveries to groups forgotten"),
            Err(error) => tracing::error!(%error, "cannot forget old deliveries to groups"),
        }
        match store.write(identity::forward::remove_expired).await {
            Ok(removed) => tracing::debug!(removed, "expired forwarding removed"),
            Err(error) => tracing::error!(%error, "cannot remove expired forwarding"),
        }
        match store.write(identity::lists::remove_expired).await {
            Ok(removed) => tracing::debug!(removed, "expired list entries removed"),
            Err(error) => tracing::error!(%error, "cannot remove expired list entries"),
        }
        match store.write(|tx| scripts::forget_expired(tx, MEMORIES_MAX)).await {
            Ok(forgotten) => tracing::debug!(forgotten, "what scripts had remembered is forgotten"),
            Err(error) => tracing::error!(%error, "cannot forget what scripts had remembered"),
        }
    }
}

/// Carries out retention rules of all organisations, some steps of each.
async fn carry_out_rules(store: &Store) {
    let organisations = match store.read(identity::list_organisations).await {
        Ok(organisations) => organisations,
        Err(error) => {
            tracing::error!(%error, "cannot read whose retention rules there are");
            return;
        }
    };
    for organisation in organisations {
        for _ in 0..RULE_STEPS_MAX {
            let id = organisation.id;
            match store.write_freeing(move |tx| retention::carry_out(tx, id)).await {
                Ok(None) => break,
                Ok(Some(step)) if step.removed > 0 => {
                    let retention::Step { rule, removed, bytes, held } = step;
                    tracing::info!(organisation = id, rule, removed, bytes, held, "a retention rule removed mail");
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    tracing::error!(organisation = id, %error, "cannot carry out retention rules");
                    break;
                }
            }
        }
    }
}

/// Takes out for good what of removed mail is past its window and under no legal hold.
async fn purge_removed(store: &Store) {
    for _ in 0..REMOVED_ROUNDS_MAX {
        match store.write_freeing(|tx| mailbox::removed::purge(tx, REMOVED_MAX)).await {
            Ok(purged) if !purged.is_something() => return,
            Ok(purged) => tracing::info!(purged.gone, purged.bytes, purged.held, "removed mail is past its window"),
            Err(error) => {
                tracing::error!(%error, "cannot take out removed mail that is past its window");
                return;
            }
        }
    }
}

/// Takes out what of the journal of mail is past its period and under no legal hold.
async fn purge_journal(store: &Store) {
    for _ in 0..REMOVED_ROUNDS_MAX {
        match store.write_freeing(|tx| mailbox::journaled::purge(tx, REMOVED_MAX)).await {
            Ok(purged) if !purged.is_something() => return,
            Ok(purged) => {
                tracing::info!(purged.gone, purged.bytes, purged.held, "mail in the journal is past its period")
            }
            Err(error) => {
                tracing::error!(%error, "cannot take out mail in the journal that is past its period");
                return;
            }
        }
    }
}

/// Forgets what happened to messages longer ago than the settings say.
async fn forget_traces(store: &Store, days: u32) {
    for _ in 0..TRACE_ROUNDS_MAX {
        match store.write_freeing(move |tx| trace::forget(tx, days)).await {
            Ok(0) => return,
            Ok(gone) => tracing::debug!(gone, "old traces forgotten"),
            Err(error) => {
                tracing::error!(%error, "cannot forget old traces");
                return;
            }
        }
    }
}

/// Tells owners of mail that was read under a grant, once the grant is over.
pub(super) async fn tell_owners(controls: Controls, stop: CancellationToken) {
    while !wait(TELL_EVERY, &stop).await {
        match tell_owners_now(&controls).await {
            Ok(told) => tracing::debug!(told, "owners told of grants that are over"),
            Err(error) => tracing::error!(%error, "cannot tell owners of grants that are over"),
        }
        match tell_of_full_accounts(&controls).await {
            Ok(told) => tracing::debug!(told, "owners told that their accounts fill up"),
            Err(error) => tracing::error!(%error, "cannot tell owners that their accounts fill up"),
        }
    }
}

/// Reminds those who work on subject requests of their deadlines.
pub(super) async fn watch_deadlines(controls: Controls, stop: CancellationToken) {
    while !wait(TELL_EVERY, &stop).await {
        match tell_of_deadlines(&controls).await {
            Ok(told) => tracing::debug!(told, "deadlines of subject requests told of"),
            Err(error) => tracing::error!(%error, "cannot tell of deadlines of subject requests"),
        }
    }
}

/// Writes down, from time to time and at the end, which relays forward honest mail.
pub(super) async fn learn_forwarders(directory: Arc<Directory>, stop: CancellationToken) {
    loop {
        let is_last = wait(LEARN_EVERY, &stop).await;
        match directory.forwarders().flush().await {
            Ok(written) => tracing::debug!(written, "forwarders learned"),
            Err(error) => tracing::error!(%error, "cannot write down which relays forward"),
        }
        if is_last {
            return;
        }
    }
}

/// Lets new DKIM keys sign once DNS shows their records.
pub(super) async fn watch_keys(
    store: Store,
    dns: Arc<dyn Resolver>,
    signer: Arc<Signer>,
    mut settings: Watched<SigningSettings>,
    stop: CancellationToken,
) {
    loop {
        let now = settings.now();
        tokio::select! {
            () = stop.cancelled() => return,
            // The next look is at the new time.
            () = settings.changed() => continue,
            () = tokio::time::sleep(Duration::from_secs(now.watch_seconds.max(1))) => {}
        }
        match signing::look(&store, &*dns, now.overlap()).await {
            Ok(begun) if begun.is_empty() => {}
            Ok(_) => signer.forget(),
            Err(error) => tracing::error!(%error, "cannot look after DKIM keys"),
        }
    }
}

/// Takes up certificate files that have changed.
pub(super) async fn watch_certificates(tls: ServerTls, live: Live, stop: CancellationToken) {
    let settings = live.started();
    let (tls_files, gm) = (&settings.tls, &settings.gm);
    let changed = || [&tls_files.certificate, &tls_files.key, &gm.certificate, &gm.key].map(|path| modified(path));
    let mut known = changed();
    while !wait(WATCH_EVERY, &stop).await {
        let found = changed();
        if found != known {
            reload_certificates(&tls, &live.now());
            known = found;
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// Fetches a certificate where there is none by the authority, and a new one in time.
pub(super) async fn renew_certificates(
    store: Store,
    tls: ServerTls,
    challenges: Challenges,
    dns: Arc<dyn Resolver>,
    live: Live,
    stop: CancellationToken,
) {
    let settings = live.started();
    let publisher = Publisher { tls: tls.clone(), challenges, dns_hook: settings.acme.dns_hook.clone() };
    let mut pause = Duration::ZERO;
    while !wait(pause, &stop).await {
        pause = RENEWAL_LOOK_EVERY;
        if !is_due(settings, &store) {
            continue;
        }
        let order = match acme_order(settings, &store, &*dns).await {
            Ok(order) => AcmeOrder { takes_next_key: next_key_is_known(settings, &*dns).await, ..order },
            Err(error) => {
                tracing::error!(%error, "cannot read the domains for a certificate");
                continue;
            }
        };
        match certs::acme::obtain(&order, &publisher).await {
            Ok(()) => {
                tracing::info!(names = ?order.names, "certificate fetched");
                reload_certificates(&tls, &live.now());
            }
            Err(error) => {
                tracing::error!(%error, names = ?order.names, "no certificate; the old one stays, next attempt in an hour");
                pause = RENEWAL_RETRY;
            }
        }
    }
}

/// Whether the certificate in use is past two thirds of its life, or not by the authority.
fn is_due(settings: &Settings, store: &Store) -> bool {
    let marked = acme_account(settings).exists();
    let facts = std::fs::read(&settings.tls.certificate).ok().and_then(|pem| CertificateFacts::read(&pem).ok());
    let due = facts.is_none_or(|facts| store.context().clock.now() >= facts.renew_at());
    !marked || due
}

fn acme_account(settings: &Settings) -> PathBuf {
    settings.server.directory.join("acme-account.json")
}

async fn acme_order(
    settings: &Settings,
    store: &Store,
    dns: &dyn Resolver,
) -> Result<AcmeOrder, identity::IdentityError> {
    let acme = &settings.acme;
    let mut names = acme.names.clone();
    if names.is_empty() {
        names.push(settings.server.hostname.clone());
        for domain in store.read(|tx| identity::list_domains(tx, None)).await? {
            names.extend(["mta-sts", "autoconfig", "autodiscover"].map(|name| format!("{name}.{}", domain.name)));
            // A zone from before there was a key directory lacks it, and the whole order would fail for that.
            let directory = format!("openpgpkey.{}", domain.name);
            if dns.ipv4(&directory).await.is_ok_and(|found| !found.is_empty()) {
                names.push(directory);
            }
        }
    }
    Ok(AcmeOrder {
        directory_url: acme.directory_url.clone(),
        roots: acme.roots.clone(),
        contact: acme.contact.clone(),
        account: acme_account(settings),
        names,
        challenge: match acme.challenge.as_str() {
            "tls-alpn-01" => Challenge::TlsAlpn01,
            "dns-01" => Challenge::Dns01,
            _ => Challenge::Http01,
        },
        chain: settings.tls.certificate.clone(),
        key: settings.tls.key.clone(),
        takes_next_key: false,
    })
}

/// Whether the key that was made ahead may be used: the zone names it, or names none (RFC 7671 section 8.1).
async fn next_key_is_known(settings: &Settings, dns: &dyn Resolver) -> bool {
    let Some(next) = certs::next_association(&settings.tls.key) else { return false };
    match dns.tlsa(&tlsa_name(&settings.server.hostname)).await {
        Ok(records) if records.contains(&next) => true,
        Ok(_) => {
            tracing::warn!("the zone does not name the next key yet, the present one is kept; see tradewind dns tlsa");
            false
        }
        Err(DnsError::NotFound { .. }) => true,
        Err(error) => {
            tracing::warn!(%error, "whether the zone names the next key cannot be looked up, the present one is kept");
            false
        }
    }
}

/// Shows challenges through the running services, or through the administrator's hook.
struct Publisher {
    tls: ServerTls,
    challenges: Challenges,
    dns_hook: Vec<String>,
}

impl Publisher {
    async fn hook(&self, verb: &str, name: &str, value: &str) -> Result<(), CertsError> {
        let refused = |cause: String| CertsError::Authority {
            cause: format!("acme.dns_hook: {cause}"),
            outlook: Outlook::Temporary,
        };
        let Some((program, arguments)) = self.dns_hook.split_first() else {
            return Err(refused("no command is named".to_owned()));
        };
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).args([verb, name, value]).kill_on_drop(true);
        let running = tokio::time::timeout(HOOK_WAIT, command.status());
        match running.await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(refused(format!("{program} {verb} ended with {status}"))),
            Ok(Err(error)) => Err(refused(format!("cannot run {program}: {error}"))),
            Err(_) => Err(refused(format!("{program} {verb} took longer than {HOOK_WAIT:?}"))),
        }
    }
}

#[async_trait]
impl ChallengePublisher for Publisher {
    async fn publish_http(&self, token: &str, key_authorization: &str) -> Result<(), CertsError> {
        self.challenges.publish(token.to_owned(), key_authorization.to_owned());
        Ok(())
    }

    async fn withdraw_http(&self, token: &str) {
        self.challenges.withdraw(token);
    }

    async fn publish_alpn(&self, domain: &str, certificate: Arc<CertifiedKey>) -> Result<(), CertsError> {
        self.tls.set_alpn_challenge(domain, certificate);
        Ok(())
    }

    async fn withdraw_alpn(&self, domain: &str) {
        self.tls.clear_alpn_challenge(domain);
    }

    async fn publish_dns(&self, name: &str, value: &str) -> Result<(), CertsError> {
        self.hook("add", name, value).await
    }

    async fn withdraw_dns(&self, name: &str, value: &str) {
        if let Err(error) = self.hook("remove", name, value).await {
            tracing::warn!(%error, name, "a challenge record stays");
        }
    }
}

/// Waits for `span`; true if the server is stopping.
async fn wait(span: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(span) => false,
    }
}
