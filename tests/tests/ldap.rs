//! People and groups from an OpenLDAP server.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Access, Options, Outcome, Slapd, Tradewind, require, run, wait_until};
use serde_json::Value;

const BASE: &str = "dn: dc=trade,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Trade\ndc: trade\n\n\
    dn: ou=people,dc=trade,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
    dn: ou=groups,dc=trade,dc=test\nobjectClass: organizationalUnit\nou: groups\n\n";

fn person(name: &str) -> String {
    format!(
        "dn: uid={name},ou=people,dc=trade,dc=test\nobjectClass: inetOrgPerson\nuid: {name}\nsn: {name}\ncn: {name} Tester\n\
         mail: {name}@trade.test\npreferredLanguage: zh-CN\nuserPassword: secret-{name}\n\n"
    )
}

fn start(slapd: &Slapd, percent: u32) -> Outcome<Tradewind> {
    start_with(slapd, percent, "")
}

/// `more` are further settings of the directory.
fn start_with(slapd: &Slapd, percent: u32, more: &str) -> Outcome<Tradewind> {
    let source = format!(
        "[{{ name = \"hq\", url = \"{}\", ca = \"{}\", bind_dn = \"{}\", password_file = \"{}\", \
         people_base = \"ou=people,dc=trade,dc=test\", people_filter = \"(objectClass=inetOrgPerson)\", \
         disabled_filter = \"(employeeType=left)\", groups_base = \"ou=groups,dc=trade,dc=test\", \
         vanish_percent_max = {percent}, every_minutes = 0{more} }}]",
        slapd.url,
        slapd.ca.display(),
        Slapd::ROOT,
        slapd.password_file.display()
    );
    Tradewind::start(Options::default().set("provision", "ldap", &source))
}

fn sync(tradewind: &Tradewind, more: &[&str]) -> Outcome<Value> {
    let arguments = [&["--json", "provision", "sync", "hq"], more].concat();
    Ok(serde_json::from_str(&tradewind.command(&arguments)?.success()?.stdout)?)
}

fn user(tradewind: &Tradewind, address: &str) -> Outcome<Value> {
    let listed = tradewind.command(&["--json", "user", "list"])?.success()?.stdout;
    let listed: Value = serde_json::from_str(&listed)?;
    let found = listed.as_array().into_iter().flatten().find(|one| one["address"] == address).cloned();
    Ok(found.unwrap_or(Value::Null))
}

#[test]
fn people_and_groups_come_change_and_leave() -> Outcome {
    require!("slapd", "ldap-utils");
    let mut entries = BASE.to_owned();
    // More than the server gives without pages.
    for number in 0..150 {
        entries += &person(&format!("p{number}"));
    }
    let member = |name: &str| format!("member: uid={name},ou=people,dc=trade,dc=test\n");
    write!(
        entries,
        "dn: cn=buyers,ou=groups,dc=trade,dc=test\nobjectClass: groupOfNames\ncn: buyers\n{}{}\n\
         dn: cn=everybody,ou=groups,dc=trade,dc=test\nobjectClass: groupOfNames\ncn: everybody\n{}\
         member: cn=buyers,ou=groups,dc=trade,dc=test\n\n",
        member("p1"),
        member("p2"),
        member("p3")
    )?;
    let mut slapd = Slapd::start(&entries)?;
    let tradewind = start(&slapd, 10)?;
    let tried = sync(&tradewind, &["--dry-run"])?;
    assert_eq!((&tried["made"], &tried["kept"]), (&Value::from(150), &Value::from(false)));
    assert_eq!(user(&tradewind, "p1@trade.test")?, Value::Null, "a dry run keeps nothing");
    let done = sync(&tradewind, &[])?;
    assert_eq!((&done["made"], &done["faults"]), (&Value::from(152), &Value::Array(Vec::new())), "{done}");
    let shown = tradewind.command(&["--json", "group", "show", "everybody"])?.success()?.stdout;
    assert!(shown.contains("\"reaches_accounts\":3"), "{shown}");
    let again = sync(&tradewind, &[])?;
    assert_eq!(
        (&again["made"], &again["changed"], &again["unchanged"]),
        (&0.into(), &0.into(), &152.into()),
        "{again}"
    );
    // One is renamed, one disabled, one deleted.
    slapd.modify(
        "dn: uid=p1,ou=people,dc=trade,dc=test\nchangetype: modify\nreplace: mail\nmail: p1.new@trade.test\n\n\
         dn: uid=p2,ou=people,dc=trade,dc=test\nchangetype: modify\nadd: employeeType\nemployeeType: left\n\n\
         dn: uid=p3,ou=people,dc=trade,dc=test\nchangetype: delete\n\n",
    )?;
    let changed = sync(&tradewind, &[])?;
    assert_eq!((&changed["changed"], &changed["vanished"]), (&Value::from(3), &Value::from(1)), "{changed}");
    assert_eq!(
        user(&tradewind, "p1.new@trade.test")?["aliases"][0],
        "p1@trade.test",
        "the former address still reaches them"
    );
    for gone in ["p2@trade.test", "p3@trade.test"] {
        assert_eq!(user(&tradewind, gone)?["state"], "disabled", "{gone}");
    }
    let shown = tradewind.command(&["--json", "group", "show", "everybody"])?.success()?.stdout;
    assert!(shown.contains("\"reaches_accounts\":1"), "{shown}");
    // Nothing is changed when it cannot be read.
    slapd.stop()?;
    let refused = tradewind.command(&["provision", "sync", "hq"])?;
    assert!(!refused.status.success() && refused.stderr.contains("LDAP directory hq"), "{}", refused.stderr);
    assert_eq!(user(&tradewind, "p4@trade.test")?["state"], "active");
    let sound = tradewind.command(&["--json", "store", "check"])?.success()?.stdout;
    assert!(sound.contains("\"sound\":true"), "{sound}");
    Ok(())
}

