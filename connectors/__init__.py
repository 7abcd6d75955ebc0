"""The platforms: each connector asks one of them about one brand and brings mentions."""
