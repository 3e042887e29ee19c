//! Text in pictures, read by a program from outside (optical character recognition).
//!
//! The program gets a picture that a confined worker made anew, grey and without anything that came with it, on its standard input, and
//! writes text to its standard output. It runs in a process of its own which has given up the network, all files but those that programs
//! are made of, and all writing; see [`run`].

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::confine::{Left, Limits, confine_program};
use crate::pool::Program;
use crate::report::{Reason, TEXT_OCTETS_MAX};
use crate::settings::InspectSettings;

/// What makes a worker run the program, before the program's own arguments.
pub const RECOGNISER_OPTION: &str = "--recognise";

/// How often a program is looked at that should have ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Confines this process and becomes the program of `command`. Comes back only if that failed.
#[must_use]
pub fn run(limits: Limits, readable: &[String], command: &[String]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    if let Err(error) = confine_program(limits, Left { readable, descriptors: &[], file_octets: 0 }) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let error = Command::new(program).args(arguments).exec();
    eprintln!("{program}: {error}");
    ExitCode::FAILURE
}

/// The text in a picture.
pub(crate) fn text(
    program: &Program,
    settings: &InspectSettings,
    picture: &[u8],
    patience: Duration,
) -> Result<String, Reason> {
    let until = Instant::now() + patience;
    let mut child = start(program, settings).map_err(|error| {
        tracing::error!(%error, "cannot start the program that reads pictures: check inspect.recogniser");
        Reason::NoWorker
    })?;
    let outcome = talk(&mut child, picture, until);
    // Whatever it is doing now, nobody waits for it any more.
    let _ = child.kill();
    let status = child.wait();
    match outcome {
        Some(text) if status.is_ok() && !text.trim().is_empty() => Ok(text),
        Some(_) => {
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            tracing::debug!(status, "the program that reads pictures found no text");
            Ok(String::new())
        }
        None => {
            tracing::warn!("the program that reads pictures took too long and was ended");
            Err(Reason::TimedOut)
        }
    }
}

fn start(program: &Program, settings: &InspectSettings) -> io::Result<Child> {
    close_fds::CloseFdsBuilder::new().cloexecfrom(3);
    Command::new(&program.path)
        .args(&program.arguments)
        .args(["--memory-mib", &settings.memory_mib.max(256).to_string()])
        .args(["--processor-seconds", &settings.recogniser_seconds.max(1).to_string()])
        .args(settings.recogniser_reads.iter().flat_map(|path| ["--readable", path]))
        .arg(RECOGNISER_OPTION)
        .args(&settings.recogniser)
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("OMP_THREAD_LIMIT", "1")])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Gives it the picture and takes its text; none if it does not end in time.
fn talk(child: &mut Child, picture: &[u8], until: Instant) -> Option<String> {
    let (mut input, output) = (child.stdin.take()?, child.stdout.take()?);
    let picture = picture.to_vec();
    // It may end without having read all.
    std::thread::spawn(move || drop(input.write_all(&picture)));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut octets = Vec::new();
        let _ = output.take(TEXT_OCTETS_MAX as u64).read_to_end(&mut octets);
        // Nobody may be waiting any more.
        let _ = sender.send(octets);
    });
    let octets = receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
    while Instant::now() < until {
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    Some(String::from_utf8_lossy(&octets).into_owned())
}
