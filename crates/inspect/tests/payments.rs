//! Payment details of sample documents, from the file through a confined worker to what is found in its text: invoices in many layouts,
//! forms and languages, and papers full of numbers that are none.
//!
//! Beside each file of `payments/` stands what is to be found in it, one detail a line: kind and value, then code of the bank, BIC,
//! holder, bank, country and currency; `(between)` marks a bank in between. All names and numbers are made up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inspect::{InspectSettings, Part, Pool, Program, Report};
use mail::message::html_to_text;
use payment::{Block, Detail, Source};

/// Share of what is there that must be found, and of what is found that must be there.
const SHARE_MIN: f64 = 0.98;

/// Names of what a detail has beside its value, in the order of the columns.
const COLUMNS: [&str; 6] = ["clearing", "bic", "holder", "bank", "country", "currency"];

fn blocks(report: &Report) -> Vec<Block> {
    let text = |text: &inspect::Text| if text.is_page { html_to_text(&text.text) } else { text.text.clone() };
    let source = Source::File(0);
    report.texts.iter().map(|one| Block { source, text: text(one) }).collect()
}

fn line(detail: &Detail) -> String {
    let clearing = detail.clearing.as_ref().map(|clearing| format!("{:?} {}", clearing.scheme, clearing.code));
    let columns = [&clearing, &detail.bic, &detail.holder, &detail.bank, &detail.bank_country, &detail.currency];
    let columns = columns.map(|column| column.clone().unwrap_or_else(|| "-".to_owned())).join(" | ");
    let between = if detail.is_intermediary { " (between)" } else { "" };
    format!("{:?} {} | {columns}{between}", detail.kind, detail.value)
}

/// Statements of a line: the detail itself, and each thing that is said of it.
fn statements(line: &str) -> Vec<String> {
    let (line, between) = line.strip_suffix(" (between)").map_or((line, ""), |line| (line, " between"));
    let mut columns = line.split(" | ");
    let value = columns.next().unwrap_or_default();
    let said = columns.zip(COLUMNS).filter(|(column, _)| *column != "-");
    [format!("{value}{between}")]
        .into_iter()
        .chain(said.map(|(column, name)| format!("{value}: {name} {column}")))
        .collect()
}

#[derive(Default)]
struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Score {
    fn count(&mut self, found: &[String], wanted: &[String]) {
        self.right += found.iter().filter(|one| wanted.contains(one)).count();
        self.wrong += found.iter().filter(|one| !wanted.contains(one)).count();
        self.missed += wanted.iter().filter(|one| !found.contains(one)).count();
    }

    fn check(&self, what: &str) {
        let right = self.right as f64;
        let (precision, recall) = (right / (self.right + self.wrong) as f64, right / (self.right + self.missed) as f64);
        eprintln!(
            "{what}: {} right, {} wrong, {} missed; precision {precision:.4}, recall {recall:.4}",
            self.right, self.wrong, self.missed
        );
        assert!(precision >= SHARE_MIN && recall >= SHARE_MIN, "{what}: precision {precision:.4}, recall {recall:.4}");
    }
}

fn samples() -> std::io::Result<BTreeMap<String, PathBuf>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payments");
    let mut samples = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".expect") {
            samples.insert(name, entry.path());
        }
    }
    Ok(samples)
}

#[test]
fn details_of_sample_documents() {
    let program = Program { path: PathBuf::from(env!("CARGO_BIN_EXE_inspect-worker")), arguments: Vec::new() };
    let pool = Pool::new(program, InspectSettings::default());
    let (mut details, mut statements_of_all) = (Score::default(), Score::default());
    let samples = samples().unwrap();
    assert!(samples.len() >= 40, "{} samples", samples.len());
    for (name, path) in samples {
        let octets = std::fs::read(&path).unwrap();
        let report =
            pool.inspect(Part { name: &name, declared: "application/octet-stream", octets: &octets, words: &[] });
        assert!(report.unlooked.is_empty(), "{name}: {:?}", report.unlooked);
        let blocks = blocks(&report);
        let found: Vec<String> = payment::find(&blocks).iter().map(line).collect();
        let wanted = std::fs::read_to_string(format!("{}.expect", path.display())).unwrap();
        let wanted: Vec<String> = wanted.lines().map(str::to_owned).collect();
        if found != wanted {
            let text: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
            eprintln!("== {name}\nfound  {found:#?}\nwanted {wanted:#?}\ntext {text:#?}");
        }
        let of = |lines: &[String]| lines.iter().map(|line| statements(line)).collect::<Vec<_>>();
        let first = |all: &[Vec<String>]| all.iter().filter_map(|one| one.first().cloned()).collect::<Vec<_>>();
        let (found, wanted) = (of(&found), of(&wanted));
        details.count(&first(&found), &first(&wanted));
        statements_of_all.count(&found.concat(), &wanted.concat());
    }
    details.check("details");
    statements_of_all.check("details with what is said of them");
}
