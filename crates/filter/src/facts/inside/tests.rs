use inspect::{File, Sign, Text};

use super::*;
use crate::rules::inside;

fn file(name: &str, kind: Kind, inside: Option<u32>, depth: u32) -> File {
    File { name: name.to_owned(), kind, inside, depth, ..File::default() }
}

fn ids(raw: &str, reports: &[Report]) -> Vec<String> {
    let facts = Facts::read(Received { raw: raw.as_bytes(), inspected: Some(reports), ..Received::default() });
    inside::findings(&facts).into_iter().map(|finding| finding.id).collect()
}

const HONEST: &str = "From: a@b.example\r\nSubject: offer\r\n\r\nDear Mr. Smith, please find our offer attached.\r\n";

fn archive() -> Report {
    let mut report = Report::default();
    report.files = vec![file("bills.zip", Kind::Zip, None, 0), file("bill.exe", Kind::Program, Some(0), 1)];
    report
}

#[test]
fn a_program_in_an_archive_is_found_with_its_way() {
    assert_eq!(ids(HONEST, &[archive()]), ["program-in-archive"]);
    let found = read(&[archive()]);
    assert_eq!(found.files[1].name, "bills.zip/bill.exe");
}

#[test]
fn links_texts_and_pages_come_out_of_files() {
    let text = |text: &str, is_page| Text { file: 0, text: text.to_owned(), is_page, is_recognised: false };
    let link = |url: &str, place| inspect::Link { file: 0, url: url.to_owned(), label: String::new(), place };
    let mut report = Report::default();
    report.files = vec![file("a.pdf", Kind::Pdf, None, 0)];
    report.texts = vec![
        text("see http://plain.example/", false),
        text("<form><input type=password></form><a href='http://192.0.2.7/'>x</a>", true),
    ];
    report.links = vec![
        link("https://code.example/", inspect::Place::Code),
        link("https://doc.example/", inspect::Place::Document),
    ];
    let found = read(std::slice::from_ref(&report));
    let seen: Vec<_> = found.links.iter().map(|link| (link.host.as_str(), link.place)).collect();
    assert_eq!(
        seen,
        [
            ("plain.example", Place::File),
            ("192.0.2.7", Place::File),
            ("code.example", Place::Code),
            ("doc.example", Place::File)
        ]
    );
    assert_eq!(ids(HONEST, &[report]), ["password-field-in-file", "code-leads-out", "doubtful-link-in-file"]);
}

#[test]
fn what_nobody_could_look_into_is_a_finding() {
    let crashed = Report::unlooked("a.pdf", 10, Reason::Crashed);
    assert_eq!(ids(HONEST, &[crashed]), ["resists-inspection"]);
    let nobody = Report::unlooked("a.pdf", 10, Reason::NoWorker);
    assert_eq!(ids(HONEST, &[nobody]), ["could-not-inspect"]);
}

#[test]
fn signs_carry_their_evidence() {
    let mut report = archive();
    report.files.truncate(1);
    report.signs = vec![Sign { file: 0, what: Trait::NamedPassword, evidence: "rabbit".to_owned() }];
    let facts = Facts::read(Received { raw: HONEST.as_bytes(), inspected: Some(&[report]), ..Received::default() });
    let finding = inside::findings(&facts).remove(0);
    assert_eq!((finding.id.as_str(), finding.evidence.as_str()), ("file-password-in-message", "bills.zip: rabbit"));
}

#[test]
fn the_learned_model_does_not_see_it() {
    let without = Facts::read(Received { raw: HONEST.as_bytes(), ..Received::default() });
    let with = Facts::read(Received { raw: HONEST.as_bytes(), inspected: Some(&[archive()]), ..Received::default() });
    let slots = |facts: &Facts| crate::features::features(facts).slots;
    assert_eq!(slots(&with), slots(&without));
    let kept: Facts = serde_json::from_str(&serde_json::to_string(&with).unwrap()).unwrap();
    assert_eq!(kept, with);
}

#[test]
fn every_finding_has_its_text_in_both_languages() {
    for language in ["en", "zh"] {
        assert!(inside::text("finding-program-in-archive", language).is_some_and(|text| text.contains("{evidence}")));
        assert_eq!(inside::text("finding-nothing", language), None);
    }
    assert_ne!(inside::text("finding-file-bomb", "en"), inside::text("finding-file-bomb", "zh-CN"));
}
