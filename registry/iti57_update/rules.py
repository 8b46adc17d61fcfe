"""What an update may ask for, as rows of a table.

Spec: MU §3.57.4.1.3. The rows are those of registry/update; ITI-57 has all operations. Pure.
"""

from typing import Final

from registry.update.hiding_rules import never_hidden_again
from registry.update.operation_rules import OPERATION_RULES, Rule
from registry.update.status_rules import STATUS_RULES
from registry.update.submitted_rules import SUBMITTED_RULES
from registry.update.version_rules import (
    VERSION_RULES,
    versions_keep_their_identity,
    versions_replace_one_in_use,
)

RULES: Final[tuple[Rule, ...]] = (
    *OPERATION_RULES,
    *VERSION_RULES,
    never_hidden_again,
    versions_keep_their_identity,
    versions_replace_one_in_use,
    *STATUS_RULES,
    *SUBMITTED_RULES,
)
