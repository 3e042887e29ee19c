-- What lists go by that are shown a page at a time.

CREATE INDEX queue_message_organisation ON queue_message (organisation, id);
CREATE INDEX guard_case_newest ON guard_case (organisation, id);
