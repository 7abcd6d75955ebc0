"""config.yaml: read, checked and turned into the program's own frozen dataclasses."""

from monitor.config.load import load
from monitor.config.model import Audit, Brand, Config, Delivery, Digests, Plugin, Retention, Source
from monitor.config.problems import ConfigError

__all__ = ["Audit", "Brand", "Config", "ConfigError", "Delivery", "Digests", "Plugin", "Retention", "Source", "load"]
