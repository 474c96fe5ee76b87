"""One operation: what is known while deciding, the step that makes events of it, the ways in (performing, ringing)."""
