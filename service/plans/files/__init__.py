"""Plans as files: the spreadsheet of EETAA, CSV, JSON, OC4IDS and PDF. Between bytes and plan values, no database."""
