//! The session object (RFC 8620 section 2): what there is and how much of it may be asked.

use std::sync::Arc;
use std::time::Duration;

use identity::delegation::{self, Deed};
use identity::{IdentityError, load_account};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use crate::state::word_of;
use crate::{Asker, Server, blobs, email, ids, labels, principals, push};

/// The core.
pub(crate) const CORE: &str = "urn:ietf:params:jmap:core";
/// Mail.
pub(crate) const MAIL: &str = "urn:ietf:params:jmap:mail";

/// Sending.
pub(crate) const SUBMISSION: &str = "urn:ietf:params:jmap:submission";

/// Quotas (RFC 9425).
pub(crate) const QUOTA: &str = "urn:ietf:params:jmap:quota";
/// Blobs as objects (RFC 9404).
pub(crate) const BLOB: &str = "urn:ietf:params:jmap:blob";
/// WebSocket (RFC 8887).
pub(crate) const WEBSOCKET: &str = "urn:ietf:params:jmap:websocket";
/// Notifications of reading (RFC 9007).
pub(crate) const MDN: &str = "urn:ietf:params:jmap:mdn";
/// The key by which push services know us (RFC 9749).
pub(crate) const VAPID: &str = "urn:ietf:params:jmap:webpush-vapid";
/// Contacts (RFC 9610).
pub(crate) const CONTACTS: &str = "urn:ietf:params:jmap:contacts";
/// What was found of messages: our own.
pub(crate) const VERDICT: &str = "urn:tradewind:params:jmap:verdict";

/// Scripts (RFC 9661).
pub(crate) const SIEVE: &str = "urn:ietf:params:jmap:sieve";
/// Automatic replies (RFC 8621 section 8).
pub(crate) const VACATION: &str = "urn:ietf:params:jmap:vacationresponse";
/// Rules: our own.
pub(crate) const RULES: &str = "urn:tradewind:params:jmap:rules";
/// Keys of OpenPGP: our own.
pub(crate) const KEYS: &str = "urn:tradewind:params:jmap:keys";
/// Texts of messages fit to be shown: our own.
pub(crate) const BODY: &str = "urn:tradewind:params:jmap:body";
/// Labels: our own.
pub(crate) const LABELS: &str = "urn:tradewind:params:jmap:labels";
/// What rules say of mail before it is sent: our own.
pub(crate) const OUTBOUND: &str = "urn:tradewind:params:jmap:outbound";
/// What protects mail: our own.
pub(crate) const PROTECTION: &str = "urn:tradewind:params:jmap:protection";

/// Who there is to share with, and notices of it (RFC 9670).
pub(crate) const PRINCIPALS: &str = "urn:ietf:params:jmap:principals";
/// Whose an account is (RFC 9670): said of accounts, never used.
const OWNER: &str = "urn:ietf:params:jmap:principals:owner";
/// Sharing of mailboxes (draft-ietf-jmap-mail-sharing).
pub(crate) const MAIL_SHARE: &str = "urn:ietf:params:jmap:mail:share";

/// The collation of orders (RFC 5051).
pub(crate) const COLLATION: &str = "i;unicode-casemap";

/// The capabilities that are offered.
pub(crate) const CAPABILITIES: &[&str] = &[
    CORE, MAIL, SUBMISSION, QUOTA, BLOB, WEBSOCKET, MDN, CONTACTS, VERDICT, BODY, SIEVE, VACATION, RULES, LABELS, KEYS,
    PROTECTION, OUTBOUND, VAPID, PRINCIPALS, MAIL_SHARE,
];

/// How long the state of a session object is believed.
const STATE_FOR: Duration = Duration::from_secs(5);

/// States of session objects that are kept.
const STATES_MAX: usize = 16_384;

/// An account that who asks can see.
pub(crate) struct Seen {
    pub(crate) id: i64,
    name: String,
    is_own: bool,
    is_read_only: bool,
    may_arrange: bool,
}

