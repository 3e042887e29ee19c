//! What speaks against a message, each thing with its weight and its evidence.

use serde::{Deserialize, Serialize};

/// What kind of thing a finding is about. Findings of one kind are not independent of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// What the text says; the learned model is of this kind, too.
    Text,
    /// Where links lead.
    Link,
    /// Who says to have sent it.
    Sender,
    /// How it is built.
    Build,
    /// What is attached.
    File,
    /// Who is to be paid, and who asks for it: weighed apart from spam and phish, as fraud.
    Trade,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name: that of the rule or of the layer.
    pub id: String,
    /// What kind of thing it is about.
    pub signal: Signal,
    /// What it adds to the log odds of spam.
    pub spam: f32,
    /// What it adds to the log odds of phish.
    pub phish: f32,
    /// The words, address or name that it is about, as the message has it.
    pub evidence: String,
    /// Key of its text for people, or that text itself ([`said_key`]); the evidence stands for `{evidence}` there.
    pub key: String,
}

impl Finding {
    /// The larger of the two weights.
    #[must_use]
    pub const fn weight(&self) -> f32 {
        if self.phish > self.spam { self.phish } else { self.spam }
    }
}

/// Texts for people of findings that no rule file brings: key, English, Chinese.
const TEXTS: &[(&str, &str, &str)] = &[
    ("finding-model-spam", "The wording is that of spam: {evidence}", "措辞像垃圾邮件：{evidence}"),
    ("finding-model-phish", "The wording is that of phishing: {evidence}", "措辞像钓鱼邮件：{evidence}"),
    (
        "finding-feed-url",
        "A link leads to a page that is known as bad: {evidence}",
        "链接指向已知的恶意网页：{evidence}",
    ),
    (
        "finding-feed-domain",
        "A link leads to a host that is known as bad: {evidence}",
        "链接指向已知的恶意主机：{evidence}",
    ),
    ("finding-feed-address", "The sender is known as bad: {evidence}", "发件来源已知为恶意：{evidence}"),
    ("finding-feed-file", "An attached file is known as malware: {evidence}", "附件是已知的恶意文件：{evidence}"),
    (
        "finding-listed-link",
        "A link leads to a domain on a list of bad ones: {evidence}",
        "链接的域名在黑名单上：{evidence}",
    ),
    (
        "finding-listed-sender",
        "The sender's domain is on a list of bad ones: {evidence}",
        "发件人的域名在黑名单上：{evidence}",
    ),
    ("finding-list-silent", "A list of bad domains did not answer: {evidence}", "域名黑名单没有应答：{evidence}"),
    ("finding-malware", "Malware was found: {evidence}", "发现恶意软件：{evidence}"),
    (
        "finding-not-scanned",
        "The message could not be scanned for malware: {evidence}",
        "未能对邮件进行恶意软件扫描：{evidence}",
    ),
    ("finding-yara", "A rule of YARA that is kept here matches: {evidence}", "匹配本系统的 YARA 规则：{evidence}"),
    (
        "finding-yara-silent",
        "The rules of YARA could not be run over it; the reason: {evidence}",
        "未能运行 YARA 规则；原因：{evidence}",
    ),
    (
        "finding-second-opinion",
        "Asked in doubt, a language model says how likely it is unwanted: {evidence}",
        "存疑时询问语言模型，其判断为不受欢迎邮件的可能性：{evidence}",
    ),
    (
        "finding-known-text",
        "The text is one that was sent before, in other words here and there: {evidence}",
        "与已知邮件文字大体相同：{evidence}",
    ),
    (
        "finding-known-structure",
        "Is built like a message that was sent before: {evidence}",
        "与已知邮件结构相同：{evidence}",
    ),
];

/// What begins a key that is a text itself.
const SAID: &str = "said:";

/// The key of a finding whose text comes from outside, in English and Chinese: what a rule of others says of itself.
#[must_use]
pub fn said_key(english: &str, chinese: &str) -> String {
    let texts = [format!("{english}: {{evidence}}"), format!("{chinese}：{{evidence}}")];
    // Two texts always become JSON.
    serde_json::to_string(&texts).map_or_else(|_| String::new(), |texts| format!("{SAID}{texts}"))
}

/// The text of a finding of the layers in code, or of one that brings it, in Chinese or else in English.
pub(crate) fn text(key: &str, language: &str) -> Option<String> {
    let is_chinese = language.starts_with("zh");
    if let Some(texts) = key.strip_prefix(SAID) {
        let [english, chinese]: [String; 2] = serde_json::from_str(texts).ok()?;
        return Some(if is_chinese { chinese } else { english });
    }
    let (_, english, chinese) = TEXTS.iter().find(|(known, ..)| *known == key)?;
    Some((if is_chinese { *chinese } else { *english }).to_owned())
}
