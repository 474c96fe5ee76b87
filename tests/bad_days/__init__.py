"""What dies, and what must still be true afterwards."""
