//! Alibaba Cloud: `SendSms` of 2017-05-25, signed in the third form (ACS3-HMAC-SHA256).

use env::{Entropy, Secret, Timestamp};
use serde_json::Value;

use super::{SmsMessage, SmsRequest, SmsSettings, Verdict, percent_encode, text_at};
use crate::hex;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

pub(super) fn request(
    settings: &SmsSettings,
    key: &Secret<String>,
    message: SmsMessage<'_>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> SmsRequest {
    let mut nonce = [0; 16];
    entropy.fill(&mut nonce);
    let host = settings.host().to_owned();
    let parameter = serde_json::json!({ "code": message.code.expose() }).to_string();
    // Parameters in the order of their names, as the signature wants them.
    let query = [
        ("PhoneNumbers", national(message.to.as_str())),
        ("SignName", &settings.sign_name),
        ("TemplateCode", &settings.template),
        ("TemplateParam", &parameter),
    ];
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    let query = query.join("&");
    let headers = vec![
        ("x-acs-action", "SendSms".to_owned()),
        ("x-acs-content-sha256", hex::sha256(b"")),
        ("x-acs-date", now.to_string()),
        ("x-acs-signature-nonce", hex::lower(&nonce)),
        ("x-acs-version", "2017-05-25".to_owned()),
    ];
    let authorization = sign(settings, key, &host, &query, &headers);
    let headers = headers.into_iter().chain([("authorization", authorization)]).collect();
    SmsRequest { host, path: format!("/?{query}"), headers, body: Vec::new() }
}

/// The field Authorization over `headers` and Host, which sorts before them.
fn sign(
    settings: &SmsSettings,
    key: &Secret<String>,
    host: &str,
    query: &str,
    headers: &[(&'static str, String)],
) -> String {
    let mut canonical = format!("host:{host}\n");
    let mut signed = "host".to_owned();
    for (name, value) in headers {
        canonical.push_str(&format!("{name}:{value}\n"));
        signed.push_str(&format!(";{name}"));
    }
    let request = format!("POST\n/\n{query}\n{canonical}\n{signed}\n{}", hex::sha256(b""));
    let to_sign = format!("{ALGORITHM}\n{}", hex::sha256(request.as_bytes()));
    let signature = hex::lower(&hex::hmac_sha256(key.expose().as_bytes(), to_sign.as_bytes()));
    format!("{ALGORITHM} Credential={},SignedHeaders={signed},Signature={signature}", settings.key_id)
}

/// Numbers of mainland China without, others with their country code, never with the plus sign.
fn national(number: &str) -> &str {
    let digits = number.trim_start_matches('+');
    match digits.strip_prefix("86") {
        Some(mobile) if mobile.len() == 11 && mobile.starts_with('1') => mobile,
        _ => digits,
    }
}

pub(super) fn verdict(answer: &Value) -> Verdict {
    let code = text_at(answer, "/Code");
    Verdict {
        taken: code == "OK",
        passing: code == "isv.BUSINESS_LIMIT_CONTROL" || code.starts_with("Throttling"),
        message: text_at(answer, "/Message"),
        code,
    }
}
