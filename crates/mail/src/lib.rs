//! The message model: addresses, parsed structure, building of messages.
