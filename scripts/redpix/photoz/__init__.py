"""Photometric redshifts and classes from pixels.

A module imports only from those before it::

    attributes, split, pdf, sparse, learner, local, index, neighbours, knn, mlp, realisations,
    leaves, tpz, topology, maps, cells, som, boosting, ensemble, metrics, calibrate, combine,
    summary, stream, process, model, tuning, checks, estimate, evaluate

`learner` says what a learner takes and gives, `model.METHODS` names the learners, and
`combine.COMBINERS` the ways in which an object's pixels are weighed. `stream` reads pixels a chunk
at a time, `estimate` trains and predicts, `evaluate` says what the result is worth.
"""
