//! The attached documents open in the product's own confined readers, and their payment details are read there.
//!
//! Runs without the usual harness, since the same program is the worker that reads.

#![expect(clippy::unwrap_used, reason = "a test, though without the harness that says so")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use inspect::confine::Limits;
use inspect::{InspectSettings, Kind, Part, Pool, Program};
use mail_parser::{MessageParser, MimeHeaders as _};

const WORKER: &str = "--inspect-worker";
const NAME: &str = "documents_are_read";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if has(WORKER) {
        let limits = Limits { memory_octets: 768 << 20, processor_seconds: 60 };
        return inspect::worker::run(inspect::worker::Options { limits, is_trial: false });
    }
    if has("--list") {
        if !has("--ignored") {
            println!("{NAME}: test");
        }
        return ExitCode::SUCCESS;
    }
    documents_are_read();
    ExitCode::SUCCESS
}

fn documents_are_read() {
    let program = Program { path: std::env::current_exe().unwrap(), arguments: vec![WORKER.into()] };
    let pool = Pool::new(program, InspectSettings { wait_seconds: 120, ..InspectSettings::default() });
    let scratch = tempfile::tempdir().unwrap();
    let mut read: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for seed in ["4", "5"] {
        let out = scratch.path().join(seed);
        let made = Command::new(env!("CARGO_BIN_EXE_tradegen"))
            .args(["make", "--size", "small", "--seed", seed, "--out"])
            .arg(&out)
            .status()
            .unwrap();
        assert!(made.success());
        let truth = std::fs::read_to_string(out.join("truth.tsv")).unwrap();
        for line in truth.lines().skip(2) {
            let cells: Vec<&str> = line.split('\t').collect();
            look(&pool, &out.join(cells[0]), cells[3], &mut read);
        }
    }
    println!("documents by kind, whole and all: {read:?}");
    for kind in ["pdf", "docx", "xlsx"] {
        let (whole, all) = read.get(kind).copied().unwrap_or_default();
        assert!(all > 5 && whole == all, "{kind}: {whole} of {all} documents are read whole");
    }
}

/// Looks into the files of a message; counts those in which all of its account numbers stand that are not in its text.
fn look(pool: &Pool, path: &Path, details: &str, read: &mut BTreeMap<&'static str, (usize, usize)>) {
    let octets = std::fs::read(path).unwrap();
    let message = MessageParser::default().parse(&octets).unwrap();
    let in_text = letters(&message.body_text(0).unwrap_or_default());
    for part in message.attachments() {
        let Some(name) = part.attachment_name() else { continue };
        let report =
            pool.inspect(Part { name, declared: "application/octet-stream", octets: part.contents(), words: &[] });
        assert_eq!(report.unlooked, [], "{} {name}", path.display());
        let (kind, extension) = match name.rsplit('.').next() {
            Some("pdf") => (Kind::Pdf, "pdf"),
            Some("docx") => (Kind::Office, "docx"),
            _ => (Kind::Office, "xlsx"),
        };
        assert_eq!(report.kind(), kind, "{name}");
        let shown: String = report.texts.iter().map(|text| letters(&text.text)).collect();
        let missing: Vec<&str> = details
            .split(';')
            .filter_map(|detail| detail.split_once('='))
            .map(|(_, value)| value)
            .filter(|value| !shown.contains(value) && !in_text.contains(value))
            .collect();
        let count = read.entry(extension).or_default();
        count.1 += 1;
        if missing.is_empty() {
            count.0 += 1;
        } else {
            eprintln!("{} {name}: {missing:?} not in {shown:.300}", path.display());
        }
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}
