//! Subject requests: entered, watched, looked for, carried out and answered; on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod office;

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use identity::Language;
use office::{Office, STRANGER, by};
use store::holds::{self, HoldDetail};
use store::page::Cursor;
use store::restrictions;
use store::testing::TestStore;
use store::{Tx, params};
use subjects::{
    Correction, Kind, Left, LetterKind, Live, NewConsent, NewRequest, OwnRequest, Regime, Removal, State, SubjectError,
    SubjectSettings, Wanted,
};

store::on_both_engines! {
    deadlines_are_told_once_and_a_clock_set_back_tells_nothing_twice,
    an_extension_is_told_within_the_deadline_and_once,
    a_stranger_is_found_wherever_he_is_held,
    after_an_erasure_nothing_of_him_is_found_and_what_stays_says_why,
    business_mail_goes_where_the_officer_decides_so,
    a_legal_hold_stands_against_an_erasure_and_is_named,
    keys_of_an_account_are_destroyed_and_the_proof_verifies,
    whose_data_is_restricted_teaches_nothing_and_is_not_searched,
    names_and_addresses_are_set_right,
    answers_are_drafts_until_somebody_sends_them,
    a_report_tells_places_and_no_content,
    consents_stay_in_the_register,
    the_register_of_processing_is_made_from_what_is_set,
    what_cannot_be_is_refused,
    another_organisation_sees_nothing,
    closed_requests_are_forgotten_in_time,
    message_traces_name_him_no_more_and_others_still,
    the_register_tells_how_it_stands,
    somebody_of_ours_asks_himself_and_sees_how_far_it_is,
    what_a_stranger_leaves_counts_once_he_has_shown_his_address,
}

async fn deadlines_are_told_once_and_a_clock_set_back_tells_nothing_twice(store: TestStore) {
    let office = Office::open(store).await;
    let start = office.store.context().clock.now();
    let request = office.enter(Kind::Access, &[STRANGER]).await;
    assert_eq!(request.due.to_string(), "2027-02-15T23:59:59Z");
    let told = async || {
        let due = |tx: &mut Tx<'_>| subjects::due_for_reminder(tx, &SubjectSettings::default());
        let due = office.store.read(due).await.unwrap();
        let mut levels = Vec::new();
        for reminder in due {
            let level = reminder.level;
            if office.store.write(move |tx| subjects::claim_reminder(tx, &reminder)).await.unwrap() {
                levels.push(level);
            }
        }
        levels
    };
    assert_eq!(told().await, Vec::<i64>::new());
    office.store.clock.set(request.due);
    office.store.clock.set(Timestamp::from_millis(request.due.millis() - 6 * 86_400_000));
    assert_eq!(told().await, [1]);
    assert_eq!(told().await, Vec::<i64>::new(), "once");
    office.store.clock.set(Timestamp::from_millis(request.due.millis() - 3_600_000));
    assert_eq!(told().await, [2]);
    // The clock is set back to the beginning, and runs again.
    office.store.clock.set(start);
    assert_eq!(told().await, Vec::<i64>::new());
    office.store.clock.set(Timestamp::from_millis(request.due.millis() - 3_600_000));
    assert_eq!(told().await, Vec::<i64>::new());
    office.store.clock.set(Timestamp::from_millis(request.due.millis() + 1));
    assert_eq!(told().await, [3]);
    assert_eq!(office.load(request.id).await.due, request.due, "the deadline is what it was");
    office.change(move |tx, it| subjects::close(tx, it, request.id, (true, ""), &by())).await.unwrap();
    assert_eq!(told().await, Vec::<i64>::new());
}

async fn an_extension_is_told_within_the_deadline_and_once(store: TestStore) {
    let office = Office::open(store).await;
    let extend = async |id: i64| {
        let settings = SubjectSettings::default();
        office.change(move |tx, it| subjects::extend(tx, it, id, "many mailboxes", &by(), &settings)).await
    };
    let request = office.enter(Kind::Access, &[STRANGER]).await;
    assert_eq!(extend(request.id).await.unwrap().to_string(), "2027-04-15T23:59:59Z");
    assert!(matches!(extend(request.id).await, Err(SubjectError::Extended(_))));
    let draft = office.draft(request.id, LetterKind::Extended).await;
    assert!(draft.text.contains("many mailboxes") && draft.text.contains("2027-04-15"), "{}", draft.text);
    let late = office.enter(Kind::Access, &[STRANGER]).await;
    office.store.clock.set(Timestamp::from_millis(late.due.millis() + 1));
    assert!(matches!(extend(late.id).await, Err(SubjectError::TooLate(_))));
}

async fn a_stranger_is_found_wherever_he_is_held(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let request = office.enter(Kind::Access, &[STRANGER]).await;
    let found = office.search(request.id).await;
    for place in [
        "mailboxes",
        "removed",
        "quarantine",
        "portal",
        "partners",
        "contacts",
        "traces",
        "message-trace",
        "reputation",
        "correspondents",
        "lists",
        "keys",
        "rules",
        "register",
        "queue",
    ] {
        assert!(found.places.contains_key(place), "{place}: {found:?}");
    }
    assert_eq!((found.mailboxes, found.whole), (2, true));
    // Somebody whose address has his in it is another.
    assert_eq!(found.places["mailboxes"], 2);
    let id = request.id;
    let mail = office.change(move |tx, it| subjects::mentions(tx, it, id, None, 0)).await.unwrap();
    assert_eq!(mail.len(), 3);
    assert!(mail.iter().any(|it| it.removed.is_some() && it.roles == ["from"]), "{mail:?}");
    assert!(mail.iter().any(|it| it.folders == ["Sent"] && it.roles == ["to"]), "{mail:?}");
    let first = mail[0].clone();
    let page =
        office.change(move |tx, it| subjects::mentions(tx, it, id, Some((first.account, first.message)), 1)).await;
    assert_eq!(page.unwrap(), mail[1..2]);
}

