//! What goes between the server and a worker: frames with their length in front, one request, one answer.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::confine::Confinement;
use crate::report::Report;

/// Octets of one part that are looked at.
pub const PART_OCTETS_MAX: usize = 48 << 20;

/// Words that are tried as passwords.
pub const WORDS_MAX: usize = 64;

/// Octets of what goes before a part.
const HEAD_OCTETS_MAX: usize = 64 * 1024;

/// Octets of an answer: texts escaped, and all the rest.
const ANSWER_OCTETS_MAX: usize = 8 << 20;

/// What is asked of a worker, before the octets of the part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The part's name.
    pub(crate) name: String,
    /// The type that the sender declares.
    pub(crate) declared: String,
    /// Words of the message that may be passwords.
    pub(crate) words: Vec<String>,
    /// Milliseconds after which the worker ends by itself what it is looking at.
    pub(crate) patience_ms: u64,
    /// Names files in files and opens nothing else: for a part that a closer look did not survive.
    pub(crate) names_only: bool,
    /// Also gives the pictures in which there may be text.
    #[serde(default)]
    pub(crate) wants_pictures: bool,
    /// Something to be done instead of looking; heeded by a worker that was started to be tried.
    pub(crate) trial: Option<Trial>,
}

/// What a confined process must not be able to do, or must not take others along with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// Opens a file for reading.
    OpenFile,
    /// Makes a file.
    MakeFile,
    /// Connects to a port of this machine.
    Connect,
    /// Starts a process.
    StartProcess,
    /// Starts a thread.
    StartThread,
    /// Takes memory until there is none.
    TakeMemory,
    /// A parser panics.
    Panic,
    /// A parser does not end.
    Loop,
    /// The part is looked at, and the reader of each text in it does not end.
    LoopOverTexts,
    /// A parser uses up the stack.
    Recurse,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It is confined and waits.
    Ready(Confinement),
    /// It could not be confined.
    Unconfined(String),
    /// What it found.
    Report(Report),
    /// A trial was carried out, though it must not be possible.
    Escaped,
    /// A trial was refused.
    Held,
}

/// Writes one frame.
pub(crate) fn write_frame(to: &mut impl Write, octets: &[u8]) -> io::Result<()> {
    let length = u32::try_from(octets.len()).map_err(|_| too_long())?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(octets)
}

/// Reads one frame of at most `octets_max`; none where the other side has ended.
pub(crate) fn read_frame(from: &mut impl Read, octets_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read(&mut length)? {
        0 => return Ok(None),
        got => from.read_exact(length.get_mut(got..).unwrap_or_default())?,
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > octets_max {
        return Err(too_long());
    }
    // Grows with what really comes.
    let mut octets = Vec::with_capacity(length.min(1 << 20));
    from.take(length as u64).read_to_end(&mut octets)?;
    if octets.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(octets))
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame is longer than its limit")
}

/// Writes a request: what is asked, then the octets.
pub(crate) fn write_request(to: &mut impl Write, head: &Head, octets: &[u8]) -> io::Result<()> {
    write_frame(to, &serde_json::to_vec(head)?)?;
    write_frame(to, octets)?;
    to.flush()
}

/// Reads a request; none where the server has ended.
pub(crate) fn read_request(from: &mut impl Read) -> io::Result<Option<(Head, Vec<u8>)>> {
    let Some(head) = read_frame(from, HEAD_OCTETS_MAX)? else { return Ok(None) };
    let octets = read_frame(from, PART_OCTETS_MAX)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some((serde_json::from_slice(&head)?, octets)))
}

/// Writes an answer.
pub(crate) fn write_answer(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    write_frame(to, &serde_json::to_vec(answer)?)?;
    to.flush()
}

/// Reads an answer and brings it within the limits of an honest one.
pub(crate) fn read_answer(from: &mut impl Read) -> io::Result<Answer> {
    let octets = read_frame(from, ANSWER_OCTETS_MAX)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut answer = serde_json::from_slice(&octets)?;
    if let Answer::Report(report) = &mut answer {
        report.bound();
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{File, Link, Place, Text};

    #[test]
    fn a_request_goes_through_whole() {
        let head = Head { name: "a.zip".into(), words: vec!["secret".into()], patience_ms: 5, ..Head::default() };
        let mut wire = Vec::new();
        write_request(&mut wire, &head, b"octets").unwrap();
        let mut from = wire.as_slice();
        assert_eq!(read_request(&mut from).unwrap(), Some((head, b"octets".to_vec())));
        assert_eq!(read_request(&mut from).unwrap(), None);
    }

    #[test]
    fn a_frame_that_claims_too_much_is_refused_unread() {
        assert!(read_frame(&mut [0xff_u8; 8].as_slice(), 1024).is_err());
        assert!(read_frame(&mut [0, 0, 0, 9, 1].as_slice(), 1024).is_err());
        assert!(read_request(&mut [0, 0, 0, 2, b'{', b'}'].as_slice()).is_err());
    }

    #[test]
    fn an_answer_beyond_its_limits_is_cut() {
        let mut report = Report { files: vec![File::default()], ..Report::default() };
        let link = Link { file: 0, url: "u".repeat(10_000), label: String::new(), place: Place::Document };
        report.links = vec![link.clone(); 400];
        report.links.push(Link { file: 7, ..link });
        report.texts = vec![Text { file: 0, text: "é".repeat(200_000), is_page: false, is_recognised: false }; 4];
        let mut wire = Vec::new();
        write_answer(&mut wire, &Answer::Report(report)).unwrap();
        let Answer::Report(report) = read_answer(&mut wire.as_slice()).unwrap() else { panic!() };
        assert_eq!(report.links.len(), crate::LINKS_MAX);
        assert!(report.links[0].url.len() <= crate::URL_CHARS_MAX);
        assert!(report.texts.iter().map(|text| text.text.len()).sum::<usize>() <= crate::TEXT_OCTETS_MAX);
    }
}
