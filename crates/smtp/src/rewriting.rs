//! Senders of forwarded mail: an address of ours stands for them, so that SPF holds, and what comes back to it is for them
//! (`mailauth::srs`).

use env::Timestamp;
use identity::IdentityError;
use mail::Address;
use mailauth::srs::{self, Rewriter, SrsError};
use store::{Store, Tx};

/// What stands behind an address that has the form of a rewritten one.
pub(crate) enum Restored {
    /// The sender whose mail was forwarded at a domain of this organisation.
    To {
        /// The organisation.
        organisation: i64,
        /// The sender.
        sender: Address,
    },
    /// Nobody: it is not of ours, or too old.
    Refused(SrsError),
}

/// The address at our `domain`, in its one spelling, that stands for `sender` while its message is forwarded.
///
/// # Errors
/// [`IdentityError`] if the store fails. Within, why the sender cannot be rewritten.
pub(crate) async fn rewrite(
    store: &Store,
    sender: &str,
    domain: &str,
    now: Timestamp,
) -> Result<Result<String, SrsError>, IdentityError> {
    let wanted = domain.to_owned();
    let found = store.read(move |tx| rewriter(tx, &wanted)).await?;
    let Some((_, rewriter)) = found else { return Err(IdentityError::NoDomain(domain.to_owned())) };
    Ok(rewriter.rewrite(sender, now))
}

/// Who stands behind `address`; none if it has not the form of a rewritten address at a domain hosted here.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub(crate) async fn restore(store: &Store, address: &str) -> Result<Option<Restored>, IdentityError> {
    if !srs::has_form(address) {
        return Ok(None);
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return Ok(None) };
    let Ok(domain) = mail::domain::canonical(domain) else { return Ok(None) };
    let address = format!("{local}@{domain}");
    let Some((organisation, rewriter)) = store.read(move |tx| rewriter(tx, &domain)).await? else { return Ok(None) };
    let restored = match rewriter.restore(&address, store.context().clock.now()) {
        Ok(restored) => restored,
        Err(why) => return Ok(Some(Restored::Refused(why))),
    };
    Ok(Some(match Address::parse(&restored) {
        Ok(sender) => Restored::To { organisation, sender },
        Err(_) => Restored::Refused(SrsError::Unfit),
    }))
}

fn rewriter(tx: &mut Tx<'_>, domain: &str) -> Result<Option<(i64, Rewriter)>, IdentityError> {
    let found = identity::forward::rewriting_secret(tx, domain)?;
    Ok(found.map(|(organisation, secret)| (organisation, Rewriter::new(&secret, domain))))
}
