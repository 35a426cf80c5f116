"""A full disk: samples can be deleted there, and then there is room again."""

from typing import Final

from tests.abuse.attack import MIB, Attack, Target
from tests.abuse.samples import pass_collection, sample

_MOST: Final = 2000


def _fill(target: Target) -> str:
    kept = []
    with target.peer() as client:
        for seed in range(_MOST):
            added = client.ask("add_training_sample", **sample(seed))
            if added["type"] == "error":
                break
            kept.append(added["sample_id"])
        else:
            target.fault("the disk was not filled")
        codes = [target.code(client, "delete_training_sample", sample_id=each) for each in kept]
        refused = sum(code != "training_sample_deleted" for code in codes)
        if refused:
            target.fault(f"{refused} of {len(kept)} deletions were refused: {codes[0]}")
        pass_collection(client)
        again = sum(
            target.code(client, "add_training_sample", **sample(5000 + seed)) == "training_sample_added"
            for seed in range(len(kept) // 2)
        )
    if again < len(kept) // 2:
        target.fault(f"after the deletions {again} samples fitted, {len(kept)} before")
    return f"{len(kept)} added, {len(kept) - refused} deleted, {again} added again"


ATTACKS: Final = (Attack("full-disk", _fill, disk_bytes=12 * MIB),)
