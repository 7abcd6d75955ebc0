"""The weekly digest: one week of one brand, looked back at and written in every form."""
