"""What `stemgan catalogue` is made of: one module an action."""