async fn after_an_erasure_nothing_of_him_is_found_and_what_stays_says_why(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let canaries = office.canaries().await;
    assert_eq!(office.lying(&canaries).await, [true; 4], "what is looked for is there before");
    let request = office.enter(Kind::Erasure, &[STRANGER]).await;
    office.identify(request.id).await;
    let erased = office.erase(request.id, None).await.unwrap();
    let ours =
        ["partners", "contacts", "traces", "message-trace", "reputation", "correspondents", "lists", "keys", "rules"];
    for place in ours {
        assert!(erased.gone.contains_key(place), "{place}: {erased:?}");
    }
    let kept = |place: &str, basis: &str| erased.kept.iter().any(|it| it.place == place && it.basis == basis);
    assert!(kept("mailboxes", "retention") && kept("lists", "security") && kept("register", "record"), "{erased:?}");
    assert!(kept("queue", "delivery") && kept("portal", "retention") && kept("quarantine", "retention"));
    let again = office.search(office.enter(Kind::Access, &[STRANGER]).await.id).await;
    for place in ours.into_iter().filter(|place| *place != "lists").chain(["cases"]) {
        assert!(!again.places.contains_key(place), "{place}: {again:?}");
    }
    assert_eq!(again.places["lists"], 1, "the address that is blocked stays so");
    assert_eq!(office.lying(&canaries).await, [false; 4], "no trace is left in database, log or segments");
    office.change(move |tx, it| subjects::close(tx, it, request.id, (false, ""), &by())).await.unwrap();
    let draft = office.draft(request.id, LetterKind::Done).await;
    assert!(draft.text.contains("Business mail and what belongs to it stays"), "{}", draft.text);
    assert!(draft.text.contains("Backups from before"), "{}", draft.text);
    office.whole().await;
}

async fn business_mail_goes_where_the_officer_decides_so(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    // Of one mailbox a part is under a hold.
    let wang = office.wang;
    let detail = HoldDetail {
        name: "Court".to_owned(),
        reason: "asked".to_owned(),
        by: "security".to_owned(),
        before: Some(i64::MAX),
        ..HoldDetail::default()
    };
    office.change(move |tx, it| Ok(holds::begin(tx, it, &[wang], &detail)?)).await.unwrap();
    let request = office.enter(Kind::Erasure, &[STRANGER]).await;
    office.identify(request.id).await;
    let removal = Removal { reason: "no business came of it".to_owned() };
    let erased = office.erase(request.id, Some(removal)).await.unwrap();
    assert_eq!(erased.gone["mailboxes"], 2, "that of Li, removed mail too");
    assert!(erased.kept.iter().any(|it| it.basis == "hold" && it.things == 1), "{erased:?}");
    assert!(erased.gone.contains_key("portal"));
    let again = office.search(office.enter(Kind::Access, &[STRANGER]).await.id).await;
    assert_eq!(again.places.get("mailboxes"), Some(&1));
    assert!(!again.places.contains_key("removed") && !again.places.contains_key("portal"), "{again:?}");
}

async fn a_legal_hold_stands_against_an_erasure_and_is_named(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let with = HoldDetail {
        name: "Valves case".to_owned(),
        reason: "a court asks".to_owned(),
        by: "security".to_owned(),
        with: Some("far.example".to_owned()),
        ..HoldDetail::default()
    };
    let li = office.li;
    let hold = office.change(move |tx, it| Ok(holds::begin(tx, it, &[li], &with)?)).await.unwrap();
    for addresses in [[STRANGER], ["li@trade.test"]] {
        let request = office.enter(Kind::Erasure, &addresses).await;
        office.identify(request.id).await;
        let refused = office.erase(request.id, None).await.unwrap_err();
        let (english, chinese) = (refused.told(Language::English), refused.told(Language::Chinese));
        for told in [&english, &chinese] {
            assert!(told.contains("Valves case") && told.contains(&hold.to_string()), "{told}");
        }
        assert!(english.contains("nothing was erased") && chinese.contains("未删除任何内容"));
        let reason = ("the court has the last word", Some(hold));
        office.change(move |tx, it| subjects::refuse(tx, it, request.id, reason, &by())).await.unwrap();
        assert_eq!(office.load(request.id).await.state, State::Refused);
        let draft = office.draft(request.id, LetterKind::RefusedByHold).await;
        assert!(draft.text.contains("Valves case") && draft.text.contains(&hold.to_string()), "{}", draft.text);
    }
    let found = office.search(office.enter(Kind::Access, &[STRANGER]).await.id).await;
    assert!(found.places.contains_key("partners") && found.places.contains_key("contacts"), "nothing went");
    let chinese = office.enter_in(Kind::Erasure, &[STRANGER], Language::Chinese).await;
    office.change(move |tx, it| subjects::refuse(tx, it, chinese.id, ("法院", Some(hold)), &by())).await.unwrap();
    let draft = office.draft(chinese.id, LetterKind::RefusedByHold).await;
    assert!(draft.text.contains("法律保全“Valves case”"), "{}", draft.text);
    let unknown = office.enter(Kind::Erasure, &[STRANGER]).await;
    let none = office.change(move |tx, it| subjects::refuse(tx, it, unknown.id, ("x", Some(7)), &by())).await;
    assert!(matches!(none, Err(SubjectError::NoHold(7))));
}

