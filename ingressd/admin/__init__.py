"""The admin port: health, metrics, the dashboard and the JSON API. Read-only by design."""
