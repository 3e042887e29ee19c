//! `PushSubscription/get` and `/set` (RFC 8620 sections 7.2.1 and 7.2.2).

use std::time::Duration;

use crypto::web_push::ClientKeys;
use env::Timestamp;
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind, apply_patch, format_utc_date, parse_date};

use super::post::read_url;
use super::rows::{Detail, Keys, SignedIn, Subscription, destroy, find, keep, list};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::push::{States, accounts, states};
use crate::run::{Answers, Created};
use crate::{Asker, Server, ids};

/// The properties that are shown; address and keys are not (RFC 8620 section 7.2.1).
const PROPERTIES: [&str; 5] = ["id", "deviceClientId", "verificationCode", "expires", "types"];

/// Those that are never shown.
const HIDDEN: [&str; 2] = ["url", "keys"];

/// Longest time until a subscription ends, unless the client extends it.
const EXPIRES_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// Longest address of a push service, in octets.
const URL_BYTES_MAX: usize = 2048;

/// Longest name of a device, in octets.
const DEVICE_BYTES_MAX: usize = 255;

/// Types that one subscription may name.
const TYPES_MAX: usize = 64;

fn shown(it: &Subscription, wanted: Option<&[String]>) -> Value {
    let all = [
        ("id", Value::from(ids::show(it.id))),
        ("deviceClientId", it.detail.device.clone().into()),
        ("verificationCode", it.detail.is_verified.then(|| it.detail.code.clone()).into()),
        ("expires", format_utc_date(it.expires).into()),
        ("types", it.detail.types.clone().map_or(Value::Null, Value::from)),
    ];
    let is_wanted = |name: &str| name == "id" || wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name));
    let shown = all.into_iter().filter(|(name, _)| is_wanted(name));
    Value::Object(shown.map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let (asked, properties) = (args.texts("ids")?, args.texts("properties")?);
    args.finish()?;
    for name in properties.iter().flatten() {
        if HIDDEN.contains(&name.as_str()) {
            return Err(Failure::say(MethodErrorKind::Forbidden, format!("{name} is not shown")));
        }
        if !PROPERTIES.contains(&name.as_str()) {
            return Err(Failure::invalid(format!("there is no property {name:?}")));
        }
    }
    server.check_get(asked.as_deref())?;
    let all = list(tx, asker.account())?;
    let is_wanted = |it: &&Subscription| asked.as_ref().is_none_or(|asked| asked.contains(&ids::show(it.id)));
    let list: Vec<Value> = all.iter().filter(is_wanted).map(|it| shown(it, properties.as_deref())).collect();
    let mut missing: Vec<String> = asked.clone().unwrap_or_default();
    missing.retain(|id| !all.iter().any(|it| ids::show(it.id) == *id));
    Ok(json!({ "list": list, "notFound": missing }))
}

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take_stateless(server, &mut args)?;
    args.finish()?;
    let (who, names, max) = (asker.clone(), created.clone(), server.settings.now().push_subscriptions_max);
    let change = move |tx: &mut Tx<'_>| {
        let account = who.account();
        store::account::next_modseq(tx, account)?;
        let mut made = ChangesMade::default();
        for (name, object) in &asked.create {
            match create(tx, &who, object, max)? {
                Ok(told) => drop(made.created.insert(name.clone(), told)),
                Err(error) => made.refuse_create(name, &error),
            }
        }
        for (id, patch) in &asked.update {
            if let Some(error) = asked.refuses_update(id) {
                made.refuse_update(id, &error);
                continue;
            }
            let outcome = update(tx, &who, names.resolve(id), patch)?;
            made.note_update(id, outcome);
        }
        for id in &asked.destroy {
            let is_gone = match ids::read(names.resolve(id)) {
                Some(id) => destroy(tx, account, id)?,
                None => false,
            };
            made.note_destroy(id, if is_gone { Ok(()) } else { Err(not_found()) });
        }
        tx.notify(store::Notice::Account(account));
        Ok::<_, Failure>(made)
    };
    let made = server.store.write(change).await?;
    created.note_all(&made.created);
    server.pushing.added.notify_one();
    Ok(Answers::one(made.answer_stateless()))
}

