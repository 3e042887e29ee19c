use super::*;
use crate::{Check, Confidence, Scheme};

fn found(text: &str) -> Vec<Detail> {
    find(&[Block { source: Source::Body, text: text.to_owned() }])
}

/// One line for each detail: kind, value, code of the bank, BIC, holder, bank, country, currency.
fn told(text: &str) -> Vec<String> {
    let tell = |detail: &Detail| {
        let clearing = detail.clearing.as_ref().map(|clearing| format!("{:?} {}", clearing.scheme, clearing.code));
        let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let between = if detail.is_intermediary { " (between)" } else { "" };
        format!(
            "{:?} {} | {} | {} | {} | {} | {} | {}{between}",
            detail.kind,
            detail.value,
            of(&clearing),
            of(&detail.bic),
            of(&detail.holder),
            of(&detail.bank),
            of(&detail.bank_country),
            of(&detail.currency)
        )
    };
    found(text).iter().map(tell).collect()
}

#[test]
fn accounts_in_a_letter() {
    let text = "Please pay to IBAN: DE89 3704 0044 0532 0130 00, or\nGB29NWBK60161331926819.";
    let found = found(text);
    assert_eq!(found[0].shown, "DE89 3704 0044 0532 0130 00");
    assert_eq!((found[0].confidence, found[1].confidence), (Confidence::High, Confidence::Fair));
    assert_eq!(found[1].place.start as usize, text.find("GB29").unwrap());
    assert_eq!(found[1].checks, [Check::Form, Check::CheckDigits]);
}

#[test]
fn countries() {
    for (text, told_of) in [
        (
            "户名：深圳信风贸易有限公司\n开户行：中国银行深圳分行\n账号：7641 5792 1234\n联行号：104584001225",
            "Account 764157921234 | Cnaps 104584001225 | - | 深圳信风贸易有限公司 | 中国银行深圳分行 | CN | -",
        ),
        (
            "Bank: Chase\nABA routing number: 021000021\nAccount number: 123456789\nBeneficiary: ACME Inc.",
            "Account 123456789 | Aba 021000021 | - | ACME Inc. | Chase | US | -",
        ),
        (
            "Account name: ACME Ltd\nSort code 60-16-13\nAccount no 31926819",
            "Account 31926819 | SortCode 601613 | - | ACME Ltd | - | GB | -",
        ),
        (
            "Bank Name: HDFC Bank\nA/c No: 50200012345678\nRTGS/NEFT IFSC: HDFC0000123",
            "Account 50200012345678 | Ifsc HDFC0000123 | - | - | HDFC Bank | IN | -",
        ),
        (
            "Banco: BBVA\nBeneficiario: ACME SA de CV\nCLABE: 032180000118359719",
            "Clabe 032180000118359719 | - | - | ACME SA de CV | BBVA | MX | -",
        ),
        (
            "Banco: 341 - Itaú Unibanco\nAgência: 1234\nConta corrente: 56789-0\nFavorecido: ACME Ltda",
            "Account 567890 | BrazilBranch 341/1234 | - | ACME Ltda | 341 - Itaú Unibanco | BR | -",
        ),
        ("Chave PIX (CNPJ): 11.222.333/0001-81", "Pix 11222333000181 | - | - | - | - | - | -"),
        (
            "Account name: ACME Pty Ltd  BSB: 062-000  Account: 1234 5678",
            "Account 12345678 | Bsb 062000 | - | ACME Pty Ltd | - | AU | -",
        ),
        (
            "銀行名：三菱UFJ銀行\n支店名：丸の内支店\n口座番号：普通 1234567\n口座名義：カ）シンプウ",
            "Account 1234567 | - | - | カ）シンプウ | 三菱UFJ銀行 | JP | -",
        ),
        ("三菱UFJ銀行 丸の内支店 普通 1234567", "Account 1234567 | - | - | - | 三菱UFJ銀行 丸の内支店 | JP | -"),
        (
            "은행명: 국민은행\n계좌번호: 123456-04-123456\n예금주: 신풍무역",
            "Account 12345604123456 | - | - | 신풍무역 | 국민은행 | KR | -",
        ),
        (
            "Số tài khoản: 0071 0012 34567 - Ngân hàng: Vietcombank - Chủ tài khoản: CONG TY ACME",
            "Account 0071001234567 | - | - | CONG TY ACME | Vietcombank | VN | -",
        ),
        (
            "Получатель: ООО «Ромашка»\nР/с 40702810400000000225 в ПАО Сбербанк\nБИК 044525225, к/с 30101810400000000225",
            "Account 40702810400000000225 | RussiaBik 044525225 | - | ООО «Ромашка» | - | RU | -",
        ),
        (
            "Alıcı: ACME A.Ş.\nBanka: Ziraat\nIBAN: TR33 0006 1005 1978 6457 8413 26",
            "Iban TR330006100519786457841326 | - | - | ACME A.Ş. | Ziraat | TR | -",
        ),
        (
            "Beneficiary: ACME (HK) Ltd\nBank: HSBC Hong Kong\nBank code: 004\nSWIFT: HSBCHKHHHKH\nA/C No. (USD): 123-456789-838",
            "Account 123456789838 | HongKong 004 | HSBCHKHHHKH | ACME (HK) Ltd | HSBC Hong Kong | HK | USD",
        ),
        (
            "المستفيد: شركة النسيم\nاسم البنك: بنك الرياض\nرقم الآيبان: SA03 8000 0000 6080 1016 7519",
            "Iban SA0380000000608010167519 | - | - | شركة النسيم | بنك الرياض | SA | -",
        ),
    ] {
        assert_eq!(told(text), [told_of], "{text}");
    }
}

