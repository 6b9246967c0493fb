"""TREEEX-WBSP: a WhatsApp Business Solution Provider that you run yourself."""

__version__: str


def __getattr__(name: str) -> str:
    """`__version__` is looked up when it is wanted: reading the package's metadata takes longer than printing help."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version

    return version("treeex-wbsp")
