//! An organisation with two people, and a stranger who is held wherever somebody can be.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use audit::{Leaf, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::keys::MessageKey;
use env::SeededEntropy;
use guard::{Direction, Mailbox, Subject, Taught};
use identity::groups::{self, Member, NewGroup};
use identity::lists::{self, NewEntry};
use identity::{AccountKind, Effect, EntryKind, Language, Level, NewAccount, Role, Senders};
use keybook::Origin;
use letters::Mailer;
use mail::protection::{Demand, Means};
use mailbox::{FlagChange, Flags, Name, Prepared, UidRange, mailboxes};
use openpgp::{KeyVersion, PreferEncrypt, PrivateKey, Wish};
use portal::{Lock, LockKind, Part, Place, PortalSettings, PreparedChunk};
use queue::{NewMessage, NewRecipient};
use signing::{Signer, SigningSettings};
use store::testing::{Engine, TestStore};
use store::{Tx, params};
use subjects::{
    By, Cards, Erased, Found, Kind, Letter, LetterKind, NewConsent, NewRequest, Regime, Removal, Report, Request,
    SubjectError, SubjectSettings,
};

/// Who asks.
pub(crate) const STRANGER: &str = "chen@far.example";

pub(crate) fn by() -> By {
    By { account: None, name: "security@trade.test".to_owned() }
}

pub(crate) fn new(kind: Kind, addresses: &[&str], language: Language) -> NewRequest {
    NewRequest {
        kind,
        regime: Regime::Gdpr,
        name: "Chen".to_owned(),
        addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        answer_to: None,
        language,
        received: None,
        note: "Please tell me.".to_owned(),
    }
}

/// One account has a card of the stranger, until it is erased.
pub(crate) struct OneCard(AtomicI64);

impl Cards for OneCard {
    fn count(&self, _tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, SubjectError> {
        let is_his = addresses.iter().any(|it| it == STRANGER);
        Ok(u64::from(is_his && self.0.load(Ordering::SeqCst) == account))
    }

    fn forget(&self, tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, SubjectError> {
        let had = self.count(tx, account, addresses)?;
        if had > 0 {
            self.0.store(0, Ordering::SeqCst);
        }
        Ok(had)
    }
}

pub(crate) struct Office {
    pub(crate) store: TestStore,
    pub(crate) organisation: i64,
    pub(crate) other: i64,
    pub(crate) li: i64,
    pub(crate) wang: i64,
    pub(crate) cards: Arc<OneCard>,
}

impl Office {
    pub(crate) async fn open(store: TestStore) -> Self {
        let make = |tx: &mut Tx<'_>| {
            let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            let other = identity::create_organisation(tx, "Other", Level::Basic)?;
            identity::create_domain(tx, other, "other.test")?;
            let mut person = |organisation: i64, address: &str| {
                let new = NewAccount {
                    organisation,
                    address,
                    name: "Li",
                    role: Role::Sales,
                    language: Language::Chinese,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: None,
                };
                let account = identity::create_account(tx, &new)?;
                mailboxes::create_defaults(tx, account)?;
                Ok::<_, SubjectError>(account)
            };
            let (li, wang) = (person(organisation, "li@trade.test")?, person(organisation, "wang@trade.test")?);
            person(other, "out@other.test")?;
            Ok::<_, SubjectError>((organisation, other, li, wang))
        };
        let (organisation, other, li, wang) = store.write(make).await.unwrap();
        Self { store, organisation, other, li, wang, cards: Arc::new(OneCard(AtomicI64::new(0))) }
    }

    pub(crate) async fn change<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, SubjectError> + Send + 'static,
    ) -> Result<T, SubjectError> {
        let organisation = self.organisation;
        self.store.write(move |tx| work(tx, organisation)).await
    }

    pub(crate) async fn enter(&self, kind: Kind, addresses: &[&str]) -> Request {
        self.enter_in(kind, addresses, Language::English).await
    }

    pub(crate) async fn enter_in(&self, kind: Kind, addresses: &[&str], language: Language) -> Request {
        let new = new(kind, addresses, language);
        self.change(move |tx, it| subjects::open(tx, it, &new, &by(), &SubjectSettings::default())).await.unwrap()
    }

