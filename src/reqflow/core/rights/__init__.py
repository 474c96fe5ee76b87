"""Who may do what, who sees what, and therefore which actions a surface may offer."""
