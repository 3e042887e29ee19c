//! The command line's way to the actions: over a local socket to the running server, which holds the embedded store to itself, or
//! directly where none runs. Either way the same code runs.

mod belongings;
mod connectors;
mod socket;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ::backup::Opened;
use api::actions::{BackupPlan, Controls, Elsewhere, PointsPlan, PortalParts, Refused, RehearsalPlan};
use async_trait::async_trait;
use certbook::{Inquirer, SmimeSettings};
use configuration::Node;
use crypto::keys::{Key, Region};
use crypto::tls::{ClientTls, Roots};
use env::Watched;
use env::dns::Resolver;
use filter::Judge;
use judgement::JudgingSettings;
use keybook::{Finder, OpenPgpSettings};
use provision::LdapSource;
use provision::ldap::LdapCertificates;
use residence::RegionSettings;
use serde_json::{Value, json};
use smtp::ContentRules;
use store::{Store, Tx};

use crate::backup;
use crate::credentials::public_url;
use crate::feeds;
use crate::judging::SharedJudge;
use crate::keys::KeyPlace;
use crate::quickstart::zone_of;
use crate::settings::{Live, Settings};
use crate::surroundings;
use crate::system::{System, resolver};

pub(crate) use socket::{ControlSocket, ask, socket_path};

/// What the actions of `system` work on.
pub(crate) fn controls(system: &System) -> Controls {
    Controls {
        store: system.store.clone(),
        directory: Arc::clone(&system.directory),
        passwords: system.passwords.clone(),
        factors: system.factors.clone(),
        signer: Arc::clone(&system.signer),
        signing: system.live.sections().dkim(),
        key_files: system.settings.home().join("dkim"),
        tally: Arc::clone(&system.tally),
        mailer: system.mailer(),
        outbound: Arc::clone(&system.outbound),
        access: system.live.sections().access(),
        moves: system.moves.clone(),
        backup: Arc::clone(&system.backup),
        elsewhere: Arc::new(Parts {
            store: system.store.clone(),
            judge: Arc::clone(&system.judge),
            roots: roots(&system.settings),
            // Routes that cannot be read keep the server from starting, and the command line changes nothing by them.
            content: ContentRules::of(&system.settings.delivery.route).unwrap_or_default(),
            keys: KeyPlace::of(&system.settings),
            opened: system.opened.clone(),
            live: system.live.clone(),
        }),
    }
}

/// Files with further roots that vouch for hosts of others.
pub(crate) fn roots(settings: &Settings) -> Vec<PathBuf> {
    settings.delivery.roots.iter().map(|file| settings.home().join(file)).collect()
}

/// Asks the key directories of correspondents, whose hosts are trusted as those of policies are.
pub(crate) fn key_finder(
    store: &Store,
    dns: Arc<dyn Resolver>,
    roots: &[PathBuf],
    settings: Watched<OpenPgpSettings>,
) -> Result<Arc<Finder>, Refused> {
    let tls = Roots::system(roots)
        .map_err(Refused::because)
        .and_then(|roots| ClientTls::verified(&roots).map_err(Refused::because))?;
    let finder = Finder::new(store.clone(), dns, tls, settings);
    finder.map(Arc::new).map_err(|error| Refused(format!("openpgp.wkd_networks: {error}")))
}

/// Asks authorities and directories about certificates of S/MIME.
pub(crate) fn inquirer(
    store: &Store,
    dns: Arc<dyn Resolver>,
    roots: &[PathBuf],
    settings: Watched<SmimeSettings>,
) -> Result<Arc<Inquirer>, Refused> {
    let roots = Roots::system(roots).map_err(Refused::because)?;
    let tls = ClientTls::verified(&roots).map_err(Refused::because)?;
    let inquirer = Inquirer::new(store.clone(), dns, tls, settings, Arc::new(LdapCertificates));
    inquirer.map(Arc::new).map_err(Refused::because)
}

/// Parts that the actions must not know.
struct Parts {
    store: Store,
    judge: Arc<SharedJudge>,
    /// Files with further roots that vouch for hosts of others.
    roots: Vec<PathBuf>,
    content: ContentRules,
    keys: KeyPlace,
    /// Keys of repositories that were opened.
    opened: Opened,
    /// All settings as they hold now; those of the file are part of a backup.
    live: Live,
}

/// What the portal works with.
fn portal_parts(settings: &Settings) -> PortalParts {
    let account_url = public_url(settings);
    let public_url = match settings.portal.public_url.trim_end_matches('/') {
        "" => account_url.clone(),
        given => given.to_owned(),
    };
    PortalParts { settings: settings.portal.clone(), public_url, account_url }
}

#[async_trait]
impl Elsewhere for Parts {
    fn resolver(&self) -> Result<Arc<dyn Resolver>, Refused> {
        Ok(Arc::new(resolver(&self.live.now().dns)?))
    }

