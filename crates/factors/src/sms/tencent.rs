//! Tencent Cloud: `SendSms` of 2021-01-11, signed with TC3-HMAC-SHA256.

use env::{Secret, Timestamp};
use serde_json::{Value, json};

use super::{SmsMessage, SmsRequest, SmsSettings, Verdict, text_at};
use crate::hex;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const MEDIA_TYPE: &str = "application/json; charset=utf-8";
const SIGNED: &str = "content-type;host;x-tc-action";

pub(super) fn request(
    settings: &SmsSettings,
    key: &Secret<String>,
    message: SmsMessage<'_>,
    now: Timestamp,
) -> SmsRequest {
    let host = settings.host().to_owned();
    let body = json!({
        "PhoneNumberSet": [message.to.as_str()],
        "SmsSdkAppId": settings.app_id,
        "SignName": settings.sign_name,
        "TemplateId": settings.template,
        "TemplateParamSet": [message.code.expose()],
    });
    let body = body.to_string().into_bytes();
    let headers = vec![
        ("content-type", MEDIA_TYPE.to_owned()),
        ("x-tc-action", "SendSms".to_owned()),
        ("x-tc-version", "2021-01-11".to_owned()),
        ("x-tc-timestamp", now.seconds().to_string()),
        ("x-tc-region", settings.region.clone()),
        ("authorization", sign(settings, key, &host, &body, now)),
    ];
    SmsRequest { host, path: "/".to_owned(), headers, body }
}

fn sign(settings: &SmsSettings, key: &Secret<String>, host: &str, body: &[u8], now: Timestamp) -> String {
    let canonical = format!(
        "POST\n/\n\ncontent-type:{MEDIA_TYPE}\nhost:{host}\nx-tc-action:sendsms\n\n{SIGNED}\n{}",
        hex::sha256(body)
    );
    let civil = now.civil();
    let date = format!("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
    let scope = format!("{date}/sms/tc3_request");
    let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{}", now.seconds(), hex::sha256(canonical.as_bytes()));
    let start = Secret::new(format!("TC3{}", key.expose()));
    let day_key = Secret::new(hex::hmac_sha256(start.expose().as_bytes(), date.as_bytes()));
    let service_key = Secret::new(hex::hmac_sha256(day_key.expose(), b"sms"));
    let signing_key = Secret::new(hex::hmac_sha256(service_key.expose(), b"tc3_request"));
    let signature = hex::lower(&hex::hmac_sha256(signing_key.expose(), to_sign.as_bytes()));
    format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={SIGNED}, Signature={signature}", settings.key_id)
}

pub(super) fn verdict(answer: &Value) -> Verdict {
    let failed = answer.pointer("/Response/Error").is_some();
    let at = if failed { "/Response/Error" } else { "/Response/SendStatusSet/0" };
    let code = text_at(answer, &format!("{at}/Code"));
    Verdict {
        taken: !failed && code.eq_ignore_ascii_case("ok"),
        passing: code.starts_with("LimitExceeded") || code.starts_with("RequestLimitExceeded"),
        message: text_at(answer, &format!("{at}/Message")),
        code,
    }
}
