//! Whom an organisation believes.

use smime::Trust;
use store::Tx;

use crate::partners::{Kind, details};
use crate::{CertbookError, authority};

/// The organisation's own authority, those that it has added, their lists, and the certificates that somebody has compared.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn trust(tx: &mut Tx<'_>, organisation: i64) -> Result<Trust, CertbookError> {
    let mut roots: Vec<_> = authority(tx, organisation)?.into_iter().collect();
    for (_, _, detail) in details(tx, organisation, Kind::Root)? {
        roots.push(detail.certificate()?);
    }
    let mut trust = Trust::new(&roots)?;
    for (_, _, detail) in details(tx, organisation, Kind::List)? {
        trust = trust.with_list(&detail.list())?;
    }
    for (_, _, detail) in details(tx, organisation, Kind::Partner)? {
        trust = trust.with_pinned(detail.certificate()?.fingerprint());
    }
    Ok(trust)
}
