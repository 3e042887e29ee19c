//! How long the lists of the console take, a page at a time, over HTTP, with a store that has been in use for a month.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use env::{Clock as _, SystemClock, SystemEntropy, Timestamp};
use factors::totp::Totp;
use harness::{Browser, Chance, Failure, Options, Outcome, Stream, Tradewind, Trust, USER_AGENT};
use identity::rights::{self, Event};
use identity::{AccountKind, IdentityError, Language, NewAccount, Role};
use serde_json::{Value, json};
use store::{Context, Place, Store, StoreError, Tx};
use trace::{Change, Direction, Found, New, Outcome as Standing, Reply, Step, Traced, What};
use watch::{Attempt, Device, Subject, Watch, WatchSettings};

use crate::figures::{millis, quantile, short};
use crate::jmap::ask;
use crate::machine;
use crate::report::Table;

/// Rows of one transaction while the store is filled.
const BATCH: usize = 2_000;

/// Days over which what is there has come.
const DAYS: u64 = 29;

/// Requests before measuring, that warm the server up.
const WARM_UP: usize = 5;

/// Fills a store and asks for pages of all long lists.
#[derive(Debug, Clone, Args)]
pub(crate) struct LongLists {
    /// Messages whose trace is kept.
    #[arg(long, default_value_t = 1_000_000)]
    traces: usize,
    /// Accounts.
    #[arg(long, default_value_t = 50_000)]
    users: usize,
    /// Sign-ins.
    #[arg(long, default_value_t = 100_000)]
    sign_ins: usize,
    /// Entries of the record.
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// Requests for each list.
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// Milliseconds in which 95 of 100 pages must come.
    #[arg(long, default_value_t = 200.0)]
    goal: f64,
}

/// A list, who asks for it, and what is asked the n-th time.
struct Case {
    name: &'static str,
    who: &'static str,
    action: &'static str,
    request: Box<dyn Fn(usize) -> Value>,
}

fn case(
    name: &'static str,
    (who, action): (&'static str, &'static str),
    request: impl Fn(usize) -> Value + 'static,
) -> Case {
    Case { name, who, action, request: Box::new(request) }
}

