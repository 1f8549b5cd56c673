"""That these tests have no network: else nothing here shows that none is needed."""

import socket

import pytest


@pytest.mark.fast
@pytest.mark.parametrize("address", ["192.0.2.1", "1.1.1.1", "2001:db8::1"])
def test_no_address_outside_is_reachable(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as outside:
        outside.settimeout(3)
        with pytest.raises(OSError, match="unreachable|Cannot assign"):
            outside.connect((address, 443))


@pytest.mark.fast
def test_names_outside_are_not_resolved():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("api.wandb.ai", 443)


@pytest.mark.fast
def test_loopback_is_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=3).close()
