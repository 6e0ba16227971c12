from datetime import UTC, datetime


def ms(text: str) -> int:
    """2024-01-31T12:00 (UTC) in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
