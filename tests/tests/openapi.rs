//! The description of the API against the server: schemathesis makes requests from it, right and wrong ones, as four people with different
//! roles, and holds each answer against it. No request ends in a failure of the server, each answer is described, and nobody reaches what
//! the table of rights refuses him.
//!
//! `make fuzz-api` runs the same for minutes instead of seconds.

#[path = "openapi/examples.rs"]
mod examples;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use examples::Known;
use harness::{
    Access, Browser, Failure, Options, Outcome, Scratch, Tradewind, USER_AGENT, require, run, skip, virtual_environment,
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// Each of them may do much that the others may not; together they may do nearly all that people may.
const ROLES: [&str; 4] = ["sales", "auditor", "admin", "security"];

/// The same requests each time.
const SEED: &str = "20261128";

/// What is checked of each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
     response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth,\
     missing_required_header";

/// Actions that would end the test itself, and why. All else is asked for: everything that is destroyed is this server's.
///
/// What people could do to themselves is not among them: requests name people made for the test, or what nobody is called.
const LEFT_OUT: &[(&str, &str)] = &[];

/// What a request is answered before it is decided whether the action is allowed, and then.
const REFUSALS: [u64; 8] = [400, 401, 403, 404, 405, 413, 415, 429];

/// How much is tried.
struct Effort {
    /// Requests of each action that are made at random.
    random: u32,
    /// Roles as which all that the description leads to is tried out, and not only what is made at random.
    thorough: &'static [&'static str],
    /// Seconds that one role may take.
    seconds_max: Option<u64>,
}

const SHORT: Effort = Effort { random: 2, thorough: &["admin", "security"], seconds_max: None };

/// Somebody with a role who has shown a strong factor.
struct Person {
    role: &'static str,
    browser: Browser,
}

impl Person {
    fn enrol(tradewind: &Tradewind, role: &'static str) -> Outcome<Self> {
        let access = tradewind.new_account(&format!("asks-as-{role}"), 0)?;
        tradewind.command(&["user", "role", &access.user, role, "--exception", "a test"])?.success()?;
        let mut browser = tradewind.browser()?;
        enter(&mut browser, &access)?;
        let wanted = json!({ "kind": "totp", "label": "app" });
        let begun = browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
        let mut oathtool = Command::new("oathtool");
        oathtool.args(["--totp", "--base32", begun["secret"].as_str().unwrap_or_default()]);
        let code = run(oathtool, PATIENCE)?.success()?.stdout;
        let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": code.trim() });
        browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
        Ok(Self { role, browser })
    }

    fn session(&self) -> Outcome<&str> {
        let cookie = self.browser.cookies.get("__Host-session").map(String::as_str);
        cookie.ok_or_else(|| Failure::new(format!("{} has no session", self.role)))
    }
}

fn enter(browser: &mut Browser, access: &Access) -> Outcome {
    let shown = json!({ "login": access.user, "password": access.password });
    browser.post("/api/sign-in", &shown, &[])?.expect(200).map(drop)
}

/// A server with people, and things that requests may name.
struct Company {
    tradewind: Tradewind,
    people: Vec<Person>,
    schemathesis: PathBuf,
    scratch: Scratch,
}

impl Company {
    fn start(schemathesis: PathBuf) -> Outcome<Self> {
        let scratch = Scratch::new("openapi")?;
        let repository = scratch.join("backups").display().to_string();
        let mut options = Options::default().set("backup", "repositories", &json!([repository]).to_string());
        // It takes longer than a strong factor usually counts.
        for level in ["basic", "enhanced", "trade"] {
            options = options.set("access", &format!("step_up_minutes_{level}"), "600");
        }
        let tradewind = Tradewind::start(options)?;
        let people = ROLES.into_iter().map(|role| Person::enrol(&tradewind, role)).collect::<Outcome<_>>()?;
        Ok(Self { tradewind, people, schemathesis: schemathesis.join("bin/schemathesis"), scratch })
    }

