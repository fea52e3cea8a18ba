import pytest

from gateway.catalog import Catalog
from services.contract.cast import CastManifest
from services.contract.errors import ConfigurationError, InvalidRequest
from services.settings import MANIFESTS

MINI = CastManifest.read(MANIFESTS / "moviegen-mini.json")
OTHER = MINI.model_copy(update={"name": "other"})


def test_the_first_cast_is_the_default_and_has_the_aliases() -> None:
    catalog = Catalog.build([MINI, OTHER], ["sora-2"])
    assert catalog.find(None) == ("moviegen-mini", MINI)
    assert catalog.find("sora-2") == ("sora-2", MINI)
    assert catalog.find("other") == ("other", OTHER)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Catalog.build([MINI]).find("sora-2")
    assert (refusal.value.param, refusal.value.code) == ("model", "model_not_found")


@pytest.mark.parametrize(("casts", "aliases"), [([], []), ([MINI, MINI], []), ([MINI], ["moviegen-mini"])])
def test_names_must_be_clear(casts: list[CastManifest], aliases: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        Catalog.build(casts, aliases)
