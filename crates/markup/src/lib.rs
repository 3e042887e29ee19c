//! HTML that strangers wrote, made fit to be shown: by lists of the elements, attributes and properties of style that are let through.
//!
//! It is read as browsers read it (html5ever), within limits, into a tree; what is shown is written anew from that tree. Nothing of the
//! input goes through as it is: names come from the lists, text and values are escaped, styles are put together from pieces of which
//! every letter was looked at. So there are no scripts, forms, frames, foreign elements (SVG, MathML) and raw texts in it, and nothing in
//! it loads anything. Knows nothing of mail.

mod allowed;
mod css;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use write::{Shown, clean};

/// Octets of HTML that are read; what stands behind them is not shown.
pub const HTML_BYTES_MAX: usize = 1 << 20;

/// Elements and texts that a page may have. Markup left open is repeated by the parser as HTML wants it, which grows with the square of
/// what was written.
const NODES_MAX: usize = 100_000;

/// Elements that may stand within one another. Browsers stop at about as many.
const DEPTH_MAX: usize = 400;

/// Octets of style sheets of one page that are read.
const SHEETS_BYTES_MAX: usize = 256 * 1024;
