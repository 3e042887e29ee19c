//! Asks the web key directories of correspondents (draft-koch-openpgp-webkey-service section 3.1).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use env::Watched;
use env::dns::Resolver;
use net::{Https, TrustedNetworks, is_public};
use openpgp::limits::CERTIFICATE_OCTETS_MAX;
use openpgp::{Certificate, PreferEncrypt, wkd};
use store::{Store, Tx, params};

use crate::partners::address_hash;
use crate::{KeybookError, Learned, OpenPgpSettings, Origin, PartnerKey, current, learn};

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Finds keys of correspondents: those that are known, else those of their directories.
pub struct Finder {
    store: Store,
    dns: Arc<dyn Resolver>,
    tls: ClientTls,
    settings: Watched<OpenPgpSettings>,
    own_networks: TrustedNetworks,
}

impl Finder {
    /// A finder over `store`; `tls` says which hosts are trusted.
    ///
    /// # Errors
    /// What is wrong with the networks in the settings.
    pub fn new(
        store: Store,
        dns: Arc<dyn Resolver>,
        tls: ClientTls,
        settings: impl Into<Watched<OpenPgpSettings>>,
    ) -> Result<Self, net::NetworkError> {
        let settings = settings.into();
        let own_networks = TrustedNetworks::parse(&settings.now().wkd_networks)?;
        Ok(Self { store, dns, tls, settings, own_networks })
    }

    /// The key that mail of the organisation to `address` is encrypted to. If the directory of the address was not asked for a while, it is
    /// asked first; while it does not answer, what is known counts.
    ///
    /// # Errors
    /// If nothing is known and the directory cannot be asked, or the store fails.
    pub async fn find(&self, organisation: i64, address: &str) -> Result<Option<PartnerKey>, KeybookError> {
        let wanted = address.to_owned();
        let known = move |tx: &mut Tx<'_>| {
            Ok::<_, KeybookError>((current(tx, organisation, &wanted)?, asked(tx, organisation, &wanted)?))
        };
        let (known, asked) = self.store.read(known).await?;
        let now = self.store.context().clock.now();
        let settings = self.settings.now();
        let kept_for = Duration::from_secs(settings.wkd_hours.saturating_mul(3600));
        let is_fresh = asked.is_some_and(|at| now.since(at) < kept_for && at <= now);
        if !settings.wkd_lookup || is_fresh || known.as_ref().is_some_and(|it| it.is_verified) {
            return Ok(known);
        }
        match self.look_up(organisation, address).await {
            Ok(_) => {
                let wanted = address.to_owned();
                self.store.read(move |tx| current(tx, organisation, &wanted)).await
            }
            Err(error) if known.is_some() => {
                tracing::warn!(%error, "a key directory does not answer; the key that is known is used");
                Ok(known)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks the directory of `address` now, and takes what it has.
    ///
    /// # Errors
    /// If the directory cannot be asked or gives something that is no key of the address.
    pub async fn look_up(&self, organisation: i64, address: &str) -> Result<Option<Learned>, KeybookError> {
        let found = self.fetch(address).await?;
        let wanted = address.to_owned();
        let work = move |tx: &mut Tx<'_>| {
            let learned = match &found {
                Some(certificate) => {
                    Some(learn(tx, organisation, &wanted, certificate, (Origin::Wkd, PreferEncrypt::NoPreference))?)
                }
                None => None,
            };
            note(tx, organisation, &wanted)?;
            Ok::<_, KeybookError>(learned)
        };
        let learned = self.store.write(work).await?;
        if matches!(learned, Some(Learned::Changed | Learned::Waits)) {
            tracing::warn!(organisation, ?learned, "a correspondent's directory has another key than was known");
        }
        Ok(learned)
    }

    /// What the directory has: the advanced method, and the direct one where there is no host for the first.
    async fn fetch(&self, address: &str) -> Result<Option<Certificate>, KeybookError> {
        let bad = || openpgp::PgpError::BadInput {
            what: "the address",
            given: address.to_owned(),
            reason: "it is no address",
        };
        let places = wkd::places(address).ok_or_else(bad)?;
        let advanced = self.addresses(&places.advanced_host).await;
        let (url, hosts) = match advanced.is_empty() {
            false => (places.advanced, advanced),
            true => {
                let host = host_of(&places.direct).to_owned();
                let addresses = self.addresses(&host).await;
                (places.direct, addresses)
            }
        };
        let (host, path) = (host_of(&url).to_owned(), path_of(&url).to_owned());
        let mut last = Ok(None);
        for ip in hosts.into_iter().take(ADDRESSES_MAX) {
            match self.ask(address, &host, ip, &path).await {
                Ok(found) => return Ok(found),
                Err(error) => last = Err(error),
            }
        }
        last
    }

    /// Redirects are answers like others here, and so no key: a directory speaks for its own domain.
    async fn ask(
        &self,
        address: &str,
        host: &str,
        ip: IpAddr,
        path: &str,
    ) -> Result<Option<Certificate>, KeybookError> {
        let settings = self.settings.now();
        let https = Https {
            host,
            address: SocketAddr::new(ip, settings.wkd_port),
            tls: &self.tls,
            wait: Duration::from_secs(settings.wkd_seconds),
            body_bytes_max: CERTIFICATE_OCTETS_MAX,
        };
        let answer = https.get(path).await.map_err(|error| KeybookError::lookup(address, host, &error))?;
        if answer.status != 200 {
            return Ok(None);
        }
        Ok(Some(Certificate::parse(&answer.body)?))
    }

    /// Addresses of a host that may be asked.
    async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let (four, six) = (self.dns.ipv4(host).await, self.dns.ipv6(host).await);
        let four = four.unwrap_or_default().into_iter().map(IpAddr::V4);
        let six = six.unwrap_or_default().into_iter().map(IpAddr::V6);
        four.chain(six).filter(|ip| is_public(*ip) || self.own_networks.contains(*ip)).collect()
    }
}

fn host_of(url: &str) -> &str {
    url.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

fn path_of(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

fn asked(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Option<env::Timestamp>, KeybookError> {
    let hash = address_hash(tx, organisation, address)?;
    let found = tx.row(
        "SELECT at FROM pgp_lookup WHERE organisation = $1 AND address = $2",
        params![organisation, &hash],
        |row| row.int(0),
    )?;
    Ok(found.map(env::Timestamp::from_millis))
}

fn note(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<(), KeybookError> {
    let (hash, now) = (address_hash(tx, organisation, address)?, tx.now());
    tx.execute(
        "INSERT INTO pgp_lookup (organisation, address, at) VALUES ($1, $2, $3)
         ON CONFLICT (organisation, address) DO UPDATE SET at = $3",
        params![organisation, &hash, now.millis()],
    )?;
    Ok(())
}