#[test]
fn several_accounts_in_one_document() {
    assert_eq!(
        told("Beneficiary: ACME\nBank: A Bank\nUSD A/C: 111111111\nEUR A/C: 222222222\nSWIFT: BKCHCNBJ"),
        [
            "Account 111111111 | - | BKCHCNBJ | ACME | A Bank | CN | USD",
            "Account 222222222 | - | BKCHCNBJ | ACME | A Bank | CN | EUR"
        ]
    );
    assert_eq!(
        told(
            "Bank: A Bank\nIBAN: DE89370400440532013000\nBank: B Bank\nIBAN: GB29NWBK60161331926819\nAccount holder: ACME"
        ),
        [
            "Iban DE89370400440532013000 | - | - | ACME | A Bank | DE | -",
            "Iban GB29NWBK60161331926819 | - | - | ACME | B Bank | GB | -"
        ]
    );
    assert_eq!(
        told(
            "Intermediary bank: Citi\nSWIFT: CITIUS33\nBeneficiary bank: Bank of China\nSWIFT: BKCHCNBJ\nA/C: 7641579212\nBeneficiary: ACME"
        ),
        [
            "Bic CITIUS33 | - | - | - | Citi | US | - (between)",
            "Account 7641579212 | - | BKCHCNBJ | ACME | Bank of China | CN | -"
        ]
    );
    assert_eq!(
        told("Account number: 31926819\nSort code: 60-16-13\nIBAN: GB29 NWBK 6016 1331 9268 19"),
        ["Iban GB29NWBK60161331926819 | SortCode 601613 | - | - | - | GB | -"]
    );
}

#[test]
fn platforms_and_wallets() {
    assert_eq!(told("PayPal: Pay@acme.example")[0], "PayPal pay@acme.example | - | - | - | - | - | -");
    assert_eq!(told("or https://paypal.me/acmetrade")[0], "PayPal acmetrade | - | - | - | - | - | -");
    assert_eq!(told("支付宝账号：13800138000")[0], "Alipay 13800138000 | - | - | - | - | - | -");
    assert_eq!(
        told("USDT (TRC20): TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")[0],
        "Tron TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t | - | - | - | - | - | USDT"
    );
    assert_eq!(
        told("Western Union\nReceiver name: John Q. Doe")[0],
        "WesternUnion JOHN Q DOE | - | - | John Q. Doe | - | - | -"
    );
}

