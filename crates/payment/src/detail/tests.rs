use super::*;

pub(crate) fn detail(kind: Kind, value: &str, country: Option<&str>) -> Detail {
    Detail {
        kind,
        value: value.to_owned(),
        shown: value.to_owned(),
        clearing: None,
        bic: None,
        holder: None,
        bank: None,
        bank_country: country.map(str::to_owned),
        currency: None,
        place: Place { source: Source::Body, block: 0, start: 0, end: 0 },
        checks: Vec::new(),
        confidence: Confidence::Fair,
        is_disguised: false,
        is_intermediary: false,
    }
}

fn at(account: Detail, scheme: Scheme, code: &str) -> Detail {
    Detail { clearing: Some(Clearing { scheme, code: code.to_owned() }), ..account }
}

#[test]
fn an_iban_is_the_account_that_it_holds() {
    let iban = detail(Kind::Iban, "GB29NWBK60161331926819", Some("GB"));
    let account = |code| at(detail(Kind::Account, "31926819", Some("GB")), Scheme::SortCode, code);
    assert!(same_account(&iban, &account("601613")) && same_account(&account("601613"), &iban));
    assert!(!same_account(&iban, &account("601614")));
    assert!(!same_account(&iban, &detail(Kind::Account, "26819", Some("GB"))));
    assert!(!same_account(&iban, &detail(Kind::Iban, "GB29NWBK60161331926818", Some("GB"))));
}

#[test]
fn numbers_with_and_without_zeros_and_banks() {
    let one = at(detail(Kind::Account, "0012345678", Some("US")), Scheme::Aba, "021000021");
    assert!(same_account(&one, &detail(Kind::Account, "12345678", None)));
    assert!(!same_account(&one, &at(detail(Kind::Account, "12345678", Some("US")), Scheme::Aba, "026009593")));
    assert!(!same_account(&one, &detail(Kind::Account, "12345678", Some("CA"))));
    assert_eq!(one.key(), detail(Kind::Account, "12345678", None).key());
    let bic = |value| detail(Kind::Bic, value, None);
    assert!(
        same_account(&bic("DEUTDEFF"), &bic("DEUTDEFFXXX")) && !same_account(&bic("DEUTDEFF"), &bic("DEUTDEFF500"))
    );
}
