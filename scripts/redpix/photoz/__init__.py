"""Photometric redshifts and classes from pixels and from tables of magnitudes.

`learners.base` defines what a learner takes and returns, and `model.METHODS` names the learners.
`combine.COMBINERS` names the ways to weigh the pixels of an object. `pixel_stream` reads pixels in
chunks, `train` trains and predicts, and `evaluate` measures the result.
"""
