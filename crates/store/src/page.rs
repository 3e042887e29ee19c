//! Lists a page at a time.
//!
//! A list is in one order that does not change, mostly the latest first, and a page ends with a cursor: the place behind which the next page
//! begins. What comes in meanwhile stands before it and moves nothing. A page may have fewer items than were asked for and a cursor all
//! the same: then one call has looked at as much as it may.

use std::fmt;
use std::str::FromStr;

/// Items of a page where no number is given.
pub const LIMIT_USUAL: usize = 50;

/// Items that one page has at most.
pub const LIMIT_MAX: usize = 500;

/// Rows that one call looks at, at most, to fill a page where a filter leaves most of them out.
pub const LOOKED_AT_MAX: usize = 20_000;

/// The same where each row has to be opened before the filter can say anything.
pub const OPENED_MAX: usize = 4_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Behind what the next page begins; none at the end of the list.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page with its items through `map`.
    ///
    /// # Errors
    /// What `map` gives.
    pub fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page { items: self.items.into_iter().map(map).collect::<Result<_, E>>()?, next: self.next })
    }
}

/// Items of a page for which `wanted` were asked.
#[must_use]
pub fn limit(wanted: Option<u32>) -> usize {
    wanted.map_or(LIMIT_USUAL, |wanted| usize::try_from(wanted).unwrap_or(LIMIT_MAX)).clamp(1, LIMIT_MAX)
}

/// A place in a list that goes by time and then by number, the latest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Number of the item.
    pub id: i64,
}

impl Cursor {
    /// Before the first item.
    pub const START: Self = Self { at: i64::MAX, id: i64::MAX };

    /// What a request gives, or the beginning.
    ///
    /// # Errors
    /// [`NoCursor`] for anything that no page has given.
    pub fn read(text: Option<&str>) -> Result<Self, NoCursor> {
        text.map_or(Ok(Self::START), str::parse)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.at, self.id)
    }
}

/// Text that is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no cursor; give the `next` of the page before, or leave it out to begin")]
pub struct NoCursor(pub String);

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let read = || {
            let (at, id) = text.trim().split_once('-')?;
            Some(Self { at: i64::from_str_radix(at, 16).ok()?, id: i64::from_str_radix(id, 16).ok()? })
        };
        read().ok_or_else(|| NoCursor(text.to_owned()))
    }
}

/// Fills a page from a list that is read in blocks.
///
/// `block` gives the rows behind a place, at most as many as it is told, each with its place; `keep` says what becomes of a row, none if
/// the filter leaves it out. Both get `from`, mostly the transaction. The list is asked until the page is full, the list is over, or `looked_at_max` rows were looked at.
///
/// # Errors
/// What `block` and `keep` give.
pub fn fill<X, C, R, T, E>(
    from: &mut X,
    mut after: C,
    (limit, looked_at_max): (usize, usize),
    mut block: impl FnMut(&mut X, &C, usize) -> Result<Vec<(C, R)>, E>,
    mut keep: impl FnMut(&mut X, R) -> Result<Option<T>, E>,
) -> Result<Page<T>, E>
where
    C: fmt::Display,
{
    let (mut items, mut looked_at, mut size) = (Vec::new(), 0, limit + 1);
    loop {
        let rows = block(from, &after, size)?;
        let is_over = rows.len() < size;
        looked_at += rows.len();
        for (place, row) in rows {
            if items.len() == limit {
                // There is more; whether it is wanted shows when it is asked for.
                return Ok(Page { items, next: Some(after.to_string()) });
            }
            items.extend(keep(from, row)?);
            after = place;
        }
        if is_over {
            return Ok(Page { items, next: None });
        }
        if looked_at >= looked_at_max {
            return Ok(Page { items, next: Some(after.to_string()) });
        }
        size = (size * 4).min(looked_at_max / 4).max(1);
    }
}