#[test]
fn many_at_once_do_not_vanish_by_a_fault() -> Outcome {
    require!("slapd", "ldap-utils");
    let entries = (0..20).fold(BASE.to_owned(), |all, number| all + &person(&format!("p{number}")));
    let slapd = Slapd::start(&entries)?;
    let tradewind = start(&slapd, 10)?;
    sync(&tradewind, &[])?;
    for number in 0..5 {
        slapd.modify(&format!("dn: uid=p{number},ou=people,dc=trade,dc=test\nchangetype: delete\n"))?;
    }
    let refused = tradewind.command(&["provision", "sync", "hq"])?;
    assert!(!refused.status.success() && refused.stderr.contains("5 of 20 people"), "{}", refused.stderr);
    assert_eq!(user(&tradewind, "p0@trade.test")?["state"], "active");
    let done = sync(&tradewind, &["--allow-vanishing"])?;
    assert_eq!(done["vanished"], 5, "{done}");
    assert_eq!(user(&tradewind, "p0@trade.test")?["state"], "disabled");
    let unknown = tradewind.command(&["provision", "sync", "elsewhere"])?;
    assert!(!unknown.status.success() && unknown.stderr.contains("not configured"), "{}", unknown.stderr);
    Ok(())
}

/// The directory has the passwords: it is asked, over mail protocols and the web, and without it nobody is let in.
#[test]
fn the_directory_is_asked_for_passwords() -> Outcome {
    require!("slapd", "ldap-utils", "python3");
    let entries = (0..8).fold(BASE.to_owned(), |all, number| all + &person(&format!("p{number}")));
    let mut slapd = Slapd::start(&entries)?;
    let tradewind = start_with(&slapd, 10, ", passwords = \"bind\"")?;
    sync(&tradewind, &[])?;
    let known = tradewind.access("sales")?;
    let enter = |name: &str, password: &str| {
        let access = Access { user: format!("{name}@trade.test"), password: password.to_owned(), ..known.clone() };
        access.session()
    };
    enter("p0", "secret-p0")?;
    for (name, password) in [("p0", "secret-p1"), ("p1", "*"), ("nobody", "secret-p0")] {
        assert!(enter(name, password).is_err(), "{name} {password}");
    }
    // Who is not from the directory has the password here.
    known.session()?;
    // A password that is here is no way around.
    let made = tradewind.command(&["--json", "user", "password", "p1@trade.test"])?.success()?.stdout;
    let made: Value = serde_json::from_str(&made)?;
    let own = made["password"].as_str().unwrap_or_default();
    assert!(!own.is_empty() && enter("p1", own).is_err(), "{made}");
    enter("p1", "secret-p1")?;
    // Over the web; without a password the directory would let in everybody (RFC 4513 section 5.1.2).
    let web = |name: &str, tries: &[&str]| web(&tradewind, name, tries);
    web("p2", &["=401", "wrong=401", "secret-p2=303"])?;
    // Disabled there, and not yet taken over.
    slapd.modify(
        "dn: uid=p3,ou=people,dc=trade,dc=test\nchangetype: modify\nadd: employeeType\nemployeeType: left\n\n\
         dn: uid=p4,ou=people,dc=trade,dc=test\nchangetype: modify\nreplace: userPassword\nuserPassword: another-4\n\n",
    )?;
    assert!(enter("p3", "secret-p3").is_err());
    assert!(enter("p4", "secret-p4").is_err());
    enter("p4", "another-4")?;
    // The watch has seen it.
    wait_until("the record of a sign-in", Duration::from_secs(10), || {
        let listed = tradewind.command(&["sign-ins", "list", "p4@trade.test"])?.success()?.stdout;
        Ok(listed.contains("imap/directory").then_some(()))
    })?;
    // What does not answer lets nobody in, and says what a wrong password does.
    slapd.freeze()?;
    let silent = Instant::now();
    let refused = enter("p5", "secret-p5").err().map(|failure| failure.to_string()).unwrap_or_default();
    assert!(silent.elapsed() < Duration::from_secs(15), "{:?}", silent.elapsed());
    assert!(refused.contains("AUTHENTICATIONFAILED"), "{refused}");
    slapd.go_on()?;
    slapd.stop()?;
    let refused = enter("p5", "secret-p5").err().map(|failure| failure.to_string()).unwrap_or_default();
    assert!(refused.contains("AUTHENTICATIONFAILED"), "{refused}");
    web("p6", &["secret-p6=401"])?;
    web("nobody", &["secret-p6=401"])?;
    known.session()?;
    let log = tradewind.log_tail();
    assert!(log.contains("a directory cannot be asked for a password") && log.contains("LDAP directory hq"), "{log}");
    slapd.start_again()?;
    enter("p5", "secret-p5")?;
    web("p6", &["secret-p6=303"])
}

/// Signs in on the page with each password; the status that is to come stands behind it.
fn web(tradewind: &Tradewind, name: &str, tries: &[&str]) -> Outcome {
    let settings: Value = serde_json::from_str(&tradewind.command(&["--json", "config", "show"])?.success()?.stdout)?;
    let mut command = Command::new("/usr/bin/python3");
    command.arg(format!("{}/clients/password_tries.py", env!("CARGO_MANIFEST_DIR")));
    command.arg(format!("{name}@trade.test")).args(tries);
    command.env("WEB_HOST", settings["server"]["hostname"].as_str().unwrap_or_default());
    command.env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    command.env("IMAP_CA", tradewind.ca()?);
    run(command, Duration::from_secs(60))?.success()?;
    Ok(())
}
