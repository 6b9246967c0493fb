"""TREEEX-WBSP: a WhatsApp Business Solution Provider that you run yourself."""

from importlib.metadata import version

__version__ = version("treeex-wbsp")
