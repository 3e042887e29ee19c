use std::fs::{self, File};
use std::net::TcpListener;
use std::time::Duration;

use crate::{Chance, Outcome, wait_until};

/// Single ports are taken from here: below the ports that the system gives to outgoing connections.
const SINGLE: std::ops::Range<u16> = 4000..11_000;
/// Port bases are multiples of this; the highest usual port is 993.
const BASE_STEP: u16 = 1000;
/// Multiples of [`BASE_STEP`] that bases are taken from.
const BASES: std::ops::Range<u16> = 11..31;
/// The usual ports that a base is put under.
const USUAL: [u16; 7] = [25, 80, 143, 443, 465, 587, 993];
/// How long to wait for another test to give its base back.
const BASE_WAIT: Duration = Duration::from_secs(300);

/// A port that no other test takes as long as this value lives.
pub struct Reserved {
    /// The port.
    pub port: u16,
    _lock: File,
}

/// A port base that no other test takes as long as this value lives; all usual ports above it are free.
pub struct PortBase {
    /// The base.
    pub base: u16,
    _lock: File,
}

/// A free port on loopback.
///
/// # Errors
/// If none can be had.
pub fn free_port() -> Outcome<Reserved> {
    let mut chance = Chance::fresh();
    wait_until("a free port", BASE_WAIT, || {
        let port = SINGLE.start + u16::try_from(chance.below(u64::from(SINGLE.end - SINGLE.start)))?;
        Ok(lock(port)?.filter(|_| is_free(port)).map(|lock| Reserved { port, _lock: lock }))
    })
}

impl PortBase {
    /// A base with free ports above it.
    ///
    /// # Errors
    /// If other tests keep all of them for minutes.
    pub fn take() -> Outcome<Self> {
        wait_until("a free port base", BASE_WAIT, || {
            for step in BASES {
                let base = step * BASE_STEP;
                if let Some(lock) = lock(base)?
                    && USUAL.iter().all(|port| is_free(base + port))
                {
                    return Ok(Some(Self { base, _lock: lock }));
                }
            }
            Ok(None)
        })
    }
}

/// Takes the lock file of a number, unless another process or thread holds it.
fn lock(number: u16) -> Outcome<Option<File>> {
    let directory = std::env::temp_dir().join("tradewind-test-ports");
    fs::create_dir_all(&directory)?;
    let file = File::create(directory.join(number.to_string()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_what_another_holds() -> Outcome {
        let (one, two) = (PortBase::take()?, PortBase::take()?);
        assert_ne!(one.base, two.base);
        let held = free_port()?;
        assert!(lock(held.port)?.is_none());
        Ok(())
    }
}
