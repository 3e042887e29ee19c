//! What the crate promises, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use mailbox::{
    Copied, Dedupe, Delivered, Delivery, FlagChange, Flags, MailboxError, Name, Prepared, SpecialUse, StoreOutcome,
    Target, UidRange, keywords, mailboxes,
};
use store::testing::TestStore;
use store::{Tx, params};
use support::{Desk, NOW, message, plain};

store::on_both_engines! {
    a_new_account_has_its_mailboxes,
    a_message_comes_back_as_it_was,
    any_part_of_a_long_message_can_be_read,
    names_are_found_and_renamed_with_what_lies_below,
    renaming_inbox_moves_its_messages,
    a_name_used_again_has_another_uidvalidity,
    mailboxes_that_must_stay_do,
    flags_change_only_where_they_differ,
    unchanged_since_protects_later_changes,
    keywords_are_one_whatever_their_case,
    keywords_run_out,
    copies_share_the_message,
    moving_gives_new_uids,
    expunging_removes_only_what_is_flagged,
    changes_are_told_once,
    forgotten_changes_are_told_as_gaps,
    an_account_tells_its_changes,
    a_full_account_takes_nothing,
    a_delivery_is_done_once,
    one_blob_serves_several_accounts,
    answers_join_the_thread,
    recent_is_claimed_once,
}

async fn a_new_account_has_its_mailboxes(store: TestStore) {
    let desk = Desk::open(&store).await;
    assert_eq!(desk.names().await, ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]);
    let junk = desk.mailbox("Junk").await;
    assert_eq!(junk.special_use, Some(SpecialUse::Junk));
    assert!(junk.subscribed && junk.uidnext == 1 && junk.total == 0);
    desk.change(mailboxes::create_defaults).await.unwrap();
    assert_eq!(desk.names().await.len(), 6);
}

async fn a_message_comes_back_as_it_was(store: TestStore) {
    let desk = Desk::open(&store).await;
    let raw = plain("offer");
    let appended = desk.append(desk.inbox, &raw, Flags::SEEN).await.unwrap();
    assert_eq!((appended.uid, appended.mailbox), (1, desk.inbox));
    assert_eq!(desk.content(appended.message).await, raw);
    let entries = desk.snapshot(desk.inbox).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.uid, entry.message, entry.size as usize), (1, appended.message, raw.len()));
    assert_eq!((entry.received(), entry.flags()), (NOW, Flags::system(Flags::SEEN)));
    assert_eq!(entry.modseq, appended.modseq);
    assert!(std::mem::size_of_val(entry) <= 40);
    let inbox = desk.mailbox("inbox").await;
    assert_eq!((inbox.total, inbox.unseen, inbox.uidnext, inbox.bytes as usize), (1, 0, 2, raw.len()));
    let inbox = desk.inbox;
    let subjects = desk
        .look(move |tx, account| {
            let mut subjects = Vec::new();
            mailbox::summaries(tx, account, inbox, &[UidRange::ALL], |entry, summary| {
                let summary = mail::message::Summary::decode(summary).unwrap();
                subjects.push((entry.uid, summary.envelope.subject));
                Ok(())
            })?;
            Ok(subjects)
        })
        .await
        .unwrap();
    assert_eq!(subjects, [(1, Some("offer".to_owned()))]);
    desk.assert_consistent().await;
}

async fn any_part_of_a_long_message_can_be_read(store: TestStore) {
    let desk = Desk::open(&store).await;
    let mut raw = plain("long");
    raw.extend((0..900_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()));
    let trace = b"Return-Path: <a@b.example>\r\n";
    let mut prepared = Prepared::new(&raw, desk.context());
    let staged = desk.stage(prepared.take_record()).await.unwrap();
    let message = desk
        .change(move |tx, account| {
            staged.attach(tx, 1)?;
            let delivery = Delivery { trace, ..delivery(&prepared, staged.id(), Target::Inbox) };
            let Delivered::Stored(appended) = mailbox::deliver(tx, account, &delivery)? else { panic!("stored") };
            Ok(appended.message)
        })
        .await
        .unwrap();
    let whole = [trace, raw.as_slice()].concat();
    let source = desk.look(move |tx, account| mailbox::source(tx, account, message)).await.unwrap();
    assert_eq!((source.size() as usize, source.trace_bytes() as usize), (whole.len(), trace.len()));
    let blobs = desk.store.handle();
    let reading = tokio::task::spawn_blocking(move || {
        let mut reader = source.reader(blobs.blobs());
        let end = whole.len() as u64;
        for (from, to) in [
            (0, 10),
            (5, 40),
            (28, 29),
            (100_000, 700_000),
            (262_144, 262_200),
            (end - 3, end + 9),
            (end, end + 1),
            (7, 7),
        ] {
            let mut part = Vec::new();
            reader.read_range(from..to, &mut part).unwrap();
            assert_eq!(part, &whole[from as usize..(to as usize).min(whole.len())], "{from}..{to}");
        }
        assert_eq!(reader.read_all().unwrap(), whole);
    });
    reading.await.unwrap();
}

