"""A sale in which the buyers ask clerks, through a queue or through pipes."""
