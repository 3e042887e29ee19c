//! Results of SEARCH, SORT and THREAD.

use super::Writer;
use super::text::{write_number, write_set, write_string};
use crate::imap::sequence::NumberSet;

/// What ESEARCH tells (RFC 4731); only what is set is written. With nothing found, only `count`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SearchResult<'a> {
    /// MIN
    pub min: Option<u32>,
    /// MAX
    pub max: Option<u32>,
    /// COUNT
    pub count: Option<u64>,
    /// ALL; left out when empty.
    pub all: Option<&'a NumberSet>,
    /// MODSEQ (RFC 7162 section 3.1.5)
    pub mod_seq: Option<u64>,
}

/// A message in a thread, or a gap that holds several together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreadNode {
    /// The message's number or UID; `None` for a message that is not there.
    pub number: Option<u32>,
    /// Positions of the answers to it, in order.
    pub children: Vec<usize>,
}

impl Writer<'_> {
    /// `* SEARCH` (RFC 3501 section 7.2.5), with MODSEQ where the search named one.
    pub fn search(&mut self, numbers: impl IntoIterator<Item = u32>, mod_seq: Option<u64>) {
        self.out.extend_from_slice(b"* SEARCH");
        self.numbers(numbers);
        if let Some(mod_seq) = mod_seq {
            self.out.extend_from_slice(b" (MODSEQ ");
            write_number(self.out, mod_seq);
            self.out.push(b')');
        }
        self.end_line();
    }

    /// `* SORT` (RFC 5256)
    pub fn sort(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.out.extend_from_slice(b"* SORT");
        self.numbers(numbers);
        self.end_line();
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            self.out.push(b' ');
            write_number(self.out, u64::from(number));
        }
    }

    /// `* ESEARCH` (RFC 9051 section 7.3.4)
    pub fn esearch(&mut self, tag: &str, uid: bool, result: &SearchResult<'_>) {
        self.out.extend_from_slice(b"* ESEARCH (TAG ");
        write_string(self.out, tag, false);
        self.out.push(b')');
        if uid {
            self.out.extend_from_slice(b" UID");
        }
        let numbers = [
            (" MIN ", result.min.map(u64::from)),
            (" MAX ", result.max.map(u64::from)),
            (" COUNT ", result.count),
            (" MODSEQ ", result.mod_seq),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                self.out.extend_from_slice(name.as_bytes());
                write_number(self.out, number);
            }
        }
        if let Some(all) = result.all.filter(|all| !all.is_empty()) {
            self.out.extend_from_slice(b" ALL ");
            write_set(self.out, all);
        }
        self.end_line();
    }

    /// `* THREAD` (RFC 5256 section 4). Each node belongs to one thread; no recursion, however long the thread.
    pub fn thread(&mut self, nodes: &[ThreadNode], roots: &[usize]) {
        enum Task {
            Open(usize),
            Close,
        }
        self.out.extend_from_slice(b"* THREAD");
        if !roots.is_empty() {
            self.out.push(b' ');
        }
        let mut tasks: Vec<Task> = roots.iter().rev().map(|root| Task::Open(*root)).collect();
        // Each node is opened or passed once: a cycle ends the response instead of growing it.
        let mut left = nodes.len();
        while let Some(task) = tasks.pop() {
            let Task::Open(mut at) = task else {
                self.out.push(b')');
                continue;
            };
            self.out.push(b'(');
            tasks.push(Task::Close);
            let start = self.out.len();
            while let Some(node) = nodes.get(at).filter(|_| left > 0) {
                left -= 1;
                if let Some(number) = node.number {
                    if self.out.len() > start {
                        self.out.push(b' ');
                    }
                    write_number(self.out, u64::from(number));
                }
                if let [only] = node.children[..] {
                    at = only;
                    continue;
                }
                if self.out.len() > start && !node.children.is_empty() {
                    self.out.push(b' ');
                }
                tasks.extend(node.children.iter().rev().map(|child| Task::Open(*child)));
                break;
            }
        }
        self.end_line();
    }
}