async fn names_are_found_and_renamed_with_what_lies_below(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.create("Orders/2026/March").await.unwrap();
    assert!(matches!(desk.create("Orders/2026").await, Err(MailboxError::AlreadyExists)));
    let march = desk.mailbox("Orders/2026/March").await;
    let rename = |from: &str, to: &str| {
        let (from, to) = (Name::parse(from).unwrap(), Name::parse(to).unwrap());
        desk.change(move |tx, account| mailboxes::rename(tx, account, &from, &to))
    };
    rename("Orders", "客户/订单").await.unwrap();
    assert_eq!(desk.mailbox("客户/订单/2026/March").await.id, march.id);
    assert!(!desk.names().await.iter().any(|name| name.starts_with("Orders")));
    assert!(matches!(
        rename("客户", "客户/订单/旧").await,
        Err(MailboxError::AlreadyExists | MailboxError::InvalidName { .. })
    ));
    assert!(matches!(rename("nothing", "x").await, Err(MailboxError::NoSuchMailbox)));
    assert!(matches!(rename("Sent", "Drafts").await, Err(MailboxError::AlreadyExists)));
    desk.assert_consistent().await;
}

async fn renaming_inbox_moves_its_messages(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.create("INBOX/below").await.unwrap();
    desk.append(desk.inbox, &plain("one"), 0).await.unwrap();
    let to = Name::parse("old/mail").unwrap();
    desk.change(move |tx, account| mailboxes::rename(tx, account, &Name::inbox(), &to)).await.unwrap();
    assert_eq!(desk.mailbox("INBOX").await.total, 0);
    assert_eq!(desk.mailbox("INBOX").await.id, desk.inbox);
    assert_eq!(desk.mailbox("old/mail").await.total, 1);
    desk.mailbox("INBOX/below").await;
    desk.assert_consistent().await;
}

async fn a_name_used_again_has_another_uidvalidity(store: TestStore) {
    let desk = Desk::open(&store).await;
    let first = desk.create("Offers").await.unwrap();
    desk.append(first.id, &plain("one"), 0).await.unwrap();
    desk.change(move |tx, account| mailboxes::delete(tx, account, first.id)).await.unwrap();
    let second = desk.create("Offers").await.unwrap();
    assert!(second.uidvalidity > first.uidvalidity);
    assert_eq!(second.total, 0);
    desk.assert_consistent().await;
}

async fn mailboxes_that_must_stay_do(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    let delete = |id| desk.change(move |tx, account| mailboxes::delete(tx, account, id));
    assert!(matches!(delete(inbox).await, Err(MailboxError::InboxStays)));
    let below = desk.create("a/b").await.unwrap();
    let above = desk.mailbox("a").await;
    assert!(matches!(delete(above.id).await, Err(MailboxError::HasChildren)));
    delete(below.id).await.unwrap();
    delete(above.id).await.unwrap();
    assert!(matches!(delete(above.id).await, Err(MailboxError::NoSuchMailbox)));
    desk.change(move |tx, account| mailboxes::subscribe(tx, account, inbox, false)).await.unwrap();
    assert!(!desk.mailbox("INBOX").await.subscribed);
}

fn uids(outcome: &StoreOutcome) -> Vec<u32> {
    outcome.changed.iter().map(|changed| changed.uid).collect()
}

fn delivery(prepared: &Prepared, blob: i64, target: Target) -> Delivery<'_> {
    Delivery { target, prepared, blob, trace: b"", flags: Flags::NONE, received: NOW, dedupe: None }
}

const fn range(first: u32, last: u32) -> UidRange {
    UidRange { first, last }
}