impl Server {
    /// The session object, its addresses beginning with `base`.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn session(&self, asker: &Arc<Asker>, base: &str) -> Result<Value, IdentityError> {
        let actor = asker.account();
        let seen = self.store.read(move |tx| seen_by(tx, actor)).await?;
        let accounts: serde_json::Map<String, Value> =
            seen.iter().map(|it| (ids::show(it.id), account_object(self, it, actor))).collect();
        let primary: serde_json::Map<String, Value> = CAPABILITIES
            .iter()
            .filter(|it| ![CORE, WEBSOCKET, VAPID].contains(*it))
            .map(|it| ((*it).to_owned(), ids::show(actor).into()))
            .collect();
        let key = self.push_key().await.map_err(|failure| StoreError::Corrupt { what: failure.to_string() })?;
        let key = push::public_key(key);
        let mut session = json!({
            "capabilities": self.capabilities(base, &key),
            "accounts": accounts,
            "primaryAccounts": primary,
            "username": asker.principal.address,
            "apiUrl": format!("{base}/jmap/api"),
            "downloadUrl": format!("{base}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?accept={{type}}"),
            "uploadUrl": format!("{base}/jmap/upload/{{accountId}}"),
            "eventSourceUrl": format!("{base}/jmap/events?types={{types}}&closeafter={{closeafter}}&ping={{ping}}"),
        });
        let state = session_state(&session);
        if let Value::Object(members) = &mut session {
            members.insert("state".to_owned(), state.into());
        }
        Ok(session)
    }

    /// The state of the session object. Kept for a moment, as every request asks for it.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn session_state(&self, asker: &Arc<Asker>, base: &str) -> Result<String, IdentityError> {
        let now = self.store.context().clock.now();
        let key = (asker.account(), base.to_owned());
        if let Some((state, until)) = self.session_states.lock().get(&key)
            && *until > now
        {
            return Ok(state.clone());
        }
        let session = self.session(asker, base).await?;
        let state = session.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut kept = self.session_states.lock();
        if kept.len() >= STATES_MAX {
            kept.clear();
        }
        kept.insert(key, (state.clone(), now.plus(STATE_FOR)));
        Ok(state)
    }

    /// RFC 8620 section 2.
    fn capabilities(&self, base: &str, push_key: &str) -> Value {
        let settings = self.settings.now();
        let picture_url = self.fetcher.as_ref().map(|_| format!("{base}/jmap/picture/{{accountId}}/{{token}}"));
        let socket = base.strip_prefix("https:").unwrap_or(base);
        json!({
            CORE: {
                "maxSizeUpload": settings.upload_bytes_max,
                "maxConcurrentUpload": settings.uploads_max,
                "maxSizeRequest": settings.request_bytes_max,
                "maxConcurrentRequests": settings.requests_max,
                "maxCallsInRequest": settings.calls_max,
                "maxObjectsInGet": settings.objects_get_max,
                "maxObjectsInSet": settings.objects_set_max,
                "collationAlgorithms": [COLLATION],
            },
            MAIL: {},
            SUBMISSION: {},
            QUOTA: {},
            BLOB: {},
            // RFC 8887 section 3.
            WEBSOCKET: { "url": format!("wss:{socket}/jmap/socket"), "supportsPush": true },
            MDN: {},
            CONTACTS: {},
            VERDICT: {},
            SIEVE: { "implementation": concat!("Tradewind ", env!("CARGO_PKG_VERSION")) },
            VACATION: {},
            RULES: {},
            KEYS: {},
            LABELS: {},
            PROTECTION: {},
            OUTBOUND: {},
            PRINCIPALS: {},
            MAIL_SHARE: {},
            // RFC 9749 section 3.
            VAPID: { "applicationServerKey": push_key },
            BODY: { "pictureUrl": picture_url },
        })
    }

    /// RFC 8621 section 1.3.
    fn account_capabilities(&self, account: &Seen, actor: i64) -> Value {
        let mut capabilities = json!({
            CORE: {},
            MAIL: {
                "maxMailboxesPerEmail": null,
                "maxMailboxDepth": mailbox::LEVELS_MAX,
                "maxSizeMailboxName": mailbox::NAME_BYTES_MAX,
                "maxSizeAttachmentsPerEmail": self.settings.now().upload_bytes_max,
                "emailQuerySortOptions": email::SORT_OPTIONS,
                "mayCreateTopLevelMailbox": account.is_own || account.may_arrange,
            },
        });
        if let Value::Object(members) = &mut capabilities {
            members.insert(QUOTA.to_owned(), json!({}));
            members.insert(VERDICT.to_owned(), json!({}));
            members.insert(LABELS.to_owned(), labels::capability());
            members.insert(PROTECTION.to_owned(), json!({}));
            members.insert(OUTBOUND.to_owned(), json!({}));
            members.insert(BODY.to_owned(), json!({}));
            members.insert(BLOB.to_owned(), self.blob_capability());
            members.insert(MAIL_SHARE.to_owned(), json!({}));
            // RFC 9670 sections 1.5.1 and 1.5.2: principals are in the account of who asks.
            let owner = principals::show(account.id);
            let owner = json!({ "accountIdForPrincipal": ids::show(actor), "principalId": owner });
            members.insert(OWNER.to_owned(), owner);
        }
        if let (true, Value::Object(members)) = (account.is_own, &mut capabilities) {
            // What EHLO says of it (RFC 4865 section 3).
            let extensions = json!({ "FUTURERELEASE": [self.hold_seconds_max.now().to_string()] });
            let sending = json!({ "maxDelayedSend": *self.hold_seconds_max.now(), "submissionExtensions": extensions });
            members.insert(SUBMISSION.to_owned(), sending);
            members.insert(MDN.to_owned(), json!({}));
            members.insert(PRINCIPALS.to_owned(), json!({ "currentUserPrincipalId": principals::show(account.id) }));
            members.insert(SIEVE.to_owned(), sieve_capability());
            members.insert(VACATION.to_owned(), json!({}));
            members.insert(RULES.to_owned(), json!({}));
            members.insert(KEYS.to_owned(), json!({}));
            // RFC 9610 section 1.4.1.
            members
                .insert(CONTACTS.to_owned(), json!({ "maxAddressBooksPerCard": null, "mayCreateAddressBook": true }));
        }
        capabilities
    }
}

