//! The web application in Debian's Chromium, before a running server: `web/tests`.

#[path = "webmail/defend.rs"]
mod defend;
#[path = "webmail/evidence.rs"]
mod evidence;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Failure, Options, Outcome, Scratch, Sink, Slapd, Tradewind, require, run, skip};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(560);

/// The directory of the web application, if it was built and its tests can run.
fn built() -> Result<PathBuf, String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    for needed in ["dist/index.html", "node_modules/playwright-core"] {
        if !web.join(needed).exists() {
            return Err(format!("web/{needed} is missing; run: make web"));
        }
    }
    Ok(web)
}

/// Runs a script of `web/tests` before a server of its own.
fn visit(
    web: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    prepare: impl FnOnce(&Tradewind) -> Outcome,
) -> Outcome<String> {
    visit_then(web, arguments, environment, prepare, |_| Ok(()))
}

/// As [`visit`]; `look` looks at the server afterwards.
fn visit_then(
    web: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    prepare: impl FnOnce(&Tradewind) -> Outcome,
    look: impl FnOnce(&Tradewind) -> Outcome,
) -> Outcome<String> {
    visit_set(web, arguments, environment, Ok, prepare, look)
}

/// As [`visit_then`], before a server that `set` has set up.
fn visit_set(
    web: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    set: impl FnOnce(Options) -> Outcome<Options>,
    prepare: impl FnOnce(&Tradewind) -> Outcome,
    look: impl FnOnce(&Tradewind) -> Outcome,
) -> Outcome<String> {
    let directory = web.join("dist").canonicalize()?;
    let options = Options::default()
        .set("web", "directory", &format!("{:?}", directory.display().to_string()))
        // Where the tests have their own site with pictures; 127.0.0.2 stays within.
        .set("jmap", "pictures_within", "[\"127.0.0.1/32\"]");
    let tradewind = Tradewind::start(set(options)?)?;
    prepare(&tradewind)?;
    let access = tradewind.access("sales")?;
    let settings = tradewind.command(&["--json", "config", "show"])?.success()?.stdout;
    let settings: Value = serde_json::from_str(settings.trim())?;
    let hostname = settings["server"]["hostname"].as_str().ok_or_else(|| Failure::new("no host name"))?.to_owned();
    let mut command = Command::new("node");
    command.args(arguments).current_dir(web).envs(environment.iter().copied());
    command.env("WEB_HOST", hostname).env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    let other = tradewind.access("finance")?;
    command.env("OTHER_USER", &other.user).env("OTHER_PASSWORD", &other.password);
    let admin = tradewind.access("admin")?;
    command.env("ADMIN_USER", &admin.user).env("ADMIN_PASSWORD", &admin.password);
    command.env("IMAP_USER", &access.user).env("IMAP_PASSWORD", &access.password);
    let told = run(command, PATIENCE)?
        .success()
        .map_err(|error| Failure::new(format!("{error}\n{}", tradewind.log_tail())))?;
    look(&tradewind)?;
    Ok(told.stdout)
}

/// Runs a file of tests.
fn try_out(file: &str) -> Outcome {
    try_out_with(file, |_| Ok(()))
}

