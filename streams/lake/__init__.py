"""The sink: what the topics hold becomes tables that stay for years.

`progress` is what a commit says of its source, `formats` the table formats behind one small interface.
`sources` says how each topic becomes rows, `assembly` puts intervals together from their messages, `unique`
keeps each row once, `feed` holds the rows of one table until they are committed with their offsets. `intake`
reads Kafka, `service` runs it all.
"""
