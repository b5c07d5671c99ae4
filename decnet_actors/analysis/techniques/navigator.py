"""This module writes a layer for ATT&CK Navigator (layer file format 4.5)."""

import json
from collections.abc import Sequence

from decnet_actors.analysis.techniques.attack import attack
from decnet_actors.contracts.techniques import Seen

NAME = "DECNET: techniques seen"
FORMAT = "4.5"
NAVIGATOR = "5.1.0"  # the first version of the Navigator that reads this format
COLOURS = ("#ffffff", "#d94801")


def layer(seen: Sequence[Seen]) -> str:
    """Return the layer as JSON; a technique's score is how many sources did it."""
    known = attack()
    document = {
        "name": NAME,
        "versions": {"attack": known.release.partition(".")[0], "navigator": NAVIGATOR, "layer": FORMAT},
        "domain": "enterprise-attack",
        "description": f"What attackers did to decoys. {known.notice}",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [
            {
                "techniqueID": one.technique,
                "tactic": one.tactic,
                "score": one.sources,
                "comment": f"{one.events} events of {one.sources} sources; confidence {one.confidence:.2f}",
                "enabled": True,
                "showSubtechniques": True,
                "metadata": [],
            }
            for one in seen
        ],
        "gradient": {
            "colors": COLOURS,
            "minValue": 0,
            "maxValue": max((one.sources for one in seen), default=1),
        },
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }
    return json.dumps(document, indent=2) + "\n"
