//! Listeners, limits and streams shared by the servers.
