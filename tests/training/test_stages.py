"""The stages of a training, in their order."""

from rfhydra.protocol.types import TrainingRequest
from rfhydra.training.service import TrainingService
from rfhydra.training.trainer import Control
from tests.training.given import SIGNAL


def test_a_training_names_its_stages(service: TrainingService) -> None:
    happened = list[str]()
    control = Control(
        callback=lambda progress: happened.append("epoch"),
        on_features=lambda done, total: happened.append("features"),
        on_stage=happened.append,
    )
    service.fit(TrainingRequest(signal_name=SIGNAL, epochs=2), control)
    first = [each for index, each in enumerate(happened) if each not in happened[:index]]
    assert first == ["looking", "features", "fitting", "epoch", "calibrating"]
    service.train(TrainingRequest(signal_name=SIGNAL, epochs=2), on_stage=happened.append)
    service.train(TrainingRequest(signal_name=SIGNAL, epochs=2), on_stage=happened.append)
    assert happened[-1] == "comparing"