    pub(crate) async fn identify(&self, id: i64) {
        // Answers to somebody whose account goes have to go elsewhere.
        let how = ("a letter was answered", Some("asker@home.example"));
        self.change(move |tx, it| subjects::identify(tx, it, id, how, &by())).await.unwrap();
    }

    pub(crate) async fn load(&self, id: i64) -> Request {
        self.change(move |tx, it| subjects::load(tx, it, id)).await.unwrap()
    }

    pub(crate) async fn search(&self, id: i64) -> Found {
        subjects::search(&self.store, Arc::clone(&self.cards) as _, self.organisation, id, by()).await.unwrap()
    }

    pub(crate) async fn erase(&self, id: i64, removal: Option<Removal>) -> Result<Erased, SubjectError> {
        subjects::erase(&self.store, Arc::clone(&self.cards) as _, self.organisation, id, removal, by()).await
    }

    pub(crate) async fn report(&self, id: i64) -> Result<Report, SubjectError> {
        let (cards, language) = (Arc::clone(&self.cards) as _, Language::English);
        subjects::report(&self.store, cards, self.organisation, id, language, by()).await
    }

    pub(crate) async fn send(&self, request: i64, letter: i64) -> Result<String, SubjectError> {
        subjects::send(&self.store, &self.mailer(), self.organisation, (request, letter), by()).await
    }

    pub(crate) fn mailer(&self) -> Mailer {
        let store = self.store.handle();
        let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
        Mailer::new(store, signer, "mail.trade.test".to_owned())
    }

