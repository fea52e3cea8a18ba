from hypothesis import given
from hypothesis import strategies as st

from services.contract.tokenizer import BEGIN, END, FIRST_BYTE, FIRST_WORD, GAP, PAD, Tokenizer

TOKENIZER = Tokenizer(vocabulary=("ball", "red"), max_tokens=16)


def test_known_words_are_one_token_each_in_any_case() -> None:
    assert TOKENIZER.encode("Red BALL") == [BEGIN, FIRST_WORD + 1, FIRST_WORD, END]


def test_other_words_are_spelled_and_kept_apart() -> None:
    a, b = FIRST_BYTE + ord("a"), FIRST_BYTE + ord("b")
    assert TOKENIZER.encode("ab") == [BEGIN, a, b, END]
    assert TOKENIZER.encode("a b") == [BEGIN, a, GAP, b, END]


def test_the_empty_text_is_begin_and_end() -> None:
    assert TOKENIZER.encode("") == [BEGIN, END]


def test_a_batch_is_padded_to_its_longest() -> None:
    short, long = TOKENIZER.batch(["", "red ball"])
    assert short == [BEGIN, END, PAD, PAD]
    assert len(long) == 4


@given(st.text())
def test_any_text_gives_valid_ids_within_the_limit(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert ids[0] == BEGIN
    assert ids[-1] == END
    assert 2 <= len(ids) <= TOKENIZER.max_tokens
    assert all(GAP <= i < TOKENIZER.size for i in ids[1:-1])