impl LongLists {
    /// Prints the table.
    ///
    /// # Errors
    /// If the goal is missed, too.
    pub(crate) fn run(&self) -> Outcome {
        println!("Machine: {}.\n", machine::description());
        // Filling takes longer than a strong factor usually counts.
        let mut options = Options::default();
        for level in ["basic", "enhanced", "trade"] {
            options = options.set("access", &format!("step_up_minutes_{level}"), "600");
        }
        let mut server = Tradewind::start(options)?;
        let people = People::enrol(&server)?;
        server.stop()?;
        let filled = Instant::now();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.fill(&server)).map_err(|error| Failure::new(error.to_string()))?;
        eprintln!("filled in {:.0} s", filled.elapsed().as_secs_f64());
        server.restart()?;
        let mut table = Table::new(&["list", "p50, ms", "p95, ms", "items"]);
        let mut worst: (f64, &str) = (0.0, "");
        for case in self.cases() {
            let (waits, items) = self.measure(&server, &people, &case)?;
            let (p50, p95) = (quantile(&waits, 0.5), quantile(&waits, 0.95));
            table.row(&[case.name.to_owned(), short(p50), short(p95), items.to_string()]);
            if p95 > worst.0 {
                worst = (p95, case.name);
            }
        }
        println!("{}", table.finish());
        if worst.0 < self.goal {
            return Ok(());
        }
        Err(Failure::new(format!("{}: 95 of 100 in {:.0} ms; the goal is {:.0} ms", worst.1, worst.0, self.goal)))
    }

    fn cases(&self) -> Vec<Case> {
        let users = self.users;
        let user = move |number: usize| address(number.wrapping_mul(7_919) % users);
        let traces = ("it", "trace-list");
        let accounts = ("admin", "user-page");
        vec![
            case("traces, newest", traces, |_| json!({})),
            case("traces of an address", traces, move |number| json!({ "address": user(number) })),
            case("traces of a partner's domain", traces, |number| json!({ "domain": partner_domain(number % 500) })),
            case(
                "a Message-ID",
                traces,
                |number| json!({ "message_id": format!("m{}@partner.example", number * 101) }),
            ),
            case("traces that failed", traces, |_| json!({ "outcome": "failed" })),
            case("traces of a client", traces, |number| json!({ "client": client(number % 5_000).to_string() })),
            case(
                "an address and an outcome",
                traces,
                move |number| json!({ "address": user(number), "outcome": "refused" }),
            ),
            case("traces of one day, junk", traces, |_| {
                let day = Timestamp::from_millis(SystemClock.now().millis() - 10 * 86_400_000).to_string();
                json!({ "until": day, "verdict": "junk" })
            }),
            case("what is there of nobody", traces, |_| json!({ "address": "nobody@far.example" })),
            case("accounts, first", accounts, |_| json!({})),
            case("accounts named alike", accounts, |_| json!({ "search": "user 4" })),
            case("one account", accounts, move |number| json!({ "search": user(number) })),
            case("accounts of no such name", accounts, |_| json!({ "search": "nobody at all" })),
            case("accounts with a role", accounts, |_| json!({ "role": "finance" })),
            case("accounts, far behind", accounts, move |_| json!({ "cursor": address(users.saturating_sub(100)) })),
            case("sign-ins, newest", ("security", "sign-in-page"), |_| json!({})),
            case("odd sign-ins", ("security", "sign-in-page"), |_| json!({ "odd": true })),
            case(
                "sign-ins of an account",
                ("security", "sign-in-page"),
                move |number| json!({ "address": address(number % 1_000.min(users)) }),
            ),
            case("the record, newest", ("auditor", "audit-page"), |_| json!({})),
            case("the record, one action", ("auditor", "audit-page"), |_| json!({ "of_action": "domain-add" })),
            case("the record, an object", ("auditor", "audit-page"), |_| json!({ "object": "nothing of the kind" })),
            case("queue", ("it", "queue-page"), |_| json!({})),
            case("quarantine", ("security", "quarantine-page"), |_| json!({})),
            case("cases", ("security", "guard-case-page"), |_| json!({ "all": true })),
        ]
    }

    /// Milliseconds of each request, sorted, and the items of the last page.
    fn measure(&self, server: &Tradewind, people: &People, case: &Case) -> Outcome<(Vec<f64>, usize)> {
        let browser = people.of(case.who)?;
        let address = server.listen("https")?;
        let mut connection = Stream::connect_tls(address, &Trust::Anything)?;
        let mut waits = Vec::with_capacity(self.requests);
        let mut items = 0;
        for number in 0..self.requests + WARM_UP {
            let body = (case.request)(number).to_string();
            let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = format!(
                "POST /api/v1/{} HTTP/1.1\r\nHost: localhost:{}\r\nSec-Fetch-Site: same-origin\r\nUser-Agent: {USER_AGENT}\r\nCookie: {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                case.action,
                address.port(),
                cookies.join("; "),
                body.len()
            );
            let begun = Instant::now();
            let answer = ask(&mut connection, request.as_bytes())?;
            if number >= WARM_UP {
                waits.push(millis(begun.elapsed()));
            }
            let answer: Value = serde_json::from_slice(&answer)?;
            items = answer["items"].as_array().map_or(0, Vec::len);
        }
        waits.sort_by(f64::total_cmp);
        Ok((waits, items))
    }

    async fn fill(&self, server: &Tradewind) -> Result<(), IdentityError> {
        let store = open(server).await?;
        let organisation = store.read(identity::list_organisations).await?.first().map_or(0, |one| one.id);
        self.fill_accounts(&store, organisation).await?;
        self.fill_traces(&store, organisation).await?;
        self.fill_events(&store, organisation).await?;
        self.fill_sign_ins(&store, organisation).await?;
        store.close().await;
        Ok(())
    }

    async fn fill_accounts(&self, store: &Store, organisation: i64) -> Result<(), IdentityError> {
        for first in (0..self.users).step_by(BATCH) {
            let last = self.users.min(first + BATCH);
            let work = move |tx: &mut Tx<'_>| {
                for number in first..last {
                    let role = if number % 50 == 0 { Role::Finance } else { Role::Sales };
                    let account = NewAccount {
                        organisation,
                        address: &address(number),
                        name: &format!("User {number} Li"),
                        role,
                        language: Language::English,
                        kind: AccountKind::Person,
                        quota_bytes: 0,
                        password: None,
                    };
                    identity::create_account(tx, &account)?;
                }
                Ok::<_, IdentityError>(())
            };
            store.write(work).await?;
        }
        Ok(())
    }

    async fn fill_traces(&self, store: &Store, organisation: i64) -> Result<(), StoreError> {
        let begin = begin();
        let step = DAYS * 86_400_000 / (self.traces as u64).max(1);
        for first in (0..self.traces).step_by(BATCH) {
            let users = self.users;
            let news: Vec<New> = (first..self.traces.min(first + BATCH))
                .map(|number| {
                    message(organisation, number, users, begin.plus(Duration::from_millis(step * number as u64)))
                })
                .collect();
            let work = move |tx: &mut Tx<'_>| {
                for new in &news {
                    trace::keep(tx, new)?;
                    if new.direction == Direction::Out {
                        let reply = Reply { host: "mx.partner.example".into(), code: 250, ..Reply::default() };
                        let (to, result) = (new.to.clone(), "relayed".to_owned());
                        let tried = What::Attempted { to, more: 0, reply, result, until: None };
                        trace::note(tx, new.traced, &[Step::at(new.at, tried)], Change::NONE)?;
                    }
                }
                Ok::<_, StoreError>(())
            };
            store.write(work).await?;
            if first % (BATCH * 10) == 0 {
                while store.write(trace::index).await? > 0 {}
            }
        }
        while store.write(trace::index).await? > 0 {}
        Ok(())
    }

    async fn fill_events(&self, store: &Store, organisation: i64) -> Result<(), IdentityError> {
        for first in (0..self.events).step_by(BATCH) {
            let last = self.events.min(first + BATCH);
            let work = move |tx: &mut Tx<'_>| {
                for number in first..last {
                    let event = Event {
                        organisation,
                        account: None,
                        via: access::Via::Local,
                        address: None,
                        action: if number % 100 == 0 { "domain-add" } else { "user-password" }.to_owned(),
                        object: json!({ "address": address(number % 50_000) }).to_string(),
                        outcome: rights::Outcome::Done,
                        row: "allow".to_owned(),
                    };
                    rights::record(tx, &event)?;
                }
                Ok::<_, IdentityError>(())
            };
            store.write(work).await?;
        }
        Ok(())
    }

    async fn fill_sign_ins(&self, store: &Store, organisation: i64) -> Result<(), IdentityError> {
        let accounts = store.read(move |tx| identity::list_accounts(tx, Some(organisation), 0, 1_000)).await?;
        let failed = |error: &dyn std::fmt::Display| IdentityError::from(StoreError::Setup(error.to_string()));
        let watch = Watch::new(store.clone(), WatchSettings::default()).map_err(|error| failed(&error))?;
        let begin = begin();
        let step = DAYS * 86_400_000 / (self.sign_ins as u64).max(1);
        for number in 0..self.sign_ins {
            let Some(account) = accounts.get(number % accounts.len().max(1)) else { break };
            let attempt = Attempt {
                at: begin.plus(Duration::from_millis(step * number as u64)),
                address: client(number % 5_000),
                protocol: "imap".to_owned(),
                method: "password".to_owned(),
                agent: Some("Thunderbird".to_owned()),
                tls: Some("TLSv1.3".to_owned()),
                device: Device::Unknown,
                strong: false,
            };
            let subject = Subject { account: account.id, organisation };
            let outcome = if number % 20 == 0 { watch::Outcome::Throttled } else { watch::Outcome::Wrong };
            watch.record(Some(subject), &address(number), &attempt, outcome, None);
            if number % 200 == 199 {
                watch.flush().await.map_err(|error| failed(&error))?;
            }
        }
        watch.flush().await.map_err(|error| failed(&error))?;
        Ok(())
    }
}

