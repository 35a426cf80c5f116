from rfhydra.live.progress import RANKED_WINDOWS, Done, Progress


def count(progress: Progress, window_sec: float) -> None:
    progress.count(empty=False, tracks=0, heads={}, signal_sec=1.0, work_sec=window_sec / 2, window_sec=window_sec)


def test_the_percentiles_are_of_the_latest_windows() -> None:
    assert Done().percentile(50) is None
    progress = Progress()
    count(progress, 9.0)
    assert (progress.done.percentile(50), progress.done.percentile(99)) == (9.0, 9.0)
    for number in range(1, RANKED_WINDOWS + 1):
        count(progress, number / 1000)
    assert progress.done.percentile(50) == 0.128
    assert progress.done.percentile(99) == 0.254
    assert progress.done.windows == RANKED_WINDOWS + 1
