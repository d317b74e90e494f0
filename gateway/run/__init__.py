"""How the parts of Careloom run as processes: the embedded broker, and the supervisor of ``careloom up``."""
