//! Has the crate built again when the page was built again: what is embedded is not known to Cargo. `make web` touches this file when
//! there was no page before, as a path that is missing would have the crate built each time.

use std::path::Path;

const PAGE: &str = "../../web/dist";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if Path::new(PAGE).exists() {
        println!("cargo::rerun-if-changed={PAGE}");
    }
}
