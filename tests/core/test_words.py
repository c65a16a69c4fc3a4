"""Every closed word has its French sentence."""

from monitor.core.french import sentences
from monitor.core.model import Reason, Verdict
from monitor.core.verdict import classify


def test_every_verdict_reason_and_rule_has_a_sentence() -> None:
    assert set(Verdict) == set(sentences.VERDICTS)
    assert set(Reason) == set(sentences.REASONS)
    rules = {rule_id for rule_id, _ in (*classify.RULES, *classify.DOUBTS)}
    assert rules == set(sentences.RULES)


def test_sentences_end_with_a_full_stop_and_avoid_the_words_that_claim_too_much() -> None:
    texts = [
        *sentences.REASONS.values(),
        *sentences.RULES.values(),
    ]
    for sentence in texts:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not any(word in sentence for word in ("panne", "hors service", "attaque", "constat"))
