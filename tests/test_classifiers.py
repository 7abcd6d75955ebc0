"""The classifiers as the care team meets them: any post gets a verdict, and a model that fails says what to do."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from classifiers.base import BadModel, Verdict
from classifiers.onnx import SHIPPED, Onnx, OnnxOptions

COMPLAINTS = {
    "English": [
        "My order was supposed to be here on Monday, it's Friday and nobody answers my e-mails. Terrible service!",
        "You charged me twice for the same month and your hotline hangs up on me. I want my money back.",
        "Third day without internet and support keeps telling me to restart the router. Useless.",
    ],
    "Estonian": [
        "Pakk pidi esmaspäeval kohal olema, täna on reede ja keegi ei vasta. Väga halb teenindus!",
        "Võtsite minu arvelt sama kuu eest kaks korda raha ja klienditoest ei saa kedagi kätte.",
        "Kolmas päev ilma internetita ja te ainult lubate, et tegelete. Häbi!",
    ],
    "Russian": [
        "Посылка должна была прийти в понедельник, сегодня пятница, и никто не отвечает. Ужасный сервис!",
        "С меня дважды сняли деньги за один и тот же месяц, а поддержка молчит. Верните деньги!",
        "Третий день без интернета, и никто ничего не делает. Безобразие.",
    ],
    "Latvian": [
        "Sūtījumam bija jābūt pirmdien, šodien ir piektdiena, un neviens neatbild. Briesmīga apkalpošana!",
        "Jūs divreiz noņēmāt naudu par to pašu mēnesi, un atbalsts klusē. Atdodiet naudu!",
        "Trešā diena bez interneta, un neviens neko nedara. Kauns!",
    ],
}
PRAISE = [
    "Thank you so much, the parcel arrived early and your staff were lovely!",
    "Aitäh, pakk jõudis kiiresti kohale ja teenindus oli suurepärane!",
    "Спасибо большое, всё пришло вовремя, отличный сервис!",
    "Liels paldies, viss atnāca laikā, lieliska apkalpošana!",
]
ODD_TEXTS = {
    "nothing": "",
    "only space": " \t\n ",
    "half of an emoji": "the app is broken \ud83d",
    "binary junk": "".join(map(chr, range(256))) * 4,
    "the tokenizer's own signs": "<pad> </s> <s> <unk> <mask>",
    "emoji": "😡" * 300,
    "another script": "お店の対応がひどいです。返金してください。",
}


@pytest.fixture(scope="module")
def shipped() -> Onnx:
    return Onnx(OnnxOptions(threads=2))


@pytest.mark.parametrize("language", COMPLAINTS)
def test_the_plainest_complaints_stand_above_thanks(shipped: Onnx, language: str) -> None:
    verdicts = shipped.classify(COMPLAINTS[language])
    thanks = max(verdict.complaint for verdict in shipped.classify(PRAISE))
    assert min(verdict.complaint for verdict in verdicts) > thanks
    assert any(verdict.is_complaint for verdict in verdicts)
    assert sum(verdict.sentiment == "negative" for verdict in verdicts) >= 2


def test_the_shipped_model_takes_thanks_for_thanks(shipped: Onnx) -> None:
    verdicts = shipped.classify(PRAISE)
    assert [verdict.is_complaint for verdict in verdicts] == [False] * len(PRAISE)
    assert {verdict.sentiment for verdict in verdicts} == {"positive"}


def test_the_order_of_verdicts_is_the_order_of_texts() -> None:
    classifier = Onnx(OnnxOptions(batch_size=3, threads=1))
    texts = [text * repeat for repeat in (1, 4, 2) for text in (COMPLAINTS["English"][0], PRAISE[0])]
    alone = [classifier.classify([text])[0] for text in texts]
    together = classifier.classify(texts)
    assert [verdict.is_complaint for verdict in together] == [True, False] * 3
    assert [verdict.complaint for verdict in together] == pytest.approx([verdict.complaint for verdict in alone])


def test_a_verdict_does_not_hang_on_what_stands_beside_it(shipped: Onnx) -> None:
    post, strange = COMPLAINTS["Estonian"][0], "!!!" * 3000
    alone, beside = shipped.classify([post])[0], shipped.classify([post, strange])[0]
    assert beside.complaint == pytest.approx(alone.complaint, abs=1e-4)


def test_no_texts_get_no_verdicts(shipped: Onnx) -> None:
    assert shipped.classify([]) == []


@pytest.mark.parametrize("kind", ODD_TEXTS)
def test_any_text_gets_a_verdict(shipped: Onnx, kind: str) -> None:
    verdict = shipped.classify([ODD_TEXTS[kind]])[0]
    assert 0 <= verdict.complaint <= 1
    assert verdict.model == shipped.model


def test_a_ten_megabyte_post_gets_the_verdict_of_its_beginning(shipped: Onnx) -> None:
    start = COMPLAINTS["English"][1] + " "
    huge, long = shipped.classify([start * 100_000, start * 100])
    assert len(start * 100_000) > 9_000_000
    assert huge == long
    assert huge.is_complaint


def test_markup_and_invisible_characters_change_no_verdict(shipped: Onnx) -> None:
    plain, dressed = shipped.classify(
        ["Where is my parcel & my money?", "Where\u200b is my parcel &amp;\n\tmy  money?"]
    )
    assert plain == dressed


def test_the_threshold_is_the_brands_to_set(shipped: Onnx) -> None:
    text = COMPLAINTS["English"][0]
    chance = shipped.classify([text])[0].complaint
    assert Onnx(OnnxOptions(threshold=chance)).classify([text])[0].is_complaint
    assert not Onnx(OnnxOptions(threshold=min(1.0, chance + 0.001))).classify([text])[0].is_complaint


def test_a_verdict_names_the_model_and_the_revision_of_its_weights(shipped: Onnx) -> None:
    about = json.loads((SHIPPED / "model.json").read_text("utf-8"))
    assert shipped.model == f"{about['name']}@{about['revision']}"
    assert isinstance(shipped.classify(["hello"])[0], Verdict)


def test_the_shipped_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 40_000_000


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    classifier = Onnx(OnnxOptions(model=str(tmp_path / "nowhere")))
    with pytest.raises(BadModel, match=r"no model\.json .*nowhere.*classifiers\.train"):
        classifier.classify(["hello"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "model.json"])
def test_a_damaged_model_says_what_to_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BadModel, match="damaged or of another version"):
        Onnx(OnnxOptions(model=str(folder))).classify(["hello"])


def test_loading_the_module_is_cheap_and_needs_no_torch() -> None:
    program = (
        "import sys, classifiers.onnx as o; heavy = {'onnxruntime', 'tokenizers', 'numpy', 'torch', 'transformers'}; "
        "assert not heavy & set(sys.modules); o.Onnx().classify(['hello']); "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