impl Server {
    /// RFC 9404 section 3.1.
    fn blob_capability(&self) -> Value {
        json!({
            "maxSizeBlobSet": self.settings.now().upload_bytes_max,
            "maxDataSources": blobs::SOURCES_MAX,
            "supportedTypeNames": blobs::TYPES,
            "supportedDigestAlgorithms": blobs::DIGESTS,
        })
    }
}

/// An account as it is told of (RFC 8620 section 2, `Account`).
pub(crate) fn account_object(server: &Server, account: &Seen, actor: i64) -> Value {
    json!({
        "name": account.name, "isPersonal": account.is_own, "isReadOnly": account.is_read_only,
        "accountCapabilities": server.account_capabilities(account, actor),
    })
}

/// RFC 9661 section 1.3.1.
fn sieve_capability() -> Value {
    json!({
        "maxSizeScriptName": scripts::NAME_BYTES_MAX,
        "maxSizeScript": sieve::limits::SCRIPT_BYTES_MAX,
        "maxNumberScripts": scripts::SCRIPTS_MAX,
        "maxNumberRedirects": sieve::limits::REDIRECTS_MAX,
        "sieveExtensions": sieve::EXTENSIONS,
        "notificationMethods": null,
        "externalLists": null,
    })
}

/// A word that is another when anything in the session is.
fn session_state(session: &Value) -> String {
    word_of(session.to_string().into_bytes())
}

/// The accounts that somebody can see.
pub(crate) fn seen_by(tx: &mut Tx<'_>, actor: i64) -> Result<Vec<Seen>, IdentityError> {
    let own = load_account(tx, actor)?;
    let mut seen = vec![Seen { id: actor, name: own.name, is_own: true, is_read_only: false, may_arrange: true }];
    for other in delegation::reachable(tx, actor)? {
        let may_arrange = delegation::may(tx, actor, Deed::Arrange, other.account)?;
        let mailboxes =
            tx.rows("SELECT id FROM mailbox WHERE account = $1", &[other.account.into()], |row| row.int(0))?;
        let (mut may_read, mut may_write) = (false, may_arrange);
        for mailbox in mailboxes {
            may_read = may_read || delegation::may(tx, actor, Deed::Read(mailbox), other.account)?;
            may_write = may_write || delegation::may(tx, actor, Deed::Write(mailbox), other.account)?;
        }
        if may_read {
            let (id, name) = (other.account, other.address);
            seen.push(Seen { id, name, is_own: false, is_read_only: !may_write, may_arrange });
        }
    }
    Ok(seen)
}
