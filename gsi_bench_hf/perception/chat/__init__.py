"""Judges that are asked in words: a chat model behind an endpoint, or one of transformers in this process.

- `rubric`: what is asked. `pictures`: how images are sent. `reading`: what a reply means. `replies`: every reply, kept raw.
- `asking.AskingJudge`: what both judges do alike; `endpoint.ChatJudge` and `local.LocalJudge` are the judges "chat" and "local".
"""
