use std::time::Duration;

use env::Timestamp;
use identity::{AccountKind, Language, Level, NewAccount, Role};
use mailbox::{Flags, Name};
use sieve::Reply;
use store::testing::TestStore;
use store::{Store, Tx};

use crate::{
    AutoReply, Change, Decision, Desk, Incoming, Memory, Outside, Place, Replying, RulesSettings, ScriptsError, Target,
};

store::on_both_engines! {
    scripts_are_kept_and_one_is_active,
    mail_goes_where_the_script_says,
    a_script_that_fails_keeps_the_mail,
    what_was_done_is_remembered_for_its_time,
    the_automatic_reply_has_its_time,
    mail_leaves_only_where_it_may,
    what_hides_mail_is_noted,
    all_goes_with_the_account,
}

async fn account(store: &Store) -> i64 {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut last = 0;
        for (address, role) in [("boss@trade.test", Role::Admin), ("li@trade.test", Role::Sales)] {
            let new = NewAccount {
                organisation,
                address,
                name: address,
                role,
                language: Language::Chinese,
                kind: AccountKind::Person,
                quota_bytes: 0,
                password: None,
            };
            last = identity::create_account(tx, &new)?;
        }
        mailbox::mailboxes::create_defaults(tx, last)?;
        Ok::<_, ScriptsError>(last)
    };
    store.write(make).await.unwrap()
}

async fn set(store: &Store, account: i64, text: &'static str) -> i64 {
    let change = move |tx: &mut Tx<'_>| {
        let id = crate::add(tx, account, &text.len().to_string(), text)?;
        crate::activate(tx, account, Some(id))?;
        Ok::<_, ScriptsError>(id)
    };
    store.write(change).await.unwrap()
}

async fn decide(store: &Store, account: i64, subject: &str) -> Option<Decision> {
    let raw = format!(
        "From: a@b.example\r\nTo: li@trade.test\r\nMessage-ID: <{subject}@x>\r\nSubject: {subject}\r\n\r\nx\r\n"
    );
    let desk = store.read(move |tx| Desk::load(tx, account)).await.unwrap()?;
    let (sender, recipient) = ("a@b.example", "li@trade.test");
    Some(desk.decide(Incoming { raw: raw.as_bytes(), trace: b"", sender, recipient }))
}

async fn scripts_are_kept_and_one_is_active(store: TestStore) {
    let account = account(&store).await;
    assert!(decide(&store, account, "x").await.is_none());
    let (one, two) = (set(&store, account, "keep;").await, set(&store, account, "discard;").await);
    let list = store.read(move |tx| crate::list(tx, account)).await.unwrap();
    assert_eq!(list.iter().map(|kept| (kept.id, kept.is_active)).collect::<Vec<_>>(), [(one, false), (two, true)]);
    let refused = |outcome: Result<(), ScriptsError>| outcome.unwrap_err().to_string();
    let gone = store.write(move |tx| crate::remove(tx, account, two)).await;
    assert!(refused(gone).contains("deactivate it"));
    let named = Change { name: Some("8"), text: None };
    let taken = store.write(move |tx| crate::change(tx, account, one, named)).await;
    assert!(refused(taken).contains("choose another name"));
    let wrong = Change { name: None, text: Some("keep") };
    let wrong = store.write(move |tx| crate::change(tx, account, one, wrong)).await;
    assert!(refused(wrong).contains("semicolon"));
    for bad in ["", "a\nb", &"x".repeat(600)] {
        let bad = bad.to_owned();
        let outcome = store.write(move |tx| crate::add(tx, account, &bad, "keep;")).await;
        assert!(matches!(outcome, Err(ScriptsError::Name(_))));
    }
    let content = list[0].content;
    assert_eq!(store.read(move |tx| crate::content(tx, account, content)).await.unwrap().as_deref(), Some("keep;"));
    store.write(move |tx| crate::remove(tx, account, one)).await.unwrap();
    store.write(move |tx| crate::activate(tx, account, None)).await.unwrap();
    assert!(decide(&store, account, "x").await.is_none());
}

