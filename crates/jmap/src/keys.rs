//! Keys of OpenPGP (our own, `docs/jmap.md`): those of the account, and those that its organisation knows of correspondents. A browser makes
//! and keeps private keys; what it puts here of them it has sealed itself.

use std::collections::BTreeMap;

use access::{Action, Decision, Via};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::rights::{self, AccessSettings, Event, Outcome, decide_for};
use keybook::{Custody, KeybookError, NewKey, OwnKey, PartnerKey, PartnerState};
use openpgp::Certificate;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind, format_utc_date};

use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::state::word_of;
use crate::{Asker, Server, ids};

const PROPERTIES: &[&str] = &[
    "id",
    "fingerprint",
    "certificate",
    "custody",
    "state",
    "isPublished",
    "createdAt",
    "expiresAt",
    "userIds",
    "sealedPrivate",
];

/// Keys are one's own: others see nothing of them.
pub(crate) fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<Reach, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    if reach.is_own() {
        return Ok(reach);
    }
    Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "keys are in one's own account only"))
}

fn shown(tx: &mut Tx<'_>, account: i64, key: &OwnKey, wants_private: bool) -> Result<Object, Failure> {
    let now = tx.now();
    let names = key.certificate.check(now).map(|it| it.user_ids).unwrap_or_default();
    let sealed = match key.custody {
        Custody::Owner if wants_private => {
            let octets = keybook::sealed_private(tx, account, key.id).map_err(trouble)?;
            if octets.is_empty() { Value::Null } else { STANDARD.encode(octets).into() }
        }
        _ => Value::Null,
    };
    Ok(Object::from_iter([
        ("id".to_owned(), ids::show(key.id).into()),
        ("fingerprint".to_owned(), key.fingerprint.clone().into()),
        ("certificate".to_owned(), STANDARD.encode(key.certificate.to_bytes()).into()),
        ("custody".to_owned(), key.custody.as_str().into()),
        ("state".to_owned(), key.state.as_str().into()),
        ("isPublished".to_owned(), key.is_published.into()),
        ("createdAt".to_owned(), format_utc_date(key.created).into()),
        ("expiresAt".to_owned(), key.expires.map(format_utc_date).into()),
        ("userIds".to_owned(), names.iter().map(|it| it.text.clone()).collect::<Vec<String>>().into()),
        ("sealedPrivate".to_owned(), sealed),
    ]))
}

fn state_of(keys: &[OwnKey]) -> String {
    let marks: Vec<String> = keys.iter().map(|key| format!("{}.{}", key.id, key.changed)).collect();
    word_of(marks.join(",").into_bytes())
}

pub(crate) fn trouble(error: KeybookError) -> Failure {
    match error {
        KeybookError::Store(error) => error.into(),
        other => Failure::say(MethodErrorKind::ServerFail, other.to_string()),
    }
}

/// `CryptoKey/get`.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    if let Some(unknown) = properties.iter().flatten().find(|it| !PROPERTIES.contains(&it.as_str())) {
        return Err(Failure::invalid(format!("there is no property {unknown:?}")));
    }
    server.check_get(asked.as_deref())?;
    let keys = keybook::list(tx, account).map_err(trouble)?;
    let is_wanted = |name: &String| name == "id" || properties.as_ref().is_none_or(|wanted| wanted.contains(name));
    let wants_private = is_wanted(&"sealedPrivate".to_owned());
    let mut list = Vec::new();
    for key in keys.iter().filter(|key| asked.as_ref().is_none_or(|asked| asked.contains(&ids::show(key.id)))) {
        let mut object = shown(tx, account, key, wants_private)?;
        object.retain(|name, _| is_wanted(name));
        list.push(Value::Object(object));
    }
    let is_there = |id: &&String| keys.iter().any(|key| ids::show(key.id) == **id);
    let missing: Vec<&String> = asked.iter().flatten().filter(|id| !is_there(id)).collect();
    Ok(json!({ "accountId": account_id, "state": state_of(&keys), "list": list, "notFound": missing }))
}

/// Whether who asks may change keys now: by the table of rights, with a fresh strong factor where one is needed, as the API asks for it.
pub(crate) fn check_change(
    tx: &mut Tx<'_>,
    asker: &Asker,
    access: &AccessSettings,
) -> Result<Result<(), SetError>, Failure> {
    let who = (asker.account(), Via::Jmap, asker.principal.strong_at);
    Ok(match decide_for(tx, who, Action::KeyChange, asker.account(), access)? {
        Decision::Allow { .. } => Ok(()),
        Decision::StepUp { max_age, .. } => {
            let why = "show a strong factor first, in a browser that has signed in; changing keys needs a fresh one";
            Err(SetError::new(SetErrorKind::Forbidden, why).with("maxAge", max_age.as_secs().into()))
        }
        Decision::Refuse { .. } => {
            Err(SetError::new(SetErrorKind::Forbidden, "who may do what lets you change no keys"))
        }
    })
}

/// Enters what somebody did with a key of his own into the record, in the transaction that does it: what cannot be recorded is not done.
pub(crate) fn record_change(tx: &mut Tx<'_>, asker: &Asker, action: &str, object: &Value) -> Result<(), Failure> {
    let event = Event {
        organisation: asker.principal.organisation,
        account: Some(asker.account()),
        via: Via::Jmap,
        address: Some(asker.peer),
        action: action.to_owned(),
        object: object.to_string(),
        outcome: Outcome::Done,
        row: String::new(),
    };
    rights::record(tx, &event)?;
    Ok(())
}

