//! What search finds, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use env::Timestamp;
use mailbox::search::{Budget, Field, Needle, Query, search, search_account};
use mailbox::{Delivered, Delivery, Flags, MailboxError, Prepared, Target, UidRange, removed};
use store::testing::TestStore;
use support::{Desk, NOW, message, plain};

store::on_both_engines! {
    words_are_found_in_any_script,
    fields_are_told_apart,
    rows_decide_what_they_can,
    trees_are_three_valued,
    what_we_put_before_a_message_is_found,
    dates_are_as_they_are_written,
    attachments_are_found_by_name,
    a_search_can_be_given_up,
    signatures_never_hide_a_message,
    a_damaged_message_does_not_hide_the_others,
    all_of_an_account_is_searched_removed_mail_included,
}

async fn find(desk: &Desk<'_>, query: Query) -> Vec<u32> {
    try_find(desk, query, Budget::default()).await.unwrap()
}

async fn try_find(desk: &Desk<'_>, query: Query, budget: Budget) -> Result<Vec<u32>, MailboxError> {
    let (store, inbox) = (desk.store.handle(), desk.inbox);
    desk.look(move |tx, account| search(tx, store.blobs(), account, inbox, &query, &budget)).await
}

fn text(words: &str) -> Query {
    Query::Text(Needle::new(words))
}

fn body(words: &str) -> Query {
    Query::Body(Needle::new(words))
}

fn header(name: &str, words: &str) -> Query {
    Query::Header(name.to_owned(), Needle::new(words))
}

fn envelope(field: Field, words: &str) -> Query {
    Query::Envelope(field, Needle::new(words))
}

async fn words_are_found_in_any_script(store: TestStore) {
    let desk = Desk::open(&store).await;
    for raw in [
        message(
            &[("Subject", "Offer for valves"), ("From", "li@trade.test")],
            "The price is\r\n4,700 EUR per Container.",
        ),
        message(
            &[
                ("Subject", "=?GB2312?B?t6LGsbrFwus=?="),
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Transfer-Encoding", "base64"),
            ],
            "6K+35oqK5Y+R56Wo5a+E5Yiw5LiK5rW35Yqe5LqL5aSE44CC",
        ),
        message(
            &[("Subject", "x"), ("Content-Type", "text/html; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")],
            "<p>Прив<b>ет</b> мир, Straße 5</p><style>hidden{}</style>",
        ),
    ] {
        desk.append(desk.inbox, &raw, 0).await.unwrap();
    }
    for (words, found) in [
        ("VALVES", vec![1]),
        ("price is 4,700", vec![1]),
        ("rice is", vec![1]),
        ("发票号码", vec![2]),
        ("发票寄到", vec![2]),
        ("上海", vec![2]),
        ("发", vec![2]),
        ("привет МИР", vec![3]),
        ("straße", vec![3]),
        ("hidden", vec![]),
        ("ＶＡＬＶＥＳ", vec![1]),
        ("absent word", vec![]),
        ("e", vec![1, 2, 3]),
        ("", vec![1, 2, 3]),
    ] {
        assert_eq!(find(&desk, text(words)).await, found, "{words:?}");
    }
    assert_eq!(find(&desk, body("valves")).await, Vec::<u32>::new());
    assert_eq!(find(&desk, body("container.")).await, [1]);
}

async fn fields_are_told_apart(store: TestStore) {
    let desk = Desk::open(&store).await;
    let fields = [
        ("From", "\"Li Wei\" <li@trade.test>"),
        ("To", "=?UTF-8?B?546L5bCP5piO?= <wang@partner.example>"),
        ("Cc", "sales@partner.example"),
        ("Subject", "Re: Offer"),
        ("X-Priority", "1 (Highest)"),
        ("Message-ID", "<a@b>"),
    ];
    desk.append(desk.inbox, &message(&fields, "wang"), 0).await.unwrap();
    desk.append(desk.inbox, &message(&[("Subject", "li@trade.test")], "X-Priority: 1"), 0).await.unwrap();
    for (query, found) in [
        (envelope(Field::From, "li wei"), vec![1]),
        (envelope(Field::From, "LI@TRADE.test"), vec![1]),
        (envelope(Field::From, ""), vec![1]),
        (envelope(Field::To, "王小明"), vec![1]),
        (envelope(Field::To, "sales"), vec![]),
        (envelope(Field::Cc, "sales"), vec![1]),
        (envelope(Field::Bcc, ""), vec![]),
        (envelope(Field::Subject, "offer"), vec![1]),
        (envelope(Field::Subject, "trade"), vec![2]),
        (header("x-priority", ""), vec![1]),
        (header("x-priority", "highest"), vec![1]),
        (header("x-priority", "lowest"), vec![]),
        (header("message-id", "<a@b>"), vec![1]),
        (header("bcc", ""), vec![]),
        (body("x-priority"), vec![2]),
    ] {
        assert_eq!(find(&desk, query.clone()).await, found, "{query:?}");
    }
}

