use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::{Failure, Outcome, Scratch, wait_until};

/// What a process gets from SIGTERM to SIGKILL when its value is dropped.
const STOP_GRACE: Duration = Duration::from_secs(12);
/// Bytes of a log that a failure shows.
const TAIL_BYTES: u64 = 4096;

/// A running program whose output goes to files; stopped by its process id when dropped.
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command`; `<name>.out` and `<name>.err` in `logs` take its output.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn spawn(name: &str, logs: &Path, mut command: Command) -> Outcome<Self> {
        let (stdout, stderr) = (logs.join(format!("{name}.out")), logs.join(format!("{name}.err")));
        command.stdin(Stdio::null()).stdout(fs::File::create(&stdout)?).stderr(fs::File::create(&stderr)?);
        let child = command
            .spawn()
            .map_err(|error| Failure::new(format!("{}: {error}", command.get_program().to_string_lossy())))?;
        Ok(Self { name: name.to_owned(), child, stdout, stderr, ended: None })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until something accepts connections at `address`.
    ///
    /// # Errors
    /// If the process ends before, or after `limit`; with the end of its log.
    pub fn wait_for_port(&mut self, address: SocketAddr, limit: Duration) -> Outcome {
        self.wait_for(&format!("{address}"), limit, |_| {
            Ok(TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok().then_some(()))
        })
    }

    /// Waits for the first complete line on standard output that begins with `start`, and gives it.
    ///
    /// # Errors
    /// If the process ends before, or after `limit`; with the end of its log.
    pub fn wait_for_line(&mut self, start: &str, limit: Duration) -> Outcome<String> {
        self.wait_for(&format!("a line that begins with {start:?}"), limit, |process| {
            let mut lines = BufReader::new(fs::File::open(&process.stdout)?);
            let mut line = String::new();
            while lines.read_line(&mut line)? > 0 {
                if line.ends_with('\n') && line.starts_with(start) {
                    return Ok(Some(line));
                }
                line.clear();
            }
            Ok(None)
        })
    }

    fn wait_for<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> Outcome<Option<T>>,
    ) -> Outcome<T> {
        let waited = wait_until(what, limit, || {
            if let Some(value) = condition(self)? {
                return Ok(Some(value));
            }
            match self.status()? {
                Some(status) => Err(Failure::new(format!("ended with {status} before {what}"))),
                None => Ok(None),
            }
        });
        waited.map_err(|failure| failure.during(&format!("{}\n{}\n{}", self.name, self.log_tail(), self.name)))
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// If the system will not say.
    pub fn status(&mut self) -> Outcome<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Asks it to stop (SIGTERM) and waits; gives how it ended and how long that took.
    ///
    /// # Errors
    /// If it still runs after `limit`.
    pub fn stop(&mut self, limit: Duration) -> Outcome<(ExitStatus, Duration)> {
        let start = Instant::now();
        self.signal(Signal::TERM)?;
        let status = wait_until("its end", limit, || self.status()).map_err(|failure| failure.during(&self.name))?;
        Ok((status, start.elapsed()))
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn kill9(&mut self) -> Outcome {
        self.signal(Signal::KILL)?;
        self.ended = Some(self.child.wait()?);
        Ok(())
    }

    /// Has it stand still (SIGSTOP) until [`Process::go_on`].
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn freeze(&mut self) -> Outcome {
        self.signal(Signal::STOP)
    }

    /// Ends [`Process::freeze`].
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn go_on(&mut self) -> Outcome {
        self.signal(Signal::CONT)
    }

    fn signal(&mut self, signal: Signal) -> Outcome {
        if self.status()?.is_none()
            && let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            rustix::process::kill_process(id, signal)?;
        }
        Ok(())
    }

    /// Waits until it ends by itself; kills it after `limit`.
    ///
    /// # Errors
    /// If it had to be killed.
    pub fn finish(mut self, limit: Duration) -> Outcome<Finished> {
        let status = self.wait_end(limit)?;
        Ok(Finished {
            name: self.name.clone(),
            status,
            stdout: read_lossy(&self.stdout)?,
            stderr: read_lossy(&self.stderr)?,
        })
    }

    fn wait_end(&mut self, limit: Duration) -> Outcome<ExitStatus> {
        wait_until("its end", limit, || self.status())
            .map_err(|failure| failure.during(&format!("{}\n{}\n{}", self.name, self.log_tail(), self.name)))
    }

    /// The last part of what it wrote on both outputs.
    #[must_use]
    pub fn log_tail(&self) -> String {
        format!("{}{}", tail(&self.stdout), tail(&self.stderr))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.status(), Ok(None)) && self.stop(STOP_GRACE).is_err() {
            let _ = self.kill9();
        }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    name: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote on standard output.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

impl Finished {
    /// Itself, if it ended well.
    ///
    /// # Errors
    /// Everything that it wrote, if it did not.
    #[track_caller]
    pub fn success(self) -> Outcome<Self> {
        if self.status.success() {
            return Ok(self);
        }
        Err(Failure::new(format!("{} ended with {}\n{}{}", self.name, self.status, self.stdout, self.stderr)))
    }
}

/// Runs `command` to its end, which must come within `limit`.
///
/// # Errors
/// If it cannot be started or must be killed.
pub fn run(command: Command, limit: Duration) -> Outcome<Finished> {
    let logs = Scratch::new("run")?;
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Process::spawn(&name, logs.path(), command)?.finish(limit)
}

fn read_lossy(path: &Path) -> Outcome<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// The last [`TAIL_BYTES`] of a file.
pub(crate) fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_shows_the_log() -> Outcome {
        let logs = Scratch::new("process")?;
        let mut process = Process::spawn("sad", logs.path(), shell("echo it rains >&2; exit 3"))?;
        let failure = process.wait_for_line("sun", Duration::from_secs(5)).err().map(|failure| failure.to_string());
        assert!(failure.as_ref().is_some_and(|text| text.contains("it rains")), "{failure:?}");
        Ok(())
    }

    #[test]
    fn a_dropped_process_is_gone() -> Outcome {
        let logs = Scratch::new("process")?;
        let process = Process::spawn("sleeper", logs.path(), shell("echo up; exec sleep 60"))?;
        let id = process.id();
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
        Ok(())
    }

    #[test]
    fn a_program_that_fails_is_told_apart() -> Outcome {
        assert!(run(shell("echo well"), Duration::from_secs(5))?.success()?.stdout == "well\n");
        assert!(run(shell("exit 1"), Duration::from_secs(5))?.success().is_err());
        Ok(())
    }
}
