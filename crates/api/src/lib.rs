//! HTTP: health, metrics, autoconfig and the MTA-STS policy.
