"""Ratios against named baselines; each prints its figures."""
