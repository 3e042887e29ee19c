//! A server with an account, and short ways to use it.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue};
use identity::{AccountKind, Hasher, Language, Level, Method, NewAccount, Principal, Role, Scope, SignIn, Standing};
use letters::foresight::{Asked, Basis, Connection, Foreseen, Foresight, Hindrance, Intent, Protection, Voucher};
use letters::{NotSent, Noting, Outbox, Outgoing};
use mail::protection::Means;
use mailbox::{Flags, Prepared};
use parking_lot::Mutex;
use resolver::fixed::FixedResolver;
use serde_json::{Value, json};
use store::testing::TestStore;
use store::{Store, Tx};
use wire::jmap::{Limits, Request};

use crate::ids::{BlobId, read, show};
use crate::reach::Reach;
use crate::session::CAPABILITIES;
use crate::{Asker, BrowserSessions, JmapSettings, NoSession, Server, ServerParts};

struct NoBrowsers;

#[async_trait]
impl BrowserSessions for NoBrowsers {
    async fn find(
        &self,
        _: &HeaderMap,
        _: std::net::SocketAddr,
    ) -> Result<(Principal, Option<HeaderValue>), NoSession> {
        Err(NoSession::Missing)
    }
}

/// Puts mail into the queue as submission does, without its rules; refuses what is for nobody@.
struct Queued(Store, Letters);

/// What was sent, in order.
type Letters = Arc<Mutex<Vec<Outgoing>>>;

#[async_trait]
impl Outbox for Queued {
    async fn send(&self, letter: Outgoing, noting: Noting) -> Result<Vec<i64>, NotSent> {
        let refused = letter.recipients.iter().filter(|to| to.starts_with("nobody@"));
        let refused: Vec<(String, String)> = refused.map(|to| (to.clone(), "no such mailbox".to_owned())).collect();
        if !refused.is_empty() {
            return Err(NotSent::Recipients(refused));
        }
        let Some(due) = letter.hold_until else {
            let noted = self.0.write(move |tx| noting(tx, &[])).await;
            noted.map_err(|error| NotSent::Temporary(error.to_string()))?;
            self.1.lock().push(letter);
            return Ok(Vec::new());
        };
        let context = self.0.context();
        let mut prepared = Prepared::new(&letter.body, context);
        let blob = self.0.stage(prepared.take_record()).await.unwrap();
        let recipients: Vec<queue::NewRecipient> = letter.recipients.iter().map(queue::NewRecipient::new).collect();
        let now = context.clock.now();
        let queued = self.0.write(move |tx| {
            blob.attach(tx, 1)?;
            let message = queue::NewMessage {
                organisation: letter.principal.organisation,
                blob: blob.id(),
                key: prepared.key(),
                envelope: queue::Envelope { reverse_path: letter.from.clone(), ..queue::Envelope::default() },
                size: prepared.size(),
                created: now,
                expires: due.plus(std::time::Duration::from_secs(3600)),
                due,
                held: false,
            };
            let queued = queue::enqueue(tx, &message, &recipients).unwrap();
            noting(tx, &[queued])?;
            Ok::<_, store::StoreError>(queued)
        });
        Ok(vec![queued.await.unwrap()])
    }
}

/// What protects mail under a rule of the organisation that asks for a proven connection, the portal, or neither; who is called `keyed` is a
/// colleague with a key. What the deliverer knows beside is
/// tried with the running server.
struct Rules;

