use super::*;

/// Made documents of each kind, positives and near misses, in four languages.
const DOCUMENTS: [(Detector, &str); 6] = [
    (Detector::Iban, include_str!("../../testdata/iban.tsv")),
    (Detector::BankAccount, include_str!("../../testdata/bank-account.tsv")),
    (Detector::PaymentCard, include_str!("../../testdata/payment-card.tsv")),
    (Detector::ChineseId, include_str!("../../testdata/chinese-id.tsv")),
    (Detector::Passport, include_str!("../../testdata/passport.tsv")),
    (Detector::ChineseMobile, include_str!("../../testdata/chinese-mobile.tsv")),
];

fn all() -> BTreeSet<Detector> {
    Detector::ALL.into_iter().collect()
}

fn found(text: &str) -> Vec<Found> {
    find(&[Piece { place: Place::Body, text: text.to_owned() }], &all())
}

/// Prints what each detector finds of what is there, and what it finds that is not.
#[test]
fn precision_and_recall_on_made_documents() {
    let mut lines = Vec::new();
    for (detector, _) in DOCUMENTS {
        let (mut right, mut missed, mut wrong, mut documents) = (0, Vec::new(), Vec::new(), 0);
        // What this detector finds in the documents of all kinds counts against it.
        for (kind, source) in DOCUMENTS {
            for line in source.lines().filter(|line| !line.starts_with('#')) {
                let (label, text) = line.split_once('\t').unwrap();
                let is_there = kind == detector && label == detector.word();
                let is_found = found(&text.replace("\\n", "\n")).iter().any(|it| it.what == detector);
                documents += 1;
                match (is_there, is_found) {
                    (true, true) => right += 1,
                    (true, false) => missed.push(text),
                    // A number that is announced as an account is one, whether a card or an IBAN that was mistyped.
                    (false, true)
                        if !(detector == Detector::BankAccount
                            && matches!(kind, Detector::PaymentCard | Detector::Iban)) =>
                    {
                        wrong.push(text)
                    }
                    (false, _) => {}
                }
            }
        }
        let precision = f64::from(right) / (f64::from(right) + wrong.len() as f64);
        let recall = f64::from(right) / (f64::from(right) + missed.len() as f64);
        lines.push(format!(
            "{:14} {documents} documents, precision {precision:.3}, recall {recall:.3}\n  missed {missed:#?}\n  wrong {wrong:#?}",
            detector.word()
        ));
        let (least_precision, least_recall) =
            if detector == Detector::BankAccount { (0.85, 0.85) } else { (0.99, 0.98) };
        assert!(precision >= least_precision && recall >= least_recall, "{}", lines.last().unwrap());
    }
    println!("{}", lines.iter().map(|line| line.lines().next().unwrap()).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_number_is_masked_and_counts_once() {
    let twice = found("4111 1111 1111 1111 and again 4111-1111-1111-1111; 5500000000000004");
    assert_eq!(twice.len(), 2, "{twice:?}");
    assert_eq!((twice[0].what, twice[0].shown.as_str()), (Detector::PaymentCard, "41••••••••••••11"));
    assert_eq!(masked("E1234567"), "•••••••7");
    for text in ["x4111111111111111", "4111111111111111a", "1,4111111111111111", "4111 1111 1111 1112"] {
        assert!(found(text).is_empty(), "{text}");
    }
}