async fn rows_decide_what_they_can(store: TestStore) {
    let desk = Desk::open(&store).await;
    let mut appended = Vec::new();
    for (body, flags) in
        [("short", 0), ("a much longer text than the others have", Flags::SEEN), ("short", Flags::FLAGGED)]
    {
        appended.push(desk.append(desk.inbox, &message(&[("Subject", "x")], body), flags).await.unwrap());
        store.clock.advance(Duration::from_secs(60));
    }
    let size = u64::from(desk.snapshot(desk.inbox).await[0].size);
    let minute = |minutes: u64| Some(NOW.plus(Duration::from_secs(60 * minutes)));
    for (query, found) in [
        (Query::All, vec![1, 2, 3]),
        (Query::HasFlag(Flags::SEEN), vec![2]),
        (Query::HasFlag(Flags::SEEN | Flags::FLAGGED), vec![2, 3]),
        (Query::HasKeyword(1), vec![]),
        (Query::Larger(size), vec![2]),
        (Query::Smaller(size + 1), vec![1, 3]),
        (Query::Received(minute(1), None), vec![2, 3]),
        (Query::Received(None, minute(1)), vec![1]),
        (Query::Saved(minute(1), minute(2)), vec![2]),
        (Query::ModseqFrom(appended[1].modseq), vec![2, 3]),
        (Query::Uids(vec![UidRange::one(1), UidRange { first: 3, last: 9 }]), vec![1, 3]),
        (Query::Messages(vec![appended[2].message]), vec![3]),
        (Query::Threads(vec![appended[0].thread, appended[2].thread]), vec![1, 3]),
        (Query::Or(vec![]), vec![]),
        (Query::And(vec![]), vec![1, 2, 3]),
    ] {
        assert_eq!(find(&desk, query.clone()).await, found, "{query:?}");
    }
}

async fn trees_are_three_valued(store: TestStore) {
    let desk = Desk::open(&store).await;
    for (subject, flags) in [("apples", 0), ("pears", Flags::SEEN), ("apples and pears", Flags::SEEN)] {
        desk.append(desk.inbox, &plain(subject), flags).await.unwrap();
    }
    let not = |query| Query::Not(Box::new(query));
    let seen = Query::HasFlag(Flags::SEEN);
    for (query, found) in [
        (not(text("apples")), vec![2]),
        (Query::And(vec![text("apples"), text("pears")]), vec![3]),
        (Query::And(vec![not(seen.clone()), text("pears")]), vec![]),
        (Query::Or(vec![seen.clone(), text("apples")]), vec![1, 2, 3]),
        (Query::Or(vec![envelope(Field::Subject, "apples"), body("absent")]), vec![1, 3]),
        (not(Query::Or(vec![envelope(Field::Subject, "and"), header("subject", "pears")])), vec![1]),
        (Query::And(vec![Query::Uids(vec![UidRange::one(3)]), text("apples")]), vec![3]),
    ] {
        assert_eq!(find(&desk, query.clone()).await, found, "{query:?}");
    }
    let deep = (0..100).fold(Query::All, |inner, _| Query::Not(Box::new(inner)));
    assert!(matches!(try_find(&desk, deep, Budget::default()).await, Err(MailboxError::QueryTooDeep)));
}

async fn what_we_put_before_a_message_is_found(store: TestStore) {
    let desk = Desk::open(&store).await;
    let mut prepared = Prepared::new(&plain("x"), desk.context());
    let staged = desk.stage(prepared.take_record()).await.unwrap();
    desk.change(move |tx, account| {
        staged.attach(tx, 1)?;
        let delivered = mailbox::deliver(
            tx,
            account,
            &Delivery {
                target: Target::Inbox,
                prepared: &prepared,
                blob: staged.id(),
                trace: b"Return-Path: <who@sender.example>\r\nReceived: from mx9.sender.example\r\n\tby here\r\n",
                flags: Flags::NONE,
                received: NOW,
                dedupe: None,
            },
        )?;
        assert!(matches!(delivered, Delivered::Stored(_)));
        Ok(())
    })
    .await
    .unwrap();
    for (query, found) in [
        (text("mx9.sender.example by here"), vec![1]),
        (text("return-path: <who"), vec![1]),
        (header("return-path", "who@"), vec![1]),
        (header("received", ""), vec![1]),
        (header("received", "elsewhere"), vec![]),
        (body("mx9"), vec![]),
        (text("mx8"), vec![]),
    ] {
        assert_eq!(find(&desk, query.clone()).await, found, "{query:?}");
    }
}

async fn dates_are_as_they_are_written(store: TestStore) {
    let desk = Desk::open(&store).await;
    for date in
        ["Tue, 24 Nov 2026 23:30:00 -0800", "Wed, 25 Nov 2026 00:30:00 +0800", "24 Nov 2026 00:00 GMT", "nonsense"]
    {
        desk.append(desk.inbox, &message(&[("Date", date)], "x"), 0).await.unwrap();
    }
    let day = |day| {
        Some(Timestamp::from_civil(env::Civil {
            year: 2026,
            month: 11,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            weekday: 0,
        }))
    };
    assert_eq!(find(&desk, Query::Sent(day(24), day(25))).await, [1, 3]);
    assert_eq!(find(&desk, Query::Sent(day(25), None)).await, [2]);
    assert_eq!(find(&desk, Query::Sent(None, day(24))).await, Vec::<u32>::new());
}

