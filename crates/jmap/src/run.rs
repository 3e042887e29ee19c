//! Carries out the calls of a request in order (RFC 8620 section 3.5).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use store::{StoreError, Tx};
use wire::jmap::{Call, MethodError, MethodErrorKind, Object, Request, Response};

use crate::args::Args;
use crate::error::Failure;
use crate::session::{
    BLOB, BODY, CONTACTS, CORE, KEYS, LABELS, MAIL, MAIL_SHARE, MDN, OUTBOUND, PRINCIPALS, PROTECTION, QUOTA, RULES,
    SIEVE, SUBMISSION, VACATION, VERDICT,
};
use crate::unchanged::{self, Kind};
use crate::{
    Asker, Server, blobs, contacts, directory, email, keys, labels, mailboxes, mdn, on_receipt, outbound, principals,
    protection, push, quota, senders, share_notices, sorting, statements, submission, verdicts,
};

/// How often calls are run again whose snapshot turned out too old.
const TRIES_MAX: u32 = 8;

/// What was created in a request, by the names that the client gave it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Created(BTreeMap<String, String>);

impl Created {
    pub(crate) fn note(&mut self, name: &str, id: &str) {
        self.0.insert(name.to_owned(), id.to_owned());
    }

    /// Notes all that a call has created.
    pub(crate) fn note_all(&mut self, made: &Object) {
        for (name, object) in made {
            if let Some(id) = object.get("id").and_then(Value::as_str) {
                self.note(name, id);
            }
        }
    }

    /// The identifier that `#name` stands for, or the identifier itself.
    pub(crate) fn resolve<'a>(&'a self, id: &'a str) -> &'a str {
        id.strip_prefix('#').and_then(|name| self.0.get(name)).map_or(id, String::as_str)
    }

    /// The path of a patch with each `#name` in it replaced.
    pub(crate) fn resolve_path(&self, path: &str) -> String {
        if !path.contains('#') {
            return path.to_owned();
        }
        path.split('/').map(|step| self.resolve(step)).collect::<Vec<&str>>().join("/")
    }

    /// An object of identifiers with each `#name` among them replaced.
    pub(crate) fn resolve_keys(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, it)| (self.resolve(name).to_owned(), it.clone())).collect())
            }
            other => other.clone(),
        }
    }
}

/// The answer to a call that changes something, and calls that follow from it without the client's asking.
#[derive(Debug)]
pub(crate) struct Answers {
    answer: Value,
    following: Vec<(&'static str, Value)>,
}

impl Answers {
    /// An answer that nothing follows from.
    pub(crate) const fn one(answer: Value) -> Self {
        Self { answer, following: Vec::new() }
    }

