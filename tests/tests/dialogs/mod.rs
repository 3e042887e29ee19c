//! The transcripts of IMAP, found and played.

use std::fs;
use std::path::Path;

use harness::dialog::Dialog;
use harness::{Outcome, Tradewind};

/// Fewer than this cannot be all of them.
const TRANSCRIPTS_MIN: usize = 75;

/// Plays every transcript on `tradewind`.
pub(crate) fn play_all(tradewind: &Tradewind) -> Outcome {
    let update = std::env::var_os("UPDATE_DIALOGS").is_some();
    let wanted = std::env::var("DIALOG").unwrap_or_default();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialogs/imap");
    let mut paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Outcome<Vec<_>>>()?;
    assert!(paths.len() >= TRANSCRIPTS_MIN, "only {} transcripts", paths.len());
    paths.sort();
    let mut differences = String::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with(&wanted) {
            continue;
        }
        let dialog = Dialog::parse(&fs::read_to_string(&path)?).map_err(|failure| failure.during(&name))?;
        let played = dialog.play(tradewind, &name)?;
        if update {
            fs::write(&path, &played.text)?;
        }
        differences.push_str(&played.differences);
    }
    assert!(update || differences.is_empty(), "{differences}");
    Ok(())
}
