//! SPF by sections of RFC 7208: each file in `tests/spf` has a zone and cases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use env::Timestamp;
use mailauth::zone::ZoneFile;
use mailauth::{Question, check_mail_from};
use yaml_rust2::{Yaml, YamlLoader};

/// Cases that the files must hold together, so that none is lost unseen.
const CASES_MIN: usize = 200;

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spf");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs the cases of a file; returns how many there are and what is wrong.
async fn run(path: &Path) -> (usize, Vec<String>) {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let zone = ZoneFile::parse(&name, &text).unwrap();
    let document = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let cases = document["tests"].as_hash().unwrap().clone();
    let mut wrong = Vec::new();
    for (case, given) in &cases {
        let text = |key: &str, default: &str| given[key].as_str().map_or_else(|| default.to_owned(), str::to_owned);
        let question = Question {
            client: text("ip", "192.0.2.1").parse().unwrap(),
            helo: &text("helo", "mx.sender.example"),
            mail_from: given["from"].as_str().expect("each case has a sender"),
            receiver: "mail.receiver.example",
            now: Timestamp::from_seconds(1_700_000_000),
        };
        let found = check_mail_from(question, &zone).await;
        let case = format!("{name}: {}", case.as_str().unwrap());
        if found.result.word() != given["result"].as_str().unwrap() {
            wrong.push(format!("{case}: {} instead of {}", found.result.word(), given["result"].as_str().unwrap()));
        }
        if !given["explanation"].is_badvalue() && found.explanation.as_deref() != given["explanation"].as_str() {
            wrong.push(format!("{case}: explained as {:?}", found.explanation));
        }
        assert!(matches!(given["explanation"], Yaml::BadValue | Yaml::Null | Yaml::String(_)), "{case}");
    }
    (cases.len(), wrong)
}

#[tokio::test]
async fn sections_of_rfc_7208() {
    let (mut count, mut wrong) = (0, Vec::new());
    for path in files() {
        let (cases, found) = run(&path).await;
        count += cases;
        wrong.extend(found);
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= CASES_MIN, "only {count} cases");
}
