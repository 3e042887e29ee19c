use std::sync::Arc;

use filter::{Facts, Received};

use super::*;
use crate::knowledge::{Address, Contact, Job, Namesake, Near, Own, OwnPerson, Partner, Tally, Thread};

/// 1 March 2026.
const NOW: i64 = 1_772_323_200_000;

const WARN: f32 = 3.0;
const HOLD: f32 = 4.75;

fn contact(received: u32, sent: u32) -> Contact {
    Contact { first: NOW - 400 * 86_400_000, last: NOW - 86_400_000, received, sent }
}

fn message(from: &str, more: &str, body: &str) -> Subject {
    let raw = format!(
        "From: {from}\r\nTo: Ann Li <ann@hongda.example>\r\nDate: Sun, 1 Mar 2026 09:00:00 +0800\r\nMessage-ID: <1@x.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n{more}\r\n{body}\r\n"
    );
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    Subject::read(raw.as_bytes(), facts, Direction::In, Timestamp::from_millis(NOW))
}

/// With the program and the way of the known sender.
fn as_usual(subject: Subject) -> Subject {
    Subject {
        software: "outlook".to_owned(),
        route: "acme-valves.example".to_owned(),
        zone: "+0100".to_owned(),
        authenticated: Some("acme-valves.example".to_owned()),
        ..subject
    }
}

fn own() -> Arc<Own> {
    let person = |name: &str, address: &str, job| OwnPerson { name: name.to_owned(), address: address.to_owned(), job };
    Arc::new(Own {
        domains: vec!["hongda.example".to_owned()],
        people: vec![
            person("Ann Li", "ann@hongda.example", Job::Finance),
            person("Wei Zhang", "zhang@hongda.example", Job::Management),
        ],
    })
}

fn stranger() -> Knowledge {
    Knowledge { own: own(), messages: 1000, ..Knowledge::default() }
}

fn tally(what: &str, count: u32) -> Tally {
    Tally(vec![(what.to_owned(), count)])
}

fn known() -> Knowledge {
    let sender = Address {
        address: "petra@acme-valves.example".to_owned(),
        contact: contact(20, 18),
        names: tally("Petra Kurz", 20),
        software: tally("outlook", 20),
        routes: tally("acme-valves.example", 20),
        zones: tally("+0100", 20),
        languages: tally("en", 20),
        authenticated: 20,
        ..Address::default()
    };
    let partner = Partner {
        name: "acme-valves.example".to_owned(),
        domains: vec!["acme-valves.example".to_owned()],
        contact: contact(30, 25),
        ..Partner::default()
    };
    Knowledge { sender: Some(sender), partner: Some(partner), ..stranger() }
}

fn near(domain: &str, known: &str, is_own: bool) -> Near {
    Near {
        domain: domain.to_owned(),
        known: known.to_owned(),
        is_own,
        contact: contact(30, 25),
        own_contact: Contact::default(),
    }
}

fn found(subject: &Subject, knowledge: &Knowledge) -> (f32, Vec<String>) {
    let findings = look(subject, knowledge, Timestamp::from_millis(NOW));
    let fraud = findings.iter().filter(|finding| finding.signal == Signal::Trade).map(|finding| finding.phish).sum();
    (fraud, findings.into_iter().map(|finding| finding.id).collect())
}

/// What speaks for the sender, and how much.
fn standing(subject: &Subject, knowledge: &Knowledge) -> Option<(String, f32)> {
    let findings = look(subject, knowledge, Timestamp::from_millis(NOW));
    let found = findings.into_iter().find(|finding| finding.signal == Signal::Sender)?;
    assert!(found.spam < 0.0 && text(&found.key, "en").is_some() && text(&found.key, "zh").is_some());
    Some((found.id, found.phish))
}

#[track_caller]
fn held(subject: &Subject, knowledge: &Knowledge, ids: &[&str]) {
    let (sum, found) = found(subject, knowledge);
    assert!(sum >= HOLD && ids.iter().all(|id| found.iter().any(|known| known == id)), "{sum} {found:?}");
}

#[track_caller]
fn warned(subject: &Subject, knowledge: &Knowledge, ids: &[&str]) {
    let (sum, found) = found(subject, knowledge);
    assert!(sum >= WARN && ids.iter().all(|id| found.iter().any(|known| known == id)), "{sum} {found:?}");
}

#[track_caller]
fn quiet(subject: &Subject, knowledge: &Knowledge) {
    let (sum, found) = found(subject, knowledge);
    assert!(sum < WARN, "{sum} {found:?}");
}

