"""What is not wrong in a configuration but will be regretted."""

from collections.abc import Iterator

from monitor.config.model import Config


def advice(config: Config) -> Iterator[tuple[str, str]]:
    """The part that is concerned, and what will happen."""
    watched = config.channels.get(config.audit.channel)
    used = {step.channel for ladder in config.ladders.values() for step in ladder.steps}
    if watched is None:
        yield "audit", "has no channel: nobody hears when the monitor itself fails (audit: channel: …)"
    elif watched.type == "slack" and any(config.channels[name].type == "slack" for name in used):
        yield "audit", "goes through Slack too: when Slack is down, nobody hears that it is"
    if not config.delivery.fallback:
        yield "delivery", "has no fallback: an alert that its channel refuses reaches nobody"
    for brand in config.brands.values():
        if not any(brand.handles.values()):
            yield f"brand {brand.name}", "has no handles: its replies can't be seen, so no clock stops by itself"
