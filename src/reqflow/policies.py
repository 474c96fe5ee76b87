"""What policies are written with: the facts they see, the choice they return, and what comes with reqflow."""

from __future__ import annotations

from .core.assignment import (
    POLICIES,
    Choice,
    Policy,
    PoolFacts,
    PoolOrder,
    TopK,
    WholePool,
    fewest_open,
    round_robin,
    wants_pool,
)
from .core.model import AgentLoad, Dropped, Reason

__all__ = [
    "POLICIES",
    "AgentLoad",
    "Choice",
    "Dropped",
    "Policy",
    "PoolFacts",
    "PoolOrder",
    "Reason",
    "TopK",
    "WholePool",
    "fewest_open",
    "round_robin",
    "wants_pool",
]
