//! A system that is open: settings resolved, store and keys at hand. Serving and the command line both begin here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::actions::{BackupWork, Controls, Refused, import_key_files};
use backup::Opened;
use certbook::Inquirer;
use crypto::tls::{
    CertifiedChains, GmPreference, GmRoots, GmServer, MinimumVersion, ServerTls, TlsSettings, load_chain, load_gm_chain,
};
use env::dns::Resolver;
use env::{Entropy, SystemClock, SystemEntropy};
use identity::factors::FactorDesk;
use identity::{Directory, PasswordGate};
use inspect::{Pool, Program};
use keybook::Finder;
use letters::Mailer;
use outbound::Outbound;
use reports::Tally;
use resolver::{HickoryResolver, ResolverSettings};
use signing::Signer;
use store::{Context, Place, Store};

use crate::judging::{SharedJudge, WORKER_COMMAND};
use crate::keys::KeyPlace;
use crate::settings::{DnsSettings, GmSettings, Live, Settings};
use crate::{control, credentials, standby};

/// What everything works on.
pub(crate) struct System {
    /// What it was opened with: what the file says, and what the store has in place of defaults.
    pub(crate) settings: Settings,
    /// What holds now, to be watched.
    pub(crate) live: Live,
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) signer: Arc<Signer>,
    /// Judges new passwords.
    pub(crate) passwords: PasswordGate,
    /// Enrols and judges second factors.
    pub(crate) factors: FactorDesk,
    /// Counts of mail for the reports to its domains.
    pub(crate) tally: Arc<Tally>,
    /// Judges mail; made when it is first asked for.
    pub(crate) judge: Arc<SharedJudge>,
    /// Accounts whose mail is being brought or taken out.
    pub(crate) moves: portability::Running,
    /// What is under way with backups.
    pub(crate) backup: Arc<BackupWork>,
    /// Keys of the repositories that their password has opened.
    pub(crate) opened: Opened,
    /// Knows what people may send.
    pub(crate) outbound: Arc<Outbound>,
}

impl System {
    /// Opens the store that `settings` name.
    pub(crate) async fn open(settings: Settings) -> Result<Self, Refused> {
        let key = KeyPlace::of(&settings).read().map_err(Refused::because)?.key();
        let key = key.sealing_under(settings.keys.suite().unwrap_or_default());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let context = Context::new(Arc::new(SystemClock), entropy, settings.server.node, key);
        let store = Store::open(place(&settings)?, context).await.map_err(Refused::because)?;
        Self::with(settings, store).await
    }

    /// The same on a store that is open.
    pub(crate) async fn with(file: Settings, store: Store) -> Result<Self, Refused> {
        let live = Live::open(file, store.clone()).await?;
        let (settings, sections) = (live.started().clone(), live.sections());
        let directory = Arc::new(Directory::new(store.clone()));
        let signer = Arc::new(Signer::new(store.clone(), sections.dkim()));
        let passwords = credentials::password_gate(&settings, sections.passwords(), &store)?;
        let factors = credentials::factor_desk(&settings, (sections.factors(), sections.sms()), &store)?;
        let (tally, judge, moves, backup, opened) = Default::default();
        let pool = Arc::new(Pool::new(Program::this(WORKER_COMMAND), settings.inspect.clone()));
        let outbound = Outbound::new(store.clone(), Some(pool));
        let system = Self {
            settings,
            live,
            store,
            directory,
            signer,
            passwords,
            factors,
            tally,
            judge,
            moves,
            backup,
            opened,
            outbound,
        };
        if let Err(error) = import_key_files(&system.controls()).await {
            tracing::error!(%error, "DKIM keys in files cannot be taken over");
        }
        Ok(system)
    }

    /// Looks names up as the settings say.
    pub(crate) fn resolver(&self) -> Result<Arc<HickoryResolver>, Refused> {
        resolver(&self.settings.dns).map(Arc::new)
    }

