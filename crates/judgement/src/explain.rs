//! What findings say to people.

use filter::{Finding, Judge};
use identity::Language;

/// Texts of findings that no rule and no model brings: key, English, Chinese.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "finding-unjudged",
        "Could not be judged, and so may be anything; the reason: {evidence}",
        "未能判定此邮件，可能存在风险；原因：{evidence}",
    ),
    (
        "finding-uninspected",
        "Its attached files could not be looked into; the reason: {evidence}",
        "未能检查其附件；原因：{evidence}",
    ),
    ("finding-reported-sender", "People here report the sender: {evidence}", "本组织有人举报该发件人：{evidence}"),
    (
        "finding-reported-link",
        "People here report messages with a link to: {evidence}",
        "本组织有人举报含有该链接的邮件：{evidence}",
    ),
    (
        "finding-reported-template",
        "People here report messages like: {evidence}",
        "本组织有人举报类似的邮件：{evidence}",
    ),
    (
        "finding-reported-picture",
        "People here report messages with a picture like the one in it: {evidence}",
        "本组织有人举报含有相似图片的邮件：{evidence}",
    ),
    (
        "finding-vouched-picture",
        "People here say that messages with a picture like the one in it are honest: {evidence}",
        "本组织有人确认含有相似图片的邮件可信：{evidence}",
    ),
    (
        "finding-vouched-sender",
        "People here say that the sender is honest: {evidence}",
        "本组织有人确认该发件人可信：{evidence}",
    ),
    (
        "finding-vouched-link",
        "People here say that messages with this link are honest: {evidence}",
        "本组织有人确认含有该链接的邮件可信：{evidence}",
    ),
    (
        "finding-vouched-template",
        "People here say that messages like this are honest: {evidence}",
        "本组织有人确认类似邮件可信：{evidence}",
    ),
    (
        "finding-learned-here",
        "Learned from reports of people here, number: {evidence}",
        "根据本组织的举报学习得出，举报数：{evidence}",
    ),
    (
        "finding-reputation-bad-sender",
        "The sender has sent unwanted mail before: {evidence}",
        "该发件人曾多次发送不受欢迎的邮件：{evidence}",
    ),
    (
        "finding-reputation-bad-domain",
        "The sender's domain has sent unwanted mail before: {evidence}",
        "发件人的域名曾多次发送不受欢迎的邮件：{evidence}",
    ),
    (
        "finding-reputation-bad-network",
        "The sender's network has brought unwanted mail before: {evidence}",
        "发件来源网络曾多次发送不受欢迎的邮件：{evidence}",
    ),
    (
        "finding-reputation-bad-link",
        "Unwanted mail had links to this domain before: {evidence}",
        "不受欢迎的邮件中曾多次出现该域名的链接：{evidence}",
    ),
    (
        "finding-reputation-good-sender",
        "People here write with the sender: {evidence}",
        "本组织与该发件人有正常往来：{evidence}",
    ),
    (
        "finding-reputation-good-domain",
        "People here write with the sender's domain: {evidence}",
        "本组织与该发件人域名有正常往来：{evidence}",
    ),
    (
        "finding-sends-unusually",
        "The account sends unusually much; recipients (of them new): {evidence}",
        "该账户发信异常；收件人数（其中首次联系）：{evidence}",
    ),
    (
        "finding-layer-silent",
        "A part of the judging did not answer in time: {evidence}",
        "判定的某一环节未及时响应：{evidence}",
    ),
    (
        "finding-allowed-by-list",
        "A list of the organisation allows the sender: {evidence}",
        "发件人在本组织的允许名单上：{evidence}",
    ),
];

/// What a finding says in `language`, its evidence put in; its name and evidence where nobody has words for it.
#[must_use]
pub fn explain(judge: &Judge, finding: &Finding, language: Language) -> String {
    if let Some(text) = judge.text(finding, language.as_str()) {
        return text;
    }
    if let Some(text) = guard::text(finding, language.as_str()) {
        return text;
    }
    let found = TEXTS.iter().find(|(key, ..)| *key == finding.key);
    let text = found.map(|(_, english, chinese)| match language {
        Language::English => *english,
        Language::Chinese => *chinese,
    });
    text.map_or_else(
        || format!("{}: {}", finding.id, finding.evidence),
        |text| text.replace("{evidence}", &finding.evidence),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_room_for_the_evidence() {
        for (key, english, chinese) in TEXTS {
            assert!(english.contains("{evidence}") && chinese.contains("{evidence}"), "{key}");
        }
    }
}
