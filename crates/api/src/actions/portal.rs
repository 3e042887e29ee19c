//! Deliveries of the portal, for their senders. The browser encrypts; here pass wrapped keys and proofs, never a key.

use ::letters::{Texts, Words};
use ::portal::{Change, Delivery, Listed, Lock, LockKind, New, Part, PortalSettings, State};
use factors::FactorKind;
use factors::sms::PhoneNumber;
use identity::Language;
use mail::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::{Controls, Refused};

/// Recipients that are asked about at once.
const RECIPIENTS_MAX: usize = 200;

/// What the portal works with.
#[derive(Debug, Clone, Default)]
pub struct PortalParts {
    /// What is set for it.
    pub settings: PortalSettings,
    /// The address under which partners reach it, without a slash at its end.
    pub public_url: String,
    /// The address of the webmail, without a slash at its end.
    pub account_url: String,
}

/// A delivery to make. Octets are in base64url without padding; `docs/portal.md` says how each is made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPortalDelivery {
    /// The partner's address.
    pub to: String,
    /// Language of the partner, `zh` or `en`.
    pub language: String,
    /// What opens it: `password` or `link`.
    pub lock: String,
    /// Salt, 16 octets.
    pub salt: String,
    /// Memory of Argon2id in KiB; 0 for a link.
    pub memory_kib: u32,
    /// Passes of Argon2id; 0 for a link.
    pub passes: u32,
    /// Lanes of Argon2id; 0 for a link.
    pub lanes: u32,
    /// What the partner will show, 32 octets.
    pub proof: String,
    /// The content key, wrapped: 60 octets.
    pub key: String,
    /// Public key that replies are encrypted to, 32 octets.
    pub reply_key: String,
    /// The private one, wrapped under the content key: 60 octets.
    pub reply_secret: String,
    /// What the sender's browser keeps for itself, sealed by it; at most 4096 octets.
    pub own: String,
    /// Number that a code is sent to before the delivery is opened, with country code.
    pub telephone: Option<String>,
    /// Days until it expires; 0 for as many as usual.
    pub days: u32,
    /// How often it may be opened; 0 for as often as usual.
    pub openings: u32,
}

/// Makes a delivery; its chunks are sent to `/api/portal/NAME/0/PART/NUMBER`.
pub(super) async fn create(controls: &Controls, by: &Bounds, new: NewPortalDelivery) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let parts = controls.elsewhere.portal();
    let new = read(controls, new)?;
    let settings = parts.settings.clone();
    let work = move |tx: &mut Tx<'_>| ::portal::create(tx, account, &new, &settings);
    let made = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "name": made.name(), "link": link(&parts, &made) }))
}

fn read(controls: &Controls, new: NewPortalDelivery) -> Result<New, Refused> {
    let to = Address::parse(&new.to).map_err(Refused::because)?;
    let kind = match new.lock.as_str() {
        "password" => LockKind::Password,
        "link" => LockKind::Link,
        _ => return Err(Refused("lock must be password or link".to_owned())),
    };
    let telephone = new.telephone.as_deref().map(PhoneNumber::parse).transpose().map_err(Refused::because)?;
    if telephone.is_some() && !controls.factors.offers(FactorKind::Sms) {
        return Err(Refused("this server sends no SMS; leave the telephone out, or set sms.provider".to_owned()));
    }
    let NewPortalDelivery { language, salt, memory_kib, passes, lanes, proof, key, reply_key, .. } = new;
    Ok(New {
        to: to.to_string(),
        language,
        lock: Lock { kind, salt, memory_kib, passes, lanes },
        proof,
        key,
        reply_key,
        reply_secret: new.reply_secret,
        own: new.own,
        telephone,
        days: new.days,
        openings: new.openings,
    })
}

/// Lets the partner open it, and writes to him where `notify` says so: a letter without content and without what opens it.
pub(super) async fn send(
    controls: &Controls,
    by: &Bounds,
    name: String,
    chunks: Vec<u32>,
    notify: bool,
) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let parts = controls.elsewhere.portal();
    let wanted = name.clone();
    let draft = controls.store.read(move |tx| ::portal::load(tx, account, &wanted)).await.map_err(Refused::because)?;
    let expires = controls.store.context().clock.now().plus(parts.settings.days(draft.days()));
    let ready = match notify {
        true => Some(invitation(controls, account, &parts, &draft, crate::portal::moment(expires)).await?),
        false => None,
    };
    let chunks: Vec<Part> = chunks.into_iter().map(|chunks| Part { chunks }).collect();
    let settings = parts.settings.clone();
    let work = move |tx: &mut Tx<'_>| {
        let sent = ::portal::send(tx, account, &name, &chunks, &settings)?;
        if let Some(ready) = &ready {
            ready.post(tx)?;
        }
        Ok::<_, Unsent>(sent)
    };
    let sent = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "name": sent.name(), "link": link(&parts, &sent), "expires": sent.expires.to_string() }))
}

