//! The confined process: reads a request, looks, answers, until the server ends.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::confine::{Limits, confine};
use crate::look::{Looker, guarded};
use crate::protocol::{Answer, Head, Trial, read_request, write_answer};
use crate::report::{Reason, Report};

/// How a worker was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Limits of the process.
    pub limits: Limits,
    /// Carries out trials. A worker for anybody's mail does not.
    pub is_trial: bool,
}

/// Runs as a worker on standard input and output. Must be called before the process has a second thread.
#[must_use]
pub fn run(options: Options) -> ExitCode {
    // The message of a panic could hold what somebody wrote, and making it would open files.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = match confine(options.limits) {
        Ok(confinement) => {
            let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
            write_answer(&mut output, &Answer::Ready(confinement))
                .and_then(|()| serve(&mut input, &mut output, options.is_trial))
        }
        Err(error) => write_answer(&mut io::stdout(), &Answer::Unconfined(error.to_string()))
            .and(Err(io::ErrorKind::PermissionDenied.into())),
    };
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Answers requests until there are no more.
fn serve(input: &mut impl Read, output: &mut impl Write, is_trial: bool) -> io::Result<()> {
    while let Some((head, octets)) = read_request(input)? {
        let answer = match head.trial.filter(|_| is_trial) {
            Some(Trial::LoopOverTexts) | None => Answer::Report(look(&head, &octets)),
            Some(trial) => try_out(trial),
        };
        write_answer(output, &answer)?;
    }
    Ok(())
}

fn look(head: &Head, octets: &[u8]) -> Report {
    let until = Instant::now() + Duration::from_millis(head.patience_ms);
    let mut looker = Looker::new(&head.words, until);
    looker.names_only = head.names_only;
    looker.wants_pictures = head.wants_pictures;
    looker.hangs_on_texts = head.trial == Some(Trial::LoopOverTexts);
    looker.look_at_part(&head.name, &head.declared, octets);
    looker.into_report()
}

/// Does what must not be possible, and says whether it was.
fn try_out(trial: Trial) -> Answer {
    let outcome = match trial {
        Trial::OpenFile => std::fs::read("/etc/hostname").map(drop),
        Trial::MakeFile => std::fs::write("/tmp/tradewind-escaped", b"").map(drop),
        Trial::Connect => std::net::TcpStream::connect(("127.0.0.1", 9)).map(drop),
        Trial::StartProcess => std::process::Command::new("/bin/true").status().map(drop),
        Trial::StartThread => std::thread::Builder::new().spawn(|| ()).map(drop),
        Trial::TakeMemory => return take_memory(),
        Trial::Panic => {
            let failed = guarded(|| {
                let nothing: &[u8] = &[];
                // As a parser fails that trusts a length.
                std::hint::black_box(nothing)[std::hint::black_box(7)]
            });
            return failed
                .map_or_else(|| Answer::Report(Report::unlooked("", 0, Reason::Crashed)), |_| Answer::Escaped);
        }
        Trial::Loop | Trial::LoopOverTexts => hang(),
        Trial::Recurse => {
            std::hint::black_box(recurse(1));
            Ok(())
        }
    };
    if outcome.is_ok() { Answer::Escaped } else { Answer::Held }
}

/// As a parser does that does not see that it makes no way.
pub(crate) fn hang() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

fn take_memory() -> Answer {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(vec![1; 1 << 20]);
        if std::hint::black_box(&taken).len() > 1 << 20 {
            return Answer::Escaped;
        }
    }
}

/// Without end, but for the stack's.
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + frame.iter().sum::<u64>() }
}
