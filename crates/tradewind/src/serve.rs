//! The running server: everything is opened, wired and stopped here.

mod auditing;
mod backing_up;
mod blocklists;
mod browsing;
mod evidencing;
mod following;
mod journaling;
mod judging;
mod key_opened;
mod listening;
mod overview_reports;
mod provisioning;
mod rehearsing;
mod repeating;
mod reporting;
mod scrubbing;
mod settings_seen;
mod steady;
mod threats;
mod upkeep;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use ::watch::Watch;
use api::web::{Outside, Portal};
use api::{Challenges, ClientService, Facts};
use certbook::Inquirer;
use crypto::tls::{ServerTls, install_provider};
use env::dns::Resolver;
use identity::{Hasher, SignIn};
use mailauth::Checker;
use net::{Budget, Handler};
use provision::ldap::LdapPasswords;
use provision::oidc::HttpsFetch;
use smtp::deliver::{Deliverer, DelivererParts};
use smtp::receive::{Receiver, ReceiverParts};
use smtp::{ContentRules, Figures, Reporting};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::smtp::server::Kind;

use crate::control::{ControlSocket, socket_path};
use crate::health::SystemHealth;
use crate::http::HttpDoor;
use crate::metrics::Measured;
use crate::recover;
use crate::settings::{Live, LogSwitch, Settings};
use crate::standby::promote;
use crate::system::{System, home_domain, make_private_directory, reload_certificates, server_tls};
use api::actions::{Refused, is_replaced, look_after_crash, tell_of_crossings};

pub(crate) use listening::{Addresses, Listening};
pub(crate) use threats::yara;

/// A server whose every part has been set up and works.
pub(crate) struct Server {
    addresses: Addresses,
    settings: Settings,
    live: Live,
    store: store::Store,
    tls: ServerTls,
    tasks: TaskTracker,
    stop: CancellationToken,
    replaced: Replaced,
}

/// Why this server must stop, once another machine has taken its place.
pub(super) type Replaced = Arc<OnceCell<String>>;

/// How long a repository is waited for that may say so.
const REPLACED_WAIT: Duration = Duration::from_secs(15);

impl Server {
    /// Opens the store, reads certificates, binds every address and starts every service. What is wrong with the settings shows
    /// here, before anybody is told that the server runs.
    pub(crate) async fn start(settings: Settings, log: LogSwitch) -> Result<Self, Refused> {
        install_provider();
        if let Err(error) = net::raise_file_limit() {
            tracing::warn!(%error, "cannot raise the limit of open files");
        }
        // What is wrong with certificates shows before anything else is touched.
        server_tls(&settings)?;
        let store = recover::open_store(&settings).await?;
        let system = System::with(settings, store).await?;
        let (tls_settings, chains) = server_tls(&system.settings)?;
        let tls = ServerTls::new(tls_settings, chains).map_err(Refused::because)?;
        if let Some(why) = is_replaced(&system.controls(), REPLACED_WAIT).await? {
            system.store.close().await;
            return Err(Refused(why));
        }
        recover::tell(&system.settings, &system.controls()).await;
        promote::tell_of(&system.settings, &system.controls()).await;
        look_after_crash(&system.controls()).await?;
        tell_of_crossings(&system.controls()).await;
        let demands = system.settings.factors.clone();
        let note = move |tx: &mut store::Tx<'_>| identity::factors::note_demands(tx, &demands);
        system.store.write(note).await.map_err(Refused::because)?;
        settings_seen::record(&system.store, system.live.of_the_file()).await?;
        key_opened::record(&system.store, &system.settings).await?;
        system.live.serve().await?;
        let listening = Listening::bind(&system.settings, system.live.sections())?;
        let directory = &system.settings.server.directory;
        // With a database server nothing else has made it.
        make_private_directory(directory)
            .map_err(|error| Refused(format!("cannot make {}: {error}", directory.display())))?;
        let path = socket_path(directory);
        let control = ControlSocket::listen(path.clone())
            .map_err(|error| Refused(format!("cannot listen on the control socket {}: {error}", path.display())))?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let challenges = Challenges::default();
        let addresses = listening.addresses.clone();
        tasks.spawn(control.serve(system.controls(), stop.clone()));
        let dns: Arc<dyn Resolver> = system.resolver()?;
        provisioning::spawn(&tasks, &system, &stop);
        let replaced = Replaced::default();
        tasks.spawn(backing_up::step(
            system.controls(),
            system.live.sections().backup(),
            Arc::clone(&replaced),
            stop.clone(),
        ));
        following::spawn(&tasks, &system, &tls, log, &stop);
        spawn_upkeep(&tasks, &system, &tls, &challenges, &dns, &stop)?;
        let reporting = reporting::spawn(&tasks, &system, &dns, &stop);
        spawn_services(&tasks, &system, listening, &tls, challenges, (dns, reporting), &stop)?;
        tasks.close();
        Ok(Self {
            addresses,
            settings: system.settings,
            live: system.live,
            store: system.store,
            tls,
            tasks,
            stop,
            replaced,
        })
    }

