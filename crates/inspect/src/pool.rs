//! The server's side: starts workers, gives them parts, replaces those that fail.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::{Condvar, Mutex};

use crate::confine::Confinement;
use crate::protocol::{Answer, Head, PART_OCTETS_MAX, Trial, WORDS_MAX, read_answer, write_request};
use crate::recognise;
use crate::report::{NAME_CHARS_MAX, Reason, Report, Text, Unlooked, cut};
use crate::settings::InspectSettings;

/// Parts that one worker looks at before a fresh one takes its place.
const PARTS_PER_WORKER_MAX: u32 = 256;

/// Parts of the longest time that a worker's processor time is enough for; one that lost its server ends after it.
const PARTS_OF_FULL_TIME: u64 = 6;

/// Time that a worker has to start and confine itself.
const START_TIME_MAX: Duration = Duration::from_secs(10);

/// Time that a worker has beyond what it is told, before it is ended.
const GRACE: Duration = Duration::from_secs(1);

/// Time, beyond all other, for the names of the files in a part that a closer look did not survive.
const NAMES_TIME_MAX: Duration = Duration::from_secs(1);

/// Workers that one part may cost: an honest one may have been ended by somebody else.
const ATTEMPTS_MAX: usize = 2;

/// Characters of a word that is tried as a password.
const WORD_CHARS_MAX: usize = 64;

/// What is started as a worker.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program, by its absolute path: a worker starts in the root directory.
    pub path: PathBuf,
    /// What makes it a worker.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// This very program, also after its file was replaced, with the hidden command that makes it a worker.
    #[must_use]
    pub fn this(command: &str) -> Self {
        Self { path: PathBuf::from("/proc/self/exe"), arguments: vec![command.into()] }
    }
}

/// One part that is to be looked into.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Name that the sender gave it.
    pub name: &'a str,
    /// Type that the sender declares: `application/pdf`.
    pub declared: &'a str,
    /// Its octets, decoded.
    pub octets: &'a [u8],
    /// Words of the message that may be a password, likeliest first; [`WORDS_MAX`] are tried.
    pub words: &'a [String],
}

/// What came of a [`Trial`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The worker could not do it, or was ended for it.
    Held,
    /// The worker did it.
    Escaped,
    /// Nobody could be asked.
    Unknown,
}

/// Workers, some of them waiting. Shared by reference; every method may be called from many threads and blocks its own.
pub struct Pool {
    program: Program,
    settings: InspectSettings,
    state: Mutex<State>,
    freed: Condvar,
    trial: Option<Trial>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Worker>,
    /// Workers that wait, work or are being started.
    all: usize,
    confinement: Option<Confinement>,
}

impl Pool {
    /// A pool that starts its workers when it needs them.
    #[must_use]
    pub fn new(program: Program, settings: InspectSettings) -> Self {
        Self { program, settings, state: Mutex::default(), freed: Condvar::new(), trial: None }
    }

    /// The same pool, whose workers are started to be tried and try this with each part; for tests.
    #[must_use]
    pub fn on_trial(self, trial: Trial) -> Self {
        Self { trial: Some(trial), ..self }
    }

    /// Looks into a part. Blocks for at most the waiting time and a few times the time of one part that are set; never fails: what could
    /// not be looked into is told by the report.
    #[must_use]
    pub fn inspect(&self, part: Part<'_>) -> Report {
        self.inspect_until(part, None)
    }