async fn keys_of_an_account_are_destroyed_and_the_proof_verifies(store: TestStore) {
    let office = Office::open(store).await;
    office.put(office.wang, "INBOX", "boss@far.example", "wang@trade.test", "a letter").await;
    let request = office.enter(Kind::Erasure, &["wang@trade.test"]).await;
    assert_eq!(request.account, Some(office.wang));
    let (id, organisation) = (request.id, office.organisation);
    let how = ("she came to the office", None);
    office.change(move |tx, it| subjects::identify(tx, it, id, how, &by())).await.unwrap();
    assert!(matches!(office.erase(id, None).await, Err(SubjectError::AnswerErased(_))));
    let how = ("she came to the office", Some("wang@home.example"));
    office.change(move |tx, it| subjects::identify(tx, it, id, how, &by())).await.unwrap();
    let erased = office.erase(id, None).await.unwrap();
    assert!(erased.has_proof());
    let (wang, person) = (office.wang, request.person.clone());
    assert!(office.store.read(move |tx| identity::load_account(tx, wang)).await.is_err(), "the account is gone");
    let left = office.load(id).await;
    assert_eq!((left.account, left.person.as_str()), (None, person.as_str()), "the request stays, under a pseudonym");

    let build = move |tx: &mut Tx<'_>, places: &[String]| {
        subjects::build_proof(tx, organisation, id, "mail.trade.test", places)
    };
    let places = vec!["store".to_owned(), "s3:elsewhere".to_owned()];
    let early = office.store.read({
        let places = places.clone();
        move |tx| build(tx, &places)
    });
    assert!(matches!(early.await, Err(SubjectError::Audit(_))), "it is not sealed yet");
    office.store.write(|tx| audit::seal(tx, "mail.trade.test/audit").map(drop)).await.unwrap();
    let key = office.store.read(audit::public_key).await.unwrap().unwrap();
    let (statement, paper) = office.store.write(move |tx| build(tx, &places)).await.unwrap();
    assert_eq!(statement.waiting, ["s3:elsewhere"]);
    assert!(!statement.is_complete() && statement.reached.iter().any(|(place, _)| place == "store"));
    assert!(statement.keys[0].starts_with("account:") && statement.person == person);
    let octets = serde_json::to_vec(&paper).unwrap();
    assert_eq!(subjects::verify_proof(&octets, &key).unwrap(), statement);

    // Whatever is changed in it shows.
    let text = String::from_utf8(octets).unwrap();
    let swapped = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let other_day = swapped("\\\"destroyed\\\":\\\"2027", "\\\"destroyed\\\":\\\"2026");
    let no_waiting = swapped("[\\\"s3:elsewhere\\\"]", "[]");
    let other_person = swapped(&person, &person.replace(|c: char| c.is_ascii_digit(), "a"));
    let other_record = swapped("subject-step-destroyed", "subject-step-destroyer");
    for (number, changed) in [other_day, no_waiting, other_person, other_record, b"{}".to_vec()].iter().enumerate() {
        assert_ne!(changed, text.as_bytes(), "{number}");
        assert!(subjects::verify_proof(changed, &key).is_err(), "{number}");
    }
    let other = office::other_log_key().await;
    assert!(subjects::verify_proof(text.as_bytes(), &other).is_err(), "another log's key");
    let outsider = office.enter(Kind::Erasure, &[STRANGER]).await;
    let none = office.change(move |tx, it| subjects::build_proof(tx, it, outsider.id, "x", &[]).map(drop)).await;
    assert!(matches!(none, Err(SubjectError::NoProof(_))));
    office.whole().await;
}

