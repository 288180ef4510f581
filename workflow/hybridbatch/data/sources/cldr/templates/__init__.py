"""Question and passage templates, a module per language.

Names and values stand in the nominative, in quotation marks or after a generic noun ("the place",
"the currency"), so that no language has to inflect them. "Country" is used for every entry of
ISO 3166, dependent territories included. The wordings of a relation are translations of each
other only roughly, and a question shares few words with the passage that answers it.
"""
