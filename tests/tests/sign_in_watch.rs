//! Sign-in watch at the running server: a thief abroad is stopped, the account frozen, people told, links answered, reviews made.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Failure, Options, Outcome, Scratch, Tradewind, require, run};
use serde_json::Value;
use watch::geo::write::{Field, Writer};

const HOME: &str = "127.0.0.1";
const ABROAD: &str = "127.9.0.1";
const LIMIT: Duration = Duration::from_secs(30);

struct Site {
    tradewind: Tradewind,
    scratch: Scratch,
}

impl Site {
    /// A server that takes this machine's first addresses for China and others for Brazil, and does at `basic` what `trade` asks for.
    fn start() -> Outcome<Self> {
        let scratch = Scratch::new("sign-in-watch")?;
        let (countries, levels) = (scratch.join("country.mmdb"), scratch.join("levels.toml"));
        std::fs::write(&countries, database()?)?;
        let shipped =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/watch/data/levels.toml"))?;
        let swapped = shipped.replace("[basic", "[other").replace("[trade", "[basic").replace("[other", "[trade");
        std::fs::write(&levels, swapped)?;
        let text = |path: &std::path::Path| format!("\"{}\"", path.display());
        let options = Options::default().set("watch", "country_database", &text(&countries)).set(
            "watch",
            "levels",
            &text(&levels),
        );
        Ok(Self { tradewind: Tradewind::start(options)?, scratch })
    }

    fn client(&self, source: &str, password: &str, agent: &str, what: &str) -> Outcome<Command> {
        let mut command = Command::new("python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/imap_from.py");
        let port = self.tradewind.listen("imaps")?.port().to_string();
        let user = self.tradewind.account("sales")?.address;
        command.args([script, source, &port, &user, password, agent, what]);
        Ok(command)
    }

    fn sign_in(&self, source: &str, password: &str, agent: &str) -> Outcome<String> {
        Ok(run(self.client(source, password, agent, "login")?, LIMIT)?.success()?.stdout)
    }

    fn json(&self, arguments: &[&str]) -> Outcome<Value> {
        let answer = self.tradewind.command(&[&["--json"], arguments].concat())?.success()?;
        Ok(serde_json::from_str(answer.stdout.trim())?)
    }

    fn state(&self) -> Outcome<String> {
        let address = self.tradewind.account("sales")?.address;
        let users = self.json(&["user", "list"])?;
        let found = users.as_array().and_then(|users| users.iter().find(|user| user["address"] == *address));
        Ok(found.map_or_else(String::new, |user| user["state"].as_str().unwrap_or_default().to_owned()))
    }

    /// Status and text of a page.
    fn http(&self, method: &str, url: &str) -> Outcome<(String, String)> {
        let mut command = Command::new("curl");
        command.args(["-sk", "--connect-to", "::127.0.0.1:", "-X", method, "-w", "\n%{http_code}"]).arg(url);
        let answer = run(command, LIMIT)?.success()?.stdout;
        let (text, status) = answer.rsplit_once('\n').ok_or_else(|| Failure::new("curl says no status"))?;
        Ok((status.to_owned(), text.to_owned()))
    }
}

fn database() -> Outcome<Vec<u8>> {
    let mut writer = Writer::default();
    for (first, last, code) in [("127.0.0.0", "127.0.255.255", "CN"), ("127.9.0.0", "127.9.255.255", "BR")] {
        let record = Field::Map(vec![("country_code".to_owned(), Field::Text(code.to_owned()))]);
        writer.insert(first.parse()?, last.parse()?, &record)?;
    }
    Ok(writer.finish("test", 1_800_000_000))
}

/// A connection that stays; the receiver gets the moment at which the server ended it.
fn hold(mut command: Command) -> Outcome<(Child, std::sync::mpsc::Receiver<Instant>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(|| Failure::new("no output"))?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    assert_eq!(first, "IN");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        if lines.next().is_some() {
            let _ = sender.send(Instant::now());
        }
    });
    Ok((child, receiver))
}

