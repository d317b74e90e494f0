"""Who decides what counts as knowledge: each decision is one transaction with its event and its jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from gateway.custody import audit, renewing, rulebook
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.rulebook import Pack, Recall
from gateway.rulebook import events, shelf
from gateway.rulebook.events import decided
from gateway.rulebook.refused import Refused
from gateway.rulebook.trust import Publisher, keep, publishers
from gateway.stored import Clock
from mappers.concept_maps import ConceptMaps
from workers.engine import own_maps
from workers.engine.definitions import Guideline, Knowledge, State
from workers.engine.knowledge import KnowledgeRefused
from workers.engine.shadow import ANSWERS
from workers.engine.switching import SwitchRefused, tuned
from workers.engine.thresholds import published

PLAN = "plan"
NO_MAPS = ConceptMaps()
_REASON = re.compile(r"[^\x00-\x1f\x7f]{3,200}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a hospital wants of a rule: a state (None: as published), numbers of its own, and why."""

    rule: str
    state: State | None
    thresholds: Mapping[str, Decimal]
    reason: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes decisions; ``by`` names in the trail who did."""

    vault: Vault
    clock: Clock
    folder: Path
    """Where the trust file lies."""
    by: By = COMMAND_LINE
    maps: ConceptMaps = NO_MAPS
    """The hospital's own maps: plans are made by packs and maps together."""

    def trust(self, publisher: Publisher) -> None:
        """Take packs that this publisher signed."""
        others = [one for one in publishers(self.folder) if one.name != publisher.name]
        self._trusted([*others, publisher], publisher.line)

    def distrust(self, name: str) -> None:
        """Take no further pack of this publisher; those that were added stay."""
        there = publishers(self.folder)
        left = [one for one in there if one.name != name]
        if len(left) == len(there):
            raise Refused("No publisher of this name is trusted; `careloom knowledge trust` lists them.")
        self._trusted(left, f"no longer {name}")

    def _trusted(self, left: Sequence[Publisher], said: str) -> None:
        # The event is on the disk before the file is: a change without its event cannot be.
        with self.vault.database.write() as conn:
            audit.append(conn, SYSTEM, [decided(events.TRUST, said, self.by, self.clock())])
        keep(self.folder, left)

    def add(self, pack: Pack) -> int:
        """Take a pack in; answers for how many patients plans are made anew. Raises ``KnowledgeRefused``."""
        now = self.clock()
        with self.vault.database.write() as conn:
            rulebook.change(conn)
            there = {one.id: one for one in rulebook.packs(conn)}
            if (was := there.get(pack.id)) is not None:
                _check_newer(was, pack)
                if was.files == pack.files:
                    return 0
            knowledge = self._sound({**there, pack.id: pack})
            rulebook.put_pack(conn, pack, now)
            who = f"signed by {pack.publisher}" if pack.publisher else f"unsigned: {pack.reason}"
            said = decided(events.ADD, f"{pack.id} {pack.version}, {who}", self.by, now)
            return self._adopted(conn, knowledge, said, now)

    def remove(self, id_: str) -> int:
        """Take away a pack that was added; what ships under its id counts again."""
        now = self.clock()
        with self.vault.database.write() as conn:
            rulebook.change(conn)
            if not rulebook.remove_pack(conn, id_):
                raise Refused(
                    "No pack of this id was added; `careloom knowledge list` shows the packs there are."
                )
            knowledge = shelf.opened(conn).knowledge
            return self._adopted(conn, knowledge, decided(events.REMOVE, id_, self.by, now), now)

    def switch(self, tenant: Tenant, wish: Wish) -> Guideline:
        """Let a hospital's rule be so from now on; its patients' plans are made anew, one after the other."""
        now, reason = self.clock(), checked_reason(wish.reason)
        with self.vault.database.write() as conn:
            rulebook.change(conn)
            found = self._wished(conn, wish)
            thresholds = {name: f"{value:f}" for name, value in wish.thresholds.items()}
            state = None if wish.state is None else wish.state.value
            kept = rulebook.Switch(wish.rule, state, thresholds, reason)
            there = {one.rule: replace(one, since=0) for one in rulebook.switches(conn, tenant)}
            if there.get(wish.rule) == kept:
                return found
            if state is None and not thresholds:
                rulebook.clear_switch(conn, tenant, wish.rule)
            else:
                rulebook.put_switch(conn, tenant, kept, now)
            if wish.state is not State.SHADOW:
                rulebook.forget_shadow(conn, tenant, rule=wish.rule)
            renewing.renew(conn, PLAN, "rule switched", now, tenant)
            audit.append(conn, tenant, [decided(events.SWITCH, _told(found, wish), self.by, now, tenant)])
        return found

    def recall(self, rule: str, version: str, reason: str) -> bool:
        """Stop a version of a rule for everybody, for good; False when it was recalled before."""
        now, why = self.clock(), checked_reason(reason)
        with self.vault.database.write() as conn:
            rulebook.change(conn)
            if not rulebook.put_recall(conn, Recall(rule, version, why), now):
                return False
            renewing.renew(conn, PLAN, "rule recalled", now)
            said = decided(events.RECALL, f"{rule}@{version}: {why}", self.by, now)
            audit.append(conn, SYSTEM, [said])
        return True

    def counted(self, tenant: Tenant, rule: str) -> Mapping[str, int | str]:
        """How many patients of a hospital have which answer to a rule that is in shadow there."""
        secret = self.vault.of(tenant).clinical_index
        with self.vault.database.read() as conn:
            counts = shelf.for_hospital(conn, shelf.opened(conn), tenant)
            found = next((one for one in counts.shadowed if one.rule.id == rule), None)
            if found is None:
                raise Refused(f"{rule} is not in shadow there; `careloom knowledge switch` puts it.")
            version = found.rule.version
            many = rulebook.count_shadow(conn, tenant, rule, version)
        told = {answer: many.get(rulebook.token(secret, rule, answer), 0) for answer in ANSWERS}
        return {"version": version, **told}

    def _wished(self, conn: Connection, wish: Wish) -> Guideline:
        there = shelf.opened(conn)
        counts = {one.rule.id: one for one in shelf.for_hospital(conn, there, None).every}
        rule = counts.get(wish.rule)
        if rule is None:
            raise Refused("There is no such rule; `careloom knowledge list` shows those that there are.")
        if rule.state is State.RECALLED and wish.state in (State.ON, State.SHADOW):
            raise Refused(f"{wish.rule}@{published(rule.rule.version)} was recalled: no switch undoes that.")
        try:
            return tuned(there.knowledge, rule, wish.thresholds) if wish.thresholds else rule
        except SwitchRefused as refused:
            raise Refused(str(refused)) from None

    def _sound(self, packs: Mapping[str, Pack]) -> Knowledge:
        knowledge = shelf.with_packs(packs.values())
        faults = shelf.failures(knowledge, packs.values())
        if faults:
            raise KnowledgeRefused(list(faults))
        return knowledge

    def _adopted(self, conn: Connection, knowledge: Knowledge, said: audit.Event, now: int) -> int:
        patients = renewing.adopt(conn, PLAN, own_maps.joined(knowledge, self.maps).digest, now)
        audit.append(conn, SYSTEM, [said])
        return patients


def checked_reason(text: str) -> str:
    """A reason as the trail and the plans will show it."""
    reason = text.strip()
    if not _REASON.fullmatch(reason):
        raise Refused("--reason must say why in one line of 3 to 200 characters, and name no patient.")
    return reason


def _check_newer(was: Pack, new: Pack) -> None:
    if order(new.version) < order(was.version):
        raise Refused(f"{new.id} {was.version} is there, which is newer; remove it first if you mean it.")
    if new.version == was.version and new.files != was.files:
        raise Refused(
            f"{new.id} {new.version} is there with other content: a changed pack needs a new version."
        )


def order(version: str) -> tuple[int, ...]:
    """Versions by their numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _told(rule: Guideline, wish: Wish) -> str:
    state = wish.state.value if wish.state else "as published"
    numbers = "".join(f", {name}={value:f}" for name, value in sorted(wish.thresholds.items()))
    return f"{wish.rule}@{published(rule.rule.version)}: {state}{numbers}; {wish.reason.strip()}"
