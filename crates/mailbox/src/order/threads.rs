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
    forest.prune();
    forest.sort(keys);
    forest.join_subjects(keys);
    forest.sort(keys);
    let roots = forest.roots();
    (forest.nodes.into_iter().map(|node| node.thread).collect(), roots)
}

#[derive(Default)]
struct Forest {
    nodes: Vec<Node>,
    by_id: HashMap<String, usize>,
    /// Nodes that stay out of the result: empty ones without children, or replaced by them.
    dropped: Vec<bool>,
    /// Roots by date, as of the last sorting.
    root_order: Vec<usize>,
}

#[derive(Default)]
struct Node {
    thread: ThreadNode,
    parent: Option<usize>,
}

impl Forest {
    /// Step 1: the chain of the message's references, and the message at its end.
    fn add(&mut self, at: usize, key: &OrderKey) {
        let own = match &key.message_id {
            Some(id) => {
                let known = self.node_of(id);
                // Two messages with one identifier: the second gets a place of its own.
                if self.nodes.get(known).is_some_and(|node| node.thread.message.is_some()) {
                    self.new_node()
                } else {
                    known
                }
            }
            None => self.new_node(),
        };
        if let Some(node) = self.nodes.get_mut(own) {
            node.thread.message = Some(at);
        }
        let mut last = None;
        for reference in &key.references {
            let place = self.node_of(reference);
            if let Some(parent) = last
                && self.nodes.get(place).is_some_and(|node| node.parent.is_none())
            {
                self.link(parent, place);
            }
            last = Some(place);
        }
        if let Some(parent) = last {
            // The message's own word on its parent is better than what others said.
            self.unlink(own);
            self.link(parent, own);
        }
    }

    fn node_of(&mut self, id: &str) -> usize {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let place = self.new_node();
        self.by_id.insert(id.to_owned(), place);
        place
    }

    fn new_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.dropped.push(false);
        self.nodes.len() - 1
    }

    fn link(&mut self, parent: usize, child: usize) {
        if parent == child || self.is_above(child, parent) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.thread.children.push(child);
        }
    }

    fn unlink(&mut self, child: usize) {
        let parent = self.nodes.get_mut(child).and_then(|node| node.parent.take());
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.thread.children.retain(|known| *known != child);
        }
    }

    /// Whether `above` is `below` or one of its ancestors.
    fn is_above(&self, above: usize, below: usize) -> bool {
        let mut at = Some(below);
        while let Some(place) = at {
            if place == above {
                return true;
            }
            at = self.nodes.get(place).and_then(|node| node.parent);
        }
        false
    }

    /// Step 3: empty places without children go; those with children give them up, except a root with several.
    fn prune(&mut self) {
        // Children were made after their parents or linked later, so several passes may be needed; each removes something.
        let mut again = true;
        while std::mem::take(&mut again) {
            for place in 0..self.nodes.len() {
                let is_dropped = self.dropped.get(place).copied().unwrap_or(true);
                let Some(node) = self.nodes.get(place).filter(|node| !is_dropped && node.thread.message.is_none())
                else {
                    continue;
                };
                let (parent, children) = (node.parent, node.thread.children.clone());
                if !children.is_empty() && parent.is_none() && children.len() > 1 {
                    continue;
                }
                self.unlink(place);
                for child in children {
                    self.unlink(child);
                    if let Some(parent) = parent {
                        self.link(parent, child);
                    }
                }
                if let Some(dropped) = self.dropped.get_mut(place) {
                    *dropped = true;
                }
                again = true;
            }
        }
    }

    /// Step 5: roots of one subject become one thread.
    fn join_subjects(&mut self, keys: &[OrderKey]) {
        let mut table: HashMap<String, usize> = HashMap::new();
        let subject =
            |forest: &Self, place: usize| forest.first_key(place, keys).map(|key| (key.subject.clone(), key.is_reply));
        for root in self.roots() {
            let Some((text, is_reply)) = subject(self, root).filter(|(text, _)| !text.is_empty()) else { continue };
            let is_empty = self.is_empty(root);
            let better = match table.get(&text) {
                None => true,
                Some(known) => {
                    (is_empty && !self.is_empty(*known))
                        || (!is_reply && subject(self, *known).is_some_and(|(_, known_reply)| known_reply))
                }
            };
            if better {
                table.insert(text, root);
            }
        }
        for root in self.roots() {
            let Some((text, is_reply)) = subject(self, root).filter(|(text, _)| !text.is_empty()) else { continue };
            let Some(&chosen) = table.get(&text).filter(|chosen| **chosen != root) else { continue };
            let chosen_reply = subject(self, chosen).is_some_and(|(_, chosen_reply)| chosen_reply);
            match (self.is_empty(chosen), self.is_empty(root)) {
                (true, true) => {
                    let children = self.nodes.get(root).map(|node| node.thread.children.clone()).unwrap_or_default();
                    for child in children {
                        self.unlink(child);
                        self.link(chosen, child);
                    }
                    self.drop_node(root);
                }
                (true, false) => self.link(chosen, root),
                (false, _) if is_reply && !chosen_reply => self.link(chosen, root),
                _ => {
                    let joint = self.new_node();
                    self.link(joint, chosen);
                    self.link(joint, root);
                    table.insert(text, joint);
                }
            }
        }
    }

    fn drop_node(&mut self, place: usize) {
        if let Some(dropped) = self.dropped.get_mut(place) {
            *dropped = true;
        }
    }

    fn is_empty(&self, place: usize) -> bool {
        self.nodes.get(place).is_none_or(|node| node.thread.message.is_none())
    }

    fn roots(&self) -> Vec<usize> {
        self.root_order.iter().copied().filter(|place| self.is_root(*place)).collect()
    }

    fn is_root(&self, place: usize) -> bool {
        !self.dropped.get(place).copied().unwrap_or(true)
            && self.nodes.get(place).is_some_and(|node| node.parent.is_none())
    }

    /// The key of the place, or of its first child if it is empty.
    fn first_key<'k>(&self, place: usize, keys: &'k [OrderKey]) -> Option<&'k OrderKey> {
        let mut at = place;
        for _ in 0..=self.nodes.len() {
            let node = self.nodes.get(at)?;
            if let Some(message) = node.thread.message {
                return keys.get(message);
            }
            at = *node.thread.children.first()?;
        }
        None
    }

    fn moment(&self, place: usize, keys: &[OrderKey]) -> (Timestamp, u32) {
        self.first_key(place, keys).map(|key| (key.date, key.uid)).unwrap_or_default()
    }

    /// Steps 4 and 6: everywhere by date.
    fn sort(&mut self, keys: &[OrderKey]) {
        for place in 0..self.nodes.len() {
            let mut children =
                self.nodes.get_mut(place).map(|node| std::mem::take(&mut node.thread.children)).unwrap_or_default();
            children.sort_by_key(|child| self.moment(*child, keys));
            if let Some(node) = self.nodes.get_mut(place) {
                node.thread.children = children;
            }
        }
        let mut order: Vec<usize> = (0..self.nodes.len()).filter(|place| self.is_root(*place)).collect();
        order.sort_by_key(|place| self.moment(*place, keys));
        self.root_order = order;
    }
}
