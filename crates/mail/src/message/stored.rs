//! The reader below the views: numbers, texts and lists in stored octets.

use std::fmt;

use super::view::{DecodeError, Outcome};

/// A list in stored octets, read as it is walked. Walking ends early where the octets are damaged.
pub struct List<'a, T> {
    count: usize,
    octets: &'a [u8],
    read: fn(&mut Reader<'a>) -> Outcome<T>,
}

impl<'a, T> List<'a, T> {
    pub(super) fn new(count: usize, octets: &'a [u8], read: fn(&mut Reader<'a>) -> Outcome<T>) -> Self {
        Self { count, octets, read }
    }

    /// How many elements there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Walks the elements.
    #[must_use]
    pub const fn iter(&self) -> ListIter<'a, T> {
        ListIter { left: self.count, reader: Reader(self.octets), read: self.read }
    }

    /// Copies the elements out; an error if walking ends early.
    pub(super) fn owned<U>(self, copy: impl Fn(T) -> U) -> Outcome<Vec<U>> {
        let found: Vec<U> = self.iter().map(copy).collect();
        if found.len() == self.count { Ok(found) } else { Err(DecodeError::Damaged) }
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

/// Walks a [`List`].
pub struct ListIter<'a, T> {
    left: usize,
    reader: Reader<'a>,
    read: fn(&mut Reader<'a>) -> Outcome<T>,
}

impl<T> Iterator for ListIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let read = (self.read)(&mut self.reader);
        if read.is_err() {
            self.left = 0;
        }
        read.ok()
    }
}

/// Takes values from the front of stored octets.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn octet(&mut self) -> Outcome<u8> {
        let (first, rest) = self.0.split_first().ok_or(DecodeError::Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Outcome<u64> {
        let first = self.octet()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut number = u64::from(first & 0x7f);
        for shift in (7..63).step_by(7) {
            let octet = self.octet()?;
            number |= u64::from(octet & 0x7f) << shift;
            if octet < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Damaged)
    }

    pub(super) fn length(&mut self) -> Outcome<usize> {
        usize::try_from(self.number()?).map_err(|_| DecodeError::Damaged)
    }

    /// A number of 32 bits beyond `from`.
    pub(super) fn offset(&mut self, from: u32) -> Outcome<u32> {
        let number = u32::try_from(self.number()?).map_err(|_| DecodeError::Damaged)?;
        from.checked_add(number).ok_or(DecodeError::Damaged)
    }

    pub(super) fn millis(&mut self) -> Outcome<i64> {
        let octets = self.take(8)?;
        octets.try_into().map(i64::from_le_bytes).map_err(|_| DecodeError::Damaged)
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Outcome<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn text(&mut self) -> Outcome<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Damaged)
    }

    /// A text that is there only if `is_there`.
    pub(super) fn text_if(&mut self, is_there: bool) -> Outcome<Option<&'a str>> {
        if is_there { self.text().map(Some) } else { Ok(None) }
    }

    #[inline]
    pub(super) fn optional(&mut self) -> Outcome<Option<&'a str>> {
        match self.length()?.checked_sub(1) {
            None => Ok(None),
            Some(length) => std::str::from_utf8(self.take(length)?).map(Some).map_err(|_| DecodeError::Damaged),
        }
    }

    /// A list that says how many octets it has.
    pub(super) fn counted<T>(&mut self, read: fn(&mut Self) -> Outcome<T>) -> Outcome<List<'a, T>> {
        let count = self.length()?;
        let octets = self.length()?;
        Ok(List::new(count, self.take(octets)?, read))
    }
}