impl Foresight for Rules {
    fn foresee(&self, tx: &mut Tx<'_>, asked: Asked<'_>) -> Result<Foreseen, store::StoreError> {
        if asked.recipient.starts_with("keyed@") {
            return Ok(Foreseen {
                protection: Protection::Here,
                is_signed: false,
                connection: None,
                hindrance: None,
                demands: Vec::new(),
                offers: vec![Intent::EndToEnd],
            });
        }
        let demands = queue::demands::of(tx, asked.organisation, &[asked.recipient.to_owned()]).unwrap();
        let needs_portal = demands.iter().any(|demand| !demand.names(Means::VerifiedTls));
        let connection = Connection { voucher: Some(Voucher::Rule), basis: Basis::Rule, last: None };
        Ok(Foreseen {
            protection: if needs_portal { Protection::KeptBack } else { Protection::VerifiedTls },
            is_signed: false,
            connection: (!needs_portal).then_some(connection),
            hindrance: needs_portal.then_some((Hindrance::NotProtected, false)),
            demands: demands.iter().map(|demand| demand.means().to_vec()).collect(),
            offers: if needs_portal { vec![Intent::Portal] } else { Vec::new() },
        })
    }
}

/// A server, and somebody who asks it.
pub(super) struct Desk {
    pub(super) store: TestStore,
    pub(super) server: Arc<Server>,
    pub(super) asker: Arc<Asker>,
    pub(super) account: i64,
    /// Somebody else of the same organisation.
    pub(super) other: Arc<Asker>,
    pub(super) inbox: i64,
    letters: Letters,
}

impl Desk {
    pub(super) async fn open(store: TestStore) -> Self {
        Self::open_with(store, JmapSettings::default(), FixedResolver::default()).await
    }

    pub(super) async fn open_with(store: TestStore, settings: JmapSettings, dns: FixedResolver) -> Self {
        let (organisation, account, other) = store.write(make).await.unwrap();
        let letters = Letters::default();
        let server = server_with(&store, &letters, settings, dns);
        let inbox = store.read(move |tx| mailbox::mailboxes::list(tx, account)).await.unwrap()[0].id;
        let asker = |account| {
            Arc::new(Asker { principal: principal(organisation, account), peer: IpAddr::from([127, 0, 0, 1]) })
        };
        Self { server, account, inbox, asker: asker(account), other: asker(other), store, letters }
    }

    /// Answers to some calls, each with its method.
    pub(super) async fn ask(&self, asker: &Arc<Asker>, calls: &[(&str, Value)]) -> Vec<(String, Value)> {
        let calls: Vec<Value> =
            calls.iter().enumerate().map(|(at, (name, args))| json!([name, args, at.to_string()])).collect();
        let request = json!({ "using": CAPABILITIES, "methodCalls": calls });
        let limits = Limits { size_bytes_max: 10 << 20, calls_max: 64 };
        let request = Request::read(request, CAPABILITIES, limits).unwrap();
        let response = self.server.run(asker, request, "s".to_owned()).await.unwrap();
        response.answers().iter().map(|(name, answer, _)| (name.clone(), answer.clone())).collect()
    }

    /// The answer to one call about one's own account, which must not fail.
    pub(super) async fn call(&self, name: &str, arguments: Value) -> Value {
        let (answered, answer) = self.try_call(name, arguments).await;
        assert_eq!(answered, name, "{answer}");
        answer
    }

    /// The kind of error that a call gives.
    pub(super) async fn refused(&self, name: &str, arguments: Value) -> String {
        let (answered, answer) = self.try_call(name, arguments).await;
        assert_eq!(answered, "error", "{answer}");
        answer["type"].as_str().unwrap().to_owned()
    }

    async fn try_call(&self, name: &str, mut arguments: Value) -> (String, Value) {
        if arguments.get("accountId").is_none() {
            arguments["accountId"] = show(self.account).into();
        }
        self.ask(&self.asker, &[(name, arguments)]).await.remove(0)
    }

    /// Puts a message into a mailbox, as IMAP does; gives its identifier.
    pub(super) async fn append(&self, mailbox: i64, raw: &str, flags: u8) -> String {
        let context = self.store.context();
        let mut prepared = Prepared::new(raw.replace('\n', "\r\n").as_bytes(), context);
        let blob = self.store.stage(prepared.take_record()).await.unwrap();
        let (account, received) = (self.account, context.clock.now());
        let appended = self.store.write(move |tx| {
            blob.attach(tx, 1)?;
            mailbox::append(tx, account, mailbox, &prepared, blob.id(), Flags::system(flags), received)
        });
        show(appended.await.unwrap().message)
    }

