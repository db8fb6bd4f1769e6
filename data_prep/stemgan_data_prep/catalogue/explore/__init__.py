"""Structure in an archive without labels: dimension of its features, clusters, scores."""
