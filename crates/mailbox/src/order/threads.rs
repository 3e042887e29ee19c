//! The threading algorithms of RFC 5256.

use std::collections::HashMap;

use env::Timestamp;

use super::OrderKey;

/// A message in a thread, or the place of one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreadNode {
    /// Position of the message among the keys; none for a message that is not there.
    pub message: Option<usize>,
    /// Positions of the answers among the nodes, in order.
    pub children: Vec<usize>,
}

/// Threads by subject alone (RFC 5256 section 3, ORDEREDSUBJECT): the nodes and the positions of the roots among them.
#[must_use]
pub fn by_subject(keys: &[OrderKey]) -> (Vec<ThreadNode>, Vec<usize>) {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|at| keys.get(*at).map(|key| (key.date, key.uid)));
    let mut nodes: Vec<ThreadNode> =
        (0..keys.len()).map(|at| ThreadNode { message: Some(at), children: Vec::new() }).collect();
    let mut first_of: HashMap<&str, usize> = HashMap::new();
    let mut roots = Vec::new();
    for at in order {
        let Some(key) = keys.get(at) else { continue };
        match first_of.get(key.subject.as_str()) {
            Some(root) => nodes.get_mut(*root).into_iter().for_each(|root| root.children.push(at)),
            None => {
                first_of.insert(&key.subject, at);
                roots.push(at);
            }
        }
    }
    (nodes, roots)
}

/// Threads by references (RFC 5256 section 3, REFERENCES): the nodes and the positions of the roots among them.
#[must_use]
pub fn by_references(keys: &[OrderKey]) -> (Vec<ThreadNode>, Vec<usize>) {
    let mut forest = Forest::default();
    for (at, key) in keys.iter().enumerate() {
        forest.add(at, key);
    }
    let roots = forest.pass_over_empty();
    forest.join_subjects(roots);
    forest.into_threads()
}

/// Ancestors that are looked at before one more answer is put below them; a deeper one begins a thread of its own, which the
/// subject joins to the first.
const CLIMB_MAX: usize = 1_024;

/// Messages and places of messages that are not there, each knowing its parent alone.
#[derive(Default)]
struct Forest<'k> {
    nodes: Vec<Node<'k>>,
    by_id: HashMap<&'k str, usize>,
}

#[derive(Default, Clone)]
struct Node<'k> {
    message: Option<usize>,
    parent: Option<usize>,
    /// The message's key; of an empty root, its earliest child's.
    lead: Option<&'k OrderKey>,
    /// It is a root without message that has children.
    joins: bool,
}

impl<'k> Forest<'k> {
    /// Steps 1 and 2: the chain of the message's references, and the message at its end.
    fn add(&mut self, at: usize, key: &'k OrderKey) {
        let own = match &key.message_id {
            Some(id) => {
                let known = self.place_of(id);
                // Two messages with one identifier: the second gets a place of its own.
                if self.node(known).is_some_and(|node| node.message.is_some()) { self.new_place() } else { known }
            }
            None => self.new_place(),
        };
        if let Some(node) = self.nodes.get_mut(own) {
            node.message = Some(at);
            node.lead = Some(key);
        }
        let mut last = None;
        for reference in &key.references {
            let place = self.place_of(reference);
            if let Some(parent) = last
                && self.node(place).is_some_and(|node| node.parent.is_none())
            {
                self.link(parent, place);
            }
            last = Some(place);
        }
        if let Some(parent) = last {
            // The message's own word on its parent is better than what others said.
            self.set_parent(own, None);
            self.link(parent, own);
        }
    }