    /// Has the trade guard know a company.
    pub(super) async fn know_partner(&self, domain: &'static str, contact: guard::knowledge::Contact) {
        use guard::rows::{PartnerRow, Rows as _};
        let organisation = self.asker.principal.organisation;
        let work = move |tx: &mut Tx<'_>| {
            let context = tx.context();
            let mut shelf = guard::Shelf::open(tx, organisation)?;
            shelf.update::<PartnerRow, _>(domain, |row| {
                row.partner.name = domain.to_owned();
                row.partner.domains.push(domain.to_owned());
                row.partner.contact = contact;
            })?;
            let changes = shelf.changes(&*context.entropy);
            guard::save(tx, organisation, &changes)
        };
        self.store.write(work).await.unwrap();
    }

    /// What was sent at once, in order.
    pub(super) fn sent(&self) -> Vec<Outgoing> {
        self.letters.lock().clone()
    }

    /// The octets of a blob of one's own account.
    pub(super) async fn read_blob(&self, id: &str) -> Option<Vec<u8>> {
        let (blob, account, handle) = (BlobId::read(id).unwrap(), self.account, self.store.handle());
        let read = move |tx: &mut Tx<'_>| {
            let reach = Reach::of(tx, account, &show(account))?;
            crate::blob::read(tx, handle.blobs(), &reach, &blob)
        };
        self.store.read(read).await.unwrap()
    }

    /// The mailbox with a role.
    pub(super) async fn role(&self, role: &str) -> i64 {
        let found = self.call("Mailbox/query", json!({ "filter": { "role": role } })).await;
        read(found["ids"][0].as_str().unwrap()).unwrap()
    }
}

/// A server on the store, with nothing in memory yet.
pub(super) fn server(store: &TestStore) -> Arc<Server> {
    server_with(store, &Letters::default(), JmapSettings::default(), FixedResolver::default())
}

fn server_with(store: &TestStore, letters: &Letters, settings: JmapSettings, dns: FixedResolver) -> Arc<Server> {
    let handle = store.handle();
    let hasher = Hasher::new(Arc::clone(&handle.context().entropy));
    let parts = ServerParts {
        sign_in: Arc::new(SignIn::new(handle.clone(), hasher)),
        outbound: outbound::Outbound::new(handle.clone(), None),
        store: handle,
        browsers: Arc::new(NoBrowsers),
        public_url: "https://mail.trade.test".to_owned(),
        outbox: Arc::new(Queued(store.handle(), Arc::clone(letters))),
        foresight: Arc::new(Rules),
        judge: Arc::new(filter::Judge::shipped().unwrap()),
        hold_seconds_max: 3600.into(),
        outside: scripts::Outside::default(),
        access: env::Watched::default(),
        dns: Arc::new(dns),
    };
    Server::new(parts, settings.into())
}

fn make(tx: &mut Tx<'_>) -> Result<(i64, i64, i64), identity::IdentityError> {
    let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
    identity::create_domain(tx, organisation, "trade.test")?;
    let mut accounts = Vec::new();
    for address in ["li@trade.test", "wang@trade.test"] {
        let new = NewAccount {
            organisation,
            address,
            name: address,
            role: Role::Sales,
            language: Language::Chinese,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        };
        let account = identity::create_account(tx, &new)?;
        let made = mailbox::mailboxes::create_defaults(tx, account);
        made.map_err(|error| identity::IdentityError::Store(store::StoreError::Corrupt { what: error.to_string() }))?;
        accounts.push(account);
    }
    Ok((organisation, accounts[0], accounts[1]))
}

fn principal(organisation: i64, account: i64) -> Principal {
    Principal {
        account,
        organisation,
        address: "li@trade.test".to_owned(),
        role: Role::Sales,
        language: Language::Chinese,
        method: Method::Password,
        session: None,
        strong_at: None,
        scope: Scope::ALL,
        standing: Standing::default(),
    }
}
