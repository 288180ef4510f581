"""Ranks are counted; here they are compared with what sorting gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridbatch.retrieval.ranking import Pool, Ranks, Scorer, count_ranks
from ranking_cases import Case, benchmark_of, full_ranks, language, random_case, ranked, unit

# One query; the scores are the passages' second coordinates.
HAND = Case(
    queries={"en:q": np.array([0.0, 1.0])},
    passages={
        "de:1": np.array([1.0, 0.5]),
        "de:2": np.array([2.0, 0.5]),
        "de:3": np.array([3.0, 0.9]),
        "en:1": np.array([4.0, 0.5]),
        "en:2": np.array([5.0, 0.1]),
    },
    qrels={"en:q": {"de:1": 1, "de:2": 1, "en:1": 2, "en:2": 0}},
)


def ranks_of(case: Case, **options: int) -> Ranks:
    benchmark = case.benchmark()
    return full_ranks(
        case.query_vectors,
        case.passage_vectors,
        pool=benchmark.pool,
        relevant=benchmark.relevant,
        **options,
    )


def test_equal_scores_put_the_greater_id_first() -> None:
    # Descending score, then descending id: de:3 (.9), en:1, de:2, de:1 (.5), en:2 (.1).
    ranks = ranks_of(HAND)  # the entries follow the columns: en:1, de:2, de:1
    assert ranks.in_pool.tolist() == [2, 3, 4]
    assert ranks.in_language.tolist() == [1, 2, 3]
    assert ranks.scores.tolist() == [0.5, 0.5, 0.5]


def test_ids_are_compared_as_bytes_not_as_numbers() -> None:
    benchmark = benchmark_of(["en:q"], ["en:9", "en:10", "el:α", "el:z", "de:1"], {})
    assert [benchmark.passage_ids[row].as_py() for row in benchmark.pool.rows.tolist()] == [
        "en:9", "en:10", "el:α", "el:z", "de:1",
    ]  # fmt: skip
    assert benchmark.pool.languages == ("en", "el", "de")
    assert benchmark.pool.starts.tolist() == [0, 2, 4, 5]
    assert benchmark.pool.language_codes(np.arange(5)).tolist() == [0, 0, 1, 1, 2]


def test_only_relevance_of_one_and_more_is_relevant() -> None:
    relevant = HAND.benchmark().relevant
    assert relevant.gains.tolist() == [2, 1, 1]
    assert relevant.queries.tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.dictionaries(st.sampled_from(["ar", "de", "en", "en-x", "zh"]), st.integers(1, 12)),
    values=st.integers(0, 3),
    block=st.integers(1, 7),
)
def test_counting_equals_sorting(seed: int, sizes: dict[str, int], values: int, block: int) -> None:
    case = random_case(seed, sizes={"ru": 3, **sizes}, queries=2, values=values, relevant=0.3)
    benchmark, ranks = case.benchmark(), ranks_of(case, query_block=block)
    runs = {setting: case.run(setting) for setting in (*case.languages, "all")}
    queries, passages = list(case.queries), list(case.passages)
    for entry in range(len(benchmark.relevant.queries)):
        query = queries[benchmark.relevant.queries[entry]]
        passage = passages[benchmark.pool.rows[benchmark.relevant.columns[entry]]]
        own = ranked(runs[language(passage)][query])
        assert ranks.in_language[entry] == 1 + own.index(passage)
        assert ranks.in_pool[entry] == 1 + ranked(runs["all"][query]).index(passage)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_pool_is_the_merge_of_its_languages(seed: int) -> None:
    case = random_case(seed, sizes={"de": 9, "en": 7, "zh": 5}, queries=1)
    everything = {query: dict.fromkeys(case.passages, 1) for query in case.queries}
    case = Case(case.queries, case.passages, everything)
    benchmark, ranks = case.benchmark(), ranks_of(case)
    codes = benchmark.pool.language_codes(benchmark.relevant.columns)
    for query in range(len(case.queries)):
        of_query = benchmark.relevant.of_queries(query, query + 1)
        assert sorted(ranks.in_pool[of_query]) == list(range(1, 22))
        for code in range(3):
            own = codes[of_query] == code
            by_pool = np.argsort(ranks.in_pool[of_query][own])
            # Along the pool's ranking, a language's own ranks are 1, 2, 3, ...
            assert ranks.in_language[of_query][own][by_pool].tolist() == [*range(1, own.sum() + 1)]


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_and_blocks_change_nothing(threads: int) -> None:
    case = random_case(3, sizes={"de": 40, "en": 50}, queries=11)
    one, many = ranks_of(case), ranks_of(case, threads=threads, query_block=5)
    assert one.in_pool.tolist() == many.in_pool.tolist()
    assert one.in_language.tolist() == many.in_language.tolist()


def test_languages_wider_than_a_counter() -> None:
    # 5,000 equal scores: more than the 2,040 columns that are counted at a time.
    pool = Pool(np.arange(5003), ("en", "de"), np.array([0, 5000, 5003]))
    scores = np.zeros((1, 5003), dtype=np.float32)
    columns = np.array([0, 2039, 2040, 4999, 5000, 5002])
    ranks = count_ranks(scores, queries=np.zeros(6, dtype=int), columns=columns, pool=pool)
    assert ranks.in_pool.tolist() == [1, 2040, 2041, 5000, 5001, 5003]
    assert ranks.in_language.tolist() == [1, 2040, 2041, 5000, 1, 3]


def test_neighbouring_floats_and_signed_zeros() -> None:
    smallest = np.float32(1e-45)
    row = [0.0, -0.0, smallest, -smallest, np.nextafter(np.float32(1), np.float32(2)), 1.0]
    pool = Pool(np.arange(6), ("en",), np.array([0, 6]))
    ranks = count_ranks(
        np.array([row], dtype=np.float32),
        queries=np.zeros(6, dtype=int),
        columns=np.arange(6),
        pool=pool,
    )
    assert ranks.in_pool.tolist() == [4, 5, 3, 6, 1, 2]


def test_repeated_vectors_get_the_same_score() -> None:
    case = unit(random_case(5, sizes={"de": 61, "en": 67}, queries=9, dimension=48, values=None))
    pool = case.benchmark().pool
    arranged = case.passage_vectors[pool.rows]
    scores = Scorer(case.passage_vectors, pool).scores(case.query_vectors)
    repeated = 0
    for column in range(len(arranged)):
        same = np.flatnonzero((arranged == arranged[column]).all(axis=1))
        repeated += len(same) > 1
        assert (scores[:, same] == scores[:, [column]]).all()
    assert repeated > 30


def test_queries_without_relevant_passages() -> None:
    case = Case(HAND.queries | {"en:r": np.array([1.0, 0.0])}, HAND.passages, HAND.qrels)
    assert len(ranks_of(case).in_pool) == 3
    assert len(ranks_of(Case(HAND.queries, HAND.passages, {})).in_pool) == 0
