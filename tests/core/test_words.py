"""Every closed word has its French sentence."""

from monitor.core import words
from monitor.core.types import Reason, Verdict
from monitor.core.verdict import classify


def test_every_verdict_reason_and_rule_has_a_sentence() -> None:
    assert set(Verdict) == set(words.VERDICTS) == set(words.VERDICT_SENTENCES)
    assert set(Reason) == set(words.REASONS)
    assert set(classify.RULE_IDS) == set(words.RULES)


def test_sentences_end_with_a_full_stop_and_avoid_the_words_that_claim_too_much() -> None:
    sentences = [*words.VERDICT_SENTENCES.values(), *words.REASONS.values(), *words.RULES.values()]
    for sentence in sentences:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not any(word in sentence for word in ("panne", "hors service", "attaque", "constat"))
