//! New keys come into use once DNS shows their records.

use std::time::Duration;

use env::dns::{DnsError, Resolver};
use store::Store;

use crate::keys::activate;
use crate::{Key, KeyState, SigningError, list};

/// Looks once for the records of all keys that wait, and lets those sign whose record is there; gives them.
///
/// # Errors
/// [`SigningError`] if the store fails. A name server that does not answer is no error: the next look comes.
pub async fn look(store: &Store, dns: &dyn Resolver, overlap: Duration) -> Result<Vec<Key>, SigningError> {
    let mut begun = Vec::new();
    for key in store.read(|tx| list(tx, None)).await?.into_iter().filter(|key| key.state == KeyState::Waiting) {
        match is_published(dns, &key).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot see whether a new DKIM key is published");
                continue;
            }
        }
        let wanted = key.clone();
        if store.write(move |tx| activate(tx, &wanted, overlap)).await? {
            tracing::info!(domain = key.domain, selector = key.selector, "a new DKIM key signs from now on");
            begun.push(key);
        }
    }
    Ok(begun)
}

/// Whether DNS shows the key's record.
///
/// # Errors
/// [`DnsError::Temporary`] if nothing can be told.
pub async fn is_published(dns: &dyn Resolver, key: &Key) -> Result<bool, DnsError> {
    let wanted = public_part(&key.record);
    match dns.txt(&key.name()).await {
        Ok(texts) => Ok(wanted.is_some() && texts.iter().any(|text| public_part(text) == wanted)),
        Err(DnsError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The public key in a record, without the blanks that some editors put in.
fn public_part(record: &str) -> Option<String> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let value = tags.into_iter().find(|(name, _)| name.trim() == "p").map(|(_, value)| value)?;
    Some(value.chars().filter(|c| !c.is_ascii_whitespace()).collect())
}
