use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::deflate::Deflate;
use crate::{Failure, Outcome};

/// Input that is read at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// A peer that says nothing for so long has failed.
const SILENCE: Duration = Duration::from_secs(120);

/// Which server certificates a client believes.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Those of the authority in this PEM file, for the name `localhost`.
    Authority(PathBuf),
    /// Any: for measuring on loopback only.
    Anything,
}

impl Trust {
    fn config(&self) -> Outcome<Arc<ClientConfig>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let config = match self {
            Self::Authority(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(file)? {
                    roots.add(certificate?)?;
                }
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_webpki_verifier(verifier).with_no_client_auth()
            }
            Self::Anything => {
                let verifier = Arc::new(AnyCertificate(provider.signature_verification_algorithms.supported_schemes()));
                builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
            }
        };
        Ok(Arc::new(config))
    }
}

enum Channel {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Between the two, while the handshake takes the socket over.
    Gone,
}

impl Channel {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(room),
            Self::Tls(tls) => tls.read(room),
            Self::Gone => Ok(0),
        }
    }
}

/// A client's connection, with buffered lines and counted bytes; plain or TLS.
pub struct Stream {
    channel: Channel,
    /// Both directions are compressed.
    deflate: Option<Box<Deflate>>,
    buffer: Box<[u8]>,
    /// The part of `buffer` that is read but not yet taken.
    unread: std::ops::Range<usize>,
}

impl Stream {
    /// Connects without TLS.
    ///
    /// # Errors
    /// If nobody listens.
    pub fn connect(address: SocketAddr) -> Outcome<Self> {
        let socket = TcpStream::connect(address).map_err(|error| Failure::new(format!("{address}: {error}")))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE))?;
        socket.set_write_timeout(Some(SILENCE))?;
        Ok(Self { channel: Channel::Plain(socket), deflate: None, buffer: vec![0; BUFFER_BYTES].into(), unread: 0..0 })
    }

    /// Connects with TLS from the start.
    ///
    /// # Errors
    /// If nobody listens or the handshake fails.
    pub fn connect_tls(address: SocketAddr, trust: &Trust) -> Outcome<Self> {
        let mut stream = Self::connect(address)?;
        stream.start_tls(trust)?;
        Ok(stream)
    }

    /// Goes over to TLS now.
    ///
    /// # Errors
    /// If the handshake fails.
    pub fn start_tls(&mut self, trust: &Trust) -> Outcome {
        let Channel::Plain(mut socket) = std::mem::replace(&mut self.channel, Channel::Gone) else {
            return Err(Failure::new("TLS is on already"));
        };
        let mut connection = ClientConnection::new(trust.config()?, ServerName::try_from("localhost")?)?;
        connection.complete_io(&mut socket)?;
        self.channel = Channel::Tls(Box::new(StreamOwned::new(connection, socket)));
        Ok(())
    }

    /// Compresses both directions from here on (RFC 4978).
    pub fn compress(&mut self) {
        self.deflate = Some(Box::default());
    }

    /// Sends `bytes`.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn send(&mut self, bytes: &[u8]) -> Outcome {
        let packed = match &mut self.deflate {
            Some(deflate) => Some(deflate.pack(bytes)?),
            None => None,
        };
        let bytes = packed.as_deref().unwrap_or(bytes);
        match &mut self.channel {
            Channel::Plain(socket) => socket.write_all(bytes)?,
            Channel::Tls(tls) => {
                tls.write_all(bytes)?;
                tls.flush()?;
            }
            Channel::Gone => return Err(Failure::new("the connection is gone")),
        }
        Ok(())
    }

    /// The next line with its end, from the buffer where it is whole there.
    ///
    /// # Errors
    /// If the connection ends before the line does, or a line is longer than the buffer.
    pub fn line(&mut self) -> Outcome<&[u8]> {
        let mut seen = 0;
        loop {
            let waiting = &self.buffer[self.unread.clone()];
            if let Some(end) = memchr::memchr(b'\n', &waiting[seen..]) {
                let start = self.unread.start;
                let end = start + seen + end + 1;
                self.unread.start = end;
                return Ok(&self.buffer[start..end]);
            }
            seen = waiting.len();
            self.fill()?;
        }
    }

    /// Takes `count` bytes and gives each piece of them to `piece`.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn take(&mut self, count: usize, mut piece: impl FnMut(&[u8])) -> Outcome {
        let mut left = count;
        loop {
            let part = left.min(self.unread.len());
            let start = self.unread.start;
            piece(&self.buffer[start..start + part]);
            self.unread.start += part;
            left -= part;
            if left == 0 {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Whether the server has closed the connection, once all that it sent is read and dropped.
    #[must_use]
    pub fn is_closed(&mut self) -> bool {
        self.unread = 0..0;
        matches!(self.read_some(), Ok(0) | Err(_))
    }

    /// Changes how long a read waits.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_patience(&mut self, limit: Duration) -> Outcome {
        match &self.channel {
            Channel::Plain(socket) => socket.set_read_timeout(Some(limit))?,
            Channel::Tls(tls) => tls.sock.set_read_timeout(Some(limit))?,
            Channel::Gone => {}
        }
        Ok(())
    }

    fn fill(&mut self) -> Outcome {
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.end == self.buffer.len() {
            if self.unread.start == 0 {
                return Err(Failure::new("a line is longer than the buffer"));
            }
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        match self.read_some()? {
            0 => Err(Failure::new("the server closed the connection")),
            _ => Ok(()),
        }
    }

    fn read_some(&mut self) -> std::io::Result<usize> {
        let room = &mut self.buffer[self.unread.end..];
        let channel = &mut self.channel;
        let count = match &mut self.deflate {
            Some(deflate) => deflate.unpack(room, |packed| channel.read(packed))?,
            None => channel.read(room)?,
        };
        self.unread.end += count;
        Ok(count)
    }
}

/// Believes every certificate; signatures are not looked at either.
#[derive(Debug)]
struct AnyCertificate(Vec<SignatureScheme>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
