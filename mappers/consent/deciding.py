"""The combining: the most specific rule wins, and among equals the one that denies.

1. A Consent that cannot be read denies, whatever else was said.
2. In each Consent the exceptions that match go before what they are exceptions to; how specific a rule is, is
   the number of kinds of constraint on it and above it. Below all of them stands the policy rule.
3. A rule that may match (None) counts when it denies, and does not when it permits.
4. Over all Consents the most specific answer wins; where two are equally specific, the one that denies.
5. Where no Consent says anything to the request, the default does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mappers.consent.matching import every, matches
from mappers.consent.times import edges
from mappers.consent.values import (
    Answer,
    Consent,
    Decision,
    Default,
    Effect,
    Provision,
    Request,
    Subject,
)

_BELOW_ALL = -1


@dataclass(frozen=True, slots=True)
class _Verdict:
    effect: Effect
    specificity: int
    why: str

    @property
    def strength(self) -> tuple[int, bool]:
        return self.specificity, self.effect is Effect.DENY


def decide(consents: Sequence[Consent], request: Request, subject: Subject, default: Default) -> Decision:
    """What these active Consents of one patient say; their order makes no difference."""
    closed = sorted((one for one in consents if one.unreadable), key=lambda one: one.reference)
    if closed:  # 1
        rested = tuple(one.reference for one in closed)
        return Decision(Effect.DENY, rested, f"a Consent cannot be read: {closed[0].unreadable}")
    said = [(one, _verdict(one, request, subject)) for one in consents]
    found = [(verdict, one.reference) for one, verdict in said if verdict is not None]
    if not found:  # 5
        return Decision(default.effect, (), f"no Consent speaks of this; the default is {default.value}")
    best = max(verdict.strength for verdict, _ in found)  # 4
    winning = sorted((reference, verdict.why) for verdict, reference in found if verdict.strength == best)
    effect = Effect.DENY if best[1] else Effect.PERMIT
    return Decision(effect, tuple(reference for reference, _ in winning), winning[0][1])


def _verdict(consent: Consent, request: Request, subject: Subject) -> _Verdict | None:
    asked = (request, subject)
    found = None if consent.root is None else _walk(consent.root, asked, True, frozenset())
    if found is not None or consent.base is None:
        return found
    return _Verdict(consent.base, _BELOW_ALL, f"the policy rule says {consent.base.value}")


def _walk(
    provision: Provision, asked: tuple[Request, Subject], above: Answer, kinds: frozenset[str]
) -> _Verdict | None:
    """2, 3: what a provision and its exceptions say, given whether those above it match."""
    answer = every((above, matches(provision, *asked)))
    if answer is False:
        return None
    kinds |= provision.constraints
    inner = [_walk(nested, asked, answer, kinds) for nested in provision.nested]
    found = [verdict for verdict in inner if verdict is not None]
    if found:
        return max(found, key=lambda verdict: verdict.strength)
    if answer is None and provision.effect is Effect.PERMIT:
        return None
    doubt = " and may be about this" if answer is None else ""
    return _Verdict(provision.effect, len(kinds), f"a provision says {provision.effect.value}{doubt}")


def bounds(consents: Iterable[Consent]) -> set[datetime]:
    """The moments (UTC) at which time alone changes what Consents say."""
    return {edge for one in consents for provision in one.provisions for edge in edges(provision.period)}
