"""What concerns several patients is sealed under a key that takes all of their keys to make.

A group, a list or an appointment lies in the tenant's compartment, and so would stay readable in a backup
when one of its patients is erased. Its key is made of the tenant's and of those of every patient that it
names: destroy one, and nobody can make it again. Where: nowhere, it is made at each use. What an attacker
gains with one of the keys: nothing of it.

Its cells name generation 0, which no data key of its own bears; cells from before this was so name the
tenant's own generation, and open under the same ``DataKey``.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import TypeVar

from gateway.custody.cipher import DataKey, generation_of
from gateway.custody.errors import KeyGone
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId
from gateway.custody.keyring import FIRST_GENERATION

SHARED_GENERATION = 0
_LABEL = b"careloom/1/shared"

K = TypeVar("K", bound=DataKey)


def subjects(compartment: StoredId, patients: Sequence[StoredId]) -> set[StoredId]:
    """Whose keys a resource needs that lies in this compartment and names these patients."""
    return {compartment, *patients} if compartment == TENANT_COMPARTMENT else {compartment}


def sealing_key(keys: Mapping[StoredId, K], compartment: StoredId, patients: Sequence[StoredId]) -> K:
    """The key that such a resource is sealed under; raises ``KeyGone`` where one that it takes is missing."""
    if not subjects(compartment, patients) <= keys.keys():
        raise KeyGone
    home = keys[compartment]
    if compartment != TENANT_COMPARTMENT or not patients:
        return home
    told = b"".join(patient + keys[patient].secrets[FIRST_GENERATION] for patient in sorted(patients))
    shared = hmac.digest(home.secrets[FIRST_GENERATION], _LABEL + told, "sha256")
    return type(home)(SHARED_GENERATION, {**home.secrets, SHARED_GENERATION: shared})


def opening_key(
    keys: Mapping[StoredId, K], compartment: StoredId, patients: Sequence[StoredId], sealed: bytes
) -> K:
    """The key that this cell opens with; raises ``KeyGone`` where one that it takes is gone."""
    alone = compartment in keys and generation_of(sealed) != SHARED_GENERATION
    return keys[compartment] if alone else sealing_key(keys, compartment, patients)
