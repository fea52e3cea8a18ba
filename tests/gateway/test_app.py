import dataclasses

import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from services.contract.errors import ConfigurationError
from services.settings import GatewaySettings


def test_the_document_declares_refusals_in_one_shape(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    declared = {"400", "413", "415", "422", "429", "503", "default"}
    assert declared <= paths["/v1/videos"]["post"]["responses"].keys()
    for path, methods in paths.items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if status not in ("200", "206", "304") and path != "/readyz":
                    schema = answer["content"]["application/json"]["schema"]["$ref"]
                    assert schema.endswith("/ErrorReply"), (path, method, status)


def test_the_document_shows_all_three_encodings_of_an_order(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/videos"]["post"]
    bodies = operation["requestBody"]["content"]
    assert set(bodies) == {"application/json", "multipart/form-data", "application/x-www-form-urlencoded"}
    for body in bodies.values():
        assert body["schema"]["required"] == ["prompt"]
        assert "input_reference" in body["schema"]["properties"]


def test_it_does_not_start_for_strangers_without_being_asked(config: Config) -> None:
    with pytest.raises(ConfigurationError):
        create_app(dataclasses.replace(config, gateway=GatewaySettings(host="0.0.0.0")))


def test_any_key_or_none_is_taken(client: TestClient) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "nonsense"}):
        assert client.get("/v1/videos", headers=headers).status_code == 200
