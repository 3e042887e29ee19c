//! Starts Tradewind and its peers on free loopback ports.