    /// As [`Self::inspect`], and ends at a point in time, give or take two seconds.
    #[must_use]
    pub fn inspect_until(&self, part: Part<'_>, until: Option<Instant>) -> Report {
        let unlooked = |why| Report::unlooked(part.name, part.octets.len() as u64, why);
        if part.octets.len() > PART_OCTETS_MAX {
            return unlooked(Reason::TooLarge);
        }
        let words = part.words.iter().take(WORDS_MAX);
        let mut head = Head {
            name: cut(part.name, NAME_CHARS_MAX),
            declared: cut(part.declared, NAME_CHARS_MAX),
            words: words.map(|word| cut(word, WORD_CHARS_MAX)).collect(),
            patience_ms: 0,
            names_only: false,
            wants_pictures: !self.settings.recogniser.is_empty(),
            trial: self.trial,
        };
        let mut why = Reason::Crashed;
        for _ in 0..ATTEMPTS_MAX {
            let patience = self.patience(until);
            if patience.is_zero() {
                return unlooked(Reason::TimedOut);
            }
            match self.attempt(&mut head, part.octets, patience) {
                Ok(report) => return self.recognised(report, until),
                Err(Reason::Crashed) => {}
                Err(Reason::TimedOut) => {
                    why = Reason::TimedOut;
                    break;
                }
                Err(other) => return unlooked(other),
            }
        }
        // Whatever a closer look did not survive, the names of the files in it still tell much.
        head.names_only = true;
        let mut report = self.attempt(&mut head, part.octets, NAMES_TIME_MAX).unwrap_or_else(|_| unlooked(why));
        let told = Unlooked { file: 0, why };
        if !report.unlooked.contains(&told) {
            report.unlooked.push(told);
        }
        report
    }

    /// Adds the text in the pictures of a report, where a program is set that reads it.
    fn recognised(&self, mut report: Report, until: Option<Instant>) -> Report {
        let most = Duration::from_secs(self.settings.recogniser_seconds);
        for picture in std::mem::take(&mut report.pictures) {
            if self.settings.recogniser.is_empty() {
                break;
            }
            let patience = until.map_or(most, |until| until.saturating_duration_since(Instant::now()).min(most));
            let Ok(octets) = STANDARD.decode(&picture.octets) else { continue };
            match recognise::text(&self.program, &self.settings, &octets, patience) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    report.texts.push(Text { file: picture.file, text, is_page: false, is_recognised: true });
                }
                Err(why) => report.unlooked.push(Unlooked { file: picture.file, why }),
            }
        }
        report.bound();
        report
    }

    /// Has one worker look; one that fails is replaced.
    fn attempt(&self, head: &mut Head, octets: &[u8], patience: Duration) -> Result<Report, Reason> {
        head.patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let wait = Duration::from_secs(self.settings.wait_seconds);
        let mut worker = self.take(wait.min(patience))?;
        match worker.ask(head, octets, patience + GRACE) {
            Ok(Answer::Report(report)) if !report.files.is_empty() => {
                self.put_back(worker);
                Ok(report)
            }
            Ok(_) => {
                self.replace(worker, "answered what was not asked");
                Err(Reason::Crashed)
            }
            Err(error) if is_timeout(&error) => {
                self.replace(worker, "took too long");
                Err(Reason::TimedOut)
            }
            Err(_) => {
                self.replace(worker, "ended");
                Err(Reason::Crashed)
            }
        }
    }

    /// Has a fresh worker do what it must not be able to do. For checks of a machine and for tests.
    #[must_use]
    pub fn try_out(&self, trial: Trial) -> Tried {
        let Ok((mut worker, _)) = self.start(true) else { return Tried::Unknown };
        let head = Head { trial: Some(trial), ..Head::default() };
        match worker.ask(&head, b"", self.patience(None) + GRACE) {
            Ok(Answer::Escaped) => Tried::Escaped,
            Ok(Answer::Unconfined(_) | Answer::Ready(_)) => Tried::Unknown,
            Ok(Answer::Held | Answer::Report(_)) | Err(_) => Tried::Held,
        }
    }

    /// How well workers are confined here; starts one if none was started yet.
    ///
    /// # Errors
    /// Why no worker can be started or confined.
    pub fn confinement(&self) -> Result<Confinement, String> {
        if let Some(known) = self.state.lock().confinement {
            return Ok(known);
        }
        self.start(false).map(|(_, confinement)| confinement)
    }

    /// Processes that wait or work now, by their ids; for tests and metrics.
    #[must_use]
    pub fn waiting_process_ids(&self) -> Vec<u32> {
        self.state.lock().waiting.iter().map(|worker| worker.child.id()).collect()
    }

    /// Time for one attempt.
    fn patience(&self, until: Option<Instant>) -> Duration {
        let most = Duration::from_secs(self.settings.seconds);
        until.map_or(most, |until| until.saturating_duration_since(Instant::now()).min(most))
    }

    /// A worker that waits, or a new one.
    fn take(&self, wait: Duration) -> Result<Worker, Reason> {
        let until = Instant::now() + wait;
        let mut state = self.state.lock();
        loop {
            if let Some(worker) = state.waiting.pop() {
                return Ok(worker);
            }
            if state.all < self.settings.workers.max(1) {
                state.all += 1;
                break;
            }
            if self.freed.wait_until(&mut state, until).timed_out() {
                return Err(Reason::Overloaded);
            }
        }
        drop(state);
        match self.start(self.trial.is_some()) {
            Ok((worker, confinement)) => {
                self.tell_confinement(confinement);
                Ok(worker)
            }
            Err(why) => {
                tracing::error!(%why, "cannot start a process that looks into files: attachments are not looked into");
                self.forget();
                Err(Reason::NoWorker)
            }
        }
    }

    fn tell_confinement(&self, confinement: Confinement) {
        let before = self.state.lock().confinement.replace(confinement);
        if before.is_none() && confinement == Confinement::WithoutLandlock {
            tracing::warn!(
                "this kernel has no Landlock: processes that look into attachments are confined by seccomp and limits only"
            );
        }
    }

    fn put_back(&self, worker: Worker) {
        if worker.parts >= PARTS_PER_WORKER_MAX {
            drop(worker);
            self.forget();
            return;
        }
        self.state.lock().waiting.push(worker);
        self.freed.notify_one();
    }

    /// Ends a worker that failed.
    fn replace(&self, mut worker: Worker, what: &str) {
        let status = worker.end();
        tracing::warn!(what, status, "a process that looks into files failed; another takes its place");
        drop(worker);
        self.forget();
    }

    /// A worker is no more.
    fn forget(&self) {
        self.state.lock().all -= 1;
        self.freed.notify_one();
    }

    fn start(&self, is_trial: bool) -> Result<(Worker, Confinement), String> {
        let mut worker = Worker::start(&self.program, &self.settings, is_trial).map_err(|error| error.to_string())?;
        let until = Instant::now() + START_TIME_MAX;
        match read_answer(&mut Timed { stream: &worker.stream, until }) {
            Ok(Answer::Ready(confinement)) => Ok((worker, confinement)),
            Ok(Answer::Unconfined(why)) => Err(why),
            Ok(_) => Err("it does not answer as a worker does".to_owned()),
            Err(error) => Err(format!("{error} ({})", worker.end())),
        }
    }
}