async fn mail_goes_where_the_script_says(store: TestStore) {
    let account = account(&store).await;
    let text = "require [\"fileinto\", \"mailbox\", \"special-use\", \"imap4flags\", \"duplicate\"];
        if duplicate { discard; stop; }
        addflag [\"\\\\Seen\", \"$label\"];
        if header \"subject\" \"new\" { fileinto :create \"A/B\"; }
        elsif header \"subject\" \"old\" { fileinto :specialuse \"\\\\Archive\" \"Somewhere\"; keep; }";
    set(&store, account, text).await;
    let place = |target| Place { target, system: Flags::SEEN, keywords: vec!["$label".to_owned()] };
    let found = decide(&store, account, "new").await.unwrap();
    assert_eq!(found.places, [place(Target::New(Name::parse("A/B").unwrap()))]);
    let archive = store.read(move |tx| mailbox::mailboxes::list(tx, account)).await.unwrap();
    let archive = archive.iter().find(|it| it.name.as_str() == "Archive").unwrap().id;
    let old = decide(&store, account, "old").await.unwrap();
    assert_eq!(old.places, [place(Target::Mailbox(archive)), place(Target::Inbox)]);
    assert_eq!(decide(&store, account, "old").await.unwrap().places.len(), 2, "it was not delivered yet");
    store.write(move |tx| old.remember(tx, account)).await.unwrap();
    assert_eq!(decide(&store, account, "old").await.unwrap().places, []);
}

async fn a_script_that_fails_keeps_the_mail(store: TestStore) {
    let account = account(&store).await;
    set(&store, account, "require [\"fileinto\"]; fileinto \"Nowhere\";").await;
    let found = decide(&store, account, "x").await.unwrap();
    assert_eq!(found.places, [Place::inbox()]);
    assert!(found.trouble.unwrap().contains("Nowhere"));
    set(&store, account, "require [\"vacation\"]; vacation \"a\"; discard; vacation \"b\";").await;
    let found = decide(&store, account, "x").await.unwrap();
    assert_eq!((found.places, found.reply), (vec![Place::inbox()], None));
    assert!(found.trouble.unwrap().contains("line 1"));
}

async fn what_was_done_is_remembered_for_its_time(store: TestStore) {
    let account = account(&store).await;
    let hour = Duration::from_secs(3600);
    let claim = |name: &'static str| store.write(move |tx| crate::claim(tx, account, Memory::Replied, name, hour));
    assert!(claim("a").await.unwrap());
    assert!(!claim("a").await.unwrap());
    assert!(claim("b").await.unwrap());
    assert!(store.read(move |tx| crate::is_claimed(tx, account, Memory::Replied, "a")).await.unwrap());
    assert!(!store.read(move |tx| crate::is_claimed(tx, account, Memory::Told, "a")).await.unwrap());
    assert_eq!(store.write(|tx| crate::forget_expired(tx, 10)).await.unwrap(), 0);
    let over = Duration::from_secs(0);
    assert!(store.write(move |tx| crate::claim(tx, account, Memory::Told, "x", over)).await.unwrap());
    assert!(store.write(move |tx| crate::claim(tx, account, Memory::Told, "x", over)).await.unwrap());
    assert_eq!(store.write(|tx| crate::forget_expired(tx, 10)).await.unwrap(), 1);
}

async fn the_automatic_reply_has_its_time(store: TestStore) {
    let account = account(&store).await;
    let reply = AutoReply { is_enabled: true, text: Some("away".to_owned()), ..AutoReply::default() };
    let now = store.context().clock.now();
    let at = |reply: &AutoReply| reply.at(now).map(|reply| reply.reason);
    assert_eq!(at(&reply).as_deref(), Some("away"));
    assert_eq!(at(&AutoReply { is_enabled: false, ..reply.clone() }), None);
    assert_eq!(at(&AutoReply { from: Some(now.millis() + 1), ..reply.clone() }), None);
    assert_eq!(at(&AutoReply { to: Some(now.millis()), ..reply.clone() }), None);
    assert_eq!(at(&AutoReply { text: Some(" ".to_owned()), ..reply.clone() }), None);
    let rich = at(&AutoReply { html: Some("<p>away</p>".to_owned()), ..reply.clone() }).unwrap();
    assert!(rich.starts_with("Content-Type: multipart/alternative"));
    let kept = reply.clone();
    store.write(move |tx| crate::set_auto_reply(tx, account, &kept)).await.unwrap();
    assert_eq!(store.read(move |tx| crate::auto_reply(tx, account)).await.unwrap(), reply);
    let found = decide(&store, account, "x").await.unwrap();
    assert_eq!((found.places, found.reply.unwrap().reason), (vec![Place::inbox()], "away".to_owned()));
    set(&store, account, "discard;").await;
    assert_eq!(decide(&store, account, "x").await.unwrap().reply, None, "what is thrown away is not replied to");
    let long = AutoReply { text: Some("x".repeat(100_000)), ..reply };
    let outcome = store.write(move |tx| crate::set_auto_reply(tx, account, &long)).await;
    assert!(matches!(outcome, Err(ScriptsError::TooLong { .. })));
}

async fn mail_leaves_only_where_it_may(store: TestStore) {
    let none = Outside::default();
    let some = Outside::of(&RulesSettings { redirect_to: vec!["Partner.example".to_owned()] });
    let all = Outside::of(&RulesSettings { redirect_to: vec!["*".to_owned()] });
    account(&store).await;
    for (address, expected) in [
        ("boss@trade.test", [true, true, true]),
        ("a@partner.example", [false, true, true]),
        ("a@sub.partner.example", [false, false, true]),
        ("a@thief.example", [false, false, true]),
    ] {
        for (outside, expected) in [&none, &some, &all].into_iter().zip(expected) {
            let (text, outside) = (format!("if false {{ redirect \"{address}\"; }}"), outside.clone());
            let script = crate::check(&text).unwrap();
            let outcome = store.read(move |tx| crate::check_targets(tx, &script, &outside)).await;
            assert_eq!(outcome.is_ok(), expected, "{address}");
        }
    }
}

async fn what_hides_mail_is_noted(store: TestStore) {
    use identity::rule_events::Hiding;
    let account = account(&store).await;
    set(&store, account, "if header :contains \"subject\" \"invoice\" { discard; }").await;
    let id = set(&store, account, "keep;").await;
    let text = "require \"fileinto\"; if address \"from\" \"a@b.example\" { fileinto \"Trash\"; redirect \"boss@trade.test\"; }";
    let change = Change { name: None, text: Some(text) };
    store.write(move |tx| crate::change(tx, account, id, change)).await.unwrap();
    let since = Timestamp::from_millis(0);
    let events = store.read(move |tx| identity::rule_events::list(tx, account, since)).await.unwrap();
    let found: Vec<_> = events.into_iter().map(|event| (event.hiding, event.wanted.concat())).collect();
    let partner = "a@b.example".to_owned();
    assert_eq!(
        found,
        [
            (Hiding::Drops, "invoice".to_owned()),
            (Hiding::Files { into: "Trash".to_owned() }, partner.clone()),
            (Hiding::SendsOn { to: "boss@trade.test".to_owned() }, partner),
        ]
    );
}

async fn all_goes_with_the_account(store: TestStore) {
    let account = account(&store).await;
    set(&store, account, "discard;").await;
    store.write(move |tx| crate::set_auto_reply(tx, account, &AutoReply::default())).await.unwrap();
    store.write(move |tx| crate::claim(tx, account, Memory::Told, "x", Duration::from_secs(60))).await.unwrap();
    store.write(move |tx| identity::delete_account(tx, account)).await.unwrap();
    for count in [
        "SELECT COUNT(*) FROM script",
        "SELECT COUNT(*) FROM auto_reply",
        "SELECT COUNT(*) FROM script_memory",
        "SELECT COUNT(*) FROM rule_event",
    ] {
        let left = store.read(move |tx| tx.row(count, &[], |row| row.int(0))).await.unwrap();
        assert_eq!(left, Some(0), "{count}");
    }
}

fn reply(from: Option<&str>, addresses: &[&str]) -> Reply {
    Reply {
        reason: "away".to_owned(),
        mime: false,
        subject: None,
        from: from.map(str::to_owned),
        addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        handle: String::new(),
        seconds: 60,
    }
}

#[test]
fn people_are_replied_to_and_machines_are_not() {
    let own = ["li@trade.test".to_owned(), "sales@trade.test".to_owned()];
    let asked = |sender: &str, header: &str, addresses: &[&str]| {
        let replying = Replying { sender, own: &own, name: "Li", recipient: "li@trade.test" };
        crate::may_reply(b"", format!("{header}\r\n\r\nx").as_bytes(), &reply(None, addresses), replying)
    };
    for to in
        ["To: Li <li@trade.test>", "Cc: x@y.example, LI@Trade.Test", "To: li+shop@trade.test", "Bcc: sales@trade.test"]
    {
        assert!(asked("anna@partner.example", to, &[]), "{to}");
    }
    assert!(asked("anna@partner.example", "To: old@trade.example", &["old@trade.example"]));
    assert!(asked("anna@partner.example", "To: li@trade.test\r\nAuto-Submitted: no", &[]));
    for sender in [
        "",
        "li@trade.test",
        "sales@trade.test",
        "MAILER-DAEMON@x.example",
        "no-reply@x.example",
        "owner-list@x.example",
        "list-request@x.example",
        "bounce+1=2@x.example",
        "noreply-shop@x.example",
    ] {
        assert!(!asked(sender, "To: li@trade.test", &[]), "{sender}");
    }
    for more in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x",
        "Precedence: bulk",
        "List-Id: <a.b>",
        "List-Unsubscribe: <mailto:x@y>",
        "X-Auto-Response-Suppress: DR, OOF",
    ] {
        assert!(!asked("anna@partner.example", &format!("To: li@trade.test\r\n{more}"), &[]), "{more}");
    }
    assert!(!asked("anna@partner.example", "To: others@trade.test", &[]), "a hidden copy");
}