    /// Posts letters of the system itself.
    pub(crate) fn mailer(&self) -> Mailer {
        Mailer::new(self.store.clone(), Arc::clone(&self.signer), self.settings.server.hostname.clone())
    }

    /// Finds keys of correspondents.
    pub(crate) fn key_finder(&self, dns: Arc<dyn Resolver>) -> Result<Arc<Finder>, Refused> {
        control::key_finder(&self.store, dns, &control::roots(&self.settings), self.live.sections().openpgp())
    }

    /// Asks authorities and directories about certificates of S/MIME.
    pub(crate) fn inquirer(&self, dns: Arc<dyn Resolver>) -> Result<Arc<Inquirer>, Refused> {
        control::inquirer(&self.store, dns, &control::roots(&self.settings), self.live.sections().smime())
    }

    pub(crate) fn controls(&self) -> Controls {
        control::controls(self)
    }
}

/// Looks names up as the settings say.
pub(crate) fn resolver(dns: &DnsSettings) -> Result<HickoryResolver, Refused> {
    let settings = ResolverSettings {
        servers: dns.servers.iter().filter_map(|server| server.parse().ok()).collect(),
        validate: dns.validate,
        trust_anchor: dns.trust_anchor.clone(),
        timeout: Duration::from_secs(dns.timeout_seconds),
        cache_entries: dns.cache_entries,
    };
    HickoryResolver::new(&settings).map_err(Refused::because)
}

/// Where the settings say that the store lives. That of a standby is nobody's.
pub(crate) fn place(settings: &Settings) -> Result<Place, Refused> {
    standby::refuse(settings)?;
    match settings.store.place.as_str() {
        "embedded" => Ok(Place::Embedded(settings.server.directory.join("store"))),
        other => other.parse().map_err(Refused::because),
    }
}

/// The certificates and TLS settings of the services.
pub(crate) fn server_tls(settings: &Settings) -> Result<(TlsSettings, CertifiedChains), Refused> {
    let minimum_version = if settings.tls.version_min == "1.3" { MinimumVersion::Tls13 } else { MinimumVersion::Tls12 };
    let client_certificates = settings.tls.client_certificates;
    let tls = TlsSettings { minimum_version, client_certificates, ..TlsSettings::default() };
    let chain = load_chain(&settings.tls.certificate, &settings.tls.key).map_err(Refused::because)?;
    let chains = CertifiedChains::new(chain, Vec::new()).map_err(Refused::because)?;
    Ok((tls, if settings.gm.enabled { chains.with_gm(gm_server(&settings.gm)?) } else { chains }))
}

/// What the services have of SM2.
fn gm_server(settings: &GmSettings) -> Result<GmServer, Refused> {
    let clients = settings.client_authorities.iter().cloned().collect::<Vec<_>>();
    let clients = if clients.is_empty() { None } else { Some(GmRoots::only(&clients).map_err(Refused::because)?) };
    Ok(GmServer {
        chain: load_gm_chain(&settings.certificate, &settings.key).map_err(Refused::because)?,
        preference: match settings.prefer.as_str() {
            "always" => GmPreference::Always,
            "never" => GmPreference::Never,
            _ => GmPreference::Client,
        },
        names: settings.names.clone(),
        clients,
    })
}

/// Takes up changed certificate files; what cannot be read leaves the old ones in force.
pub(crate) fn reload_certificates(tls: &ServerTls, settings: &Settings) {
    let outcome = server_tls(settings)
        .and_then(|(tls_settings, chains)| tls.reload(tls_settings, chains).map_err(Refused::because));
    match outcome {
        Ok(()) => tracing::info!(certificate = %settings.tls.certificate.display(), "certificate taken up"),
        Err(error) => tracing::error!(%error, "the new certificate cannot be used, the old one stays"),
    }
}

/// The domain after the first label of the server's host name, for addresses without one.
pub(crate) fn home_domain(hostname: &str) -> &str {
    hostname.split_once('.').map_or(hostname, |(_, domain)| domain)
}

/// Makes `directory` for the owner alone.
pub(crate) fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))
}
