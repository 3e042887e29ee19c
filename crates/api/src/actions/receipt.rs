//! Mail that is encrypted to a key of its owner as it comes.

use ::smime::Certificate;
use keycare::{Choice, KeycareError, Method, OnReceipt};
use serde_json::{Value, json};
use store::Tx;

use super::{Controls, Refused};

fn shown(switch: Option<&OnReceipt>) -> Value {
    let Some(switch) = switch else { return json!({ "on": false }) };
    json!({
        "on": true,
        "method": switch.method.as_str(),
        "fingerprint": switch.fingerprint,
        "since": switch.since.to_string(),
        "expires": switch.expires.map(|at| at.to_string()),
        "trouble": switch.trouble.map(|trouble| trouble.as_str()),
        // Said where the switch is, so that nobody is surprised.
        "search": "headers alone",
    })
}

fn account_of(tx: &mut Tx<'_>, address: &str) -> Result<i64, KeycareError> {
    let found = identity::find_by_address(tx, address)?;
    Ok(found.ok_or_else(|| identity::IdentityError::NoAccount(address.to_owned()))?)
}

pub(super) async fn show(controls: &Controls, address: String) -> Result<Value, Refused> {
    let read = move |tx: &mut Tx<'_>| {
        let account = account_of(tx, &address)?;
        keycare::show(tx, account)
    };
    let switch = controls.store.read(read).await.map_err(Refused::because)?;
    Ok(shown(switch.as_ref()))
}

pub(super) async fn switch_on(
    controls: &Controls,
    address: String,
    method: String,
    key_id: Option<String>,
    certificate: Option<String>,
) -> Result<Value, Refused> {
    let choice = match (method.parse::<Method>().map_err(Refused::because)?, certificate) {
        (Method::OpenPgp, None) => Choice::OpenPgp(key_id.unwrap_or_default()),
        (Method::Smime, Some(file)) if key_id.is_none() => {
            let file = super::smime::read_file(&file)?;
            let mut found = Certificate::read_file(&file).map_err(Refused::because)?;
            if found.len() > 1 {
                return Err(Refused(
                    "the file holds several certificates; give the one that mail is to be encrypted to".to_owned(),
                ));
            }
            let none = || Refused("the file holds no certificate; give one in PEM or DER".to_owned());
            Choice::Smime(Box::new(found.pop().ok_or_else(none)?))
        }
        (Method::OpenPgp, Some(_)) => {
            return Err(Refused(
                "openpgp takes key_id, of a key that is among the account's; a certificate is for smime".to_owned(),
            ));
        }
        (Method::Smime, _) => {
            return Err(Refused("smime takes a certificate (PEM or DER, in base64) and no key_id".to_owned()));
        }
    };
    let work = move |tx: &mut Tx<'_>| {
        let account = account_of(tx, &address)?;
        keycare::switch_on(tx, account, &choice)
    };
    let switch = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(shown(Some(&switch)))
}

pub(super) async fn switch_off(controls: &Controls, address: String) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let account = account_of(tx, &address)?;
        keycare::switch_off(tx, account)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(shown(None))
}
