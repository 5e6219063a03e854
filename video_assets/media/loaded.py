"""Imported last by the process that forks workers: what it has loaded is theirs too, and stays.

Their garbage collectors then leave it alone. To look through it would also copy every page of it, as a collector writes into what it
looks at.
"""

import gc

gc.freeze()
