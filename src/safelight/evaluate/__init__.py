"""Judging pictures of the bundled model's world: a recogniser, prompt sets, distances, a report."""
