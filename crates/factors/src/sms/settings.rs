env::settings! {
    /// Codes by SMS: the weakest second factor, allowed at the level `basic` only.
    pub struct SmsSettings in "sms" {
        /// Provider: "none", "aliyun", "tencent" or "twilio".
        provider: SmsProvider = SmsProvider::None,
        /// Host of the provider's interface; empty for its usual one.
        host: String = String::new(),
        /// Address to connect to instead of what DNS says of the host, as 192.0.2.1:443; for a proxy on the way out.
        address: String = String::new(),
        /// Identifier of the key: AccessKey ID (Aliyun), SecretId (Tencent Cloud), account SID (Twilio).
        key_id: String = String::new(),
        /// File with the key's secret alone: AccessKey Secret, SecretKey, auth token.
        key_file: String = String::new(),
        /// Approved signature of the messages (Aliyun, Tencent Cloud).
        sign_name: String = String::new(),
        /// Approved template with the code as its one variable: TemplateCode, variable `code` (Aliyun); TemplateId (Tencent Cloud).
        template: String = String::new(),
        /// SmsSdkAppId (Tencent Cloud).
        app_id: String = String::new(),
        /// Region of the interface (Tencent Cloud).
        region: String = "ap-guangzhou".to_owned(),
        /// Number or messaging service SID that messages come from (Twilio).
        sender: String = String::new(),
        /// Codes that one number gets in an hour at most.
        hourly_max: u32 = 5,
        /// Codes that one number gets in a day at most.
        daily_max: u32 = 20,
    }
}

/// A provider of SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum SmsProvider {
    /// No SMS is sent.
    None,
    /// Alibaba Cloud Short Message Service.
    Aliyun,
    /// Tencent Cloud SMS.
    Tencent,
    /// Twilio Programmable Messaging.
    Twilio,
}

impl SmsSettings {
    /// The host to ask.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.provider {
            _ if !self.host.is_empty() => &self.host,
            SmsProvider::None => "",
            SmsProvider::Aliyun => "dysmsapi.aliyuncs.com",
            SmsProvider::Tencent => "sms.tencentcloudapi.com",
            SmsProvider::Twilio => "api.twilio.com",
        }
    }

    /// Settings that the provider cannot do without, with their values.
    pub(super) fn needed(&self) -> Vec<(&'static str, &str)> {
        let mut needed = vec![("key_id", self.key_id.as_str())];
        match self.provider {
            SmsProvider::None => needed.clear(),
            SmsProvider::Aliyun => needed.extend([("sign_name", &*self.sign_name), ("template", &*self.template)]),
            SmsProvider::Tencent => needed.extend([
                ("sign_name", &*self.sign_name),
                ("template", &*self.template),
                ("app_id", &*self.app_id),
                ("region", &*self.region),
            ]),
            SmsProvider::Twilio => needed.push(("sender", &self.sender)),
        }
        needed
    }
}
