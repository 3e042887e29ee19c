//! Settings that were changed in the running server and do not hold, as the file sets them or as they can no longer be.

use api::actions::{Action, SettingsWanted};

use super::{Finding, State, ask_or_act};
use crate::configuring::conflicts;
use crate::settings::Settings;

const CHECK: &str = "settings";
const REMEDY: &str = "remedy-settings";

/// Settings that are looked at: more than there are.
const LOOKED_AT_MAX: u32 = 200;

/// One finding for each that does not hold, or a sound one.
pub(super) async fn settings(settings: &Settings) -> Vec<Finding> {
    if !settings.server.directory.exists() {
        // There is no store yet.
        return Vec::new();
    }
    let wanted = SettingsWanted { changed_only: true, limit: Some(LOOKED_AT_MAX), ..SettingsWanted::default() };
    let listed = match ask_or_act(settings, Action::SettingList(wanted)).await {
        Ok(listed) => listed,
        Err(error) => {
            return vec![Finding::new(CHECK, "store", State::Unknown, "remedy-store").found(error.to_string())];
        }
    };
    let found = conflicts(&listed);
    if found.is_empty() {
        return vec![Finding::new(CHECK, "store", State::Sound, REMEDY)];
    }
    let named = found.iter().map(|conflict| {
        let setting = conflict["setting"].as_str().unwrap_or_default();
        let told = format!(
            "{}; the store has {}, {} holds",
            conflict["why"].as_str().unwrap_or_default(),
            conflict["stored"],
            conflict["holds"]
        );
        Finding::new(CHECK, setting, State::Wrong, REMEDY).found(told)
    });
    named.collect()
}
