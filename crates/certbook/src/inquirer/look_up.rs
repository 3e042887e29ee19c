//! Certificates of partners that directories have, checked before they are used.

use std::sync::Arc;
use std::time::Duration;

use smime::{Capabilities, Certificate, Fault, Trust};
use store::{Tx, params};

use super::{Inquirer, Standing};
use crate::directory::read_value;
use crate::partners::{Kind, forget_found, keep, name_key};
use crate::{CertbookError, Partner, PartnerDirectory, partner, standing, trust};

/// How long a directory that does not answer is left alone.
const SILENT_FOR: Duration = Duration::from_mins(5);

/// What directories have for an address.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// The certificate that mail is encrypted to from now on.
    pub found: Option<Certificate>,
    /// Certificates that are not used, with the reason.
    pub refused: Vec<(Certificate, String)>,
    /// Directories that could not be asked, with the reason.
    pub silent: Vec<(String, String)>,
    /// Directories that were asked.
    pub asked: usize,
}

/// A recipient to whom nothing can be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Whose certificate there is none of.
    pub address: String,
    /// Why a directory or an authority could not be asked, if that is what is missing: it may be different later.
    pub cause: Option<String>,
}

impl Inquirer {
    /// The certificate that mail of the organisation to `address` is encrypted to. Directories are asked where that is due, and authorities whether
    /// it was revoked; `needs_status` refuses one of which that is not known.
    pub(crate) async fn find(
        &self,
        organisation: i64,
        trust: &Trust,
        address: &str,
        needs_status: bool,
    ) -> Result<Result<Partner, Lacking>, CertbookError> {
        let mut lacking = Lacking { address: address.to_owned(), cause: None };
        let known = self.known(organisation, address).await?;
        let (own, mut found): (Vec<_>, Vec<_>) = known.into_iter().partition(|it| !it.is_found);
        if let Some(partner) = self.choose(trust, own, needs_status, &mut lacking).await? {
            return Ok(Ok(partner));
        }
        if self.is_due(organisation, address).await? {
            let looked_up = self.look_up(organisation, address).await?;
            if let Some((name, cause)) = looked_up.silent.into_iter().next() {
                lacking.cause = Some(format!("the directory {name} cannot be asked: {cause}"));
            }
            found = self.known(organisation, address).await?.into_iter().filter(|it| it.is_found).collect();
        }
        Ok(self.choose(trust, found, needs_status, &mut lacking).await?.ok_or(lacking))
    }

    async fn known(&self, organisation: i64, address: &str) -> Result<Vec<Partner>, CertbookError> {
        let wanted = address.to_owned();
        self.store.read(move |tx| partner(tx, organisation, &wanted)).await
    }

    /// The first that may be encrypted to.
    async fn choose(
        &self,
        trust: &Trust,
        partners: Vec<Partner>,
        needs_status: bool,
        lacking: &mut Lacking,
    ) -> Result<Option<Partner>, CertbookError> {
        let now = self.store.context().clock.now();
        for partner in partners.into_iter().filter(|it| it.is_good(trust, now)) {
            let standing = self.standing(trust, &partner.certificate, &partner.others).await?;
            match partner.refusal(trust, &standing, needs_status) {
                None => return Ok(Some(partner)),
                Some(cause) => lacking.cause = cause.or(lacking.cause.take()),
            }
        }
        Ok(None)
    }

    /// Whether a directory is to be asked for the address now.
    async fn is_due(&self, organisation: i64, address: &str) -> Result<bool, CertbookError> {
        if self.settings.now().directory.is_empty() {
            return Ok(false);
        }
        let wanted = address.to_owned();
        let until = self.store.read(move |tx| asked_until(tx, organisation, &wanted)).await?;
        let now = self.store.context().clock.now();
        Ok(until.is_none_or(|until| until <= now) && !self.directories(organisation, address).await?.is_empty())
    }

    /// Directories that the organisation asks for the address.
    async fn directories(&self, organisation: i64, address: &str) -> Result<Vec<PartnerDirectory>, CertbookError> {
        let all = self.store.read(identity::list_organisations).await?;
        let name = all.into_iter().find(|it| it.id == organisation).map(|it| it.name).unwrap_or_default();
        let domain = address.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        Ok(self.settings.now().directory.iter().filter(|it| it.is_for(&name, domain)).cloned().collect())
    }

    /// Asks for the certificate of `address` soon, if that is due, so that it is there when it is needed.
    pub fn look_up_soon(self: &Arc<Self>, organisation: i64, address: &str) {
        let place = Arc::clone(&self.soon).try_acquire_owned();
        let (Some(runtime), Ok(place)) =
            (self.runtime.as_ref().filter(|_| !self.settings.now().directory.is_empty()), place)
        else {
            return;
        };
        let (inquirer, address) = (Arc::clone(self), address.to_owned());
        runtime.spawn(async move {
            let _place = place;
            let looking = async {
                if inquirer.is_due(organisation, &address).await? {
                    inquirer.look_up(organisation, &address).await?;
                }
                Ok::<_, CertbookError>(())
            };
            if let Err(error) = looking.await {
                tracing::warn!(%error, "the certificate of a partner cannot be looked up now");
            }
        });
    }

