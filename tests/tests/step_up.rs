//! No protocol and no client walks around step-up: every sensitive action, tried with everything that is no fresh strong factor, and then
//! with one.

#[path = "step_up/cases.rs"]
mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cases::{Case, WITHOUT_ACTION, cases};
use harness::smtp::{base64, for_wire};
use harness::{Access, Browser, Failure, Options, Outcome, Page, Tradewind, require, run, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// How long a strong factor counts in these tests: the shortest that can be set.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// The protocols that the server speaks. Another one needs its cases here.
const SERVICES: &[&str] = &["http", "https", "imap", "imaps", "smtp", "submission", "submissions"];

/// Somebody of the company with an authenticator app.
struct Person {
    access: Access,
    secret: String,
    browser: Browser,
}

impl Person {
    fn code(&self) -> Outcome<String> {
        let mut oathtool = Command::new("oathtool");
        oathtool.args(["--totp", "--base32", &self.secret]);
        Ok(run(oathtool, PATIENCE)?.success()?.stdout.trim().to_owned())
    }

    /// Signs in with password and app, of which the first code is shown.
    fn enrol(tradewind: &Tradewind, access: Access) -> Outcome<Self> {
        let mut person = Self { access, secret: String::new(), browser: tradewind.browser()? };
        let state = enter(&mut person.browser, &person.access)?;
        assert_eq!(state, "enrol", "the level asks for a second factor");
        let wanted = json!({ "kind": "totp", "label": "app" });
        let begun = person.browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
        person.secret = begun["secret"].as_str().unwrap_or_default().to_owned();
        let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": person.code()? });
        person.browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
        Ok(person)
    }

    /// Shows the app again, in the session that is there.
    fn show(&mut self) -> Outcome {
        let shown = json!({ "means": "totp", "code": self.code()? });
        self.browser.post("/api/sign-in/factor", &shown, &[])?.expect(200).map(drop)
    }
}

/// Shows the password; gives how far that leads.
fn enter(browser: &mut Browser, access: &Access) -> Outcome<String> {
    let shown = json!({ "login": access.user, "password": access.password });
    let page = browser.post("/api/sign-in", &shown, &[])?.expect(200)?;
    Ok(page.json()["state"].as_str().unwrap_or_default().to_owned())
}

/// A company at the level `enhanced`, with everybody enrolled.
struct Company {
    tradewind: Tradewind,
    people: BTreeMap<&'static str, Person>,
}

impl Company {
    fn start() -> Outcome<Self> {
        let options =
            Options::default().set("access", "step_up_minutes_enhanced", "1").set("factors", "grace_days", "0");
        let tradewind = Tradewind::start(options)?;
        for (name, role) in [("security", "security"), ("auditor", "auditor"), ("leaver", "sales")] {
            let access = tradewind.new_account(name, 0)?;
            command(&tradewind, &["user", "role", &access.user, role])?;
        }
        command(&tradewind, &["organisation", "level", "enhanced"])?;
        let mut people = BTreeMap::new();
        for name in ["sales", "manager", "admin", "security", "auditor"] {
            let access = match tradewind.access(name) {
                Ok(access) => access,
                Err(_) => fresh_password(&tradewind, name)?,
            };
            people.insert(name, Person::enrol(&tradewind, access)?);
        }
        Ok(Self { tradewind, people })
    }

    fn person(&mut self, name: &str) -> Outcome<&mut Person> {
        self.people.get_mut(name).ok_or_else(|| Failure::new(format!("nobody is called {name}")))
    }

    fn cases(&self) -> Outcome<Vec<Case>> {
        Ok(cases(&std::fs::read_to_string(self.tradewind.ca()?)?))
    }

    /// All that the actions could change, as the command line tells it.
    fn state(&self) -> Outcome<BTreeMap<String, Value>> {
        let whole: &[&[&str]] = &[
            &["user", "list"],
            &["organisation", "list"],
            &["organisation", "authority", "list"],
            &["access", "review"],
            &["access", "table"],
            &["approval", "list"],
            &["grant", "list"],
            &["role", "list"],
            &["oauth", "client", "list"],
            &["provision", "token", "list"],
            &["list", "show"],
        ];
        let mut state = BTreeMap::new();
        for arguments in whole {
            state.insert(arguments.join(" "), told(&self.tradewind, arguments)?);
        }
        for name in ["sales", "finance", "admin", "security"] {
            let address = format!("{name}@trade.test");
            for of in [&["user", "factor", "list"][..], &["user", "app-password", "list"], &["delegation", "list"]] {
                let arguments = [of, &[address.as_str()]].concat();
                state.insert(arguments.join(" "), told(&self.tradewind, &arguments)?);
            }
            let arguments = ["user", "forward", "list", &address];
            state.insert(arguments.join(" "), told(&self.tradewind, &arguments)?);
        }
        state.values_mut().for_each(forget_uses);
        Ok(state)
    }
}

fn fresh_password(tradewind: &Tradewind, name: &str) -> Outcome<Access> {
    let user = format!("{name}@trade.test");
    let made = told(tradewind, &["user", "password", &user])?;
    let password = made["password"].as_str().unwrap_or_default().to_owned();
    Ok(Access { imaps: tradewind.listen("imaps")?, user, password, ca: tradewind.ca()? })
}

fn command(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<String> {
    Ok(tradewind.command(arguments)?.success()?.stdout)
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let all = [&["--json"], arguments].concat();
    Ok(serde_json::from_str(command(tradewind, &all)?.trim())?)
}

/// Takes out what changes by using an account, and by letters that arrive.
fn forget_uses(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(forget_uses),
        Value::Object(fields) => {
            fields.retain(|name, _| !["used", "used_from", "from", "messages", "bytes"].contains(&name.as_str()));
            fields.values_mut().for_each(forget_uses);
        }
        _ => {}
    }
}

fn ask(
    browser: &mut Browser,
    case: &Case,
    remembered: &BTreeMap<&str, Value>,
    header: &[(&str, &str)],
) -> Outcome<Page> {
    browser.post(&format!("/api/v1/{}", case.action), &case.filled(remembered), header)
}

/// A case for every sensitive action of the API, and for every right of the table that asks for a strong factor.
fn no_case_is_missing(company: &mut Company) -> Outcome<Vec<Case>> {
    let all = company.cases()?;
    let document = company.person("sales")?.browser.get("/api/v1/openapi.json")?.expect(200)?.json();
    let mut sensitive = BTreeSet::new();
    let mut rights = BTreeSet::new();
    for (path, operation) in document["paths"].as_object().into_iter().flatten() {
        if operation["post"]["x-sensitive"].is_object() {
            sensitive.insert(path.trim_start_matches("/api/v1/").to_owned());
            rights.insert(operation["post"]["x-right"].as_str().unwrap_or_default().to_owned());
        }
    }
    let tried: BTreeSet<String> = all.iter().map(|case| case.action.to_owned()).collect();
    let missing: Vec<_> = sensitive.difference(&tried).collect();
    assert!(missing.is_empty(), "sensitive actions without a case in step_up/cases.rs: {missing:?}");
    // What lowers a protection is asked for by what a request holds, not by the action.
    rights.insert(access::Action::ProtectionLower.to_string());
    for sensitive in access::SENSITIVE {
        let is_reached = rights.contains(sensitive.action.as_str());
        let is_without = WITHOUT_ACTION.contains(&sensitive.action);
        assert!(is_reached != is_without, "{}: no action needs it, or one does meanwhile", sensitive.action);
    }
    let services: BTreeSet<&str> =
        company.tradewind.ready["listen"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    assert_eq!(services, SERVICES.iter().copied().collect(), "another protocol needs its own cases");
    Ok(all)
}

/// What is no fresh strong factor: as what it is called, the browser that holds it, and what it sends along.
fn weak_ways(company: &mut Company, who: &str) -> Outcome<Vec<(&'static str, Browser, Option<String>)>> {
    let app_password = told(
        &company.tradewind,
        &[
            "user",
            "app-password",
            "add",
            &format!("{who}@trade.test"),
            "mail program",
            "--for",
            "imap",
            "--for",
            "smtp",
        ],
    )?;
    let fresh = company.tradewind.browser()?;
    let person = company.person(who)?;
    let mut first_step = fresh.clone();
    assert_eq!(enter(&mut first_step, &person.access)?, "factor");
    let basic =
        |password: &str| Some(format!("Basic {}", base64(format!("{}:{password}", person.access.user).as_bytes())));
    let app_password = basic(app_password["app_password"].as_str().unwrap_or_default());
    let account_password = basic(&person.access.password);
    let token = format!("Bearer {}", access_token(&mut person.browser)?);
    Ok(vec![
        ("a stale session", person.browser.clone(), None),
        ("the password alone", first_step, None),
        ("nothing", fresh.clone(), None),
        ("an app password", fresh.clone(), app_password),
        ("the account's password", fresh.clone(), account_password),
        ("an OAuth token", fresh, Some(token)),
    ])
}

/// Connects a mail program by OAuth; gives its access token. Verifier and challenge are those of RFC 7636 appendix B.
fn access_token(browser: &mut Browser) -> Outcome<String> {
    const BACK: &str = "http://127.0.0.1:49152/";
    let path = format!(
        "/oauth/authorize?response_type=code&client_id=mail-program&redirect_uri={BACK}&scope=openid%20imap%20smtp&state=x\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let consent = browser.get(&path)?.expect(200)?.form("/oauth/authorize", &[("decision", "allow")])?;
    let sent = browser.submit("/oauth/authorize", &consent)?.expect(303)?;
    let back = sent.header.get("location").cloned().unwrap_or_default();
    let code = back.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap_or_default();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "mail-program"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let issued = browser.submit("/oauth/token", &fields)?.expect(200)?.json();
    Ok(issued["access_token"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_fresh_strong_factor_and_nothing_else_opens_what_is_sensitive() -> Outcome {
    require!("oathtool");
    let mut company = Company::start()?;
    let all = no_case_is_missing(&mut company)?;
    let mut ways = BTreeMap::new();
    for who in ["sales", "manager", "admin", "security", "auditor"] {
        ways.insert(who, weak_ways(&mut company, who)?);
    }
    let provisioning = told(&company.tradewind, &["provision", "token", "add", "hr"])?;
    let provisioning = format!("Bearer {}", provisioning["token"].as_str().unwrap_or_default());
    std::thread::sleep(FRESH_FOR + Duration::from_secs(1));
    let before = company.state()?;
    let nothing = BTreeMap::new();
    for case in &all {
        let of = ways.get_mut(case.who).ok_or_else(|| Failure::new(case.who))?;
        for (way, browser, shown) in of {
            let header: Vec<(&str, &str)> = shown.iter().map(|it| ("Authorization", it.as_str())).collect();
            let page = ask(browser, case, &nothing, &header)?;
            let is_refused = match *way {
                // What an earlier case is yet to make is not there, which is told like what is another's.
                "a stale session" => page.body.contains("step-up") || page.body.contains("not-allowed"),
                "an OAuth token" => page.status == 403,
                _ => page.status == 401 && page.body.contains("not-signed-in"),
            };
            assert!(is_refused, "{} by {way}: {} {}", case.action, page.status, page.body);
        }
        let mut browser = company.tradewind.browser()?;
        let page = ask(&mut browser, case, &nothing, &[("Authorization", &provisioning)])?;
        assert_eq!(page.status, 401, "{} by a token of provisioning: {}", case.action, page.body);
    }
    pages_are_shut(&mut company)?;
    assert_eq!(company.state()?, before, "what was refused has left something behind");
    opened_by_a_fresh_factor(&mut company, &all)
}

/// The pages that are no actions of the API: a stale session is led to the second factor.
fn pages_are_shut(company: &mut Company) -> Outcome {
    let browser = &mut company.person("sales")?.browser;
    let listed = browser.get("/account")?.expect(200)?;
    let mut fields = listed.form("/account/app-password-add", &[])?;
    fields.extend([("label".to_owned(), "tablet".to_owned()), ("imap".to_owned(), "1".to_owned())]);
    let token = fields.iter().find(|(name, _)| name == "form_token").cloned();
    let token = token.ok_or_else(|| Failure::new("no form token"))?;
    let shut = |page: Page, what: &str| {
        let to = page.header.get("location").cloned().unwrap_or_default();
        assert!(page.status == 303 && to.starts_with("/sign-in/factor"), "{what}: {} {to}", page.status);
    };
    shut(browser.submit("/account/app-password-add", &fields)?, "app password");
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let begin = [token.clone(), field("kind", "totp"), field("label", "second")];
    shut(browser.submit("/account/factors/begin", &begin)?, "begin");
    shut(browser.submit("/account/factors/remove", &[token.clone(), field("id", "1")])?, "remove");
    shut(browser.submit("/account/factors/recovery-codes", &[token])?, "codes");
    let begun = browser.post("/api/account/factors/begin", &json!({ "kind": "totp", "label": "second" }), &[])?;
    begun.expect(403)?;
    Ok(())
}

/// The same requests once more, after everybody has shown the app: nobody is his own second person, and what waits is done when
/// another says yes.
fn opened_by_a_fresh_factor(company: &mut Company, all: &[Case]) -> Outcome {
    let mut remembered = BTreeMap::new();
    let mut shown: BTreeMap<&str, Instant> = BTreeMap::new();
    for case in all {
        if shown.get(case.who).is_none_or(|at| at.elapsed() > FRESH_FOR / 2) {
            company.person(case.who)?.show()?;
            shown.insert(case.who, Instant::now());
        }
        let person = company.person(case.who)?;
        let page = ask(&mut person.browser, case, &remembered, &[])?;
        assert_eq!(page.status, case.then.status(), "{} by {}: {}", case.action, case.who, page.body);
        if let Some((name, pointer)) = case.keeps {
            let value = page.json().pointer(pointer).cloned();
            remembered.insert(name, value.ok_or_else(|| Failure::new(format!("no {pointer} in {}", page.body)))?);
        }
        if case.action == "user-delete" {
            let own = json!({ "request": remembered["request"], "approve": true });
            person.browser.post("/api/v1/approval-decide", &own, &[])?.expect(403)?;
            let people = told(&company.tradewind, &["user", "list"])?.to_string();
            assert!(people.contains("leaver@trade.test"), "it waits");
        }
        if case.action == "grant-ask" && case.who == "security" {
            let own = json!({ "grant": page.json()["grant"] });
            company.person(case.who)?.browser.post("/api/v1/grant-approve", &own, &[])?.expect(403)?;
        }
    }
    let people = told(&company.tradewind, &["user", "list"])?.to_string();
    assert!(!people.contains("leaver@trade.test"), "a second person said yes: {people}");
    let levels = told(&company.tradewind, &["organisation", "list"])?.to_string();
    assert!(levels.contains("enhanced"), "what nobody approved has not happened: {levels}");
    Ok(())
}

#[test]
fn mail_protocols_give_nothing_away() -> Outcome {
    require!("oathtool");
    let mut company = Company::start()?;
    let app_password = told(
        &company.tradewind,
        &["user", "app-password", "add", "sales@trade.test", "phone", "--for", "imap", "--for", "smtp"],
    )?;
    let app_password = app_password["app_password"].as_str().unwrap_or_default().to_owned();
    let sales = company.person("sales")?;
    let token = access_token(&mut sales.browser)?;
    let access = sales.access.clone();
    assert!(access.session().is_err(), "the account's password opens no mail");
    let before = company.state()?;
    let mut by_app_password = Access { password: app_password.clone(), ..access.clone() }.session()?;
    let trust = harness::Trust::Authority(access.ca.clone());
    let mut by_token = harness::imap::Client::connect_tls(access.imaps, &trust)?;
    let shown = base64(format!("user={}\x01auth=Bearer {token}\x01\x01", access.user).as_bytes());
    by_token.command(&format!("AUTHENTICATE XOAUTH2 {shown}"))?.ok()?;
    for session in [&mut by_app_password, &mut by_token] {
        gives_nothing_away_by_imap(session)?;
    }
    let basic = format!("Basic {}", base64(format!("{}:{app_password}", access.user).as_bytes()));
    for signed in [basic, format!("Bearer {token}")] {
        gives_nothing_away_by_jmap(&company.tradewind, &signed)?;
    }
    sends_as_nobody_else(&company.tradewind, &access, &app_password)?;
    assert_eq!(company.state()?, before, "what was refused has left something behind");
    let settings = told(&company.tradewind, &["config", "show"])?;
    let directory = settings["server"]["directory"].as_str().ok_or_else(|| Failure::new("no directory"))?;
    let socket = Path::new(directory).join("control.sock");
    assert_eq!(socket.metadata()?.permissions().mode() & 0o077, 0, "the control socket is its owner's alone");
    Ok(())
}

/// Rights over mailboxes, and every extension by which others could have mailboxes show more.
fn gives_nothing_away_by_imap(session: &mut harness::imap::Client) -> Outcome {
    session.command("SELECT INBOX")?.ok()?;
    for refused in ["SETACL INBOX finance@trade.test lr", "SETACL Sent anyone lr", "DELETEACL INBOX finance@trade.test"]
    {
        let answer = session.command(refused)?;
        assert!(answer.status.starts_with("NO"), "{refused}: {}", answer.status);
    }
    let acl = session.ask("GETACL INBOX")?.ok()?.text();
    assert!(!acl.contains("finance"), "{acl}");
    let offers = session.ask("CAPABILITY")?.ok()?.text();
    for unknown in ["METADATA", "URLAUTH", "CATENATE", "ANNOTATE", "IMAPSIEVE", "FILTERS"] {
        assert!(!offers.contains(unknown), "{unknown} gives something away: it needs a case here: {offers}");
    }
    for refused in [
        "SETMETADATA INBOX (/private/comment \"x\")",
        "GENURLAUTH \"imap://localhost/INBOX/;uid=1;urlauth=anonymous\" INTERNAL",
        "SETQUOTA \"\" (STORAGE 1)",
        "SELECT \"Other Users/finance@trade.test/INBOX\"",
        "CREATE \"Other Users/finance@trade.test/mine\"",
        "RENAME Sent \"Other Users/finance@trade.test/Sent\"",
        "COPY 1:* \"Other Users/finance@trade.test/INBOX\"",
    ] {
        let answer = session.command(refused)?;
        assert!(!answer.status.starts_with("OK"), "{refused}: {}", answer.status);
    }
    Ok(())
}

/// Sharing of mailboxes (RFC 9670).
fn gives_nothing_away_by_jmap(tradewind: &Tradewind, signed: &str) -> Outcome {
    let header = [("Authorization", signed)];
    let mut browser = tradewind.browser()?;
    let session = browser.get_with("/jmap/session", &header)?.expect(200)?.json();
    let account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
    let using: Vec<String> =
        session["capabilities"].as_object().into_iter().flat_map(|it| it.keys()).cloned().collect();
    let mut ask = |method: &str, mut arguments: Value| -> Outcome<Value> {
        arguments["accountId"] = account.clone();
        let request = json!({ "using": using, "methodCalls": [[method, arguments, "0"]] });
        Ok(browser.post("/jmap/api", &request, &header)?.expect(200)?.json()["methodResponses"][0][1].clone())
    };
    let finance = ask("Principal/query", json!({ "filter": { "email": "finance@" } }))?["ids"][0].clone();
    let finance = finance.as_str().ok_or_else(|| Failure::new("no colleague is to be seen"))?;
    let rights = json!({ finance: { "mayReadItems": true } });
    let inbox = ask("Mailbox/query", json!({ "filter": { "role": "inbox" } }))?["ids"][0].clone();
    let inbox = inbox.as_str().unwrap_or_default();
    let set = ask(
        "Mailbox/set",
        json!({
            "update": { inbox: { "shareWith": rights } }, "create": { "a": { "name": "Lent", "shareWith": rights } },
        }),
    )?;
    for refused in [&set["notUpdated"][inbox], &set["notCreated"]["a"]] {
        assert_eq!((&refused["type"], &refused["maxAge"]), (&json!("forbidden"), &json!(60)), "{set}");
    }
    Ok(())
}

/// Another's address, in the envelope or in the message.
fn sends_as_nobody_else(tradewind: &Tradewind, access: &Access, app_password: &str) -> Outcome {
    let trust = harness::Trust::Authority(access.ca.clone());
    let (own, other) = (access.user.as_str(), "finance@trade.test");
    for (envelope, author) in [(other, other), (own, other), (other, own)] {
        let mut session = harness::smtp::Client::connect_tls(tradewind.listen("submissions")?, &trust)?;
        session.sign_in(own, app_password)?;
        let letter = format!(
            "From: <{author}>\r\nTo: <manager@trade.test>\r\nSubject: pay\r\nMessage-ID: <pay.{envelope}.{author}>\r\n\
             Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nPay now.\r\n"
        );
        let reply = session.deliver(envelope, &["manager@trade.test"], &for_wire(letter.as_bytes()))?;
        assert!(reply.code >= 500 && reply.text.contains("5.7.1"), "{envelope} {author}: {reply}");
    }
    let listed = |tradewind: &Tradewind| told(tradewind, &["queue", "list"]);
    wait_until("an empty queue", PATIENCE, || {
        let is_quiet = !listed(tradewind)?.to_string().contains("finance@trade.test");
        Ok(is_quiet.then_some(()))
    })?;
    Ok(())
}
