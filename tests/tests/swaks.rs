//! swaks submits mail with each way to sign in, and is refused where it must be.

use std::process::Command;
use std::time::Duration;

use harness::{Access, Finished, Options, Outcome, Tradewind, require, run, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs swaks with `arguments`; it speaks to one of our services as the sales account where they say so.
fn swaks(tradewind: &Tradewind, service: &str, arguments: &[&str]) -> Outcome<Finished> {
    let address = tradewind.listen(service)?;
    let mut command = Command::new("swaks");
    command.args(["--server", "localhost", "--port", &address.port().to_string(), "--tls-ca-path"]);
    command.arg(tradewind.ca()?).args(["--tls-verify", "--timeout", "20"]).args(arguments);
    run(command, PATIENCE)
}

fn sign_in<'a>(access: &'a Access, mechanism: &'a str) -> [&'a str; 6] {
    ["--auth", mechanism, "--auth-user", &access.user, "--auth-password", &access.password]
}

fn wait_for_mail(tradewind: &Tradewind, role: &str, count: u64) -> Outcome {
    let mut session = tradewind.imap(role)?;
    wait_until("the mail", PATIENCE, || Ok((session.count("INBOX")? == count).then_some(())))
}

#[test]
fn submits_with_each_mechanism_on_both_ports() -> Outcome {
    require!("swaks", "libnet-ssleay-perl", "libauthen-sasl-perl", "python3");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let finance = tradewind.account("finance")?.address;
    let mut sent = 0;
    for (service, tls) in [("submissions", "--tls-on-connect"), ("submission", "--tls")] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let mut arguments = vec![tls, "--from", &access.user, "--to", &finance];
            arguments.extend(sign_in(&access, mechanism));
            let done = swaks(&tradewind, service, &arguments)?;
            done.success().map_err(|failure| failure.during(&format!("{mechanism} on {service}")))?;
            sent += 1;
        }
    }
    // swaks knows no SCRAM; Python's client is taught it in tests/clients.
    access.python(
        "scram_submission.py",
        &[&tradewind.listen("submissions")?.port().to_string(), &finance],
        PATIENCE,
    )?;
    sent += 1;
    wait_for_mail(&tradewind, "finance", sent)
}

#[test]
fn refuses_what_is_not_ours_to_take() -> Outcome {
    require!("swaks", "libnet-ssleay-perl", "libauthen-sasl-perl");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let finance = tradewind.account("finance")?.address;
    let auth = sign_in(&access, "PLAIN");
    let with_auth = |arguments: &[&'static str]| [arguments, &auth[..]].concat();
    let cases: Vec<(&str, &str, Vec<&str>, &str)> = vec![
        ("no sign-in", "submission", vec!["--tls", "--from", &access.user, "--to", &finance], "530"),
        ("no TLS", "submission", [&["--from", &access.user, "--to", &finance][..], &auth].concat(), ""),
        (
            "another's address",
            "submission",
            [&["--from", &finance, "--to", &finance][..], &with_auth(&["--tls"])].concat(),
            "5.7",
        ),
        ("relaying", "smtp", vec!["--from", "a@partner.example", "--to", "b@elsewhere.example"], "5.7.1"),
        ("no such user", "smtp", vec!["--from", "a@partner.example", "--to", "nobody@trade.test"], "550"),
        (
            "wrong password",
            "submission",
            vec![
                "--tls",
                "--from",
                &access.user,
                "--to",
                &finance,
                "--auth",
                "PLAIN",
                "--auth-user",
                &access.user,
                "--auth-password",
                "wrong",
            ],
            "535",
        ),
    ];
    for (what, service, arguments, reply) in cases {
        let done = swaks(&tradewind, service, &arguments)?;
        assert!(!done.status.success(), "{what} was taken:\n{}", done.stdout);
        assert!(done.stdout.contains(reply), "{what}: wanted {reply} in\n{}", done.stdout);
    }
    Ok(())
}

#[test]
fn mail_exchanger_offers_what_it_should() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let mut client = tradewind.smtp()?;
    for keyword in
        ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "LIMITS", "STARTTLS"]
    {
        assert!(
            client.offers.lines().any(|line| line.split(' ').next() == Some(keyword)),
            "{keyword} in {}",
            client.offers
        );
    }
    assert!(!client.offers.contains("AUTH"), "AUTH without TLS: {}", client.offers);
    client.start_tls(&harness::Trust::Authority(tradewind.ca()?))?;
    assert!(!client.offers.contains("STARTTLS"), "{}", client.offers);
    let mut submission = tradewind.submission("sales")?;
    let reply = submission.command("EHLO client.test")?.expect(250)?.text;
    assert!(reply.contains("AUTH") || reply.contains("SIZE"), "{reply}");
    Ok(())
}
