"""Coadds: rejection of outliers, proper coaddition, weighted means and medians, stacks."""
