//! Connections outward.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::stream::Stream;

/// A peer that cannot be reached now. Always worth another try, later or at another address.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The system or the peer refused.
    #[error("cannot connect to {address}: {cause}")]
    Refused {
        /// The peer.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// No answer.
    #[error("no answer from {address} within {waited:?}")]
    Timeout {
        /// The peer.
        address: SocketAddr,
        /// How long it was waited.
        waited: Duration,
    },
}

/// Connects to `address` within `wait`, from the local address `source` if one is given.
///
/// # Errors
/// [`ConnectError`] if there is no connection.
pub async fn connect(address: SocketAddr, source: Option<IpAddr>, wait: Duration) -> Result<Stream, ConnectError> {
    match timeout(wait, open(address, source)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(cause)) => Err(ConnectError::Refused { address, cause }),
        Err(_) => Err(ConnectError::Timeout { address, waited: wait }),
    }
}

async fn open(address: SocketAddr, source: Option<IpAddr>) -> io::Result<Stream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let connection = socket.connect(address).await?;
    let (peer, local) = (connection.peer_addr()?, connection.local_addr()?);
    Ok(Stream::new(connection, peer, local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn source_address_is_used() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let source = "127.0.0.2".parse().unwrap();
        let stream = connect(address, Some(source), Duration::from_secs(5)).await.unwrap();
        assert_eq!(stream.local().ip(), source);
        assert_eq!(listener.accept().await.unwrap().1.ip(), source);
        drop(listener);
        let refused = connect(address, None, Duration::from_secs(5)).await.unwrap_err();
        assert!(refused.to_string().contains(&address.to_string()));
    }
}
