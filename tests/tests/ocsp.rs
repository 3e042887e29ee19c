//! UKeys whose authority is asked whether they are revoked: openssl as authority and as its OCSP responder.

use std::process::Command;
use std::time::Duration;

use harness::{Access, Options, Outcome, Process, Scratch, Tradewind, free_port, require, run, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// An authority in a directory of its own, as openssl keeps it.
struct Authority {
    scratch: Scratch,
}

impl Authority {
    /// One whose certificates name the responder at this port and the address `email`.
    fn new(port: u16, email: &str) -> Outcome<Self> {
        let scratch = Scratch::new("ocsp")?;
        scratch.file("index.txt", "")?;
        scratch.file("serial", "1000\n")?;
        scratch.file("crlnumber", "01\n")?;
        scratch.file(
            "ca.cnf",
            format!(
                "[ca]\ndefault_ca = ours\n[ours]\ndir = .\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\n\
                 new_certs_dir = .\ncertificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\ndefault_days = 30\n\
                 default_crl_days = 30\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n\
                 [person]\nsubjectAltName = email:{email}\nextendedKeyUsage = clientAuth\n\
                 authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/\n\
                 [responder]\nextendedKeyUsage = OCSPSigning\n"
            ),
        )?;
        let authority = Self { scratch };
        authority.openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=ours -keyout ca.key -out ca.pem")?;
        for (name, kind) in [("good", "person"), ("lost", "person"), ("late", "person"), ("responder", "responder")] {
            authority.openssl(&format!(
                "req -new -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
            ))?;
            authority
                .openssl(&format!("ca -batch -config ca.cnf -extensions {kind} -in {name}.csr -out {name}.pem"))?;
        }
        Ok(authority)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(self.scratch.path());
        command
    }

    fn openssl(&self, arguments: &str) -> Outcome {
        run(self.command(arguments), PATIENCE)?.success().map(drop)
    }

    /// The responder: its certificate is one that the authority has issued for it.
    fn respond(&self, port: u16) -> Outcome<Process> {
        let arguments = format!(
            "ocsp -index index.txt -port {port} -rsigner responder.pem -rkey responder.key -CA ca.pem -ndays 1 -ignore_err"
        );
        let process = Process::spawn("ocsp", self.scratch.path(), self.command(&arguments))?;
        // A connection to see whether it listens would do harm: it waits for the request of the first for good.
        wait_until("the responder", PATIENCE, || Ok(process.log_tail().contains("waiting for OCSP").then_some(())))?;
        Ok(process)
    }

    fn path(&self, name: &str) -> String {
        self.scratch.join(name).display().to_string()
    }

    /// Signs in with a certificate, to IMAP and submission; `wanted` is "in" or "out".
    fn show(&self, tradewind: &Tradewind, access: &Access, name: &str, wanted: &str) -> Outcome {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(format!("{}/clients/external.py", env!("CARGO_MANIFEST_DIR")));
        command.env("IMAP_PORT", access.imaps.port().to_string()).env("IMAP_CA", &access.ca);
        command.env("SUBMISSIONS", tradewind.listen("submissions")?.port().to_string());
        command.env("CERTIFICATE", self.path(&format!("{name}.pem"))).env("KEY", self.path(&format!("{name}.key")));
        command.env("WANTED", wanted);
        run(command, PATIENCE)?.success().map(drop)
    }
}

fn asking() -> Options {
    Options::default().set("tls", "client_certificates", "true")
}

#[test]
fn a_revoked_certificate_is_out_and_a_silent_responder_lets_nobody_in() -> Outcome {
    require!("python3", "openssl");
    let tradewind = Tradewind::start(asking())?;
    let access = tradewind.access("sales")?;
    let port = free_port()?;
    let ours = Authority::new(port.port, &access.user)?;
    ours.openssl("ca -config ca.cnf -revoke lost.pem")?;
    tradewind.command(&["organisation", "authority", "add", &ours.path("ca.pem")])?.success()?;
    // Nobody answers yet.
    ours.show(&tradewind, &access, "good", "out")?;
    let mut responder = ours.respond(port.port)?;
    ours.show(&tradewind, &access, "good", "in")?;
    ours.show(&tradewind, &access, "lost", "out")?;
    responder.stop(PATIENCE)?;
    // The answer holds for a while; another certificate has none.
    ours.show(&tradewind, &access, "good", "in")?;
    ours.show(&tradewind, &access, "late", "out")?;
    Ok(())
}

#[test]
fn a_current_list_stands_in_for_a_responder() -> Outcome {
    require!("python3", "openssl");
    let port = free_port()?;
    let (tradewind, strict) =
        (Tradewind::start(asking())?, Tradewind::start(asking().set("factors", "ocsp", "\"required\""))?);
    let access = tradewind.access("sales")?;
    let ours = Authority::new(port.port, &access.user)?;
    ours.openssl("ca -config ca.cnf -revoke lost.pem")?;
    ours.openssl("ca -config ca.cnf -gencrl -out list.pem")?;
    for server in [&tradewind, &strict] {
        server.command(&["organisation", "authority", "add", &ours.path("ca.pem")])?.success()?;
        let listed = server.command(&["--json", "organisation", "authority", "list"])?.success()?.stdout;
        let listed: serde_json::Value = serde_json::from_str(listed.trim())?;
        let id = listed[0]["id"].to_string();
        server
            .command(&["organisation", "authority", "crl", id.trim_matches('"'), &ours.path("list.pem")])?
            .success()?;
    }
    ours.show(&tradewind, &access, "good", "in")?;
    ours.show(&tradewind, &access, "lost", "out")?;
    // Where an answer is required nothing stands in.
    let there = strict.access("sales")?;
    ours.show(&strict, &there, "good", "out")?;
    let _responder = ours.respond(port.port)?;
    ours.show(&strict, &there, "good", "in")?;
    Ok(())
}
