use filter::Action;

use super::*;

const OURS: &str = "GB29 NWBK 6016 1331 9268 19";
const THEIRS: &str = "DE89 3704 0044 0532 0130 00";
const THIEFS: &str = "LT12 1000 0111 0100 1000";

fn whose() -> Whose {
    Whose { domains: vec!["own.example".to_owned()], trusted_host: Some("mx.own.example".to_owned()) }
}

/// A message; `n` counts days.
fn message(n: u32, from: &str, to: &str, id: &str, answers: &str, text: &str) -> Vec<u8> {
    let domain = from.rsplit_once('@').map_or("", |(_, host)| host.trim_end_matches('>'));
    let vouched = if domain == "own.example" {
        String::new()
    } else {
        format!("Authentication-Results: mx.own.example; dmarc=pass header.from={domain}\r\n")
    };
    let references = if answers.is_empty() {
        String::new()
    } else {
        format!("References: <{answers}>\r\nIn-Reply-To: <{answers}>\r\n")
    };
    format!(
        "{vouched}From: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\nDate: {:02} Nov 2026 09:00:00 +0000\r\nMessage-ID: <{id}>\r\n{references}\r\n{text}\r\n",
        n
    )
    .into_bytes()
}

fn history() -> Replay {
    let whose = whose();
    let mut replay = Replay::new(&whose);
    for raw in [
        message(
            1,
            "Ann Li <ann@own.example>",
            "Jan Berg <jan@acme-valves.example>",
            "1@own.example",
            "",
            "Please quote for 200 valves.",
        ),
        message(
            2,
            "Jan Berg <jan@acme-valves.example>",
            "Ann Li <ann@own.example>",
            "2@acme-valves.example",
            "1@own.example",
            &format!("Our price is EUR 12,400.00.\r\nBeneficiary: Acme Valves GmbH\r\nIBAN: {THEIRS}"),
        ),
        message(
            3,
            "Ann Li <ann@own.example>",
            "jan@acme-valves.example",
            "3@own.example",
            "2@acme-valves.example",
            "Ordered, thank you.",
        ),
        message(
            4,
            "Ann Li <ann@own.example>",
            "Luc <luc@client.example>",
            "4@own.example",
            "",
            &format!("Invoice 77: USD 9,000.00\r\nBeneficiary: Own Trading\r\nIBAN: {OURS}"),
        ),
    ] {
        replay.learn(&whose.read(&raw, None));
    }
    replay
}

fn judged(replay: &mut Replay, raw: &[u8]) -> Outcome {
    static JUDGE: std::sync::LazyLock<Judge> = std::sync::LazyLock::new(|| Judge::shipped().unwrap());
    replay.judge(&whose().read(raw, None), &JUDGE, Thresholds::default())
}

fn ids(outcome: &Outcome) -> Vec<&str> {
    outcome.verdict.findings.iter().map(|finding| finding.id.as_str()).collect()
}

#[test]
fn the_account_on_file_passes_and_another_is_held() {
    let mut replay = history();
    let invoice = |id: &str, account: &str| {
        let text = format!("Here is our invoice.\r\nBeneficiary: Acme Valves GmbH\r\nIBAN: {account}");
        message(10, "Jan Berg <jan@acme-valves.example>", "ann@own.example", id, "3@own.example", &text)
    };
    let honest = judged(&mut replay, &invoice("10@acme-valves.example", THEIRS));
    assert_eq!(honest.verdict.action, Action::Deliver, "{:?}", honest.verdict.findings);
    assert_eq!(honest.found[0].state, State::Learned);
    for id in ["11@acme-valves.example", "12@acme-valves.example"] {
        // What was held teaches nothing: the second time it is as new.
        let changed = judged(&mut replay, &invoice(id, THIEFS));
        assert_eq!(changed.verdict.action, Action::Hold, "{:?}", changed.verdict.findings);
        assert!(ids(&changed).contains(&"payment-changed"));
        assert!(changed.case.is_some());
    }
}

#[test]
fn a_stranger_in_the_thread_is_compared_with_whom_it_was_held_with() {
    let mut replay = history();
    let text =
        format!("Our bank account has changed, please use the new one.\r\nBeneficiary: A. Petrov\r\nIBAN: {THIEFS}");
    let raw = message(
        10,
        "Jan Berg <jan@acrne-valves.example>",
        "ann@own.example",
        "x@acrne-valves.example",
        "3@own.example",
        &text,
    );
    let outcome = judged(&mut replay, &raw);
    assert_eq!(outcome.verdict.action, Action::Hold, "{:?}", outcome.verdict.findings);
    assert!(ids(&outcome).contains(&"payment-changed") && ids(&outcome).contains(&"payment-holder"));
}

#[test]
fn our_own_invoice_with_another_account_is_held() {
    let mut replay = history();
    let invoice = |id: &str, account: &str| {
        let text = format!("Invoice 78: USD 9,100.00\r\nBeneficiary: Own Trading\r\nIBAN: {account}");
        message(12, "Ann Li <ann@own.example>", "luc@client.example", id, "", &text)
    };
    assert_eq!(judged(&mut replay, &invoice("5@own.example", OURS)).verdict.action, Action::Deliver);
    let changed = judged(&mut replay, &invoice("6@own.example", THIEFS));
    assert_eq!(changed.verdict.action, Action::Hold, "{:?}", changed.verdict.findings);
    assert!(ids(&changed).contains(&"payment-own-changed"));
}

#[test]
fn what_passed_is_read_of_the_host_that_is_believed() {
    let read = |field: &str| {
        let raw = format!("Authentication-Results: {field}\r\nFrom: jan@acme.example\r\nTo: a@own.example\r\n\r\nx");
        whose().read(raw.as_bytes(), None).subject.facts.authenticated
    };
    assert_eq!(read("mx.own.example; spf=pass smtp.mailfrom=jan@acme.example"), Some(Authenticated::Yes));
    assert_eq!(
        read("mx.own.example; spf=pass smtp.mailfrom=a@other.example; dmarc=fail header.from=acme.example"),
        Some(Authenticated::Failed)
    );
    assert_eq!(read("mx.own.example; dkim=pass header.d=other.example"), Some(Authenticated::Unknown));
    assert_eq!(read("mx.liar.example; dmarc=pass header.from=acme.example"), None);
}

#[test]
fn a_forged_message_of_our_own_domain_comes_from_outside() {
    let raw = b"Authentication-Results: mx.own.example; dmarc=fail header.from=own.example\r\nFrom: boss@own.example\r\nTo: ann@own.example\r\n\r\nx";
    assert_eq!(whose().read(raw, None).subject.direction, Direction::In);
    let raw = b"From: boss@own.example\r\nTo: ann@own.example\r\n\r\nx";
    assert_eq!(whose().read(raw, None).subject.direction, Direction::Within);
}