    /// A call that follows; its answer stands behind this one, under the same identifier (RFC 8620 section 5.4).
    pub(crate) fn follow(&mut self, name: &'static str, arguments: Value) {
        self.following.push((name, arguments));
    }
}

/// A method that reads from a snapshot.
pub(crate) type Read = fn(&Server, &mut Tx<'_>, &Asker, Args) -> Result<Value, Failure>;

/// Methods that change something, or that need more than a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    MailboxSet,
    EmailSet,
    EmailImport,
    EmailCopy,
    IdentitySet,
    SubmissionSet,
    BlobUpload,
    BlobCopy,
    BookSet,
    CardSet,
    ScriptSet,
    VacationSet,
    RulesSet,
    KeySet,
    StatementsSet,
    ReceiptSet,
    MdnSend,
    LabelSet,
    PushSet,
    ShareNoticeSet,
    OutboundCheck,
}

impl Change {
    /// How the objects that it updates are read.
    fn kind(self, shares: bool) -> Option<Kind> {
        let kind = |get: Read, settable| Some(Kind { get, settable });
        match self {
            Self::MailboxSet => kind(
                if shares { mailboxes::get_shared } else { mailboxes::get },
                &["name", "parentId", "role", "sortOrder", "isSubscribed", "shareWith"],
            ),
            Self::EmailSet => kind(email::get, &["keywords", "mailboxIds"]),
            Self::IdentitySet => {
                kind(submission::identity_get, &["name", "replyTo", "bcc", "textSignature", "htmlSignature"])
            }
            Self::SubmissionSet => kind(submission::get, &["undoStatus"]),
            Self::BookSet => kind(contacts::book_get, &["name", "description", "sortOrder", "isSubscribed"]),
            Self::CardSet => kind(contacts::get, &["addressBookIds"]),
            Self::ScriptSet => kind(sorting::script_get, &["name", "blobId"]),
            Self::VacationSet => {
                kind(sorting::vacation_get, &["isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"])
            }
            Self::LabelSet => kind(labels::get, &["name", "color", "sortOrder"]),
            Self::RulesSet => kind(sorting::rules_get, &["rules", "isActive"]),
            Self::EmailImport
            | Self::EmailCopy
            | Self::BlobUpload
            | Self::BlobCopy
            | Self::MdnSend
            | Self::KeySet
            | Self::StatementsSet
            | Self::ReceiptSet
            | Self::PushSet
            | Self::ShareNoticeSet
            | Self::OutboundCheck => None,
        }
    }
}

enum Method {
    /// Reads from a snapshot.
    Read(Read),
    Change(Change),
}

/// Whether a request uses a capability.
fn uses(using: &[String], capability: &str) -> bool {
    using.iter().any(|used| used == capability)
}

/// The capability of a method, and the method.
fn method(name: &str, using: &[String]) -> Option<(&'static str, Method)> {
    let read = |capability, method: Read| Some((capability, Method::Read(method)));
    let change = |capability, method| Some((capability, Method::Change(method)));
    match name {
        "Core/echo" => read(CORE, |_, _, _, args| Ok(Value::Object(args.into_all()))),
        "PushSubscription/get" => read(CORE, push::subscription_get),
        "PushSubscription/set" => change(CORE, Change::PushSet),
        "Mailbox/get" if uses(using, MAIL_SHARE) => read(MAIL, mailboxes::get_shared),
        "Mailbox/get" => read(MAIL, mailboxes::get),
        "Mailbox/changes" => read(MAIL, mailboxes::changes),
        "Mailbox/query" => read(MAIL, mailboxes::query),
        "Mailbox/queryChanges" => read(MAIL, mailboxes::query_changes),
        "Thread/get" => read(MAIL, email::thread_get),
        "Thread/changes" => read(MAIL, email::thread_changes),
        "Email/get" => read(MAIL, email::get),
        "Email/changes" => read(MAIL, email::changes),
        "Email/query" => read(MAIL, email::query),
        "Email/queryChanges" => read(MAIL, email::query_changes),
        "Email/parse" => read(MAIL, email::parse),
        "SearchSnippet/get" => read(MAIL, email::snippets),
        "Mailbox/set" => change(MAIL, Change::MailboxSet),
        "Email/set" => change(MAIL, Change::EmailSet),
        "Email/import" => change(MAIL, Change::EmailImport),
        "Email/copy" => change(MAIL, Change::EmailCopy),
        "Identity/get" => read(SUBMISSION, submission::identity_get),
        "Identity/changes" => read(SUBMISSION, submission::identity_changes),
        "Identity/set" => change(SUBMISSION, Change::IdentitySet),
        "EmailSubmission/get" => read(SUBMISSION, submission::get),
        "EmailSubmission/changes" => read(SUBMISSION, submission::changes),
        "EmailSubmission/query" => read(SUBMISSION, submission::query),
        "EmailSubmission/queryChanges" => read(SUBMISSION, submission::query_changes),
        "EmailSubmission/set" => change(SUBMISSION, Change::SubmissionSet),
        "Quota/get" => read(QUOTA, quota::get),
        "Quota/changes" => read(QUOTA, quota::changes),
        "Quota/query" => read(QUOTA, quota::query),
        "Quota/queryChanges" => read(QUOTA, quota::query_changes),
        "Blob/get" => read(BLOB, blobs::get),
        "Blob/lookup" => read(BLOB, blobs::lookup),
        "Blob/upload" => change(BLOB, Change::BlobUpload),
        "Blob/copy" => change(CORE, Change::BlobCopy),
        "AddressBook/get" => read(CONTACTS, contacts::book_get),
        "AddressBook/changes" => read(CONTACTS, contacts::book_changes),
        "AddressBook/set" => change(CONTACTS, Change::BookSet),
        "ContactCard/get" => read(CONTACTS, contacts::get),
        "ContactCard/changes" => read(CONTACTS, contacts::changes),
        "ContactCard/query" => read(CONTACTS, contacts::query),
        "ContactCard/queryChanges" => read(CONTACTS, contacts::query_changes),
        "ContactCard/set" => change(CONTACTS, Change::CardSet),
        "ContactCard/copy" => read(CONTACTS, contacts::copy),
        "Label/get" => read(LABELS, labels::get),
        "Label/changes" => read(LABELS, labels::changes),
        "Label/set" => change(LABELS, Change::LabelSet),
        "MDN/parse" => read(MDN, mdn::parse),
        "MDN/send" => change(MDN, Change::MdnSend),
        "SieveScript/get" => read(SIEVE, sorting::script_get),
        "SieveScript/query" => read(SIEVE, sorting::script_query),
        "SieveScript/validate" => read(SIEVE, sorting::script_validate),
        "SieveScript/set" => change(SIEVE, Change::ScriptSet),
        "VacationResponse/get" => read(VACATION, sorting::vacation_get),
        "VacationResponse/set" => change(VACATION, Change::VacationSet),
        "Rules/get" => read(RULES, sorting::rules_get),
        "Rules/set" => change(RULES, Change::RulesSet),
        "OutboundCheck/get" => change(OUTBOUND, Change::OutboundCheck),
        "Principal/get" => read(PRINCIPALS, principals::get),
        "Principal/changes" => read(PRINCIPALS, principals::changes),
        "Principal/set" => read(PRINCIPALS, principals::set),
        "Principal/query" => read(PRINCIPALS, principals::query),
        "Principal/queryChanges" => read(PRINCIPALS, principals::query_changes),
        "ShareNotification/get" => read(PRINCIPALS, share_notices::get),
        "ShareNotification/changes" => read(PRINCIPALS, share_notices::changes),
        "ShareNotification/set" => change(PRINCIPALS, Change::ShareNoticeSet),
        "ShareNotification/query" => read(PRINCIPALS, share_notices::query),
        "ShareNotification/queryChanges" => read(PRINCIPALS, share_notices::query_changes),
        _ => of_keys(name)
            .map(|method| (KEYS, method))
            .or_else(|| told_of_mail(name).map(|(capability, method)| (capability, Method::Read(method)))),
    }
}

/// What there is to do with keys.
fn of_keys(name: &str) -> Option<Method> {
    Some(match name {
        "CryptoKey/get" => Method::Read(keys::get),
        "CryptoKey/set" => Method::Change(Change::KeySet),
        "KeyStatements/get" => Method::Read(statements::get),
        "KeyStatements/set" => Method::Change(Change::StatementsSet),
        "EncryptionOnReceipt/get" => Method::Read(on_receipt::get),
        "EncryptionOnReceipt/set" => Method::Change(Change::ReceiptSet),
        "DirectoryKey/get" => Method::Read(directory::get),
        "CorrespondentKey/get" => Method::Read(keys::correspondents_get),
        _ => return None,
    })
}

/// What our own extensions tell of messages and recipients.
fn told_of_mail(name: &str) -> Option<(&'static str, Read)> {
    Some(match name {
        "Verdict/get" => (VERDICT, verdicts::get),
        "EmailSender/get" => (VERDICT, senders::get),
        "EmailBody/get" => (BODY, email::shown_get),
        "RecipientProtection/get" => (PROTECTION, protection::recipients_get),
        "MessageProtection/get" => (PROTECTION, protection::messages_get),
        _ => return None,
    })
}

/// A request under way.
struct Running {
    using: Vec<String>,
    ahead: VecDeque<Call>,
    response: Response,
    created: Created,
    tries: u32,
}

/// What the next call is.
enum Next {
    Read(Read, Object),
    Change(Change, Object),
    Failed(MethodError),
}

impl Running {
    /// What the next call is, if there is one.
    fn next(&self) -> Option<(String, String, Next)> {
        let call = self.ahead.front()?;
        let unknown = || MethodError::new(MethodErrorKind::UnknownMethod, "no such method among the capabilities used");
        let next = match method(&call.name, &self.using).filter(|(capability, _)| uses(&self.using, capability)) {
            None => Next::Failed(unknown()),
            Some((_, method)) => match (call.resolve(&self.response), method) {
                (Err(error), _) => Next::Failed(error),
                (Ok(arguments), Method::Read(read)) => Next::Read(read, arguments),
                (Ok(arguments), Method::Change(change)) => Next::Change(change, arguments),
            },
        };
        Some((call.name.clone(), call.id.clone(), next))
    }

