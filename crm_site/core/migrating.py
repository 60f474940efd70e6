"""Migrations of many changes, made against two states of the models instead of one for each change.

Django renders every related model again after each operation; with more than a hundred models that took nine tenths
of the time of a new database (100 s of CPU; 9 s in this way).
"""

from django.db import migrations

_ALLOWED = ("CreateModel", "AddField", "AlterField", "RemoveField", "AddIndex", "RemoveIndex", "AddConstraint",
            "RemoveConstraint", "AddTrigger", "RemoveTrigger", "AddIndexConcurrently",
            "RemoveIndexConcurrently")  # fmt: skip
_COMES_WITH_THE_TABLE = ("AddField", "AddIndex", "AddConstraint")


class AtOnce(migrations.Migration):
    """A migration whose operations see only the models before it and the models after it.

    A new table is made with all that the migration adds to it. What touches one column twice, moves data or renames
    is refused with ValueError: it belongs in a plain migration.
    """

    def apply(self, project_state, schema_editor, collect_sql=False):
        """Carry out the operations; returns the state after them (see Migration.apply)."""
        made = self._checked()
        after = project_state.clone()
        after.__dict__.pop("apps", None)  # rendered once, when the first operation asks
        for operation in self.operations:
            operation.state_forwards(self.app_label, after)
        for operation in self.operations:
            comes = _kind(operation) in _COMES_WITH_THE_TABLE and operation.model_name.lower() in made
            if not comes:
                operation.database_forwards(self.app_label, schema_editor, project_state, after)
        return after

    def _checked(self):
        """The names of the models that this migration makes."""
        seen = set()
        for operation in self.operations:
            what = _kind(operation) in _ALLOWED and (_kind(operation), *_target(operation))
            if not what or what in seen:
                raise ValueError(f"{self}: {operation.describe()} does not belong in a migration that works at once")
            seen.add(what)
        return {operation.name_lower for operation in self.operations if _kind(operation) == "CreateModel"}


def _kind(operation):
    return type(operation).__name__


def _target(operation):
    """What an operation touches: the model and the column, index, constraint or trigger."""
    parts = [getattr(operation, name, None) for name in ("index", "constraint", "trigger")]
    return (getattr(operation, "model_name", "").lower(), next(filter(None, parts), operation).name)