struct Worker {
    child: Child,
    stream: UnixStream,
    parts: u32,
}

impl Worker {
    fn start(program: &Program, settings: &InspectSettings, is_trial: bool) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let output: OwnedFd = theirs.try_clone()?.into();
        let input: OwnedFd = theirs.into();
        // Whatever else is open in this process by now must not be in the next.
        close_fds::CloseFdsBuilder::new().cloexecfrom(3);
        let processor_seconds = settings.seconds.saturating_mul(PARTS_OF_FULL_TIME).saturating_add(60);
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .args(["--memory-mib", &settings.memory_mib.max(256).to_string()])
            .args(["--processor-seconds", &processor_seconds.to_string()])
            .args(is_trial.then_some("--trial"))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output))
            .stderr(Stdio::null());
        let child = command.spawn()?;
        // The command holds the worker's ends; without them its end is seen at once.
        drop(command);
        Ok(Self { child, stream: ours, parts: 0 })
    }

    fn ask(&mut self, head: &Head, octets: &[u8], patience: Duration) -> io::Result<Answer> {
        self.parts += 1;
        let mut stream = Timed { stream: &self.stream, until: Instant::now() + patience };
        write_request(&mut stream, head, octets)?;
        read_answer(&mut stream)
    }

    /// Ends it and says how it ended.
    fn end(&mut self) -> String {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// A stream whose every wait ends at one point in time.
pub(crate) struct Timed<'a> {
    pub(crate) stream: &'a UnixStream,
    pub(crate) until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(octets)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