#[test]
fn each_signal_has_its_weight_and_its_text() {
    let texts = |key: &str| ["en", "zh"].iter().all(|language| text(key, language).is_some());
    for name in weights::names() {
        if name == "lookalike-own" || name == "lookalike-partner" {
            for trick in ["looks-same", "misspelt", "hyphen", "suffix", "word", "below"] {
                assert!(texts(&format!("finding-{name}-{trick}")), "{name} {trick}");
            }
        } else {
            assert!(texts(&format!("finding-{name}")), "{name}");
        }
    }
}

#[test]
fn a_look_alike_enters_a_thread() {
    let subject =
        message("Petra Kurz <petra@acme-va1ves.example>", "", "See the attached invoice. Please pay this week.");
    let thread = Thread {
        participants: tally("petra@acme-valves.example", 5),
        domains: tally("acme-valves.example", 5),
        contact: contact(5, 5),
        ..Thread::default()
    };
    let knowledge = Knowledge {
        near: vec![near("acme-va1ves.example", "acme-valves.example", false)],
        thread: Some(thread),
        ..stranger()
    };
    held(&subject, &knowledge, &["lookalike-partner", "outsider-in-thread"]);
    // Without the thread it is a warning: the domain has no reason to be called so.
    warned(&subject, &Knowledge { thread: None, ..knowledge.clone() }, &["lookalike-partner"]);
    // A company with a history of its own is no look-alike.
    let mut other = knowledge;
    other.near[0].own_contact = contact(4, 4);
    other.thread = None;
    quiet(&subject, &other);
}

#[test]
fn a_look_alike_of_ours() {
    let subject =
        message("Wei Zhang <zhang@hongda-group.example>", "", "Please pay the invoice today. Keep it confidential.");
    let knowledge = Knowledge { near: vec![near("hongda-group.example", "hongda.example", true)], ..stranger() };
    held(&subject, &knowledge, &["lookalike-own", "presses"]);
}

#[test]
fn the_chief_from_outside() {
    let namesake = Namesake {
        name: "Wei Zhang".to_owned(),
        address: "zhang@hongda.example".to_owned(),
        is_own: true,
        job: Job::Management,
        messages: 0,
    };
    let knowledge = Knowledge { namesakes: vec![namesake], ..stranger() };
    for body in [
        "Are you available? I need a payment made today. Keep it confidential.",
        "在办公室吗？我在开会，不方便接电话。请尽快安排付款，注意保密。",
        "¿Estás disponible? Necesito que hagas una transferencia urgente. Es confidencial.",
        "Sind Sie verfügbar? Bitte eine Überweisung, dringend und vertraulich.",
        "Вы на месте? Нужна срочная оплата, конфиденциально.",
    ] {
        held(&message("Wei Zhang <w.zhang@gmail.com>", "", body), &knowledge, &["own-name-outside", "chief-asks"]);
    }
    quiet(&message("Wei Zhang <w.zhang@gmail.com>", "", "Photos of the fair are attached."), &knowledge);
}

#[test]
fn a_partner_on_a_free_mailbox() {
    let namesake = Namesake {
        name: "Petra Kurz".to_owned(),
        address: "petra@acme-valves.example".to_owned(),
        messages: 38,
        ..Namesake::default()
    };
    let knowledge = Knowledge { namesakes: vec![namesake], ..stranger() };
    let from = "Petra Kurz <petra.kurz@gmail.com>";
    warned(
        &message(from, "", "Our bank account has changed."),
        &knowledge,
        &["partner-name-elsewhere", "asks-other-account"],
    );
    quiet(&message(from, "", "I am on the train and write from my own telephone. The samples are ready."), &knowledge);
}

#[test]
fn answers_go_elsewhere() {
    let reply = |address: &str| format!("Reply-To: {address}\r\n");
    let from = "Petra Kurz <petra@acme-valves.example>";
    let mut knowledge = known();
    let subject = message(from, &reply("petra.kurz@outlook.com"), "The new bank details follow. Please pay today.");
    held(&subject, &knowledge, &["answers-to-free-mailbox", "asks-other-account"]);
    let subject = as_usual(message(from, &reply("petra.kurz@outlook.com"), "The drawings are attached."));
    quiet(&subject, &knowledge);
    if let Some(sender) = knowledge.sender.as_mut() {
        sender.reply_to = tally("petra.kurz@outlook.com", 4);
    }
    let (_, found) = found(&subject, &knowledge);
    assert!(!found.iter().any(|id| id.starts_with("answers")), "{found:?}");
}

