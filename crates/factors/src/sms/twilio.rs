//! Twilio: the resource Messages of 2010-04-01, with basic authentication.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use env::Secret;
use serde_json::Value;

use super::{SmsMessage, SmsRequest, SmsSettings, Verdict, percent_encode, text_at};

pub(super) fn request(settings: &SmsSettings, key: &Secret<String>, message: SmsMessage<'_>) -> SmsRequest {
    let account = &settings.key_id;
    let sender = if settings.sender.starts_with("MG") { "MessagingServiceSid" } else { "From" };
    let body = format!(
        "To={}&{sender}={}&Body={}",
        percent_encode(message.to.as_str()),
        percent_encode(&settings.sender),
        percent_encode(message.text.expose())
    );
    let login = Secret::new(format!("{account}:{}", key.expose()));
    SmsRequest {
        host: settings.host().to_owned(),
        path: format!("/2010-04-01/Accounts/{}/Messages.json", percent_encode(account)),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("authorization", format!("Basic {}", STANDARD.encode(login.expose()))),
        ],
        body: body.into_bytes(),
    }
}

pub(super) fn verdict(answer: &Value) -> Verdict {
    let error = ["/error_code", "/code"].iter().map(|at| text_at(answer, at)).find(|code| !code.is_empty());
    let status = text_at(answer, "/status");
    Verdict {
        taken: error.is_none()
            && matches!(&*status, "accepted" | "scheduled" | "queued" | "sending" | "sent" | "delivered"),
        passing: false,
        code: error.unwrap_or_default(),
        message: ["/error_message", "/message"]
            .iter()
            .map(|at| text_at(answer, at))
            .find(|it| !it.is_empty())
            .unwrap_or(status),
    }
}