async fn flags_change_only_where_they_differ(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    for n in 0..5 {
        desk.append(inbox, &plain("x"), if n == 2 { Flags::SEEN } else { 0 }).await.unwrap();
    }
    let before = desk.snapshot(inbox).await;
    assert_eq!(uids(&desk.add_flags(inbox, &[range(2, 4)], Flags::SEEN).await), [2, 4]);
    assert!(desk.add_flags(inbox, &[range(2, 4)], Flags::SEEN).await.changed.is_empty());
    assert_eq!(desk.snapshot(inbox).await[2], before[2], "what already was as wanted is left as it was");
    let flags = Flags { system: Flags::FLAGGED | Flags::DELETED, keywords: 1 << 61 };
    let ranges = [range(5, 5), range(1, 1), range(900, u32::MAX)];
    assert_eq!(uids(&desk.store_flags(inbox, &ranges, FlagChange::Set(flags), None).await), [1, 5]);
    desk.assert_consistent().await;
    let removed = FlagChange::Remove(Flags::system(Flags::DELETED));
    let outcome = desk.store_flags(inbox, &[UidRange::ALL], removed, None).await;
    assert_eq!(uids(&outcome), [1, 5]);
    assert_eq!(outcome.changed[0].flags, Flags { system: Flags::FLAGGED, keywords: 1 << 61 });
    assert_eq!(desk.snapshot(inbox).await[0].flags(), outcome.changed[0].flags);
    assert_eq!(desk.mailbox("INBOX").await.highestmodseq, outcome.modseq);
    let many: Vec<_> = (0..100).map(|n| UidRange::one(n * 2 + 1)).collect();
    assert_eq!(uids(&desk.add_flags(inbox, &many, Flags::ANSWERED).await), [1, 3, 5]);
    desk.assert_consistent().await;
}

async fn unchanged_since_protects_later_changes(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    for _ in 0..3 {
        desk.append(inbox, &plain("x"), 0).await.unwrap();
    }
    let seen = desk.mailbox("INBOX").await.highestmodseq;
    desk.add_flags(inbox, &[UidRange::one(2)], Flags::FLAGGED).await;
    let change = FlagChange::Add(Flags::system(Flags::SEEN));
    let outcome = desk.store_flags(inbox, &[UidRange::ALL], change, Some(seen)).await;
    assert_eq!((uids(&outcome), outcome.modified), (vec![1, 3], vec![2]));
    desk.assert_consistent().await;
}

async fn keywords_are_one_whatever_their_case(store: TestStore) {
    let desk = Desk::open(&store).await;
    let bits = desk.change(|tx, account| keywords::intern(tx, account, &["$Forwarded", "Quote"])).await.unwrap();
    assert_eq!(bits, 0b11);
    let bits = desk.change(|tx, account| keywords::intern(tx, account, &["quote", "$Junk"])).await.unwrap();
    assert_eq!(bits, 0b110);
    let all = desk.look(keywords::list).await.unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["$Forwarded", "Quote", "$Junk"]);
    let known = desk.look(|tx, account| keywords::known_bits(tx, account, &["QUOTE", "never"])).await.unwrap();
    assert_eq!(known, 0b10);
    for bad in ["", "a b", "\\Seen", "a(b", "\u{e4}"] {
        let outcome = desk.change(move |tx, account| keywords::intern(tx, account, &[bad])).await;
        assert!(matches!(outcome, Err(MailboxError::InvalidKeyword { .. })), "{bad:?}");
    }
}

async fn keywords_run_out(store: TestStore) {
    let desk = Desk::open(&store).await;
    for n in 0..62_u32 {
        let name = format!("k{n}");
        let bits = desk.change(move |tx, account| keywords::intern(tx, account, &[&name])).await.unwrap();
        assert_eq!(bits, 1 << n);
    }
    let outcome = desk.change(|tx, account| keywords::intern(tx, account, &["one-more"])).await;
    assert!(matches!(outcome, Err(MailboxError::KeywordsExhausted)));
}

