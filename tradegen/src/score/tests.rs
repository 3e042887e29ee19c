use super::*;

fn scored(truth: &str, verdicts: &str) -> Score {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (directory.path().join("truth.tsv"), directory.path().join("said.jsonl"));
    std::fs::write(&one, truth).unwrap();
    std::fs::write(&other, verdicts).unwrap();
    Score::read(&one, &other).unwrap()
}

const TRUTH: &str = "# seed 5\npath\tlabel\tkind\tdetails\tchanges_bank\tlanguage\tdirection\n\
    messages/1.eml\tattack\tlookalike_typo\tiban=DE89370400440532013000;bic=COBADEFF\tyes\tde\tin\n\
    messages/2.eml\tattack\tgift_cards\t-\tno\ten\tin\n\
    messages/3.eml\thonest\tordinary\taccount=1234567890\tno\ten\tin\n\
    messages/4.eml\thonest\tfirst_contact\t-\tno\ten\tin\n\
    messages/5.eml\thonest\tordinary\t-\tno\ten\tin\n";

#[test]
fn verdicts_are_held_against_the_truth() {
    let score = scored(
        TRUTH,
        r#"{"path":"/x/1.eml","action":"quarantine","findings":[],"payment_details":[{"kind":"iban","value":"DE89 3704 0044 0532 0130 00"}]}
{"path":"2.eml","action":"deliver","findings":[],"payment_details":[]}
{"path":"3.eml","action":"warn","findings":[{"id":"guard.x","weight":2.0}],"payment_details":[{"value":"021000021/1234567890"},{"value":"99999999"}]}
{"path":"4.eml","action":"warn","findings":[{"id":"guard.first-contact","weight":1.0}],"payment_details":[]}
"#,
    );
    let shares: BTreeMap<_, _> = score.shares().into_iter().collect();
    assert_eq!(shares["attacks caught"], Share::of(1, 2));
    assert_eq!(shares["changed bank details held"], Share::of(1, 1));
    assert_eq!(shares["honest held"], Share::of(0, 2));
    assert_eq!(shares["honest warned"], Share::of(1, 2));
    assert_eq!(shares["honest first contact"], Share::of(1, 2));
    assert_eq!(shares["details found (recall)"], Share::of(2, 2));
    assert_eq!(shares["details right (precision)"], Share::of(2, 3));
    assert_eq!(score.unsaid, 1);
    assert_eq!(score.faults.len(), 4, "{:?}", score.faults);
    assert_eq!(score.json()["attacks"]["gift_cards"]["all"], 1);
}

#[test]
fn of_reserved_seeds_no_letter_is_shown() {
    let truth = TRUTH.replace("# seed 5", "# seed 10000");
    let score = scored(&truth, r#"{"path":"2.eml","action":"deliver"}"#);
    assert!(score.faults.iter().all(|fault| fault.ends_with("no verdict")));
}

#[test]
fn what_is_no_truth_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("truth.tsv");
    std::fs::write(&path, "# seed 1\nmessages/1.eml\tperhaps\n").unwrap();
    let error = Score::read(&path, &path).unwrap_err();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn intervals_are_those_of_wilson() {
    let (low, high) = Share::of(95, 100).interval();
    assert!((low - 0.8882).abs() < 0.001 && (high - 0.9785).abs() < 0.001, "{low} {high}");
    assert_eq!(Share::of(0, 0).interval(), (0.0, 1.0));
}
