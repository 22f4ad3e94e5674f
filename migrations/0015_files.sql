-- Files that are being copied from one side to the other. A row ends with the message that the file belongs to.
create table file_copy (
  -- Digest of the message and the number of the file in it.
  id text primary key,
  -- What was reserved for the copy before it was sent, so that a second attempt makes no second copy: an mxc URI, or a Binary
  -- of a FHIR server that chooses the ids.
  target text,
  -- When its host or the scanner first gave no answer.
  failing_since timestamptz
);
