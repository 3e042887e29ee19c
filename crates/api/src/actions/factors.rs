//! Second factors of people, and the authorities of their certificates.

use identity::FactorDemand;
use identity::factors::{self as second, AuthorityEntry, Factor, WithoutFactor};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::{change_account, find_account, pick_organisation};
use super::{Controls, Refused};

pub(super) async fn list(controls: &Controls, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    let settings = controls.factors.settings();
    let work = move |tx: &mut Tx<'_>| {
        let factors = second::list_factors(tx, account)?;
        let codes = second::count_recovery_codes(tx, account)?;
        Ok::<_, identity::IdentityError>((factors, codes, second::factor_demand(tx, &settings, account)?))
    };
    let (factors, codes, demand) = controls.store.read(work).await.map_err(Refused::because)?;
    let factors: Vec<Value> = factors.iter().map(describe).collect();
    Ok(json!({ "factors": factors, "recovery_codes": codes, "asked": describe_demand(&demand) }))
}

pub(super) async fn list_missing(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let (within, settings) = (by.organisation, controls.factors.settings());
    let list = move |tx: &mut Tx<'_>| second::list_without_factor(tx, &settings, within);
    let missing = controls.store.read(list).await.map_err(Refused::because)?;
    let row = |one: &WithoutFactor| json!({ "address": one.address, "role": one.role.as_str(), "asked": describe_demand(&one.demand) });
    Ok(missing.iter().map(row).collect())
}

/// A factor as API and command line show it.
pub(crate) fn describe(factor: &Factor) -> Value {
    json!({
        "id": factor.id,
        "kind": factor.kind.as_str(),
        "label": factor.label,
        "hint": factor.hint,
        "since": factor.created.to_string(),
        "used": factor.used.map(|used| used.to_string()),
    })
}

/// What is asked of an account, as API and command line show it.
pub(crate) fn describe_demand(demand: &FactorDemand) -> Value {
    let words = |kinds: &std::collections::BTreeSet<::factors::FactorKind>| -> Vec<&'static str> {
        kinds.iter().map(|kind| kind.as_str()).collect()
    };
    match demand {
        FactorDemand::Nothing => json!("nothing"),
        FactorDemand::Show { kinds } => json!({ "show": words(kinds) }),
        FactorDemand::Enrol { kinds, weaker, grace_until } => {
            json!({ "enrol": words(kinds), "until_then": words(weaker), "mail_clients_until": grace_until.to_string() })
        }
    }
}

pub(super) async fn remove(controls: &Controls, by: &Bounds, address: String, id: i64) -> Result<Value, Refused> {
    let (by, settings) = (*by, controls.factors.settings());
    let remove = move |tx: &mut Tx<'_>, account| {
        if by.account == Some(account) {
            second::give_up_factor(tx, &settings, account, id)
        } else {
            second::remove_factor(tx, account, id)
        }
    };
    change_account(controls, address, remove).await?;
    Ok(json!({ "removed": id }))
}

pub(super) async fn make_recovery_codes(controls: &Controls, address: String) -> Result<Value, Refused> {
    let codes = change_account(controls, address.clone(), second::make_recovery_codes).await?;
    let codes: Vec<&str> = codes.iter().map(|code| code.expose().as_str()).collect();
    Ok(json!({ "address": address, "recovery_codes": codes }))
}

pub(super) async fn add_authority(
    controls: &Controls,
    by: &Bounds,
    certificate: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
        .map_err(|error| Refused(format!("the text is no certificate in PEM: {error}")))?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        second::add_authority(tx, organisation, &certificate)
    };
    let id = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "authority": id }))
}

pub(super) async fn list_authorities(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        second::list_authorities(tx, organisation)
    };
    let entries = controls.store.read(work).await.map_err(Refused::because)?;
    let row = |entry: &AuthorityEntry| {
        json!({
            "id": entry.id,
            "authority": entry.authority.subject,
            "until": entry.authority.until.map(|until| until.to_string()),
            "revocation_list_until": entry.crl.as_ref().and_then(|crl| crl.until).map(|until| until.to_string()),
        })
    };
    Ok(entries.iter().map(row).collect())
}

pub(super) async fn set_crl(
    controls: &Controls,
    by: &Bounds,
    id: i64,
    crl: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let crl = CertificateRevocationListDer::from_pem_slice(crl.as_bytes())
        .map_err(|error| Refused(format!("the text is no revocation list in PEM: {error}")))?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        second::set_crl(tx, organisation, id, &crl)
    };
    let list = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "authority": id, "revocation_list_until": list.until.map(|until| until.to_string()) }))
}

pub(super) async fn remove_authority(
    controls: &Controls,
    by: &Bounds,
    id: i64,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        second::remove_authority(tx, organisation, id)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "removed": id }))
}
