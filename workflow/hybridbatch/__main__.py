"""`python -m hybridbatch STAGE` is the same as `hybridbatch STAGE`."""

import sys

from hybridbatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
