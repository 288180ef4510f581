"""The schemas of all Parquet files of the project.

The files are a public contract: `tables.write_table` and `tables.read_table` check each file
against its schema. A schema has a module of its own, or shares one with those that are always
written and read together, and a stage imports the schemas that it reads and writes from there.
Nothing is imported here, for that would belong to the code of every stage.
"""
