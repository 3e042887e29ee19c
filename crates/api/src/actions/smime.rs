//! Keys and certificates of S/MIME.

use std::str::FromStr;

use ::smime::Identity;
use certbook::{CertbookError, Kept, Kind};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::{find_account, pick_organisation};
use super::{Controls, Refused};

/// Octets of a file.
const FILE_BYTES_MAX: usize = 4 << 20;

pub(super) fn read_file(encoded: &str) -> Result<Vec<u8>, Refused> {
    use base64::Engine as _;
    if encoded.len() > FILE_BYTES_MAX {
        return Err(Refused(format!("the file has more than {} KiB", FILE_BYTES_MAX * 3 / 4 / 1024)));
    }
    base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .map_err(|error| Refused(format!("the file is not in base64: {error}")))
}

fn shown(kept: &Kept) -> Value {
    json!({
        "id": kept.id,
        "subject": kept.subject,
        "addresses": kept.addresses,
        "key": kept.kind,
        "fingerprint": kept.fingerprint,
        "until": kept.not_after.to_string(),
        "since": kept.created.to_string(),
    })
}

pub(super) async fn list(controls: &Controls, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    let keys = controls.store.read(move |tx| certbook::list(tx, account)).await.map_err(Refused::because)?;
    Ok(keys.iter().map(shown).collect())
}

pub(super) async fn import(
    controls: &Controls,
    address: String,
    file: String,
    password: Option<String>,
) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    let file = read_file(&file)?;
    // Deriving a key from a password takes a while.
    let reading = tokio::task::spawn_blocking(move || {
        if file.starts_with(b"-----BEGIN") || file.windows(11).any(|it| it == b"-----BEGIN ") {
            Identity::from_pem(&file)
        } else {
            Identity::from_pkcs12(&file, password.as_deref().unwrap_or_default())
        }
    });
    let identity = reading.await.map_err(Refused::because)?.map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| certbook::import(tx, account, &identity);
    controls.store.write(work).await.map(|kept| shown(&kept)).map_err(Refused::because)
}

pub(super) async fn request(controls: &Controls, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    certbook::request(&controls.store, account).await.map(|kept| shown(&kept)).map_err(Refused::because)
}

pub(super) async fn remove(controls: &Controls, address: String, id: i64) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    controls.store.write(move |tx| certbook::remove(tx, account, id)).await.map_err(Refused::because)?;
    Ok(json!({ "id": id, "removed": true }))
}

pub(super) async fn certificates(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, CertbookError>((certbook::authority(tx, organisation)?, certbook::held(tx, organisation)?))
    };
    let (own, held) = controls.store.read(work).await.map_err(Refused::because)?;
    let own = own.map(
        |own| json!({ "kind": "own", "subject": own.subject, "until": own.not_after.to_string(), "pem": own.to_pem() }),
    );
    let others = held.iter().map(|held| {
        json!({
            "id": held.id,
            "kind": held.kind.as_str(),
            "subject": held.subject,
            "addresses": held.addresses,
            "fingerprint": held.fingerprint,
            "until": held.not_after.map(|at| at.to_string()),
            "since": held.created.to_string(),
        })
    });
    Ok(own.into_iter().chain(others).collect())
}

pub(super) async fn trust(
    controls: &Controls,
    by: &Bounds,
    kind: String,
    file: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let kind = Kind::from_str(&kind).map_err(Refused::because)?;
    if matches!(kind, Kind::Learned | Kind::Found) {
        let why = "what comes with signed mail, or a directory has, is kept by itself; add it as: partner";
        return Err(Refused(why.to_owned()));
    }
    let file = read_file(&file)?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        certbook::add(tx, organisation, kind, &file)
    };
    let added = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "kind": kind.as_str(), "added": added }))
}

pub(super) async fn look_up(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let pick = move |tx: &mut Tx<'_>| pick_organisation(tx, &by, organisation.as_deref());
    let picked = controls.store.read(pick).await.map_err(Refused::because)?;
    let looked_up = controls.elsewhere.inquirer()?.look_up(picked, &partner).await.map_err(Refused::because)?;
    if looked_up.asked == 0 {
        return Err(Refused(format!("no directory is set that is asked for {partner}; name one in smime.directory")));
    }
    let described = |certificate: &::smime::Certificate| {
        let fingerprint: String = certificate.fingerprint().iter().map(|octet| format!("{octet:02x}")).collect();
        json!({
            "subject": certificate.subject,
            "issuer": certificate.issuer_name,
            "fingerprint": fingerprint,
            "until": certificate.not_after.to_string(),
        })
    };
    let refused = looked_up
        .refused
        .iter()
        .map(|(certificate, reason)| json!({ "subject": certificate.subject, "reason": reason }));
    let silent = looked_up.silent.iter().map(|(name, cause)| json!({ "directory": name, "cause": cause }));
    Ok(json!({
        "partner": partner,
        "found": looked_up.found.as_ref().map(described),
        "refused": refused.collect::<Vec<_>>(),
        "silent": silent.collect::<Vec<_>>(),
    }))
}

pub(super) async fn forget(
    controls: &Controls,
    by: &Bounds,
    id: i64,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        certbook::forget(tx, organisation, id)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "id": id, "removed": true }))
}