async fn whose_data_is_restricted_teaches_nothing_and_is_not_searched(store: TestStore) {
    let office = Office::open(store).await;
    let organisation = office.organisation;
    let request = office.enter(Kind::Objection, &[STRANGER]).await;
    let restrict =
        async |id: i64, lift: bool| office.change(move |tx, it| subjects::restrict(tx, it, id, lift, &by())).await;
    assert!(matches!(restrict(request.id, false).await, Err(SubjectError::Unidentified(_))));
    office.identify(request.id).await;
    restrict(request.id, false).await.unwrap();
    let guard = guard::Guard::new(office.store.handle());
    let known = async || {
        let held = move |tx: &mut Tx<'_>| guard::person::held(tx, organisation, STRANGER);
        office.store.read(held).await.unwrap().is_something()
    };
    office.teach(1, STRANGER).await;
    guard.study().await.unwrap();
    assert!(!known().await, "nothing was learned from his mail");
    office.teach(2, "other@far.example").await;
    guard.study().await.unwrap();
    let held = move |tx: &mut Tx<'_>| guard::person::held(tx, organisation, "other@far.example");
    assert!(office.store.read(held).await.unwrap().is_something(), "from that of others it was");
    restrict(request.id, true).await.unwrap();
    office.teach(3, STRANGER).await;
    guard.study().await.unwrap();
    assert!(known().await, "once it is lifted, it is");

    // Of one of ours: his mailbox teaches nothing, and an investigation leaves it out unless it serves legal claims.
    let own = office.enter(Kind::Restriction, &["li@trade.test"]).await;
    office.identify(own.id).await;
    restrict(own.id, false).await.unwrap();
    let li = office.li;
    assert!(office.store.read(move |tx| restrictions::is_account(tx, li)).await.unwrap());
    let through_alias = ["other@x.example", "Li.Alias@trade.test"];
    office.change(move |tx, _| Ok(identity::add_alias(tx, li, "li.alias@trade.test").map(drop)?)).await.unwrap();
    let named = move |tx: &mut Tx<'_>| restrictions::is_any_address(tx, organisation, through_alias);
    assert!(office.store.read(named).await.unwrap(), "under whatever address");
    for (legal_claims, expected) in [(false, (1, 1)), (true, (2, 0))] {
        let searched = move |tx: &mut Tx<'_>, it: i64| {
            let new = investigation::NewInvestigation {
                name: "x".to_owned(),
                reason: "y".to_owned(),
                by: "security".to_owned(),
                custodians: vec!["li@trade.test".to_owned(), "wang@trade.test".to_owned()],
                legal_claims,
            };
            let id = investigation::open(tx, it, &new)?;
            let (open, left_out) = investigation::searchable(tx, it, id)?;
            Ok((open.len(), left_out))
        };
        assert_eq!(office.change(searched).await.unwrap(), expected, "{legal_claims}");
    }
    let begun = |tx: &mut Tx<'_>, it: i64, account: i64| {
        judgement::history::begin(tx, it, Some(account))?;
        let sql = "SELECT account FROM guard_history WHERE account = $1";
        Ok(tx.row(sql, params![account], |row| row.int(0))?.is_some())
    };
    let wang = office.wang;
    assert!(!office.change(move |tx, it| begun(tx, it, li)).await.unwrap());
    assert!(office.change(move |tx, it| begun(tx, it, wang)).await.unwrap());
}

async fn names_and_addresses_are_set_right(store: TestStore) {
    let office = Office::open(store).await;
    let organisation = office.organisation;
    let correct = async |id: i64, correction: Correction| {
        office.change(move |tx, it| subjects::correct(tx, it, id, &correction, &by())).await
    };
    let own = office.enter(Kind::Correction, &["li@trade.test"]).await;
    office.identify(own.id).await;
    correct(own.id, Correction::Name("Li Wei".to_owned())).await.unwrap();
    correct(own.id, Correction::AddAddress("Li.Wei@trade.test".to_owned())).await.unwrap();
    let li = office.li;
    let account = office.store.read(move |tx| identity::load_account(tx, li)).await.unwrap();
    assert_eq!(account.name, "Li Wei");
    assert!(account.addresses.iter().any(|it| it.eq_ignore_ascii_case("li.wei@trade.test")), "{account:?}");
    correct(own.id, Correction::RemoveAddress("li.wei@trade.test".to_owned())).await.unwrap();
    assert!(matches!(correct(own.id, Correction::Name(String::new())).await, Err(SubjectError::Part { .. })));

    let outside = office.enter(Kind::Correction, &[STRANGER]).await;
    office.identify(outside.id).await;
    let nowhere = correct(outside.id, Correction::Name("Chen Wei".to_owned())).await;
    assert!(matches!(nowhere, Err(SubjectError::Part { .. })), "nobody knows him yet");
    office.teach(1, STRANGER).await;
    guard::Guard::new(office.store.handle()).study().await.unwrap();
    correct(outside.id, Correction::Name("Chen Wei".to_owned())).await.unwrap();
    let held = move |tx: &mut Tx<'_>| guard::person::held(tx, organisation, STRANGER);
    let held = office.store.read(held).await.unwrap();
    assert_eq!(held.partner.unwrap().people[0].name, "Chen Wei");
    assert!(matches!(
        correct(outside.id, Correction::AddAddress("x@y.example".to_owned())).await,
        Err(SubjectError::Part { .. })
    ));
    office.change(move |tx, it| subjects::close(tx, it, own.id, (false, "thank you"), &by())).await.unwrap();
    assert!(office.draft(own.id, LetterKind::Done).await.text.contains("thank you"));
}

async fn answers_are_drafts_until_somebody_sends_them(store: TestStore) {
    let office = Office::open(store).await;
    let request = office.enter_in(Kind::Access, &[STRANGER], Language::Chinese).await;
    let draft = office.draft(request.id, LetterKind::Received).await;
    assert!(draft.subject.contains(&request.id.to_string()) && draft.text.contains("2027-02-15"), "{}", draft.text);
    assert!(draft.text.contains("查阅本组织持有的您的个人信息"), "{}", draft.text);
    assert_eq!(office.queued().await, 0, "nothing goes by itself");
    let place = (request.id, draft.id);
    let set = move |tx: &mut Tx<'_>, it: i64| subjects::set_letter(tx, it, place, "您的请求", "已收到。\n");
    office.change(set).await.unwrap();
    assert_eq!(office.send(request.id, draft.id).await.unwrap(), STRANGER);
    assert_eq!(office.queued().await, 1);
    assert!(matches!(office.send(request.id, draft.id).await, Err(SubjectError::NoDraft { .. })), "once");
    assert!(matches!(office.change(set).await, Err(SubjectError::NoDraft { .. })), "what was sent stays");
    let sent = office.change(move |tx, it| subjects::letters(tx, it, request.id)).await.unwrap();
    assert!(sent[0].sent.is_some() && sent[0].text == "已收到。\n");
    let empty = office.change(move |tx, it| subjects::set_letter(tx, it, place, " ", "x")).await;
    assert!(matches!(empty, Err(SubjectError::Part { .. })));
}