    /// The description as this server gives it, with examples of what there is.
    fn description(&mut self) -> Outcome<PathBuf> {
        let known = Known::make(&self.tradewind, &mut self.people)?;
        let mut browser = self.tradewind.browser()?;
        let mut description = browser.get("/api/v1/openapi.json")?.expect(200)?.json();
        known.put_into(&mut description);
        self.scratch.file("openapi.json", description.to_string())
    }

    /// Runs it as one of the people; gives what each action was answered, by status.
    fn ask(&self, person: &Person, description: &Path, effort: &Effort) -> Outcome<Answered> {
        let role = person.role;
        let place = |name: &str| self.scratch.join(&format!("{role}-{name}"));
        let is_thorough = effort.thorough.contains(&role);
        let settings = format!(
            "[auth.openapi.session]\napi_key = \"{}\"\n[headers]\nSec-Fetch-Site = \"same-origin\"\nUser-Agent = \"{USER_AGENT}\"\n\
             [phases.coverage]\nunexpected-methods = [\"GET\", \"DELETE\"]\n",
            person.session()?
        );
        let settings = self.scratch.file(&format!("{role}.toml"), settings)?;
        let mut command = Command::new(&self.schemathesis);
        command.current_dir(self.scratch.path()).env("HOME", self.scratch.path()).env("NO_PROXY", "*");
        command.arg("--config-file").arg(settings).arg("run").arg(description);
        command.args(["--url", &format!("https://localhost:{}", self.tradewind.listen("https")?.port())]);
        command.arg("--tls-verify").arg(self.tradewind.ca()?);
        command.args(["--phases", if is_thorough { "examples,coverage,fuzzing" } else { "examples,fuzzing" }]);
        command.args(["--checks", CHECKS, "--seed", SEED, "--max-examples", &effort.random.to_string()]);
        command.args(["--workers", "2", "--continue-on-failure", "--no-shrink", "--request-timeout", "60"]);
        command.args([
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
            "--generation-database",
            "none",
            "--no-color",
        ]);
        command.args(["--report", "har", "--report-har-path"]).arg(place("report.har"));
        if let Some(seconds) = effort.seconds_max {
            command.args(["--max-time", &seconds.to_string()]);
        }
        for (action, _) in LEFT_OUT {
            command.args(["--exclude-operation-id", action]);
        }
        let limit = Duration::from_secs(effort.seconds_max.unwrap_or(240) + 240);
        let begun = std::time::Instant::now();
        let finished = run(command, limit)?;
        eprintln!("{role}: {:.0} s", begun.elapsed().as_secs_f64());
        if !finished.status.success() {
            let kept = self.keep(role, &finished.stdout);
            let (shown, log) = (end_of(&finished.stdout), self.tradewind.log_tail() + &finished.stderr);
            return Err(Failure::new(format!("as {role}, all of it in {kept}:\n{shown}\nserver:\n{log}")));
        }
        Answered::read(&place("report.har"))
    }

    /// Puts what was printed where it outlives the test.
    fn keep(&self, role: &str, text: &str) -> String {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("openapi-{role}.txt"));
        match fs::write(&place, text) {
            Ok(()) => place.display().to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// The end of a long text; findings are summed up there.
fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(150)..).unwrap_or_default().join("\n")
}

/// How often each action was answered with each status.
struct Answered(BTreeMap<String, BTreeMap<u64, usize>>);

impl Answered {
    fn read(report: &Path) -> Outcome<Self> {
        let report: Value = serde_json::from_str(&fs::read_to_string(report)?)?;
        let mut all: BTreeMap<String, BTreeMap<u64, usize>> = BTreeMap::new();
        for entry in report.pointer("/log/entries").and_then(Value::as_array).into_iter().flatten() {
            let url = entry["request"]["url"].as_str().unwrap_or_default();
            let Some((_, action)) = url.split_once("/api/v1/") else { continue };
            let status = entry["response"]["status"].as_u64().unwrap_or_default();
            *all.entry(action.to_owned()).or_default().entry(status).or_default() += 1;
        }
        Ok(Self(all))
    }

