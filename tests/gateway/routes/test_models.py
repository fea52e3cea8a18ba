import pytest
from fastapi.testclient import TestClient


def test_lists_casts_and_aliases_with_all_that_a_request_may_choose(client: TestClient) -> None:
    page = client.get("/v1/models").json()
    assert page["object"] == "list"
    assert [model["id"] for model in page["data"]] == ["moviegen-mini", "sora-2"]
    model, alias = page["data"]
    assert alias == {**model, "id": "sora-2"}
    assert model["cast"] == "moviegen-mini"
    assert model["default_size"] == "1920x1080"
    assert {"name": "1920x1080", "width": 1920, "height": 1080, "native": False} in model["sizes"]
    assert model["seconds"] == {"default": 4, "minimum": 1, "maximum": 16}
    assert model["max_seconds"] == {"16": 16, "24": 10}
    assert model["tasks"] == ["text", "image"]
    assert model["num_inference_steps"]["default"] == 50


def test_every_size_and_rate_on_offer_is_taken(client: TestClient) -> None:
    model = client.get("/v1/models/moviegen-mini").json()
    for size in model["sizes"]:
        for fps, seconds in model["max_seconds"].items():
            fields = {"prompt": "a", "size": size["name"], "fps": int(fps), "seconds": seconds}
            assert client.post("/v1/videos", json=fields).status_code == 200


@pytest.mark.parametrize("name", ["sora-3", "a/b", "%00", "..%2f"])
def test_unknown_names_are_not_found(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