async fn a_report_tells_places_and_no_content(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let request = office.enter(Kind::Export, &[STRANGER]).await;
    assert!(matches!(office.report(request.id).await, Err(SubjectError::Unidentified(_))));
    office.identify(request.id).await;
    assert!(matches!(office.report(request.id).await, Err(SubjectError::NotCarriedOut { .. })), "nobody searched");
    office.search(request.id).await;
    let report = office.report(request.id).await.unwrap();
    let places: Vec<&str> =
        report.json["places"].as_array().unwrap().iter().map(|it| it["place"].as_str().unwrap()).collect();
    for place in ["mailboxes", "partners", "contacts", "keys", "reputation", "portal"] {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    let text = report.json.to_string();
    assert!(text.contains("li@trade.test"), "which mailboxes");
    for content in ["secret price", "quotation of valves"] {
        assert!(!text.contains(content), "{content}: {text}");
    }
    let csv = report.document.csv();
    assert!(csv.contains("Mail in mailboxes") && csv.contains(STRANGER), "{csv}");
    assert!(review::write_pdf(&report.document).starts_with(b"%PDF"));
    office.change(move |tx, it| subjects::close(tx, it, request.id, (false, ""), &by())).await.unwrap();
    assert_eq!(office.load(request.id).await.state, State::Done);
}

async fn consents_stay_in_the_register(store: TestStore) {
    let office = Office::open(store).await;
    let new = |address: &str| NewConsent {
        name: "Chen".to_owned(),
        address: address.to_owned(),
        purpose: "letters about valves".to_owned(),
        evidence: "form of 3 March".to_owned(),
        given: None,
        by: "security@trade.test".to_owned(),
    };
    let given = new(STRANGER);
    let first = office.change(move |tx, it| subjects::add_consent(tx, it, &given)).await.unwrap();
    let other = new("other@far.example");
    office.change(move |tx, it| subjects::add_consent(tx, it, &other)).await.unwrap();
    office.change(move |tx, it| subjects::withdraw_consent(tx, it, first, "letter of 4 March")).await.unwrap();
    let again = office.change(move |tx, it| subjects::withdraw_consent(tx, it, first, "again")).await;
    assert!(matches!(again, Err(SubjectError::NoConsent(_))));
    let wanted = |address: Option<&str>, after: Option<i64>| subjects::ConsentsWanted {
        address: address.map(str::to_owned),
        after,
        limit: 1,
    };
    let of = wanted(Some("CHEN@Far.Example"), None);
    let his = office.change(move |tx, it| subjects::consents(tx, it, &of)).await.unwrap();
    assert_eq!((his.len(), his[0].withdrawal.as_str()), (1, "letter of 4 March"));
    assert!(his[0].withdrawn.is_some() && his[0].evidence == "form of 3 March");
    let next = wanted(None, Some(first));
    let next = office.change(move |tx, it| subjects::consents(tx, it, &next)).await.unwrap();
    assert_eq!((next.len(), next[0].address.as_str()), (1, "other@far.example"));
    let mut ahead = new(STRANGER);
    ahead.given = Some(Timestamp::from_seconds(1_900_000_000));
    let ahead = office.change(move |tx, it| subjects::add_consent(tx, it, &ahead)).await;
    assert!(matches!(ahead, Err(SubjectError::Part { .. })));
}

async fn the_register_of_processing_is_made_from_what_is_set(store: TestStore) {
    let office = Office::open(store).await;
    office.change(|tx, it| Ok(holds::set_window_days(tx, it, 77)?)).await.unwrap();
    let live = Live { judged_days: 31, repositories: vec!["s3:vault".to_owned()], ..Live::default() };
    let made = async |language: Language| {
        let live = live.clone();
        office.change(move |tx, it| subjects::register(tx, it, language, &live)).await.unwrap()
    };
    let register = made(Language::English).await;
    let mail = register.entries.iter().find(|it| it.part == "mail").unwrap();
    assert!(mail.fields["kept"].contains("77 days"), "{mail:?}");
    let judging = register.entries.iter().find(|it| it.part == "judging").unwrap();
    assert!(judging.fields["kept"].contains("31 days") && register.json.to_string().contains("s3:vault"));
    let set = async |part: &'static str, text: Option<&'static str>| {
        office.change(move |tx, it| subjects::set_part(tx, it, part, Language::English, text)).await
    };
    set("controller", Some("Trade Test Ltd, Ningbo")).await.unwrap();
    set("mail.purpose", Some("Trade in valves.")).await.unwrap();
    set("own.Video at the gate", Some("To see who comes.")).await.unwrap();
    let register = made(Language::English).await;
    assert_eq!(register.whole["controller"], "Trade Test Ltd, Ningbo");
    assert!(register.entries.iter().any(|it| it.name == "Video at the gate"));
    let csv = register.document.csv();
    assert!(csv.contains("Trade in valves.") && csv.contains("Trade Test Ltd"), "{csv}");
    assert!(!made(Language::Chinese).await.document.csv().contains("Trade in valves."), "each language by itself");
    set("mail.purpose", None).await.unwrap();
    assert!(!made(Language::English).await.document.csv().contains("Trade in valves."));
    for wrong in ["nothing", "mail.nothing", "own.", "other.purpose"] {
        assert!(matches!(set(wrong, Some("x")).await, Err(SubjectError::Part { .. })), "{wrong}");
    }
    assert!(matches!(set("officer", Some(" ")).await, Err(SubjectError::Part { .. })));
    assert!(review::write_pdf(&register.document).starts_with(b"%PDF"));
}

async fn what_cannot_be_is_refused(store: TestStore) {
    let office = Office::open(store).await;
    let settings = SubjectSettings::default();
    let open = async |new: NewRequest| {
        let settings = settings.clone();
        office.change(move |tx, it| subjects::open(tx, it, &new, &by(), &settings)).await
    };
    let good = office::new(Kind::Access, &[STRANGER], Language::English);
    let now = office.store.context().clock.now();
    let wrong = [
        NewRequest { name: " ".to_owned(), ..good.clone() },
        NewRequest { addresses: Vec::new(), ..good.clone() },
        NewRequest { addresses: vec!["nobody".to_owned()], ..good.clone() },
        NewRequest { addresses: vec![STRANGER.to_owned(); 21], ..good.clone() },
        NewRequest { answer_to: Some("x".to_owned()), ..good.clone() },
        NewRequest { note: "x".repeat(3_000), ..good.clone() },
        NewRequest { received: Some(now.plus(Duration::from_secs(86_400))), ..good.clone() },
        NewRequest { received: Some(Timestamp::from_seconds(1_000_000_000)), ..good.clone() },
    ];
    for new in wrong {
        let told = format!("{new:?}");
        assert!(matches!(open(new).await, Err(SubjectError::Part { .. })), "{told}");
    }
    let two = office::new(Kind::Access, &["li@trade.test", "wang@trade.test"], Language::English);
    assert!(matches!(open(two).await, Err(SubjectError::TwoPeople(..))));
    let elsewhere = office::new(Kind::Access, &["out@other.test"], Language::English);
    assert!(matches!(open(elsewhere).await, Err(SubjectError::Elsewhere(_))));

    let access = open(good).await.unwrap();
    let id = access.id;
    assert!(matches!(office.erase(id, None).await, Err(SubjectError::Kind { .. })));
    let restrict = office.change(move |tx, it| subjects::restrict(tx, it, id, false, &by())).await;
    assert!(matches!(restrict, Err(SubjectError::Kind { .. })));
    let early = office.change(move |tx, it| subjects::close(tx, it, id, (false, ""), &by())).await;
    assert!(matches!(early, Err(SubjectError::Unidentified(_))));
    office.identify(id).await;
    let early = office.change(move |tx, it| subjects::close(tx, it, id, (false, ""), &by())).await;
    assert!(matches!(early, Err(SubjectError::NotCarriedOut { .. })), "nothing was done");
    office.change(move |tx, it| subjects::refuse(tx, it, id, ("no", None), &by())).await.unwrap();
    let closed = office.change(move |tx, it| subjects::identify(tx, it, id, ("x", None), &by())).await;
    assert!(matches!(closed, Err(SubjectError::Closed(_))));
    let none = office.change(|tx, it| subjects::load(tx, it, 7)).await;
    assert!(matches!(none, Err(SubjectError::NoRequest(7))));
    let erasure = office.enter(Kind::Erasure, &[STRANGER]).await;
    assert!(matches!(office.erase(erasure.id, None).await, Err(SubjectError::Unidentified(_))));
    office.identify(erasure.id).await;
    let reasonless = office.erase(erasure.id, Some(Removal { reason: String::new() })).await;
    assert!(matches!(reasonless, Err(SubjectError::Part { .. })));
    assert!("human".parse::<Regime>().is_err() && "more".parse::<Kind>().is_err());
}

async fn another_organisation_sees_nothing(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let (request, other) = (office.enter(Kind::Access, &[STRANGER]).await, office.other);
    let id = request.id;
    assert!(office.store.read(move |tx| subjects::list(tx, other, Wanted::default())).await.unwrap().is_empty());
    let none = office.store.read(move |tx| subjects::load(tx, other, id)).await;
    assert!(matches!(none, Err(SubjectError::NoRequest(_))));
    let none = office.store.read(move |tx| subjects::mentions(tx, other, id, None, 0)).await;
    assert!(matches!(none, Err(SubjectError::NoRequest(_))));
    let theirs = office::new(Kind::Access, &[STRANGER], Language::English);
    let settings = SubjectSettings::default();
    let work = move |tx: &mut Tx<'_>| subjects::open(tx, other, &theirs, &by(), &settings);
    let theirs = office.store.write(work).await.unwrap();
    let found = subjects::search(&office.store, Arc::clone(&office.cards) as _, other, theirs.id, by()).await.unwrap();
    assert!(found.places.is_empty() && found.mailboxes == 0, "{found:?}");
    let pages = office.change(|tx, it| subjects::list(tx, it, Wanted { limit: 1, ..Wanted::default() })).await.unwrap();
    assert_eq!(pages.len(), 1);
}

async fn closed_requests_are_forgotten_in_time(store: TestStore) {
    let office = Office::open(store).await;
    let forget = async || office.store.write(|tx| subjects::forget(tx, &SubjectSettings::default())).await.unwrap();
    let old = office.enter(Kind::Access, &[STRANGER]).await;
    office.change(move |tx, it| subjects::close(tx, it, old.id, (true, ""), &by())).await.unwrap();
    let restricted = office.enter(Kind::Objection, &[STRANGER]).await;
    office.identify(restricted.id).await;
    let id = restricted.id;
    office.change(move |tx, it| subjects::restrict(tx, it, id, false, &by())).await.unwrap();
    office.change(move |tx, it| subjects::close(tx, it, id, (false, ""), &by())).await.unwrap();
    assert_eq!(forget().await, 0);
    office.store.clock.advance(Duration::from_secs(1_096 * 86_400));
    assert_eq!(forget().await, 1, "one of them still restricts");
    assert_eq!(office.load(id).await.state, State::Done);
    let rows = office.change(move |tx, it| {
        let sql = "SELECT COUNT(*) FROM subject_step WHERE organisation = $1 AND request = $2";
        Ok(tx.row(sql, params![it, old.id], |row| row.int(0))?.unwrap_or(0))
    });
    assert_eq!(rows.await.unwrap(), 0, "its steps went with it");
}

async fn message_traces_name_him_no_more_and_others_still(store: TestStore) {
    let office = Office::open(store).await;
    office.hold_the_stranger_everywhere().await;
    let organisation = office.organisation;
    let found = async |address: &str| {
        let filter = trace::Filter { organisation, address: Some(address.to_owned()), ..trace::Filter::default() };
        let page = move |tx: &mut Tx<'_>| trace::find(tx, &filter, Cursor::START, 10);
        office.store.read(page).await.unwrap().items
    };
    assert_eq!(found(STRANGER).await.len(), 2);
    let request = office.enter(Kind::Erasure, &[STRANGER]).await;
    office.identify(request.id).await;
    assert_eq!(office.erase(request.id, None).await.unwrap().gone["message-trace"], 2);
    assert_eq!(found(STRANGER).await.len(), 0);
    let all = [found("li@trade.test").await, found("wang@trade.test").await].concat();
    assert_eq!(all.len(), 3, "what happened stays");
    for listed in all {
        let shown = office.store.read(move |tx| trace::show(tx, listed.traced)).await.unwrap().unwrap();
        let told = format!("{shown:?}");
        let others = told.matches("xchen@far.example").count();
        assert_eq!(told.matches(STRANGER).count(), others, "but for who has his address in hers: {told}");
    }
    assert_eq!(found("xchen@far.example").await[0].from, "xchen@far.example");
}

async fn the_register_tells_how_it_stands(store: TestStore) {
    let office = Office::open(store).await;
    let told = async |organisation: i64| {
        let told = office.store.read(move |tx| subjects::figures(tx, organisation)).await.unwrap();
        (told.open, told.overdue, told.answered)
    };
    assert_eq!(told(office.organisation).await, (0, 0, 0));
    let [late, refused, withdrawn] = [
        office.enter(Kind::Access, &[STRANGER]).await,
        office.enter(Kind::Erasure, &[STRANGER]).await,
        office.enter(Kind::Access, &["li@trade.test"]).await,
    ];
    assert_eq!(told(office.organisation).await, (3, 0, 0));
    office.change(move |tx, it| subjects::refuse(tx, it, refused.id, ("no", None), &by())).await.unwrap();
    office.change(move |tx, it| subjects::close(tx, it, withdrawn.id, (true, ""), &by())).await.unwrap();
    assert_eq!(told(office.organisation).await, (1, 0, 1), "what was taken back was not answered");
    office.store.clock.set(late.due);
    assert_eq!(told(office.organisation).await, (1, 0, 1));
    office.store.clock.set(Timestamp::from_millis(late.due.millis() + 1));
    assert_eq!(told(office.organisation).await, (1, 1, 1));
    assert_eq!(told(office.other).await, (0, 0, 0));
    office.store.clock.advance(Duration::from_secs(366 * 86_400));
    assert_eq!(told(office.organisation).await, (1, 1, 0), "a year later");
}

async fn somebody_of_ours_asks_himself_and_sees_how_far_it_is(store: TestStore) {
    let office = Office::open(store).await;
    let (li, wang) = (office.li, office.wang);
    let ask = |kind: Kind| {
        let new = OwnRequest { kind, regime: Regime::Gdpr, language: Language::English, note: "I leave.".to_owned() };
        move |tx: &mut Tx<'_>, it: i64| subjects::open_own(tx, (it, li), &new, &SubjectSettings::default())
    };
    let own = office.change(ask(Kind::Erasure)).await.unwrap();
    let id = own.request.id;
    // It is a request as any other, of one who has proved who he is, with its clock.
    let found = office.load(id).await;
    assert_eq!((found.account, found.by.as_str(), found.state), (Some(li), "li@trade.test", State::Open));
    assert_eq!(found.due.to_string(), "2027-02-15T23:59:59Z");
    assert!(found.identity.is_some_and(|it| it.how == "signed in"));
    assert!(own.held.is_none() && own.letters.is_empty(), "the draft is nobody's yet");
    // One of a kind at a time; another kind may wait beside it.
    assert!(matches!(office.change(ask(Kind::Erasure)).await, Err(SubjectError::Twice(known)) if known == id));
    let other = office.change(ask(Kind::Access)).await.unwrap().request.id;
    // What stands against it is said in words.
    let with = HoldDetail {
        name: "Valves case".to_owned(),
        reason: "a court".to_owned(),
        by: "x".to_owned(),
        ..HoldDetail::default()
    };
    office.change(move |tx, it| Ok(holds::begin(tx, it, &[li], &with)?)).await.unwrap();
    let held = office.change(move |tx, it| subjects::own(tx, it, li, id)).await.unwrap().held.unwrap();
    assert!(held.contains("Valves case") && held.contains("Nothing can be erased"), "{held}");
    // An answer that was sent is seen; nobody else's request is.
    let draft = office.draft(id, LetterKind::Received).await;
    office.send(id, draft.id).await.unwrap();
    let own = office.change(move |tx, it| subjects::own(tx, it, li, id)).await.unwrap();
    assert_eq!(own.letters.len(), 1);
    for work in [id, other] {
        let seen = office.change(move |tx, it| subjects::own(tx, it, wang, work)).await;
        assert!(matches!(seen, Err(SubjectError::NoOwn(_))));
        let taken = office.change(move |tx, it| subjects::withdraw_own(tx, it, wang, work)).await;
        assert!(matches!(taken, Err(SubjectError::NoOwn(_))));
    }
    let back = office.change(move |tx, it| subjects::withdraw_own(tx, it, li, id)).await.unwrap();
    assert_eq!(back.request.state, State::Withdrawn);
    let all = office.change(move |tx, it| subjects::list_own(tx, it, li)).await.unwrap();
    assert_eq!(all.iter().map(|it| it.request.id).collect::<Vec<_>>(), [other, id]);
    assert!(office.change(move |tx, it| subjects::list_own(tx, it, wang)).await.unwrap().is_empty());
    office.change(ask(Kind::Erasure)).await.unwrap();
}

async fn what_a_stranger_leaves_counts_once_he_has_shown_his_address(store: TestStore) {
    let office = Office::open(store).await;
    let left = |language: &str| Left {
        kind: "access".to_owned(),
        law: "gdpr".to_owned(),
        name: "Chen".to_owned(),
        address: "Chen@Far.example".to_owned(),
        language: language.to_owned(),
        note: "What do you have?".to_owned(),
    };
    let (mailer, organisation) = (office.mailer(), office.organisation);
    let place = (organisation, "https://mail.trade.test/privacy");
    let leave = async |left: Left| subjects::leave(&office.store, &mailer, place, &left).await;
    let link = async || {
        let text = office.newest_letter().await;
        text.split("/privacy/").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
    };
    let prove = async |token: String| {
        office.store.write(move |tx| subjects::prove(tx, &token, &SubjectSettings::default())).await
    };
    let count = async || office.change(|tx, it| subjects::list(tx, it, Wanted::default())).await.unwrap().len();
    assert!(leave(left("zh")).await.unwrap());
    let text = office.newest_letter().await;
    assert!(text.contains("Trade Test") && text.contains("请在 48 小时内"), "{text}");
    let first = link().await;
    assert_eq!(count().await, 0, "nothing is entered before");
    office.store.clock.advance(Duration::from_secs(3_600));
    let came = office.store.context().clock.now();
    let request = prove(first.clone()).await.unwrap();
    assert_eq!((request.answer_to.as_str(), request.account, count().await), (STRANGER, None, 1));
    assert!(request.received < came && request.identity.is_some(), "the clock runs from when it was left");
    assert!(matches!(prove(first).await, Err(SubjectError::NoLink)), "once");
    assert!(matches!(prove("guessed".to_owned()).await, Err(SubjectError::NoLink)));
    // Whoever asks for an address again and again does not fill its mailbox.
    let before = office.queued().await;
    assert!(leave(left("en")).await.unwrap());
    let late = link().await;
    assert!(leave(left("en")).await.unwrap());
    assert!(!leave(left("en")).await.unwrap());
    assert_eq!(office.queued().await, before + 2);
    // A link has its time, and what nobody followed is forgotten.
    office.store.clock.advance(Duration::from_secs(49 * 3_600));
    assert!(matches!(prove(late).await, Err(SubjectError::NoLink)));
    office.store.write(|tx| Ok::<_, SubjectError>(subjects::forget(tx, &SubjectSettings::default())?)).await.unwrap();
    let kept = |tx: &mut Tx<'_>| {
        Ok::<_, SubjectError>(tx.row("SELECT COUNT(*) FROM subject_unproved", params![], |row| row.int(0))?)
    };
    assert_eq!(office.store.read(kept).await.unwrap(), Some(0));
    for wrong in [
        Left { address: "no address".to_owned(), ..left("en") },
        Left { kind: "money".to_owned(), ..left("en") },
        Left { name: "two\nlines".to_owned(), ..left("en") },
        Left { note: "x".repeat(3_000), ..left("en") },
    ] {
        assert!(matches!(leave(wrong).await, Err(SubjectError::Part { .. })));
    }
    office.whole().await;
}