/// One page of several lists, each of which goes from the latest on; `place` says where an item stands.
///
/// # Errors
/// [`NoCursor`] if the next page of one of them begins behind no [`Cursor`].
pub fn merge<T>(pages: Vec<Page<T>>, limit: usize, place: impl Fn(&T) -> Cursor) -> Result<Page<T>, NoCursor> {
    let mut reached: Option<Cursor> = None;
    let mut items = Vec::new();
    for page in pages {
        let next: Option<Cursor> = page.next.as_deref().map(str::parse).transpose()?;
        reached = reached.max(next);
        items.extend(page.items);
    }
    items.sort_by_key(|item| std::cmp::Reverse(place(item)));
    // Further on, one list was looked at and another was not.
    items.retain(|item| reached.is_none_or(|reached| place(item) >= reached));
    let is_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| is_more).map(&place);
    Ok(Page { items, next: last.or(reached).map(|place| place.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(after: &Cursor, count: usize, least: i64) -> Vec<(Cursor, i64)> {
        (least..after.id).rev().take(count).map(|id| (Cursor { at: 0, id }, id)).collect()
    }

    fn page(after: Cursor, limit: usize, of: i64, wanted: impl Fn(i64) -> bool) -> Page<i64> {
        let after = Cursor { id: after.id.min(of), ..after };
        let block = |(): &mut (), after: &Cursor, count: usize| Ok::<_, NoCursor>(numbers(after, count, 0));
        fill(&mut (), after, (limit, LOOKED_AT_MAX), block, |(), id| Ok(wanted(id).then_some(id))).unwrap()
    }

    #[test]
    fn pages_follow_one_another_and_end() {
        let mut seen = Vec::new();
        let mut after = Cursor::START;
        loop {
            let page = page(after, 7, 100, |id| id % 3 == 0);
            assert!(page.items.len() <= 7);
            seen.extend(page.items);
            match page.next {
                Some(next) => after = next.parse().unwrap(),
                None => break,
            }
        }
        assert_eq!(seen, (0..100).rev().filter(|id| id % 3 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_last_page_says_so() {
        assert_eq!(page(Cursor::START, 10, 10, |_| true).next, None);
        assert!(page(Cursor::START, 9, 10, |_| true).next.is_some());
    }

    #[test]
    fn one_call_looks_at_so_much_only() {
        let rows = i64::try_from(LOOKED_AT_MAX).unwrap() * 3;
        let first = page(Cursor::START, 10, rows, |id| id == 5);
        assert!(first.items.is_empty());
        let reached: Cursor = first.next.unwrap().parse().unwrap();
        assert!(reached.id > 5 && reached.id < rows, "it goes on where it stopped");
    }

    #[test]
    fn lists_are_put_together_in_order() {
        let of = |ids: &[i64], next: Option<i64>| Page {
            items: ids.to_vec(),
            next: next.map(|id| Cursor { at: 0, id }.to_string()),
        };
        let place = |id: &i64| Cursor { at: 0, id: *id };
        let both = merge(vec![of(&[9, 7, 5], Some(5)), of(&[8, 2], None)], 10, place).unwrap();
        assert_eq!(both, of(&[9, 8, 7, 5], Some(5)), "2 comes when the first list has been looked at so far");
        let first = merge(vec![of(&[9, 7], None), of(&[8, 2], None)], 3, place).unwrap();
        assert_eq!(first, of(&[9, 8, 7], Some(7)));
        assert_eq!(merge(vec![of(&[2], None)], 3, place).unwrap(), of(&[2], None));
    }

    #[test]
    fn cursors_are_read_as_they_are_written() {
        let cursor = Cursor { at: 1_800_000_000_000, id: 42 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!(Cursor::read(None), Ok(Cursor::START));
        assert_eq!(Cursor::START.to_string().parse(), Ok(Cursor::START));
        for wrong in ["", "12", "x-y", "12-"] {
            assert!(Cursor::read(Some(wrong)).is_err(), "{wrong}");
        }
        assert_eq!([limit(None), limit(Some(0)), limit(Some(7)), limit(Some(u32::MAX))], [50, 1, 7, LIMIT_MAX]);
    }
}
