//! What the gateway for S/MIME asks of others: a responder of OpenSSL whether certificates were revoked, and slapd for certificates of partners.

use std::process::Command;
use std::time::Duration;

use harness::{
    Options, Outcome, Outward, Process, Scratch, ScriptedServer, Slapd, free_port, require, run, smtp, wait_until,
};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

const POLITE: &str = "< 220 mx.test\npolite";

const SECRET: &str = "Ten pieces at the old price.";

/// An authority and its people: `lost` was revoked.
const SETUP: &str = r#"
cat > ca.cnf <<END
[ca]
default_ca = ours
[ours]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[person]
basicConstraints = CA:FALSE
subjectAltName = email:\$ENV::NAME@partner.test
extendedKeyUsage = emailProtection
keyUsage = digitalSignature,keyAgreement
authorityInfoAccess = OCSP;URI:http://127.0.0.1:$PORT/
[responder]
extendedKeyUsage = OCSPSigning
END
touch index.txt; echo 1000 > serial
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Ours -keyout ca.key -out ca.pem
export NAME
for NAME in good lost late moved responder; do
    section=person; [ $NAME = responder ] && section=responder
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$NAME -keyout $NAME.key -out $NAME.csr
    openssl ca -batch -config ca.cnf -extensions $section -in $NAME.csr -out $NAME.pem
    openssl x509 -in $NAME.pem -outform der -out $NAME.der
done
openssl ca -config ca.cnf -revoke lost.pem
openssl crl2pkcs7 -nocrl -certfile moved.pem -certfile ca.pem -outform der -out moved.p7c
for NAME in good late lost; do base64 -w0 $NAME.der > $NAME.b64; done; base64 -w0 moved.p7c > moved.b64
"#;

fn shell(scratch: &Scratch, port: u16, text: &str) -> Outcome<String> {
    let mut command = Command::new("bash");
    command.args(["-ec", text]).env("PORT", port.to_string()).current_dir(scratch.path());
    Ok(run(command, PATIENCE)?.success()?.stdout)
}

fn respond(scratch: &Scratch, port: u16) -> Outcome<Process> {
    let mut command = Command::new("openssl");
    let arguments = format!(
        "ocsp -index index.txt -port {port} -rsigner responder.pem -rkey responder.key -CA ca.pem -ndays 1 -ignore_err"
    );
    command.args(arguments.split(' ')).current_dir(scratch.path());
    let process = Process::spawn("ocsp", scratch.path(), command)?;
    wait_until("the responder", PATIENCE, || Ok(process.log_tail().contains("waiting for OCSP").then_some(())))?;
    Ok(process)
}

fn smime(outward: &Outward, arguments: &[&str]) -> Outcome<Value> {
    let arguments = [&["--json", "smime"], arguments].concat();
    Ok(serde_json::from_str(&outward.tradewind.command(&arguments)?.success()?.stdout)?)
}

fn path(scratch: &Scratch, name: &str) -> String {
    scratch.join(name).display().to_string()
}

fn send(outward: &Outward, name: &str) -> Outcome {
    let to = format!("{name}@partner.test");
    let letter = format!("From: <sales@trade.test>\r\nTo: <{to}>\r\nSubject: Price\r\n\r\n{SECRET}\r\n");
    outward.submit("", &[&to], "", letter.as_bytes())
}

/// What goes to `name` is encrypted so that his key opens it.
fn arrives_sealed(scratch: &Scratch, messages: &[String], name: &str) -> Outcome {
    let sealed = messages.iter().find(|it| it.contains(&format!("To: <{name}@partner.test>")));
    let sealed = sealed.ok_or_else(|| harness::Failure::new(format!("nothing came for {name}")))?;
    assert!(sealed.contains("pkcs7-mime") && !sealed.contains(SECRET), "{sealed}");
    scratch.file("sealed", sealed)?;
    let text = format!("openssl cms -decrypt -in sealed -recip {name}.pem -inkey {name}.key");
    assert!(shell(scratch, 0, &text)?.contains(SECRET));
    Ok(())
}

