"""The oldest months of the trail, taken out of the database into folders that prove themselves."""
