"""Opens the ways in that the channels' configuration asks for, and closes them at the end."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from alerts.slack import Slack
from monitor.app import App
from monitor.desk.desk import Desk
from monitor.desk.records import Records
from monitor.desk.socket_mode import SocketMode
from monitor.desk.web import Signed, Web


@contextmanager
def opened(app: App, wake: Callable[[], object]) -> Iterator[None]:
    """Hears of presses on buttons meanwhile; `wake` has messages that wait delivered now. Raises OSError."""
    signed: list[Signed] = []
    with ExitStack() as stack:
        apps = _apps(app)
        for channels in apps:
            brands = _brands(app, channels) if len(apps) > 1 else None
            desk = Desk(Records(app=app, channels=channels, brands=brands), wake)
            stack.callback(desk.close)
            sockets = {channel.options.actions.app_token: channel for channel in channels}
            for token, channel in sockets.items():
                if token:
                    stack.callback(SocketMode(channel.socket_address, desk.take).close)
            secrets = {channel.options.actions.signing_secret for channel in channels} - {None}
            signed += [Signed(secret=secret, take=desk.take) for secret in secrets]
        if signed:
            stack.callback(_web(app, signed).close)
        yield


def _web(app: App, signed: list[Signed]) -> Web:
    try:
        return Web(app.config.desk.host, app.config.desk.port, signed, app.clock)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"desk: listen: {app.config.desk.listen}") from None


def _brands(app: App, channels: list[Slack]) -> list[str]:
    """The brands whose ladders lead into one of the channels: what another app's people may not see is left out."""
    names = {channel.name for channel in channels}
    return [name for name in app.config.brands if names & {step.channel for step in app.config.ladder(name).steps}]


def _apps(app: App) -> list[list[Slack]]:
    """The channels with buttons, those of one Slack app together."""
    found: dict[str, list[Slack]] = defaultdict(list)
    for channel in app.channels.values():
        if isinstance(channel, Slack) and channel.options.actions:
            found[channel.options.token.reveal()].append(channel)
    return list(found.values())