    /// The text of the newest message in the queue.
    pub(crate) async fn newest_letter(&self) -> String {
        let read = |tx: &mut Tx<'_>| {
            let newest = tx.row("SELECT MAX(id) FROM queue_message", params![], |row| row.int(0))?.unwrap_or(0);
            Ok::<_, SubjectError>(queue::content(tx, newest)?.unwrap())
        };
        let content = self.store.read(read).await.unwrap();
        let raw = content.read(self.store.blobs()).unwrap();
        let structure = mail::message::Structure::parse(&raw);
        mail::message::text::part_text(&raw, structure.parts.iter().find(|part| part.children == 0).unwrap()).unwrap()
    }

    pub(crate) async fn draft(&self, request: i64, kind: LetterKind) -> Letter {
        let all = self.change(move |tx, it| subjects::letters(tx, it, request)).await.unwrap();
        all.into_iter().find(|it| it.kind == kind).unwrap()
    }

    pub(crate) async fn queued(&self) -> u64 {
        self.store.read(queue::counts).await.unwrap().messages
    }

    /// Everything in the store still fits together.
    pub(crate) async fn whole(&self) {
        let report = store::check::run(&self.store, true).await.unwrap();
        assert_eq!(report.findings, []);
    }

    pub(crate) async fn put(&self, account: i64, folder: &str, from: &str, to: &str, subject: &str) -> u32 {
        let raw = format!("From: Chen <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nthe secret price\r\n");
        let mut prepared = Prepared::new(raw.as_bytes(), self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        let name = Name::parse(folder).unwrap();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            let mailbox = mailboxes::find(tx, account, &name)?.unwrap().id;
            mailbox::append(tx, account, mailbox, &prepared, staged.id(), Flags::system(0), tx.now())
        };
        self.store.write(work).await.unwrap().uid
    }

    async fn remove(&self, account: i64, uid: u32) {
        let work = move |tx: &mut Tx<'_>| {
            let mailbox = mailboxes::find(tx, account, &Name::inbox())?.unwrap().id;
            let uids = [UidRange::one(uid)];
            mailbox::store_flags(tx, account, mailbox, &uids, FlagChange::Add(Flags::system(Flags::DELETED)), None)?;
            mailbox::expunge(tx, account, mailbox, None)
        };
        self.store.write(work).await.unwrap();
    }

    /// A message of somebody outside waits to be learned from.
    pub(crate) async fn teach(&self, number: i64, address: &'static str) {
        let mailbox_of = |name: &str, address: &str| {
            let host = address.rsplit('@').next().unwrap().to_owned();
            Mailbox { name: name.to_owned(), address: address.to_owned(), domain: host.clone(), host }
        };
        let subject = Subject {
            message_id: format!("{number}@far.example"),
            date: self.store.context().clock.now(),
            from: mailbox_of("Chen Xiaolong", address),
            to: vec![mailbox_of("Li", "li@trade.test")],
            direction: Direction::In,
            ..Subject::default()
        };
        let taught = Taught { subject, details: Vec::new(), takes_details: false };
        let work = move |tx: &mut Tx<'_>, it: i64| {
            let key = tx.context().keys.organisation(tx, it)?;
            let place = "guard_lesson.detail";
            let sealed = store::sealed::seal(&key, &*tx.context().entropy, place, number, &taught).unwrap();
            let sql = "INSERT INTO guard_lesson (id, organisation, detail) VALUES ($1, $2, $3)";
            tx.execute(sql, params![number, it, &sealed])?;
            Ok(())
        };
        self.change(work).await.unwrap();
    }

    /// The stranger is in mail, removed mail, keys, lists, and wherever else.
    pub(crate) async fn hold_the_stranger_everywhere(&self) {
        self.cards.0.store(self.li, Ordering::SeqCst);
        self.put(self.li, "INBOX", STRANGER, "li@trade.test", "quotation of valves").await;
        self.put(self.li, "INBOX", "xchen@far.example", "li@trade.test", "somebody else").await;
        let old = self.put(self.li, "INBOX", STRANGER, "li@trade.test", "old").await;
        self.remove(self.li, old).await;
        self.put(self.wang, "Sent", "wang@trade.test", STRANGER, "re: quotation").await;
        self.teach(1, STRANGER).await;
        guard::Guard::new(self.store.handle()).study().await.unwrap();
        let (li, key) = (self.li, pgp_key());
        let certificate = key.certificate();
        let work = move |tx: &mut Tx<'_>, it: i64| {
            keybook::learn(tx, it, STRANGER, &certificate, (Origin::Given, PreferEncrypt::Mutual))?;
            for effect in [Effect::Allow, Effect::Deny] {
                let new = NewEntry {
                    effect,
                    kind: EntryKind::Address,
                    value: STRANGER.to_owned(),
                    owner: "security".to_owned(),
                    reason: "tried".to_owned(),
                    expires: None,
                    unauthenticated: false,
                    despite_policy: false,
                };
                lists::add(tx, it, new)?;
            }
            let group = NewGroup { organisation: it, name: "Buyers", address: None, senders: Senders::Anyone };
            let group = groups::create_group(tx, &group)?;
            groups::add_member(tx, group, &Member::Outside(STRANGER.to_owned()))?;
            queue::demands::set(tx, it, STRANGER, &Demand::new(&[Means::VerifiedTls]).unwrap())?;
            let new = NewConsent {
                name: "Chen".to_owned(),
                address: STRANGER.to_owned(),
                purpose: "letters".to_owned(),
                evidence: "form".to_owned(),
                given: None,
                by: "security".to_owned(),
            };
            subjects::add_consent(tx, it, &new)?;
            traced(tx, it, STRANGER, "li@trade.test")?;
            traced(tx, it, "xchen@far.example", "li@trade.test")?;
            while trace::index(tx)? > 0 {}
            traced(tx, it, "wang@trade.test", STRANGER)?;
            judged(tx, it, li)
        };
        self.change(work).await.unwrap();
        self.deliver_by_portal().await;
        self.keep_waiting().await;
    }

    async fn deliver_by_portal(&self) {
        let (li, settings) = (self.li, PortalSettings::default());
        let show = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let new = portal::New {
            to: STRANGER.to_owned(),
            language: "en".to_owned(),
            lock: Lock { kind: LockKind::Password, salt: show(&[1; 16]), memory_kib: 65_536, passes: 3, lanes: 1 },
            proof: show(&[9; 32]),
            key: show(&[2; 60]),
            reply_key: show(&[3; 32]),
            reply_secret: show(&[4; 60]),
            own: show(&[5; 100]),
            telephone: None,
            days: 0,
            openings: 3,
        };
        let of = settings.clone();
        let made = self.store.write(move |tx| portal::create(tx, li, &new, &of)).await.unwrap();
        let mut chunk = PreparedChunk::new(vec![7; 100], self.store.context()).unwrap();
        let staged = self.store.stage(chunk.take_record()).await.unwrap();
        let place = Place { account: li, delivery: made.id, reply: 0, part: 0, number: 0 };
        let name = made.name().to_owned();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            portal::keep_chunk(tx, place, &chunk, staged.id(), &settings)?;
            portal::send(tx, li, &name, &[Part { chunks: 1 }], &settings)
        };
        self.store.write(work).await.unwrap();
    }

    /// A message from him in quarantine for Li, and one to him in the queue.
    async fn keep_waiting(&self) {
        let li = self.li;
        for number in [1, 2] {
            let mut prepared = Prepared::new(b"Subject: waits\r\n\r\nx\r\n", self.store.context());
            let staged = self.store.stage(prepared.take_record()).await.unwrap();
            let now = self.store.context().clock.now();
            let work = move |tx: &mut Tx<'_>, it: i64| {
                staged.attach(tx, 1)?;
                if number == 1 {
                    return quarantined(tx, it, li, (staged.id(), prepared.key()));
                }
                let message = NewMessage {
                    organisation: it,
                    blob: staged.id(),
                    key: prepared.key(),
                    envelope: queue::Envelope::default(),
                    size: 10,
                    created: now,
                    expires: now.plus(Duration::from_secs(86_400)),
                    due: now,
                    held: false,
                };
                queue::enqueue(tx, &message, &[NewRecipient::new(STRANGER)])?;
                Ok(())
            };
            self.change(work).await.unwrap();
        }
    }

    /// Octets that stand in the database for the stranger: hashes of his address in keys, in reputations, among correspondents, in the
    /// index of the message trace.
    pub(crate) async fn canaries(&self) -> [Vec<u8>; 4] {
        let work = |tx: &mut Tx<'_>, it: i64| {
            let key = tx.context().keys.organisation(tx, it)?;
            let reputation = tx.context().keys.region().hashing().hash_i64(reputation_of().as_bytes());
            let mark = key.hashing().hash_i64(format!("trace address {STRANGER}").as_bytes());
            Ok([
                key.hashing().hash(format!("pgp:{STRANGER}").as_bytes()).to_vec(),
                reputation.to_be_bytes().to_vec(),
                key.hashing().hash_i64(format!("sent to {STRANGER}").as_bytes()).to_be_bytes().to_vec(),
                mark.to_be_bytes().to_vec(),
            ])
        };
        self.change(work).await.unwrap()
    }

    /// Which of these lie in some file of an embedded store, its log included; or in their tables of a database server.
    pub(crate) async fn lying(&self, canaries: &[Vec<u8>; 4]) -> [bool; 4] {
        if let Some(directory) = self.store.directory() {
            return canaries.each_ref().map(|canary| lies_below(directory, canary));
        }
        let [pgp, reputation, sent, mark] = canaries.clone();
        let number = |octets: Vec<u8>| i64::from_be_bytes(octets.try_into().unwrap());
        let work = move |tx: &mut Tx<'_>| {
            let mut is_there = |sql, value: store::Value<'_>| {
                Ok::<_, SubjectError>(tx.row(sql, &[value], |row| row.int(0))?.unwrap_or(0) > 0)
            };
            Ok::<_, SubjectError>([
                is_there("SELECT COUNT(*) FROM pgp_partner WHERE address = $1", (&pgp).into())?,
                is_there("SELECT COUNT(*) FROM reputation WHERE mark = $1", number(reputation.clone()).into())?,
                is_there("SELECT COUNT(*) FROM sent_to WHERE recipient = $1", number(sent.clone()).into())?,
                is_there("SELECT COUNT(*) FROM trace_mark WHERE mark = $1", number(mark.clone()).into())?,
            ])
        };
        self.store.read(work).await.unwrap()
    }
}

