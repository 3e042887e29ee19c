//! What protects mail: our own extension `urn:tradewind:params:jmap:protection`. Of recipients, before a message is sent; of messages, as it was found
//! when they came.

mod messages;
mod recipients;

pub(crate) use messages::get as messages_get;
pub(crate) use recipients::get as recipients_get;