async fn attachments_are_found_by_name(store: TestStore) {
    let desk = Desk::open(&store).await;
    let fields = [("Subject", "x"), ("MIME-Version", "1.0"), ("Content-Type", "multipart/mixed; boundary=b")];
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\nContent-Type: application/pdf\r\n\
                 Content-Disposition: attachment; filename=\"Proforma Invoice 88.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                 aGlkZGVuIHdvcmRz\r\n--b--";
    desk.append(desk.inbox, &message(&fields, parts), 0).await.unwrap();
    assert_eq!(find(&desk, body("invoice 88")).await, [1]);
    assert_eq!(find(&desk, text("see below")).await, [1]);
    assert_eq!(find(&desk, text("hidden words")).await, Vec::<u32>::new());
}

async fn a_search_can_be_given_up(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.append(desk.inbox, &plain("words"), 0).await.unwrap();
    let late = Budget { deadline: Some(NOW), cancelled: None };
    assert!(matches!(try_find(&desk, text("words"), late).await, Err(MailboxError::Interrupted)));
    let cancelled = Budget { deadline: None, cancelled: Some(Arc::new(AtomicBool::new(true))) };
    assert!(matches!(try_find(&desk, text("words"), cancelled).await, Err(MailboxError::Interrupted)));
}

/// Every word of every message is found in exactly the messages that a plain search would find.
async fn signatures_never_hide_a_message(store: TestStore) {
    let desk = Desk::open(&store).await;
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let letters: Vec<char> = "abcdeé订单号码привет".chars().collect();
    let mut bodies = Vec::new();
    for _ in 0..25 {
        let count = random(300);
        let words: Vec<String> = (0..count)
            .map(|_| (0..1 + random(6)).map(|_| letters[random(letters.len() as u64) as usize]).collect())
            .collect();
        bodies.push(words.join(" "));
    }
    let fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")];
    for text in &bodies {
        desk.append(desk.inbox, &message(&fields, text), 0).await.unwrap();
    }
    let words: BTreeSet<&str> = bodies.iter().flat_map(|body| body.split(' ')).filter(|word| word.len() > 2).collect();
    for word in words.into_iter().step_by(7) {
        let expected: Vec<u32> =
            (1..).zip(&bodies).filter(|(_, body)| body.contains(word)).map(|(uid, _)| uid).collect();
        assert_eq!(find(&desk, body(word)).await, expected, "{word:?}");
    }
}

async fn a_damaged_message_does_not_hide_the_others(store: TestStore) {
    let desk = Desk::open(&store).await;
    for _ in 0..3 {
        desk.append(
            desk.inbox,
            &message(&[("Subject", "long")], &"words that fill what does not fit into a row\r\n".repeat(2000)),
            0,
        )
        .await
        .unwrap();
    }
    assert_eq!(find(&desk, body("words that")).await, [1, 2, 3]);
    let damage =
        "UPDATE blob SET segment = 0, data = $1, length = 10 WHERE id = (SELECT blob FROM message ORDER BY id LIMIT 1)";
    store.handle().write(move |tx| tx.execute(damage, store::params![b"not a seal".as_slice()])).await.unwrap();
    assert_eq!(find(&desk, body("words that")).await, [2, 3]);
    assert_eq!(find(&desk, Query::All).await, [1, 2, 3]);
}

async fn all_of_an_account_is_searched_removed_mail_included(store: TestStore) {
    let desk = Desk::open(&store).await;
    desk.create("Work").await.unwrap();
    let work = desk.mailbox("Work").await.id;
    let letter = |words: &str| message(&[("Subject", "Offer"), ("From", "li@trade.test")], words);
    let kept = desk.append(work, &letter("the price of valves"), 0).await.unwrap();
    desk.append(desk.inbox, &letter("nothing of that"), 0).await.unwrap();
    let gone = desk.append(desk.inbox, &letter(&"the price of valves, again\r\n".repeat(4000)), 0).await.unwrap();
    desk.add_flags(desk.inbox, &[UidRange::one(gone.uid)], Flags::DELETED).await;
    assert_eq!(desk.expunge(desk.inbox).await, [gone.uid]);
    let ask = async |query: Query| {
        let store = desk.store.handle();
        desk.look(move |tx, account| search_account(tx, store.blobs(), account, &query, &Budget::default()))
            .await
            .unwrap()
    };
    assert_eq!(ask(text("price of valves")).await, [kept.message, gone.message]);
    assert_eq!(ask(envelope(Field::Subject, "offer")).await.len(), 3);
    assert_eq!(ask(Query::Larger(50_000)).await, [gone.message]);
    assert_eq!(ask(Query::HasFlag(Flags::SEEN)).await, Vec::<i64>::new());
    let (id, handle) = (gone.message, desk.store.handle());
    let read = desk.look(move |tx, account| removed::source(tx, account, id)?.reader(handle.blobs()).read_all()).await;
    assert!(String::from_utf8(read.unwrap()).unwrap().contains("again"));
}
