//! Whether processes that look into attached files are as confined as they must be on this machine, and the rules run over files are right.

use inspect::{Confinement, Pool, Program, Trial, Tried};
use intel::yara::Taken;

use super::{Finding, State};
use crate::judging::WORKER_COMMAND;
use crate::settings::Settings;

/// Has such a process try what it must not be able to do.
pub(crate) fn confinement(settings: &Settings) -> Finding {
    let pool = Pool::new(Program::this(WORKER_COMMAND), settings.inspect.clone());
    let finding = |state, found: String| {
        Finding::new("attachments", "processes that look into files", state, "remedy-inspect").found(found)
    };
    let confinement = match pool.confinement() {
        Ok(confinement) => confinement,
        Err(why) => return finding(State::Wrong, why),
    };
    let trials = [Trial::OpenFile, Trial::MakeFile, Trial::Connect, Trial::StartProcess, Trial::StartThread];
    if let Some(escaped) = trials.into_iter().find(|trial| pool.try_out(*trial) != Tried::Held) {
        return finding(State::Wrong, format!("not held: {escaped:?}"));
    }
    match confinement {
        Confinement::Full => finding(State::Sound, "Landlock, seccomp, limits".to_owned()),
        Confinement::WithoutLandlock => finding(State::Unknown, "seccomp and limits, no Landlock".to_owned()),
    }
}

/// Has the rules of YARA compiled, where a program for them is set.
pub(super) fn yara(settings: &Settings) -> Option<Finding> {
    let yara = crate::serve::yara(settings)?;
    let directory = settings.threats.yara_directory.display().to_string();
    let finding = |state, found: String| Finding::new("yara", directory.as_str(), state, "remedy-yara").found(found);
    Some(match yara.refresh() {
        Taken::New(files) => finding(State::Sound, format!("{files} files")),
        Taken::Same => finding(State::Unknown, String::new()),
        Taken::Refused(error) => finding(State::Wrong, error.to_string()),
    })
}
