"""Use case: take in what an EHR sends. Validate, split, seal; then one transaction, or nothing.

1. What is wrong with the request or a resource ends here, as one refusal that names every fault.
2. Identities are given and references resolved; conditional ones by searching what is stored.
3. Each resource is split by the policy and both halves are sealed for the version that comes next.
4. One transaction writes it all. If another writer was faster, 3 and 4 start again from the new state.
"""

from __future__ import annotations

from gateway.intake.service import Intake

__all__ = ["Intake"]
