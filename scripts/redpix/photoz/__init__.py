"""Photometric redshifts and classes from pixels and from tables of magnitudes.

`learners.base` defines what a learner takes and returns, and `model.METHODS` names the learners.
`combine.COMBINERS` names the ways to weigh the pixels of an object. `pixel_stream` reads pixels in
chunks, `train` trains a model, `estimates` predicts objects, and `evaluate` measures the result.
"""
