//! Rules of YARA, run over the parts of a message by a program from outside (`yara`, with `yarac` for its rules).
//!
//! Nothing of it is linked here. The program runs in a process of its own which has given up the network, all files but those that
//! programs are made of, and all writing (see [`confine_program`]). Rules and parts are memory without a name in any file system: the
//! rules are compiled once, and sealed, so that a process that was broken into cannot change them for the next; the parts are there
//! for one run.

mod answer;

use std::io::{self, BufReader, Read, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

pub use answer::Match;

use crate::confine::{Left, Limits, confine_program};
use crate::pool::{Program, Timed};
use crate::protocol::{PART_OCTETS_MAX, read_frame, write_frame};

/// What makes a worker run the program over parts, before the program's own arguments.
pub const MATCH_OPTION: &str = "--match";

/// What makes a worker run the compiler of rules, before the compiler's own arguments.
pub const COMPILE_OPTION: &str = "--compile";

/// Parts of one message that are looked at.
pub const PARTS_MAX: usize = 32;

/// Octets that compiled rules may have.
const RULES_OCTETS_MAX: u64 = 256 << 20;

/// Seconds that compiling may take.
const COMPILE_SECONDS: u64 = 120;

/// Octets of what the program says of its failure.
const COMPLAINT_OCTETS_MAX: u64 = 16 * 1024;

/// Octets of what the program answers; a rule may match in very many places.
const ANSWER_OCTETS_MAX: u64 = 64 << 20;

/// How often a program is looked at that should have ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Descriptor of the list of parts in the program's process; those of the parts follow. Nothing else is open there.
const LIST_DESCRIPTOR: i32 = 3;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum YaraError {
    /// The program does not start, or its process broke off.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It refuses the rules: file, line and reason, in its own words.
    #[error("{0}")]
    Rules(String),
    /// It took too long and was ended.
    #[error("took too long and was ended")]
    Time,
    /// It failed.
    #[error("failed: {0}")]
    Failed(String),
}

impl YaraError {
    /// Whether the same may work later.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        match self {
            Self::Rules(_) => env::Outlook::Permanent,
            Self::Io(_) | Self::Time | Self::Failed(_) => env::Outlook::Temporary,
        }
    }
}

/// Compiled rules, in memory that nobody can change any more.
#[derive(Debug)]
pub struct Rules(OwnedFd);

/// Who runs the program.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// What is started to confine itself and become the program.
    pub program: Program,
    /// The program with its own arguments: `yara`.
    pub command: Vec<String>,
    /// The program that compiles rules: `yarac`.
    pub compiler: String,
    /// Files and directories that both may read.
    pub reads: Vec<String>,
    /// MiB of memory that either may have.
    pub memory_mib: u64,
    /// Seconds that one message may take.
    pub seconds: u64,
}

impl Matcher {
    /// Compiles the rules of files, each under a name for its rules to be apart from others; they may include what lies in `directory`.
    ///
    /// # Errors
    /// [`YaraError::Rules`] for rules that the compiler refuses, with file and line; another if it cannot be run.
    pub fn compile(&self, directory: &Path, sources: &[(String, PathBuf)]) -> Result<Rules, YaraError> {
        let memory = memfd_create("rules", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(io::Error::from)?;
        let mut command = self.confined(COMPILE_SECONDS);
        command.arg("--readable").arg(directory).arg(COMPILE_OPTION).arg(&self.compiler).arg("-w");
        command.args(sources.iter().map(|(name, path)| format!("{name}:{}", path.display())));
        command.arg(place(0)).stdin(Stdio::from(memory.try_clone()?)).stdout(Stdio::null());
        let mut child = command.spawn()?;
        let status = wait(&mut child, Instant::now() + Duration::from_secs(COMPILE_SECONDS));
        let complaint = complaint(&mut child);
        match status {
            None => return Err(YaraError::Time),
            Some(status) if !status.success() && complaint.is_empty() => {
                return Err(YaraError::Failed(format!("{}: {status}", self.compiler)));
            }
            Some(status) if !status.success() => return Err(YaraError::Rules(complaint)),
            Some(_) => {}
        }
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&memory, seals).map_err(io::Error::from)?;
        let rules = Rules(memory);
        // The two programs may be of different versions.
        self.scan(&rules, &[b""])?;
        Ok(rules)
    }

