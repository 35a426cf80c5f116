from rfhydra.training.report import escalation


def test_boxes_that_the_proposals_miss_call_for_the_other_kind() -> None:
    assert escalation(0.95) is None
    advice = escalation(0.625)
    assert advice is not None
    assert "proposes only 62% of your boxes at IoU 0.5" in advice
    assert "kind rcnn" in advice
