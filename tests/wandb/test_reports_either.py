"""Reports and workspaces saved by `wandb_workspaces` and by `pannier` are the same thing,
whichever of the two reads them and saves them again."""

import pytest
import wandb_workspaces.reports.v2 as wr

from support.sdk import ENTITY, TRACKERS


@pytest.fixture
def written(tell_either):
    """What each package wrote."""
    return {tracker: tell_either("reports_either", "write", tracker) for tracker in TRACKERS}


def test_same_whichever_writes_and_whichever_reads(written, with_either, run_script):
    for writer, told in written.items():
        assert told["deleted"] is True
        for reader in TRACKERS:
            words = ("read", reader, told["report"], told["workspace"])
            shown = run_script("reports_either", *words, **with_either).wait().expect(0)
            assert shown == {
                "place": [ENTITY, "reports-either"],
                "kinds": ["TableOfContents", "H1", "P", "CodeBlock", "PanelGrid"],
                "code": "a = 1",
                "line": ["Loss", "Step", ["loss"], True],
                "scalar": "best",
                "runset": ["reports-either", "mine", 'Config("lr") >= 0.1', ["config.lr.value"]],
                "section": ["s", True, ["LinePlot"]],
                "ids": [told["id"], told["id"]],
                "description": f"read by {reader}",
                "listed": sorted(f"By {tracker} -- é" for tracker in TRACKERS),
            }, (writer, reader)


def test_ours_is_read_where_it_was_synced(written, api):
    told = written["pannier"]
    back = wr.Report.from_url(told["report"])
    assert (back.id, back.title) == (told["id"], "By pannier -- é")
    assert told["id"] in [report.id for report in api.reports(f"{ENTITY}/reports-either")]
