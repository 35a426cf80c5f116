"""The queries of docs/archive.md run."""

import re
from pathlib import Path
from typing import Final

import pytest

from rfhydra.archive.plan import ScanPlan
from tests.archive.given import record, rows, scan_here
from tests.training.given import SIGNAL

PAGE: Final = (Path(__file__).parents[2] / "docs" / "archive.md").read_text()
QUERIES: Final = [
    query.strip() for block in re.findall(r"^```sql\n(.*?)^```", PAGE, re.M | re.S) for query in block.split(";")
]


def test_the_queries_of_the_page_run(plan: ScanPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "archive").mkdir()
    for seed in range(2):
        record(tmp_path / "archive" / f"r{seed}", seed)
    scan_here(plan, tmp_path / "archive", tmp_path / "hits.parquet")
    monkeypatch.chdir(tmp_path)
    queries = [query for query in QUERIES if query]
    assert len(queries) >= 4
    answers = [duckdb.sql(query).fetchall() for query in queries]
    (by_signal,) = answers[0]
    assert by_signal[:2] == (SIGNAL, len(rows(tmp_path / "hits.parquet")))
    assert f'"backbone_id": "{plan.backbone_id}"' in answers[-1][0][0]