    fn ldap_sources(&self) -> Vec<LdapSource> {
        self.live.now().provision.ldap.clone()
    }

    fn people_release(&self) -> bool {
        self.live.now().judging.people_release
    }

    fn zone(&self, domain: &str, keys: &Value) -> Result<String, Refused> {
        zone_of(&self.live.now(), domain, keys)
    }

    fn never_listed(&self) -> Vec<String> {
        self.live.now().threats.never.clone()
    }

    fn feeds(&self) -> Result<Value, Refused> {
        Ok(feeds::list(&feeds::library(&self.live.now(), 0)).0)
    }

    fn accept_feed(&self, name: &str) -> Result<Value, Refused> {
        let entries = feeds::library(&self.live.now(), 0).accept(name).map_err(Refused)?;
        Ok(json!({ "name": name, "entries": entries }))
    }

    async fn refresh_feeds(&self, name: Option<&str>) -> Result<Value, Refused> {
        let library = feeds::library(&self.live.now(), 0);
        Ok(feeds::refresh(&library, &self.live.now(), name).await?.0)
    }

    fn belongings(&self, tx: &mut Tx<'_>, account: i64) -> Result<Vec<(String, Vec<u8>)>, Refused> {
        belongings::of(tx, account)
    }

    fn subjects(&self) -> subjects::SubjectSettings {
        self.live.now().subjects.clone()
    }

    fn cards(&self) -> Arc<dyn subjects::Cards> {
        Arc::new(belongings::AddressBooks)
    }

    fn judging(&self) -> JudgingSettings {
        self.live.now().judging.clone()
    }

    fn roots(&self) -> Vec<PathBuf> {
        self.roots.clone()
    }

    fn openpgp(&self) -> OpenPgpSettings {
        self.live.now().openpgp.clone()
    }

    fn key_finder(&self) -> Result<Arc<Finder>, Refused> {
        key_finder(&self.store, self.resolver()?, &self.roots, self.live.sections().openpgp())
    }

    fn inquirer(&self) -> Result<Arc<Inquirer>, Refused> {
        inquirer(&self.store, self.resolver()?, &self.roots, self.live.sections().smime())
    }

    fn portal(&self) -> PortalParts {
        portal_parts(&self.live.now())
    }

    fn content_demand(&self, domain: &str) -> Option<&'static str> {
        self.content.word(domain)
    }

    fn region_key(&self) -> Result<Key<Region>, Refused> {
        self.keys.read().map(|file| file.key()).map_err(Refused::because)
    }

    fn backups(&self) -> Result<BackupPlan, Refused> {
        backup::plan(&self.live.now(), self.live.of_the_file(), &self.opened)
    }

    fn region(&self) -> RegionSettings {
        self.live.now().region.clone()
    }

    fn points(&self) -> Result<PointsPlan, Refused> {
        backup::points(&self.live.now(), &self.opened)
    }

    fn blocklists(&self) -> reports::blocklists::BlocklistSettings {
        self.live.now().blocklists.clone()
    }

    fn routes(&self) -> Vec<Value> {
        connectors::routes(&self.live.now())
    }

    async fn try_connector(&self, out: &queue::connectors::Out, domain: &str) -> Result<Vec<Value>, Refused> {
        let (settings, context) = (self.live.now(), self.store.context());
        let dns = self.resolver()?;
        let trial = smtp::deliver::trial::Trial {
            dns: &*dns,
            hostname: &settings.server.hostname,
            clock: &*context.clock,
            entropy: &*context.entropy,
            roots: &self.roots,
            port: settings.delivery.port,
        };
        Ok(connectors::told(&trial.run(out, domain).await))
    }

    fn source_addresses(&self) -> Vec<IpAddr> {
        self.live.now().delivery.route.iter().filter_map(|route| route.source).collect()
    }

    fn rehearsals(&self) -> Result<RehearsalPlan, Refused> {
        Ok(backup::rehearsals(&self.live.now()))
    }

    fn surroundings(&self) -> evidence::Surroundings {
        surroundings::of(&self.live.now())
    }

    async fn look_at_machine(&self) -> Vec<evidence::Sight> {
        surroundings::look_at_machine(&self.live.now(), self.store.context().clock.now()).await
    }

    fn judge(&self) -> Result<Arc<Judge>, Refused> {
        self.judge.get()
    }

    fn watch_levels(&self) -> Result<watch::Levels, Refused> {
        let levels = &self.live.now().watch.levels;
        levels.as_deref().map_or_else(watch::Levels::shipped, watch::Levels::read).map_err(Refused::because)
    }

    fn node(&self) -> Result<Arc<dyn Node>, Refused> {
        Ok(Arc::new(self.live.clone()))
    }

    async fn send_tls_reports(&self) -> Result<Value, Refused> {
        let reports = self.store.write(smtp::transport::send_soon).await.map_err(Refused::because)?;
        Ok(json!({ "reports": reports }))
    }
}
