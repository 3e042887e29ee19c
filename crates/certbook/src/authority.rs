//! An organisation's own authority, and certificates that it issues to its people.

use certs::personal::{self, Issued};
use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use serde::{Deserialize, Serialize};
use smime::{Certificate, Identity};
use store::{Store, Tx, params};

use crate::CertbookError;
use crate::keys::{Kept, hex, import};
use store::owned::{Owner, open, seal};

const PLACE: &str = "smime_authority.detail";

#[derive(Serialize, Deserialize)]
struct Detail {
    certificate: String,
    key: String,
}

fn load(tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Detail>, CertbookError> {
    let row = tx.row("SELECT detail FROM smime_authority WHERE organisation = $1", params![organisation], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    row.map(|sealed| open(tx, Owner::Organisation(organisation), PLACE, organisation, &sealed).map_err(Into::into))
        .transpose()
}

/// The certificate of the organisation's own authority, if it has one: partners who are to believe its people need it.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn authority(tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Certificate>, CertbookError> {
    let Some(detail) = load(tx, organisation)? else { return Ok(None) };
    Ok(Certificate::read_file(detail.certificate.as_bytes())?.into_iter().next())
}

/// Makes a key for an account, certified by the organisation's own authority, which is made where there is none.
///
/// # Errors
/// [`CertbookError`] if the store fails, or an address cannot stand in a certificate.
pub async fn request(store: &Store, account: i64) -> Result<Kept, CertbookError> {
    let (person, known, organisation) = store
        .read(move |tx| {
            let account = identity::load_account(tx, account)?;
            let known = load(tx, account.organisation)?;
            let organisations = identity::list_organisations(tx)?;
            let name = organisations.into_iter().find(|it| it.id == account.organisation).map(|it| it.name);
            Ok::<_, CertbookError>((account, known, name.unwrap_or_default()))
        })
        .await?;
    let context = std::sync::Arc::clone(store.context());
    let addresses: Vec<String> = person.addresses.iter().filter(|address| address.is_ascii()).cloned().collect();
    let name = if person.name.is_empty() { person.addresses.first().cloned().unwrap_or_default() } else { person.name };
    // Making a key of RSA takes a second.
    let making = tokio::task::spawn_blocking(move || {
        let clock = &*context.clock;
        let (authority, is_new) = match known {
            Some(Detail { certificate, key }) => (Issued { certificate, key: key.into() }, false),
            None => (personal::make_authority(&organisation, clock)?, true),
        };
        let issued = personal::issue(&authority, &name, &addresses, clock)?;
        let pem = format!("{}{}", *issued.key, issued.certificate);
        let identity = Identity::from_pem(pem.as_bytes())?;
        Ok::<_, CertbookError>((authority, is_new, identity))
    });
    let panicked = |_| store::StoreError::Abandoned("making a key panicked");
    let (authority, is_new, identity) = making.await.map_err(panicked)??;
    let organisation = person.organisation;
    let own = Certificate::read_file(authority.certificate.as_bytes())?;
    let own = own.first().map(|it| hex(&it.fingerprint())).unwrap_or_default();
    let work = move |tx: &mut Tx<'_>| {
        if is_new {
            if load(tx, organisation)?.is_some() {
                // Another request was faster, and its authority is the one that counts.
                return Err(store::StoreError::Abandoned("the authority was made meanwhile; try again").into());
            }
            let detail = Detail { certificate: authority.certificate.clone(), key: authority.key.to_string() };
            let sealed = seal(tx, Owner::Organisation(organisation), PLACE, organisation, &detail)?;
            tx.execute(
                "INSERT INTO smime_authority (organisation, created, detail) VALUES ($1, $2, $3)",
                params![organisation, tx.now().millis(), &sealed],
            )?;
        }
        let certified = KeyUse {
            occasion: Occasion { organisation, account: Some(account), message: None },
            key: HeldKey::Authority,
            fingerprint: own.clone(),
            purpose: KeyPurpose::Issue,
            about: format!("certificate {}", hex(&identity.certificate.fingerprint())),
            succeeded: true,
        };
        record_key_use(tx, &certified)?;
        import(tx, account, &identity)
    };
    store.write(work).await
}
