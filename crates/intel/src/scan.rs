//! Scanners for malware, beside the server: ClamAV's `clamd`, and whatever speaks ICAP.

mod clamd;
mod icap;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use filter::{Asked, Finding, Layer, Signal};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::finding::finding;
use crate::{ThreatSettings, parts};

/// Where a scanner listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a socket of this machine.
    Unix(PathBuf),
    /// At an address.
    Tcp(SocketAddr),
}

/// A scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanner {
    /// `clamd`; it takes messages apart itself.
    Clamd(Place),
    /// An ICAP server; it is given each file.
    Icap {
        /// Where it listens.
        address: SocketAddr,
        /// Name of the service.
        service: String,
    },
}

/// Text that names no scanner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no scanner")]
pub struct ScannerError(String);

/// A scan that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    /// No connection, or it broke off.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something else than an answer.
    #[error("it answers {0:?}")]
    Answer(String),
    /// It takes too long.
    #[error("no answer in time")]
    Time,
    /// The message is larger than may be handed over.
    #[error("larger than {0} octets (threats.scan_octets_max)")]
    Large(usize),
}

/// A stream to a scanner.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Scanner {
    /// The `clamd` of a setting; none if it is empty.
    ///
    /// # Errors
    /// [`ScannerError`] for what is neither `unix:` with a path nor address and port.
    pub fn clamd(text: &str) -> Result<Option<Self>, ScannerError> {
        if text.is_empty() {
            return Ok(None);
        }
        let place = match text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            Some(path) => Place::Unix(path.into()),
            None => Place::Tcp(text.parse().map_err(|_| ScannerError(text.to_owned()))?),
        };
        Ok(Some(Self::Clamd(place)))
    }

    /// The ICAP server of a setting; none if it is empty.
    ///
    /// # Errors
    /// [`ScannerError`] for what is not `icap://address:port/service`.
    pub fn icap(text: &str) -> Result<Option<Self>, ScannerError> {
        if text.is_empty() {
            return Ok(None);
        }
        let refused = || ScannerError(text.to_owned());
        let (address, service) =
            text.strip_prefix("icap://").and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
        let is_plain = !service.is_empty() && service.bytes().all(|octet| octet.is_ascii_graphic());
        let address = address.parse().ok().filter(|_| is_plain).ok_or_else(refused)?;
        Ok(Some(Self::Icap { address, service: service.to_owned() }))
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Clamd(_) => "clamd",
            Self::Icap { .. } => "icap",
        }
    }
}

/// A scanner as a layer.
pub struct Scan {
    scanner: Scanner,
    wait: Duration,
    octets_max: usize,
}

impl Scan {
    /// The scanners of the settings.
    #[must_use]
    pub fn all(settings: &ThreatSettings) -> Vec<Self> {
        let scanners = [Scanner::clamd(&settings.clamd), Scanner::icap(&settings.icap)];
        let of = |scanner| Self {
            scanner,
            wait: Duration::from_secs(settings.scan_seconds.max(1)),
            octets_max: settings.scan_octets_max,
        };
        scanners.into_iter().flatten().flatten().map(of).collect()
    }

    /// What is found in a message: the name of the file and of what is in it.
    async fn scan(&self, raw: &[u8]) -> Result<Option<String>, ScanError> {
        if raw.len() > self.octets_max {
            return Err(ScanError::Large(self.octets_max));
        }
        match &self.scanner {
            Scanner::Clamd(place) => clamd::scan(&mut *open(place).await?, raw).await,
            Scanner::Icap { address, service } => {
                for file in parts::files(raw) {
                    let mut stream = TcpStream::connect(address).await?;
                    if let Some(name) = icap::scan(&mut stream, (*address, service), &file).await? {
                        return Ok(Some(format!("{}: {name}", file.name)));
                    }
                }
                Ok(None)
            }
        }
    }
}

async fn open(place: &Place) -> std::io::Result<Box<dyn Stream>> {
    Ok(match place {
        Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Place::Tcp(address) => Box::new(TcpStream::connect(address).await?),
    })
}

#[async_trait]
impl Layer for Scan {
    fn name(&self) -> &'static str {
        self.scanner.name()
    }

    fn time_max(&self) -> Duration {
        self.wait + Duration::from_secs(1)
    }

    async fn look(&self, asked: Asked<'_>) -> Vec<Finding> {
        let scanned = tokio::time::timeout(self.wait, self.scan(asked.raw)).await.unwrap_or(Err(ScanError::Time));
        match scanned {
            Ok(None) => Vec::new(),
            Ok(Some(what)) => {
                vec![finding("malware", Signal::File, (10.0, 10.0), &format!("{what} ({})", self.scanner.name()))]
            }
            Err(error) => {
                tracing::error!(scanner = self.scanner.name(), %error, "a message could not be scanned for malware");
                vec![finding("not-scanned", Signal::File, (0.0, 0.0), self.scanner.name())]
            }
        }
    }
}

#[cfg(test)]
mod tests;
