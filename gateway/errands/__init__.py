"""Use case: a bundle that is accepted now and done later (docs/async.md).

1. Accept. What can be refused by its form alone is refused; the rest is sealed and stored with the event, and
   only then is the sender told where to ask.
2. Do. The courier claims one after the other and does each as if it came now, with the rights that it came
   with. What is answered commits with what was done, behind the fence of the claim: done once, whoever dies.
3. Give out. To the client that asked, for as long as the setting says; each time is an event.
4. Shred. The body's own key goes as soon as the body is needed no more.
"""

from __future__ import annotations

from gateway.errands.desk import ErrandDesk, Sent
from gateway.errands.doing import Doer

__all__ = ["Doer", "ErrandDesk", "Sent"]
