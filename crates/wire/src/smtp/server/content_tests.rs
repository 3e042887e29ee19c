use proptest::prelude::*;

use super::Limits;
use super::content::{Collector, DataReader, Fault, Progress};

fn limits() -> Limits {
    Limits { size_bytes_max: 40, oversize_bytes_max: 30, text_line_bytes_max: 20, ..Limits::default() }
}

/// What became of a message, and how many octets it took.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Flood,
    Came(Result<Vec<u8>, Fault>, usize),
}

fn read(pieces: &[&[u8]]) -> Outcome {
    let limits = limits();
    let mut reader = DataReader::new(Collector::new(&limits, limits.size_bytes_max, 10), &limits);
    let mut taken = 0;
    for piece in pieces {
        taken += reader.push(piece);
        match reader.progress() {
            Progress::More => {}
            Progress::Flood => return Outcome::Flood,
            Progress::Done => return Outcome::Came(reader.finish(), taken),
        }
    }
    Outcome::Open
}

/// The same, in the plainest way.
fn read_plainly(input: &[u8]) -> Outcome {
    let limits = limits();
    let wire = [b"\r\n".as_slice(), input].concat();
    let Some(end) = wire.windows(5).position(|five| five == b"\r\n.\r\n") else {
        return if input.len() > 70 { Outcome::Flood } else { Outcome::Open };
    };
    if end + 3 > 70 {
        return Outcome::Flood;
    }
    let mut body = Vec::new();
    let mut at_start = true;
    for (at, byte) in wire[2..end + 2].iter().enumerate() {
        if !(at_start && *byte == b'.') {
            body.push(*byte);
        }
        at_start = *byte == b'\n' && wire[at + 1] == b'\r';
    }
    let text = String::from_utf8(body.clone()).unwrap();
    let bare = text.replace("\r\n", "").contains(['\r', '\n']);
    let result = if body.len() as u64 > limits.size_bytes_max {
        Err(Fault::TooBig)
    } else if bare {
        Err(Fault::BareLineEnd)
    } else if body.contains(&0) {
        Err(Fault::Nul)
    } else if text.split_inclusive('\n').any(|line| line.len() > limits.text_line_bytes_max) {
        Err(Fault::LongLine)
    } else {
        Ok(body)
    };
    Outcome::Came(result, end + 3)
}

#[test]
fn only_crlf_dot_crlf_ends_a_message() {
    let came = |text: &[u8], taken| Outcome::Came(Ok(text.to_vec()), taken);
    assert_eq!(read(&[b".\r\n"]), came(b"", 3));
    assert_eq!(read(&[b"a\r\n.\r\nQUIT\r\n"]), came(b"a\r\n", 6));
    assert_eq!(read(&[b"..a\r\n...\r\n.\r\n"]), came(b".a\r\n..\r\n", 13));
    for smuggled in
        ["a\n.\n", "a\r\n.\n", "a\n.\r\n", "a\r.\r", "a\r\n\0.\r\n", "a\r\n.\r\0\n", "a\r.\r\n", "a\r\r\n.\r"]
    {
        assert_eq!(read(&[smuggled.as_bytes()]), Outcome::Open, "{smuggled:?}");
    }
    assert_eq!(read(&[b"a\n.\n\r\n.\r\n"]), Outcome::Came(Err(Fault::BareLineEnd), 9));
    assert_eq!(read(&[b".\r", b"a\r\n.\r\n"]), Outcome::Came(Err(Fault::BareLineEnd), 8));
    assert_eq!(read(&[b"\0\r\n.\r\n"]), Outcome::Came(Err(Fault::Nul), 6));
}

#[test]
fn nothing_is_held_of_a_faulty_message() {
    let limits = limits();
    let mut reader = DataReader::new(Collector::new(&limits, limits.size_bytes_max, 10), &limits);
    reader.push(b"some text\r\n");
    assert_eq!(reader.bytes_held(), 11);
    reader.push(b"and a bare \n");
    assert_eq!(reader.bytes_held(), 0);
}

/// Not a test of correctness: run with `--release -- --ignored --nocapture` to see the cost.
#[test]
#[ignore = "prints how long a message takes; for the record in docs/benchmarks.md"]
fn cost_of_ten_kilobytes() {
    let text = b"A line of ordinary text, as long as lines of mail mostly are, not wider.\r\n".repeat(140);
    let message = [text.as_slice(), b".\r\n"].concat();
    let limits = Limits::default();
    let rounds = 20_000;
    let start = std::time::Instant::now();
    let mut held = 0;
    for _ in 0..rounds {
        let mut reader = DataReader::new(Collector::new(&limits, limits.size_bytes_max, 16 * 1024), &limits);
        for piece in message.chunks(8192) {
            reader.push(piece);
        }
        held += reader.finish().unwrap().len();
    }
    println!("{} octets: {:?} each", held / rounds, start.elapsed() / rounds as u32);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]
    #[test]
    fn splits_do_not_matter_and_the_plain_way_agrees(
        text in "(\r\n|\r\n\\.|\r\n\\.\r\n|[a.\r\n\0]){0,40}", cuts in proptest::collection::vec(0usize..80, 0..8)
    ) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let plainly = read_plainly(bytes);
        prop_assert_eq!(read(&[bytes]), read_plainly(bytes));
        prop_assert_eq!(read(&pieces), plainly);
    }
}