    /// The next call is done.
    fn finish(&mut self, name: &str, id: &str, outcome: Result<Value, Failure>) {
        self.ahead.pop_front();
        self.tries = 0;
        match outcome {
            Ok(answer) => self.response.answer(name, answer, id),
            Err(failure) => self.response.fail(&failure.into_method(), id),
        }
    }

    /// Runs calls on one snapshot until one must change something.
    fn read(&mut self, server: &Server, asker: &Asker, tx: &mut Tx<'_>) {
        while let Some((name, id, next)) = self.next() {
            let outcome = match next {
                Next::Change(..) => return,
                Next::Failed(error) => Err(error.into()),
                Next::Read(read, arguments) => read(server, tx, asker, Args::new(arguments)),
            };
            if matches!(outcome, Err(Failure::Behind)) && self.tries < TRIES_MAX {
                self.tries += 1;
                return;
            }
            self.finish(&name, &id, outcome);
        }
    }
}

impl Server {
    /// Carries out a request.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read at all.
    pub(crate) async fn run(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        request: Request,
        session_state: String,
    ) -> Result<Response, StoreError> {
        let Request { using, calls, created_ids } = request;
        let created = Created(created_ids.clone().unwrap_or_default());
        let response = Response::new(created_ids, session_state);
        let mut running = Running { using, ahead: calls.into(), response, created, tries: 0 };
        while let Some((name, id, next)) = running.next() {
            match next {
                Next::Change(change, arguments) => {
                    let outcome = self.change(asker, &mut running, change, arguments).await;
                    let (outcome, following) = match outcome {
                        Ok(Answers { answer, following }) => (Ok(answer), following),
                        Err(failure) => (Err(failure), Vec::new()),
                    };
                    running.finish(&name, &id, outcome);
                    for (name, arguments) in following.into_iter().rev() {
                        let Value::Object(arguments) = arguments else { continue };
                        running.ahead.push_front(Call { name: name.to_owned(), arguments, id: id.clone() });
                    }
                }
                Next::Failed(error) => running.finish(&name, &id, Err(error.into())),
                Next::Read(..) => {
                    let (server, asker) = (Arc::clone(self), Arc::clone(asker));
                    running = self
                        .store
                        .read(move |tx| {
                            running.read(&server, &asker, tx);
                            Ok::<_, StoreError>(running)
                        })
                        .await?;
                }
            }
        }
        self.count_searches(asker.account()).await;
        Ok(running.response)
    }

