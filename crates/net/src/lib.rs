//! What all servers need of the network: listeners with limits, streams with deadlines, a budget for bytes in
//! flight, and the client's true address behind a proxy. Knows no mail protocol.

mod admission;
mod budget;
mod connect;
mod files;
mod https;
mod listen;
mod network;
mod pace;
pub mod proxy;
mod public;
mod serve;
mod stream;

pub use budget::{Budget, BudgetError, BudgetShare};
pub use connect::{ConnectError, connect};
pub use files::{FileLimit, raise_file_limit};
pub use https::{Https, HttpsAnswer, HttpsError, PlainHttp};
pub use listen::{ListenError, Listener, listen};
pub use network::{Network, NetworkError, TrustedNetworks};
pub use pace::{Pace, ReadPolicy};
pub use public::is_public;
pub use serve::{Acceptor, Connection, ConnectionLimits, Counters, Handler, Refusal, Served};
pub use stream::{Stream, StreamError};
