"""The data sets: schema, subsets, builder, released layout."""
