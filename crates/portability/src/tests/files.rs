//! Mail out of an account and into another one: the same folders, flags, dates and octets, whatever the form.

use mailbox::Flags;
use store::testing::TestStore;

use super::{account, append, bring, everything};
use crate::progress::Progress;
use crate::read::Form;
use crate::{TakeError, Wanted, take_out};

/// Mail of all kinds: folders that are hard to name, flags, keywords, quoting, long lines, NUL, 8-bit, doubles.
async fn fill(store: &TestStore, account: i64) {
    let letter = |number: i64, body: &str| {
        format!("Subject: letter {number}\r\nMessage-ID: <{number}@made.test>\r\nStatus: mine\r\n\r\n{body}\r\n")
            .into_bytes()
    };
    let plain = letter(
        1,
        "From here on\r\n>From there\r\n\r\nFrom a@b Thu Jan  4 12:34:56 2024\r\nSubject: not a message\r\n\r\n.",
    );
    append(store, account, "INBOX", &plain, (Flags::SEEN | Flags::ANSWERED, &["$Forwarded", "Work"]), 1_700_000_001)
        .await;
    append(store, account, "INBOX", &letter(2, "数据\u{0}x"), (Flags::NONE.system, &[]), 1_600_000_000).await;
    // Twice the same is twice.
    for _ in 0..2 {
        append(store, account, "INBOX", &letter(3, &"long ".repeat(30_000)), (Flags::FLAGGED, &[]), 1_500_000_000)
            .await;
    }
    let all = Flags::SYSTEM;
    for (number, folder) in (10..).zip([
        "Sent",
        "订单/2026 年",
        "订单",
        "a.b/c\\d",
        "INBOX/below",
        "A&B",
        ".hidden/x.mbox",
        "Trash/Sent Items",
    ]) {
        append(store, account, folder, &letter(number, "x"), (all, &["二"][..0]), 1_650_000_000 + number).await;
    }
    append(store, account, "Drafts", b"Subject: only a header\r\n", (Flags::DRAFT, &["k1", "k2"]), 1_650_000_000).await;
    let empty = mailbox::Name::parse("Empty/inner").unwrap();
    store.write(move |tx| mailbox::mailboxes::create(tx, account, &empty, None).map(drop)).await.unwrap();
}

async fn round_trip(store: TestStore, form: Form) {
    let (from, to) = (account(&store, "from", 0).await, account(&store, "to", 0).await);
    fill(&store, from).await;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("taken");
    let taken = take(&store, from, None, form, &path).await.unwrap();
    assert_eq!((taken.messages, taken.keywords_lost), (13, 0));
    let trial = bring(&store, to, form, &path, true).await;
    assert_eq!((trial.imported, trial.known_before), (13, 0), "{:?}", trial.left_out);
    assert!(everything(&store, to).await.values().all(Vec::is_empty), "a trial changed something");
    let tally = bring(&store, to, form, &path, false).await;
    assert_eq!((tally.imported, tally.left_out.as_slice()), (13, &[][..]));
    let (had, has) = (everything(&store, from).await, everything(&store, to).await);
    for (folder, messages) in &had {
        assert_eq!(has.get(folder), Some(messages), "{folder} as {form}");
    }
    assert_eq!(has.len(), had.len(), "{:?}", has.keys());
    let again = bring(&store, to, form, &path, false).await;
    assert_eq!((again.imported, again.known_before), (0, 13), "nothing comes twice");
    assert_eq!(everything(&store, to).await, has);
    // Nothing is written over, and nothing of another name is left beside it.
    let refused = take(&store, from, None, form, &path).await.unwrap_err().to_string();
    assert!(refused.contains("something is there already"), "{refused}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

async fn take(
    store: &TestStore,
    account: i64,
    folder: Option<&str>,
    form: Form,
    path: &std::path::Path,
) -> Result<crate::Taken, TakeError> {
    let folder = folder.map(|name| mailbox::Name::parse(name).unwrap());
    let wanted = Wanted { account, folder, form, path: path.to_owned() };
    let (store, runtime) = (store.handle(), tokio::runtime::Handle::current());
    tokio::task::spawn_blocking(move || take_out(&store, &runtime, &wanted, &Progress::default())).await.unwrap()
}

async fn mbox_and_back(store: TestStore) {
    round_trip(store, Form::Mbox).await;
}

async fn maildir_and_back(store: TestStore) {
    round_trip(store, Form::Maildir).await;
}

async fn archive_and_back(store: TestStore) {
    round_trip(store, Form::Zip).await;
}

async fn one_folder_alone(store: TestStore) {
    let (from, to) = (account(&store, "from", 0).await, account(&store, "to", 0).await);
    fill(&store, from).await;
    let home = tempfile::tempdir().unwrap();
    for form in [Form::Mbox, Form::Maildir, Form::Zip] {
        let path = home.path().join(form.as_str());
        let taken = take(&store, from, Some("订单/2026 年"), form, &path).await.unwrap();
        assert_eq!((taken.folders, taken.messages), (1, 1));
        let tally = bring(&store, to, form, &path, false).await;
        assert_eq!(tally.imported + tally.known_before, 1);
    }
    let missing = take(&store, from, Some("Nowhere"), Form::Zip, &home.path().join("x")).await;
    assert!(matches!(missing, Err(TakeError::NoFolder(_))));
}

async fn nothing_half_is_left(store: TestStore) {
    let from = account(&store, "from", 0).await;
    fill(&store, from).await;
    let home = tempfile::tempdir().unwrap();
    // A name that no directory can have: the folder fails when others have been written.
    append(&store, from, &format!("Z{}", "长".repeat(100)), b"Subject: x\r\n\r\n", (0, &[]), 1).await;
    let error = take(&store, from, None, Form::Maildir, &home.path().join("taken")).await.unwrap_err().to_string();
    assert!(error.contains("rename it, or write an archive") && error.contains("nothing is left"), "{error}");
    let error = take(&store, from, None, Form::Mbox, &home.path().join("taken")).await.unwrap_err().to_string();
    assert!(error.contains("nothing is left"), "{error}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    // What a run that was killed has left is taken away by the next.
    std::fs::write(home.path().join(".taken.tradewind-part"), b"half").unwrap();
    take(&store, from, None, Form::Zip, &home.path().join("taken")).await.unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

async fn a_full_account_is_told_and_goes_on_later(store: TestStore) {
    let (from, to) = (account(&store, "from", 0).await, account(&store, "to", 100_000).await);
    fill(&store, from).await;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("taken");
    take(&store, from, None, Form::Zip, &path).await.unwrap();
    let tally = bring(&store, to, Form::Zip, &path, false).await;
    assert!(tally.is_full.is_some() && tally.imported < 13);
    store
        .write(move |tx| tx.execute("UPDATE account SET quota_bytes = 0 WHERE id = $1", store::params![to]))
        .await
        .unwrap();
    let again = bring(&store, to, Form::Zip, &path, false).await;
    assert_eq!((again.imported, again.known_before), (13 - tally.imported, tally.imported));
}

store::on_both_engines! {
    mbox_and_back, maildir_and_back, archive_and_back, one_folder_alone, nothing_half_is_left,
    a_full_account_is_told_and_goes_on_later
}