async fn copies_share_the_message(store: TestStore) {
    let desk = Desk::open(&store).await;
    let (inbox, archive) = (desk.inbox, desk.mailbox("Archive").await);
    let first = desk.append(inbox, &plain("one"), Flags::FLAGGED).await.unwrap();
    desk.append(inbox, &plain("two"), Flags::SEEN).await.unwrap();
    let copy = move |to| move |tx: &mut Tx<'_>, account| mailbox::copy(tx, account, inbox, &[UidRange::ALL], to);
    let outcome = desk.change(copy(archive.id)).await.unwrap();
    assert_eq!(outcome.uidvalidity, archive.uidvalidity);
    assert_eq!(outcome.copied, [Copied { from: 1, to: 1 }, Copied { from: 2, to: 2 }]);
    let copies = desk.snapshot(archive.id).await;
    assert_eq!((copies[0].message, copies[0].flags()), (first.message, Flags::system(Flags::FLAGGED)));
    let usage = desk.look(mailbox::usage).await.unwrap();
    assert_eq!(usage.messages, 2);
    // Into itself.
    let outcome = desk.change(copy(inbox)).await.unwrap();
    assert_eq!(outcome.copied, [Copied { from: 1, to: 3 }, Copied { from: 2, to: 4 }]);
    desk.assert_consistent().await;
    desk.add_flags(inbox, &[range(1, 3)], Flags::DELETED).await;
    assert_eq!(desk.expunge(inbox).await, [1, 2, 3]);
    desk.assert_consistent().await;
    assert_eq!(desk.content(first.message).await, plain("one"), "the copy in Archive still has it");
    desk.change(move |tx, account| mailbox::discard(tx, account, archive.id, &[UidRange::ALL])).await.unwrap();
    desk.assert_consistent().await;
    let gone = desk.look(move |tx, account| mailbox::source(tx, account, first.message)).await;
    assert!(matches!(gone, Err(MailboxError::NoSuchMessage)));
}

async fn moving_gives_new_uids(store: TestStore) {
    let desk = Desk::open(&store).await;
    let (inbox, trash) = (desk.inbox, desk.mailbox("Trash").await.id);
    for _ in 0..4 {
        desk.append(inbox, &plain("x"), 0).await.unwrap();
    }
    let since = desk.mailbox("INBOX").await.highestmodseq;
    let ranges = [range(1, 1), range(3, 4)];
    let outcome =
        desk.change(move |tx, account| mailbox::move_messages(tx, account, inbox, &ranges, trash)).await.unwrap();
    assert_eq!(
        outcome.copied.iter().map(|copied| (copied.from, copied.to)).collect::<Vec<_>>(),
        [(1, 1), (3, 2), (4, 3)]
    );
    assert_eq!(desk.changes(inbox, since).await.expunged, [range(1, 1), range(3, 4)]);
    let within = desk
        .change(move |tx, account| mailbox::move_messages(tx, account, trash, &[UidRange::ALL], trash))
        .await
        .unwrap();
    assert_eq!(
        within.copied.iter().map(|copied| (copied.from, copied.to)).collect::<Vec<_>>(),
        [(1, 4), (2, 5), (3, 6)]
    );
    desk.assert_consistent().await;
    let nowhere =
        desk.change(move |tx, account| mailbox::move_messages(tx, account, inbox, &[UidRange::ALL], 12)).await;
    assert!(matches!(nowhere, Err(MailboxError::NoSuchMailbox)));
    desk.assert_consistent().await;
}

async fn expunging_removes_only_what_is_flagged(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    for _ in 0..80 {
        desk.append(inbox, &plain("x"), 0).await.unwrap();
    }
    assert!(desk.expunge(inbox).await.is_empty());
    let odd: Vec<_> = (0..40).map(|n| UidRange::one(2 * n + 1)).collect();
    desk.add_flags(inbox, &odd, Flags::DELETED).await;
    let some =
        desk.change(move |tx, account| mailbox::expunge(tx, account, inbox, Some(&[range(1, 10)]))).await.unwrap();
    assert_eq!(some.uids, [1, 3, 5, 7, 9]);
    desk.assert_consistent().await;
    assert_eq!(desk.expunge(inbox).await.len(), 35);
    assert_eq!(
        desk.snapshot(inbox).await.iter().map(|entry| entry.uid).sum::<u32>(),
        (1..=40).map(|n| n * 2).sum::<u32>()
    );
    desk.assert_consistent().await;
}

