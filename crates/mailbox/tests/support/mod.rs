//! An account with mailboxes, and short ways to use it.

#![allow(dead_code, reason = "each suite uses some of it")]

use std::ops::Deref;

use crypto::keys::{Account as AccountKey, Key, Organisation};
use env::Timestamp;
use mailbox::{
    Appended, Changes, Entry, FlagChange, Flags, MailboxError, Name, Prepared, StoreOutcome, UidRange, mailboxes,
};
use store::testing::TestStore;
use store::{Store, StoreError, Tx, params};

/// 2027-01-15T08:00:00Z, as the test store's clock shows.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An account in a test store.
pub(crate) struct Desk<'s> {
    pub(crate) store: &'s TestStore,
    pub(crate) account: i64,
    pub(crate) inbox: i64,
}

impl Deref for Desk<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

impl<'s> Desk<'s> {
    /// A new account with the default mailboxes.
    pub(crate) async fn open(store: &'s TestStore) -> Self {
        let account = store.write(new_account).await.unwrap();
        let desk = Self { store, account, inbox: 0 };
        let inbox = desk.mailbox("INBOX").await.id;
        Self { inbox, ..desk }
    }

    /// Runs work on the account in a transaction.
    pub(crate) async fn change<T, F>(&self, mut work: F) -> Result<T, MailboxError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>, i64) -> Result<T, MailboxError> + Send + 'static,
    {
        let account = self.account;
        self.store.write(move |tx| work(tx, account)).await
    }

    /// Reads something of the account.
    pub(crate) async fn look<T, F>(&self, work: F) -> Result<T, MailboxError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, i64) -> Result<T, MailboxError> + Send + 'static,
    {
        let account = self.account;
        self.store.read(move |tx| work(tx, account)).await
    }

    pub(crate) async fn mailbox(&self, name: &str) -> mailbox::Mailbox {
        let name = Name::parse(name).unwrap();
        self.look(move |tx, account| mailboxes::find(tx, account, &name)).await.unwrap().expect("the mailbox exists")
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        let all = self.look(mailboxes::list).await.unwrap();
        all.into_iter().map(|one| one.name.as_str().to_owned()).collect()
    }

    pub(crate) async fn create(&self, name: &str) -> Result<mailbox::Mailbox, MailboxError> {
        let name = Name::parse(name).unwrap();
        self.change(move |tx, account| mailboxes::create(tx, account, &name, None)).await
    }

    pub(crate) async fn append(&self, mailbox: i64, raw: &[u8], flags: u8) -> Result<Appended, MailboxError> {
        let mut prepared = Prepared::new(raw, self.context());
        let staged = self.stage(prepared.take_record()).await?;
        self.change(move |tx, account| {
            staged.attach(tx, 1)?;
            mailbox::append(tx, account, mailbox, &prepared, staged.id(), Flags::system(flags), tx.now())
        })
        .await
    }

    pub(crate) async fn snapshot(&self, mailbox: i64) -> Vec<Entry> {
        self.look(move |tx, account| mailbox::snapshot(tx, account, mailbox)).await.unwrap()
    }

    pub(crate) async fn store_flags(
        &self,
        mailbox: i64,
        uids: &[UidRange],
        change: FlagChange,
        unchanged_since: Option<i64>,
    ) -> StoreOutcome {
        let uids = uids.to_vec();
        self.change(move |tx, account| mailbox::store_flags(tx, account, mailbox, &uids, change, unchanged_since))
            .await
            .unwrap()
    }

    pub(crate) async fn add_flags(&self, mailbox: i64, uids: &[UidRange], flags: u8) -> StoreOutcome {
        self.store_flags(mailbox, uids, FlagChange::Add(Flags::system(flags)), None).await
    }

    pub(crate) async fn expunge(&self, mailbox: i64) -> Vec<u32> {
        self.change(move |tx, account| mailbox::expunge(tx, account, mailbox, None)).await.unwrap().uids
    }

    pub(crate) async fn changes(&self, mailbox: i64, since: i64) -> Changes {
        self.look(move |tx, account| mailbox::changes_since(tx, account, mailbox, since)).await.unwrap()
    }

    pub(crate) async fn content(&self, message: i64) -> Vec<u8> {
        let source = self.look(move |tx, account| mailbox::source(tx, account, message)).await.unwrap();
        let store = self.store.handle();
        tokio::task::spawn_blocking(move || source.reader(store.blobs()).read_all().unwrap()).await.unwrap()
    }

    /// The counters that are kept equal those that are counted.
    pub(crate) async fn assert_consistent(&self) {
        self.look(|tx, account| {
            check(tx, account);
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// An organisation with an account that has the default mailboxes.
pub(crate) fn new_account(tx: &mut Tx<'_>) -> Result<i64, MailboxError> {
    let context = tx.context();
    let entropy = context.entropy.as_ref();
    let (organisation, account) = (tx.next_id(), tx.next_id());
    let (organisation_key, key) = (Key::<Organisation>::generate(entropy), Key::<AccountKey>::generate(entropy));
    tx.execute(
        "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, 'Acme', 'basic', $2, 0)",
        params![organisation, &context.keys.region().wrap(entropy, &organisation_key, organisation)],
    )?;
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created) VALUES ($1, $2, 'person', 'Li', 'sales', 'zh', 'active', $3, 1, 0, 0, 0, 0, 0)",
        params![account, organisation, &organisation_key.wrap(entropy, &key, account)],
    )?;
    mailboxes::create_defaults(tx, account)?;
    Ok(account)
}

fn numbers(tx: &mut Tx<'_>, sql: &'static str, account: i64, count: usize) -> Vec<Vec<i64>> {
    let row = |row: &store::Row<'_>| (0..count).map(|at| row.int(at)).collect::<Result<Vec<_>, StoreError>>();
    tx.rows(sql, params![account], row).unwrap()
}

fn check(tx: &mut Tx<'_>, account: i64) {
    let kept =
        numbers(tx, "SELECT id, total, unseen, deleted, bytes FROM mailbox WHERE account = $1 ORDER BY id", account, 5);
    let counted = numbers(
        tx,
        "SELECT b.id, COUNT(c.uid), CAST(COALESCE(SUM(CASE WHEN c.flags & 1 = 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN c.flags & 8 = 8 THEN 1 ELSE 0 END), 0) AS BIGINT),
         CAST(COALESCE(SUM(c.size), 0) AS BIGINT)
         FROM mailbox b LEFT JOIN mailbox_message c ON c.account = b.account AND c.mailbox = b.id
         WHERE b.account = $1 GROUP BY b.id ORDER BY b.id",
        account,
        5,
    );
    // An unmatched row of the outer join has no flags and so counts as nothing.
    assert_eq!(kept, counted, "counters of mailboxes: kept, counted");
    let kept = numbers(tx, "SELECT messages, bytes FROM account WHERE id = $1", account, 2);
    let counted = numbers(
        tx,
        "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM message WHERE account = $1",
        account,
        2,
    );
    assert_eq!(kept, counted, "counters of the account: kept, counted");
    for (what, sql) in [
        (
            "messages with wrong copies",
            "SELECT COUNT(*) FROM message m WHERE m.account = $1 AND m.copies <>
             (SELECT COUNT(*) FROM mailbox_message c WHERE c.account = m.account AND c.message = m.id)",
        ),
        (
            "blobs with wrong refs",
            "SELECT COUNT(*) FROM blob b WHERE $1 <> 0 AND b.refs <> (SELECT COUNT(*) FROM message m WHERE m.blob = b.id)
             + (SELECT COUNT(*) FROM removed_message r WHERE r.blob = b.id)
             + (SELECT COUNT(*) FROM mail_journal j WHERE j.blob = b.id)",
        ),
        (
            "rows without message",
            "SELECT COUNT(*) FROM mailbox_message c WHERE c.account = $1 AND NOT EXISTS
             (SELECT 1 FROM message m WHERE m.account = c.account AND m.id = c.message)",
        ),
        (
            "mailboxes with wrong uidnext or highestmodseq",
            "SELECT COUNT(*) FROM mailbox b WHERE b.account = $1 AND EXISTS
             (SELECT 1 FROM mailbox_message c WHERE c.account = b.account AND c.mailbox = b.id
              AND (c.uid >= b.uidnext OR c.modseq > b.highestmodseq))",
        ),
        (
            "signatures without message",
            "SELECT COUNT(*) FROM search_signature s WHERE s.account = $1 AND NOT EXISTS
             (SELECT 1 FROM message m WHERE m.account = s.account AND m.id = s.message)",
        ),
        (
            "threads without message",
            "SELECT COUNT(*) FROM thread_ref r WHERE r.account = $1 AND NOT EXISTS
             (SELECT 1 FROM message m WHERE m.account = r.account AND m.thread = r.thread)",
        ),
    ] {
        assert_eq!(numbers(tx, sql, account, 1), [[0]], "{what}");
    }
}

/// A small message with these header fields and body.
pub(crate) fn message(fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut raw = String::new();
    for (name, value) in fields {
        raw.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{raw}\r\n{body}\r\n").into_bytes()
}

/// A small message with this subject.
pub(crate) fn plain(subject: &str) -> Vec<u8> {
    message(&[("From", "Li <li@trade.test>"), ("Subject", subject)], "Dear Sir or Madam")
}
