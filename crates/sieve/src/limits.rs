//! What a script may be and do at most.

/// Octets of a script.
pub const SCRIPT_BYTES_MAX: usize = 128 << 10;

/// Blocks and tests within one another (RFC 5228 section 2.10.5 asks for 15).
pub const DEPTH_MAX: usize = 24;

/// Strings in one list.
pub const LIST_MAX: usize = 1_024;

/// Commands of a script.
pub const COMMANDS_MAX: usize = 4_096;

/// Work of one run, in octets or characters that are looked at, plus a fixed share for each command and test.
pub const STEPS_MAX: u64 = 20_000_000;

/// What each command and test costs of [`STEPS_MAX`].
pub(crate) const STEP_COST: u64 = 64;

/// Actions that one run may ask for.
pub const ACTIONS_MAX: usize = 32;

/// Addresses that one run may send a message on to.
pub const REDIRECTS_MAX: usize = 4;

/// Variables of one run (RFC 5229 section 3 asks for 128).
pub const VARIABLES_MAX: usize = 128;

/// Octets of a variable; what is longer is cut off (RFC 5229 section 3 asks for 4000 characters).
pub const VARIABLE_BYTES_MAX: usize = 16 << 10;

/// Octets of a string that comes out of variables.
pub const EXPANDED_BYTES_MAX: usize = 64 << 10;

/// Flags that a message is given.
pub const FLAGS_MAX: usize = 64;

/// Values of one header field name that are looked at, or addresses in them.
pub const VALUES_MAX: usize = 1_024;

/// Octets of a part's text that are looked at.
pub const BODY_BYTES_MAX: usize = 2 << 20;

/// Messages that one run may remember for `duplicate`.
pub const DUPLICATES_MAX: usize = 8;

/// Shortest time between two automatic replies to one sender, in seconds, where `:seconds` says less (RFC 6131 allows 0).
pub const REPLY_SECONDS_MIN: u64 = 3_600;

/// Longest time between two automatic replies to one sender, in seconds (RFC 5230 section 4.1 asks for 30 days at least).
pub const REPLY_SECONDS_MAX: u64 = 90 * 86_400;

/// Time between two automatic replies to one sender where a script says nothing, in seconds (RFC 5230 section 4.1).
pub const REPLY_SECONDS_DEFAULT: u64 = 7 * 86_400;

/// Longest time for which `duplicate` remembers, in seconds.
pub const DUPLICATE_SECONDS_MAX: u64 = 90 * 86_400;

/// Time for which `duplicate` remembers where a script says nothing, in seconds (RFC 7352 section 3.1).
pub const DUPLICATE_SECONDS_DEFAULT: u64 = 7 * 86_400;