/// `CryptoKey/set`: a key that the browser has made comes in, with a fresh strong factor. What opens the account's mail to others, or
/// destroys it, goes through the API.
pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let (who, account_id, access) = (asker.clone(), asked.account_id.clone(), server.access.clone());
    let change = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &asked.account_id)?.account;
        store::account::next_modseq(tx, account)?;
        let allowed = check_change(tx, &who, &access)?;
        let old = state_of(&keybook::list(tx, account).map_err(trouble)?);
        asked.check_state_word(&old)?;
        let mut made = ChangesMade::default();
        for (name, object) in &asked.create {
            let outcome = match &allowed {
                Ok(()) => create(tx, account, object)?,
                Err(error) => Err(error.clone()),
            };
            match outcome {
                Ok(key) => {
                    record_change(tx, &who, "CryptoKey/set", &json!({ "fingerprint": key.fingerprint }))?;
                    let mut object = shown(tx, account, &key, false)?;
                    object.retain(|name, _| !matches!(name.as_str(), "certificate" | "sealedPrivate"));
                    made.created.insert(name.clone(), Value::Object(object));
                }
                Err(error) => made.refuse_create(name, &error),
            }
        }
        let keys = keybook::list(tx, account).map_err(trouble)?;
        let elsewhere =
            || SetError::new(SetErrorKind::Forbidden, "keys are published, retired and destroyed through the API");
        for id in asked.update.keys().chain(&asked.destroy) {
            let is_there = keys.iter().any(|key| ids::show(key.id) == *id);
            let error = if is_there { elsewhere() } else { not_found() };
            if asked.update.contains_key(id) {
                made.refuse_update(id, &error);
            } else {
                made.refuse_destroy(id, &error);
            }
        }
        Ok::<_, Failure>((made, old, state_of(&keys)))
    };
    let (made, old, new) = server.store.write(change).await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old, &new)))
}

fn create(tx: &mut Tx<'_>, account: i64, object: &Value) -> Result<Result<OwnKey, SetError>, Failure> {
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a key must be an object")));
    };
    if let Some(unknown) = object.keys().find(|name| !matches!(name.as_str(), "certificate" | "sealedPrivate")) {
        return Ok(Err(SetError::property(unknown.clone(), "this cannot be set")));
    }
    let octets = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => STANDARD.decode(text).map_err(|_| SetError::property(name, "must be in base64")),
        Some(_) => Err(SetError::property(name, "must be a string in base64")),
    };
    let (certificate, sealed) = match (octets("certificate"), octets("sealedPrivate")) {
        (Ok(certificate), Ok(sealed)) => (certificate, sealed),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
    };
    let certificate = match Certificate::parse(&certificate) {
        Ok(certificate) => certificate,
        Err(error) => return Ok(Err(SetError::property("certificate", error.to_string()))),
    };
    match keybook::add(tx, account, &NewKey::Sealed(&certificate, &sealed)) {
        Ok(key) => Ok(Ok(key)),
        Err(KeybookError::Store(error)) => Err(error.into()),
        Err(error @ KeybookError::TooLarge { .. }) => Ok(Err(SetError::property("sealedPrivate", error.to_string()))),
        Err(error) => Ok(Err(SetError::property("certificate", error.to_string()))),
    }
}

/// `CorrespondentKey/get`: by addresses. Those of whom no key is known are not found.
pub(crate) fn correspondents_get(
    server: &Server,
    tx: &mut Tx<'_>,
    asker: &Asker,
    mut args: Args,
) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name addresses"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let organisation = identity::load_account(tx, account).map_err(|error| trouble(error.into()))?.organisation;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for address in asked {
        if seen.insert(address.clone(), ()).is_some() {
            continue;
        }
        let keys = keybook::list_partners(tx, organisation, Some(&address)).map_err(trouble)?;
        if keys.is_empty() {
            missing.push(address);
        } else {
            list.push(correspondent(&address, &keys, tx.now()));
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

fn correspondent(address: &str, keys: &[PartnerKey], now: env::Timestamp) -> Value {
    let usable = keys.iter().find(|it| it.state == PartnerState::Current && it.certificate.check_encrypts(now).is_ok());
    let shown = keys.iter().map(|key| {
        json!({
            "fingerprint": key.fingerprint,
            "certificate": STANDARD.encode(key.certificate.to_bytes()),
            "state": key.state.as_str(),
            "origin": key.origin.as_str(),
            "isVerified": key.is_verified,
            "firstSeenAt": format_utc_date(key.first_seen),
            "lastSeenAt": format_utc_date(key.last_seen),
            "trouble": key.certificate.check_encrypts(now).err().map(|error| error.to_string()),
        })
    });
    json!({
        "id": address,
        "keys": shown.collect::<Vec<Value>>(),
        "currentFingerprint": usable.map(|it| it.fingerprint.clone()),
        "hasChanged": keys.iter().any(|it| it.state != PartnerState::Current),
        "prefersEncryption": usable.is_some_and(|it| it.prefer == openpgp::PreferEncrypt::Mutual),
    })
}
