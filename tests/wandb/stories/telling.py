"""How a script says what it did: one JSON document in the file that the test
named, replaced as a whole so that a reader never finds half of it."""

import json
import os

told = {}


def tell(**facts):
    """Adds facts to what is known of this script."""
    told.update(facts)
    path = os.environ["STORY_TOLD"]
    with open(path + ".new", "w") as file:
        json.dump(told, file)
    os.replace(path + ".new", path)
