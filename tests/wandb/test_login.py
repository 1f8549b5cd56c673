"""Keys that are not right are refused as such, and soon."""

import pytest


@pytest.mark.parametrize("where", ["daemon", "hub"])
def test_a_wrong_key(variables, hub, run_script, where):
    url = variables["WANDB_BASE_URL"] if where == "daemon" else hub.url
    done = run_script("login", WANDB_BASE_URL=url, WANDB_API_KEY="wrong-" + "0" * 40).wait()
    told = done.expect(0)
    assert told["api"][0] in ("AuthenticationError", "CommError"), told
    assert told["init"][0] in ("AuthenticationError", "CommError"), told
    for name, text in told.values():
        assert any(word in text.lower() for word in ("401", "403", "key", "token", "credentials")), text
    assert done.seconds < 30
