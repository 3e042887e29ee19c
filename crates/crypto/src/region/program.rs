//! A holder that is a program: the adapter to any service of keys (KMS).

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use super::holder::{Holder, HolderError};

/// A program that is called with `wrap` or `unwrap` as its last argument, gets Base64 on its input and answers in Base64. It must end by itself.
#[derive(Debug, Clone)]
pub struct Program(Vec<String>);

impl Program {
    /// The program and its arguments.
    ///
    /// # Errors
    /// [`HolderError`] if none is named.
    pub fn new(command: Vec<String>) -> Result<Self, HolderError> {
        if command.is_empty() {
            let why = "no program is named; set keys.command".to_owned();
            return Err(HolderError { holder: "program".to_owned(), doing: "unwrap", why });
        }
        Ok(Self(command))
    }

    fn ask(&self, doing: &'static str, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, HolderError> {
        let holder = self.0.first().cloned().unwrap_or_default();
        let failed = |why: String| HolderError { holder: format!("the program {holder}"), doing, why };
        let mut child = Command::new(&holder)
            .args(self.0.get(1..).unwrap_or_default())
            .arg(doing)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("it cannot be started ({error}); correct keys.command")))?;
        let question = Zeroizing::new(STANDARD.encode(bytes));
        if let Some(mut input) = child.stdin.take() {
            // What is short enough for the pipe is taken whether the program reads or not; one that does not read says so by its answer.
            let _ = input.write_all(question.as_bytes());
        }
        let mut said = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        let answer = std::str::from_utf8(&said.stdout).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
        said.stdout.zeroize();
        match answer {
            Some(answer) if said.status.success() && !answer.is_empty() => Ok(Zeroizing::new(answer)),
            _ => {
                let complaint = String::from_utf8_lossy(&said.stderr);
                Err(failed(format!("it ended with {} and said {:?}", said.status, complaint.trim())))
            }
        }
    }
}

impl Holder for Program {
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, HolderError> {
        Ok(self.ask("wrap", plain)?.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, HolderError> {
        self.ask("unwrap", wrapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned(), "holder".to_owned()]).unwrap()
    }

    #[test]
    fn a_program_wraps_and_unwraps() {
        // Base64 twice, and once back.
        let twice = shell("case $1 in wrap) base64 -w0;; unwrap) base64 -d;; esac");
        let wrapped = twice.wrap(b"the key").unwrap();
        assert_ne!(wrapped, b"the key");
        assert_eq!(twice.unwrap(&wrapped).unwrap().as_slice(), b"the key");
    }

    #[test]
    fn what_a_program_complains_of_is_told() {
        let error = shell("cat >/dev/null; echo no such key >&2; exit 3").unwrap(b"x").unwrap_err().to_string();
        assert!(error.contains("no such key") && error.contains('3'), "{error}");
        assert!(shell("cat >/dev/null; echo '%%'").unwrap(b"x").is_err(), "what is no Base64");
        assert!(shell("cat >/dev/null").wrap(b"x").is_err(), "an empty answer");
        let missing = Program::new(vec!["/nonexistent/holder".to_owned()]).unwrap().wrap(b"x").unwrap_err();
        assert!(missing.to_string().contains("keys.command"), "{missing}");
        assert!(Program::new(Vec::new()).is_err());
    }
}
