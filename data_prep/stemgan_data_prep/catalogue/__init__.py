"""What is in an archive of micrographs: classes, scales, structure without labels."""
