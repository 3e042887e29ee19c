//! DNS over a validating, caching resolver.
