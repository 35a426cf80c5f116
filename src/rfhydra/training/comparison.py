"""The active head beside a candidate: in which samples the two can fairly be compared, and what it reports there.

The validation split is new to both heads, but it stays as small as it was when the signal was first trained. Samples
that came after the active version are new to that version, and the candidate's folds hold it back from each of them. So
they count too; the heads of the folds have learnt from a fifth less than the candidate, which errs on the active head's
side. What tilts them the other way cannot be seen from here: an operator who labels only what the active head missed.
"""

from collections.abc import Sequence

from rfhydra.hydra.head import EmbeddingHead
from rfhydra.hydra.registry import Head
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from rfhydra.training.features import FeatureCache
from rfhydra.training.grouping import RecordingGroups
from rfhydra.training.logistic import detect_examples
from rfhydra.training.metrics import ScoredScene
from rfhydra.training.splits import SplitPlan
from rfhydra.training.trainer import Control
from rfhydra.training.training_set import TrainingExample


def unseen_samples(workspace: Workspace, active: Head, version: int, split: SplitPlan) -> list[Sample]:
    """The training samples of ``split`` that the ``active`` head, which is ``version``, was not trained on.

    Nor was it trained on another window of their recording, neither as the signal nor as a negative.
    """
    name, known = active.info.signal_name, set(active.info.sample_ids)
    made_at = workspace.versions.get(name, version).created_at
    own = [*split.train, *split.val]
    others = [each for each in workspace.samples.negative_samples(name) if each.created_at <= made_at]
    trained_on = [*others, *(each for each in own if each.sample_id in known)]
    return RecordingGroups.of(own).unrelated(split.train, trained_on)


def look(
    head: Head, samples: Sequence[Sample], workspace: Workspace, features: FeatureCache, control: Control
) -> list[ScoredScene]:
    """What ``head`` reports in each of ``samples`` at its own threshold, against their boxes.

    Raises:
        Cancelled: ``control`` said so.
    """
    scenes = []
    for sample in samples:
        control.check()
        if isinstance(head, EmbeddingHead):
            example = TrainingExample.of(sample.signal_name, [(sample, features.get(sample))])
            scenes += detect_examples(head, [example], head.info.threshold)
            continue
        pyramid = features.backbone.features(workspace.samples.image(sample))
        found = head.detect(pyramid, head.info.threshold, (workspace.spec.rows, sample.cols))
        truth = sample.frame(workspace.spec).to_pixels(sample.boxes)
        scenes.append(ScoredScene(found.boxes.numpy(), found.scores.numpy(), truth, sample.recording))
    return scenes
