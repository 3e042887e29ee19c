use std::sync::atomic::AtomicUsize;

use bytes::BytesMut;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::listen::listen;

const WAIT: Duration = Duration::from_secs(5);

/// Tells each client who it is, echoes what it says, and says farewell when stopped.
#[derive(Default)]
struct Echo {
    deaf_to_stop: bool,
    finished: AtomicUsize,
}

impl Handler for Echo {
    async fn serve(self: Arc<Self>, mut connection: Connection) {
        let stream = &mut connection.stream;
        let greeting = format!("{} {} {:?}\n", stream.peer().ip(), stream.local(), connection.proxy.is_some());
        stream.send(greeting.as_bytes(), WAIT).await.unwrap();
        let mut into = BytesMut::new();
        loop {
            let received = tokio::select! {
                received = stream.receive(&mut into, WAIT * 10) => received,
                () = connection.stop.cancelled(), if !self.deaf_to_stop => {
                    stream.send(b"bye\n", WAIT).await.unwrap();
                    break;
                }
            };
            if received.unwrap_or(0) == 0 {
                break;
            }
            stream.send(&into.split(), WAIT).await.unwrap();
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
    }

    fn refusal(&self, reason: Refusal) -> &'static [u8] {
        match reason {
            Refusal::Total => b"full\n",
            Refusal::PerClient => b"too many\n",
        }
    }
}

struct Running {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: CancellationToken,
    handler: Arc<Echo>,
    served: JoinHandle<Served>,
}

fn start(limits: ConnectionLimits, handler: Echo) -> Running {
    let listener = listen(&["127.0.0.1:0".parse().unwrap()], 64).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = Acceptor::new(listener, limits);
    let (counters, stop, handler) = (acceptor.counters(), CancellationToken::new(), Arc::new(handler));
    let served = tokio::spawn(acceptor.serve(Arc::clone(&handler), stop.clone()));
    Running { address, counters, stop, handler, served }
}

async fn line(socket: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        match timeout(WAIT, socket.read_u8()).await.unwrap() {
            Ok(byte) => line.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(line).unwrap()
}

async fn client(address: SocketAddr) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let greeting = line(&mut socket).await;
    (socket, greeting)
}

#[tokio::test]
async fn limits_hold_and_places_become_free() {
    let running = start(ConnectionLimits { total: 3, per_client: 2, ..Default::default() }, Echo::default());
    let (first, greeting) = client(running.address).await;
    assert_eq!(greeting, format!("127.0.0.1 {} false\n", running.address));
    let (_second, _) = client(running.address).await;
    assert_eq!(client(running.address).await.1, "too many\n");
    let elsewhere = async || {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
        let mut socket = socket.connect(running.address).await.unwrap();
        let greeting = line(&mut socket).await;
        (socket, greeting)
    };
    let (_third, greeting) = elsewhere().await;
    assert!(greeting.starts_with("127.0.0.9 "), "{greeting}");
    assert_eq!(elsewhere().await.1, "full\n");
    drop(first);
    while running.counters.open() > 2 {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(client(running.address).await.1.starts_with("127.0.0.1 "));
    assert_eq!((running.counters.accepted(), running.counters.refused()), (4, 2));
}

#[tokio::test]
async fn stopping_lets_sessions_say_farewell() {
    let running = start(ConnectionLimits::default(), Echo::default());
    let (mut socket, _) = client(running.address).await;
    socket.write_all(b"hello\n").await.unwrap();
    assert_eq!(line(&mut socket).await, "hello\n");
    running.stop.cancel();
    assert_eq!(line(&mut socket).await, "bye\n");
    assert_eq!(running.served.await.unwrap(), Served { accepted: 1, refused: 0, cut: 0 });
    assert_eq!(running.handler.finished.load(Ordering::SeqCst), 1);
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn sessions_that_do_not_stop_are_cut() {
    let limits = ConnectionLimits { stop_wait: Duration::from_millis(100), ..Default::default() };
    let running = start(limits, Echo { deaf_to_stop: true, ..Default::default() });
    let (mut socket, _) = client(running.address).await;
    let begun = Instant::now();
    running.stop.cancel();
    assert_eq!(running.served.await.unwrap().cut, 1);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(line(&mut socket).await, "");
    assert_eq!(running.counters.open(), 0);
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_client_and_others_cannot() {
    let proxies = TrustedNetworks::parse(&["127.0.0.1"]).unwrap();
    let running = start(ConnectionLimits { per_client: 1, proxies, ..Default::default() }, Echo::default());
    let header = b"PROXY TCP4 203.0.113.5 198.51.100.7 4711 25\r\nhello\n";
    // One byte at a time, so that the header is never seen whole.
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for byte in header {
        socket.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(line(&mut socket).await, "203.0.113.5 198.51.100.7:25 true\n");
    assert_eq!(line(&mut socket).await, "hello\n");
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(header).await.unwrap();
    assert_eq!(line(&mut second).await, "too many\n", "limits count the client, not the proxy");
    let mut without = TcpStream::connect(running.address).await.unwrap();
    without.write_all(b"EHLO client\r\n").await.unwrap();
    assert_eq!(line(&mut without).await, "", "a header is required");

    let stranger = start(ConnectionLimits::default(), Echo::default());
    let mut socket = TcpStream::connect(stranger.address).await.unwrap();
    socket.write_all(header).await.unwrap();
    assert!(line(&mut socket).await.starts_with("127.0.0.1 "), "not believed");
    assert!(line(&mut socket).await.starts_with("PROXY TCP4"), "handed on as the client's own words");
}

/// Processor time of this process so far, from its `/proc/self/stat`.
fn processor_ticks(stat: &std::fs::File) -> u64 {
    let mut text = [0; 1024];
    let read = std::os::unix::fs::FileExt::read_at(stat, &mut text, 0).unwrap();
    let stat = String::from_utf8_lossy(&text[..read]);
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn at_the_limit_of_open_files_accepting_pauses_instead_of_spinning() {
    let running = start(ConnectionLimits::default(), Echo::default());
    let hard = getrlimit(Resource::Nofile).maximum;
    let (mut held, _) = client(running.address).await;
    let stat = std::fs::File::open("/proc/self/stat").unwrap();
    // Room for the clients' ends of a few connections, but not for the server's.
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    let mut clients = Vec::new();
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 3), maximum: hard }).unwrap();
    while let Ok(socket) = TcpStream::connect(running.address).await {
        clients.push(socket);
    }
    let before = processor_ticks(&stat);
    sleep(Duration::from_secs(1)).await;
    let spent = processor_ticks(&stat) - before;
    assert!(running.counters.pauses() > 0);
    assert!(running.counters.pauses() < 20, "{} attempts in a second", running.counters.pauses());
    assert!(spent < 30, "{spent} of 100 ticks spent while nothing could be accepted");
    held.write_all(b"still served\n").await.unwrap();
    assert_eq!(line(&mut held).await, "still served\n");

    setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).unwrap();
    for socket in &mut clients {
        assert!(line(socket).await.starts_with("127.0.0.1 "), "those who waited are served afterwards");
    }
}

#[test]
fn errors_of_accepting_are_told_apart() {
    use rustix::io::Errno;
    for (errno, wanted) in [
        (Errno::MFILE, Trouble::Exhausted),
        (Errno::NFILE, Trouble::Exhausted),
        (Errno::NOBUFS, Trouble::Exhausted),
        (Errno::CONNABORTED, Trouble::OfOneConnection),
        (Errno::INVAL, Trouble::Unknown),
    ] {
        assert_eq!(trouble(&errno.into()), wanted);
    }
}
