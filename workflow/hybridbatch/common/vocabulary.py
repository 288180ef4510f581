"""Names in columns of the project's files, with the same meaning in all of them."""

# The retrieval settings: the languages of the passages that are ranked for a query.
MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL = "monolingual", "cross-lingual", "multilingual"
SETTINGS = (MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL)
# In place of a passage language: the pool of the passages of all languages.
POOL = "all"
# In place of a query language: the queries of all languages.
ALL_QUERIES = "all"
# In place of a language: the mean over the settings of a kind.
MACRO = "macro"
# The mean over only the languages of a published table.
MACRO_PUBLISHED = "macro-published"

# The sampling of an untrained run, and the sampling whose runs differ in alpha.
UNTRAINED = "untrained"
HYBRID = "hybrid"
# The alpha that the names of hybrid runs leave out.
USUAL_ALPHA = 0.5


def passage_column(setting: str, language: str = MACRO) -> str:
    """The value of the passage language column in a row of a setting: the pool, or `language`."""
    return POOL if setting == MULTILINGUAL else language