#[test]
fn a_partner_whose_mailbox_was_taken() {
    let knowledge = known();
    let from = "Petra Kurz <petra@acme-valves.example>";
    let mut subject = message(from, "", "Our usual account is under audit. Please use the new bank account.");
    subject.software = "webmail".to_owned();
    subject.route = "vps.test".to_owned();
    subject.authenticated = Some("acme-valves.example".to_owned());
    warned(&subject, &knowledge, &["habits-changed", "asks-other-account"]);
    // On a journey, with a new telephone.
    let mut subject = message(from, "", "I am at the fair in Canton until Friday. The order is fine.");
    subject.software = "phone".to_owned();
    subject.authenticated = Some("acme-valves.example".to_owned());
    quiet(&subject, &knowledge);
    let subject = as_usual(message(from, "", "Please pay the balance to our bank account as usual."));
    assert_eq!(found(&subject, &knowledge).0, 0.0);
}

#[test]
fn what_is_quoted_was_altered() {
    let altered = Thread {
        participants: tally("petra@acme-valves.example", 5),
        contact: contact(5, 5),
        altered: vec!["IBAN DE02 1203 0000 0000 2020 51".to_owned()],
        ..Thread::default()
    };
    let subject = message("Petra Kurz <petra@acme-valves.example>", "", "As below.");
    warned(&subject, &Knowledge { thread: Some(altered), ..known() }, &["quote-altered"]);
}

#[test]
fn swindles_of_strangers() {
    for (body, id) in [
        ("We overpaid the invoice. Please refund the difference today.", "asks-refund"),
        ("我们多付了货款，请退款。", "asks-refund"),
        ("Your fund is approved. Pay the release fee first.", "asks-advance-fee"),
        ("La herencia está lista; pague los gastos de gestión.", "asks-advance-fee"),
        ("Your parcel is on hold at customs. Pay the customs fee.", "asks-parcel-fee"),
        ("Ваша посылка на таможне, оплатите пошлину.", "asks-parcel-fee"),
        ("Please buy five gift cards and send me the codes.", "asks-gift-cards"),
        ("ギフトカードを購入してください。", "asks-gift-cards"),
        ("I have a new bank account for my salary, please change it.", "asks-payroll"),
        ("For the audit, send me the ageing report.", "asks-who-owes"),
        ("请把应收账款明细发给我。", "asks-who-owes"),
        ("Pay 500 USDT to this wallet address today.", "asks-coins"),
    ] {
        warned(&message("Someone <someone@unheard.example>", "", body), &stranger(), &[id]);
    }
}

#[test]
fn orders_of_strangers() {
    let from = "Tom Roe <tom.roe@gmail.com>";
    let lure = "We want to place a large order for containers of your product. Our forwarder collects. See the order at \
                https://docs-view.test/order/8f31a07c and log in to view it.";
    warned(&message(from, "", lure), &stranger(), &["order-too-good"]);
    let honest = "We are interested in buying your valves, a large order later. Please send your catalogue and prices FOB Shanghai.";
    quiet(&message(from, "", honest), &stranger());
}

#[test]
fn ordinary_mail_is_quiet() {
    let knowledge = known();
    let mut subject = message(
        "Petra Kurz <petra@acme-valves.example>",
        "",
        "The invoice is attached. Please pay the deposit today, it is urgent: the vessel closes on Friday.",
    );
    subject.authenticated = Some("acme-valves.example".to_owned());
    quiet(&subject, &knowledge);
    quiet(&message("Mo Din <mo@unheard.example>", "", "We make gaskets. May I send our catalogue?"), &stranger());
    let newsletter =
        "Beware of fraud: never buy gift cards for anybody. If you receive an e-mail about a new bank account, call.";
    quiet(
        &message("News <news@bank.example>", "List-Unsubscribe: <mailto:x@bank.example>\r\n", newsletter),
        &stranger(),
    );
}

#[test]
fn our_own_letters_that_tell_of_another_account() {
    let out = |body: &str| Subject { direction: Direction::Out, ..message("Ann Li <ann@hongda.example>", "", body) };
    let subject = out("Please note that our bank account has changed.");
    warned(&subject, &stranger(), &["tells-other-account"]);
    quiet(&out("Our bank details have not changed. Please pay the invoice."), &stranger());
}