    fn node(&self, place: usize) -> Option<&Node<'k>> {
        self.nodes.get(place)
    }

    fn parent(&self, place: usize) -> Option<usize> {
        self.node(place).and_then(|node| node.parent)
    }

    fn set_parent(&mut self, place: usize, parent: Option<usize>) {
        if let Some(node) = self.nodes.get_mut(place) {
            node.parent = parent;
        }
    }

    fn is_empty(&self, place: usize) -> bool {
        self.node(place).is_none_or(|node| node.message.is_none())
    }

    fn lead(&self, place: usize) -> Option<&'k OrderKey> {
        self.node(place).and_then(|node| node.lead)
    }

    fn place_of(&mut self, id: &'k str) -> usize {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let place = self.new_place();
        self.by_id.insert(id, place);
        place
    }

    fn new_place(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Puts `child` below `parent`, unless that would make a circle.
    fn link(&mut self, parent: usize, child: usize) {
        let mut above = Some(parent);
        for _ in 0..CLIMB_MAX {
            match above {
                Some(place) if place == child => return,
                Some(place) => above = self.parent(place),
                None => return self.set_parent(child, Some(parent)),
            }
        }
    }

    /// Step 3: messages pass over empty places to the nearest message above, or to the empty root if it joins several.
    /// Gives the roots.
    fn pass_over_empty(&mut self) -> Vec<usize> {
        let mut children_of: HashMap<usize, Vec<usize>> = HashMap::new();
        for place in 0..self.nodes.len() {
            if self.is_empty(place) {
                continue;
            }
            let parent = self.parent(place).map(|parent| self.nearest(parent));
            self.set_parent(place, parent);
            if let Some(parent) = parent.filter(|parent| self.is_empty(*parent)) {
                children_of.entry(parent).or_default().push(place);
            }
        }
        for (root, children) in children_of {
            if let [only] = children.as_slice() {
                self.set_parent(*only, None);
            } else if let Some(node) = self.nodes.get_mut(root) {
                node.joins = true;
            }
            for child in children {
                self.lead_by(root, child);
            }
        }
        let is_root = |node: &Node<'_>| node.parent.is_none() && (node.message.is_some() || node.joins);
        let mut roots: Vec<usize> =
            (0..self.nodes.len()).filter(|place| self.node(*place).is_some_and(is_root)).collect();
        roots.sort_by_key(|place| self.moment(*place));
        roots
    }

    /// The place itself if it holds a message, else the nearest above that does, else the empty root. Empty places on the way
    /// are made to lead there at once.
    fn nearest(&mut self, place: usize) -> usize {
        let mut found = place;
        while self.is_empty(found)
            && let Some(parent) = self.parent(found)
        {
            found = parent;
        }
        let mut at = place;
        while at != found
            && let Some(parent) = self.parent(at)
        {
            self.set_parent(at, Some(found));
            at = parent;
        }
        found
    }

    /// Lets an empty place be led by `child` if that is earlier than its leader.
    fn lead_by(&mut self, place: usize, child: usize) {
        let lead = self.lead(child);
        if lead.is_none() {
            return;
        }
        let earlier = self.lead(place).is_none() || self.moment(child) < self.moment(place);
        if let Some(node) = self.nodes.get_mut(place)
            && node.message.is_none()
            && earlier
        {
            node.lead = lead;
        }
    }

    fn moment(&self, place: usize) -> (Timestamp, u32) {
        self.lead(place).map(|key| (key.date, key.uid)).unwrap_or_default()
    }

    /// Step 5: roots of one subject become one thread.
    fn join_subjects(&mut self, roots: Vec<usize>) {
        let mut table = self.subjects(&roots);
        let mut merged: HashMap<usize, usize> = HashMap::new();
        for root in roots {
            let Some(key) = self.lead(root).filter(|key| !key.subject.is_empty()) else { continue };
            let Some(&chosen) = table.get(key.subject.as_str()).filter(|chosen| **chosen != root) else { continue };
            // Those that were chosen may stand in a thread by now.
            if self.parent(root).is_some() {
                continue;
            }
            let is_answer = key.is_reply && self.lead(chosen).is_some_and(|chosen| !chosen.is_reply);
            if self.is_empty(chosen) && self.is_empty(root) {
                merged.insert(root, chosen);
            } else if self.is_empty(chosen) || is_answer {
                self.set_parent(root, Some(chosen));
            } else {
                let joint = self.new_place();
                self.set_parent(chosen, Some(joint));
                self.set_parent(root, Some(joint));
                self.nodes.get_mut(joint).into_iter().for_each(|node| node.joins = true);
                self.lead_by(joint, chosen);
                table.insert(&key.subject, joint);
            }
        }
        self.empty_into(&merged);
    }

    /// Step 5.B: for each subject the root that others join: an empty one, or one that is no answer.
    fn subjects(&self, roots: &[usize]) -> HashMap<&'k str, usize> {
        let mut table: HashMap<&str, usize> = HashMap::new();
        for &root in roots {
            let Some(key) = self.lead(root).filter(|key| !key.subject.is_empty()) else { continue };
            let known = table.get(key.subject.as_str()).copied();
            let better = known.is_none_or(|known| {
                (self.is_empty(root) && !self.is_empty(known))
                    || (!self.is_empty(known) && !key.is_reply && self.lead(known).is_some_and(|known| known.is_reply))
            });
            if better {
                table.insert(&key.subject, root);
            }
        }
        table
    }

    /// Gives the children of empty roots to the empty roots that they were merged into.
    fn empty_into(&mut self, merged: &HashMap<usize, usize>) {
        if merged.is_empty() {
            return;
        }
        for node in &mut self.nodes {
            if let Some(target) = node.parent.and_then(|parent| merged.get(&parent)) {
                node.parent = Some(*target);
            }
        }
        for root in merged.keys() {
            self.nodes.get_mut(*root).into_iter().for_each(|node| node.joins = false);
        }
    }

    /// Steps 4 and 6: children under their parents, everywhere by date.
    fn into_threads(mut self) -> (Vec<ThreadNode>, Vec<usize>) {
        // What joined an empty place may be earlier than what it had.
        for place in 0..self.nodes.len() {
            if let Some(parent) = self.parent(place) {
                self.lead_by(parent, place);
            }
        }
        let is_shown = |node: &Node<'_>| node.message.is_some() || node.joins;
        let mut order: Vec<usize> = (0..self.nodes.len()).filter(|at| self.node(*at).is_some_and(is_shown)).collect();
        order.sort_by_key(|place| self.moment(*place));
        let mut threads: Vec<ThreadNode> =
            self.nodes.iter().map(|node| ThreadNode { message: node.message, children: Vec::new() }).collect();
        let mut roots = Vec::new();
        for place in order {
            match self.parent(place) {
                Some(parent) => threads.get_mut(parent).into_iter().for_each(|node| node.children.push(place)),
                None => roots.push(place),
            }
        }
        (threads, roots)
    }
}