async fn changes_are_told_once(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    for _ in 0..5 {
        desk.append(inbox, &plain("x"), 0).await.unwrap();
    }
    let since = desk.mailbox("INBOX").await.highestmodseq;
    assert!(desk.changes(inbox, since).await.changed.is_empty());
    desk.add_flags(inbox, &[range(2, 4)], Flags::DELETED).await;
    desk.expunge(inbox).await;
    desk.append(inbox, &plain("new"), 0).await.unwrap();
    desk.add_flags(inbox, &[range(1, 1)], Flags::SEEN).await;
    let changes = desk.changes(inbox, since).await;
    assert_eq!(changes.changed.iter().map(|entry| entry.uid).collect::<Vec<_>>(), [1, 6]);
    assert_eq!((changes.expunged, changes.uidnext), (vec![range(2, 4)], 7));
    let again = desk.changes(inbox, changes.highestmodseq).await;
    assert!(again.changed.is_empty() && again.expunged.is_empty());
}

async fn forgotten_changes_are_told_as_gaps(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    for _ in 0..6 {
        desk.append(inbox, &plain("x"), 0).await.unwrap();
    }
    desk.add_flags(inbox, &[range(1, 2), range(5, 6)], Flags::DELETED).await;
    desk.expunge(inbox).await;
    let now = desk.mailbox("INBOX").await.highestmodseq;
    desk.change(move |tx, account| mailbox::trim_tombstones(tx, account, now)).await.unwrap();
    let expunged = desk.look(move |tx, account| mailbox::expunged_since(tx, account, inbox, 1)).await.unwrap();
    assert_eq!(expunged, [range(1, 2), range(5, 6)]);
    let outcome = desk.look(|tx, account| mailbox::account_changes_since(tx, account, 1, 100)).await;
    assert!(matches!(outcome, Err(MailboxError::CannotCalculate)));
}

async fn an_account_tells_its_changes(store: TestStore) {
    let desk = Desk::open(&store).await;
    let (inbox, archive) = (desk.inbox, desk.mailbox("Archive").await.id);
    let first = desk.append(inbox, &plain("1"), 0).await.unwrap();
    let second = desk.append(inbox, &plain("2"), 0).await.unwrap();
    let third = desk.append(inbox, &plain("3"), 0).await.unwrap();
    desk.change(move |tx, account| mailbox::copy(tx, account, inbox, &[UidRange::one(3)], archive)).await.unwrap();
    let since = third.modseq + 1;
    desk.add_flags(inbox, &[UidRange::one(1)], Flags::SEEN).await;
    desk.add_flags(inbox, &[range(2, 3)], Flags::DELETED).await;
    desk.expunge(inbox).await;
    let fourth = desk.append(inbox, &plain("4"), 0).await.unwrap();
    desk.add_flags(inbox, &[UidRange::one(4)], Flags::SEEN).await;
    let made = desk.create("new").await.unwrap();
    let tell = |since, limit| desk.look(move |tx, account| mailbox::account_changes_since(tx, account, since, limit));
    let changes = tell(since, 100).await.unwrap();
    assert_eq!(changes.messages_created, [fourth.message]);
    assert_eq!(changes.messages_updated, [first.message, third.message], "the third left one of its mailboxes");
    assert_eq!(changes.messages_destroyed, [second.message]);
    assert_eq!(changes.threads_destroyed, [second.thread]);
    assert_eq!(changes.mailboxes_created, [made.id]);
    assert!(changes.mailboxes_counted.contains(&inbox) && !changes.more);
    let (mut at, mut created, mut steps) = (since, Vec::new(), 0);
    loop {
        let step = tell(at, 4).await.unwrap();
        created.extend(step.messages_created);
        assert!(step.modseq > at || !step.more);
        (at, steps) = (step.modseq, steps + 1);
        if !step.more {
            break;
        }
    }
    assert_eq!((created, at), (vec![fourth.message], changes.modseq));
    assert!(steps > 1);
}

async fn a_full_account_takes_nothing(store: TestStore) {
    let desk = Desk::open(&store).await;
    let raw = plain("x");
    let limit = raw.len() as i64 + 10;
    desk.change(move |tx, account| {
        tx.execute("UPDATE account SET quota_bytes = $2 WHERE id = $1", params![account, limit])?;
        Ok(())
    })
    .await
    .unwrap();
    desk.append(desk.inbox, &raw, 0).await.unwrap();
    let refused = desk.append(desk.inbox, &raw, 0).await.unwrap_err();
    assert_eq!(refused.outlook(), env::Outlook::Temporary);
    assert!(
        matches!(refused, MailboxError::OverQuota { used, limit: of } if used == raw.len() as u64 && of == limit as u64)
    );
    let usage = desk.look(mailbox::usage).await.unwrap();
    assert_eq!((usage.messages, usage.bytes, usage.quota_bytes), (1, raw.len() as u64, limit as u64));
    desk.assert_consistent().await;
}