    /// Where each service listens.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Serves until the process is told to stop; then finishes what is under way, within the settings' time.
    pub(crate) async fn until_told_to_stop(self) -> Result<(), Refused> {
        let Self { settings, live, store, tls, tasks, stop, replaced, .. } = self;
        tokio::select! {
            outcome = wait_for_the_end(&tls, &live) => outcome?,
            () = stop.cancelled() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
        // The services cut what is left after their own time; this only bounds what should not happen.
        let patience = Duration::from_secs(settings.server.stop_seconds + 1);
        if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time");
        }
        store.close().await;
        tracing::info!("stopped");
        replaced.get().map_or(Ok(()), |why| Err(Refused(why.clone())))
    }
}

/// Waits for SIGTERM or SIGINT; SIGHUP takes up new certificates.
async fn wait_for_the_end(tls: &ServerTls, live: &Live) -> Result<(), Refused> {
    let listen = |kind| signal(kind).map_err(|error| Refused(format!("cannot wait for signals: {error}")));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => reload_certificates(tls, &live.now()),
        }
    }
}

fn spawn_upkeep(
    tasks: &TaskTracker,
    system: &System,
    tls: &ServerTls,
    challenges: &Challenges,
    dns: &Arc<dyn Resolver>,
    stop: &CancellationToken,
) -> Result<(), Refused> {
    tasks.spawn(upkeep::collect(
        system.store.clone(),
        system.live.sections().access(),
        system.live.sections().portal(),
        system.live.sections().trace(),
        stop.clone(),
    ));
    tasks.spawn(auditing::run(system, dns, stop.clone()));
    tasks.spawn(journaling::run(system.store.clone(), system.mailer(), stop.clone()));
    tasks.spawn(backing_up::run(system.controls(), system.live.sections().backup(), stop.clone()));
    tasks.spawn(backing_up::carry_erasures(system.controls(), stop.clone()));
    tasks.spawn(scrubbing::run(system.controls(), system.live.sections().store(), stop.clone()));
    tasks.spawn(rehearsing::run(system.controls(), stop.clone()));
    tasks.spawn(evidencing::run(system.controls(), stop.clone()));
    tasks.spawn(blocklists::run(system.controls(), stop.clone()));
    tasks.spawn(overview_reports::run(system.controls(), stop.clone()));
    tasks.spawn(upkeep::tell_owners(system.controls(), stop.clone()));
    tasks.spawn(upkeep::watch_deadlines(system.controls(), stop.clone()));
    tasks.spawn(upkeep::learn_forwarders(Arc::clone(&system.directory), stop.clone()));
    tasks.spawn(upkeep::watch_certificates(tls.clone(), system.live.clone(), stop.clone()));
    tasks.spawn(upkeep::watch_keys(
        system.store.clone(),
        Arc::clone(dns),
        Arc::clone(&system.signer),
        system.live.sections().dkim(),
        stop.clone(),
    ));
    tasks.spawn(upkeep::tell_of_keys(system.store.clone(), system.mailer(), stop.clone()));
    tasks.spawn(upkeep::renew_pgp_keys(system.store.clone(), system.live.sections().openpgp(), stop.clone()));
    if system.settings.acme.enabled {
        let (store, dns) = (system.store.clone(), Arc::clone(dns));
        tasks.spawn(upkeep::renew_certificates(
            store,
            tls.clone(),
            challenges.clone(),
            dns,
            system.live.clone(),
            stop.clone(),
        ));
    }
    Ok(())
}

