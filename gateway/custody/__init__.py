"""The core that both sides share: what is stored, under which key, in which transaction.

No Flask, no Celery, no clinical knowledge. Workers may import everything here but ``identity``
modules (see the import contracts in ``pyproject.toml``).
"""
