"""Ready-made plugins. A host may use them as they are, or read them as a model for its own."""