fn spawn_services(
    tasks: &TaskTracker,
    system: &System,
    mut listening: Listening,
    tls: &ServerTls,
    challenges: Challenges,
    (dns, reporting): (Arc<dyn Resolver>, Reporting),
    stop: &CancellationToken,
) -> Result<(), Refused> {
    let settings = &system.settings;
    let figures = Arc::new(Figures::default());
    let budget = Budget::new(usize::try_from(settings.smtp.in_flight_bytes_max).unwrap_or(usize::MAX));
    let public_url = settings.http.public_url(&settings.server.hostname, listening.addresses.port("https"));
    let sign_in = sign_in(system, public_url.clone(), watching::spawn(tasks, system, &public_url, stop)?);
    let reputation = threats::reputation(system);
    judging::spawn(tasks, system, &reputation, &public_url, stop)?;
    let layers = threats::layers(tasks, system, &dns, &reputation, stop)?;
    let mut measured = Measured::default();
    let counted = Arc::clone(&figures);
    measured.figures("smtp", move || counted.read());
    let inquirer = system.inquirer(Arc::clone(&dns))?;
    let deliverer = deliverer(system, &dns, Arc::clone(&inquirer), Arc::clone(&figures))?;
    let receiver = Receiver::new(
        ReceiverParts {
            store: system.store.clone(),
            directory: Arc::clone(&system.directory),
            sign_in: Arc::clone(&sign_in),
            dns: Arc::clone(&dns),
            signer: Arc::clone(&system.signer),
            inquirer: Arc::clone(&inquirer),
            openpgp: system.live.sections().openpgp(),
            judging: judging::judging(system, layers, &reputation, &dns)?,
            deliverer: Arc::clone(&deliverer),
            outbound: Arc::clone(&system.outbound),
            reporting,
            checker: Checker::new(&settings.authentication).map_err(Refused::because)?,
            without_dns: settings.without_dns(),
            tls: tls.clone(),
            budget: budget.clone(),
            hostname: settings.server.hostname.clone(),
            postmaster_domain: home_domain(&settings.server.hostname).to_owned(),
            content_rules: ContentRules::of(&settings.delivery.route).map_err(Refused::because)?,
            figures: Arc::clone(&figures),
            tracing: settings.trace.clone(),
        },
        system.live.sections().smtp(),
        system.live.sections().delivery(),
    );
    for (name, kind) in [("smtp", Kind::Mx), ("submission", Kind::Submission), ("submissions", Kind::Submissions)] {
        serve(tasks, &mut listening, &mut measured, name, receiver.door(kind), stop);
    }
    tasks.spawn(Arc::clone(&receiver).tend_traces(stop.clone()));
    let portal = portal(system, &sign_in, public_url, &dns);
    let sending = (&receiver, &deliverer);
    let jmap = browsing::jmap_server(system, &portal, sending, &dns)?;
    if let Some(jmap) = &jmap {
        tasks.spawn(Arc::clone(jmap).tend(stop.clone()));
    }
    let imap = imap_server(system, sign_in, tls, budget);
    let counted = Arc::clone(&imap);
    measured.figures("imap", move || counted.figures());
    tasks.spawn(Arc::clone(&imap).tend(stop.clone()));
    serve(tasks, &mut listening, &mut measured, "imap", imap.door(false), stop);
    serve(tasks, &mut listening, &mut measured, "imaps", imap.door(true), stop);

    if let Some(reporter) = deliverer.reporter() {
        tasks.spawn(reporter.run(stop.clone()));
    }
    tasks.spawn(deliverer.run(stop.clone()));
    spawn_http(tasks, system, &mut listening, measured, tls, (challenges, portal, jmap), stop);
    Ok(())
}

/// Delivers what is in the queue, and knows what will protect it.
fn deliverer(
    system: &System,
    dns: &Arc<dyn Resolver>,
    inquirer: Arc<Inquirer>,
    figures: Arc<Figures>,
) -> Result<Arc<Deliverer>, Refused> {
    let settings = &system.settings;
    let parts = DelivererParts {
        keys: system.key_finder(Arc::clone(dns))?,
        inquirer,
        store: system.store.clone(),
        directory: Arc::clone(&system.directory),
        dns: Arc::clone(dns),
        mailer: system.mailer(),
        signer: Arc::clone(&system.signer),
        hostname: settings.server.hostname.clone(),
        postmaster_domain: home_domain(&settings.server.hostname).to_owned(),
        figures,
        stop_wait: Duration::from_secs(settings.server.stop_seconds),
        outside: scripts::Outside::of(&settings.rules),
        outbound: Arc::clone(&system.outbound),
        has_portal: settings.portal.enabled,
        region: settings.region.clone(),
    };
    Deliverer::new(parts, system.live.sections().delivery(), settings.home()).map_err(Refused::because)
}

/// The IMAP services.
fn imap_server(system: &System, sign_in: Arc<SignIn>, tls: &ServerTls, budget: Budget) -> Arc<imap::Server> {
    let settings = &system.settings;
    imap::Server::new(
        imap::ServerParts {
            store: system.store.clone(),
            sign_in,
            tls: tls.clone(),
            budget,
            hostname: settings.server.hostname.clone(),
            message_bytes_max: system.live.message_bytes_max(),
            access: system.live.sections().access(),
        },
        system.live.sections().imap(),
    )
}

