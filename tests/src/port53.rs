use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::slow_names::pass_on;
use crate::{Bind, Finished, Outcome, Scratch, run};

/// What trying may take.
const TRIAL_WAIT: Duration = Duration::from_secs(10);
/// Between two looks at whether the test is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Octets of an answer by UDP.
const DATAGRAM_OCTETS_MAX: usize = 65_535;

/// Port 53 of a loopback address of its own, which leads to a [`Bind`]: for programs that know no other port. Needs root.
pub struct Port53 {
    resolv_conf: PathBuf,
    is_done: Arc<AtomicBool>,
    _scratch: Scratch,
}

impl Port53 {
    /// Why there can be none here: it takes root, and a system that lets it mount.
    #[must_use]
    pub fn missing() -> Option<String> {
        let mut command = Command::new("unshare");
        command.args(["-m", "mount", "--bind", "/etc/resolv.conf", "/etc/resolv.conf"]);
        let tried = run(command, TRIAL_WAIT).and_then(Finished::success);
        tried.err().map(|failure| format!("no mount namespace of its own for a peer: {failure}"))
    }

    /// Listens there, by UDP and TCP.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub fn of(names: &Bind) -> Outcome<Self> {
        let [high, low] = names.address.port().to_be_bytes();
        let here = SocketAddr::from((Ipv4Addr::new(127, 53, high, low), 53));
        let scratch = Scratch::new("port53")?;
        // `trust-ad`: this server's word that an answer is signed is passed on to the program.
        let resolv_conf = format!("nameserver {}\noptions trust-ad\n", here.ip());
        let resolv_conf = scratch.file("resolv.conf", resolv_conf)?;
        let is_done = Arc::new(AtomicBool::new(false));
        let (datagrams, streams) = (UdpSocket::bind(here)?, TcpListener::bind(here)?);
        datagrams.set_read_timeout(Some(LOOK_EVERY))?;
        streams.set_nonblocking(true)?;
        let (there, done) = (names.address, Arc::clone(&is_done));
        thread::spawn(move || pass_datagrams(&Arc::new(datagrams), there, &done));
        let done = Arc::clone(&is_done);
        thread::spawn(move || pass_streams(&streams, there, &done));
        Ok(Self { resolv_conf, is_done, _scratch: scratch })
    }

    /// `command`, for which this is the machine's name server.
    #[must_use]
    pub fn naming(&self, command: &Command) -> Command {
        naming(&self.resolv_conf, command)
    }

    /// A `resolv.conf` that names it alone.
    #[must_use]
    pub fn resolv_conf(&self) -> &Path {
        &self.resolv_conf
    }
}

impl Drop for Port53 {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

/// `command` in a mount namespace of its own, in which `resolv_conf` stands in the place of the machine's.
pub(crate) fn naming(resolv_conf: &Path, command: &Command) -> Command {
    let mut wrapped = Command::new("unshare");
    wrapped.args(["-m", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""]).arg(resolv_conf);
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped
}

fn pass_datagrams(socket: &Arc<UdpSocket>, there: SocketAddr, is_done: &AtomicBool) {
    let mut question = vec![0; DATAGRAM_OCTETS_MAX];
    while !is_done.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut question) else { continue };
        let (question, socket) = (question[..length].to_vec(), Arc::clone(socket));
        // A question that is not answered is asked again.
        thread::spawn(move || drop(pass_on(&question, &socket, from, there)));
    }
}

fn pass_streams(listener: &TcpListener, there: SocketAddr, is_done: &AtomicBool) {
    while !is_done.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((client, _)) => drop(pass_stream(client, there)),
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
}

fn pass_stream(client: TcpStream, there: SocketAddr) -> io::Result<()> {
    client.set_nonblocking(false)?;
    let server = TcpStream::connect(there)?;
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}