    /// Has the trade guard know that invoices or accounts were searched for.
    async fn count_searches(&self, account: i64) {
        if !self.searched.lock().remove(&account) {
            return;
        }
        // A store that is full for the moment must not keep anybody from reading.
        if let Err(error) = self.store.write(move |tx| guard::searches::note(tx, account)).await {
            tracing::warn!(%error, "a search cannot be counted");
        }
    }

    async fn change(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        running: &mut Running,
        change: Change,
        mut arguments: Object,
    ) -> Result<Answers, Failure> {
        let shares = uses(&running.using, MAIL_SHARE);
        if let Some(kind) = change.kind(shares) {
            unchanged::leave_out(self, asker, &running.created, kind, &mut arguments).await?;
        }
        let args = Args::new(arguments);
        let created = &mut running.created;
        let before = created.0.clone();
        let outcome = match change {
            Change::MailboxSet => mailboxes::set(self, asker, created, args, shares).await,
            Change::EmailSet => email::set(self, asker, created, args).await,
            Change::EmailImport => email::import(self, asker, created, args).await,
            Change::EmailCopy => email::copy(self, asker, created, args).await,
            Change::IdentitySet => submission::identity_set(self, asker, created, args).await,
            Change::SubmissionSet => submission::set(self, asker, created, args).await,
            Change::BlobUpload => blobs::upload(self, asker, created, args).await,
            Change::BlobCopy => blobs::copy(self, asker, args).await,
            Change::BookSet => contacts::book_set(self, asker, created, args).await,
            Change::CardSet => contacts::set(self, asker, created, args).await,
            Change::ScriptSet => sorting::script_set(self, asker, created, args).await,
            Change::VacationSet => sorting::vacation_set(self, asker, args).await,
            Change::RulesSet => sorting::rules_set(self, asker, args).await,
            Change::KeySet => keys::set(self, asker, created, args).await,
            Change::StatementsSet => statements::set(self, asker, args).await,
            Change::ReceiptSet => on_receipt::set(self, asker, args).await,
            Change::LabelSet => labels::set(self, asker, created, args).await,
            Change::PushSet => push::subscription_set(self, asker, created, args).await,
            Change::ShareNoticeSet => share_notices::set(self, asker, args).await,
            Change::OutboundCheck => outbound::check(self, asker, args).await,
            Change::MdnSend => mdn::send(self, asker, created, args).await,
        };
        for (name, id) in created.0.iter().filter(|(name, id)| before.get(*name) != Some(*id)) {
            running.response.note_created(name, id);
        }
        outcome
    }
}
