"""Definitions applied to one patient: PlanDefinition and ActivityDefinition ``$apply``, as pure functions.

``applied`` is the way in. ``formula``, ``statement`` and ``values`` are expressions; ``paths``, ``functions``
and ``shapes`` their check against R4; ``grouping``, ``action``, ``activity`` and ``kinds`` what comes out.
"""