fn create(tx: &mut Tx<'_>, asker: &Asker, object: &Value, max: usize) -> Result<Result<Value, SetError>, Failure> {
    let account = asker.account();
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a subscription must be an object")));
    };
    if list(tx, account)?.len() >= max {
        let why = format!("an account has {max} push subscriptions at most; destroy one");
        return Ok(Err(SetError::new(SetErrorKind::OverQuota, why)));
    }
    let (device, url, keys) = match (device(object), url(object), keys(object), is_fresh(object)) {
        (Ok(device), Ok(url), Ok(keys), Ok(())) => (device, url, keys),
        (Err(error), ..) | (_, Err(error), ..) | (_, _, Err(error), _) | (.., Err(error)) => return Ok(Err(error)),
    };
    let (types, expires) = match (types(object.get("types")), expires(object.get("expires"), tx.now())) {
        (Ok(types), Ok(expires)) => (types, expires),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
    };
    let mut code = [0; 16];
    tx.context().entropy.fill(&mut code);
    let code = code.iter().map(|byte| format!("{byte:02x}")).collect();
    let sign_in = SignedIn::of(&asker.principal);
    let detail =
        Detail { device, url, keys, types, code, is_asked: false, is_verified: false, told: States::new(), sign_in };
    let subscription = Subscription { id: tx.next_id(), expires, detail };
    keep(tx, account, &subscription)?;
    let mut told = json!({ "id": ids::show(subscription.id), "expires": format_utc_date(expires) });
    if object.get("keys").is_none() {
        told["keys"] = Value::Null;
    }
    if object.get("types").is_none() {
        told["types"] = Value::Null;
    }
    Ok(Ok(told))
}

fn update(tx: &mut Tx<'_>, asker: &Asker, id: &str, patch: &Value) -> Result<Result<Value, SetError>, Failure> {
    let account = asker.account();
    let found = match ids::read(id) {
        Some(id) => find(tx, account, id)?,
        None => None,
    };
    let Some(mut subscription) = found else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let mut object = Object::from_iter([("types".to_owned(), json!(subscription.detail.types))]);
    if let Err(error) = apply_patch(&mut object, patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    let mut told = Value::Null;
    for (name, value) in &object {
        match name.as_str() {
            "types" => match types(Some(value)) {
                Ok(types) => subscription.detail.types = types,
                Err(error) => return Ok(Err(error)),
            },
            "expires" => match expires(Some(value), tx.now()) {
                Ok(expires) => {
                    subscription.expires = expires;
                    told = json!({ "expires": format_utc_date(expires) });
                }
                Err(error) => return Ok(Err(error)),
            },
            "verificationCode" if value.as_str() == Some(&subscription.detail.code) => {
                if !subscription.detail.is_verified {
                    let seen = accounts(tx, account)?;
                    // What is so far is known to the client; it is told of what changes from now on.
                    subscription.detail.told = states(tx, asker, &seen)?;
                    subscription.detail.is_verified = true;
                }
            }
            "verificationCode" => {
                return Ok(Err(SetError::property("verificationCode", "is not the code that was sent")));
            }
            _ => return Ok(Err(SetError::property(name.clone(), "this stays; make another subscription"))),
        }
    }
    keep(tx, account, &subscription)?;
    Ok(Ok(told))
}

fn is_fresh(object: &Object) -> Result<(), SetError> {
    let known = ["deviceClientId", "url", "keys", "expires", "types"];
    let other = object.iter().find(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    other.map_or(Ok(()), |(name, _)| Err(SetError::property(name.clone(), "cannot be set now")))
}

fn device(object: &Object) -> Result<String, SetError> {
    let device = object.get("deviceClientId").and_then(Value::as_str);
    let device = device.filter(|it| (1..=DEVICE_BYTES_MAX).contains(&it.len()));
    let why = || SetError::property("deviceClientId", format!("must be a text of 1 to {DEVICE_BYTES_MAX} octets"));
    device.map(str::to_owned).ok_or_else(why)
}

fn url(object: &Object) -> Result<String, SetError> {
    let url = object.get("url").and_then(Value::as_str);
    let url = url.filter(|it| it.len() <= URL_BYTES_MAX && read_url(it).is_some());
    url.map(str::to_owned).ok_or_else(|| SetError::property("url", "must be an address that begins with https://"))
}

fn keys(object: &Object) -> Result<Option<Keys>, SetError> {
    let value = match object.get("keys") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let wrong = |why: String| SetError::property("keys", why);
    let keys: Keys =
        serde_json::from_value(value.clone()).map_err(|_| wrong("must have p256dh and auth".to_owned()))?;
    ClientKeys::read(&keys.p256dh, &keys.auth).map_err(|error| wrong(error.to_string()))?;
    Ok(Some(keys))
}

fn types(value: Option<&Value>) -> Result<Option<Vec<String>>, SetError> {
    let wrong = || SetError::property("types", format!("must be null or a list of at most {TYPES_MAX} types"));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(types)) if types.len() <= TYPES_MAX => {
            let types: Option<Vec<String>> = types.iter().map(|it| it.as_str().map(str::to_owned)).collect();
            types.map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

fn expires(value: Option<&Value>, now: Timestamp) -> Result<Timestamp, SetError> {
    let latest = now.plus(EXPIRES_AFTER);
    let wrong = || SetError::property("expires", "must be null or a UTCDate to come, such as 2026-12-24T00:00:00Z");
    match value {
        None | Some(Value::Null) => Ok(latest),
        Some(value) => {
            let moment = value.as_str().and_then(parse_date).filter(|moment| *moment > now).ok_or_else(wrong)?;
            Ok(moment.min(latest))
        }
    }
}
