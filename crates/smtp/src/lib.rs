//! SMTP servers and delivery: thin drivers over wire::smtp.
