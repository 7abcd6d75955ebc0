"""The configuration: as shipped it works, and every mistake in it is told with its line and its likely fix."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from connectors.base import Secret
from monitor.config import Config, ConfigError, load
from monitor.config.model import Relevance

SHIPPED = (Path(__file__).parent.parent / "config.yaml").read_text("utf-8")
NOTHING_SET: Mapping[str, str] = MappingProxyType({})


def read(folder: Path, text: str | bytes, environment: Mapping[str, str] = NOTHING_SET) -> Config:
    file = folder / "config.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file, environment)


def mistakes(folder: Path, text: str | bytes, environment: Mapping[str, str] = NOTHING_SET) -> list[str]:
    """What is wrong, each `line: where: what`."""
    with pytest.raises(ConfigError) as raised:
        read(folder, text, environment)
    file = f"{folder / 'config.yaml'}:"
    told = str(raised.value).split("\n")
    assert all(line.startswith(file) for line in told), told
    return [line.removeprefix(file) for line in told]


def changed(before: str, after: str) -> str:
    """The shipped configuration with one thing changed in it."""
    assert before in SHIPPED
    return SHIPPED.replace(before, after, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def with_every_example(text: str) -> str:
    """The shipped configuration with its commented examples in the place of what they are examples of."""
    text = re.sub(r"(?m)^(    )# (relevance:|(?:topics|facts|faq|customers): .*|  \w+: .*)$", r"\1\2", text)
    text = re.sub(r"(?m)^# (routes:|  - \{.*\})$", r"\1", text)
    text = re.sub(r"(?m)^(  )# ((?:- name: |  \w+: ).*)$", r"\1\2", text)  # sources
    text = text.replace("  care:\n    type: console\n  managers:\n    type: console\n", "")
    text = re.sub(r"(?m)^(  )# ((?:care|managers|duty):)$", r"\1\2", text)
    text = re.sub(r"(?m)^(  )#   ((?:type|token|channel|actions|host|sender|to|quiet|zone): .*)$", r"\1  \2", text)
    return re.sub(r"(?m)^  # ((?:fallback|heartbeat|oidc): .*)$", r"  \1", text)


ACCOUNTS = {
    "X_BEARER_TOKEN": "bearer-hunter2",
    "REDDIT_CLIENT_ID": "id-of-the-app",
    "REDDIT_CLIENT_SECRET": "secret-hunter2",
    "BLUESKY_APP_PASSWORD": "bsky-hunter2",
    "SLACK_BOT_TOKEN": "xoxb-hunter2",
    "SLACK_APP_TOKEN": "xapp-hunter2",
    "HEARTBEAT_URL": "https://beat.example/1",
    "OIDC_CLIENT_SECRET": "oidc-hunter2",
}


def test_the_shipped_configuration_works_offline_and_without_accounts(tmp_path: Path) -> None:
    config = read(tmp_path, SHIPPED)
    assert [plugin.type for _, plugin in config.sources.values()] == ["file"]
    assert [plugin.type for plugin in config.channels.values()] == ["console", "console"]
    assert config.ladder("Laineposti Pakid").steps[3].channel == "managers"
    assert config.secrets == ()


def test_every_commented_example_works_once_its_accounts_are_set(tmp_path: Path) -> None:
    config = read(tmp_path, with_every_example(SHIPPED), ACCOUNTS)
    assert {plugin.type for _, plugin in config.sources.values()} == {"file", "x", "reddit", "bluesky", "rss"}
    assert {name: plugin.type for name, plugin in config.channels.items()} == {
        "care": "slack",
        "managers": "slack",
        "duty": "email",
    }
    assert config.sources["reddit"][1].options.subreddits == ("Eesti", "tallinn", "latvia")
    (brand,) = config.brands.values()
    assert brand.relevance == Relevance(
        not_from=("*_bot", "*jobs*"), ambiguous={"Lainepost": ("pak", "saadet", "kuller")}
    )
    assert brand.topics["app"] == ("äpp", "rakendus")
    assert brand.facts["contact"] == "abi@lainepost.example"
    assert brand.faq[0].words == ("jälgi", "track")
    assert brand.customers is not None
    assert brand.customers.tiers == ("gold", "silver")
    assert [route.channel for route in config.routes] == ["managers", "managers"]
    assert config.quiet["managers"].zone == "Europe/Tallinn"
    assert config.delivery.fallback == "duty"
    assert config.audit.heartbeat == "https://beat.example/1"
    assert set(config.secrets) == {
        "bearer-hunter2",
        "secret-hunter2",
        "bsky-hunter2",
        "xoxb-hunter2",
        "xapp-hunter2",
        "oidc-hunter2",
    }
    assert (config.desk.host, config.desk.port) == ("127.0.0.1", 8080)
    assert "hunter2" not in repr(config)


def test_every_account_that_is_not_set_is_told_at_once(tmp_path: Path) -> None:
    told = mistakes(tmp_path, with_every_example(SHIPPED))
    for name in ACCOUNTS:
        assert any(f"the environment variable {name} is not set" in line for line in told), name


def test_any_model_of_the_hub_can_take_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    text = changed(
        "  type: onnx", "  type: transformer\n  model: a/b\n  threshold: 0.7\n  label_map: {LABEL_1: complaint}"
    )
    options = read(tmp_path, text).classifier.options
    assert (options.model, options.threshold, options.label_map) == ("a/b", 0.7, {"LABEL_1": "complaint"})


def test_a_database_address_from_the_environment_keeps_its_password_out_of_sight(tmp_path: Path) -> None:
    text = changed("sqlite:///state/monitor.db", "${DATABASE_URL}")
    config = read(tmp_path, text, {"DATABASE_URL": "postgresql://care:hunter2@db.example/monitor"})
    assert config.secrets == ("hunter2",)


def test_a_variable_may_have_a_default(tmp_path: Path) -> None:
    text = changed("grace: 5m", "grace: ${GRACE:-7m}")
    assert read(tmp_path, text).audit.grace.total_seconds() == 7 * 60
    assert read(tmp_path, text, {"GRACE": ""}).audit.grace.total_seconds() == 7 * 60
    assert read(tmp_path, text, {"GRACE": "1h 30m"}).audit.grace.total_seconds() == 90 * 60


def test_an_anchor_may_be_used_again(tmp_path: Path) -> None:
    text = changed("keywords: [", "keywords: &words [").replace("exclude: [tööpakkumine, vakants]", "exclude: *words")
    (brand,) = read(tmp_path, text).brands.values()
    assert brand.exclude == brand.keywords


SLACK = "type: slack\n    channel: C012AB3CD\n    token: "


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("grace: 5m", "graze: 5m", "audit.graze: unknown key; did you mean 'grace'?"),
        ("audit:\n", "audits:\n", "audits: unknown section; did you mean 'audit'?"),
        ("exclude: [tööpakkumine, vakants]", "exclude: vakants",
         "brands.0.exclude: must be a list such as [one, two], not 'vakants'"),
        ("keywords: [Lainepost,", "keywords: [2026,", "brands.0.keywords.0: must be text (quotes make it so), not 2"),
        ("keywords: [Lainepost,", "keywords: [no,", "keywords.0: must be text (quotes make it so), not False"),
        ("every: 1m", "every: 60", "sources.0.every: must be a length of time with its unit, such as 90s,"),
        ("every: 1m", "every: -1m", "sources.0.every: must be a length of time with its unit"),
        ("every: 1m", "every: 1 month", "sources.0.every: must be a length of time with its unit"),
        ("every: 1m", "every: 99999999999999w", "sources.0.every: is longer than a hundred years"),
        ("every: 1m", "every: 2026-13-45", "sources.0.every: looks like a date or a number but is none; put quotes"),
        ("every: 1m", "every: 0.1s", "sources.0.every: must be at least 1s"),
        ("every: 1m", "timeout: -1", "sources.0.timeout: must be greater than 0, not -1"),
        ("every: 1m", "timeout: .inf", "sources.0.timeout: must be a number, not inf"),
        ("every: 1m", "brand: Lainepst", "sources.0.brand: there is no brand 'Lainepst'"),
        ("every: 1m", "every: 1m\n    every: 2m", "sources.0.every: stands here a second time, first on line 46"),
        ("every: 1m", "platform: ''", "sources.0: platform: must have 1 to 50 characters"),
        ("lease: 2m", "lease: 1s", "delivery.lease: must be at least 40s"),
        ("recheck: 1d", "recheck: 0", "retention.recheck: must be at least 1h"),
        ("type: file", "type: redit", "sources.0.type: there is no connectors/redit.py; did you mean 'reddit'?"),
        ("type: file", "type: base", "sources.0.type: there is no connectors/base.py; known: "),
        ("type: file", "tipe: file", "sources.0.type: is missing; one of: "),
        ("type: onnx", "type: story", "classifier.type: there is no classifiers/story.py; known: onnx, transformer"),
        ("type: console", "type: slak", "channels.care.type: there is no alerts/slak.py; did you mean 'slack'?"),
        ("{after: 45m, channel: care, mention: [lead]}", "{after: 10m, channel: care}",
         "ladders.default.steps.2.after: steps must stand in the order of their times"),
        ("target: 60m", "target: 0m", "ladders.default.target: must be longer than nothing"),
        ("  default:\n", "  standard:\n", "ladders: a ladder named `default` is needed"),
        ("channel: managers}", "channel: manager}",
         "ladders.default.steps.3.channel: there is no channel 'manager'; did you mean 'managers'?"),
        ("channel: care      #", "channel: duty #", "audit.channel: there is no channel 'duty'; known: care, managers"),
        ("  # fallback: duty", "  fallback: duty", "delivery.fallback: there is no channel 'duty'"),
        ("ladder: default", "ladder: defualt", "brands.0.ladder: there is no such ladder; did you mean 'default'?"),
        ("ladder: default", "relevance: {skip: [jobs, new]}",
         "brands.0.relevance.skip.1: there is no such kind; did you mean 'news'?"),
        ("ladder: default", "relevance: {skips: [ads]}", "brands.0.relevance.skips: unknown key; did you mean 'skip'?"),
        ("ladder: default", "relevance: {not_from: ['*']}",
         "brands.0.relevance.not_from.0: '*' leaves out everybody; name at least a letter"),
        ("ladder: default", "relevance: {ambiguous: {Lanepost: [pakk]}}",
         "brands.0.relevance.ambiguous.Lanepost: is not one of the brand's keywords; did you mean 'Lainepost'?"),
        ("ladder: default", "relevance: {ambiguous: {Lainepost: []}}",
         "brands.0.relevance.ambiguous.Lainepost: needs words that tell it is the brand, such as [parcel]"),
        ("ladder: default", "relevance: {copies_within: 3}",
         "brands.0.relevance.copies_within: must be a length of time with its unit"),
        ("- name: Laineposti Pakid", "- name: ''", "brands.0.name: must have 1 to 200 characters"),
        ("- name: samples", "- name: samples\n    type: file\n    path: a\n  - name: samples",
         "sources.1.name: 'samples' is used twice"),
        ("sqlite:///state/monitor.db", "monitor.db", "database: not an address such as sqlite:///"),
        ("sqlite:///state/monitor.db", "postgresql://h:port/x", "database: not an address such as sqlite:///"),
        ("sqlite:///state/monitor.db", "mysql://h/x", "database: can be sqlite or postgresql, not mysql"),
        ("database: sqlite", "state: \"\\0\"\ndatabase: sqlite", "state: holds a character that can't be stored"),
        ("    path: examples/posts.jsonl\n", "", "sources.0.path: is missing"),
        ("  handles:\n", "  handles:\n      [1, 2]: x\n",
         "brands.0.handles: has a list or a mapping for a key, where only text can stand"),
        ("type: file\n    path: examples/posts.jsonl",
         "type: reddit\n    client_id: a\n    client_secret: ${HOME_MADE}\n    subreddits: []",
         "sources.0: subreddits: name at least one, or all"),
        ("listen: 127.0.0.1:8080", "listen: here", "desk: listen must be an address and a port, such as"),
        ("listen: 127.0.0.1:8080", "listen: localhost:99999", "desk: listen must be an address and a port"),
        ("listen: 127.0.0.1:8080", "listen: ':8080'", "desk: listen must be an address and a port"),
        ("listen: 127.0.0.1:8080", "port: 8080", "desk.port: unknown key; known: listen"),
        ("type: console", SLACK + "${HOME_MADE}\n    actions: {allowed: S012AB3CD}",
         "channels.care: actions: needs app_token or signing_secret"),
        ("type: console", SLACK + "${HOME_MADE}\n    actions: {signing_secret: '${HOME_MADE}', allowed: '@care'}",
         "channels.care: actions: allowed must be the id of a user group, such as S012AB3CD"),
        ("type: console", SLACK + "${HOME_MADE}\n    actions: {app_token: xapp-1}",
         "channels.care.actions.app_token: a secret comes from the environment only"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_the_likely_fix(tmp_path: Path, before: str, after: str, told: str) -> None:
    text = changed(before, after)
    line = line_of(SHIPPED, before)  # its own line is told, or the one where its entry begins
    found = mistakes(tmp_path, text, {"HOME_MADE": "hunter2hunter2"})
    match = [item for item in found if told in item]
    assert match, found
    assert abs(int(match[0].partition(":")[0]) - line) <= 4, (line, match)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: brands: must be a list with at least one entry"),
        ("# nothing but a comment\n", "1: sources: must be a list with at least one entry"),
        ("hello", "1: is not a mapping of sections such as `brands:`"),
        ("- a\n- b\n", "1: is not a mapping of sections such as `brands:`"),
        ("brands:\n\t- name: x\n", "2: is not valid YAML: found character '\\t' that cannot start any token"),
        ("brands: [a\nsources: b\n", "2: is not valid YAML: expected ',' or ']'"),
        ("brands: *nobody\n", "1: is not valid YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "2: is not valid YAML: but found another document"),
        ("brands: !!python/object:os.system x\n", "1: is not valid YAML: could not determine a constructor"),
        ("a: &a [*a]\n", "1: is nested too deeply to be a configuration"),
        ("[" * 5_000, "1: is nested too deeply to be a configuration"),
        (b"brands: \xff\xfe\n", "1: is not UTF-8 text (byte 8)"),
        (SHIPPED.encode("utf-16"), "1: is not UTF-8 text (byte 0)"),
        (bytes(range(128)) * 30, "1: is not valid YAML: unacceptable character #x0000"),
        (b"# " + b"x" * 5_000_000, "1: is larger than 1 MB, which no configuration is"),
        ("brands:\n  - name: x\n    <<: {a: 1}\n    handles: {}\n", "3: brands.0.<<: unknown key"),
    ],
    ids=lambda value: str(value)[:30] if len(value) < 200 else "long",
)
def test_what_is_no_configuration_at_all_is_told_in_one_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert any(line.startswith(told) for line in mistakes(tmp_path, text))


def test_aliases_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    laughs = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert mistakes(tmp_path, laughs) == ["1: holds more than 50,000 values, aliases unfolded"]


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"elsewhere\.yaml:1: there is no such file; name another with --config"):
        load(tmp_path / "elsewhere.yaml", NOTHING_SET)
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(tmp_path, NOTHING_SET)


def test_several_mistakes_are_told_together_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = (
        changed("every: 1m", "every: soon")
        .replace("ladder: default", "ladder: nine")
        .replace("channel: managers}", "channel: nobody}", 1)
        .replace("grace: 5m", "grase: 5m")
        .replace("type: onnx", "type: onx")
    )
    told = mistakes(tmp_path, text)
    assert [line.split(": ")[1] for line in told] == [
        "brands.0.ladder",
        "sources.0.every",
        "classifier.type",
        "ladders.default.steps.3.channel",
        "audit.grase",
    ]


def test_a_secret_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for secret in ("xoxb-hunter2", "${SLACK_BOT_TOKEN:-xoxb-hunter2}", "[xoxb-hunter2]", "{a: xoxb-hunter2}"):
        (told,) = mistakes(tmp_path, changed("type: console", SLACK + secret))
        assert told.endswith(
            "channels.care.token: a secret comes from the environment only: write ${NAME} and export NAME"
        )
    optional = changed("type: console", "type: email\n    host: h\n    sender: s\n    to: [t]\n    password: hunter2")
    (told,) = mistakes(tmp_path, optional)
    assert "a secret comes from the environment only" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("channel: managers}", "channel: '${TOKEN}'}"),
        ("type: console", "type: ${TOKEN}"),
        ("type: file", "type: ${TOKEN}"),
        ("every: 1m", "every: ${TOKEN}"),
        ("every: 1m", "timeout: ${TOKEN}"),
        ("every: 1m", "brand: ${TOKEN}"),
        ("ladder: default", "ladder: ${TOKEN}"),
        ("sqlite:///state/monitor.db", "${TOKEN}"),
        ("exclude: [tööpakkumine, vakants]", "exclude: [[${TOKEN}]]"),
        ("exclude: [tööpakkumine, vakants]", "exclude: {a: '${TOKEN}'}"),
        ("type: console", SLACK + "['${TOKEN}']"),
    ],
)
@pytest.mark.parametrize("token", ["xoxb-hunter2", 'it\'s "hunter2" \\ more'])
def test_a_secret_in_a_wrong_place_is_not_repeated(tmp_path: Path, before: str, after: str, token: str) -> None:
    told = mistakes(tmp_path, changed(before, after), {"TOKEN": token})
    assert "hunter2" not in "\n".join(told)


def test_secrets_are_read_from_the_environment_and_show_themselves_to_nobody(tmp_path: Path) -> None:
    config = read(tmp_path, changed("type: console", SLACK + "${TOKEN}"), {"TOKEN": "xoxb-hunter2"})
    options = config.channels["care"].options
    assert options.token == Secret("xoxb-hunter2")
    assert "hunter2" not in repr(config) + str(options)
    assert config.secrets == ("xoxb-hunter2",)


def test_a_key_that_looks_like_a_type_is_still_named(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(SHIPPED.replace("    every: 1m", '    "e[very": 1m'))
    with pytest.raises(ConfigError, match=r"sources\.0\.e\[very: unknown key"):
        load(file, {})
