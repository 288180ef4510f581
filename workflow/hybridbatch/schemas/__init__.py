"""The schemas of all Parquet files of the project.

The files are a public contract: `tables.write_table` and `tables.read_table` check each file
against its schema. A schema has a module of its own, or shares one with schemas that are always
written and read together. A stage imports only the schemas that it reads and writes. Nothing is
imported here, because it would belong to the code of every stage.
"""
