//! Lists of leaked passwords: a sorted file of hashes, searched where it lies, or the answer of a server that is only told the first five
//! digits of the hash.

use std::io::{self, Read, Seek, SeekFrom};

use aws_lc_rs::digest;
use md4::{Digest as _, Md4};
use zeroize::Zeroizing;

/// Digits of a hash that a server of ranges is told.
pub const PREFIX_DIGITS: usize = 5;

/// Bytes of a file read at once: many lines.
const BLOCK_BYTES: usize = 4_096;

/// Longest line of a list that is understood.
const LINE_BYTES_MAX: usize = 256;

/// Hashes that lists are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashForm {
    /// SHA-1 of the password in UTF-8: 40 digits.
    Sha1,
    /// MD4 of the password in UTF-16, as Windows keeps it: 32 digits.
    Ntlm,
}

impl HashForm {
    /// The hash of `password` in upper-case hexadecimal digits, as in lists.
    #[must_use]
    pub fn hash(self, password: &str) -> String {
        let bytes = match self {
            Self::Sha1 => digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref().to_vec(),
            Self::Ntlm => {
                let wide: Zeroizing<Vec<u8>> =
                    Zeroizing::new(password.encode_utf16().flat_map(u16::to_le_bytes).collect());
                Md4::digest(wide.as_slice()).to_vec()
            }
        };
        crate::hex::lower(&bytes).to_ascii_uppercase()
    }
}

/// Whether `hash` is in a list: lines `HASH` or `HASH:count`, sorted, with whole hashes or with prefixes of one length. Reads
/// some blocks of the file whatever its size.
///
/// # Errors
/// That of the file, or [`io::ErrorKind::InvalidData`] if it is no such list.
pub fn is_listed(list: &mut (impl Read + Seek), hash: &str) -> io::Result<bool> {
    // Lines that begin before `low` are below the hash, those that begin at `high` or later are above it.
    let mut low = 0;
    let mut high = list.seek(SeekFrom::End(0))?;
    while low < high {
        let middle = low + (high - low) / 2;
        let Some((start, line, next)) = line_from(list, middle, low)? else {
            high = middle;
            continue;
        };
        let listed = hash_of_line(&line)?;
        if hash.get(..listed.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(listed)) {
            return Ok(true);
        }
        if start >= high {
            high = middle;
        } else if listed.to_ascii_uppercase().as_str() < hash {
            low = next;
        } else {
            high = middle;
        }
    }
    Ok(false)
}

/// The first line that begins at `from` or later, or at `low` if that is `from`: where it begins, its text, where the next one begins.
fn line_from(list: &mut (impl Read + Seek), from: u64, low: u64) -> io::Result<Option<(u64, String, u64)>> {
    // A line begins at `from` if a line break stands before it; `low` is known to begin one.
    let seek = if from == low { from } else { from - 1 };
    list.seek(SeekFrom::Start(seek))?;
    let mut block = vec![0; BLOCK_BYTES];
    let read = read_block(list, &mut block)?;
    let block = block.get(..read).unwrap_or_default();
    let skipped = if from == low {
        0
    } else {
        match block.iter().position(|&byte| byte == b'\n') {
            Some(at) => at + 1,
            None if read == BLOCK_BYTES => return Err(no_list("a line is too long")),
            None => return Ok(None),
        }
    };
    let rest = block.get(skipped..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    if length > LINE_BYTES_MAX {
        return Err(no_list("a line is too long"));
    }
    let text = rest.get(..length).unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| no_list("a line is no text"))?;
    let start = seek + skipped as u64;
    Ok(Some((start, text.trim_end().to_owned(), start + length as u64 + 1)))
}

fn read_block(list: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
        match list.read(room)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn hash_of_line(line: &str) -> io::Result<&str> {
    let hash = line.split(':').next().unwrap_or_default();
    let is_hash = hash.len() >= PREFIX_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(hash) } else { Err(no_list("a line is not HASH or HASH:count")) }
}

fn no_list(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a sorted list of password hashes: {why}"))
}

/// Whether the answer of a server of ranges, lines `SUFFIX:count`, has the rest of `hash`. Lines with count 0 are padding.
#[must_use]
pub fn is_in_range(answer: &str, hash: &str) -> bool {
    let suffix = hash.get(PREFIX_DIGITS..).unwrap_or_default();
    answer.lines().filter_map(|line| line.trim().split_once(':')).any(|(listed, count)| {
        listed.eq_ignore_ascii_case(suffix) && count.trim().parse::<u64>().is_ok_and(|count| count > 0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn list(form: HashForm, digits: usize, count: bool) -> Cursor<Vec<u8>> {
        let mut lines: Vec<String> =
            (0..1_000).map(|i| form.hash(&format!("leaked{i}"))[..digits].to_owned()).collect();
        lines.sort();
        let lines = lines.iter().map(|line| if count { format!("{line}:17\r\n") } else { format!("{line}\n") });
        Cursor::new(lines.collect::<String>().into_bytes())
    }

    #[test]
    fn hashes_are_those_that_lists_have() {
        assert_eq!(HashForm::Sha1.hash("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!(HashForm::Ntlm.hash("password"), "8846F7EAEE8FB117AD06BDD830B7586C");
    }

    #[test]
    fn every_listed_password_is_found_and_no_other() {
        for form in [HashForm::Sha1, HashForm::Ntlm] {
            let whole = form.hash("x").len();
            for (digits, count) in [(whole, true), (whole, false), (16, false)] {
                let mut list = list(form, digits, count);
                for i in 0..1_000 {
                    assert!(is_listed(&mut list, &form.hash(&format!("leaked{i}"))).unwrap(), "{i}");
                    assert!(!is_listed(&mut list, &form.hash(&format!("kept{i}"))).unwrap(), "{i}");
                }
            }
        }
    }

    #[test]
    fn short_lists_and_files_that_are_none() {
        let hash = HashForm::Sha1.hash("password");
        for (text, listed) in [
            (String::new(), false),
            (format!("{hash}:3"), true),
            (format!("{hash}\n"), true),
            (format!("{}\n", hash.to_lowercase()), true),
            (format!("0000000000000000000000000000000000000000:1\n{hash}:3"), true),
            (format!("{hash}:3\nFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:1\n"), true),
        ] {
            assert_eq!(is_listed(&mut Cursor::new(text.as_bytes()), &hash).unwrap(), listed, "{text}");
        }
        for text in ["password\nqwerty\n", "\n\n\n", "5BAA61E4 17\n"] {
            let error = is_listed(&mut Cursor::new(text.as_bytes()), &hash).unwrap_err();
            assert!(error.to_string().contains("not a sorted list"), "{error}");
        }
        assert!(is_listed(&mut Cursor::new(vec![b'A'; 10_000]), &hash).is_err());
    }

    #[test]
    fn a_range_answers_with_the_rest_of_the_hash_and_padding() {
        let hash = HashForm::Sha1.hash("password");
        let answer = "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n";
        assert!(is_in_range(answer, &hash));
        assert!(!is_in_range(answer, &HashForm::Sha1.hash("Password")));
        assert!(!is_in_range("1E4C9B93F3F0682250B6CF8331B7EE68FD8:0\r\n", &hash), "padding");
        assert!(!is_in_range("<html>", &hash));
    }
}
