"""Who is calling.

There are no keys yet: any ``Authorization``, or none, is the tenant ``default``. That is safe only because
``check_exposure`` keeps such a gateway on a loopback address unless ``MOVIOLA_ALLOW_ANONYMOUS`` is set.
Routes take the tenant from here alone, so that keys change this file and no other.
"""

from typing import Annotated

from fastapi import Depends

DEFAULT_TENANT = "default"


async def tenant() -> str:
    """The tenant that the call is made for."""
    return DEFAULT_TENANT


Tenant = Annotated[str, Depends(tenant)]
