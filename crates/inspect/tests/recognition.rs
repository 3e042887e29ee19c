//! Text in pictures: what a program from outside reads there, and what it cannot do.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use inspect::{InspectSettings, Part, Pool, Program, Reason, Report};
use payment::{Block, Source};

fn pool(recogniser: &[&str], seconds: u64) -> Pool {
    let program = Program { path: PathBuf::from(env!("CARGO_BIN_EXE_inspect-worker")), arguments: Vec::new() };
    let recogniser = recogniser.iter().map(|word| (*word).to_owned()).collect();
    Pool::new(program, InspectSettings { recogniser, recogniser_seconds: seconds, ..InspectSettings::default() })
}

/// The same invoice as a picture, and as a page that is nothing but one.
fn sample(name: &str) -> &'static [u8] {
    if name.ends_with(".png") { include_bytes!("scans/scan.png") } else { include_bytes!("scans/scan.pdf") }
}

fn looked(pool: &Pool, name: &str) -> Report {
    pool.inspect(Part { name, declared: "application/octet-stream", octets: sample(name), words: &[] })
}

fn recognised(report: &Report) -> String {
    report.texts.iter().filter(|text| text.is_recognised).map(|text| text.text.trim()).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_program_nothing_is_read() {
    assert_eq!(recognised(&looked(&pool(&[], 10), "scan.png")), "");
}

#[test]
fn a_program_gets_each_picture_made_anew() {
    // The first octets of what it gets, whatever was sent: JPEG.
    let pool = pool(&["sh", "-c", "od -A n -t x1 -N 3; cat >/dev/null"], 10);
    for name in ["scan.png", "scan.pdf"] {
        let report = looked(&pool, name);
        assert_eq!(recognised(&report), "ff d8 ff", "{name}: {report:?}");
    }
}

#[test]
fn a_program_can_neither_write_nor_read_nor_connect() {
    let script = "cat >/dev/null
        (echo x > /tmp/tradewind-recogniser-escaped) 2>/dev/null && echo wrote
        (cat /etc/passwd >/dev/null) 2>/dev/null && echo read
        (exec 3<>/dev/tcp/127.0.0.1/9) 2>&1 | grep -q refused && echo connected
        (exec 3<>/dev/udp/127.0.0.1/9) 2>/dev/null && echo sent
        echo held";
    assert_eq!(recognised(&looked(&pool(&["bash", "-c", script], 10), "scan.png")), "held");
    assert!(!Path::new("/tmp/tradewind-recogniser-escaped").exists());
}

#[test]
fn a_program_that_does_not_end_is_ended() {
    let begun = Instant::now();
    let report = looked(&pool(&["sleep", "300"], 1), "scan.png");
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(report.unlooked.iter().any(|unlooked| unlooked.why == Reason::TimedOut), "{report:?}");
    // Nothing is lost but the text.
    assert_eq!(report.files.len(), 1);
}

#[test]
fn one_that_cannot_be_started_reads_nothing() {
    assert_eq!(recognised(&looked(&pool(&["/nowhere/reader"], 5), "scan.png")), "");
}

#[test]
fn tesseract_reads_the_account_on_a_scanned_invoice() {
    if std::process::Command::new("tesseract").arg("--version").output().is_err() {
        eprintln!("SKIPPED: tesseract is not installed; tools/install peers installs it");
        return;
    }
    let pool = pool(&["tesseract", "stdin", "stdout", "-l", "eng", "--psm", "6"], 60);
    for name in ["scan.png", "scan.pdf"] {
        let report = looked(&pool, name);
        let text = recognised(&report);
        let found = payment::find(&[Block { source: Source::Picture(0), text: text.clone() }]);
        let values: Vec<&str> = found.iter().map(|detail| detail.value.as_str()).collect();
        assert_eq!(values, ["GB29NWBK60161331926819"], "{name}: {text}");
        assert_eq!(found[0].bic.as_deref(), Some("NWBKGB2LXXX"), "{name}: {text}");
    }
}
