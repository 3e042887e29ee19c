//! What becomes of removed mail: its window, bringing it back, legal holds; on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use std::time::Duration;

use mailbox::removed::{self, Purged, Wanted};
use mailbox::{Flags, MailboxError, mailboxes};
use store::holds::{self, HoldDetail};
use store::testing::TestStore;
use store::{StoreError, Tx, params};
use support::{Desk, NOW, message, plain};

const DAY: Duration = Duration::from_secs(86_400);

store::on_both_engines! {
    removed_mail_comes_back_within_its_window,
    a_window_of_nothing_removes_at_once,
    what_is_past_its_window_goes_for_good,
    a_clock_set_back_removes_nothing_early,
    a_hold_keeps_what_was_removed_by_whatever_door,
    a_hold_on_some_mail_keeps_that_alone,
    a_full_account_gets_nothing_back,
    clean_up_is_bounded,
}

async fn organisation(desk: &Desk<'_>) -> i64 {
    desk.look(|tx, account| Ok(holds::keeping(tx, account)?.organisation)).await.unwrap()
}

async fn set_window(desk: &Desk<'_>, days: i64) {
    let organisation = organisation(desk).await;
    desk.change(move |tx, _| Ok(holds::set_window_days(tx, organisation, days)?)).await.unwrap();
}

async fn remove_all(desk: &Desk<'_>) {
    desk.add_flags(desk.inbox, &[mailbox::UidRange::ALL], Flags::DELETED).await;
    desk.expunge(desk.inbox).await;
}

async fn listed(desk: &Desk<'_>, wanted: Wanted) -> Vec<String> {
    let found = desk.look(move |tx, account| removed::list(tx, account, &wanted)).await.unwrap();
    found.into_iter().map(|one| one.subject).collect()
}

async fn purge(desk: &Desk<'_>) -> Purged {
    desk.change(|tx, _| removed::purge(tx, 100)).await.unwrap()
}

async fn begin(desk: &Desk<'_>, everyone: bool, detail: HoldDetail) -> i64 {
    let organisation = organisation(desk).await;
    let work = move |tx: &mut Tx<'_>, account| {
        let accounts: &[i64] = if everyone { &[] } else { &[account] };
        Ok(holds::begin(tx, organisation, accounts, &detail)?)
    };
    desk.change(work).await.unwrap()
}

async fn blobs_in_use(desk: &Desk<'_>) -> i64 {
    desk.look(|tx, _| Ok(tx.row("SELECT COUNT(*) FROM blob WHERE refs > 0", &[], |row| row.int(0))?.unwrap_or(0)))
        .await
        .unwrap()
}

async fn sound(store: &TestStore) {
    let report = store::check::run(store, true).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn removed_mail_comes_back_within_its_window(store: TestStore) {
    let desk = Desk::open(&store).await;
    let raw = message(&[("From", "Ann <ann@far.example>"), ("Subject", "=?utf-8?q?Offer_7?=")], "the price is 7");
    desk.append(desk.inbox, &raw, 0).await.unwrap();
    desk.append(desk.inbox, &plain("other"), 0).await.unwrap();
    remove_all(&desk).await;
    let usage = desk.look(mailbox::usage).await.unwrap();
    assert_eq!((usage.messages, usage.bytes), (0, 0), "removed mail does not count");
    store.clock.advance(DAY * 13);
    assert_eq!(listed(&desk, Wanted::default()).await.len(), 2);
    let from = Wanted { from: Some("FAR.example".to_owned()), ..Wanted::default() };
    assert_eq!(listed(&desk, from.clone()).await, ["Offer 7"]);
    let nothing = Wanted { subject: Some("invoice".to_owned()), ..Wanted::default() };
    assert_eq!(listed(&desk, nothing).await, [""; 0]);
    let late = Wanted { since: Some(store.context().clock.now()), ..Wanted::default() };
    assert_eq!(listed(&desk, late).await, [""; 0]);
    let back = desk.change(move |tx, account| removed::recover(tx, account, &from)).await.unwrap();
    assert_eq!((back.messages, back.more), (1, false));
    let recovered = desk.mailbox(removed::RECOVERED).await;
    let entries = desk.snapshot(recovered.id).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.flags(), entry.received()), (Flags::system(Flags::SEEN), NOW));
    assert_eq!(desk.content(entry.message).await, raw);
    assert_eq!(listed(&desk, Wanted::default()).await, ["other"]);
    sound(&store).await;
}

async fn a_window_of_nothing_removes_at_once(store: TestStore) {
    let desk = Desk::open(&store).await;
    set_window(&desk, 0).await;
    desk.append(desk.inbox, &plain("offer"), 0).await.unwrap();
    remove_all(&desk).await;
    assert_eq!((blobs_in_use(&desk).await, listed(&desk, Wanted::default()).await.len()), (0, 0));
    sound(&store).await;
}

async fn what_is_past_its_window_goes_for_good(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.append(desk.inbox, &plain("offer"), 0).await.unwrap();
    remove_all(&desk).await;
    store.clock.advance(DAY * 14 - Duration::from_secs(1));
    assert_eq!(purge(&desk).await, Purged::default());
    store.clock.advance(Duration::from_secs(1));
    let purged = purge(&desk).await;
    assert_eq!((purged.gone, purged.held), (1, 0));
    assert_eq!(blobs_in_use(&desk).await, 0);
    sound(&store).await;
    // A shorter window counts for what was removed before.
    desk.append(desk.inbox, &plain("offer"), 0).await.unwrap();
    remove_all(&desk).await;
    store.clock.advance(DAY * 2);
    assert_eq!(purge(&desk).await.gone, 0);
    set_window(&desk, 1).await;
    assert_eq!(purge(&desk).await.gone, 1);
}

