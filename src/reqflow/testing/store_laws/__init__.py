"""The laws of stores, by subject. Each test is one law, and its name says it."""
