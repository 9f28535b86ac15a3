"""Bulletins as files: from a verified log to HTML, CSV and Markdown in Chinese and English, and back to check them."""
