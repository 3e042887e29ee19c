use super::*;
use crate::fold::fold;
use crate::layout;

fn shown(text: &str) -> Vec<String> {
    let letters = fold(text, 10_000);
    let word = |range: Range<usize>| letters[range].iter().map(|letter| letter.cased).collect::<String>();
    let fields = read(&letters, &layout::lines(&letters));
    fields.iter().map(|field| format!("{:?}={}", field.roles[0], word(value_of(&letters, field)))).collect()
}

#[test]
fn behind_beside_and_below() {
    assert_eq!(shown("IBAN: DE89 3704"), ["Iban=DE89 3704"]);
    assert_eq!(shown("Bank Name\tACME Bank\tSWIFT\tDEUTDEFF"), ["Bank=ACME Bank", "Bic=DEUTDEFF"]);
    assert_eq!(shown("Account No.:\n12345678"), ["Account=12345678"]);
    assert_eq!(shown("收款人 Beneficiary: ACME\n账号/A/C No. (USD)：123456"), ["Holder=ACME", "Account=123456"]);
    assert_eq!(shown("please pay to account 12345678, sort code 601613."), ["Account=12345678,", "SortCode=601613."]);
}

#[test]
fn rows_below_a_row_of_labels() {
    assert_eq!(
        shown("Bank\tAccount No\tSWIFT\nA Bank\t111111\tDEUTDEFF\nB Bank\t222222\tBKCHCNBJ"),
        ["Bank=A Bank", "Account=111111", "Bic=DEUTDEFF", "Bank=B Bank", "Account=222222", "Bic=BKCHCNBJ"]
    );
    assert_eq!(
        shown("Currency\tUSD\tEUR\nBank\tA Bank\tB Bank\nAccount\t111111\t222222"),
        ["Currency=USD", "Bank=A Bank", "Account=111111", "Currency=EUR", "Bank=B Bank", "Account=222222"]
    );
    assert_eq!(
        shown("Bank: A\tBank: B\nAccount: 111111\tAccount: 222222"),
        ["Bank=A", "Account=111111", "Bank=B", "Account=222222"]
    );
}

#[test]
fn words_in_running_text_announce_nothing() {
    assert_eq!(shown("our bank has changed and the account is closed; the beneficiary asked why"), [] as [&str; 0]);
    assert_eq!(shown("Beneficiary: Bank of Tokyo Trading"), ["Holder=Bank of Tokyo Trading"]);
}