#[test]
fn replies_say_what_they_answer_and_nothing_else() {
    let own = ["li@trade.test".to_owned(), "sales@trade.test".to_owned()];
    let raw = b"From: a@b.example\r\nSubject: =?utf-8?B?5Y+R56Wo?=\r\nMessage-ID: <2@b.example>\r\nReferences: <1@b.example>\r\n\r\nx";
    let composed = |reply: &Reply| {
        let replying = Replying { sender: "a@b.example", own: &own, name: "李四", recipient: "sales@trade.test" };
        String::from_utf8(crate::compose(
            raw,
            reply,
            replying,
            Timestamp::from_seconds(1_795_600_000),
            "9@mail.trade.test",
        ))
        .unwrap()
    };
    let text = composed(&reply(None, &[]));
    for expected in [
        "<sales@trade.test>\r\n",
        "To: <a@b.example>\r\n",
        "In-Reply-To: <2@b.example>\r\n",
        "References: <1@b.example>\r\n <2@b.example>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "YXdheQ==\r\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(composed(&reply(Some("Li <li@trade.test>"), &[])).contains("From: \"Li\" <li@trade.test>"));
    assert!(composed(&reply(Some("boss@trade.test"), &[])).contains("<sales@trade.test>"), "only one's own address");
    let part = "Subject: forged\nBcc: x@y\nContent-Type: text/html\n\n<p>away";
    let text = composed(&Reply {
        reason: part.to_owned(),
        mime: true,
        subject: Some("a\r\nBcc: z@y".to_owned()),
        ..reply(None, &[])
    });
    assert!(
        !text.contains("forged") && !text.contains("\r\nBcc") && text.contains("Content-Type: text/html\r\n"),
        "{text}"
    );
}