    fn requests(&self) -> usize {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    fn carried_out(&self) -> BTreeSet<&str> {
        let is_done = |statuses: &BTreeMap<u64, usize>| statuses.contains_key(&200);
        self.0.iter().filter(|(_, statuses)| is_done(statuses)).map(|(action, _)| action.as_str()).collect()
    }
}

/// Actions whose right the table gives to a role over nothing, neither by itself nor as it gives it to everybody.
fn refused() -> BTreeMap<String, BTreeSet<String>> {
    let (mut given, mut right) = (BTreeSet::new(), "");
    for line in include_str!("../../crates/access/tests/matrix.txt").lines() {
        let Some(cells) = line.strip_prefix("  ") else {
            right = line;
            continue;
        };
        let mut cells = cells.split_whitespace();
        let role = cells.next().unwrap_or_default();
        if cells.any(|cell| cell != "-") {
            given.insert((role, right));
        }
    }
    // Over one's own factors another right is asked for.
    let is_given = |role: &str, right: &str| {
        right == "factor.reset" || given.contains(&(role, right)) || given.contains(&("everyone", right))
    };
    let mut refused = BTreeMap::<String, BTreeSet<String>>::new();
    for line in include_str!("../../crates/api/tests/matrix.txt").lines().filter(|line| !line.starts_with(' ')) {
        let Some((action, right)) = line.split_once(", ").filter(|(_, right)| right.contains('.')) else { continue };
        for role in ROLES.into_iter().filter(|role| !is_given(role, right)) {
            refused.entry(role.to_owned()).or_default().insert(action.to_owned());
        }
    }
    refused
}

fn everything_is_as_described(effort: &Effort) -> Outcome {
    require!("oathtool", "python3-venv", "python3-pip");
    let schemathesis = match virtual_environment("schemathesis", include_str!("openapi/requirements.txt")) {
        Ok(place) => place,
        Err(failure) => skip!("PyPI gives no schemathesis: {failure}"),
    };
    let mut company = Company::start(schemathesis)?;
    let description = company.description()?;
    let refused = refused();
    let mut failures = Vec::new();
    for person in &company.people {
        let answered = match company.ask(person, &description, effort) {
            Ok(answered) => answered,
            Err(failure) => {
                failures.push(failure.to_string());
                continue;
            }
        };
        let done = answered.carried_out();
        eprintln!("{}: {} requests, {} actions carried out", person.role, answered.requests(), done.len());
        let mut decided = 0;
        for action in refused.get(person.role).into_iter().flatten() {
            let Some(statuses) = answered.0.get(action) else { continue };
            let others: Vec<_> = statuses.keys().filter(|status| !REFUSALS.contains(status)).collect();
            assert!(others.is_empty(), "{} is refused to {}, and was answered {others:?}", action, person.role);
            assert!(statuses.contains_key(&403), "{action} was never refused to {}: {statuses:?}", person.role);
            decided += 1;
        }
        assert!(decided > 50, "{} was refused {decided} actions alone", person.role);
        assert!(done.len() >= 6, "{} carried out {done:?} alone", person.role);
    }
    if !failures.is_empty() {
        return Err(Failure::new(failures.join("\n\n")));
    }
    let log = company.tradewind.log_tail();
    assert!(!log.contains("panicked at"), "{log}");
    for person in &mut company.people {
        person.browser.post("/api/v1/access-own", &json!({}), &[])?.expect(200)?;
    }
    Ok(())
}

#[test]
fn all_requests_as_four_roles_are_answered_as_described() -> Outcome {
    everything_is_as_described(&SHORT)
}

/// For as many minutes as `TRADEWIND_FUZZ_MINUTES` says, ten if it does not.
#[test]
#[ignore = "takes minutes; make fuzz-api"]
fn all_requests_for_minutes() -> Outcome {
    let minutes = std::env::var("TRADEWIND_FUZZ_MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(10);
    let seconds_max = Some(minutes * 60 / ROLES.len() as u64);
    everything_is_as_described(&Effort { random: 200, thorough: &ROLES, seconds_max })
}