/// Runs a file of tests before a server that was made ready.
fn try_out_with(file: &str, prepare: impl FnOnce(&Tradewind) -> Outcome) -> Outcome {
    require!("chromium");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let told = visit(&web, &["--test", file], &[], prepare)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Hostile HTML against each wall alone, pictures from elsewhere, links, bad input.
#[test]
fn reading_is_safe_in_chromium() -> Outcome {
    try_out("tests/reading.test.mjs")
}

#[test]
fn the_mail_works_in_chromium() -> Outcome {
    try_out("tests/mail.test.mjs")
}

#[test]
fn people_look_after_their_account_in_chromium() -> Outcome {
    try_out("tests/account.test.mjs")
}

#[test]
fn writing_has_what_trade_needs_in_chromium() -> Outcome {
    try_out("tests/compose.test.mjs")
}

#[test]
fn the_newest_mail_works_without_a_connection_in_chromium() -> Outcome {
    try_out("tests/offline.test.mjs")
}

#[test]
fn contacts_work_in_chromium() -> Outcome {
    try_out("tests/contacts.test.mjs")
}

#[test]
fn rules_and_replies_work_in_chromium() -> Outcome {
    try_out("tests/rules.test.mjs")
}

#[test]
fn printing_saving_and_telling_work_in_chromium() -> Outcome {
    try_out("tests/around.test.mjs")
}

/// The console of the administrator: the overview, people, groups, tables, traces, queue, domains, backups; settings and the level.
#[test]
fn the_console_of_people_works_in_chromium() -> Outcome {
    require!("chromium");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("people")?;
    let people = scratch.join("people.json").display().to_string();
    let prepare = |tradewind: &Tradewind| {
        write_people(tradewind, &people)?;
        let sales = tradewind.account("sales")?.address;
        let offer = format!(
            "From: <buyer@far.example>\r\nTo: <{sales}>\r\nSubject: Price list\r\n\r\nHow much are ten pieces?\r\n"
        );
        tradewind.smtp()?.deliver("buyer@far.example", &[&sales], &for_wire(offer.as_bytes()))?.expect(250)?;
        send_in_vain(tradewind)
    };
    let told = visit(&web, &["--test", "tests/console-people.test.mjs"], &[("PEOPLE", &people)], prepare)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// The threat centre and the sign-ins, as the security officer and finance use them.
#[test]
fn the_console_defend_works_in_chromium() -> Outcome {
    require!("chromium", "python3");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("defend")?;
    let users = scratch.join("users.json").display().to_string();
    let told = visit_set(
        &web,
        &["--test", "tests/console-defend.test.mjs"],
        &[("DEFEND_USERS", &users)],
        |options| defend::set(&scratch, options),
        |tradewind| defend::prepare(&scratch, tradewind, &users),
        |_| Ok(()),
    )?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// The console of those who decide, investigate and audit, each of them in a browser of their own.
#[test]
fn the_console_govern_works_in_chromium() -> Outcome {
    require!("chromium");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("govern")?;
    let people = scratch.join("people.json").display().to_string();
    let prepare = |tradewind: &Tradewind| {
        write_people(tradewind, &people)?;
        keep_message_back(tradewind, &scratch)
    };
    let arguments = ["--test", "tests/console-govern.test.mjs"];
    let told =
        visit_set(&web, &arguments, &[("PEOPLE", &people)], |options| Ok(in_region(options)), prepare, |_| Ok(()))?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Evidence, requests of people about their data, provisioning: in the browsers of those who keep them.
#[test]
fn the_console_of_evidence_works_in_chromium() -> Outcome {
    require!("chromium", "slapd", "ldap-utils");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("evidence")?;
    let people = scratch.join("people.json").display().to_string();
    let proof = scratch.join("proof.json").display().to_string();
    let slapd = Slapd::start(evidence::DIRECTORY)?;
    let prepare = |tradewind: &Tradewind| {
        write_people(tradewind, &people)?;
        evidence::prepare(tradewind)
    };
    let arguments = ["--test", "tests/console-evidence.test.mjs"];
    let environment = [("PEOPLE", people.as_str()), ("PROOF", &proof), ("SOURCE", evidence::SOURCE)];
    let set = |options| Ok(evidence::set(&slapd, options));
    let look = |tradewind: &Tradewind| evidence::look(tradewind, &proof);
    let told = visit_set(&web, &arguments, &environment, set, prepare, look)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// From the sign-ins that a new server prints to a domain at the level trade, with backups, and mail that was seen to go out and come in.
#[test]
fn a_newcomer_gets_to_a_protected_domain_by_clicks_alone() -> Outcome {
    require!("chromium");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("newcomer")?;
    let printed = scratch.join("printed.json").display().to_string();
    let disk = scratch.join("disk").display().to_string();
    // Somewhere else, where the first test letter goes.
    let sink = Sink::start()?;
    let prepare = |tradewind: &Tradewind| {
        let who = |role: &str| {
            let account = tradewind.account(role)?;
            Ok::<_, Failure>(serde_json::json!({ "address": account.address, "password": account.password }))
        };
        let told = serde_json::json!({
            "admin": who("admin")?, "officer": who("officer")?, "smtp": tradewind.listen("smtp")?.port(), "disk": disk,
        });
        Ok(std::fs::write(&printed, told.to_string())?)
    };
    let set = |options: Options| Ok(options.route("far.example", sink.address));
    let arguments = ["--test", "tests/newcomer.test.mjs"];
    let told = visit_set(&web, &arguments, &[("PRINTED", &printed)], set, prepare, |_| Ok(()))?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// A server that says which region it is.
fn in_region(options: Options) -> Options {
    options.set("region", "name", "\"cn\"").set("region", "country", "\"CN\"")
}

/// A message of sales to where nobody is, so that it waits.
fn send_in_vain(tradewind: &Tradewind) -> Outcome {
    let sales = tradewind.account("sales")?.address;
    let letter = format!("From: <{sales}>\r\nTo: <buyer@nobody.invalid>\r\nSubject: Offer\r\n\r\nTen pieces.\r\n");
    let mut client = tradewind.submission("sales")?;
    client.deliver(&sales, &["buyer@nobody.invalid"], &for_wire(letter.as_bytes()))?.expect(250)?;
    Ok(())
}

/// A message of sales waits until the security officer allows it.
fn keep_message_back(tradewind: &Tradewind, scratch: &Scratch) -> Outcome {
    let rule = scratch.join("rule.json");
    let by = r#"{"accounts":["security@trade.test"]}"#;
    let says = format!(
        r#"{{"name":"contracts","when":{{"keywords":{{"lists":["contract"]}}}},"actions":[{{"approve":{{"by":{by}}}}}]}}"#
    );
    std::fs::write(&rule, says)?;
    tradewind.command(&["outbound", "rule", "set", &rule.display().to_string()])?.success()?;
    let sales = tradewind.account("sales")?.address;
    let letter =
        format!("From: <{sales}>\r\nTo: <buyer@nobody.invalid>\r\nSubject: Valves\r\n\r\nThe contract is ready.\r\n");
    let mut client = tradewind.submission("sales")?;
    client.deliver(&sales, &["buyer@nobody.invalid"], &for_wire(letter.as_bytes()))?.expect(250)?;
    Ok(())
}

/// Makes a security officer and an auditor, and writes how they and the manager sign in.
fn write_people(tradewind: &Tradewind, file: &str) -> Outcome {
    let manager = tradewind.account("manager")?;
    let mut people = serde_json::json!({ "manager": { "address": manager.address, "password": manager.password } });
    for role in ["security", "auditor"] {
        let address = format!("{role}@trade.test");
        let made = tradewind.command(&["--json", "user", "add", &address, "--role", role])?.success()?.stdout;
        let told: Value = serde_json::from_str(made.lines().last().unwrap_or_default())?;
        people[role] = serde_json::json!({ "address": address, "password": told["password"] });
    }
    std::fs::write(file, people.to_string())?;
    Ok(())
}

#[test]
fn mailboxes_of_others_work_in_chromium() -> Outcome {
    try_out_with("tests/sharing.test.mjs", |tradewind| {
        let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
        for command in [
            &["shared", "add", "office@trade.test", "--name", "Office"][..],
            &["shared", "permit", "office@trade.test", &sales, "write"],
            &["shared", "permit", "office@trade.test", &sales, "send-as"],
            &["delegation", "add", &finance, &sales, "read", "--mailbox", "INBOX"],
        ] {
            tradewind.command(command)?.success()?;
        }
        for to in ["office@trade.test", &finance] {
            let letter = format!(
                "From: Buyer <buyer@far.example>\r\nTo: <{to}>\r\nSubject: Order for {to}\r\nMessage-ID: <order.{to}>\r\n\
                 Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nTen pieces.\r\n"
            );
            tradewind.smtp()?.deliver("buyer@far.example", &[to], &for_wire(letter.as_bytes()))?.expect(250)?;
        }
        Ok(())
    })
}

/// A partner opens and answers what was encrypted for him; then neither the server's files nor its memory hold a word of it, or what opens it.
#[test]
fn partners_open_what_the_server_cannot_in_chromium() -> Outcome {
    require!("chromium", "gdb");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("portal")?;
    let secrets = scratch.join("secrets");
    let keys = scratch.join("keys");
    let environment = [("PORTAL_SECRETS", &secrets), ("PORTAL_KEYS", &keys)]
        .map(|(name, path)| (name, path.to_str().unwrap_or_default()));
    let look = |tradewind: &Tradewind| {
        let core = dump(tradewind, &scratch)?;
        let place = tradewind.directory().display().to_string();
        assert!(std::fs::read_to_string(&secrets)?.lines().count() >= 7, "the pages tell what must not be found");
        let listed = secrets.display().to_string();
        assert_eq!(files_that_hold(&["-f", &listed, &core, &place])?, "", "words, passwords or keys");
        let known = files_that_hold(&["buyer@far.example", &core])?;
        assert!(known.contains(&core), "what the server does know is found in its memory");
        // The key itself, not only as it is written.
        let memory = std::fs::read(&core)?;
        for key in std::fs::read_to_string(scratch.join("keys"))?.lines().map(octets_of) {
            assert_eq!(key.len(), 32);
            assert!(memchr::memmem::find(&memory, &key).is_none(), "a key is in the server's memory");
        }
        Ok(())
    };
    let told = visit_then(&web, &["--test", "tests/portal.test.mjs"], &environment, |_| Ok(()), look)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Two of the staff write to one another from end to end; then neither the server's files nor its memory hold a word of it, or what opens it.
#[test]
fn colleagues_write_end_to_end_in_chromium() -> Outcome {
    require!("chromium", "gdb");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("end")?;
    let secrets = scratch.join("secrets").display().to_string();
    let look = |tradewind: &Tradewind| {
        let core = dump(tradewind, &scratch)?;
        let place = tradewind.directory().display().to_string();
        assert!(std::fs::read_to_string(&secrets)?.lines().count() >= 7, "the pages tell what must not be found");
        assert_eq!(files_that_hold(&["-f", &secrets, &core, &place])?, "", "words, passphrases or keys");
        let known = files_that_hold(&["key-directory", &core])?;
        assert!(known.contains(&core), "what the server does know is found in its memory");
        Ok(())
    };
    let told =
        visit_then(&web, &["--test", "tests/endtoend.test.mjs"], &[("END_SECRETS", &secrets)], |_| Ok(()), look)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Authorities, keys and certificates, and mail signed with them by OpenSSL and GnuPG; each `*.eml` is a message.
const SIGNED_MAIL: &str = r#"umask 077
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj "/CN=Far CA" -days 9 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout mo.key -out mo.pem -subj /CN=Mo -days 9 -addext subjectAltName=email:li@partner.example 2>/dev/null
touch index.txt; echo 01 > serial; echo 01 > crlnumber
printf '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\nunique_subject=no\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=9\npolicy=any\n[any]\ncommonName=supplied\n' > ca.cnf
issue() { # name, begins, ends
  printf 'basicConstraints=CA:FALSE\nsubjectAltName=email:li@partner.example\nextendedKeyUsage=emailProtection\n' > ext
  openssl req -newkey rsa:2048 -nodes -keyout $1.key -subj /CN=$2 -out $1.csr 2>/dev/null
  openssl ca -config ca.cnf -batch -notext -cert ca.pem -keyfile ca.key -startdate $3 -enddate $4 -extfile ext -in $1.csr -out $1.pem 2>/dev/null
}
issue li Li 20260101000000Z 20400101000000Z
issue old Old 20200101000000Z 20210101000000Z
issue gone Gone 20260101000000Z 20400101000000Z
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke gone.pem 2>/dev/null
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl 2>/dev/null | openssl crl -outform DER -out ca.crl
printf 'Content-Type: text/plain\r\n\r\nTen pieces.\r\n' > text
letter() { # file, subject, author
  printf 'From: <%s>\nTo: <sales@trade.test>\nSubject: Case %s\nDate: Tue, 24 Nov 2026 09:30:00 +0000\nMessage-ID: <%s.case@partner.example>\n' "${3:-li@partner.example}" "$2" "$1"
}
for who in li old gone mo; do openssl cms -sign -in text -signer $who.pem -inkey $who.key -out $who.signed; done
{ letter signed signed; cat li.signed; } > signed.eml
{ letter altered altered; sed 's/Ten pieces/Six pieces/' li.signed; } > altered.eml
{ letter another another bo@partner.example; cat li.signed; } > another.eml
{ letter untrusted untrusted; cat mo.signed; } > untrusted.eml
{ letter expired expired; cat old.signed; } > expired.eml
{ letter revoked revoked; cat gone.signed; } > revoked.eml
{ letter stripped stripped; printf 'MIME-Version: 1.0\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\n\n--b\nContent-Type: text/plain\n\nTen pieces.\n--b--\n'; } > stripped.eml
chmod 700 .
gpg() { command gpg --homedir . --batch --yes --quiet --trust-model always --pinentry-mode loopback --passphrase '' "$@"; }
gpg --quick-gen-key ana@partner.example future-default default never
gpg --quick-gen-key nobody@partner.example future-default default never
gpg --armor --export ana@partner.example > ana.asc
pgp() { # file, subject, key, text
  { letter $1 "$2" ana@partner.example
    printf 'MIME-Version: 1.0\nContent-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary=b\n\n--b\n'
    printf 'Content-Type: text/plain\n\n%s\n' "$4"
    printf -- '--b\nContent-Type: application/pgp-signature\n\n'
    printf 'Content-Type: text/plain\r\n\r\nTen pieces.' | gpg --armor --local-user $3 --detach-sign
    printf -- '--b--\n'; } > $1.eml
}
pgp pgpgood 'pgp good' ana@partner.example 'Ten pieces.'
pgp pgpbroken 'pgp broken' ana@partner.example 'Six pieces.'
pgp pgpstranger 'pgp stranger' nobody@partner.example 'Ten pieces.'
sed -e '/^Content-Type: application.pgp-signature/,/^-----END/d' -e 's/pgpgood/pgpstripped/; s/pgp good/pgp stripped/' pgpgood.eml > pgpstripped.eml
gpgconf --homedir . --kill all
"#;

/// What protects mail: told of each recipient before it is sent, and of each message when it came.
#[test]
fn what_protects_mail_is_told_in_chromium() -> Outcome {
    require!("openssl", "gnupg");
    let scratch = Scratch::new("told")?;
    let mut command = Command::new("bash");
    command.args(["-ec", SIGNED_MAIL]).current_dir(scratch.path());
    run(command, PATIENCE)?.success()?;
    let file = |name: &str| scratch.join(name).display().to_string();
    try_out_with("tests/protection.test.mjs", |tradewind| {
        for command in [
            &["protection", "set", "strict.example", "end-to-end", "portal"][..],
            &["protection", "set", "tls.example", "portal", "verified-tls"],
            &["protection", "set", "one@tls.example", "portal"],
            &["smime", "trust", "root", &file("ca.pem")],
            &["smime", "trust", "list", &file("ca.crl")],
            &["openpgp", "add-partner", "ana@partner.example", &file("ana.asc")],
        ] {
            tradewind.command(command)?.success()?;
        }
        let mut client = tradewind.smtp()?;
        for name in [
            "signed",
            "altered",
            "another",
            "untrusted",
            "expired",
            "revoked",
            "stripped",
            "pgpgood",
            "pgpbroken",
            "pgpstranger",
            "pgpstripped",
        ] {
            let text = std::fs::read_to_string(scratch.join(&format!("{name}.eml")))?;
            let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
            client.deliver("li@partner.example", &["sales@trade.test"], &for_wire(text.as_bytes()))?.expect(250)?;
        }
        Ok(())
    })
}

#[test]
fn rules_for_outbound_mail_are_told_while_writing_in_chromium() -> Outcome {
    let scratch = Scratch::new("outbound")?;
    try_out_with("tests/outbound.test.mjs", |tradewind| {
        for (name, when, action) in [
            ("cards", r#"{"detect":{"what":"payment-card"}}"#, r#""justify""#),
            ("identities", r#"{"detect":{"what":"chinese-id"}}"#, r#""block""#),
            ("quotations", r#"{"keywords":{"lists":["quotation"]}}"#, r#""warn""#),
            (
                "contracts",
                r#"{"keywords":{"lists":["contract"]}}"#,
                r#"{"approve":{"by":{"accounts":["finance@trade.test"]}}}"#,
            ),
        ] {
            let file = scratch.join(&format!("{name}.json"));
            std::fs::write(&file, format!(r#"{{"name":"{name}","when":{when},"actions":[{action}]}}"#))?;
            tradewind.command(&["outbound", "rule", "set", &file.display().to_string()])?.success()?;
        }
        Ok(())
    })
}

/// The server's memory, as a file.
fn dump(tradewind: &Tradewind, scratch: &Scratch) -> Outcome<String> {
    let mut gcore = Command::new("gcore");
    gcore.arg("-o").arg(scratch.join("core")).arg(tradewind.id().to_string());
    run(gcore, PATIENCE)?.success()?;
    Ok(scratch.join(&format!("core.{}", tradewind.id())).display().to_string())
}

/// The files, those below directories too, that hold one of the texts; nothing if none does.
fn files_that_hold(arguments: &[&str]) -> Outcome<String> {
    let mut grep = Command::new("grep");
    // Sockets are no files.
    grep.env("LC_ALL", "C").args(["--devices=skip", "-raFl"]).args(arguments);
    Ok(run(grep, PATIENCE)?.stdout)
}

/// Octets that are written as digits.
fn octets_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

#[test]
fn folders_work_in_chromium() -> Outcome {
    try_out("tests/folders.test.mjs")
}

#[test]
fn labels_and_receipts_work_in_chromium() -> Outcome {
    try_out("tests/labels.test.mjs")
}

/// Both themes and languages, narrow windows, from right to left, by the keyboard alone.
#[test]
fn every_screen_is_accessible_and_whole_in_chromium() -> Outcome {
    try_out("tests/screens.test.mjs")
}

/// `TRADEWIND_SCREENSHOTS=docs/screenshots` has the pictures of the manual made anew.
#[test]
fn screens_are_shown() -> Outcome {
    let Ok(place) = std::env::var("TRADEWIND_SCREENSHOTS") else { return Ok(()) };
    require!("chromium");
    let web = built().map_err(Failure::new)?;
    let scratch = Scratch::new("shown")?;
    let people = scratch.join("people.json").display().to_string();
    let users = scratch.join("users.json").display().to_string();
    let prepare = |tradewind: &Tradewind| {
        defend::prepare(&scratch, tradewind, &users)?;
        write_people(tradewind, &people)?;
        send_in_vain(tradewind)?;
        keep_message_back(tradewind, &scratch)?;
        let sales = tradewind.account("sales")?.address;
        for command in [
            &["retention", "rule", "set", "old-junk", "--folder", "Junk", "--days", "30"][..],
            &["retention", "rule", "set", "newsletters", "--from", "news.example", "--days", "90", "--off"],
            &["hold", "begin", "Far v. Trade", &sales, "--reason", "claim of 2 November"],
            &["region", "set", "eu", "--country", "DE", "--server", "mail.eu.example"],
        ] {
            tradewind.command(command)?.success()?;
        }
        Ok(())
    };
    let environment = [("SCREENSHOTS", place.as_str()), ("PEOPLE", &people), ("DEFEND_USERS", &users)];
    let set = |options| Ok(in_region(defend::set(&scratch, options)?));
    visit_set(&web, &["tests/screenshots.mjs"], &environment, set, prepare, |_| Ok(()))?;
    Ok(())
}