/// When the first of what is there came.
fn begin() -> Timestamp {
    Timestamp::from_millis(SystemClock.now().millis() - i64::try_from(DAYS * 86_400_000).unwrap_or(0))
}

fn address(number: usize) -> String {
    format!("user{number:06}@trade.test")
}

fn partner_domain(number: usize) -> String {
    format!("partner{number}.example")
}

fn client(number: usize) -> IpAddr {
    Ipv4Addr::from(0xc633_0000 | u32::try_from(number).unwrap_or(0)).into()
}

/// The n-th message: every third goes out, one in a hundred failed, one in fifty is junk.
fn message(organisation: i64, number: usize, users: usize, at: Timestamp) -> New {
    let ours = address(number.wrapping_mul(7_919) % users);
    let theirs = format!("buyer{}@{}", number % 20_000, partner_domain(number % 500));
    let is_out = number.is_multiple_of(3);
    let (from, to) = if is_out { (ours, theirs) } else { (theirs, ours) };
    let outcome = match number % 100 {
        7 => Standing::Failed,
        11..=14 => Standing::Refused,
        _ => Standing::Delivered,
    };
    let connected = What::Connected {
        client: Some(client(number % 5_000)),
        helo: "mx.partner.example".into(),
        tls: "TLSv1.3 TLS13_AES_256_GCM_SHA384".into(),
        service: "smtp".into(),
    };
    let authenticated = What::Authenticated {
        spf: "pass".into(),
        dkim: vec!["partner.example pass".into()],
        dmarc: "pass".into(),
        arc: "none".into(),
        treatment: "deliver".into(),
    };
    let verdict = if number % 50 == 1 { Found::Junk } else { Found::Deliver };
    let judged = What::Judged { action: verdict.to_string(), unwanted: 12, findings: vec!["known-partner".into()] };
    let steps = [connected, What::Enveloped, What::Received, authenticated, judged];
    New {
        traced: Traced { organisation, id: env::least_at(at) | i64::try_from(number % 1_000).unwrap_or(0) << 10 },
        at,
        direction: if is_out { Direction::Out } else { Direction::In },
        outcome,
        verdict,
        open: 0,
        size: 20_000,
        client: Some(client(number % 5_000)),
        from,
        to: vec![to],
        subject: format!("Quotation {number} for ball valves"),
        message_id: format!("m{number}@partner.example"),
        accounts: vec![i64::try_from(number % users).unwrap_or(0)],
        steps: steps.into_iter().map(|what| Step::at(at, what)).collect(),
        is_impersonal: false,
    }
}