    /// Asks the directories for certificates of `address` now, and keeps the best that may be used. What an earlier look-up found is forgotten if
    /// all answer and none has one.
    ///
    /// # Errors
    /// [`CertbookError`] if the store fails; what directories do not do is told.
    pub async fn look_up(&self, organisation: i64, address: &str) -> Result<LookedUp, CertbookError> {
        let trust = self.store.read(move |tx| trust(tx, organisation)).await?;
        let mut looked_up = LookedUp::default();
        let mut good: Vec<Partner> = Vec::new();
        for directory in self.directories(organisation, address).await? {
            looked_up.asked += 1;
            let certificates = match self.ask_directory(&directory, address).await {
                Ok(certificates) => certificates,
                Err(cause) => {
                    tracing::warn!(directory = directory.name, cause, "a directory cannot be asked for certificates");
                    looked_up.silent.push((directory.name, cause));
                    continue;
                }
            };
            let (others, own): (Vec<_>, Vec<_>) = certificates.into_iter().partition(|it| it.is_authority);
            for certificate in own {
                let partner = Partner {
                    certificate,
                    capabilities: Capabilities::default(),
                    others: others.clone(),
                    is_found: true,
                };
                match self.judge(&trust, &partner, address).await? {
                    None => good.push(partner),
                    Some(reason) => {
                        tracing::info!(directory = directory.name, reason, "a certificate of a directory is not used");
                        looked_up.refused.push((partner.certificate, reason));
                    }
                }
            }
        }
        let best = good.into_iter().max_by_key(|it| it.certificate.not_after);
        looked_up.found = best.as_ref().map(|it| it.certificate.clone());
        let is_certain = looked_up.silent.is_empty();
        let now = self.store.context().clock.now();
        let hours = Duration::from_secs(self.settings.now().directory_hours.saturating_mul(3600));
        let until = now.plus(if is_certain { hours } else { SILENT_FOR });
        let wanted = address.to_owned();
        let work = move |tx: &mut Tx<'_>| {
            match &best {
                Some(partner) => keep(tx, organisation, Kind::Found, &wanted, partner)?,
                None if is_certain => forget_found(tx, organisation, &wanted)?,
                None => {}
            }
            note(tx, organisation, &wanted, until)
        };
        self.store.write(work).await?;
        Ok(looked_up)
    }

    async fn ask_directory(&self, directory: &PartnerDirectory, address: &str) -> Result<Vec<Certificate>, String> {
        match self.stores.iter().find(|store| store.name == directory.name) {
            Some(store) => store.ask(&self.outside, directory, address, self.wait()).await,
            None => {
                let values = self.ldap.certificates(directory, address).await?;
                Ok(values.iter().flat_map(|value| read_value(value)).collect())
            }
        }
    }

    /// Why a certificate of a directory is not used; nothing if it may be.
    async fn judge(&self, trust: &Trust, partner: &Partner, address: &str) -> Result<Option<String>, CertbookError> {
        let certificate = &partner.certificate;
        let now = self.store.context().clock.now();
        if !certificate.is_for(address) {
            return Ok(Some(format!("it is for {}, not for {address}", certificate.emails.join(", "))));
        }
        if !certificate.may_encrypt() {
            return Ok(Some("nothing may be encrypted to it (key usage)".to_owned()));
        }
        if let Err(fault) = trust.check(certificate, &partner.others, now) {
            return Ok(Some(fault.to_string()));
        }
        let standing = self.standing(trust, certificate, &partner.others).await?;
        let revoked = || Fault::Revoked { subject: certificate.subject.clone() }.to_string();
        Ok((standing == Standing::Revoked).then(revoked))
    }
}

impl Partner {
    /// Whether mail may be encrypted to it, as far as it says itself.
    pub(crate) fn is_good(&self, trust: &Trust, now: env::Timestamp) -> bool {
        self.certificate.may_encrypt() && trust.check(&self.certificate, &self.others, now).is_ok()
    }

    /// Whether its standing forbids its use: then why it may be different later, if it may.
    fn refusal(&self, trust: &Trust, standing: &Standing, needs_status: bool) -> Option<Option<String>> {
        match standing {
            Standing::Revoked => Some(None),
            Standing::Unknown(cause) if needs_status => {
                Some(Some(format!("whether the certificate was revoked cannot be checked now: {cause}")))
            }
            // Somebody has compared it, and nobody can be asked.
            Standing::Unnamed if needs_status && !trust.is_pinned(&self.certificate) => Some(None),
            _ => None,
        }
    }

    /// As [`Self::refusal`] by what is known, without asking.
    pub(crate) fn known_refusal(
        &self,
        tx: &mut Tx<'_>,
        trust: &Trust,
        needs_status: bool,
    ) -> Result<Option<Option<String>>, CertbookError> {
        let standing = standing::known(tx, trust, &self.certificate, &self.others)?;
        Ok(standing.and_then(|standing| self.refusal(trust, &standing, needs_status)))
    }
}

fn asked_until(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Option<env::Timestamp>, CertbookError> {
    let name = name_key(tx, organisation, address)?;
    let found = tx.row(
        "SELECT until FROM smime_lookup WHERE organisation = $1 AND name = $2",
        params![organisation, &name],
        |row| row.int(0),
    )?;
    Ok(found.map(env::Timestamp::from_millis))
}

fn note(tx: &mut Tx<'_>, organisation: i64, address: &str, until: env::Timestamp) -> Result<(), CertbookError> {
    let (name, now) = (name_key(tx, organisation, address)?, tx.now());
    tx.execute("DELETE FROM smime_lookup WHERE until <= $1", params![now.millis()])?;
    tx.execute(
        "INSERT INTO smime_lookup (organisation, name, until) VALUES ($1, $2, $3)
         ON CONFLICT (organisation, name) DO UPDATE SET until = excluded.until",
        params![organisation, &name, until.millis()],
    )?;
    Ok(())
}
