//! Sockets that wait for connections.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}{}", remedy(cause))]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub cause: io::Error,
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "; another program has this port (see: ss -ltnp)",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)"
        }
        io::ErrorKind::AddrNotAvailable => "; no interface of this machine has this address",
        _ => "",
    }
}

/// One or more sockets of one service.
#[derive(Debug)]
pub struct Listener {
    pub(crate) sockets: Vec<TcpListener>,
}

/// Listens on all `addresses`. `[::]` takes IPv4 connections too, unless `0.0.0.0` with the same port is listed as
/// well. `backlog` is how many connections may wait to be accepted on each socket.
///
/// # Errors
/// [`ListenError`] for the first address that cannot be had.
pub fn listen(addresses: &[SocketAddr], backlog: u32) -> Result<Listener, ListenError> {
    let open = |address: &SocketAddr| {
        let apart = addresses.iter().any(|other| other.is_ipv4() && other.port() == address.port());
        open(*address, backlog, apart).map_err(|cause| ListenError { address: *address, cause })
    };
    Ok(Listener { sockets: addresses.iter().map(open).collect::<Result<_, _>>()? })
}

fn open(address: SocketAddr, backlog: u32, apart_from_ipv4: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        let socket = TcpSocket::new_v6()?;
        rustix::net::sockopt::set_ipv6_v6only(&socket, apart_from_ipv4)?;
        socket
    };
    // A restart must not wait for connections of the last run to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

impl Listener {
    /// The address of the first socket, with the port that the system chose if zero was asked for.
    ///
    /// # Errors
    /// If there is no socket or the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.first().ok_or_else(|| io::Error::other("the listener has no socket"))?.local_addr()
    }

    /// The addresses of all sockets.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(TcpListener::local_addr).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn one_socket_takes_both_families() {
        let listener = listen(&["[::]:0".parse().unwrap()], 16).unwrap();
        let port = listener.local_addr().unwrap().port();
        for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            let (client, accepted) = tokio::join!(TcpStream::connect(&address), listener.sockets[0].accept());
            assert!(client.is_ok() && accepted.is_ok(), "{address}");
        }
    }

    #[tokio::test]
    async fn both_wildcards_can_be_listed() {
        let first = listen(&["0.0.0.0:0".parse().unwrap()], 16).unwrap();
        let port = first.local_addr().unwrap().port();
        drop(first);
        let addresses = [SocketAddr::from(([0, 0, 0, 0], port)), format!("[::]:{port}").parse().unwrap()];
        assert_eq!(listen(&addresses, 16).unwrap().local_addrs().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_taken_port_is_named_with_a_remedy() {
        let first = listen(&["127.0.0.1:0".parse().unwrap()], 16).unwrap();
        let said = listen(&[first.local_addr().unwrap()], 16).unwrap_err().to_string();
        assert!(said.contains("127.0.0.1:") && said.contains("another program"), "{said}");
    }
}