fn reputation_of() -> String {
    format!("reputation sender {STRANGER}")
}

fn lies_below(directory: &Path, canary: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return lies_below(&path, canary);
        }
        std::fs::read(&path).unwrap().windows(canary.len()).any(|window| window == canary)
    })
}

fn pgp_key() -> PrivateKey {
    let addresses = [STRANGER.to_owned()];
    let valid_for = Duration::from_secs(365 * 86_400);
    let wish = Wish { name: "Chen", addresses: &addresses, version: KeyVersion::V4, valid_for };
    PrivateKey::generate(&wish, env::Timestamp::from_seconds(1_800_000_000), &SeededEntropy::new(5)).unwrap()
}

fn sender_mark(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<u8>, SubjectError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash_i64(format!("mail mark sender {STRANGER}").as_bytes()).to_le_bytes().to_vec())
}

/// What is kept of judged mail of his, how he behaved, and that Li wrote to him.
fn judged(tx: &mut Tx<'_>, organisation: i64, li: i64) -> Result<(), SubjectError> {
    let (marks, now, id) = (sender_mark(tx, organisation)?, tx.now().millis(), tx.next_id());
    tx.execute(
        "INSERT INTO judged (id, organisation, at, direction, action, marks, detail) VALUES ($1, $2, $3, 'in', 'deliver', $4, $4)",
        params![id, organisation, now, &marks],
    )?;
    let mark = tx.context().keys.region().hashing().hash_i64(reputation_of().as_bytes());
    tx.execute(
        "INSERT INTO reputation (mark, organisation, good, bad, told, seen, at) VALUES ($1, $2, 1, 0, 0, 0, $3)",
        params![mark, organisation, now],
    )?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let hash = key.hashing().hash_i64(format!("sent to {STRANGER}").as_bytes());
    tx.execute("INSERT INTO sent_to (account, recipient, last) VALUES ($1, $2, $3)", params![li, hash, now])?;
    Ok(())
}

