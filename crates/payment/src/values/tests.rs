use super::*;
use crate::fold::fold;

fn account_of(text: &str) -> Option<String> {
    let letters = fold(text, 1000);
    account(&letters, 0..letters.len()).map(|read| read.value)
}

#[test]
fn numbers_of_accounts() {
    for (text, value) in [
        ("12345678", "12345678"),
        ("USD 012-345-6-789012", "0123456789012"),
        ("4000 0212 0920 0123 456 (USD)", "4000021209200123456"),
        ("19-2000145399/0800", "1920001453990800"),
        ("OSA11443632000028 Shanghai", "OSA11443632000028"),
        ("12345678 at HSBC", "12345678"),
        ("１２３４５６７", "1234567"),
    ] {
        assert_eq!(account_of(text).as_deref(), Some(value), "{text}");
    }
    for text in ["2026-11-26", "26.11.2026", "12,345.00", "12500.00", "1234", "manager", "****1234", "HSBC", ""] {
        assert_eq!(account_of(text), None, "{text}");
    }
}

#[test]
fn codes_of_banks() {
    let bic_of = |text: &str| {
        let letters = fold(text, 100);
        bic(&letters, 0..letters.len()).map(|read| read.value)
    };
    assert_eq!(bic_of("BKCHCNBJ45A").as_deref(), Some("BKCHCNBJ45A"));
    assert_eq!(bic_of("DEUT DE FF XXX").as_deref(), Some("DEUTDEFFXXX"));
    assert_eq!(bic_of("DEUTDEFF Frankfurt").as_deref(), Some("DEUTDEFF"));
    assert_eq!(bic_of("DEUTXXFF"), None);
    assert_eq!(bic_of("SHENZHEN"), None);
    let code_of = |scheme, text: &str| {
        let letters = fold(text, 100);
        code(scheme, &letters, 0..letters.len()).map(|(read, is_checked)| (read.value, is_checked))
    };
    assert_eq!(code_of(Scheme::SortCode, "60-16-13"), Some(("601613".to_owned(), false)));
    assert_eq!(code_of(Scheme::Aba, "0210 0002 1"), Some(("021000021".to_owned(), true)));
    assert_eq!(code_of(Scheme::Aba, "021000022"), None);
    assert_eq!(code_of(Scheme::Ifsc, "HDFC0000123, Mumbai"), Some(("HDFC0000123".to_owned(), false)));
    assert_eq!(code_of(Scheme::Cnaps, "104100000004"), Some(("104100000004".to_owned(), true)));
}

#[test]
fn names_and_addresses() {
    let name_of = |text: &str| {
        let letters = fold(text, 1000);
        name(text, &letters, 0..letters.len())
    };
    assert_eq!(name_of("  ACME  Trading Co., Ltd.,").as_deref(), Some("ACME Trading Co., Ltd."));
    assert_eq!(name_of("深圳信风贸易有限公司；").as_deref(), Some("深圳信风贸易有限公司"));
    assert_eq!(name_of("12345"), None);
    let letters = fold("write to Pay@acme.example.", 100);
    assert_eq!(email(&letters, 0..letters.len()).map(|read| read.value).as_deref(), Some("pay@acme.example"));
}