/// The store of a server that has stopped.
async fn open(server: &Tradewind) -> Result<Store, StoreError> {
    let failed = |error: &dyn std::fmt::Display| StoreError::Setup(error.to_string());
    let key = crypto::region::load(&server.directory().join("region.key")).map_err(|error| failed(&error))?;
    let told = server.command(&["--json", "config", "show"]).and_then(|told| told.success());
    let told = told.map_err(|error| failed(&format!("{error:?}")))?;
    let settings: Value = serde_json::from_str(told.stdout.trim()).map_err(|error| failed(&error))?;
    let directory = PathBuf::from(settings["server"]["directory"].as_str().unwrap_or_default()).join("store");
    let context = Context::new(Arc::new(SystemClock), Arc::new(SystemEntropy::default()), 0, key);
    Store::open(Place::Embedded(directory), context).await
}

/// People who may see the lists, each signed in.
struct People(Vec<(&'static str, Browser)>);

impl People {
    fn enrol(server: &Tradewind) -> Outcome<Self> {
        let mut chance = Chance::fresh();
        let people = ["it", "admin", "security", "auditor"].into_iter().map(|role| {
            let access = server.new_account(&format!("bench-{role}-{}", chance.below(1_000_000)), 0)?;
            server.command(&["user", "role", &access.user, role, "--exception", "a benchmark"])?.success()?;
            let mut browser = server.browser()?;
            let shown = json!({ "login": access.user, "password": access.password });
            browser.post("/api/sign-in", &shown, &[])?.expect(200)?;
            // What needs a strong factor is asked for with one that was just shown.
            let wanted = json!({ "kind": "totp", "label": "bench" });
            let begun = browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
            let secret = Totp::from_bytes(base32(begun["secret"].as_str().unwrap_or_default()));
            let code = secret.code_at(SystemClock.now());
            let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": code });
            browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
            Ok((role, browser))
        });
        Ok(Self(people.collect::<Outcome<_>>()?))
    }

    fn of(&self, role: &str) -> Outcome<&Browser> {
        let found = self.0.iter().find(|(known, _)| *known == role).map(|(_, browser)| browser);
        found.ok_or_else(|| Failure::new(format!("nobody is {role}")))
    }
}

/// Octets of a secret as authenticator apps are given it (RFC 4648 section 6).
fn base32(text: &str) -> Vec<u8> {
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|it| *it == byte)) {
        bits = bits << 5 | u32::try_from(digit).unwrap_or(0);
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read() {
        assert_eq!(base32("MZXW6YTBOI"), b"foobar");
        let secret = Totp::from_bytes(b"12345678901234567890".to_vec());
        assert_eq!(base32(secret.base32().expose()), b"12345678901234567890");
    }
}