#[test]
fn lines_as_people_write_them() {
    for (text, told_of) in [
        (
            "Kontonummer: 123 456 789, BLZ: 200 400 00, Bank: Musterbank",
            "Account 123456789 | Bankleitzahl 20040000 | - | - | Musterbank | DE | -",
        ),
        (
            "Bank: Bank of China, Shenzhen Branch, SWIFT CODE: BKCHCNBJ45A, A/C NO.: 7641579212, BENEFICIARY: ABC CO., LTD.",
            "Account 7641579212 | - | BKCHCNBJ45A | ABC CO., LTD. | Bank of China, Shenzhen Branch | CN | -",
        ),
        (
            "开户行：样例银行深圳分行 账号：755912345610801 户名：深圳某某公司",
            "Account 755912345610801 | - | - | 深圳某某公司 | 样例银行深圳分行 | CN | -",
        ),
        (
            "Account Number\n12345678\nSort Code\n12-34-56\nAccount Name\nACME Ltd",
            "Account 12345678 | SortCode 123456 | - | ACME Ltd | - | GB | -",
        ),
        (
            "Institution number: 003 Transit: 12345 Account: 1234567",
            "Account 1234567 | CanadaTransit 12345 | - | - | - | CA | -",
        ),
        ("A/C NO.:OSA755912345678901 (offshore)", "Account OSA755912345678901 | - | - | - | - | - | -"),
    ] {
        assert_eq!(told(text), [told_of], "{text}");
    }
}

#[test]
fn labels_as_people_write_them() {
    for (text, value) in [
        ("Compte bancaire n°: 5670169920", "5670169920"),
        ("N.º de cuenta\t8565790024", "8565790024"),
        ("> > A/C No. 12345678\r\n> > Bank: X Bank", "12345678"),
        ("* Account Number - 12345678", "12345678"),
        ("счет 40702810400000000225", "40702810400000000225"),
    ] {
        assert_eq!(found(text).first().map(|detail| detail.value.as_str()), Some(value), "{text}");
    }
}

#[test]
fn what_is_no_account() {
    for text in [
        "Order no. 4500123456, phone +86 755 8888 8888, fax 0086-755-12345678",
        "Tracking number: 1Z999AA10123456784, container MSCU1234567, HS code 8481.80.10",
        "VAT ID: DE123456789, EORI: DE123456789012345, HRB 123456, Steuernummer 12/345/67890",
        "Your customer account number: 12345678. FedEx account: 123456789. UPS Account No. 12345678",
        "our account manager will call you at 12345678",
        "统一社会信用代码：91440300MA5DA1XX0K 订单号：20261126001 电话：13800138000",
        "B/L No. COSU6123456780, invoice no: 2026112601, amount: USD 12,500.00, date: 2026-11-26",
        "Оплатите счет № PI2572842, счёт R2520073",
        "Zhiyuan Wu\nLorne Paper",
        "ИНН 7707083893 КПП 773601001 ОГРН 1027700132195",
        "Please take into account 123456 units of article 4711000123",
        "The payment will be made by Western Union next week.",
    ] {
        assert_eq!(told(text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn labels_and_codes_make_an_account_likely() {
    let found = found("Sort code: 60-16-13 Account: 31926819");
    assert_eq!(found[0].clearing.as_ref().map(|clearing| clearing.scheme), Some(Scheme::SortCode));
    assert_eq!(found[0].confidence, Confidence::Fair);
}

proptest::proptest! {
    /// Whatever stands in a text: reading ends, places are within it, and there are no more details than the limit.
    #[test]
    fn anything_is_survived(text in "(\\PC|[\t\n]|IBAN|Account:|SWIFT: |账号：|BSB|銀行){0,200}") {
        for detail in found(&text) {
            let (start, end) = (detail.place.start as usize, detail.place.end as usize);
            proptest::prop_assert!(text.get(start..end).is_some());
        }
    }
}

#[test]
fn long_texts_of_nothing_but_labels_end() {
    for piece in
        ["Account: 12345678\n", "IBAN\t", "DE89 ", "1A1z", "Bank: Account Bank ", "\t|", "a/c ", "账号", "：\n\n"]
    {
        let text = piece.repeat(400_000 / piece.chars().count());
        assert!(found(&text).len() <= DETAILS_MAX);
    }
}