async fn a_delivery_is_done_once(store: TestStore) {
    let desk = Desk::open(&store).await;
    for turn in 0..2 {
        let mut prepared = Prepared::new(&plain("x"), desk.context());
        let staged = desk.stage(prepared.take_record()).await.unwrap();
        let outcome = desk
            .change(move |tx, account| {
                staged.attach(tx, 1)?;
                let dedupe = Some(Dedupe { key: b"queue 7 recipient 1", expires: NOW });
                mailbox::deliver(tx, account, &Delivery { dedupe, ..delivery(&prepared, staged.id(), Target::Inbox) })
            })
            .await
            .unwrap();
        assert_eq!(matches!(outcome, Delivered::Duplicate), turn == 1);
    }
    assert_eq!(desk.snapshot(desk.inbox).await.len(), 1);
    desk.assert_consistent().await;
}

async fn one_blob_serves_several_accounts(store: TestStore) {
    let (one, two) = (Desk::open(&store).await, Desk::open(&store).await);
    let accounts = [one.account, two.account];
    let junk = Target::SpecialUse(SpecialUse::Junk);
    let mut prepared = Prepared::new(&plain("x"), store.context());
    let staged = store.stage(prepared.take_record()).await.unwrap();
    let appended = store
        .write(move |tx| -> Result<_, MailboxError> {
            staged.attach(tx, 2)?;
            accounts
                .into_iter()
                .map(|account| mailbox::deliver(tx, account, &delivery(&prepared, staged.id(), junk)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    for (desk, appended) in [&one, &two].into_iter().zip(appended) {
        let Delivered::Stored(appended) = appended else { panic!("stored") };
        assert_eq!(appended.mailbox, desk.mailbox("Junk").await.id);
        assert_eq!(desk.content(appended.message).await, plain("x"));
        desk.assert_consistent().await;
    }
    let junk = one.mailbox("Junk").await.id;
    one.change(move |tx, account| mailbox::discard(tx, account, junk, &[UidRange::ALL])).await.unwrap();
    one.assert_consistent().await;
    two.assert_consistent().await;
}

async fn answers_join_the_thread(store: TestStore) {
    let desk = Desk::open(&store).await;
    let mail = |id: &str, subject: &str, references: &str| {
        message(&[("Message-ID", id), ("Subject", subject), ("References", references)], "text")
    };
    let mut threads = Vec::new();
    for raw in [
        mail("<offer@a>", "Offer 7", ""),
        mail("<answer@b>", "Re: Offer 7", "<offer@a>"),
        mail("<early@b>", "Re: Valves", "<late@a>"),
        mail("<late@a>", "Valves", ""),
        mail("<other@b>", "Another matter", "<offer@a>"),
        mail("<again@a>", "Re: offer 7", "<offer@a> <answer@b>"),
    ] {
        threads.push(desk.append(desk.inbox, &raw, 0).await.unwrap().thread);
    }
    assert_eq!(threads[0], threads[1]);
    assert_eq!(threads[2], threads[3], "an answer that came before");
    assert_ne!(threads[0], threads[2]);
    assert_ne!(threads[0], threads[4], "another subject is another conversation");
    assert_eq!(threads[0], threads[5]);
    let inbox = desk.inbox;
    let listed = desk
        .look(move |tx, account| {
            let mut listed = Vec::new();
            mailbox::objects(tx, account, inbox, &[UidRange::ALL], |object| {
                listed.push(object.thread);
                assert_eq!(object.saved, NOW);
                Ok(())
            })?;
            Ok(listed)
        })
        .await
        .unwrap();
    assert_eq!(listed, threads);
    desk.assert_consistent().await;
}

async fn recent_is_claimed_once(store: TestStore) {
    let desk = Desk::open(&store).await;
    let inbox = desk.inbox;
    desk.append(inbox, &plain("x"), 0).await.unwrap();
    let claim = || desk.change(move |tx, account| mailbox::claim_recent(tx, account, inbox));
    assert_eq!(claim().await.unwrap(), 1);
    assert_eq!(claim().await.unwrap(), 2);
}
