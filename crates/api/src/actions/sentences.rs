//! A request as a sentence, for whoever has to approve it.

use ::letters::Texts;
use identity::Language;
use serde_json::Value;

use super::carry::shown;
use super::list::Action;

/// What was asked for, as the record has it, in `language`; none if this program does not know it, or not all of it was kept.
pub(super) fn of_recorded(name: &str, object: &str, language: Language) -> Option<String> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(object) else { return None };
    fields.insert("action".to_owned(), name.into());
    serde_json::from_value(Value::Object(fields)).ok().map(|action| of(&action, language))
}

/// What `action` would do, in `language`.
pub(super) fn of(action: &Action, language: Language) -> String {
    let details = shown(action);
    let values: Vec<(&str, String)> = details
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let texts = Texts::of(language);
    let mut sentence = texts.say(&format!("do-{}", action.name()), &values);
    // What the sentence does not say is said after it, so that the second person sees all of it.
    let unsaid: Vec<String> = details
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| !texts.says(&format!("do-{}", action.name()), name) && **value != Value::Bool(false))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if !unsaid.is_empty() {
        sentence = format!("{sentence} ({})", unsaid.join(", "));
    }
    sentence
}
