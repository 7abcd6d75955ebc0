"""The inbox in a browser and the same over an API: reads and acts through the app, decides nothing of its own."""