async fn a_clock_set_back_removes_nothing_early(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.append(desk.inbox, &plain("offer"), 0).await.unwrap();
    remove_all(&desk).await;
    store.clock.set(env::Timestamp::from_seconds(NOW.seconds() - 400 * 86_400));
    assert_eq!(purge(&desk).await, Purged::default());
    assert_eq!(listed(&desk, Wanted::default()).await, ["offer"]);
    store.clock.advance(DAY * 300);
    assert_eq!(purge(&desk).await, Purged::default());
}

async fn a_hold_keeps_what_was_removed_by_whatever_door(store: TestStore) {
    let desk = Desk::open(&store).await;
    set_window(&desk, 0).await;
    let hold = begin(&desk, false, HoldDetail { name: "Far v. Trade".to_owned(), ..HoldDetail::default() }).await;
    desk.append(desk.inbox, &plain("flagged and expunged"), 0).await.unwrap();
    remove_all(&desk).await;
    let one = desk.append(desk.inbox, &plain("discarded"), 0).await.unwrap();
    let inbox = desk.inbox;
    desk.change(move |tx, account| mailbox::discard(tx, account, inbox, &[mailbox::UidRange::one(one.uid)]))
        .await
        .unwrap();
    let folder = desk.create("Old").await.unwrap().id;
    desk.append(folder, &plain("with its folder"), 0).await.unwrap();
    desk.change(move |tx, account| mailboxes::delete(tx, account, folder)).await.unwrap();
    // Its owner sees nothing of it, and nothing of the hold.
    assert_eq!(listed(&desk, Wanted::default()).await, [""; 0]);
    store.clock.advance(DAY * 400);
    let purged = purge(&desk).await;
    assert_eq!((purged.gone, purged.held), (0, 3));
    // They are looked at again a day later, not at once.
    assert_eq!(purge(&desk).await, Purged::default());
    assert_eq!(blobs_in_use(&desk).await, 3);
    sound(&store).await;
    let organisation = organisation(&desk).await;
    let ended = desk.change(move |tx, _| Ok(holds::end(tx, organisation, hold, "lawyer", "settled")?)).await.unwrap();
    let again = desk.change(move |tx, _| Ok(holds::end(tx, organisation, hold, "lawyer", "settled")?)).await.unwrap();
    assert!(ended && !again);
    store.clock.advance(DAY);
    assert_eq!((purge(&desk).await.gone, blobs_in_use(&desk).await), (3, 0));
    let all = desk.look(move |tx, _| Ok(holds::list(tx, organisation)?)).await.unwrap();
    assert_eq!((all[0].detail.name.as_str(), all[0].detail.ended_reason.as_str()), ("Far v. Trade", "settled"));
    assert!(all[0].ended.is_some() && !all[0].everyone);
}

async fn a_hold_on_some_mail_keeps_that_alone(store: TestStore) {
    let desk = Desk::open(&store).await;
    let detail = HoldDetail { with: Some("far.example".to_owned()), ..HoldDetail::default() };
    begin(&desk, true, detail).await;
    for from in ["ann@far.example", "bo@sub.far.example", "eve@notfar.example", "li@trade.test"] {
        desk.append(desk.inbox, &message(&[("From", from), ("Subject", from)], "text"), 0).await.unwrap();
    }
    remove_all(&desk).await;
    store.clock.advance(DAY * 15);
    let purged = purge(&desk).await;
    assert_eq!((purged.gone, purged.held), (2, 2));
    let left: Vec<i64> = desk
        .look(|tx, account| {
            Ok(tx.rows("SELECT id FROM removed_message WHERE account = $1", params![account], |row| row.int(0))?)
        })
        .await
        .unwrap();
    assert_eq!(left.len(), 2);
    sound(&store).await;
}

async fn a_full_account_gets_nothing_back(store: TestStore) {
    let desk = Desk::open(&store).await;
    for subject in ["one", "two"] {
        desk.append(desk.inbox, &plain(subject), 0).await.unwrap();
    }
    remove_all(&desk).await;
    desk.change(|tx, account| {
        tx.execute("UPDATE account SET quota_bytes = 100 WHERE id = $1", params![account])?;
        Ok::<_, MailboxError>(())
    })
    .await
    .unwrap();
    let refused = desk.change(|tx, account| removed::recover(tx, account, &Wanted::default())).await;
    assert!(matches!(refused, Err(MailboxError::OverQuota { .. })), "{refused:?}");
    assert_eq!(listed(&desk, Wanted::default()).await.len(), 2);
    sound(&store).await;
}

async fn clean_up_is_bounded(store: TestStore) {
    let desk = Desk::open(&store).await;
    for number in 0..5 {
        desk.append(desk.inbox, &plain(&format!("offer {number}")), 0).await.unwrap();
    }
    remove_all(&desk).await;
    store.clock.advance(DAY * 20);
    let mut rounds = Vec::new();
    loop {
        let purged = desk.change(|tx, _| removed::purge(tx, 2)).await.unwrap();
        if !purged.is_something() {
            break;
        }
        rounds.push(purged.gone);
    }
    assert_eq!(rounds, [2, 2, 1]);
    let kept = desk
        .look(|tx, account| {
            let organisation = holds::keeping(tx, account)?.organisation;
            removed::kept(tx, organisation)
        })
        .await
        .unwrap();
    assert_eq!(kept, removed::Kept::default());
    let gone: Result<i64, StoreError> = store
        .read(|tx| Ok(tx.row("SELECT COUNT(*) FROM blob WHERE refs > 0", &[], |row| row.int(0))?.unwrap_or(0)))
        .await;
    assert_eq!(gone.unwrap(), 0);
}
