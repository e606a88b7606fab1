"""Coadds: proper coaddition, weighted means and medians, stacks."""