    /// What the rules find in parts. Blocks for the time that is set, and a moment.
    ///
    /// # Errors
    /// [`YaraError`] if there is no answer on all of them.
    pub fn scan(&self, rules: &Rules, parts: &[&[u8]]) -> Result<Vec<Match>, YaraError> {
        let until = Instant::now() + Duration::from_secs(self.seconds.max(1));
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = self.confined(self.seconds.max(1));
        let seconds = self.seconds.max(1).to_string();
        command
            .arg(MATCH_OPTION)
            .args(&self.command)
            .args(["-C", "-w", "-m", "-g", "-s", "-p", "1", "-a", &seconds, "--scan-list"])
            .args([place(0), place(LIST_DESCRIPTOR)])
            .stdin(Stdio::from(rules.0.try_clone()?))
            .stdout(Stdio::from(OwnedFd::from(theirs)));
        let mut child = command.spawn()?;
        // The command holds the other end; without it the end of the program is seen at once.
        drop(command);
        let answer = talk(&ours, parts, until);
        let status = if answer.is_ok() { wait(&mut child, until) } else { None };
        // Whatever it is doing now, nobody waits for it any more.
        let _ = child.kill();
        let ended = child.wait();
        let complaint = complaint(&mut child);
        match answer {
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                Err(YaraError::Time)
            }
            Ok(_) if complaint.contains("timeout") || complaint.contains("timed out") => Err(YaraError::Time),
            Ok(matches) if complaint.is_empty() && status.is_some_and(|status| status.success()) => Ok(matches),
            Ok(_) if status.is_none() => Err(YaraError::Time),
            Err(_) | Ok(_) if !complaint.is_empty() => Err(YaraError::Failed(complaint)),
            Err(error) => Err(error.into()),
            Ok(_) => Err(YaraError::Failed(ended.map_or_else(|error| error.to_string(), |status| status.to_string()))),
        }
    }

    /// A process that will confine itself.
    fn confined(&self, seconds: u64) -> Command {
        close_fds::CloseFdsBuilder::new().cloexecfrom(3);
        let mut command = Command::new(&self.program.path);
        command
            .args(&self.program.arguments)
            .args(["--memory-mib", &self.memory_mib.max(256).to_string()])
            .args(["--processor-seconds", &seconds.saturating_add(1).to_string()])
            .args(self.reads.iter().flat_map(|path| ["--readable", path]))
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LC_ALL", "C.UTF-8")])
            .current_dir("/")
            .stderr(Stdio::piped());
        command
    }
}

/// Hands the parts over and reads what is found in them.
fn talk(stream: &UnixStream, parts: &[&[u8]], until: Instant) -> io::Result<Vec<Match>> {
    let mut timed = Timed { stream, until };
    for part in parts.iter().take(PARTS_MAX) {
        write_frame(&mut timed, part)?;
    }
    timed.flush()?;
    stream.shutdown(Shutdown::Write)?;
    answer::read(&mut BufReader::new(timed.take(ANSWER_OCTETS_MAX)), LIST_DESCRIPTOR + 1)
}

/// How it ended; none if it does not end in time.
fn wait(child: &mut Child, until: Instant) -> Option<std::process::ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// What a program that has ended says of its failure.
fn complaint(child: &mut Child) -> String {
    let mut octets = Vec::new();
    if let Some(errors) = child.stderr.take() {
        // What cannot be read is not said.
        let _ = errors.take(COMPLAINT_OCTETS_MAX).read_to_end(&mut octets);
    }
    String::from_utf8_lossy(&octets).trim().to_owned()
}

/// A descriptor as a file that its process may open.
fn place(descriptor: i32) -> String {
    format!("/proc/self/fd/{descriptor}")
}

/// Confines this process and becomes the compiler of `command`, whose output is standard input. Comes back only if that failed.
#[must_use]
pub fn run_compiler(limits: Limits, readable: &[String], command: &[String]) -> ExitCode {
    let left = Left { readable, descriptors: &[], file_octets: RULES_OCTETS_MAX };
    become_program(limits, left, command)
}

/// Takes the parts from standard output, which is a socket here, confines this process and becomes the program of `command`. Comes back
/// only if that failed.
#[must_use]
pub fn run_matcher(limits: Limits, readable: &[String], command: &[String]) -> ExitCode {
    match take_parts(io::stdout().as_fd()) {
        Ok(held) => {
            let descriptors: Vec<i32> = held.iter().map(|memory| memory.as_raw_fd()).collect();
            become_program(limits, Left { readable, descriptors: &descriptors, file_octets: 0 }, command)
        }
        Err(error) => {
            eprintln!("the parts did not come: {error}");
            ExitCode::FAILURE
        }
    }
}

fn become_program(limits: Limits, left: Left<'_>, command: &[String]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    if let Err(error) = confine_program(limits, left) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let error = Command::new(program).args(arguments).exec();
    eprintln!("{program}: {error}");
    ExitCode::FAILURE
}

/// Puts each part into memory of its own, behind a list of them.
fn take_parts(from: BorrowedFd<'_>) -> io::Result<Vec<OwnedFd>> {
    let memory = || memfd_create("part", MemfdFlags::empty()).map_err(io::Error::from);
    let list = memory()?;
    let mut held = vec![list];
    let mut lines = String::new();
    while let Some(octets) = read_frame(&mut Descriptor(from), PART_OCTETS_MAX)? {
        if held.len() > PARTS_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let part = memory()?;
        write_all(part.as_fd(), &octets)?;
        lines.push_str(&place(part.as_raw_fd()));
        lines.push('\n');
        held.push(part);
    }
    if let Some(list) = held.first() {
        write_all(list.as_fd(), lines.as_bytes())?;
    }
    let is_in_order = (LIST_DESCRIPTOR..).zip(&held).all(|(number, memory)| memory.as_raw_fd() == number);
    if is_in_order { Ok(held) } else { Err(io::Error::other("another descriptor is open")) }
}

fn write_all(to: BorrowedFd<'_>, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        let written = rustix::io::write(to, octets)?;
        octets = octets.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// A descriptor that is read as it stands.
struct Descriptor<'a>(BorrowedFd<'a>);

impl Read for Descriptor<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, octets)?)
    }
}
