//! The OAuth server and the pages to sign in on, against clients of others: Python's standard library as browser and mail program,
//! Authlib as relying party.

use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Access, Failure, Options, Outcome, Scratch, Tradewind, require, run};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a script of `tests/clients` that visits the server's pages.
fn visit(
    tradewind: &Tradewind,
    access: &Access,
    script: &str,
    arguments: &[&str],
    more: &[(&str, &str)],
) -> Outcome<String> {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(format!("{}/clients/{script}", env!("CARGO_MANIFEST_DIR"))).args(arguments);
    command.env("WEB_HOST", hostname(tradewind)?).env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    command.env("IMAP_PORT", access.imaps.port().to_string()).env("IMAP_USER", &access.user);
    command.env("IMAP_PASSWORD", &access.password).env("IMAP_CA", &access.ca);
    command.envs(more.iter().copied());
    Ok(run(command, PATIENCE)?.success()?.stdout)
}

fn hostname(tradewind: &Tradewind) -> Outcome<String> {
    let settings: Value = json(&tradewind.command(&["--json", "config", "show"])?.success()?.stdout)?;
    let name = settings["server"]["hostname"].as_str();
    Ok(name.ok_or_else(|| Failure::new("no host name".to_owned()))?.to_owned())
}

fn json(text: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(text.trim())?)
}

#[test]
fn a_mail_program_is_connected_in_the_browser() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let finance = tradewind.account("finance")?.address;
    let submissions = tradewind.listen("submissions")?.port().to_string();
    visit(&tradewind, &access, "oauth_client.py", &[&submissions, &finance], &[])?;
    let listed = json(&tradewind.command(&["--json", "user", "program", "list", &access.user])?.success()?.stdout)?;
    assert!(listed.as_array().is_some_and(|rows| !rows.is_empty()), "{listed}");
    Ok(())
}

#[test]
fn a_relying_party_of_others_learns_who_it_is() -> Outcome {
    require!("python3", "python3-authlib", "python3-requests");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let add = ["--json", "oauth", "client", "add", "Intranet", "--redirect", "https://intranet.trade.test/back"];
    for algorithm in ["ES256", "RS256"] {
        let add = [&add[..], &["--algorithm", algorithm]].concat();
        let made = json(&tradewind.command(&add)?.success()?.stdout)?;
        let (id, secret) =
            (made["client_id"].as_str().unwrap_or_default(), made["client_secret"].as_str().unwrap_or_default());
        let more = [("CLIENT_ID", id), ("CLIENT_SECRET", secret), ("ALGORITHM", algorithm)];
        visit(&tradewind, &access, "relying_party.py", &[], &more)?;
        tradewind.command(&["oauth", "client", "remove", id])?.success()?;
        assert!(visit(&tradewind, &access, "relying_party.py", &[], &more).is_err(), "the client is gone");
    }
    let unknown = tradewind.command(&[&add[..], &["--algorithm", "none"]].concat())?;
    assert!(!unknown.status.success() && unknown.stderr.contains("ES256, RS256"), "{}", unknown.stderr);
    Ok(())
}

#[test]
fn app_passwords_open_mail_and_end_at_once() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let add = ["--json", "user", "app-password", "add", &access.user, "telephone", "--for", "imap"];
    let made = json(&tradewind.command(&add)?.success()?.stdout)?;
    let secret = made["app_password"].as_str().unwrap_or_default().to_owned();
    let phone = Access { password: secret, ..access.clone() };
    let mut session = phone.session()?;
    session.command("SELECT INBOX")?.ok()?;
    // The level asks for a second factor now, without a day of grace.
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    phone.session()?;
    let id = made["id"].to_string();
    let began = Instant::now();
    tradewind.command(&["user", "app-password", "revoke", &access.user, &id])?.success()?;
    let ended = session.read_line()?;
    let took = began.elapsed();
    assert!(ended.starts_with("* BYE"), "{ended}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(phone.session().is_err());
    let mut own = access.session()?;
    tradewind.command(&["user", "session", "end", &access.user])?.success()?;
    assert!(own.read_line()?.starts_with("* BYE"));
    Ok(())
}

/// The level asks for a second factor, and no days of grace are given.
#[test]
fn a_second_factor_is_set_up_and_cannot_be_walked_around() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default().set("factors", "grace_days", "0"))?;
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    let access = tradewind.access("sales")?;
    visit(&tradewind, &access, "second_factor.py", &[], &[])?;
    Ok(())
}

/// A UKey: the client certificate of an authority that the organisation trusts, made by openssl.
#[test]
fn a_client_certificate_signs_in() -> Outcome {
    require!("python3", "openssl");
    let tradewind = Tradewind::start(Options::default().set("tls", "client_certificates", "true"))?;
    let access = tradewind.access("sales")?;
    let scratch = Scratch::new("ukey")?;
    for authority in ["ours", "theirs"] {
        let (key, certificate) = (format!("{authority}.key"), format!("{authority}.pem"));
        let subject = format!("/CN={authority}");
        openssl(
            &scratch,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                &subject,
                "-keyout",
                &key,
                "-out",
                &certificate,
            ],
        )?;
        let (key, request) = (format!("{authority}.li.key"), format!("{authority}.li.csr"));
        openssl(
            &scratch,
            &["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Li", "-keyout", &key, "-out", &request],
        )?;
        let usage = format!("subjectAltName=email:{}\nextendedKeyUsage=clientAuth\n", access.user);
        scratch.file("usage", usage)?;
        let made = format!("{authority}.li.pem");
        let signer = format!("{authority}.key");
        openssl(
            &scratch,
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &certificate,
                "-CAkey",
                &signer,
                "-days",
                "30",
                "-extfile",
                "usage",
                "-out",
                &made,
            ],
        )?;
    }
    let submissions = tradewind.listen("submissions")?.port().to_string();
    let try_with = |authority: &str, wanted: &str| {
        let file = |end: &str| scratch.join(&format!("{authority}.li.{end}")).display().to_string();
        let (certificate, key) = (file("pem"), file("key"));
        let more = [
            ("CERTIFICATE", certificate.as_str()),
            ("KEY", key.as_str()),
            ("SUBMISSIONS", submissions.as_str()),
            ("WANTED", wanted),
        ];
        visit(&tradewind, &access, "external.py", &[], &more)
    };
    try_with("ours", "out")?;
    let authority = scratch.join("ours.pem").display().to_string();
    tradewind.command(&["organisation", "authority", "add", &authority])?.success()?;
    try_with("ours", "in")?;
    try_with("theirs", "out")?;
    Ok(())
}

fn openssl(scratch: &Scratch, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(scratch.path());
    run(command, PATIENCE)?.success().map(drop)
}