fn with_authority(more: &str, options: Options) -> Outcome<(Outward, ScriptedServer, Scratch, u16)> {
    let scratch = Scratch::new("smime-outside")?;
    let server = ScriptedServer::start(&[POLITE])?;
    let port = free_port()?;
    shell(&scratch, port.port, SETUP)?;
    let rules = format!(", smime = \"encrypt\", content = \"smime\"{more}");
    let options = options.set("smime", "networks", "[\"127.0.0.0/8\"]");
    let outward = Outward::start(&[("partner.test", server.address, &rules)], options)?;
    smime(&outward, &["trust", "root", &path(&scratch, "ca.pem")])?;
    Ok((outward, server, scratch, port.port))
}

#[test]
fn nothing_goes_to_the_revoked_and_what_cannot_be_checked_waits() -> Outcome {
    require!("openssl");
    let (outward, server, scratch, port) = with_authority(", smime_status = \"required\"", Options::default())?;
    for name in ["good", "lost", "late"] {
        smime(&outward, &["trust", "partner", &path(&scratch, &format!("{name}.pem"))])?;
    }
    let mut responder = respond(&scratch, port)?;
    send(&outward, "good")?;
    arrives_sealed(&scratch, &server.wait_for_messages(1, PATIENCE)?, "good")?;
    send(&outward, "lost")?;
    let report = outward.wait_for_report("lost@partner.test")?;
    assert!(report.contains("Status: 5.7.10") && report.contains("no valid certificate"), "{report}");
    // A signature of the revoked does not hold.
    let text = format!(
        "printf 'Content-Type: text/plain\\r\\n\\r\\n{SECRET}\\r\\n' > text; openssl cms -sign -in text -signer lost.pem -inkey lost.key"
    );
    let signed = shell(&scratch, port, &text)?.replace("\r\n", "\n").replace('\n', "\r\n");
    let letter = format!("From: <lost@partner.test>\r\nTo: <sales@trade.test>\r\nSubject: Re: Price\r\n{signed}");
    let taken = outward.tradewind.smtp()?.deliver(
        "lost@partner.test",
        &["sales@trade.test"],
        &smtp::for_wire(letter.as_bytes()),
    )?;
    assert_eq!(taken.code, 250, "{taken}");
    let arrived = wait_until("the reply", PATIENCE, || {
        let mut session = outward.tradewind.imap("sales")?;
        let mut all = String::new();
        for mailbox in ["INBOX", "Junk"] {
            if session.count(mailbox)? > 0 {
                session.command(&format!("SELECT {mailbox}"))?.ok()?;
                let kept = session.ask("FETCH 1:* BODY.PEEK[HEADER]")?.ok()?.kept;
                all.extend(kept.iter().map(|message| String::from_utf8_lossy(message).into_owned()));
            }
        }
        Ok(all.contains("Re: Price").then_some(all))
    })?;
    assert!(arrived.contains("smime=policy reason=\"revoked\""), "{arrived}");
    // The authority is silent: what it has said holds, what it has not waits.
    responder.stop(PATIENCE)?;
    send(&outward, "good")?;
    server.wait_for_messages(2, PATIENCE)?;
    send(&outward, "late")?;
    let deferred = outward.wait_for_deferral("late@partner.test")?.to_string();
    assert!(deferred.contains("4.7.10") && deferred.contains("cannot be checked now"), "{deferred}");
    let words = "cannot be looked up or checked now";
    wait_until(words, PATIENCE, || Ok(outward.letters()?.into_iter().find(|letter| letter.contains(words))))?;
    assert_eq!(server.wait_for_messages(2, PATIENCE)?.len(), 2, "nothing went in clear");
    Ok(())
}

fn entry(name: &str, attribute: &str, value: &str) -> String {
    format!(
        "dn: uid={name},ou=people,dc=trade,dc=test\nobjectClass: inetOrgPerson\nuid: {name}\nsn: {name}\ncn: {name}\n\
         mail: {name}@partner.test\n{attribute}:: {value}\n\n"
    )
}