/// Checks who signs in; `issuer` names the OAuth server.
fn sign_in(system: &System, issuer: String, watch: Arc<Watch>) -> Arc<SignIn> {
    let hasher = Hasher::new(Arc::clone(&system.store.context().entropy));
    let mut sign_in = SignIn::new(system.store.clone(), hasher);
    if let Some(passwords) = LdapPasswords::new(&system.settings.provision.ldap) {
        sign_in = sign_in.with_passwords_elsewhere(Arc::new(passwords));
    }
    if let Some(online) = system.factors.online() {
        sign_in = sign_in.with_online(online);
    }
    let sections = system.live.sections();
    let sign_in = sign_in.with_factors(sections.factors()).with_passwords(sections.passwords());
    Arc::new(sign_in.with_issuer(issuer).with_watch(watch))
}

/// What the pages work with.
fn portal(system: &System, sign_in: &Arc<SignIn>, public_url: String, dns: &Arc<dyn Resolver>) -> Portal {
    let fetch = Arc::new(HttpsFetch::new(Arc::clone(dns)));
    let outside = Arc::new(Outside::new(system.settings.provision.oidc.clone(), fetch));
    Portal {
        controls: system.controls(),
        sign_in: Arc::clone(sign_in),
        public_url,
        outside,
        takeouts: api::Takeouts::default(),
    }
}

fn spawn_http(
    tasks: &TaskTracker,
    system: &System,
    listening: &mut Listening,
    mut measured: Measured,
    tls: &ServerTls,
    (challenges, portal, jmap): (Challenges, Portal, Option<Arc<jmap::Server>>),
    stop: &CancellationToken,
) {
    let acceptors = ["http", "https"].map(|name| listening.take(name));
    for (name, acceptor) in ["http", "https"].into_iter().zip(&acceptors) {
        if let Some(acceptor) = acceptor {
            measured.service(name, acceptor.counters());
        }
    }
    let facts = Arc::new(Facts {
        hostname: system.settings.server.hostname.clone(),
        settings: system.live.sections().http(),
        services: client_services(&listening.addresses),
        health: Arc::new(SystemHealth { store: system.store.clone(), directory: Arc::clone(&system.directory) }),
        metrics: measured.into_registry(),
        challenges,
    });
    let [plain, secure] = acceptors;
    if let Some(acceptor) = plain {
        let door = HttpDoor { router: api::plain_router(Arc::clone(&facts)), tls: None };
        tasks.spawn(run_acceptor(acceptor, Arc::new(door), stop.clone()));
    }
    if let Some(acceptor) = secure {
        let api = api::v1::Door { controls: portal.controls.clone(), authenticate: Arc::new(portal.clone()) };
        let partners = api::portal_routes(api::PortalDoor {
            controls: portal.controls.clone(),
            authenticate: Arc::new(portal.clone()),
        });
        let asking = api::subject_page(portal.controls.clone());
        let pages = api::web::routes(portal).merge(api::v1::routes(api));
        let scim = api::scim_router(api::ScimParts {
            store: system.store.clone(),
            directory: Arc::clone(&system.directory),
            hostname: system.settings.server.hostname.clone(),
        });
        let links = api::sign_in_links(system.store.clone()).merge(asking);
        let links = links.merge(api::quarantine_links(system.store.clone(), system.live.sections().judging()));
        let links = links.merge(api::key_directory(system.store.clone()));
        let links = links.merge(api::shared(system.store.clone(), system.settings.threats.never.clone()));
        let web = webapp::routes(&system.settings.web, Arc::clone(&system.store.context().entropy));
        let mut router = api::secure_router(facts, pages).merge(scim).merge(links).merge(partners).merge(web);
        if let Some(jmap) = jmap {
            router = router.merge(jmap.router());
        }
        let door = HttpDoor { router, tls: Some(tls.clone()) };
        tasks.spawn(run_acceptor(acceptor, Arc::new(door), stop.clone()));
    }
}

/// The services that mail clients are sent to, those with TLS from the start first (RFC 8314 section 3).
fn client_services(addresses: &Addresses) -> Vec<ClientService> {
    let service =
        |name, protocol, implicit_tls| addresses.port(name).map(|port| ClientService { protocol, port, implicit_tls });
    [
        service("imaps", "imap", true),
        service("imap", "imap", false),
        service("submissions", "smtp", true),
        service("submission", "smtp", false),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn serve<H: Handler>(
    tasks: &TaskTracker,
    listening: &mut Listening,
    measured: &mut Measured,
    name: &'static str,
    handler: Arc<H>,
    stop: &CancellationToken,
) {
    if let Some(acceptor) = listening.take(name) {
        measured.service(name, acceptor.counters());
        tasks.spawn(run_acceptor(acceptor, handler, stop.clone()));
    }
}

async fn run_acceptor<H: Handler>(acceptor: net::Acceptor, handler: Arc<H>, stop: CancellationToken) {
    let served = acceptor.serve(handler, stop).await;
    tracing::debug!(?served, "service ended");
}
