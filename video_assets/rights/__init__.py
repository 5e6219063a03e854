"""Who holds the rights to the footage, and on what terms it may be used."""
