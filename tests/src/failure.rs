use std::fmt;
use std::panic::Location;
use std::thread;
use std::time::{Duration, Instant};

/// What a test ends with.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Why a test cannot go on, and where that was noticed.
///
/// Made from any error by `?`. Prints as plain text, since a test's error is shown by `Debug`.
pub struct Failure {
    message: String,
    place: &'static Location<'static>,
}

impl Failure {
    /// A failure that says `message`.
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Location::caller() }
    }

    /// The same failure, said to have happened while doing `what`.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}\n  at {}", self.message, self.place)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Self { message, place: Location::caller() }
    }
}

/// Asks `condition` again and again until it gives a value.
///
/// # Errors
/// What `condition` fails with, or that `what` did not happen within `limit`.
#[track_caller]
pub fn wait_until<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    /// Between two questions.
    const PAUSE: Duration = Duration::from_millis(10);
    let start = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            return Err(Failure::new(format!("waited {} s for {what}, in vain", limit.as_secs())));
        }
        thread::sleep(PAUSE);
    }
}