/// What the sender is told beforehand.
fn foreseen(outward: &Outward, name: &str) -> Outcome<Value> {
    let access = outward.tradewind.access("sales")?;
    let mut command = Command::new("/usr/bin/python3");
    command.arg(format!("{}/clients/jmap_protection.py", env!("CARGO_MANIFEST_DIR")));
    command.arg(format!("{name}@partner.test"));
    command.env("WEB_PORT", outward.tradewind.listen("https")?.port().to_string());
    command.env("IMAP_USER", &access.user).env("IMAP_PASSWORD", &access.password).env("IMAP_CA", &access.ca);
    let told: Value = serde_json::from_str(&run(command, PATIENCE)?.success()?.stdout)?;
    Ok(told[0].clone())
}

#[test]
fn certificates_of_partners_come_from_their_directory() -> Outcome {
    require!("openssl", "python3", "slapd", "ldap-utils");
    let scratch = Scratch::new("smime-keys")?;
    let port = free_port()?;
    shell(&scratch, port.port, SETUP)?;
    let read = |name: &str| std::fs::read_to_string(scratch.join(&format!("{name}.b64")));
    let entries = [
        "dn: dc=trade,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Trade\ndc: trade\n\n\
         dn: ou=people,dc=trade,dc=test\nobjectClass: organizationalUnit\nou: people\n\n"
            .to_owned(),
        entry("good", "userCertificate;binary", &read("good")?),
        entry("moved", "userSMIMECertificate", &read("moved")?),
        entry("lost", "userCertificate;binary", &read("lost")?),
        // Somebody else's certificate at his entry.
        entry("late", "userCertificate;binary", &read("good")?),
    ];
    let mut slapd = Slapd::start(&entries.concat())?;
    let directory = format!(
        "[{{ name = \"partner\", partners = [\"partner.test\"], url = \"{}\", ca = \"{}\", base = \"ou=people,dc=trade,dc=test\" }}]",
        slapd.url,
        slapd.ca.display()
    );
    let server = ScriptedServer::start(&[POLITE])?;
    let options =
        Options::default().set("smime", "networks", "[\"127.0.0.0/8\"]").set("smime", "directory", &directory);
    let rules = ", smime = \"encrypt\", content = \"smime\"";
    let outward = Outward::start(&[("partner.test", server.address, rules)], options)?;
    smime(&outward, &["trust", "root", &path(&scratch, "ca.pem")])?;
    let _responder = respond(&scratch, port.port)?;
    // The sender asks beforehand, and is told once the directory has answered.
    assert_eq!(foreseen(&outward, "good")?["hindrance"], "no-recipient-key");
    wait_until("the directory", PATIENCE, || Ok((foreseen(&outward, "good")?["protection"] == "smime").then_some(())))?;
    for name in ["good", "moved"] {
        send(&outward, name)?;
    }
    let messages = server.wait_for_messages(2, PATIENCE)?;
    for name in ["good", "moved"] {
        arrives_sealed(&scratch, &messages, name)?;
    }
    // Neither the revoked one nor another's is used; who has none is told so.
    let refused = smime(&outward, &["lookup", "lost@partner.test"])?;
    assert!(
        refused["found"].is_null() && refused["refused"][0]["reason"].as_str().is_some_and(|it| it.contains("revoked")),
        "{refused}"
    );
    let refused = smime(&outward, &["lookup", "late@partner.test"])?;
    assert!(
        refused["refused"][0]["reason"].as_str().is_some_and(|it| it.contains("not for late@partner.test")),
        "{refused}"
    );
    send(&outward, "nobody")?;
    let report = outward.wait_for_report("nobody@partner.test")?;
    assert!(report.contains("Status: 5.7.10"), "{report}");
    // While the directory is down mail waits that lacks a certificate.
    slapd.stop()?;
    send(&outward, "unknown")?;
    let deferred = outward.wait_for_deferral("unknown@partner.test")?.to_string();
    assert!(deferred.contains("4.7.10") && deferred.contains("the directory partner cannot be asked"), "{deferred}");
    Ok(())
}
