//! That a node has opened the region key, and that the key was put together from shares, are records of the audit log, made before it serves
//! anybody.

use api::actions::Refused;
use identity::IdentityError;
use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use store::{Store, Tx};

use crate::keys::recovered_note;
use crate::settings::Settings;
use crate::surroundings::holder;

/// Records it.
///
/// # Errors
/// [`Refused`] if that cannot be recorded: then the node must not serve with the key.
pub(super) async fn record(store: &Store, settings: &Settings) -> Result<(), Refused> {
    let path = &settings.server.region_key;
    let (note, node) = (recovered_note(path), settings.server.node);
    let recovered = match std::fs::read_to_string(&note) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Refused(format!("{} cannot be read: {error}", note.display()))),
    };
    let mut uses = vec![(KeyPurpose::Open, format!("node {node}, held by {}", holder(path)))];
    uses.extend(recovered.as_ref().map(|text| (KeyPurpose::Recover, text.clone())));
    let fingerprint = store.context().keys.region().fingerprint();
    let work = move |tx: &mut Tx<'_>| {
        for (purpose, about) in &uses {
            let used = KeyUse {
                occasion: Occasion::default(),
                key: HeldKey::Region,
                fingerprint: fingerprint.clone(),
                purpose: *purpose,
                about: about.clone(),
                succeeded: true,
            };
            record_key_use(tx, &used)?;
        }
        Ok::<_, IdentityError>(())
    };
    store.write(work).await.map_err(Refused::because)?;
    if recovered.is_some() {
        std::fs::remove_file(&note)
            .map_err(|error| Refused(format!("{} cannot be removed: {error}", note.display())))?;
    }
    Ok(())
}
