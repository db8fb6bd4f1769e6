"""What `stemgan train` is made of: overrides, runs of many jobs, and one run."""
