//! Who we are towards the owners of other domains.

use store::Store;

use crate::ReportError;

/// The hosted domain whose postmaster reports.
pub(crate) struct Sender {
    pub(crate) domain: String,
    pub(crate) organisation: i64,
}

/// The hosted domain that the host's name is in, else the first one; `None` if there is none.
pub(crate) async fn find(store: &Store, hostname: &str) -> Result<Option<Sender>, ReportError> {
    let hosted = store.read(|tx| identity::list_domains(tx, None)).await?;
    let home = hostname.split_once('.').map_or("", |(_, domain)| domain);
    let found = hosted.iter().find(|domain| domain.name == home).or_else(|| hosted.first());
    Ok(found.map(|domain| Sender { domain: domain.name.clone(), organisation: domain.organisation }))
}