#[test]
fn a_thief_abroad_is_stopped_and_everybody_is_told() -> Outcome {
    require!("curl", "python3");
    let site = Site::start()?;
    let password = site.tradewind.account("sales")?.password;
    for version in 1..=5 {
        let answer = site.sign_in(HOME, &password, &format!("Mail/{version}"))?;
        assert!(answer.starts_with("OK"), "{version}: {answer}");
    }
    let (mut owner, ended) = hold(site.client(HOME, &password, "Mail/5", "hold")?)?;
    // Attempts are written down together, five times a second.
    std::thread::sleep(Duration::from_millis(600));

    let started = Instant::now();
    let thief = site.sign_in(ABROAD, &password, "curl/8")?;
    assert!(thief.starts_with("NO"), "{thief}");
    let ended = ended.recv_timeout(LIMIT)?;
    owner.wait()?;
    let took = ended.duration_since(started);
    println!("everything was signed out {took:?} after the thief began to connect");
    assert!(took < Duration::from_secs(3), "the client's own start included: {took:?}");
    assert_eq!(site.state()?, "frozen");
    assert!(site.sign_in(HOME, &password, "Mail/5")?.starts_with("NO"));

    let odd = site.json(&["sign-ins", "list", "--odd"])?;
    assert_eq!((&odd[0]["outcome"], &odd[0]["country"]), (&"frozen".into(), &"BR".into()), "{odd}");
    let id = odd[0]["id"].to_string();
    let address = site.tradewind.account("sales")?.address;
    let shown = site.json(&["sign-ins", "show", &address, &id])?;
    let findings = shown["findings"].to_string();
    assert!(findings.contains("impossible-travel") && findings.contains("new-device"), "{shown}");

    answers_by_link(&site, &address)?;
    reviews(&site)
}

fn answers_by_link(site: &Site, address: &str) -> Outcome {
    let thawed = site.json(&["user", "unfreeze", address])?;
    let fresh = thawed["password"].as_str().ok_or_else(|| Failure::new("no fresh password"))?.to_owned();
    assert_eq!(site.state()?, "active");
    let mut letters = String::new();
    let deadline = Instant::now() + LIMIT;
    while !letters.contains("/sign-in-event/") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(300));
        letters = run(site.client(HOME, &fresh, "Mail/5", "fetch")?, LIMIT)?.success()?.stdout;
    }
    let links: Vec<&str> = letters.split_whitespace().filter(|word| word.contains("/sign-in-event/")).collect();
    assert_eq!(links.len(), 2, "{letters}");
    let (mine, not_mine) = (links[0], links[1]);
    let (status, page) = site.http("GET", not_mine)?;
    assert_eq!(status, "200", "{page}");
    assert!(page.contains("<button>"), "{page}");
    assert_eq!(site.state()?, "active", "opening the link does nothing");
    let mut forged = not_mine.to_owned();
    let last = forged.pop();
    forged.push(if last == Some('A') { 'Q' } else { 'A' });
    assert_eq!(site.http("POST", &forged)?.0, "404");
    assert_eq!(site.state()?, "active");
    assert_eq!(site.http("POST", not_mine)?.0, "200");
    assert_eq!(site.state()?, "frozen");
    for used in [mine, not_mine] {
        assert_eq!(site.http("POST", used)?.0, "410", "once");
    }
    Ok(())
}

fn reviews(site: &Site) -> Outcome {
    let listed = site.json(&["sign-ins", "list"])?;
    let month = listed[0]["time"].as_str().unwrap_or_default().chars().take(7).collect::<String>();
    let quarter = format!("{}-Q{}", &month[..4], (month[5..].parse::<u32>()? - 1) / 3 + 1);
    let write = |command: &str, period: &str, format: &str, language: &str| -> Outcome<Vec<u8>> {
        let file = site.scratch.join(&format!("review.{format}"));
        let output = file.display().to_string();
        let arguments = ["sign-ins", command, period, "--format", format, "--language", language, "--output", &output];
        site.tradewind.command(&arguments)?.success()?;
        Ok(std::fs::read(file)?)
    };
    let csv = String::from_utf8(write("review", &month, "csv", "zh")?)?;
    assert!(csv.contains("登录审查") && csv.contains("127.9.0.1"), "{csv}");
    let html = String::from_utf8(write("access-review", &quarter, "html", "en")?)?;
    assert!(html.contains("frozen") && html.contains("sales@trade.test"), "{html}");
    assert!(write("review", &month, "pdf", "zh")?.starts_with(b"%PDF-"));
    if Command::new("pdftotext").arg("-v").stderr(Stdio::null()).status().is_ok() {
        let mut command = Command::new("pdftotext");
        command.arg(site.scratch.join("review.pdf")).arg("-");
        let text = run(command, LIMIT)?.success()?.stdout;
        assert!(text.contains("登录审查") && text.contains("127.9.0.1"), "{text}");
    }
    Ok(())
}
