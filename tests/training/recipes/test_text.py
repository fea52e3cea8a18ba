from services.contract.tokenizer import BEGIN, END, FIRST_WORD, PAD
from services.families.moviegen.casts import build
from services.families.moviegen.text_encoder import TextEncoder
from training.recipes import text
from training.world.captions import caption, sound_caption
from training.world.chance import Film, sample_scene
from training.world.scene import stream


def test_the_manifest_knows_every_word_of_the_world() -> None:
    assert text.missing(text.tokenizer().vocabulary) == []


def test_the_text_encoder_has_room_for_all_words() -> None:
    encoder = build("moviegen-mini", "text_encoder")
    assert isinstance(encoder, TextEncoder)
    assert text.tokenizer().size <= encoder.params.vocabulary


def test_captions_are_words_alone_and_fit() -> None:
    words = text.tokenizer()
    for seed in range(300):
        scene = sample_scene(seed, Film())
        for write in (caption, sound_caption):
            ids = words.encode(f"FPS-16 {write(scene, stream(seed, 0))}")
            assert all(one >= FIRST_WORD for one in ids[1:-1]), write(scene, stream(seed, 0))
            assert len(ids) <= text.LENGTH


def test_rows_are_equally_long_and_end_where_the_text_does() -> None:
    words = text.tokenizer()
    long, short, empty = text.rows(words, ["ball " * 100, "a ball", ""], length=8)
    assert {len(long), len(short), len(empty)} == {8}
    assert long[-1] == END
    assert PAD not in long
    assert empty == [BEGIN, END, *[PAD] * 6]
    assert short[:1] == [BEGIN]


def test_rows_are_trimmed_to_the_longest() -> None:
    rows = text.trimmed(text.rows(text.tokenizer(), ["a ball", "", "a red ball"]))
    assert {len(row) for row in rows} == {5}
    assert rows[2][-1] == END
    assert rows[1] == [BEGIN, END, PAD, PAD, PAD]
