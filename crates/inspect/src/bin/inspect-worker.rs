//! A worker alone, for tests of the pool: `inspect-worker [--trial]`.

use std::process::ExitCode;

use inspect::confine::Limits;
use inspect::recognise::{self, RECOGNISER_OPTION};
use inspect::worker::{Options, run};
use inspect::yara::{self, COMPILE_OPTION, MATCH_OPTION};

/// Confines this process and becomes a program.
type Become = fn(Limits, &[String], &[String]) -> ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let limits = Limits {
        memory_octets: number("--memory-mib").unwrap_or(768) << 20,
        processor_seconds: number("--processor-seconds").unwrap_or(60),
    };
    let programs: [(&str, Become); 3] =
        [(RECOGNISER_OPTION, recognise::run), (MATCH_OPTION, yara::run_matcher), (COMPILE_OPTION, yara::run_compiler)];
    for (option, become_program) in programs {
        let Some(at) = arguments.iter().position(|argument| argument == option) else { continue };
        let (options, command) = arguments.split_at(at);
        let readable: Vec<String> = options
            .windows(2)
            .filter(|pair| pair.first().is_some_and(|name| name == "--readable"))
            .filter_map(|pair| pair.get(1).cloned())
            .collect();
        return become_program(limits, &readable, command.get(1..).unwrap_or_default());
    }
    run(Options { limits, is_trial: arguments.iter().any(|argument| argument == "--trial") })
}
