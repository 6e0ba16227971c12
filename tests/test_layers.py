"""The import rule of the design holds."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_packages_import_only_downwards_and_models_stay_pure() -> None:
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS
