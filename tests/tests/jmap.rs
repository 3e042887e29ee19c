//! JMAP, against clients of others: Python's standard library and jmapc.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{Access, Options, Outcome, Scratch, Tradewind, python_packages, require, run, skip};
use store::Place;
use store::testing::server::{Database, INSTALLED};

const PATIENCE: Duration = Duration::from_secs(120);

fn visit(tradewind: &Tradewind, access: &Access, script: &str, packages: Option<&Path>) -> Outcome {
    let mut command = Command::new("/usr/bin/python3");
    command.arg(format!("{}/clients/{script}", env!("CARGO_MANIFEST_DIR")));
    command.env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    command.env("IMAP_PORT", access.imaps.port().to_string()).env("IMAP_USER", &access.user);
    command.env("IMAP_PASSWORD", &access.password).env("IMAP_CA", &access.ca);
    command.env("TRANSCRIPTS", concat!(env!("CARGO_MANIFEST_DIR"), "/transcripts"));
    command.env("COLLEAGUE", tradewind.account("finance")?.address);
    if let Some(packages) = packages {
        command.env("PYTHONPATH", packages).env("REQUESTS_CA_BUNDLE", &access.ca);
    }
    run(command, PATIENCE)?.success()?;
    Ok(())
}

#[test]
fn mail_is_read_filed_written_and_found() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    visit(&tradewind, &tradewind.access("sales")?, "jmap_flow.py", None)
}

#[test]
fn transcripts_are_played() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    visit(&tradewind, &tradewind.access("sales")?, "jmap_transcripts.py", None)
}

#[test]
fn transcripts_are_played_on_postgresql() -> Outcome {
    require!("python3");
    let Some(database) = Database::create() else { skip!("no PostgreSQL under {INSTALLED}") };
    let Place::Postgres(url) = database.place() else { skip!("the database has no address") };
    let tradewind = Tradewind::start(Options::default().store(url.expose()))?;
    visit(&tradewind, &tradewind.access("sales")?, "jmap_transcripts.py", None)
}

#[test]
fn one_connection_carries_requests_and_changes() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    visit(&tradewind, &tradewind.access("sales")?, "jmap_socket.py", None)
}

#[test]
fn jmapc_reads_mail() -> Outcome {
    require!("python3", "python3-pip");
    let scratch = Scratch::new("jmapc")?;
    let packages = python_packages(&scratch, &["jmapc==0.4.0"])?;
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let mut session = access.session()?;
    for (subject, fields) in [("Offer", ""), ("Re: Offer", "In-Reply-To: <1@x.example>\r\n")] {
        let number = if fields.is_empty() { 1 } else { 2 };
        let letter = format!(
            "From: Li <li@x.example>\r\nSubject: {subject}\r\nMessage-ID: <{number}@x.example>\r\n{fields}\r\nvalves\r\n"
        );
        session.append("INBOX", &[letter.as_bytes()])?.ok()?;
    }
    visit(&tradewind, &access, "jmap_by_jmapc.py", Some(&packages))
}
