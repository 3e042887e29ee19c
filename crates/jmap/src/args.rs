//! Arguments of a call, taken one by one; what is left over is an error (RFC 8620 section 3.6.2, `invalidArguments`).

use serde_json::Value;
use wire::jmap::Object;

use crate::error::Failure;

/// Largest number that JSON carries exactly (RFC 8620 section 1.3).
const INT_MAX: u64 = (1 << 53) - 1;

/// Arguments of a call.
pub(crate) struct Args(Object);

impl Args {
    pub(crate) const fn new(arguments: Object) -> Self {
        Self(arguments)
    }

    /// All of them, as they are.
    pub(crate) fn into_all(self) -> Object {
        self.0
    }

    /// The argument, whatever it is; null is none.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::invalid(format!("{name} must be a string"))),
        }
    }

    pub(crate) fn need_text(&mut self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| Failure::invalid(format!("{name} is missing")))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Failure> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Failure::invalid(format!("{name} must be true or false"))),
        }
    }

    /// An `UnsignedInt`.
    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, Failure> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| *number <= INT_MAX);
        number.map(Some).ok_or_else(|| Failure::invalid(format!("{name} must be a whole number from 0 to 2^53-1")))
    }

    /// An `Int`.
    pub(crate) fn int(&mut self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_i64().filter(|number| number.unsigned_abs() <= INT_MAX);
        number.map(Some).ok_or_else(|| Failure::invalid(format!("{name} must be a whole number")))
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let wrong = || Failure::invalid(format!("{name} must be a list of strings"));
        let Value::Array(items) = value else { return Err(wrong()) };
        let texts: Option<Vec<String>> =
            items.into_iter().map(|item| if let Value::String(text) = item { Some(text) } else { None }).collect();
        texts.map(Some).ok_or_else(wrong)
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Object>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(Failure::invalid(format!("{name} must be an object"))),
        }
    }

    /// As [`Self::finish`], for those who keep the arguments.
    pub(crate) fn check_finished(&self) -> Result<(), Failure> {
        match self.0.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::invalid(format!("the method has no argument {name:?}"))),
        }
    }

    /// Refuses arguments that nobody took.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.check_finished()
    }
}