#[test]
fn who_is_known_and_proven_is_evidence() {
    let petra = "Petra Kurz <petra@acme-valves.example>";
    let plain = || as_usual(message(petra, "", "Please send us your offer for 200 valves soon."));
    let (id, of_known) = standing(&plain(), &known()).unwrap();
    assert_eq!(id, "known-sender");
    let colleague = Subject {
        authenticated: Some("acme-valves.example".to_owned()),
        ..message("Tom Ruiz <tom@acme-valves.example>", "", "Petra is ill, I answer for her.")
    };
    let (id, of_colleague) = standing(&colleague, &Knowledge { sender: None, ..known() }).unwrap();
    assert!(id == "known-company" && of_known < of_colleague, "{of_known} {of_colleague}");
    let own =
        Subject { direction: Direction::Within, ..message("Ann Li <ann@hongda.example>", "", "See you at noon.") };
    assert_eq!(standing(&own, &stranger()).unwrap().0, "own-sender");
}

#[test]
fn nobodys_standing_counts_where_something_is_wrong() {
    let petra = "Petra Kurz <petra@acme-valves.example>";
    let plain = || as_usual(message(petra, "", "Please send us your offer for 200 valves soon."));
    assert_eq!(standing(&Subject { authenticated: None, ..plain() }, &known()), None);
    assert_eq!(standing(&plain(), &stranger()), None);
    let mut one_way = known();
    one_way.sender.as_mut().unwrap().contact.sent = 0;
    one_way.partner.as_mut().unwrap().contact.sent = 0;
    assert_eq!(standing(&plain(), &one_way), None);
    for (more, body) in [
        ("", "Unsere Bankverbindung hat sich ge\u{e4}ndert. Bitte nicht anrufen."),
        ("", "The drawing: https://files.elsewhere.test/drawing"),
        ("Reply-To: <petra@free.test>\r\n", "Please send us your offer soon."),
    ] {
        assert_eq!(standing(&as_usual(message(petra, more, body)), &known()), None, "{more}{body}");
    }
    let shown = as_usual(message(petra, "", "Our catalogue: https://www.acme-valves.example/catalogue"));
    assert!(standing(&shown, &known()).is_some());
}

/// Whole verdicts: what is found in some letters, with weights. When one changes for a reason, so does the file.
#[test]
fn verdicts_are_those_of_the_golden_file() {
    let near_partner = |host: &str| Knowledge { near: vec![near(host, "acme-valves.example", false)], ..stranger() };
    let petra = "Petra Kurz <petra@acme-valves.example>";
    let cases: Vec<(&str, Subject, Knowledge)> = vec![
        (
            "homoglyph",
            message("Petra Kurz <petra@acme-va1ves.example>", "", "Our account has changed."),
            near_partner("acme-va1ves.example"),
        ),
        (
            "suffix",
            message("Petra Kurz <petra@acme-valves.test>", "", "付款请汇到新账户。"),
            near_partner("acme-valves.test"),
        ),
        (
            "word",
            message("Petra <petra@acme-valves-group.example>", "", "The catalogue."),
            near_partner("acme-valves-group.example"),
        ),
        (
            "below",
            message("A <a@acme-valves.example.x.test>", "", "Rechnung anbei."),
            near_partner("acme-valves.example.x.test"),
        ),
        ("known", as_usual(message(petra, "", "The goods are ready.")), known()),
        (
            "change",
            as_usual(message(petra, "", "Unsere Bankverbindung hat sich geändert. Bitte nicht anrufen.")),
            known(),
        ),
        ("warning", as_usual(message(petra, "", "Beware of fraud: our bank account never changes.")), known()),
        ("gift", message("X <x@unheard.test>", "", "Compre tarjetas regalo hoy."), stranger()),
        ("coins", message("X <x@unheard.test>", "", "Оплатите в биткоинах."), stranger()),
        ("parcel", message("X <x@unheard.test>", "", "소포가 세관에 있습니다. 관세를 내세요."), stranger()),
        ("owes", message("X <x@unheard.test>", "", "Envoyez la balance âgée."), stranger()),
        ("catalogue", message("X <x@unheard.test>", "", "We make gaskets. May we send a catalogue?"), stranger()),
    ];
    let told: String = cases
        .into_iter()
        .map(|(name, subject, knowledge)| {
            let findings = look(&subject, &knowledge, Timestamp::from_millis(NOW));
            let findings = findings.iter().map(|it| format!(" {}={:.2}", it.id, it.phish)).collect::<String>();
            format!("{name}:{findings}\n")
        })
        .collect();
    assert_eq!(told, include_str!("golden.txt"), "\n{told}");
}