/// Why a delivery was not sent.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error(transparent)]
    Portal(#[from] ::portal::PortalError),
    #[error(transparent)]
    Queue(#[from] queue::QueueError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

async fn invitation(
    controls: &Controls,
    account: i64,
    parts: &PortalParts,
    draft: &Delivery,
    expires: String,
) -> Result<::letters::Ready, Refused> {
    let sender = controls.store.read(move |tx| identity::load_account(tx, account)).await.map_err(Refused::because)?;
    let own = sender.addresses.first().cloned().unwrap_or_default();
    let language = language_of(draft);
    let key = match draft.lock().kind {
        LockKind::Password => "letter-portal",
        LockKind::Link => "letter-portal-link",
    };
    let link = link(parts, draft);
    let values = [("who", sender.name.as_str()), ("address", own.as_str()), ("link", &link), ("until", &expires)];
    let texts = Texts::of(language);
    let words = Words {
        from_name: sender.name.clone(),
        subject: texts.say("letter-portal-subject", &values),
        text: texts.say(key, &values),
    };
    let to = Address::parse(draft.to()).map_err(Refused::because)?;
    controls.mailer.invitation(account, &to, language, words).await.map_err(Refused::because)
}

fn language_of(delivery: &Delivery) -> Language {
    if delivery.language() == "zh" { Language::Chinese } else { Language::English }
}

/// The deliveries of who asks.
pub(super) async fn list(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let parts = controls.elsewhere.portal();
    let listed = controls.store.read(move |tx| ::portal::list(tx, account)).await.map_err(Refused::because)?;
    let now = controls.store.context().clock.now();
    let show = |it: &Listed| {
        let delivery = &it.delivery;
        let state = match delivery.state {
            State::Revoked => "revoked",
            _ if delivery.is_expired(now) => "expired",
            _ if delivery.wrong >= parts.settings.wrong_max => "shut",
            _ if delivery.openings >= delivery.openings_max => "used-up",
            _ => "open",
        };
        json!({
            "name": delivery.name(), "to": delivery.to(), "state": state, "lock": delivery.lock().kind,
            "created": delivery.created.to_string(), "expires": delivery.expires.to_string(),
            "openings": delivery.openings, "openings_max": delivery.openings_max, "wrong": delivery.wrong,
            "opened": delivery.opened.map(|at| at.to_string()), "bytes": delivery.bytes, "replies": it.replies,
            "link": link(&parts, delivery), "telephone": delivery.telephone().map(|number| number.masked()),
            "own": delivery.own(),
        })
    };
    Ok(Value::Array(listed.iter().map(show).collect()))
}

/// Everything that the sender's browser needs to read a delivery and the replies to it.
pub(super) async fn show(controls: &Controls, by: &Bounds, name: String) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let work = move |tx: &mut Tx<'_>| {
        let delivery = ::portal::load(tx, account, &name)?;
        let replies = ::portal::list_replies(tx, &delivery)?;
        Ok::<_, ::portal::PortalError>((delivery, replies))
    };
    let (delivery, replies) = controls.store.read(work).await.map_err(Refused::because)?;
    let chunks = |parts: &[Part]| parts.iter().map(|part| part.chunks).collect::<Vec<_>>();
    let replies = replies.iter().map(|reply| {
        let answer = &reply.answer;
        json!({
            "id": reply.id.to_string(), "created": reply.created.to_string(), "public_key": answer.public_key,
            "key": answer.key, "parts": chunks(&answer.parts),
        })
    });
    Ok(json!({
        "name": delivery.name(), "lock": delivery.lock(), "key": delivery.key(), "reply_key": delivery.reply_key(),
        "reply_secret": delivery.reply_secret(), "own": delivery.own(), "parts": chunks(delivery.parts()),
        "replies": replies.collect::<Vec<_>>(),
    }))
}

/// Takes a delivery back, or lets it be opened longer and more often.
pub(super) async fn change(controls: &Controls, by: &Bounds, name: String, change: Change) -> Result<Value, Refused> {
    let (account, _) = by.person()?;
    let settings = controls.elsewhere.portal().settings;
    let work = move |tx: &mut Tx<'_>| ::portal::change(tx, account, &name, change, &settings);
    let changed = controls.store.write(work).await.map_err(Refused::because)?;
    tracing::info!(account, delivery = changed.id, ?change, "a delivery of the portal was changed");
    Ok(json!({
        "name": changed.name(), "expires": changed.expires.to_string(), "openings": changed.openings,
        "openings_max": changed.openings_max,
    }))
}

/// What each recipient would get: whether mail stays here, and what is demanded of its content.
pub(super) async fn recipients(controls: &Controls, addresses: Vec<String>) -> Result<Value, Refused> {
    let parts = controls.elsewhere.portal();
    if addresses.len() > RECIPIENTS_MAX {
        return Err(Refused(format!("ask about at most {RECIPIENTS_MAX} addresses at once")));
    }
    let mut told = Vec::new();
    for address in addresses {
        let Ok(parsed) = Address::parse(&address) else { continue };
        let domain = parsed.domain_ascii();
        let at = domain.clone();
        let is_local =
            controls.store.read(move |tx| identity::is_local_domain(tx, &at)).await.map_err(Refused::because)?;
        let demand = if is_local { None } else { controls.elsewhere.content_demand(&domain) };
        told.push(json!({ "address": address, "local": is_local, "demand": demand }));
    }
    let settings = &parts.settings;
    Ok(json!({
        "enabled": settings.enabled, "days": settings.days, "days_max": settings.days_max,
        "openings": settings.openings, "openings_max": settings.openings_max,
        "bytes_max": settings.delivery_bytes_max, "sms": controls.factors.offers(FactorKind::Sms), "recipients": told,
    }))
}

fn link(parts: &PortalParts, delivery: &Delivery) -> String {
    format!("{}/p/{}", parts.public_url, delivery.name())
}
