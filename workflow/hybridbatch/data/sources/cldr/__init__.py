"""The embedded data set: parallel questions and answers made from CLDR's locale data."""
