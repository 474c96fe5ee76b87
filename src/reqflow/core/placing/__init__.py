"""Where a message belongs: who wrote, on which side, in which group, in answer to what, and whether it asks."""
