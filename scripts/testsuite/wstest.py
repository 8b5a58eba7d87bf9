"""Starts the testsuite's `wstest` from the folder given first, by CPython 2.7."""

import site
import sys

# Not PYTHONPATH: the packages there share a namespace by way of a .pth file.
site.addsitedir(sys.argv.pop(1))

from autobahntestsuite.wstest import run  # noqa: E402

run()
