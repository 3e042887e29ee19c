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
