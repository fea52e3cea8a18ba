"""``python -m services.local`` is ``moviola``."""

from services.local.cli import main

if __name__ == "__main__":
    main()
