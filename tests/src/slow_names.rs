use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::{Bind, Outcome};

/// Between two looks at whether the test is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longest wait for the name server's answer to one question.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Octets of a question or an answer.
const OCTETS_MAX: usize = 65_535;

/// Stands before a [`Bind`], by UDP alone, and answers about one zone late or never.
pub struct SlowNames {
    /// Where it answers.
    pub address: SocketAddr,
    is_done: Arc<AtomicBool>,
}

impl SlowNames {
    /// Answers about names that hold `label` come after `delay`, or never if there is none; others at once.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn before(names: &Bind, label: &str, delay: Option<Duration>) -> Outcome<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(LOOK_EVERY))?;
        let address = socket.local_addr()?;
        let is_done = Arc::new(AtomicBool::new(false));
        let (done, there, label) = (Arc::clone(&is_done), names.address, label.to_owned());
        thread::spawn(move || {
            let socket = Arc::new(socket);
            let mut question = vec![0; OCTETS_MAX];
            while !done.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut question) else { continue };
                let question = question[..length].to_vec();
                let is_slow = memchr::memmem::find(&question.to_ascii_lowercase(), label.as_bytes()).is_some();
                let wait = if is_slow { delay } else { Some(Duration::ZERO) };
                let (Some(wait), socket) = (wait, Arc::clone(&socket)) else { continue };
                thread::spawn(move || {
                    thread::sleep(wait);
                    // A question that is not answered is asked again.
                    drop(pass_on(&question, &socket, from, there));
                });
            }
        });
        Ok(Self { address, is_done })
    }
}

impl Drop for SlowNames {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

/// Asks `question` at `there`, and sends the answer back to `from`.
pub(crate) fn pass_on(question: &[u8], socket: &UdpSocket, from: SocketAddr, there: SocketAddr) -> Outcome {
    let onward = UdpSocket::bind("127.0.0.1:0")?;
    onward.set_read_timeout(Some(ANSWER_WAIT))?;
    onward.send_to(question, there)?;
    let mut answer = vec![0; OCTETS_MAX];
    let length = onward.recv(&mut answer)?;
    socket.send_to(&answer[..length], from)?;
    Ok(())
}
