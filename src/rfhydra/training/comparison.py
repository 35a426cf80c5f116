"""Comparison of the active head with a candidate: the samples that neither was trained on, and detections in them.

These are the validation split, which is small, and samples newer than the active version, where the candidate's
out-of-fold detections count. The heads of the folds were trained on a fifth less, which favours the active head.
"""

from collections.abc import Sequence
from itertools import chain

from rfhydra.hydra.head import EmbeddingHead
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.data.features import FeatureCache
from rfhydra.training.data.splits import SplitPlan
from rfhydra.training.data.training_set import TrainingExample
from rfhydra.training.evaluation.grouping import RecordingGroups
from rfhydra.training.evaluation.metrics import ScoredScene
from rfhydra.training.heads.logistic import detect_examples
from rfhydra.training.trainer import Control


def unseen_samples(workspace: Workspace, active: EmbeddingHead, version: int, split: SplitPlan) -> list[Sample]:
    """The training samples of ``split`` that the ``active`` head, which is ``version``, was not trained on.

    Nor was it trained on another window of their recording, neither as the signal nor as a negative.
    """
    name, known = active.info.signal_name, set(active.info.sample_ids)
    made_at = workspace.versions.get(name, version).created_at
    own = [*split.train, *split.val]
    others = (each for each in workspace.samples.newest_negative_samples(name) if each.created_at <= made_at)
    trained_on = chain(others, (each for each in own if each.sample_id in known))
    return list(RecordingGroups.of(own).unrelated(split.train, trained_on))


def detect_samples(
    head: EmbeddingHead, samples: Sequence[Sample], features: FeatureCache, control: Control
) -> list[ScoredScene]:
    """Detections of ``head`` at its threshold in each of ``samples``, with their boxes as ground truth.

    Raises:
        Cancelled: ``control`` is cancelled.
    """
    scenes = list[ScoredScene]()
    for sample in samples:
        control.check()
        example = TrainingExample.of(sample.signal_name, [(sample, features.get(sample, head.info.candidates))])
        scenes += detect_examples(head, [example], head.info.threshold)
    return scenes
