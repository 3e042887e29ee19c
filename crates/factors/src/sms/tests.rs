use env::SeededEntropy;

use super::*;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn provider(provider: SmsProvider) -> Provider {
    let settings = SmsSettings {
        provider,
        key_id: "key-id".to_owned(),
        sign_name: "信风".to_owned(),
        template: "SMS_1".to_owned(),
        app_id: "1400006666".to_owned(),
        sender: "+15005550006".to_owned(),
        ..SmsSettings::default()
    };
    Provider::new(settings, secret("the secret")).unwrap()
}

fn request(kind: SmsProvider) -> SmsRequest {
    let to = PhoneNumber::parse("+86 138-0013-8000").unwrap();
    let (code, text) = (secret("012345"), secret("Your code: 012345"));
    let message = SmsMessage { to: &to, code: &code, text: &text };
    let now = Timestamp::from_seconds(1_800_000_000);
    provider(kind).request(message, now, &SeededEntropy::new(1)).unwrap()
}

#[test]
fn each_provider_gets_the_code_in_its_form() {
    let aliyun = request(SmsProvider::Aliyun);
    assert_eq!(aliyun.host, "dysmsapi.aliyuncs.com");
    assert!(
        aliyun.path.starts_with("/?PhoneNumbers=13800138000&SignName=%E4%BF%A1%E9%A3%8E&TemplateCode=SMS_1&"),
        "{aliyun:?}"
    );
    assert!(aliyun.path.ends_with("&TemplateParam=%7B%22code%22%3A%22012345%22%7D"), "{aliyun:?}");
    let tencent = request(SmsProvider::Tencent);
    let body: serde_json::Value = serde_json::from_slice(&tencent.body).unwrap();
    assert_eq!(body["PhoneNumberSet"][0], "+8613800138000");
    assert_eq!(body["TemplateParamSet"][0], "012345");
    let twilio = request(SmsProvider::Twilio);
    assert_eq!(twilio.path, "/2010-04-01/Accounts/key-id/Messages.json");
    assert_eq!(
        String::from_utf8(twilio.body).unwrap(),
        "To=%2B8613800138000&From=%2B15005550006&Body=Your%20code%3A%20012345"
    );
    for sent in [aliyun, tencent] {
        assert!(!format!("{:?}", sent.headers).contains("the secret"));
    }
}

#[test]
fn answers_are_believed_only_if_they_say_so() {
    let cases = [
        (SmsProvider::Aliyun, 200, r#"{"Code":"OK","Message":"OK"}"#, Ok(())),
        (SmsProvider::Aliyun, 200, r#"{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"no money"}"#, Err(Outlook::Permanent)),
        (
            SmsProvider::Aliyun,
            200,
            r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"slow"}"#,
            Err(Outlook::Temporary),
        ),
        (SmsProvider::Tencent, 200, r#"{"Response":{"SendStatusSet":[{"Code":"Ok"}]}}"#, Ok(())),
        (
            SmsProvider::Tencent,
            200,
            r#"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.X"}]}}"#,
            Err(Outlook::Permanent),
        ),
        (SmsProvider::Tencent, 200, r#"{"Response":{"Error":{"Code":"AuthFailure"}}}"#, Err(Outlook::Permanent)),
        (SmsProvider::Twilio, 201, r#"{"sid":"SM1","status":"queued","error_code":null}"#, Ok(())),
        (SmsProvider::Twilio, 400, r#"{"code":21211,"message":"invalid To","status":400}"#, Err(Outlook::Permanent)),
        (SmsProvider::Twilio, 201, "not JSON", Err(Outlook::Permanent)),
        (SmsProvider::Tencent, 503, "", Err(Outlook::Temporary)),
        (SmsProvider::Aliyun, 503, r#"{"Code":"OK"}"#, Err(Outlook::Temporary)),
    ];
    for (kind, status, body, expected) in cases {
        let answer = provider(kind).read_answer(status, body.as_bytes());
        assert_eq!(answer.map_err(|error| error.outlook()), expected, "{kind:?} {status} {body}");
    }
}

#[test]
fn settings_that_are_missing_are_named() {
    let new = |settings| Provider::new(settings, secret("s")).err();
    assert_eq!(new(SmsSettings::default()), Some(SmsError::NoProvider));
    let settings = SmsSettings { provider: SmsProvider::Twilio, key_id: "AC1".to_owned(), ..SmsSettings::default() };
    assert_eq!(new(settings.clone()), Some(SmsError::Setting("sender")));
    let settings = SmsSettings { sender: "MG1".to_owned(), ..settings };
    assert_eq!(Provider::new(settings, secret("")).err(), Some(SmsError::Setting("key_file")));
}

#[test]
fn numbers_are_read_and_masked() {
    for (text, number) in [
        ("+86 138 0013 8000", Some("+8613800138000")),
        ("+1 (415) 555-0100", Some("+14155550100")),
        ("13800138000", None),
        ("+0123456789", None),
        ("+12", None),
        ("+1234567890123456", None),
        ("+86138001380o0", None),
        ("", None),
    ] {
        assert_eq!(PhoneNumber::parse(text).ok().as_ref().map(PhoneNumber::as_str), number, "{text}");
    }
    let number = PhoneNumber::parse("+8613800138000").unwrap();
    assert_eq!(number.masked(), "+**********000");
    assert_eq!(format!("{number:?}"), "PhoneNumber(+**********000)");
}

#[test]
fn codes_have_six_digits_and_fit_only_themselves() {
    let entropy = SeededEntropy::new(1);
    for _ in 0..1_000 {
        let code = generate_code(&entropy);
        assert_eq!(code.expose().len(), CODE_DIGITS);
        assert!(fits(code.expose(), &code_digest(code.expose())));
        assert!(fits(&format!(" {} ", code.expose()), &code_digest(code.expose())));
        assert!(!fits("1234567", &code_digest(code.expose())));
    }
}