/// That a message came or went.
fn traced(tx: &mut Tx<'_>, organisation: i64, from: &str, to: &str) -> Result<(), SubjectError> {
    let (id, at) = (tx.next_id(), tx.now());
    let reply =
        trace::Reply { host: "mx.far.example".to_owned(), text: format!("<{to}> is fine"), ..Default::default() };
    let attempted =
        trace::What::Attempted { to: vec![to.to_owned()], more: 0, reply, result: "relayed".to_owned(), until: None };
    let new = trace::New {
        traced: trace::Traced { organisation, id },
        at,
        direction: trace::Direction::In,
        outcome: trace::Outcome::Delivered,
        verdict: trace::Found::Deliver,
        open: 0,
        size: 100,
        client: None,
        from: from.to_owned(),
        to: vec![to.to_owned()],
        subject: "quotation".to_owned(),
        message_id: format!("{id}@far.example"),
        accounts: Vec::new(),
        steps: vec![trace::Step::at(at, attempted)],
        is_impersonal: false,
    };
    Ok(trace::keep(tx, &new)?)
}

fn quarantined(
    tx: &mut Tx<'_>,
    organisation: i64,
    li: i64,
    (blob, message): (i64, &MessageKey),
) -> Result<(), SubjectError> {
    let (marks, now, id) = (sender_mark(tx, organisation)?, tx.now().millis(), tx.next_id());
    let key = tx.context().keys.organisation(tx, organisation)?;
    let wrapped = key.wrap_message(&*tx.context().entropy, message, blob);
    tx.execute(
        "INSERT INTO quarantine (id, organisation, blob, key_wrapped, at, expires, size, marks, detail)
         VALUES ($1, $2, $3, $7, $5, $6, 10, $4, $4)",
        params![id, organisation, blob, &marks, now, now + 86_400_000, &wrapped],
    )?;
    let (place, recipient) = ("quarantine_recipient.recipient", NewRecipient::new("li@trade.test"));
    let sealed = store::sealed::seal(&key, &*tx.context().entropy, place, id, &recipient).unwrap();
    tx.execute(
        "INSERT INTO quarantine_recipient (quarantine, number, account, state, told, recipient)
         VALUES ($1, 0, $2, 'held', 0, $3)",
        params![id, li, &sealed],
    )?;
    Ok(())
}

/// The public key of a log that is not this one's.
pub(crate) async fn other_log_key() -> PublicKey {
    let store = TestStore::open(Engine::Sqlite).await.unwrap();
    let leaf = Leaf {
        id: "1".to_owned(),
        at: "2027-01-15T08:00:00Z".to_owned(),
        organisation: "1".to_owned(),
        actor: "operator".to_owned(),
        action: "store-check".to_owned(),
        outcome: "done".to_owned(),
        commitment: audit::commit(b"salt", b"text"),
    };
    store.write(move |tx| audit::append(tx, 1, &leaf)).await.unwrap();
    store.write(|tx| audit::seal(tx, "mail.trade.test/audit").map(drop)).await.unwrap();
    store.read(audit::public_key).await.unwrap().unwrap()
}
