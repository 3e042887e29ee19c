//! The tree of a page, grown within limits.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, ExpandedName, ParseOpts, QualName, local_name, ns, parse_document};

use crate::{DEPTH_MAX, NODES_MAX};

/// Octets that are read before it is looked whether a limit was reached.
const PIECE_BYTES: usize = 512;

/// The page itself.
pub(crate) const ROOT: usize = 0;

/// Where that goes which is not wanted; belongs to no page.
const ASIDE: usize = 1;

/// An element or a text.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) children: Vec<usize>,
    parent: Option<usize>,
    depth: usize,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// The page, or what is in a template.
    Root,
    Element {
        name: Rc<QualName>,
        attributes: Vec<Attribute>,
    },
    Text(String),
}

/// A page as it was read.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// A limit was reached: what stands behind is not in it.
    pub(crate) is_cut: bool,
}

impl Tree {
    /// Reads a page.
    pub(crate) fn read(html: &str) -> Self {
        let opts = ParseOpts {
            tree_builder: TreeBuilderOpts {
                scripting_enabled: false,
                drop_doctype: true,
                ..TreeBuilderOpts::default()
            },
            ..ParseOpts::default()
        };
        let mut parser = parse_document(Growing::new(), opts);
        let mut rest = html;
        while !rest.is_empty() && !parser.tokenizer.sink.sink.is_full.get() {
            let end = (PIECE_BYTES..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(end);
            parser.process(StrTendril::from_slice(piece));
            rest = behind;
        }
        parser.finish()
    }
}

/// What the parser names a node by. The name of an element goes along, as the parser asks for it all the time.
#[derive(Debug, Clone)]
struct Handle {
    at: usize,
    name: Rc<QualName>,
}

struct Growing {
    nodes: RefCell<Vec<Node>>,
    no_name: Rc<QualName>,
    is_full: Cell<bool>,
}

impl Growing {
    fn new() -> Self {
        let root = || Node { kind: Kind::Root, children: Vec::new(), parent: None, depth: 0 };
        Self {
            nodes: RefCell::new(vec![root(), root()]),
            no_name: Rc::new(QualName::new(None, ns!(), local_name!(""))),
            is_full: Cell::new(false),
        }
    }

    /// A node that belongs to nothing yet; when there are too many, [`ASIDE`].
    fn add(&self, kind: Kind, name: Rc<QualName>) -> Handle {
        let mut nodes = self.nodes.borrow_mut();
        if nodes.len() >= NODES_MAX {
            self.is_full.set(true);
            return Handle { at: ASIDE, name };
        }
        nodes.push(Node { kind, children: Vec::new(), parent: None, depth: 0 });
        Handle { at: nodes.len() - 1, name }
    }

    fn add_text(&self, text: &str) -> usize {
        self.add(Kind::Text(text.to_owned()), Rc::clone(&self.no_name)).at
    }

    fn take_out(&self, at: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(parent) = nodes.get_mut(at).and_then(|node| node.parent.take()) else { return };
        if let Some(parent) = nodes.get_mut(parent) {
            parent.children.retain(|child| *child != at);
        }
    }

    /// Puts a node below another, before one of its children or at the end.
    fn put(&self, parent: usize, before: Option<usize>, child: usize) {
        if child == ROOT || child == ASIDE {
            return;
        }
        self.take_out(child);
        let mut nodes = self.nodes.borrow_mut();
        let Some(above) = nodes.get_mut(parent) else { return };
        let place = before.and_then(|sibling| above.children.iter().rposition(|it| *it == sibling));
        above.children.insert(place.unwrap_or(above.children.len()), child);
        let depth = above.depth + 1;
        if depth > DEPTH_MAX {
            self.is_full.set(true);
        }
        if let Some(node) = nodes.get_mut(child) {
            node.parent = Some(parent);
            node.depth = depth;
        }
    }

    /// Joins a text with the one that stands before it, if one does.
    fn put_text(&self, parent: usize, before: Option<usize>, text: &str) {
        {
            let mut nodes = self.nodes.borrow_mut();
            let Some(siblings) = nodes.get(parent).map(|above| &above.children) else { return };
            let place = before.and_then(|sibling| siblings.iter().rposition(|it| *it == sibling));
            let previous = place.unwrap_or(siblings.len()).checked_sub(1).and_then(|at| siblings.get(at)).copied();
            if let Some(Node { kind: Kind::Text(known), .. }) = previous.and_then(|at| nodes.get_mut(at)) {
                known.push_str(text);
                return;
            }
        }
        let at = self.add_text(text);
        self.put(parent, before, at);
    }

    fn place(&self, parent: usize, before: Option<usize>, child: NodeOrText<Handle>) {
        match child {
            NodeOrText::AppendNode(node) => self.put(parent, before, node.at),
            NodeOrText::AppendText(text) => self.put_text(parent, before, &text),
        }
    }

    fn parent_of(&self, at: usize) -> Option<usize> {
        self.nodes.borrow().get(at).and_then(|node| node.parent)
    }
}

impl TreeSink for Growing {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        Tree { nodes: self.nodes.into_inner(), is_cut: self.is_full.get() }
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { at: ROOT, name: Rc::clone(&self.no_name) }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        let name = Rc::new(name);
        self.add(Kind::Element { name: Rc::clone(&name), attributes }, name)
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        Handle { at: ASIDE, name: Rc::clone(&self.no_name) }
    }

    fn create_pi(&self, _: StrTendril, text: StrTendril) -> Handle {
        self.create_comment(text)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.place(parent.at, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        match self.parent_of(element.at) {
            Some(parent) => self.place(parent, Some(element.at), child),
            None => self.place(previous.at, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// What is in a template is not shown and needs no tree of its own.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.at == other.at
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        if let Some(parent) = self.parent_of(sibling.at) {
            self.place(parent, Some(sibling.at), node);
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, more: Vec<Attribute>) {
        if let Some(Node { kind: Kind::Element { attributes, .. }, .. }) = self.nodes.borrow_mut().get_mut(target.at) {
            for attribute in more {
                if attributes.iter().all(|known| known.name != attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.take_out(target.at);
    }

    fn reparent_children(&self, node: &Handle, to: &Handle) {
        let children = match self.nodes.borrow_mut().get_mut(node.at) {
            Some(node) => std::mem::take(&mut node.children),
            None => return,
        };
        for child in children {
            if let Some(child) = self.nodes.borrow_mut().get_mut(child) {
                child.parent = None;
            }
            self.put(to.at, None, child);
        }
    }
}
