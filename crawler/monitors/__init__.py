"""What is watched at the end of every run, and who is told."""
