"""Growth: how the cost of a worker follows what it is given, beside the law that it should follow.

`curves` says what is varied and the law expected, `measuring` how a point is measured, `memory` holds what is
resident against the tracks that were touched. `drawing` turns the newest figures into docs/performance/*.svg.
"""
